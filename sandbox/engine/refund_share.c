/* What a refund consists of and where it goes — V2 3.4, 3.5; V3 4.4 */
#include "engine/refund.h"

#include "base/mem.h"

#include <stdio.h>

/* Rounded down in the sum, so that the last one gives what is left of the cash. */
static int64_t cash_until(const struct order_row *order, const struct payment_row *payment,
                          int64_t fen)
{
    return (int64_t)((__int128)payment->cash_fen * fen / order->total_fen);
}

int64_t refund_cash(const struct order_row *order, const struct payment_row *payment,
                    const struct refund_row *refund)
{
    return cash_until(order, payment, refund->before_fen + refund->refund_fen) -
           cash_until(order, payment, refund->before_fen);
}

/* The part of @from … @until that lies in the next @len after *@at. */
static int64_t overlap(int64_t *at, int64_t len, int64_t from, int64_t until)
{
    int64_t begins = *at, ends = *at + len;
    *at = ends;
    if (begins < from)
        begins = from;
    if (ends > until)
        ends = until;
    return ends > begins ? ends - begins : 0;
}

/* One coupon after the other is given back, so no part is lost and none is given twice. */
void refund_share(const struct order_row *order, const struct payment_row *payment,
                  const struct refund_row *refund, struct refund_share *out)
{
    int64_t before = refund->before_fen, after = before + refund->refund_fen, at = 0;
    int64_t from = before - cash_until(order, payment, before);
    int64_t until = after - cash_until(order, payment, after);
    *out = (struct refund_share){ .cash_fen = refund_cash(order, payment, refund),
                                  .settled_fen = refund->refund_fen };
    for (size_t i = 0; i < payment->coupon_count; i++) {
        int64_t fen = overlap(&at, payment->coupon[i].fee_fen, from, until);
        out->coupon_fen[i] = fen;
        out->coupon_count += fen > 0;
        out->coupons_fen += fen;
        out->settled_fen -= payment->coupon[i].cash ? 0 : fen;
    }
}

const char *refund_receiver(const struct payment_row *payment, char out[64])
{
    static const struct {
        const char *code, *name;
    } banks[] = {
        { "ICBC_", "工商银行" }, { "ABC_", "农业银行" },  { "PSBC_", "邮储银行" },
        { "CCB_", "建设银行" },  { "CMB_", "招商银行" },  { "BOC_", "中国银行" },
        { "COMM_", "交通银行" }, { "SPDB_", "浦发银行" }, { "GDB_", "广发银行" },
        { "CMBC_", "民生银行" }, { "CEB_", "光大银行" },  { "CITIC_", "中信银行" },
        { "PAB_", "平安银行" },
    };
    struct view type = view_str(payment->bank_type);
    snprintf(out, 64, "支付用户零钱");
    for (size_t i = 0; i < COUNT(banks); i++)
        if (view_starts(type, view_str(banks[i].code)))
            snprintf(out, 64, "%s%s0403", banks[i].name,
                     view_ends(type, VIEW("_CREDIT")) ? "信用卡" : "储蓄卡");
    return out;
}
