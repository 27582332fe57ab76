/*
 * payer.h — the person with the phone: scans, sees, pays or does not (steps 5 to 9).
 */
#ifndef ENGINE_PAYER_H
#define ENGINE_PAYER_H

#include "engine/order.h"

/* What the phone says; the id is for programs, the text is what a payer reads. */
#define PHONE_MAP(X)                                                                               \
    X(CASHIER, "cashier", "")                                                                      \
    X(NOT_OURS, "not-ours", "无法识别的二维码")                                                    \
    X(UNKNOWN, "unknown-code", "二维码已失效")                                                     \
    X(EXPIRED, "expired", "码已过期，请重新生成")                                                  \
    X(PAID, "paid-already", "该订单已支付")                                                        \
    X(CLOSED, "closed", "订单已关闭")                                                              \
    X(CANCELLED, "cancelled", "支付已取消")                                                        \
    X(WRONG_PASSWORD, "wrong-password", "支付密码错误，请重试")                                    \
    X(NOT_ENOUGH, "not-enough-money", "余额不足")                                                  \
    X(COUPONS, "coupons-do-not-fit", "优惠金额有误")                                               \
    X(DONE, "done", "支付成功")                                                                    \
    X(TROUBLE, "trouble", "系统繁忙，请稍后再试")

enum phone_id {
#define X(id, name, text) PHONE_##id,
    PHONE_MAP(X)
#undef X
        PHONE_COUNT
};
const char *phone_name(enum phone_id id);
const char *phone_text(enum phone_id id);

struct scan {
    enum phone_id phone;     /* PHONE_CASHIER when it can be paid */
    struct account *account; /* borrowed; NULL when the code leads nowhere */
    struct order_row order;  /* released by scan_release(); id 0 when there is none */
};
void scan_release(struct scan *scan);

/* What scanning @content shows. Bytes as decoded; every form of V2 4.1 is understood. */
void payer_scan(struct engine *engine, struct view content, struct scan *out);

enum pay_outcome { PAY_PAID, PAY_WRONG_PASSWORD, PAY_NOT_ENOUGH, PAY_CANCELLED };
[[nodiscard]] int pay_outcome_parse(struct view text, enum pay_outcome *out);

struct pay_spec {
    enum pay_outcome outcome;
    struct view openid;    /* empty: the account's usual payer */
    struct view bank_type; /* empty: OTHERS */
    size_t coupon_count;
    struct coupon coupon[COUPONS_MAX];
};

struct paid {
    struct payment_row payment;
    struct notice_row notice;
};

/*
 * Pay what the scan showed. On PHONE_DONE the order is SUCCESS and its notification is in the
 * outbox, in one savepoint; *scan's order is brought up to date. Anything else: nothing changed
 * (but PAYERROR under the switch wrong_password).
 */
enum phone_id payer_pay(struct engine *engine, struct scan *scan, const struct pay_spec *spec,
                        struct paid *out);

#endif
