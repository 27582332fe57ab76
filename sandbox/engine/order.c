#include "engine/order.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/code.h"
#include "engine/order_cell.h"
#include "engine/request.h"

#include <assert.h>
#include <stdio.h>

#define PREPAY_TAIL 20 /* of which the first lead to the order */

const struct refusal *order_trouble(const struct engine *engine, const char *doing, int err)
{
    log_line(LOG_ERROR, "engine", "%s: %s %s", doing, err_name(err), store_trouble(engine->store));
    return REFUSE(SYSTEM_ERROR);
}

struct view order_field(const struct order_row *order, const char *name)
{
    return request_field(buf_view(&order->request), name);
}

/* ---- the prepay ------------------------------------------------------------------------------ */

/* By the value of the switch code_form (V2 4.1). */
static const struct {
    const char *before, *after;
} code_forms[] = {
    { "weixin://wxpay/bizpayurl?pr=", "" },
    { "weixin://wxpay/bizpayurl?sr=", "" },
    { "weixin://wxpay/bizpayurl/up?pr=", "&groupid=00" },
    { "weixin://wxpay/s/", "" },
};

static char *put(char *to, const char *text)
{
    size_t len = strlen(text);
    memcpy(to, text, len);
    return to + len;
}

void order_code_url(const struct order_row *order, char out[CODE_URL_MAX + 1])
{
    assert(order->code_form < COUNT(code_forms)); /* whose texts and a code fit, all of them */
    char *to = put(out, code_forms[order->code_form].before);
    to = put(to, order->code);
    to = put(to, code_forms[order->code_form].after);
    *to = '\0';
}

/* The next one of a known order, the first of one that is about to be inserted; and for @hex. */
static void make_code(struct engine *engine, struct order_row *order, char hex[CODE_HEX_LEN + 1])
{
    uint64_t salt = accounts_code_salt(engine->accounts);
    int64_t id = order_next_id(engine->store);
    unsigned generation = 0;
    if (order->id && code_read(salt, view_str(order->code), &id, &generation))
        generation = (generation + 1) % CODE_GENERATIONS;
    code_make(salt, id, generation, order->code);
    code_make_hex(salt, id, generation, hex);
}

/* V2 1.6: "wx", Beijing time, 20 lower-case hex digits. */
void order_make_prepay(struct engine *engine, const struct account *account,
                       struct order_row *order)
{
    int64_t now_ms = account_now_ms(account);
    memcpy(order->prepay_id, "wx", 2);
    cn_time_14(now_ms, order->prepay_id + 2);
    char *tail = order->prepay_id + 2 + CN_TIME_LEN;
    make_code(engine, order, tail);
    rng_hex(engine->rng, tail + CODE_HEX_LEN, PREPAY_TAIL - CODE_HEX_LEN);
    order->prepay_ms = now_ms;
    order->code_form = account->switches.value[SWITCH_code_form];
}

/* Ten digits that only this prepay has. */
static unsigned long long package_of(const struct order_row *order)
{
    uint64_t hash = 14695981039346656037ULL; /* FNV-1a */
    for (const char *at = order->prepay_id; *at; at++)
        hash = (hash ^ (unsigned char)*at) * 1099511628211ULL;
    return 1'000'000'000ULL + hash % 9'000'000'000ULL;
}

void order_h5_url(const struct order_row *order, char out[H5_URL_MAX + 1])
{
    snprintf(out, H5_URL_MAX + 1, H5_URL_FRONT "prepay_id=%s&package=%llu", order->prepay_id,
             package_of(order));
}

int order_get_by_prepay(struct engine *engine, struct view prepay_id, struct order_row *out)
{
    size_t front = 2 + CN_TIME_LEN;
    int64_t id;
    unsigned generation;
    struct view hex = { prepay_id.ptr + front, CODE_HEX_LEN };
    *out = (struct order_row){};
    if (prepay_id.len != front + PREPAY_TAIL || !view_starts(prepay_id, VIEW("wx")) ||
        !code_read_hex(accounts_code_salt(engine->accounts), hex, &id, &generation))
        return ERR_NOT_FOUND;
    return order_get(engine->store, id, out);
}

/* ---- unified order --------------------------------------------------------------------------- */

static const struct refusal *repeat_known(struct engine *engine, struct account *account,
                                          struct order_row *known)
{
    int64_t now_ms = account_now_ms(account);
    bool v3 = known->dialect == DIALECT_V3; /* always a new code, also when its time is over */
    if (!v3 && known->expire_ms && known->expire_ms <= now_ms)
        return switch_is(&account->switches, SWITCH_reentry_expired, "ORDERCLOSED")
                   ? REFUSE(ORDER_CLOSED)
                   : REFUSE(REENTRY_EXPIRED);
    bool lasts = known->prepay_ms + PREPAY_LIFE_MS - now_ms > PREPAY_REUSE_MS;
    if (!v3 && lasts && switch_is(&account->switches, SWITCH_prepay_repeat, "same"))
        return NULL;

    order_make_prepay(engine, account, known);
    int err = order_set_prepay(engine->store, known);
    return err ? order_trouble(engine, "new prepay", err) : NULL;
}

/* A number that was closed before anybody ordered it (V3 4.6): no order has this amount. */
static bool is_ghost(const struct order_row *order)
{
    return order->total_fen == 0;
}

/* V2 5.3: what the state of the known order says comes before what the parameters say. */
static const struct refusal *open_known(struct engine *engine, struct account *account,
                                        const struct order_spec *spec, struct order_row *known,
                                        struct view *differs)
{
    int err = order_settle(engine, account, known);
    if (err)
        return order_trouble(engine, "close by time", err);
    if (is_ghost(known))
        return REFUSE(REENTRY_DIFFERS);
    const struct refusal *no = order_apply(known, ORDER_REPEAT);
    if (no)
        return no;
    if (known->combine_id) /* whatever is sent: that one came with others */
        return REFUSE(REENTRY_DIFFERS);
    if (spec->dialect == DIALECT_V3 && known->trade_type != spec->trade_type)
        return REFUSE(V3_NUMBER_USED);
    struct view field = request_difference(known, spec, &account->switches);
    if (!field.len)
        return repeat_known(engine, account, known);
    if (differs)
        *differs = field;
    return REFUSE(REENTRY_DIFFERS);
}

static const struct refusal *new_order(struct engine *engine, struct account *account,
                                       const struct order_spec *spec, struct order_row *row,
                                       struct view *differs)
{
    *row = (struct order_row){
        .account_id = account->id,
        .dialect = spec->dialect ? spec->dialect : DIALECT_V2,
        .state = TRADE_NOTPAY,
        .trade_type = spec->trade_type,
        .sign_type = spec->sign_type,
        .total_fen = spec->total_fen,
        .created_ms = account_now_ms(account),
        .expire_ms = spec->expire_ms,
        .request = BUF_INIT(REQUEST_BLOB_MAX),
    };
    int err = view_copy(spec->out_trade_no, row->out_trade_no, sizeof(row->out_trade_no));
    if (err) {
        if (differs)
            *differs = VIEW("out_trade_no");
        return REFUSE(BAD_LENGTH);
    }
    if (order_next_id(engine->store) > CODE_ID_MAX)
        return order_trouble(engine, "one more order", ERR_LIMIT);
    order_make_prepay(engine, account, row);
    err = request_pack(spec->request, &row->request, differs);
    if (err == ERR_TOO_LONG)
        return REFUSE(BAD_LENGTH);
    return err ? order_trouble(engine, "pack the request", err) : NULL;
}

static void tell_order(struct engine *engine, const struct account *account,
                       const struct order_row *order)
{
    if (engine->on_order)
        engine->on_order(engine->owner, account, order);
}

/*
 * Most numbers are new, so it is put in first and looked up only when it was there already: one
 * search instead of two.
 */
const struct refusal *order_open(struct engine *engine, struct account *account,
                                 const struct order_spec *spec, struct order_row *out,
                                 struct view *differs)
{
    const struct refusal *no = new_order(engine, account, spec, out, differs);
    int err = no ? 0 : order_insert(engine->store, out);
    if (!no && !err) {
        tell_order(engine, account, out);
        return NULL;
    }
    order_row_release(out);
    *out = (struct order_row){};
    if (no)
        return no;
    if (err == ERR_EXISTS)
        err = order_get_by_number(engine->store, account->id, spec->out_trade_no, out);
    if (err)
        return order_trouble(engine, "open an order", err);
    no = open_known(engine, account, spec, out, differs);
    if (!no)
        return NULL;
    order_row_release(out);
    *out = (struct order_row){};
    return no;
}

/* ---- query and close ------------------------------------------------------------------------- */

const struct refusal *order_find(struct engine *engine, struct account *account,
                                 struct view transaction_id, struct view number,
                                 struct order_row *out)
{
    int err = transaction_id.len
                  ? order_get_by_transaction(engine->store, account->id, transaction_id, out)
                  : order_get_by_number(engine->store, account->id, number, out);
    if (!err && is_ghost(out)) {
        order_row_release(out);
        *out = (struct order_row){};
        err = ERR_NOT_FOUND;
    }
    if (err == ERR_NOT_FOUND)
        return REFUSE(QUERY_UNKNOWN);
    if (!err)
        err = order_settle(engine, account, out);
    if (!err)
        return NULL;
    order_row_release(out);
    return order_trouble(engine, "find an order", err);
}

static const struct refusal *close_found(struct engine *engine, struct account *account,
                                         struct order_row *order, bool *early)
{
    int64_t now_ms = account_now_ms(account);
    if (order->combine_id)
        return REFUSE(COMBINED);
    int err = order_settle(engine, account, order);
    if (err)
        return order_trouble(engine, "close by time", err);
    const struct refusal *no = order_apply(order, ORDER_CLOSE);
    if (no)
        return no;
    *early = now_ms < order->created_ms + EARLY_CLOSE_MS;
    if (*early && switch_is(&account->switches, SWITCH_early_close, "refused"))
        return REFUSE(CLOSE_EARLY);
    order->closed_ms = now_ms;
    err = order_set_state(engine->store, order);
    if (err)
        return order_trouble(engine, "close an order", err);
    tell_order(engine, account, order);
    return NULL;
}

const struct refusal *order_close(struct engine *engine, struct account *account,
                                  struct view number, bool *early)
{
    struct order_row order;
    *early = false;
    int err = order_get_by_number(engine->store, account->id, number, &order);
    if (err)
        return err == ERR_NOT_FOUND ? REFUSE(CLOSE_UNKNOWN)
                                    : order_trouble(engine, "find an order", err);
    const struct refusal *no = close_found(engine, account, &order, early);
    order_row_release(&order);
    return no;
}

const struct refusal *order_bury(struct engine *engine, struct account *account, struct view number)
{
    int64_t now_ms = account_now_ms(account);
    struct order_row ghost = { .account_id = account->id,
                               .dialect = DIALECT_V3,
                               .state = TRADE_CLOSED,
                               .trade_type = TRADE_TYPE_NATIVE,
                               .created_ms = now_ms,
                               .closed_ms = now_ms,
                               .request = BUF_INIT(REQUEST_BLOB_MAX) };
    int err = view_copy(number, ghost.out_trade_no, sizeof(ghost.out_trade_no));
    order_make_prepay(engine, account, &ghost);
    if (!err)
        err = order_insert(engine->store, &ghost);
    order_row_release(&ghost);
    return err ? order_trouble(engine, "bury a number", err) : NULL;
}
