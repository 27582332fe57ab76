#include "engine/payer.h"

#include "base/err.h"
#include "base/mem.h"
#include "engine/money.h"
#include "engine/notice_rule.h"
#include "engine/openid.h"
#include "engine/order_cell.h"
#include "engine/payer_steps.h"

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

/* ---- paying ---------------------------------------------------------------------------------- */

/*
 * The payer of a JSAPI order is who the merchant said, by the openid for its own appid or for its
 * sub-merchant's; anybody may pay another one. The first is what is kept.
 */
enum phone_id payer_choose_openid(const struct scan *scan, const struct pay_spec *spec,
                                  struct payment_row *payment)
{
    const struct order_row *order = &scan->order;
    bool bound = order->trade_type == TRADE_TYPE_JSAPI;
    struct view named = bound ? order_field(order, "openid") : (struct view){};
    struct view of_sub = bound ? order_field(order, "sub_openid") : (struct view){};
    struct view appid = order_field(order, "appid"), who = named.len ? named : spec->openid;
    bool is_sub = of_sub.len && view_eq(spec->openid, of_sub);
    if (spec->openid.len && (named.len || of_sub.len) && !is_sub && !view_eq(spec->openid, named))
        return PHONE_OTHER_PAYER;
    openid_of(appid.len ? appid : view_str(scan->account->mch_id), payment->openid);
    if (!who.len || (is_sub && !named.len))
        return PHONE_DONE;
    return view_copy(who, payment->openid, sizeof(payment->openid)) ? PHONE_TROUBLE : PHONE_DONE;
}

static bool coupon_id_is_legal(const char *id)
{
    for (; *id; id++)
        if (*id < '0' || (*id > '9' && *id < 'A') || (*id > 'Z' && *id < 'a') || *id > 'z')
            return false;
    return true;
}

enum phone_id payer_share(struct engine *engine, const struct order_row *order,
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

int payer_fill(struct engine *engine, const struct account *account, const struct pay_spec *spec,
               struct payment_row *payment)
{
    payment->account_id = account->id;
    payment->paid_ms = account_now_ms(account);
    int err = view_copy(spec->bank_type.len ? spec->bank_type : VIEW("OTHERS"), payment->bank_type,
                        sizeof(payment->bank_type));
    return err ? err : make_transaction_id(engine, payment->paid_ms, payment->transaction_id);
}

void payer_fill_notice(const struct account *account, struct view number, struct notice_row *notice)
{
    static const enum notice_state by_mode[] = {
        [NOTICE_MODE_SEND] = NOTICE_WAITING,
        [NOTICE_MODE_HOLD] = NOTICE_HELD,
        [NOTICE_MODE_SUPPRESS] = NOTICE_SUPPRESSED,
    };
    notice->account_id = account->id;
    notice->state = by_mode[notice_mode_for(account, number)];
    notice->created_ms = notice->due_ms = account_now_ms(account);
}

/* State, payment and outbox row: all of it or nothing. */
static int write_paid(struct engine *engine, struct scan *scan, const struct pay_spec *spec,
                      struct paid *paid)
{
    int err = store_save(engine->store);
    if (err)
        return err;
    err = payer_fill(engine, scan->account, spec, &paid->payment);
    paid->payment.order_id = scan->order.id;
    paid->notice = (struct notice_row){ .kind = NOTICE_PAYMENT, .order_id = scan->order.id };
    payer_fill_notice(scan->account, view_str(scan->order.out_trade_no), &paid->notice);
    if (!err)
        err = payment_insert(engine->store, &paid->payment);
    if (!err)
        err = money_book_payment(engine->store, &scan->order, &paid->payment);
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
    enum phone_id phone = payer_choose_openid(scan, spec, &paid->payment);
    if (phone == PHONE_DONE)
        phone = payer_share(engine, &scan->order, spec, &paid->payment);
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
                                       : payer_phone_of(&fresh, account_now_ms(scan->account));
}

enum phone_id payer_pay(struct engine *engine, struct scan *scan, const struct pay_spec *spec,
                        struct paid *out)
{
    *out = (struct paid){};
    if (scan->phone != PHONE_CASHIER)
        return scan->phone;
    if (scan->combine)
        return payer_pay_combined(engine, scan, spec, out);
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
