#include "engine/payer.h"

#include "base/err.h"
#include "base/mem.h"
#include "engine/code.h"
#include "engine/notice_rule.h"
#include "engine/order_cell.h"

#include <assert.h>
#include <stdio.h>

static const struct {
    const char *name, *text;
} phrases[PHONE_COUNT] = {
#define X(id, program, person) [PHONE_##id] = { (program), (person) },
    PHONE_MAP(X)
#undef X
};

const char *phone_name(enum phone_id id)
{
    assert(id >= 0 && id < PHONE_COUNT);
    return phrases[id].name;
}

const char *phone_text(enum phone_id id)
{
    assert(id >= 0 && id < PHONE_COUNT);
    return phrases[id].text;
}

int pay_outcome_parse(struct view text, enum pay_outcome *out)
{
    static const char *const names[] = {
        [PAY_PAID] = "paid",
        [PAY_WRONG_PASSWORD] = "wrong_password",
        [PAY_NOT_ENOUGH] = "not_enough_money",
        [PAY_CANCELLED] = "cancelled",
    };
    for (size_t i = 0; i < COUNT(names); i++) {
        if (!view_is(text, names[i]))
            continue;
        *out = (enum pay_outcome)i;
        return 0;
    }
    return ERR_SYNTAX;
}

void scan_release(struct scan *scan)
{
    order_row_release(&scan->order);
    *scan = (struct scan){};
}

/* ---- scanning -------------------------------------------------------------------------------- */

#define OURS VIEW("weixin://wxpay/")

/*
 * The part of a code_url that varies (V2 4.1); whichever form it has, and whatever parameters
 * follow. Empty: none.
 */
static struct view code_in(struct view content)
{
    static const struct view fronts[] = {
        VIEW("weixin://wxpay/bizpayurl?pr="),
        VIEW("weixin://wxpay/bizpayurl?sr="),
        VIEW("weixin://wxpay/bizpayurl/up?pr="),
        VIEW("weixin://wxpay/s/"),
    };
    for (size_t i = 0; i < COUNT(fronts); i++) {
        if (!view_starts(content, fronts[i]))
            continue;
        struct view rest = { content.ptr + fronts[i].len, content.len - fronts[i].len };
        return view_cut(rest, '&', &rest);
    }
    return (struct view){};
}

/* Only the newest prepay of an order has a code that leads to it. */
static int find_by_code(struct engine *engine, struct view code, struct order_row *out)
{
    int64_t id;
    unsigned generation;
    if (!code_read(accounts_code_salt(engine->accounts), code, &id, &generation))
        return ERR_NOT_FOUND;
    int err = order_get(engine->store, id, out);
    if (err || view_is(code, out->code))
        return err;
    order_row_release(out);
    *out = (struct order_row){};
    return ERR_NOT_FOUND;
}

/* What the phone shows of an order by its state and time. */
static enum phone_id phone_of(const struct order_row *order, int64_t now_ms)
{
    switch (order->state) {
    case TRADE_NOTPAY: break;
    case TRADE_SUCCESS:
    case TRADE_REFUND: return PHONE_PAID;
    case TRADE_CLOSED:
    case TRADE_REVOKED:
    case TRADE_PAYERROR: return PHONE_CLOSED;
    default: return PHONE_TROUBLE;
    }
    if (order->expire_ms && order->expire_ms <= now_ms)
        return PHONE_EXPIRED;
    return order->prepay_ms + PREPAY_LIFE_MS <= now_ms ? PHONE_EXPIRED : PHONE_CASHIER;
}

void payer_scan(struct engine *engine, struct view content, struct scan *out)
{
    *out = (struct scan){ .phone = PHONE_NOT_OURS };
    if (!view_starts(content, OURS))
        return;
    out->phone = PHONE_UNKNOWN;
    int err = find_by_code(engine, code_in(content), &out->order);
    if (err == ERR_NOT_FOUND)
        return;
    out->account = err ? NULL : accounts_by_id(engine->accounts, out->order.account_id);
    if (!err && !out->account)
        err = ERR_STORE;
    if (!err)
        err = order_settle(engine, out->account, &out->order);
    if (err) {
        order_trouble(engine, "scan", err);
        scan_release(out);
        out->phone = PHONE_TROUBLE;
        return;
    }
    out->phone = phone_of(&out->order, account_now_ms(out->account));
}

/* ---- paying ---------------------------------------------------------------------------------- */

/* The usual payer of an account: always the same one, 28 characters as real ones (V2 1.6). */
static void usual_openid(const struct account *account, char out[OPENID_MAX + 1])
{
    static const char set[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-";
    uint64_t hash = 14695981039346656037ULL; /* FNV-1a */
    size_t len = 0;
    for (const char *at = account->mch_id; *at; at++)
        hash = (hash ^ (unsigned char)*at) * 1099511628211ULL;
    out[len++] = 'o';
    while (len < 28) {
        hash ^= hash >> 29;
        hash *= 0xbf58476d1ce4e5b9ULL;
        out[len++] = set[hash >> 58];
    }
    out[len] = '\0';
}

static bool coupon_id_is_legal(const char *id)
{
    for (; *id; id++)
        if (*id < '0' || (*id > '9' && *id < 'A') || (*id > 'Z' && *id < 'a') || *id > 'z')
            return false;
    return true;
}

/* V2 6.2: cash and coupons together are the total. Coupons without an id get one. */
static enum phone_id share(struct engine *engine, const struct order_row *order,
                           const struct pay_spec *spec, struct payment_row *payment)
{
    int64_t left = order->total_fen;
    if (spec->coupon_count > COUPONS_MAX)
        return PHONE_COUPONS;
    for (size_t i = 0; i < spec->coupon_count; i++) {
        struct coupon *coupon = &payment->coupon[i];
        *coupon = spec->coupon[i];
        if (coupon->fee_fen <= 0 || coupon->fee_fen > left || !coupon_id_is_legal(coupon->id))
            return PHONE_COUPONS;
        left -= coupon->fee_fen;
        if (!coupon->id[0]) {
            memcpy(coupon->id, "2000", 4);
            rng_digits(engine->rng, coupon->id + 4, 9);
        }
    }
    payment->coupon_count = spec->coupon_count;
    payment->cash_fen = left;
    return PHONE_DONE;
}

#define TRANSACTIONS 10'000'000'000ULL /* what ten digits can tell apart */

/*
 * V2 1.6: ten digits of a channel, the Beijing day, ten digits that count up. They begin where this
 * store's own salt says: a merchant that keeps its ledger meets a new store every day, and must not
 * be told a number twice. Under --seed the salt repeats, and so do they.
 */
static int make_transaction_id(struct engine *engine, int64_t paid_ms,
                               char out[TRANSACTION_ID_MAX + 1])
{
    uint64_t first = accounts_code_salt(engine->accounts) % TRANSACTIONS;
    char day[CN_TIME_LEN + 1];
    int64_t number;
    int err = store_next(engine->store, "transaction", 1, &number);
    if (err)
        return err;
    cn_time_14(paid_ms, day);
    snprintf(out, TRANSACTION_ID_MAX + 1, "4200000001%.8s%010llu", day,
             (unsigned long long)((first + (uint64_t)number) % TRANSACTIONS));
    return 0;
}

static int fill_payment(struct engine *engine, const struct scan *scan, const struct pay_spec *spec,
                        struct payment_row *payment)
{
    payment->order_id = scan->order.id;
    payment->account_id = scan->account->id;
    payment->paid_ms = account_now_ms(scan->account);
    usual_openid(scan->account, payment->openid);
    int err =
        spec->openid.len ? view_copy(spec->openid, payment->openid, sizeof(payment->openid)) : 0;
    if (!err)
        err = view_copy(spec->bank_type.len ? spec->bank_type : VIEW("OTHERS"), payment->bank_type,
                        sizeof(payment->bank_type));
    return err ? err : make_transaction_id(engine, payment->paid_ms, payment->transaction_id);
}

static void fill_notice(const struct scan *scan, int64_t now_ms, struct notice_row *notice)
{
    static const enum notice_state by_mode[] = {
        [NOTICE_MODE_SEND] = NOTICE_WAITING,
        [NOTICE_MODE_HOLD] = NOTICE_HELD,
        [NOTICE_MODE_SUPPRESS] = NOTICE_SUPPRESSED,
    };
    *notice = (struct notice_row){
        .account_id = scan->account->id,
        .order_id = scan->order.id,
        .kind = NOTICE_PAYMENT,
        .state = by_mode[notice_mode_for(scan->account, view_str(scan->order.out_trade_no))],
        .created_ms = now_ms,
        .due_ms = now_ms,
    };
}

/* State, payment and outbox row: all of it or nothing. */
static int write_paid(struct engine *engine, struct scan *scan, const struct pay_spec *spec,
                      struct paid *paid)
{
    int err = store_save(engine->store);
    if (err)
        return err;
    err = fill_payment(engine, scan, spec, &paid->payment);
    fill_notice(scan, paid->payment.paid_ms, &paid->notice);
    if (!err)
        err = payment_insert(engine->store, &paid->payment);
    if (!err)
        err = order_set_state(engine->store, &scan->order);
    if (!err)
        err = notice_insert(engine->store, &paid->notice);
    if (!err)
        return store_keep(engine->store);
    store_undo(engine->store);
    return err;
}

static enum phone_id complete(struct engine *engine, struct scan *scan, const struct pay_spec *spec,
                              struct paid *paid)
{
    enum phone_id phone = share(engine, &scan->order, spec, &paid->payment);
    if (phone != PHONE_DONE)
        return phone;
    enum trade_state before = scan->order.state;
    if (order_apply(&scan->order, ORDER_PAY))
        return PHONE_TROUBLE; /* a cashier was shown only for what can be paid */
    int err = write_paid(engine, scan, spec, paid);
    if (err) {
        scan->order.state = before;
        *paid = (struct paid){};
        order_trouble(engine, "pay", err);
        return PHONE_TROUBLE;
    }
    if (engine->on_order)
        engine->on_order(engine->owner, scan->account, &scan->order);
    if (engine->on_notice)
        engine->on_notice(engine->owner, scan->account, &paid->notice);
    return PHONE_DONE;
}

/* V2 5.2: a failed attempt leaves the order to be paid, or ends it, by a switch. */
static enum phone_id fail(struct engine *engine, struct scan *scan, enum phone_id why)
{
    if (switch_is(&scan->account->switches, SWITCH_wrong_password, "NOTPAY"))
        return why;
    enum trade_state before = scan->order.state;
    if (order_apply(&scan->order, ORDER_FAIL))
        return PHONE_TROUBLE;
    int err = order_set_state(engine->store, &scan->order);
    if (err) {
        scan->order.state = before;
        order_trouble(engine, "fail a payment", err);
        return PHONE_TROUBLE;
    }
    if (engine->on_order)
        engine->on_order(engine->owner, scan->account, &scan->order);
    return why;
}

/*
 * Between scan and pay the order may have been paid, closed or given a new code. A cashier that is
 * open may finish after time_expire (V2 5.4), so time is not asked again.
 */
static enum phone_id look_again(struct engine *engine, struct scan *scan)
{
    struct order_row fresh;
    int err = order_get(engine->store, scan->order.id, &fresh);
    if (err == ERR_NOT_FOUND)
        return PHONE_UNKNOWN;
    if (!err)
        err = order_settle(engine, scan->account, &fresh);
    if (err) {
        order_row_release(&fresh);
        order_trouble(engine, "pay", err);
        return PHONE_TROUBLE;
    }
    order_row_release(&scan->order);
    scan->order = fresh;
    return fresh.state == TRADE_NOTPAY ? PHONE_CASHIER
                                       : phone_of(&fresh, account_now_ms(scan->account));
}

enum phone_id payer_pay(struct engine *engine, struct scan *scan, const struct pay_spec *spec,
                        struct paid *out)
{
    *out = (struct paid){};
    if (scan->phone != PHONE_CASHIER)
        return scan->phone;
    enum phone_id phone = look_again(engine, scan);
    if (phone != PHONE_CASHIER)
        return phone;
    switch (spec->outcome) {
    case PAY_PAID: return complete(engine, scan, spec, out);
    case PAY_WRONG_PASSWORD: return fail(engine, scan, PHONE_WRONG_PASSWORD);
    case PAY_NOT_ENOUGH: return fail(engine, scan, PHONE_NOT_ENOUGH);
    case PAY_CANCELLED: return PHONE_CANCELLED;
    }
    assert(false && "an outcome nobody wrote");
    return PHONE_TROUBLE;
}
