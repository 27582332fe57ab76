#include "engine/refund.h"

#include "base/err.h"
#include "base/mem.h"
#include "engine/money.h"
#include "engine/order_cell.h"

#include <stdio.h>

static const char *const state_names[REFUND_STATES] = {
    [REFUND_PROCESSING] = "PROCESSING",
    [REFUND_SUCCESS] = "SUCCESS",
    [REFUND_CLOSED] = "CLOSED",
    [REFUND_ABNORMAL] = "ABNORMAL",
};

const char *refund_state_name(enum refund_state state)
{
    return state_names[state];
}

int refund_state_parse(struct view text, enum refund_state *out)
{
    for (size_t i = REFUND_PROCESSING; i < REFUND_STATES; i++) {
        if (!view_is(text, state_names[i]))
            continue;
        *out = (enum refund_state)i;
        return 0;
    }
    return ERR_SYNTAX;
}

/* ---- time --------------------------------------------------------------------------------------- */

void refund_see_time(const struct account *account, struct refund_row *refund)
{
    if (refund->state != REFUND_PROCESSING || !refund->due_ms ||
        refund->due_ms > account_now_ms(account))
        return;
    refund->state = refund->becomes;
    refund->ended_ms = refund->due_ms;
}

static int settle(struct engine *engine, const struct account *account, struct refund_row *refund)
{
    enum refund_state before = refund->state;
    refund_see_time(account, refund);
    if (refund->state == before || !store_in_transaction(engine->store))
        return 0;
    return refund_set_state(engine->store, refund);
}

/* By the switch refund_result: what a new one becomes, and when; due 0 is never by itself. */
static void plan(const struct account *account, struct refund_row *refund)
{
    static const struct {
        const char *value;
        enum refund_state becomes;
    } plans[] = {
        { "success", REFUND_SUCCESS },
        { "abnormal", REFUND_ABNORMAL },
        { "closed", REFUND_CLOSED },
    };
    for (size_t i = 0; i < COUNT(plans); i++) {
        if (!switch_is(&account->switches, SWITCH_refund_result, plans[i].value))
            continue;
        refund->becomes = plans[i].becomes;
        refund->due_ms = refund->created_ms + REFUND_TAKES_MS;
    }
}

/* ---- asking for one ----------------------------------------------------------------------------- */

/* The order that both numbers mean; in V2 the platform's number wins. */
static const struct refusal *find_order(struct engine *engine, struct account *account,
                                        const struct refund_spec *spec, struct order_row *order,
                                        struct payment_row *payment)
{
    const struct refusal *no =
        order_find(engine, account, spec->transaction_id, spec->out_trade_no, order);
    if (no)
        return no->id == REFUSE_QUERY_UNKNOWN ? REFUSE(REFUND_NO_ORDER) : no;
    if (spec->dialect == DIALECT_V3 && spec->out_trade_no.len &&
        !view_is(spec->out_trade_no, order->out_trade_no))
        return REFUSE(REFUND_NUMBERS_DIFFER);
    int err = payment_get(engine->store, order->id, payment);
    if (err == ERR_NOT_FOUND) /* V3: the refunds' side has never heard of it */
        return REFUSE(REFUND_NOT_PAID);
    return err ? order_trouble(engine, "find a payment", err) : NULL;
}

static const struct refusal *check_amounts(const struct account *account,
                                           const struct refund_spec *spec,
                                           const struct order_row *order,
                                           const struct payment_row *payment,
                                           const struct refund_sum *sum)
{
    if (spec->total_fen != order->total_fen)
        return REFUSE(REFUND_TOTAL_DIFFERS);
    if (payment->paid_ms + REFUND_WITHIN_MS < account_now_ms(account))
        return REFUSE(REFUND_TOO_OLD);
    if (sum->fen >= order->total_fen)
        return REFUSE(REFUND_NOTHING_LEFT);
    if (spec->refund_fen > order->total_fen - sum->fen)
        return REFUSE(REFUND_TOO_MUCH);
    return sum->count >= REFUNDS_MAX ? REFUSE(REFUND_TOO_MANY) : NULL;
}

/* The same number again. */
static const struct refusal *check_repeat(const struct refund_spec *spec,
                                          const struct order_row *order,
                                          const struct refund_row *known)
{
    if (known->order_id != order->id)
        return REFUSE(REFUND_REENTRY_DIFFERS);
    if (spec->total_fen != order->total_fen)
        return REFUSE(REFUND_TOTAL_DIFFERS);
    if (known->refund_fen != spec->refund_fen)
        return REFUSE(REFUND_FEE_DIFFERS);
    bool same =
        spec->dialect == DIALECT_V2 || view_eq(buf_view(&known->notify_url), spec->notify_url);
    return same ? NULL : REFUSE(REFUND_REENTRY_DIFFERS);
}

/* V3 1.7: "50", eight digits, the Beijing day, eleven digits that count up. */
static int make_refund_id(struct engine *engine, int64_t now_ms, char out[REFUND_ID_MAX + 1])
{
    char day[CN_TIME_LEN + 1];
    int64_t number;
    int err = store_next(engine->store, "refund", 1, &number);
    if (err)
        return err;
    cn_time_14(now_ms, day);
    uint64_t start = accounts_code_salt(engine->accounts) % 10'000'000'000;
    snprintf(out, REFUND_ID_MAX + 1, "5000000000%.8s%011llu", day,
             (unsigned long long)(start + (uint64_t)number));
    return 0;
}

static int fill(struct engine *engine, const struct account *account,
                const struct refund_spec *spec, struct refund_row *row)
{
    row->account_id = account->id;
    row->dialect = spec->dialect;
    row->state = REFUND_PROCESSING;
    row->refund_fen = spec->refund_fen;
    row->created_ms = account_now_ms(account);
    row->notify_url = BUF_INIT(REFUND_TEXT_MAX);
    row->reason = BUF_INIT(REFUND_TEXT_MAX);
    plan(account, row);
    int err = view_copy(spec->out_refund_no, row->out_refund_no, sizeof(row->out_refund_no));
    if (!err)
        err = view_copy(spec->funds_account, row->funds_account, sizeof(row->funds_account));
    if (!err)
        err = buf_view_add(&row->notify_url, spec->notify_url);
    if (!err)
        err = buf_view_add(&row->reason, spec->reason);
    return err ? err : make_refund_id(engine, row->created_ms, row->refund_id);
}

/* Waiting until the refund ends; until somebody ends it, when it does not end by itself. */
static int insert_notice(struct engine *engine, struct account *account,
                         const struct refund_row *refund, int64_t due_ms, struct notice_row *notice)
{
    static const enum notice_state by_mode[] = {
        [NOTICE_MODE_SEND] = NOTICE_WAITING,
        [NOTICE_MODE_HOLD] = NOTICE_HELD,
        [NOTICE_MODE_SUPPRESS] = NOTICE_SUPPRESSED,
    };
    *notice = (struct notice_row){ .account_id = account->id,
                                   .order_id = refund->order_id,
                                   .about_id = refund->id,
                                   .kind = NOTICE_REFUND,
                                   .state = by_mode[account->notice_mode],
                                   .created_ms = due_ms,
                                   .due_ms = due_ms };
    return notice_insert(engine->store, notice);
}

/* Refund, order's state and outbox row: all of it or nothing. */
static int write_refund(struct engine *engine, struct account *account, struct order_row *order,
                        struct refund_row *refund, struct notice_row *notice)
{
    int err = store_save(engine->store);
    if (err)
        return err;
    err = refund_insert(engine->store, refund);
    if (!err)
        err = money_book_refund(engine->store, order, refund);
    if (!err && order->state == TRADE_SUCCESS) {
        order->state = TRADE_REFUND;
        err = order_set_state(engine->store, order);
    }
    if (!err && refund->due_ms && refund->notify_url.len)
        err = insert_notice(engine, account, refund, refund->due_ms, notice);
    if (!err)
        return store_keep(engine->store);
    store_undo(engine->store);
    return err;
}

static const struct refusal *open_new(struct engine *engine, struct account *account,
                                      const struct refund_spec *spec, struct order_row *order,
                                      struct refund_row *out)
{
    struct notice_row notice = {};
    bool first = order->state == TRADE_SUCCESS;
    out->order_id = order->id;
    int err = fill(engine, account, spec, out);
    if (!err)
        err = write_refund(engine, account, order, out, &notice);
    if (err)
        return order_trouble(engine, "refund", err);
    if (first && engine->on_order)
        engine->on_order(engine->owner, account, order);
    if (notice.id && engine->on_notice)
        engine->on_notice(engine->owner, account, &notice);
    return NULL;
}

static const struct refusal *open_checked(struct engine *engine, struct account *account,
                                          const struct refund_spec *spec, struct order_row *order,
                                          const struct payment_row *payment, struct refund_row *out)
{
    struct refund_sum sum;
    int err = refund_get_by_number(engine->store, account->id, spec->out_refund_no, out);
    if (!err) {
        err = settle(engine, account, out);
        return err ? order_trouble(engine, "end a refund", err) : check_repeat(spec, order, out);
    }
    if (err == ERR_NOT_FOUND)
        err = refund_sum_of(engine->store, order->id, account_now_ms(account), &sum);
    if (err)
        return order_trouble(engine, "find refunds", err);
    out->before_fen = sum.fen;
    const struct refusal *no = check_amounts(account, spec, order, payment, &sum);
    return no ? no : open_new(engine, account, spec, order, out);
}

static void forget(struct refund_row *refund, struct order_row *order)
{
    refund_row_release(refund);
    order_row_release(order);
    *refund = (struct refund_row){};
    *order = (struct order_row){};
}

const struct refusal *refund_open(struct engine *engine, struct account *account,
                                  const struct refund_spec *spec, struct refund_row *out,
                                  struct order_row *order, struct payment_row *payment)
{
    *out = (struct refund_row){};
    *order = (struct order_row){};
    const struct refusal *no = find_order(engine, account, spec, order, payment);
    if (!no)
        no = open_checked(engine, account, spec, order, payment, out);
    if (no)
        forget(out, order);
    return no;
}

const struct refusal *refund_find(struct engine *engine, struct account *account,
                                  const struct refund_name *name, struct refund_row *out,
                                  struct order_row *order, struct payment_row *payment)
{
    *order = (struct order_row){};
    int err = name->refund_id.len
                  ? refund_get_by_own(engine->store, account->id, name->refund_id, out)
                  : refund_get_by_number(engine->store, account->id, name->out_refund_no, out);
    if (err == ERR_NOT_FOUND)
        return REFUSE(REFUND_UNKNOWN);
    if (!err)
        err = settle(engine, account, out);
    if (!err)
        err = order_get(engine->store, out->order_id, order);
    if (!err)
        err = payment_get(engine->store, out->order_id, payment);
    if (!err)
        return NULL;
    forget(out, order);
    return order_trouble(engine, "find a refund", err);
}

/* ---- ending it by hand -------------------------------------------------------------------------- */

static bool may_become(const struct refund_row *refund, enum refund_state state)
{
    return (refund->state == REFUND_PROCESSING && state != REFUND_PROCESSING) ||
           (refund->state == REFUND_ABNORMAL && state == REFUND_SUCCESS);
}

/* The one that waited for the refund's end is due then; without one, a new one. */
static int wake_notice(struct engine *engine, struct account *account,
                       const struct refund_row *refund, int64_t due_ms, struct notice_row *notice)
{
    int err = notice_get_about(engine->store, NOTICE_REFUND, refund->id, notice);
    if (err == ERR_NOT_FOUND)
        return insert_notice(engine, account, refund, due_ms, notice);
    if (err)
        return err;
    notice->due_ms = due_ms;
    if (notice->state != NOTICE_HELD && notice->state != NOTICE_SUPPRESSED) {
        /* of an abnormal one that was mended: all anew, whatever came of the first telling */
        notice->state = NOTICE_WAITING;
        notice->attempts = 0;
    }
    return notice_update(engine->store, notice);
}

int refund_end(struct engine *engine, struct account *account, struct refund_row *refund,
               enum refund_state state)
{
    struct notice_row notice = {};
    if (!may_become(refund, state))
        return ERR_RANGE;
    refund->state = state;
    refund->ended_ms = account_now_ms(account);
    refund->due_ms = 0;
    int err = refund_set_state(engine->store, refund);
    if (!err && refund->notify_url.len)
        err = wake_notice(engine, account, refund, refund->ended_ms, &notice);
    if (!err && notice.id && engine->on_notice)
        engine->on_notice(engine->owner, account, &notice);
    return err;
}

static int write_mended(struct engine *engine, struct account *account,
                        const struct refund_row *refund, struct notice_row *notice)
{
    int err = store_save(engine->store);
    if (err)
        return err;
    err = refund_set_state(engine->store, refund);
    if (!err && refund->notify_url.len)
        err = wake_notice(engine, account, refund, refund->due_ms, notice);
    if (!err)
        return store_keep(engine->store);
    store_undo(engine->store);
    return err;
}

const struct refusal *refund_mend(struct engine *engine, struct account *account,
                                  struct refund_row *refund)
{
    struct notice_row notice = {};
    if (refund->state != REFUND_ABNORMAL)
        return REFUSE(V3_NOT_ABNORMAL);
    refund->state = REFUND_PROCESSING;
    refund->becomes = REFUND_SUCCESS;
    refund->due_ms = account_now_ms(account) + REFUND_TAKES_MS;
    refund->ended_ms = 0;
    int err = write_mended(engine, account, refund, &notice);
    if (err)
        return order_trouble(engine, "mend a refund", err);
    if (notice.id && engine->on_notice)
        engine->on_notice(engine->owner, account, &notice);
    return NULL;
}
