/*
 * callup.h — the parameters by which a merchant's page or app asks the phone to pay (V3 4.13).
 *
 * They are made by the merchant's server, pass through its client and reach the phone, which shows
 * a cashier only if their signature holds. Knows no orders and no accounts.
 */
#ifndef WXPAY_CALLUP_H
#define WXPAY_CALLUP_H

#include "wxpay/v3_hint.h"

#include <jansson.h>

#define CALLUP_TEXT_MAX 512

enum callup_kind { CALLUP_JSAPI, CALLUP_APP }; /* JSAPI: of a page, or of a mini program */

/*
 * Views into the JSON they were read from, or into the struct itself: do not copy it. Absent ones
 * are empty.
 */
struct callup {
    enum callup_kind kind;
    struct view appid; /* a mini program's call has none */
    struct view timestamp, nonce, sign_type, sign;
    struct view package;    /* JSAPI: "prepay_id=…"; APP: "Sign=WXPay" */
    struct view prepay_id;  /* of both, bare; JSAPI's is cut out of package */
    struct view partner_id; /* APP */
    bool number_stamp;      /* timeStamp came as a number, which iPhones do not take */
    char stamp[24];
};

/*
 * Members by whatever spelling SDKs and clients have: case and underscores do not matter, packageValue
 * is package. Whether it is JSAPI or APP is seen by what is there. Others are ignored. 0, or
 * ERR_SYNTAX with why[] saying which member is missing or wrong.
 */
[[nodiscard]] int callup_read(const json_t *object, struct callup *out, char why[128]);

/*
 * V3: the four lines, appended to @text. @appid stands for a mini program's that is not handed over.
 */
[[nodiscard]] int v3_callup_lines(const struct callup *callup, struct view appid, struct buf *text);
/* The same, checked: 0; ERR_SIGNATURE: it is not @key's; others are our own trouble. */
[[nodiscard]] int v3_callup_verify(const struct callup *callup, struct view appid,
                                   const struct v3_public *key, struct buf *text);

/* What else may have been signed in place of the appid. */
struct v3_callup_hint {
    const struct callup *callup;
    struct view appid; /* as for v3_callup_lines() */
    const struct view *others;
    size_t other_count;
    struct view mchid;
};
/*
 * Why the signature does not hold, as v3_hint_find() does for a request: @in gives the keys; its
 * request and signature are not looked at.
 */
const struct v3_cause *v3_callup_hint_find(const struct v3_callup_hint *hint,
                                           const struct v3_hint_input *in, struct buf *text,
                                           struct buf *detail);
/* All causes that only a call-up has. */
const struct v3_cause *v3_callup_causes(size_t *count);

#endif
