/*
 * callup_check.h — does a merchant's call-up fit an order and its account's key (V3 4.13)? What the
 * phone does before it shows a cashier, and an explanation for whoever wrote the parameters.
 */
#ifndef ENGINE_CALLUP_CHECK_H
#define ENGINE_CALLUP_CHECK_H

#include "engine/payer.h"
#include "wxpay/callup.h"

#define CALLUP_REMARKS_MAX 6

struct callup_remark {
    const char *id, *text; /* static */
};

struct callup_check {
    struct scan scan;             /* phone: CASHIER when it may be paid */
    bool fits;                    /* the parameters are right, whatever has become of the order */
    char why[256];                /* why they are not, in plain words */
    const struct v3_cause *cause; /* of a broken signature; NULL: none was found */
    struct buf hint;              /* owned, as all: the cause in a sentence */
    struct buf sign_text, signed_text; /* as computed; as the merchant seems to have signed */
    size_t remark_count;
    struct callup_remark remark[CALLUP_REMARKS_MAX]; /* what works here and is no good */
};

/*
 * @json is what the merchant hands to its client, in any usual spelling. A transaction should be
 * open: looking may find that time closed the order.
 */
void callup_check(struct engine *engine, const json_t *json, struct callup_check *out);
void callup_check_release(struct callup_check *check);

#endif
