/*
 * rows.h — what is kept: one struct per table. Fixed arrays for what the protocol bounds, a buf
 * for what varies. Zeroed is a valid empty row; row_release functions accept it.
 */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include "base/buf.h"
#include "base/clock.h"

#define MCH_ID_MAX         32
#define APPID_MAX          32
#define OUT_TRADE_NO_MAX   32
#define PREPAY_ID_MAX      64
#define CODE_MAX           16 /* the part of code_url that varies */
#define TRANSACTION_ID_MAX 32
#define OPENID_MAX         128
#define BANK_TYPE_MAX      32
#define REQUEST_BLOB_MAX   (80 * 1024) /* a V3 body and the fields that V2 knows of it */
#define API_KEY_MAX        32
#define OUT_REFUND_NO_MAX  64
#define REFUND_ID_MAX      32
#define REFUND_TEXT_MAX    512 /* notify_url, reason */
#define TOLD_URL_MAX       512
#define TOLD_BODY_MAX      (64 * 1024)

struct account_row {
    int64_t id;
    char mch_id[MCH_ID_MAX + 1];
    char api_key[API_KEY_MAX + 1];
    char name[65];
    struct buf settings; /* JSON: appids, products, switches, origins, clock; engine/account.c */
};

/* Kept as integers: never renumber. */
enum trade_state {
    TRADE_NOTPAY = 1,
    TRADE_USERPAYING,
    TRADE_SUCCESS,
    TRADE_REFUND,
    TRADE_CLOSED,
    TRADE_REVOKED,
    TRADE_PAYERROR,
    TRADE_ACCEPT,
    TRADE_STATES
};

enum trade_type { TRADE_TYPE_NATIVE = 1, TRADE_TYPE_JSAPI, TRADE_TYPE_APP, TRADE_TYPE_MWEB };

enum dialect { DIALECT_V2 = 2, DIALECT_V3 = 3 };

struct order_row {
    int64_t id; /* 0: not stored yet */
    int64_t account_id;
    enum dialect dialect;
    enum trade_state state;
    enum trade_type trade_type;
    int sign_type; /* enum v2_sign_type for V2 */
    int64_t total_fen;
    int64_t created_ms, expire_ms, closed_ms; /* virtual; 0: never */
    int64_t prepay_ms;                        /* when the present prepay was made */
    char out_trade_no[OUT_TRADE_NO_MAX + 1];
    char prepay_id[PREPAY_ID_MAX + 1];
    char code[CODE_MAX + 1];
    unsigned char code_form; /* index of the switch code_form */
    int64_t combine_id;      /* of the combined order that this one is a part of; else 0 */
    struct buf request;      /* the business fields as sent; engine/order.c packs and reads them */
};

void order_row_release(struct order_row *row);

/*
 * Orders of several accounts that are paid by one payment. Its times are the combining account's;
 * prepay and code are those of its orders, which all have the same.
 */
struct combine_row {
    int64_t id;         /* 0: not stored yet */
    int64_t account_id; /* who combines */
    enum trade_state state;
    enum trade_type trade_type;
    int64_t created_ms, expire_ms, closed_ms, paid_ms; /* virtual; 0: never */
    char out_trade_no[OUT_TRADE_NO_MAX + 1];           /* the wire's combine_out_trade_no */
    char transaction_id[TRANSACTION_ID_MAX + 1];       /* "" until it is paid */
    struct buf request;                                /* the body as sent, keys sorted */
};

void combine_row_release(struct combine_row *row);

#define COUPONS_MAX 8

struct coupon {
    bool cash; /* CASH or NO_CASH */
    int64_t fee_fen;
    char id[21];
};

struct payment_row {
    int64_t order_id;
    int64_t account_id; /* of the order: bills look for payments by it and by time */
    char transaction_id[TRANSACTION_ID_MAX + 1];
    char openid[OPENID_MAX + 1];
    char bank_type[BANK_TYPE_MAX + 1];
    int64_t paid_ms; /* virtual */
    int64_t cash_fen;
    size_t coupon_count;
    struct coupon coupon[COUPONS_MAX];
};

enum notice_state {
    NOTICE_WAITING = 1, /* due at due_ms */
    NOTICE_SENDING,     /* a delivery is under way; after a restart it counts as due */
    NOTICE_HELD,        /* until released */
    NOTICE_SUPPRESSED,  /* for good */
    NOTICE_DONE,        /* acknowledged */
    NOTICE_LOST         /* the timetable ran out */
};

/* Kept as integers: never renumber. The first two are about an order, the others about none. */
enum notice_kind { NOTICE_PAYMENT = 1, NOTICE_REFUND, NOTICE_COMBINE, NOTICE_ECHO };

/* "payment", …: in records, and for faults. */
const char *notice_kind_name(enum notice_kind kind);

/* Kept as integers: never renumber. */
enum refund_state {
    REFUND_PROCESSING = 1,
    REFUND_SUCCESS,
    REFUND_CLOSED,
    REFUND_ABNORMAL,
    REFUND_STATES
};

struct refund_row {
    int64_t id, account_id, order_id;
    enum dialect dialect;
    enum refund_state state;
    enum refund_state becomes; /* at due_ms, by itself */
    int64_t refund_fen;
    int64_t before_fen;                   /* of the order's refunds before this one */
    int64_t created_ms, due_ms, ended_ms; /* virtual; due 0: never by itself */
    char out_refund_no[OUT_REFUND_NO_MAX + 1];
    char refund_id[REFUND_ID_MAX + 1];
    char funds_account[33];
    struct buf notify_url, reason; /* owned */
};

void refund_row_release(struct refund_row *row);

/* What an order's refunds add up to; those that were closed do not count. */
struct refund_sum {
    size_t count;
    int64_t fen;
};

/* One notification: a row of the outbox. Its body is made anew for each delivery. */
struct notice_row {
    int64_t id, account_id;
    int64_t order_id; /* of kinds PAYMENT and REFUND; else 0 */
    int64_t
        about_id; /* a refund's, a combined order's, a told row's, by the kind; of kind PAYMENT 0 */
    enum notice_kind kind;
    enum notice_state state;
    int attempts;       /* deliveries begun */
    int64_t created_ms; /* virtual */
    int64_t due_ms;     /* virtual; when WAITING */
};

/* A notification about no order: where it goes, and what it tells. */
struct told_row {
    int64_t id, account_id;
    struct buf url, body; /* owned; @body is JSON, not sealed yet */
};

void told_row_release(struct told_row *row);

/* One attempt, for the record. */
struct delivery_row {
    int64_t id, notice_id;
    int attempt;
    int64_t sent_ms, ended_ms; /* virtual; ended 0: under way */
    int status;                /* HTTP, 0: none */
    int error;                 /* negative code, 0: none */
    bool acknowledged;
    char row[24]; /* of the decision table, V2 6.3 */
};

struct fault_row {
    int64_t id, account_id;
    struct buf spec; /* JSON as ordered; engine/fault.c */
    int64_t left;    /* how often it still happens; INT64_MAX: without bound */
    int64_t skip;    /* so many pass first */
};

#endif
