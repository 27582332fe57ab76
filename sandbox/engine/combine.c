#include "engine/combine.h"

#include "base/err.h"
#include "base/mem.h"
#include "engine/code.h"
#include "engine/order_cell.h"
#include "engine/request.h"

#include <assert.h>

void combine_release(struct combine *combine)
{
    for (size_t i = 0; i < combine->count; i++)
        order_row_release(&combine->part[i].order);
    mem_free(combine->part);
    combine_row_release(&combine->row);
    *combine = (struct combine){};
}

int64_t combine_total_fen(const struct combine *combine)
{
    int64_t total = 0;
    for (size_t i = 0; i < combine->count; i++)
        total += combine->part[i].order.total_fen; /* fits: combine_open() saw to it */
    return total;
}

/* A moment of the combining account's clock, on that of the part's account. */
static int64_t part_ms(const struct account *combining, const struct account *account,
                       int64_t at_ms)
{
    return account_now_ms(account) - (account_now_ms(combining) - at_ms);
}

static void tell_parts(struct engine *engine, const struct combine *combine)
{
    for (size_t i = 0; engine->on_order && i < combine->count; i++)
        engine->on_order(engine->owner, combine->part[i].account, &combine->part[i].order);
}

/* ---- moving all of it ------------------------------------------------------------------------- */

static void set_state(struct combine *combine, enum trade_state state, int64_t at_ms)
{
    bool closed = state == TRADE_CLOSED;
    combine->row.state = state;
    combine->row.closed_ms = closed ? at_ms : 0;
    for (size_t i = 0; i < combine->count; i++) {
        struct combine_part *part = &combine->part[i];
        part->order.state = state;
        part->order.closed_ms = closed ? part_ms(combine->account, part->account, at_ms) : 0;
    }
}

static int write_state(struct engine *engine, const struct combine *combine)
{
    int err = store_save(engine->store);
    if (err)
        return err;
    err = combine_set_state(engine->store, &combine->row);
    for (size_t i = 0; !err && i < combine->count; i++)
        err = order_set_state(engine->store, &combine->part[i].order);
    if (!err)
        return store_keep(engine->store);
    store_undo(engine->store);
    return err;
}

int combine_move(struct engine *engine, struct combine *combine, enum trade_state state,
                 int64_t at_ms)
{
    enum trade_state before = combine->row.state;
    set_state(combine, state, at_ms);
    int err = write_state(engine, combine);
    if (!err) {
        tell_parts(engine, combine);
        return 0;
    }
    set_state(combine, before, 0);
    return err;
}

/* ---- time ------------------------------------------------------------------------------------- */

bool combine_see_time(const struct account *account, struct combine_row *row)
{
    if (row->state != TRADE_NOTPAY)
        return false;
    int64_t closes = order_time_closes(account, row->created_ms, row->expire_ms);
    if (closes > account_now_ms(account))
        return false;
    row->state = TRADE_CLOSED;
    row->closed_ms = closes;
    return true;
}

bool combine_see_part(struct engine *engine, struct order_row *order)
{
    struct combine_row row = {};
    if (order->state != TRADE_NOTPAY || combine_get(engine->store, order->combine_id, &row))
        return false;
    struct account *combining = accounts_by_id(engine->accounts, row.account_id);
    struct account *account = accounts_by_id(engine->accounts, order->account_id);
    bool closed = combining && account && combine_see_time(combining, &row);
    combine_row_release(&row);
    if (closed) {
        order->state = TRADE_CLOSED;
        order->closed_ms = part_ms(combining, account, row.closed_ms);
    }
    return closed;
}

/* As order_settle(): written when a transaction is open, else only seen. */
static int settle(struct engine *engine, struct combine *combine)
{
    struct combine_row row = combine->row; /* what it holds stays the other's */
    if (!combine_see_time(combine->account, &row))
        return 0;
    if (store_in_transaction(engine->store))
        return combine_move(engine, combine, TRADE_CLOSED, row.closed_ms);
    set_state(combine, TRADE_CLOSED, row.closed_ms);
    return 0;
}

/* ---- finding ---------------------------------------------------------------------------------- */

struct ids {
    int64_t id[COMBINE_MOST];
    size_t count;
};

static int add_id(void *ctx, const struct order_row *row)
{
    struct ids *ids = ctx;
    if (ids->count == COMBINE_MOST)
        return ERR_STORE;
    ids->id[ids->count++] = row->id;
    return 0;
}

static int load_part(struct engine *engine, int64_t id, struct combine_part *part)
{
    int err = order_get(engine->store, id, &part->order);
    if (err)
        return err == ERR_NOT_FOUND ? ERR_STORE : err;
    part->account = accounts_by_id(engine->accounts, part->order.account_id);
    if (!part->account)
        return ERR_STORE; /* whoever deletes an account deletes what it has a part in */
    err = payment_get(engine->store, id, &part->payment);
    return err == ERR_NOT_FOUND ? 0 : err;
}

static int load_parts(struct engine *engine, struct combine *combine)
{
    struct ids ids = {};
    combine->account = accounts_by_id(engine->accounts, combine->row.account_id);
    int err = order_each_combined(engine->store, combine->row.id, add_id, &ids);
    if (!err && (!combine->account || ids.count < COMBINE_LEAST))
        err = ERR_STORE;
    if (err)
        return err;
    combine->part = mem_zalloc(ids.count, sizeof(*combine->part));
    if (!combine->part)
        return ERR_NOMEM;
    for (; !err && combine->count < ids.count; combine->count++)
        err = load_part(engine, ids.id[combine->count], &combine->part[combine->count]);
    return err;
}

/* @err is that of finding out->row. */
static int load_rest(struct engine *engine, int err, struct combine *out)
{
    if (!err)
        err = load_parts(engine, out);
    if (!err)
        err = settle(engine, out);
    if (err)
        combine_release(out);
    return err;
}

int combine_load(struct engine *engine, int64_t id, struct combine *out)
{
    *out = (struct combine){};
    return load_rest(engine, combine_get(engine->store, id, &out->row), out);
}

static int load_by_number(struct engine *engine, const struct account *account, struct view number,
                          struct combine *out)
{
    *out = (struct combine){};
    return load_rest(engine, combine_get_by_number(engine->store, account->id, number, &out->row),
                     out);
}

const struct refusal *combine_find(struct engine *engine, struct account *account,
                                   struct view number, struct combine *out)
{
    int err = load_by_number(engine, account, number, out);
    if (err == ERR_NOT_FOUND)
        return REFUSE(QUERY_UNKNOWN);
    return err ? order_trouble(engine, "find a combined order", err) : NULL;
}

/* ---- closing ---------------------------------------------------------------------------------- */

/* What its state says to an event; the state is not moved. */
static const struct refusal *ask_state(const struct combine *combine, enum order_event event)
{
    struct order_row like = { .state = combine->row.state };
    return order_apply(&like, event);
}

const struct refusal *combine_close(struct engine *engine, struct combine *combine)
{
    int64_t now_ms = account_now_ms(combine->account);
    const struct refusal *no = ask_state(combine, ORDER_CLOSE);
    if (no)
        return no;
    bool early = now_ms < combine->row.created_ms + EARLY_CLOSE_MS;
    if (early && switch_is(&combine->account->switches, SWITCH_early_close, "refused"))
        return REFUSE(CLOSE_EARLY);
    int err = combine_move(engine, combine, TRADE_CLOSED, now_ms);
    return err ? order_trouble(engine, "close a combined order", err) : NULL;
}

/* ---- opening ---------------------------------------------------------------------------------- */

/* All parts have the prepay of the first: its code leads to that one, and so to all. */
static void share_prepay(struct combine *combine)
{
    const struct order_row *first = &combine->part[0].order;
    for (size_t i = 1; i < combine->count; i++) {
        struct order_row *order = &combine->part[i].order;
        memcpy(order->prepay_id, first->prepay_id, sizeof(order->prepay_id));
        memcpy(order->code, first->code, sizeof(order->code));
        order->prepay_ms = first->prepay_ms;
        order->code_form = first->code_form;
    }
}

static int renew_prepay(struct engine *engine, struct combine *combine)
{
    int err = store_save(engine->store);
    if (err)
        return err;
    order_make_prepay(engine, combine->account, &combine->part[0].order);
    share_prepay(combine);
    for (size_t i = 0; !err && i < combine->count; i++)
        err = order_set_prepay(engine->store, &combine->part[i].order);
    if (!err)
        return store_keep(engine->store);
    store_undo(engine->store);
    return err;
}

static const struct refusal *open_known(struct engine *engine, const struct combine_spec *spec,
                                        struct combine *known)
{
    const struct refusal *no = ask_state(known, ORDER_REPEAT);
    if (no)
        return no;
    if (known->row.trade_type != spec->trade_type)
        return REFUSE(V3_NUMBER_USED);
    if (!view_eq(buf_view(&known->row.request), spec->body))
        return REFUSE(REENTRY_DIFFERS);
    int err = renew_prepay(engine, known);
    return err ? order_trouble(engine, "new prepay", err) : NULL;
}

/* What the sandbox knows of any order, under V2's names. */
static int pack_part(const struct combine_spec *spec, const struct combine_part_spec *part,
                     struct buf *out)
{
    const struct {
        const char *name;
        struct view value;
    } fields[] = {
        { "appid", spec->appid },   { "body", part->description },
        { "attach", part->attach }, { "notify_url", spec->notify_url },
        { "openid", spec->openid }, { "device_info", spec->device_id },
    };
    struct v2_msg msg = {};
    int err = 0;
    for (size_t i = 0; !err && i < COUNT(fields); i++)
        if (fields[i].value.len)
            err = v2_msg_add(&msg, view_str(fields[i].name), fields[i].value);
    *out = BUF_INIT(REQUEST_BLOB_MAX);
    if (!err)
        err = request_pack(&msg, out, NULL);
    v2_msg_release(&msg);
    return err;
}

static int fill_part(const struct combine *combine, const struct combine_spec *spec, size_t i,
                     struct combine_part *out)
{
    const struct combine_part_spec *part = &spec->part[i];
    int64_t expire = combine->row.expire_ms;
    out->account = part->account;
    out->order = (struct order_row){
        .account_id = part->account->id,
        .dialect = DIALECT_V3,
        .state = TRADE_NOTPAY,
        .trade_type = spec->trade_type,
        .total_fen = part->total_fen,
        .created_ms = account_now_ms(part->account),
        .expire_ms = expire ? part_ms(combine->account, part->account, expire) : 0,
    };
    int err = view_copy(part->out_trade_no, out->order.out_trade_no, OUT_TRADE_NO_MAX + 1);
    return err ? err : pack_part(spec, part, &out->order.request);
}

static int fill(struct engine *engine, struct account *account, const struct combine_spec *spec,
                struct combine *out)
{
    out->account = account;
    out->row = (struct combine_row){
        .account_id = account->id,
        .state = TRADE_NOTPAY,
        .trade_type = spec->trade_type,
        .created_ms = account_now_ms(account),
        .expire_ms = spec->expire_ms,
        .request = BUF_INIT(REQUEST_BLOB_MAX),
    };
    if (order_next_id(engine->store) > CODE_ID_MAX - COMBINE_MOST)
        return ERR_LIMIT;
    int err = view_copy(spec->out_trade_no, out->row.out_trade_no, sizeof(out->row.out_trade_no));
    if (!err)
        err = buf_view_add(&out->row.request, spec->body);
    out->part = err ? NULL : mem_zalloc(spec->count, sizeof(*out->part));
    if (!err && !out->part)
        err = ERR_NOMEM;
    for (; !err && out->count < spec->count; out->count++)
        err = fill_part(out, spec, out->count, &out->part[out->count]);
    if (err)
        return err;
    order_make_prepay(engine, account, &out->part[0].order);
    share_prepay(out);
    return 0;
}

/* ERR_EXISTS: a number of @taken, or, when that is the count, the combined order's own. */
static int insert(struct engine *engine, struct combine *combine, size_t *taken)
{
    *taken = combine->count;
    int err = store_save(engine->store);
    if (err)
        return err;
    err = combine_insert(engine->store, &combine->row);
    for (size_t i = 0; !err && i < combine->count; i++) {
        combine->part[i].order.combine_id = combine->row.id;
        err = order_insert(engine->store, &combine->part[i].order);
        if (err == ERR_EXISTS)
            *taken = i;
    }
    if (!err)
        return store_keep(engine->store);
    store_undo(engine->store);
    return err;
}

static const struct refusal *open_new(struct engine *engine, struct account *account,
                                      const struct combine_spec *spec, struct combine *out,
                                      size_t *taken)
{
    int err = fill(engine, account, spec, out);
    if (!err)
        err = insert(engine, out, taken);
    if (err == ERR_EXISTS)
        return REFUSE(V3_NUMBER_USED);
    if (err)
        return order_trouble(engine, "open a combined order", err);
    tell_parts(engine, out);
    return NULL;
}

const struct refusal *combine_open(struct engine *engine, struct account *account,
                                   const struct combine_spec *spec, struct combine *out,
                                   size_t *taken)
{
    assert(spec->count >= COMBINE_LEAST && spec->count <= COMBINE_MOST);
    *taken = spec->count;
    int err = load_by_number(engine, account, spec->out_trade_no, out);
    if (err && err != ERR_NOT_FOUND)
        return order_trouble(engine, "find a combined order", err);
    const struct refusal *no =
        err ? open_new(engine, account, spec, out, taken) : open_known(engine, spec, out);
    if (no)
        combine_release(out);
    return no;
}
