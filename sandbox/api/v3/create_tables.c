/* The bodies of the creates, in the documentation's order — V3 4.1 */
#include "api/v3/api_v3.h"
#include "api/v3/create_fields.h"

#define P "V3 4.1 "
#define Q "V3 4.8 "

/* clang-format off */
#define DIRECT_FIELDS                                                                               \
    V3_TEXT_ROW(P "appid", "appid", "公众号ID", true, 1, 32, NULL, NULL),                           \
    V3_TEXT_ROW(P "mchid", "mchid", "直连商户号", true, 1, 32, NULL, NULL),                         \
    V3_SALE_FIELDS(P)

#define PARTNER_FIELDS                                                                              \
    V3_TEXT_ROW(Q "sp_appid", "sp_appid", "服务商应用ID", true, 1, 32, NULL, NULL),                 \
    V3_TEXT_ROW(Q "sp_mchid", "sp_mchid", "服务商户号", true, 1, 32, NULL, NULL),                   \
    V3_TEXT_ROW(Q "sub_appid", "sub_appid", "子商户应用ID", false, 1, 32, NULL, NULL),              \
    V3_TEXT_ROW(Q "sub_mchid", "sub_mchid", "子商户号", false, 1, 32, NULL, NULL),                  \
    V3_SALE_FIELDS(P)

/* payer.identity needs special permission; it is accepted and ignored. */
#define PAYER_FIELD V3_OBJECT_ROW(P "payer", "payer", "支付者", false, NULL)

#define REST_FIELDS(scene)                                                                          \
    V3_DETAIL_FIELDS(P),                                                                            \
    V3_SCENE_FIELDS(P, scene, 32),                                                                  \
    V3_STORE_FIELDS(P)

#define LAST_FIELDS                                                                                 \
    V3_SETTLE_FIELDS(P),                                                                            \
    V3_IGNORED_FIELDS(P),                                                                           \
    { 0 }
/* clang-format on */

const struct v3_field v3_native_fields[] = {
    DIRECT_FIELDS,
    PAYER_FIELD,
    REST_FIELDS(false),
    LAST_FIELDS,
};

/* Without payer.openid JSAPI has a text of its own (create.c). */
const struct v3_field v3_jsapi_fields[] = {
    DIRECT_FIELDS,
    PAYER_FIELD,
    V3_TEXT_ROW(P "payer.openid", "payer/openid", "用户标识", false, 0, 128, NULL, NULL),
    REST_FIELDS(false),
    LAST_FIELDS,
};

const struct v3_field v3_app_fields[] = {
    DIRECT_FIELDS,
    PAYER_FIELD,
    REST_FIELDS(false),
    LAST_FIELDS,
};

const struct v3_field v3_h5_fields[] = {
    DIRECT_FIELDS, PAYER_FIELD, REST_FIELDS(true), V3_H5_FIELDS(P), LAST_FIELDS,
};

/* ---- of a service provider; a missing sub_mchid has a text of its own ------------------------------ */

const struct v3_field v3_partner_native_fields[] = {
    PARTNER_FIELDS,
    PAYER_FIELD,
    REST_FIELDS(false),
    LAST_FIELDS,
};

const struct v3_field v3_partner_jsapi_fields[] = {
    PARTNER_FIELDS,
    PAYER_FIELD,
    V3_TEXT_ROW(Q "payer.sp_openid", "payer/sp_openid", "用户服务标识", false, 0, 128, NULL, NULL),
    V3_TEXT_ROW(Q "payer.sub_openid", "payer/sub_openid", "用户子标识", false, 0, 128, NULL, NULL),
    REST_FIELDS(false),
    LAST_FIELDS,
};

const struct v3_field v3_partner_app_fields[] = {
    PARTNER_FIELDS,
    PAYER_FIELD,
    REST_FIELDS(false),
    LAST_FIELDS,
};

const struct v3_field v3_partner_h5_fields[] = {
    PARTNER_FIELDS, PAYER_FIELD, REST_FIELDS(true), V3_H5_FIELDS(P), LAST_FIELDS,
};
