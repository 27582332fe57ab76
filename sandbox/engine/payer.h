/*
 * payer.h — the person with the phone: comes to a cashier, sees, pays or does not (steps 5 to 9).
 */
#ifndef ENGINE_PAYER_H
#define ENGINE_PAYER_H

#include "engine/combine.h"

/* What the phone says; the id is for programs, the text is what a payer reads. */
#define PHONE_MAP(X)                                                                               \
    X(CASHIER, "cashier", "")                                                                      \
    X(NOT_OURS, "not-ours", "无法识别的二维码")                                                    \
    X(UNKNOWN, "unknown-code", "二维码已失效")                                                     \
    X(EXPIRED, "expired", "码已过期，请重新生成")                                                  \
    X(TIME_EXPIRED, "time-expired", "订单已超过商户设置的最晚支付成功时间，请重新发起支付")        \
    X(PREPAY_UNKNOWN, "unknown-prepay", "商家订单信息有误，请重新下单支付")                        \
    X(PREPAY_EXPIRED, "prepay-expired", "支付请求已过期，请重新下单支付")                          \
    X(H5_BROKEN, "h5-broken", "商家参数格式有误，请联系商家解决")                                  \
    X(H5_EXPIRED, "h5-expired", "支付请求已失效，请重新发起支付")                                  \
    X(OTHER_WAY, "trade-type-differs", "下单方式与支付方式不符，请联系商家解决")                   \
    X(OTHER_PAYER, "other-payer", "下单账号与支付账号不一致，请核实后再支付")                      \
    X(CALLUP_BROKEN, "callup-broken", "支付参数有误，请联系商家解决")                              \
    X(CALLUP_SIGN, "callup-sign", "支付验证签名失败")                                              \
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
    /* Owned; NULL: a plain order. Else @order is one of its parts, and @account who combines. */
    struct combine *combine;
};
void scan_release(struct scan *scan);

/*
 * The ways to a cashier. Each fills @out; a way that belongs to another trade type leads nowhere.
 *
 * payer_scan  a QR code's content, bytes as decoded; every form of V2 4.1 is understood (NATIVE)
 * payer_open  an h5_url in the phone's browser, maybe with a redirect_url behind it (MWEB)
 * payer_call  a program on the phone that names a prepay_id, as @type; its parameters are checked
 *             elsewhere (JSAPI, APP)
 * payer_find  the order itself, by whatever way its payer came to it; a combined one by its own
 *             number, too, unless an order has that one
 */
void payer_scan(struct engine *engine, struct view content, struct scan *out);
void payer_open(struct engine *engine, struct view url, struct scan *out);
void payer_call(struct engine *engine, struct view prepay_id, enum trade_type type,
                struct scan *out);
void payer_find(struct engine *engine, struct account *account, struct view number,
                struct scan *out);
void payer_find_combined(struct engine *engine, struct account *account, struct view number,
                         struct scan *out);

/* What the phone shows of an order by its state and time, PHONE_CASHIER when it can be paid. */
enum phone_id payer_phone_of(const struct order_row *order, int64_t now_ms);

enum pay_outcome { PAY_PAID, PAY_WRONG_PASSWORD, PAY_NOT_ENOUGH, PAY_CANCELLED };
[[nodiscard]] int pay_outcome_parse(struct view text, enum pay_outcome *out);

struct pay_spec {
    enum pay_outcome outcome;
    struct view openid;    /* empty: who the order names, else the appid's usual payer */
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
