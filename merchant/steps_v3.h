/*
 * steps_v3.h — the rows of the table that speak API V3; see steps.h, which includes this.
 */
#ifndef MERCHANT_STEPS_V3_H
#define MERCHANT_STEPS_V3_H

#include "trust.h"
#include "v3_call.h"

/* clang-format off */

/* --- chapter "v3_request": how the platform is asked --------------------------------------- */
#define STEP_MAP_V3_REQUEST(X)                                                                     \
    X(v3_create_fields, json_t *, (struct shop *shop, const struct order *order),                  \
      "WX3-025 WX3-026 WX3-029 WX3-030",                                                           \
      "Every attempt sends exactly what the ledger holds; the amount is an integer of fen.")       \
    X(v3_request_write, int, (struct shop *shop, const json_t *value, struct buf *out),            \
      "WX3-003 WX3-009", "JSON in UTF-8, written once: these bytes are signed and sent.")          \
    X(v3_request_target, int,                                                                      \
      (struct shop *shop, enum api api, const struct order *order, struct buf *out),               \
      "WX3-004", "Path and query are written once, escaped: what is signed is what is sent.")      \
    X(v3_request_time, int64_t, (struct shop *shop),                                               \
      "WX3-005", "The stamp is real time in seconds, wherever the shop's own clock stands.")       \
    X(v3_request_text, int, (struct shop *shop, const struct v3_request *request, struct buf *out),\
      "WX3-002 WX3-003 WX3-004",                                                                   \
      "Signed are five lines: method, target with query, stamp, nonce, body; each ends with LF.")  \
    X(v3_request_sign, int, (struct shop *shop, struct v3_call *call),                             \
      "WX3-001 WX3-007",                                                                           \
      "Authorization has the scheme and five quoted pairs; serial_no is our own certificate's.")   \
    X(v3_request_headers, void, (struct shop *shop, struct v3_call *call),                         \
      "WX3-008 WX3-009 WX3-023",                                                                   \
      "Accept, User-Agent, Content-Type; in key mode the key's id as Wechatpay-Serial.")           \
    X(v3_request_send, int,                                                                        \
      (struct shop *shop, struct v3_call *call, struct http_send *send),                           \
      "WX3-031", "An answer within seconds or none.")

/* --- chapter "v3_answer": which answers of the platform are believed ----------------------- */
#define STEP_MAP_V3_ANSWER(X)                                                                      \
    X(v3_answer_known, enum step, (struct answer *a),                                              \
      "WX3-031", "No answer at all: the outcome is unknown.")                                      \
    X(v3_answer_status, enum step, (struct answer *a),                                             \
      "WX3-017 WX3-031",                                                                           \
      "200 and 204 must be proven; 4xx and 5xx need no signature: status and code classify them.") \
    X(v3_answer_error, enum refusal, (struct answer *a, struct view code),                         \
      "WX3-017 WX3-060 WX3-071 WX3-072",                                                           \
      "429 and 5xx are repeated; else code decides by one table, never a text, never detail.")     \
    X(v3_answer_headers, enum step, (struct answer *a),                                            \
      "WX3-012", "The four signature headers are there, each once.")                               \
    X(v3_answer_fresh, enum step, (struct answer *a),                                              \
      "WX3-015", "The stamp is at most five minutes away.")                                        \
    X(v3_answer_verify, enum step, (struct answer *a),                                             \
      "WX3-011 WX3-013 WX3-014 WX3-016 WX3-018",                                                   \
      "The named key signed the raw body, an empty one too; a probe is a failed verification.")    \
    X(v3_answer_parse, enum step, (struct answer *a),                                              \
      "WX3-048", "A JSON object, unknown members and any order of them welcome; 204 only at close.")\
    X(v3_answer_identity, enum step, (struct answer *a),                                           \
      "WX3-043", "appid and mchid of a queried order are ours.")

/* --- chapter "v3_keys": whose signature counts ---------------------------------------------- */
#define STEP_MAP_V3_KEYS(X)                                                                        \
    X(v3_keys_choose, const struct v3_public *, (struct shop *shop, struct view serial),           \
      "WX3-013 WX3-014", "The key is the one Wechatpay-Serial names; an unknown name has no key.") \
    X(v3_keys_seek, bool, (struct shop *shop, struct view serial),                                 \
      "WX3-013", "For an unknown certificate the list is downloaded anew, a few times a minute.")  \
    X(v3_keys_gap_s, int64_t, (struct shop *shop, enum trust_end how),                             \
      "WX3-019 WX3-022",                                                                           \
      "The list is downloaded again within 12 hours; no certificates is an answer, not a failure.")\
    X(v3_keys_open, int, (struct shop *shop, const json_t *entry, struct buf *pem),                \
      "WX3-020 WX3-046 WX3-047", "A certificate is opened with the APIv3 key or left out.")        \
    X(v3_keys_verify, const char *,                                                                \
      (struct shop *shop, const struct trust_list *list, const struct v3_proof *proof,             \
       struct view body),                                                                          \
      "WX3-015 WX3-020", "The download is signed by a certificate that it holds or that is known.")\
    X(v3_keys_keep, void, (struct shop *shop, struct trust_list *list),                            \
      "WX3-013 WX3-019", "All certificates of the list are kept, for each may sign.")

/* --- chapter "v3_notify": the notification endpoint ------------------------------------------ */
#define STEP_MAP_V3_NOTIFY(X)                                                                      \
    X(v3_notify_headers, enum step, (struct claim *c),                                             \
      "WX3-036 WX3-050", "The four signature headers are there, each once, in any letter case.")   \
    X(v3_notify_fresh, enum step, (struct claim *c),                                               \
      "WX3-037", "The stamp is at most five minutes away, either way.")                            \
    X(v3_notify_key, enum step, (struct claim *c),                                                 \
      "WX3-013 WX3-014", "A certificate we do not know yet is looked for before the answer.")      \
    X(v3_notify_verify, enum step, (struct claim *c),                                              \
      "WX3-014 WX3-035 WX3-038", "The named key signed the raw bytes of the body.")                \
    X(v3_notify_parse, enum step, (struct claim *c),                                               \
      "WX3-048", "A JSON object, unknown members and any order of them welcome.")                  \
    X(v3_notify_event, enum step, (struct claim *c),                                               \
      "WX3-045", "Only TRANSACTION.SUCCESS of a transaction counts; the rest is acknowledged.")    \
    X(v3_notify_open, enum step, (struct claim *c),                                                \
      "WX3-046 WX3-047",                                                                           \
      "The resource is opened with nonce and associated_data as given, also empty or absent.")     \
    X(v3_notify_read, enum step, (struct claim *c),                                                \
      "WX3-034 WX3-043", "trade_state is SUCCESS, amounts are integers, transaction_id is there.") \
    X(v3_notify_identity, enum step, (struct claim *c),                                            \
      "WX3-043", "appid and mchid are ours.")                                                      \
    X(v3_query_read, enum step, (struct claim *c),                                                 \
      "WX3-034 WX3-043", "Amounts are integers, transaction_id is there.")                         \
    X(v3_notify_ack, void, (struct claim *c),                                                      \
      "WX3-039 WX3-040 WX3-042", "204 when it is handled, also again; else 4xx or 5xx with FAIL.")

#define STEP_MAP_V3(X)                                                                             \
    STEP_MAP_V3_REQUEST(X)                                                                         \
    STEP_MAP_V3_ANSWER(X)                                                                          \
    STEP_MAP_V3_KEYS(X)                                                                            \
    STEP_MAP_V3_NOTIFY(X)

/* clang-format on */

#endif
