#include "engine/bill.h"

#include "base/err.h"
#include "base/mem.h"
#include "engine/bill_text.h"
#include "engine/money.h"
#include "engine/refund.h"

#include <stdio.h>

#define HEAD                                                                                                                     \
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型," \
    "交易状态,付款银行,货币种类,应结订单金额,代金券金额,"
#define REFUNDED "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,"
#define TAIL     "商品名称,商户数据包,手续费,费率,订单金额,"

const char *const bill_kind_names[] = { "ALL", "SUCCESS", "REFUND", NULL };

static const char *const heads[] = {
    [BILL_ALL] = HEAD REFUNDED TAIL "申请退款金额,费率备注",
    [BILL_SUCCESS] = HEAD TAIL "费率备注",
    [BILL_REFUND] = HEAD "退款申请时间,退款成功时间," REFUNDED TAIL "申请退款金额,费率备注",
};

static const char summary_head[] = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,"
                                   "手续费总金额,订单总金额,申请退款总金额";

struct bill {
    const struct account *account;
    struct engine *engine;
    enum bill_kind kind;
    struct view sub; /* only its trades; empty: all */
    int64_t made_ms; /* when it was made: what came later is not in it */
    struct buf *out; /* borrowed */
    size_t rows;
    int64_t settled_fen, refunded_fen, fee_fen, total_fen;
};

int bill_day_parse(struct view text, int64_t *day_ms)
{
    char full[CN_TIME_LEN + 1];
    bool shape = text.len == 10 && text.ptr[4] == '-' && text.ptr[7] == '-';
    if (!shape)
        return ERR_SYNTAX;
    snprintf(full, sizeof(full), "%.4s%.2s%.2s000000", text.ptr, text.ptr + 5, text.ptr + 8);
    return cn_time_parse_14(full, CN_TIME_LEN, day_ms) ? ERR_SYNTAX : 0;
}

#define V(text) view_str(text)

/* ---- rows --------------------------------------------------------------------------------------- */

/* 特约商户号: whose order a provider's is. */
static struct view sub_of(const struct order_row *order)
{
    struct view sub = order_field(order, "sub_mch_id");
    return sub.len ? sub : VIEW("0");
}

/* The first twelve columns are the same for both. */
#define FRONT(time, state)                                                                         \
    V(time), order_field(order, "appid"), V(bill->account->mch_id), sub_of(order),                 \
        order_field(order, "device_info"), V(payment->transaction_id), V(order->out_trade_no),     \
        V(payment->openid), V(trade_type_name(order->trade_type)), V(state),                       \
        V(payment->bank_type), V("CNY")

static int write_payment(struct bill *bill, const struct order_row *order,
                         const struct payment_row *payment)
{
    char time[32], settled[BILL_MONEY_MAX], coupons[BILL_MONEY_MAX], fee[BILL_MONEY_MAX],
        total[BILL_MONEY_MAX];
    int64_t settled_fen = money_settled(order, payment), fee_fen = money_fee(settled_fen);
    struct view body = order_field(order, "body"), attach = order_field(order, "attach");
    bill_yuan(settled_fen, "", settled);
    bill_yuan(money_no_cash(payment), "", coupons);
    bill_yuan(fee_fen, "000", fee);
    bill_yuan(order->total_fen, "", total);
    const struct view all[] = {
        FRONT(bill_moment(payment->paid_ms, time), "SUCCESS"),
        V(settled),
        V(coupons),
        V("0"),
        V("0"),
        V("0.00"),
        V("0.00"),
        V(""),
        V(""),
        body,
        attach,
        V(fee),
        V(MONEY_RATE),
        V(total),
        V("0.00"),
        V(""),
    };
    const struct view success[] = {
        FRONT(time, "SUCCESS"), V(settled), V(coupons), body, attach, V(fee),
        V(MONEY_RATE),          V(total),   V(""),
    };
    bill->rows++;
    bill_sum(&bill->settled_fen, settled_fen);
    bill_sum(&bill->fee_fen, fee_fen);
    bill_sum(&bill->total_fen, order->total_fen);
    return bill->kind == BILL_ALL ? bill_row(bill->out, all, COUNT(all))
                                  : bill_row(bill->out, success, COUNT(success));
}

static bool is_wanted(const struct bill *bill, const struct order_row *order)
{
    return !bill->sub.len || view_eq(order_field(order, "sub_mch_id"), bill->sub);
}

static int add_payment(void *ctx, const struct payment_row *payment)
{
    struct bill *bill = ctx;
    struct order_row order = {};
    int err = bill->rows == BILL_ROWS_MAX ? ERR_LIMIT : 0;
    if (!err)
        err = order_get(bill->engine->store, payment->order_id, &order);
    if (!err && is_wanted(bill, &order))
        err = write_payment(bill, &order, payment);
    order_row_release(&order);
    return err;
}

/* As it stood when the bill was made; it is not brought up to date later. */
static const char *state_then(const struct bill *bill, const struct refund_row *refund)
{
    struct refund_row then = *refund;
    if (then.state == REFUND_PROCESSING && then.due_ms && then.due_ms <= bill->made_ms) {
        then.state = then.becomes;
        then.ended_ms = then.due_ms;
    }
    if (then.state == REFUND_PROCESSING || then.ended_ms > bill->made_ms)
        return "PROCESSING";
    return then.state == REFUND_SUCCESS  ? "SUCCESS"
           : then.state == REFUND_CLOSED ? "FAIL"
                                         : "CHANGE";
}

static int write_refund(struct bill *bill, const struct order_row *order,
                        const struct payment_row *payment, const struct refund_row *refund)
{
    char time[32], asked[32], ended[32], back[BILL_MONEY_MAX], fee[BILL_MONEY_MAX];
    const char *state = state_then(bill, refund);
    int64_t fee_fen = -money_fee(money_given_back(order, payment, refund));
    int64_t ended_ms = refund->ended_ms ? refund->ended_ms : refund->due_ms;
    struct view body = order_field(order, "body"), attach = order_field(order, "attach");
    bill_yuan(refund->refund_fen, "", back);
    bill_yuan(fee_fen, "000", fee);
    bill_moment(refund->created_ms, asked);
    bill_moment(strcmp(state, "SUCCESS") == 0 ? ended_ms : 0, ended);
    const struct view all[] = {
        FRONT(asked, "REFUND"),
        V("0.00"),
        V("0.00"),
        V(refund->refund_id),
        V(refund->out_refund_no),
        V(back),
        V("0.00"),
        V("ORIGINAL"),
        V(state),
        body,
        attach,
        V(fee),
        V(MONEY_RATE),
        V("0.00"),
        V(back),
        V(""),
    };
    const struct view only[] = {
        FRONT(bill_moment(payment->paid_ms, time), "REFUND"),
        V("0.00"),
        V("0.00"),
        V(asked),
        V(ended),
        V(refund->refund_id),
        V(refund->out_refund_no),
        V(back),
        V("0.00"),
        V("ORIGINAL"),
        V(state),
        body,
        attach,
        V(fee),
        V(MONEY_RATE),
        V("0.00"),
        V(back),
        V(""),
    };
    bill->rows++;
    bill_sum(&bill->refunded_fen, refund->refund_fen);
    bill_sum(&bill->fee_fen, fee_fen);
    return bill->kind == BILL_ALL ? bill_row(bill->out, all, COUNT(all))
                                  : bill_row(bill->out, only, COUNT(only));
}

static int add_refund(void *ctx, const struct refund_row *refund)
{
    struct bill *bill = ctx;
    struct order_row order = {};
    struct payment_row payment = {};
    int err = bill->rows == BILL_ROWS_MAX ? ERR_LIMIT : 0;
    if (!err)
        err = order_get(bill->engine->store, refund->order_id, &order);
    if (!err)
        err = payment_get(bill->engine->store, refund->order_id, &payment);
    if (!err && is_wanted(bill, &order))
        err = write_refund(bill, &order, &payment, refund);
    order_row_release(&order);
    return err;
}

static int add_summary(struct bill *bill)
{
    char count[24], settled[BILL_MONEY_MAX], refunded[BILL_MONEY_MAX], fee[BILL_MONEY_MAX],
        total[BILL_MONEY_MAX];
    snprintf(count, sizeof(count), "%zu", bill->rows);
    bill_yuan(bill->settled_fen, "", settled);
    bill_yuan(bill->refunded_fen, "", refunded);
    bill_yuan(bill->fee_fen, "", fee);
    bill_yuan(bill->total_fen, "", total);
    const struct view values[] = { V(count), V(settled), V(refunded), V("0.00"),
                                   V(fee),   V(total),   V(refunded) };
    int err = buf_fmt(bill->out, "%s\r\n", summary_head);
    return err ? err : bill_row(bill->out, values, COUNT(values));
}

int bill_trade(struct engine *engine, const struct account *account, const struct bill_spec *spec,
               struct buf *out, size_t *rows)
{
    int64_t day_ms = spec->day_ms, end_ms = day_ms + BILL_DAY_MS;
    struct bill bill = { .account = account,
                         .engine = engine,
                         .kind = spec->kind,
                         .sub = spec->sub,
                         .made_ms = end_ms + BILL_MADE_MS,
                         .out = out };
    int err = buf_fmt(out, "%s\r\n", heads[bill.kind]);
    if (!err && bill.kind != BILL_REFUND)
        err = payment_each(engine->store, account->id, day_ms, end_ms, add_payment, &bill);
    if (!err && bill.kind != BILL_SUCCESS)
        err = refund_between(engine->store, account->id, day_ms, end_ms, add_refund, &bill);
    *rows = bill.rows;
    return err ? err : add_summary(&bill);
}
