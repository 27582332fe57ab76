/* The fund-flow bill: what happened to the account's money on a day, and what was left — V3 4.5 */
#include "base/err.h"
#include "base/mem.h"
#include "engine/bill.h"
#include "engine/bill_text.h"
#include "engine/money.h"

#include <stdio.h>

#define FLOW_ID_MAX 64

const char *const bill_account_names[] = { "BASIC", "OPERATION", "FEES", NULL };

static const char head[] = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,"
                           "收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号";
static const char summary_head[] = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额";

struct fund {
    const struct account *account;
    struct store *store;
    struct buf *out; /* borrowed */
    int64_t balance_fen;
    size_t in, spent;
    int64_t in_fen, spent_fen;
};

/* One movement; what it is about, as its rows say. */
struct flow {
    enum money_kind kind;
    int64_t at_ms, id, fen; /* negative: it went out */
    struct order_row order;
    struct payment_row payment;
    struct refund_row refund;
    int64_t gross_fen; /* before the fee */
};

static void flow_release(struct flow *flow)
{
    order_row_release(&flow->order);
    refund_row_release(&flow->refund);
}

static int flow_read(struct store *store, struct flow *flow)
{
    bool paid = flow->kind == MONEY_PAID;
    int err = paid ? 0 : refund_get(store, flow->id, &flow->refund);
    int64_t order_id = paid ? flow->id : flow->refund.order_id;
    if (!err)
        err = order_get(store, order_id, &flow->order);
    if (!err)
        err = payment_get(store, order_id, &flow->payment);
    if (err)
        return err;
    flow->gross_fen = paid ? money_settled(&flow->order, &flow->payment)
                           : money_given_back(&flow->order, &flow->payment, &flow->refund);
    flow->fen = flow->gross_fen - money_fee(flow->gross_fen);
    if (flow->kind == MONEY_REFUNDED)
        flow->fen = -flow->fen;
    return 0;
}

/* As the manual's sample has it: merchant, Beijing day, ten digits; the same one in every copy. */
static void make_flow_id(const struct fund *fund, const struct flow *flow, char out[FLOW_ID_MAX])
{
    char day[CN_TIME_LEN + 1];
    cn_time_14(flow->at_ms, day);
    snprintf(out, FLOW_ID_MAX, "%s%.8s%010llu", fund->account->mch_id, day,
             (unsigned long long)flow->id * 4 + (unsigned long long)flow->kind);
}

/* A refund's reason where it has one, as the sample's; else what became of the fee. */
static void make_remark(const struct flow *flow, struct buf *out)
{
    static const char *const words[] = { [MONEY_PAID] = "结算总金额",
                                         [MONEY_REFUNDED] = "退款总金额",
                                         [MONEY_BACK] = "退款关闭总金额" };
    char gross[BILL_MONEY_MAX], fee[BILL_MONEY_MAX];
    struct view reason = buf_view(&flow->refund.reason);
    int err;
    if (flow->kind == MONEY_REFUNDED && reason.len)
        err = buf_view_add(out, reason);
    else
        err = buf_fmt(out, "%s %s 元;含手续费 %s 元", words[flow->kind],
                      bill_yuan(flow->gross_fen, "", gross),
                      bill_yuan(money_fee(flow->gross_fen), "", fee));
    if (err)
        buf_clear(out); /* longer than any reason may be */
}

static int write_flow(struct fund *fund, const struct flow *flow)
{
    static const struct {
        const char *name, *type;
    } words[] = { [MONEY_PAID] = { "交易", "交易" },
                  [MONEY_REFUNDED] = { "退款", "退款" },
                  [MONEY_BACK] = { "退款关闭", "退款" } };
    char time[BILL_TIME_MAX], id[FLOW_ID_MAX], fen[BILL_MONEY_MAX], left[BILL_MONEY_MAX];
    char voucher[TRANSACTION_ID_MAX + 8];
    struct buf remark = BUF_INIT(REFUND_TEXT_MAX);
    bool in = flow->kind != MONEY_REFUNDED;
    int64_t amount = in ? flow->fen : -flow->fen;
    bill_sum(&fund->balance_fen, flow->fen);
    bill_sum(in ? &fund->in_fen : &fund->spent_fen, amount);
    fund->in += in;
    fund->spent += !in;
    make_flow_id(fund, flow, id);
    make_remark(flow, &remark);
    snprintf(voucher, sizeof(voucher), "%s%s", flow->kind == MONEY_PAID ? "" : "REF",
             flow->payment.transaction_id);
    const struct view values[] = {
        view_str(bill_moment(flow->at_ms, time)),
        view_str(flow->kind == MONEY_PAID ? flow->payment.transaction_id : flow->refund.refund_id),
        view_str(id),
        view_str(words[flow->kind].name),
        view_str(words[flow->kind].type),
        in ? VIEW("收入") : VIEW("支出"),
        view_str(bill_yuan(amount, "", fen)),
        view_str(bill_yuan(fund->balance_fen, "", left)),
        VIEW("system"),
        buf_view(&remark),
        view_str(voucher),
    };
    int err = bill_row(fund->out, values, COUNT(values));
    buf_release(&remark);
    return err;
}

static int add_flow(void *ctx, enum money_kind kind, int64_t id, int64_t at_ms)
{
    struct fund *fund = ctx;
    struct flow flow = { .kind = kind, .id = id, .at_ms = at_ms };
    if (fund->in + fund->spent == BILL_ROWS_MAX)
        return ERR_LIMIT;
    int err = flow_read(fund->store, &flow);
    if (!err)
        err = write_flow(fund, &flow);
    flow_release(&flow);
    return err;
}

/* Nothing was booked when it came back, because nobody may have seen that. */
static int add_back(void *ctx, const struct refund_row *refund)
{
    struct fund *fund = ctx;
    struct flow flow = { .kind = MONEY_BACK, .id = refund->id };
    int err = flow_read(fund->store, &flow);
    if (!err)
        bill_sum(&fund->balance_fen, flow.fen);
    flow_release(&flow);
    return err;
}

static int opening_balance(struct fund *fund, int64_t day_ms)
{
    int err = money_before(fund->store, fund->account->id, day_ms, &fund->balance_fen);
    return err ? err
               : refund_closed_between(fund->store, fund->account->id, INT64_MIN, day_ms, add_back,
                                       fund);
}

/* Counts with a decimal, as the manual's sample has them. */
static int add_summary(struct fund *fund)
{
    char all[24], in[24], spent[24], in_yuan[BILL_MONEY_MAX], spent_yuan[BILL_MONEY_MAX];
    snprintf(all, sizeof(all), "%zu.0", fund->in + fund->spent);
    snprintf(in, sizeof(in), "%zu.0", fund->in);
    snprintf(spent, sizeof(spent), "%zu.0", fund->spent);
    const struct view values[] = { view_str(all), view_str(in),
                                   view_str(bill_yuan(fund->in_fen, "", in_yuan)), view_str(spent),
                                   view_str(bill_yuan(fund->spent_fen, "", spent_yuan)) };
    int err = buf_fmt(fund->out, "%s\r\n", summary_head);
    return err ? err : bill_row(fund->out, values, COUNT(values));
}

int bill_fund(struct engine *engine, const struct account *account, int64_t day_ms,
              enum bill_account which, struct buf *out, size_t *rows)
{
    struct fund fund = { .account = account, .store = engine->store, .out = out };
    *rows = 0;
    if (which != BILL_BASIC)
        return 0; /* no trade touches the others */
    int err = opening_balance(&fund, day_ms);
    if (!err)
        err = buf_fmt(out, "%s\r\n", head);
    if (!err)
        err = money_each(engine->store, account->id, day_ms, day_ms + BILL_DAY_MS, add_flow, &fund);
    *rows = fund.in + fund.spent;
    return err ? err : add_summary(&fund);
}
