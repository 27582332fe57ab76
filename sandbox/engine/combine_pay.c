/* One payment for all parts of a combined order — V3 4.7 */
#include "base/err.h"
#include "base/mem.h"
#include "engine/combine.h"
#include "engine/money.h"
#include "engine/order_cell.h"
#include "engine/payer_steps.h"

/*
 * A coupon goes whole to the first part that has as much left to pay: it belongs to one order, as
 * its refund does. False: there is none.
 */
static bool give_coupon(const struct combine *combine, const struct coupon *coupon,
                        struct pay_spec *of_part)
{
    for (size_t i = 0; i < combine->count; i++) {
        int64_t left = combine->part[i].order.total_fen;
        for (size_t c = 0; c < of_part[i].coupon_count; c++)
            left -= of_part[i].coupon[c].fee_fen;
        if (coupon->fee_fen > left)
            continue;
        of_part[i].coupon[of_part[i].coupon_count++] = *coupon;
        return true;
    }
    return false;
}

/* What each part's payment is but for what the store counts. */
static enum phone_id share_out(struct engine *engine, const struct scan *scan,
                               const struct pay_spec *spec, struct pay_spec *of_part)
{
    struct combine *combine = scan->combine;
    struct payment_row all = {};
    enum phone_id phone = payer_choose_openid(scan, spec, &all);
    if (phone == PHONE_DONE && spec->coupon_count > COUPONS_MAX)
        phone = PHONE_COUPONS;
    for (size_t i = 0; phone == PHONE_DONE && i < spec->coupon_count; i++)
        if (!give_coupon(combine, &spec->coupon[i], of_part))
            phone = PHONE_COUPONS;
    for (size_t i = 0; phone == PHONE_DONE && i < combine->count; i++) {
        struct combine_part *part = &combine->part[i];
        part->payment = all; /* the payer is the same */
        phone = payer_share(engine, &part->order, &of_part[i], &part->payment);
    }
    return phone;
}

static int write_part(struct engine *engine, const struct pay_spec *spec, struct combine_part *part)
{
    part->payment.order_id = part->order.id;
    int err = payer_fill(engine, part->account, spec, &part->payment);
    if (!err)
        err = payment_insert(engine->store, &part->payment);
    if (!err)
        err = money_book_payment(engine->store, &part->order, &part->payment);
    part->order.state = TRADE_SUCCESS;
    return err ? err : order_set_state(engine->store, &part->order);
}

static int write_all(struct engine *engine, struct scan *scan, const struct pay_spec *spec,
                     struct paid *paid)
{
    struct combine *combine = scan->combine;
    combine->row.state = TRADE_SUCCESS;
    combine->row.paid_ms = account_now_ms(scan->account);
    paid->payment = combine->part[0].payment; /* who, and by which bank */
    int err = payer_fill(engine, scan->account, spec, &paid->payment);
    memcpy(combine->row.transaction_id, paid->payment.transaction_id,
           sizeof(combine->row.transaction_id));
    for (size_t i = 0; !err && i < combine->count; i++)
        err = write_part(engine, spec, &combine->part[i]);
    if (!err)
        err = combine_set_state(engine->store, &combine->row);
    paid->notice = (struct notice_row){ .kind = NOTICE_COMBINE, .about_id = combine->row.id };
    payer_fill_notice(scan->account, view_str(combine->row.out_trade_no), &paid->notice);
    return err ? err : notice_insert(engine->store, &paid->notice);
}

static int write_paid(struct engine *engine, struct scan *scan, const struct pay_spec *spec,
                      struct paid *paid)
{
    int err = store_save(engine->store);
    if (err)
        return err;
    err = write_all(engine, scan, spec, paid);
    if (!err)
        return store_keep(engine->store);
    store_undo(engine->store);
    return err;
}

/* What could not be written did not happen. */
static void forget_paid(struct combine *combine)
{
    combine->row.state = TRADE_NOTPAY;
    combine->row.paid_ms = 0;
    combine->row.transaction_id[0] = '\0';
    for (size_t i = 0; i < combine->count; i++) {
        combine->part[i].order.state = TRADE_NOTPAY;
        combine->part[i].payment = (struct payment_row){};
    }
}

static enum phone_id complete(struct engine *engine, struct scan *scan, const struct pay_spec *spec,
                              struct paid *paid)
{
    struct combine *combine = scan->combine;
    struct pay_spec *of_part = mem_zalloc(combine->count, sizeof(*of_part));
    if (!of_part)
        return PHONE_TROUBLE;
    enum phone_id phone = share_out(engine, scan, spec, of_part);
    mem_free(of_part);
    int err = phone == PHONE_DONE ? write_paid(engine, scan, spec, paid) : 0;
    if (err) {
        forget_paid(combine);
        *paid = (struct paid){};
        order_trouble(engine, "pay a combined order", err);
        phone = PHONE_TROUBLE;
    }
    if (phone != PHONE_DONE)
        return phone;
    for (size_t i = 0; engine->on_order && i < combine->count; i++)
        engine->on_order(engine->owner, combine->part[i].account, &combine->part[i].order);
    if (engine->on_notice)
        engine->on_notice(engine->owner, scan->account, &paid->notice);
    return PHONE_DONE;
}

static enum phone_id fail(struct engine *engine, struct scan *scan, enum phone_id why)
{
    if (switch_is(&scan->account->switches, SWITCH_wrong_password, "NOTPAY"))
        return why;
    int err = combine_move(engine, scan->combine, TRADE_PAYERROR, 0);
    if (err)
        order_trouble(engine, "fail a payment", err);
    return err ? PHONE_TROUBLE : why;
}

/* As for a plain order: since it was shown it may have been paid, closed or given a new code. */
static enum phone_id look_again(struct engine *engine, struct scan *scan)
{
    struct combine fresh;
    int err = combine_load(engine, scan->combine->row.id, &fresh);
    if (err == ERR_NOT_FOUND)
        return PHONE_UNKNOWN;
    if (err) {
        order_trouble(engine, "pay a combined order", err);
        return PHONE_TROUBLE;
    }
    combine_release(scan->combine);
    *scan->combine = fresh;
    return fresh.row.state == TRADE_NOTPAY ? PHONE_CASHIER : payer_phone_of_combined(scan);
}

enum phone_id payer_pay_combined(struct engine *engine, struct scan *scan,
                                 const struct pay_spec *spec, struct paid *out)
{
    enum phone_id phone = look_again(engine, scan);
    if (phone != PHONE_CASHIER)
        return phone;
    switch (spec->outcome) {
    case PAY_PAID: return complete(engine, scan, spec, out);
    case PAY_WRONG_PASSWORD: return fail(engine, scan, PHONE_WRONG_PASSWORD);
    case PAY_NOT_ENOUGH: return fail(engine, scan, PHONE_NOT_ENOUGH);
    case PAY_CANCELLED: return PHONE_CANCELLED;
    }
    return PHONE_TROUBLE;
}
