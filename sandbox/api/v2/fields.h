/*
 * fields.h — the request tables of the manual as tables, and the one reader for all of them.
 *
 * Order of checks within step 5 of V2 1.8: in the table's order, the first broken rule is
 * reported. What interop.md has seen production accept is remarked in the record, not refused.
 */
#ifndef API_V2_FIELDS_H
#define API_V2_FIELDS_H

#include "call.h"

enum field_need {
    FIELD_OPTIONAL,
    FIELD_REQUIRED,
};

struct field {
    const char *clause; /* "V2 3.1 body" */
    const char *name;
    enum field_need need;
    size_t max; /* its length bound */
    bool bytes; /* counted in bytes under the switch length_unit=bytes */
    /* NULL: any text. Called for a filled value within its bound. */
    const struct refusal *(*rule)(struct call *call, const struct field *field, struct view value);
};

/* CR of V2 3.0: leads every table. */
#define V2_COMMON_FIELDS                                                                           \
    { "V2 3.0 appid", "appid", FIELD_REQUIRED, 32, false, NULL },                                  \
        { "V2 3.0 mch_id", "mch_id", FIELD_REQUIRED, 32, false, NULL },                            \
        { "V2 3.0 sub_appid", "sub_appid", FIELD_OPTIONAL, 32, false, rule_no_partner },           \
        { "V2 3.0 sub_mch_id", "sub_mch_id", FIELD_OPTIONAL, 32, false, rule_no_partner },         \
        { "V2 3.0 nonce_str", "nonce_str", FIELD_REQUIRED, 32, false, NULL },                      \
        { "V2 3.0 sign", "sign", FIELD_REQUIRED, 64, false, NULL },                                \
    {                                                                                              \
        "V2 3.0 sign_type", "sign_type", FIELD_OPTIONAL, 32, false, rule_sign_type                 \
    }

/* Step 5 of V2 1.8 over the whole table; NULL when all hold. */
[[nodiscard]] const struct refusal *fields_check(struct call *call, const struct field *fields,
                                                 size_t count);

/* Refused as BAD_FIELD because of @rule. */
const struct refusal *field_bad(struct call *call, const struct field *field, const char *rule);

/* Production asks for the merchant's certificate here; over plain HTTP none is shown: remarked. */
void field_remark_certificate(struct call *call);

/* A value that its table has checked; 0 when absent. */
int64_t field_number(const struct call *call, const char *name);

/* Rules more than one chapter uses. */
const struct refusal *rule_total_fee(struct call *call, const struct field *field,
                                     struct view value);
const struct refusal *rule_refund_fee(struct call *call, const struct field *field,
                                      struct view value);
const struct refusal *rule_fee_type(struct call *call, const struct field *field,
                                    struct view value);
const struct refusal *rule_notify_url(struct call *call, const struct field *field,
                                      struct view value);
const struct refusal *rule_no_partner(struct call *call, const struct field *field,
                                      struct view value);
const struct refusal *rule_sign_type(struct call *call, const struct field *field,
                                     struct view value);
const struct refusal *rule_out_trade_no(struct call *call, const struct field *field,
                                        struct view value);
const struct refusal *rule_version(struct call *call, const struct field *field, struct view value);

#endif
