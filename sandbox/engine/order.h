/*
 * order.h — what may happen to an order (V2 5). No loop, no sockets: a store and a time.
 *
 *                unifiedorder            pay                refund (later)
 *      (nothing) ------------> NOTPAY --------> SUCCESS ------------------> REFUND
 *                                |  \ failed payment: stays, or PAYERROR by a switch
 *                                |   closeorder, or the platform by itself
 *                                +--------------------------> CLOSED
 *
 * Functions return NULL when it happened, else the refusal, and then nothing was changed.
 */
#ifndef ENGINE_ORDER_H
#define ENGINE_ORDER_H

#include "engine/account.h"
#include "engine/refusal.h"
#include "wxpay/v2_msg.h"

#define PREPAY_LIFE_MS  (2 * 3600 * 1000LL)  /* V2 5.4 */
#define PREPAY_REUSE_MS (10 * 60 * 1000LL)   /* V2 5.3: same while so much is left */
#define AUTO_CLOSE_MS   (7 * 86400 * 1000LL) /* V2 5.4 */
#define EARLY_CLOSE_MS  (5 * 60 * 1000LL)    /* V2 3.3 */
#define CODE_URL_MAX    64
#define H5_LIFE_MS      (5 * 60 * 1000LL) /* V3 5.2 */
#define H5_URL_MAX      256
#define H5_URL_FRONT    "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?" /* V3 1.7 */

struct engine {
    struct store *store; /* borrowed, as all three */
    struct accounts *accounts;
    struct rng *rng;
    /* Optional: told after each change of an order's state, inside the transaction. */
    void (*on_order)(void *owner, const struct account *account, const struct order_row *order);
    /* Optional: a row was put into the outbox. */
    void (*on_notice)(void *owner, struct account *account, const struct notice_row *notice);
    void *owner;
};

/* "NOTPAY" …, and the trade_state_desc of V2 3.2. */
const char *trade_state_name(enum trade_state state);
const char *trade_state_desc(enum trade_state state);
[[nodiscard]] int trade_state_parse(struct view text, enum trade_state *out);
const char *trade_type_name(enum trade_type type);

/* What the merchant orders; views into the caller's message. */
struct order_spec {
    enum dialect dialect; /* 0: V2 */
    struct view out_trade_no;
    enum trade_type trade_type;
    enum v2_sign_type sign_type;
    int64_t total_fen;
    int64_t expire_ms; /* 0: none */
    /* All fields as sent. Of a V3 order: what V2 has a name for, and its body as "v3_body". */
    const struct v2_msg *request;
};

/*
 * Unified order, new or repeated, per state of a known number (V2 5.3). @out is the caller's to
 * release, filled on success. *differs (may be NULL) names the first differing field when
 * REENTRY_DIFFERS comes back.
 */
[[nodiscard]] const struct refusal *order_open(struct engine *engine, struct account *account,
                                               const struct order_spec *spec, struct order_row *out,
                                               struct view *differs);

/* By transaction_id if not empty, else by number (V2 3.2). Settles what time has done first. */
[[nodiscard]] const struct refusal *order_find(struct engine *engine, struct account *account,
                                               struct view transaction_id, struct view number,
                                               struct order_row *out);

/* closeorder (V2 3.3), refused for a part of a combined order. *early is set when it came before 5 minutes were over. */
[[nodiscard]] const struct refusal *order_close(struct engine *engine, struct account *account,
                                                struct view number, bool *early);

/*
 * V3 4.3, 4.6: close a number that nobody ordered. It cannot be ordered from then on, and is not
 * found. NULL or SYSTEM_ERROR.
 */
[[nodiscard]] const struct refusal *order_bury(struct engine *engine, struct account *account,
                                               struct view number);

/*
 * The unpaid orders of the account that time has closed by now (switch auto_close) are written so:
 * at most *@budget of them, which is lowered by as many. Whoever looks at one of the others before
 * its turn sees it closed all the same. Work is left while order_next_due() is not in the future.
 */
[[nodiscard]] int order_settle_time(struct engine *engine, struct account *account, size_t *budget);

/* The state that @order is in by now, whether or not it has been written. */
void order_see_time(struct engine *engine, const struct account *account, struct order_row *order);

/* Combined orders of the account count too. When order_settle_time() has its next work, virtual; INT64_MAX if never. */
int64_t order_next_due(struct engine *engine, struct account *account);

/* A field of the request as sent, empty when absent. Valid while @order lives. */
struct view order_field(const struct order_row *order, const char *name);

/* The text of the QR code in the order's form (V2 4.1). */
void order_code_url(const struct order_row *order, char out[CODE_URL_MAX + 1]);

/* Where the browser of an MWEB order's payer is sent (V3 1.7). */
void order_h5_url(const struct order_row *order, char out[H5_URL_MAX + 1]);

/*
 * The order that this prepay_id was made for: any of its prepays, so the caller compares it with
 * out->prepay_id, the present one. ERR_NOT_FOUND: none. @out is the caller's to release.
 */
[[nodiscard]] int order_get_by_prepay(struct engine *engine, struct view prepay_id,
                                      struct order_row *out);

#endif
