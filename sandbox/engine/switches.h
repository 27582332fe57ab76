/*
 * switches.h — where the manual is silent, a named choice (V2 12). One value per account; the
 * default is the spec's.
 *
 * X(name, clause, sentence, values…): the first value is the default. Values are small indices
 * into the list, with a constant each: SWITCH_answer_type_plain …
 */
#ifndef ENGINE_SWITCHES_H
#define ENGINE_SWITCHES_H

#include "base/view.h"

#define SWITCH_MAP(X)                                                                              \
    X(answer_type, "V2 1.2", "Content-Type of API answers", "text/plain", "text/xml",              \
      "text/xml; charset=utf-8")                                                                   \
    X(error_layer, "V2 1.7", "where refusals of format and signature show up", "real",             \
      "documented")                                                                                \
    X(length_unit, "V2 1.6", "what lengths of body and attach count", "bytes", "characters")       \
    X(blanks, "V2 2.2", "blanks around values when checking signatures", "significant", "trimmed") \
    X(sign_case, "V2 2.2", "lower-case hex in a request's sign", "refused", "accepted")            \
    X(prepay_repeat, "V2 5.3", "an identical unified order returns", "same", "new")                \
    X(reentry_compare, "V2 5.3", "fields compared on re-entry", "all", "core")                     \
    X(reentry_expired, "V2 5.3", "re-entry after time_expire", "ORDERCLOSED", "INVALID_REQUEST")   \
    X(auto_close, "V2 5.4", "when an unpaid order closes by itself", "7d", "at_expiry", "never")   \
    X(early_close, "V2 3.3", "closeorder within 5 minutes", "accepted", "refused")                 \
    X(expire_min, "V2 5.4", "least distance of time_expire", "1m", "5m")                           \
    X(short_number, "V2 12", "out_trade_no shorter than 6", "accepted", "refused")                 \
    X(product_id, "interop", "NATIVE without product_id", "accepted", "refused")                   \
    X(url_query, "V2 6.6", "notify_url with a query string", "delivered", "refused", "stripped")   \
    X(code_form, "V2 4.1", "form of code_url", "pr", "sr", "up", "s")                              \
    X(retry_table, "V2 6.4", "timetable of notifications", "current", "old")                       \
    X(retry_from, "V2 6.4", "gaps count from the attempt's", "end", "start")                       \
    X(retry_scale, "V2 6.4", "gaps are divided by", "1", "15", "60", "1000")                       \
    X(ack_mode, "V2 6.3", "how strictly acknowledgements are read", "lenient", "strict")           \
    X(ack_timeout, "V2 6.3", "how long an acknowledgement may take", "5s", "2s")                   \
    X(notify_nonce, "V2 6.2", "nonce_str of a notification", "fresh", "order")                     \
    X(notify_sign_type, "V2 2.3", "sign_type in an HMAC order's notification", "present",          \
      "absent")                                                                                    \
    X(query_layout, "V2 3.2", "layout of orderquery answers", "classic", "newer")                  \
    X(wrong_password, "V2 5.2", "a failed payment leaves the order", "NOTPAY", "PAYERROR")         \
    X(strict_docs, "V3 1.5", "V3 errors have the shape of", "wire", "documentation")               \
    X(sign_errors, "V3 2.6", "V3 errors after authentication are", "signed", "unsigned")           \
    X(reject_extra, "V3 1.5", "undeclared members of a V3 body", "ignored", "refused")             \
    X(paid_code, "V3 12", "code for a paid order created or closed again", "ORDERPAID",            \
      "ORDER_PAID")                                                                                \
    X(refund_result, "V3 7", "what a new refund becomes after two seconds", "success",             \
      "processing", "abnormal", "closed")                                                          \
    X(bill_mark, "V3 4.5", "a byte order mark in front of a V3 bill", "absent", "present")         \
    X(openid_form, "V3 4.1", "openids of V3 that cannot be real", "refused", "accepted")           \
    X(combine_most, "V3 4.7", "how many orders one payment may combine", "10", "50")               \
    X(auth_spaces, "V3 2.2", "blanks after commas in Authorization", "refused", "accepted")        \
    X(probe_responses, "V3 2.8", "share of V3 answers with a probe instead of a signature", "0",   \
      "1%", "10%", "100%")                                                                         \
    X(probe_callbacks, "V3 2.8", "share of V3 notifications whose first delivery is a probe", "0", \
      "1%", "10%", "100%")                                                                         \
    X(rate_limits, "V3 5.4", "the public limits of V3 calls per second, real time", "off", "on")   \
    X(reject_nonce_replay, "V3 2.3", "a nonce_str used again in Authorization", "accepted",        \
      "refused")                                                                                   \
    X(stamp_clock, "V3 12", "what V3 timestamps are made and measured by", "real", "virtual")

enum switch_id {
#define X(name, clause, sentence, ...) SWITCH_##name,
    SWITCH_MAP(X)
#undef X
        SWITCH_COUNT
};

#define SWITCH_VALUES_MAX 4

struct switch_row {
    const char *name, *clause, *sentence;
    const char *values[SWITCH_VALUES_MAX]; /* NULL after the last; [0] is the default */
};

extern const struct switch_row switch_rows[SWITCH_COUNT];

/* One account's choices: index of the value per switch; zeroed means all defaults. */
struct switches {
    unsigned char value[SWITCH_COUNT];
};

/* Of a switch whose values are shares ("10%"), in thousandths. */
int switch_per_mille(const struct switches *switches, enum switch_id id);

/* "real", "5s", … */
const char *switch_value(const struct switches *switches, enum switch_id id);

/* Is @id set to this very text? The text must be one of its values (asserted). */
bool switch_is(const struct switches *switches, enum switch_id id, const char *text);

/*
 * By name. 0; ERR_NOT_FOUND for an unknown switch; ERR_SYNTAX for a value it does not have.
 */
[[nodiscard]] int switch_set(struct switches *switches, struct view name, struct view value);

#endif
