/*
 * steps.h — THE TABLE OF PROTECTIVE STEPS.
 *
 * Everything that keeps this shop from losing money or goods is a step: one small function with
 * one name, the rules it obeys (WX2-… and WX3-…, the written specs) and one sentence. The rest
 * of the program calls a step only through `shop->steps`, so a reader who knows the name knows
 * the place, and a mutant (mutants/, never linked into wxpay-merchant) replaces just that one.
 *
 * One row: X(name, result, arguments, rules, sentence). From it come the member of struct steps,
 * the function's prototype, the table printed by `wxpay-merchant --steps`, and steps_right.
 */
#ifndef MERCHANT_STEPS_H
#define MERCHANT_STEPS_H

#include "answer.h"
#include "claim.h"
#include "shop.h"

#include <jansson.h>

/* The rows of API V3. */
#include "steps_v3.h"
/* The rows about refunds. */
#include "steps_refund.h"

/* clang-format off */

/* --- chapter "create": what the platform is asked for ------------------------------------- */
#define STEP_MAP_CREATE(X)                                                                         \
    X(price_from_list, const char *,                                                               \
      (struct shop *shop, const json_t *wish, struct order *order),                                \
      "WX2-032 WX2-033 WX3-026 WX3-027",                                                           \
      "The amount is price times quantity in whole fen, from the shop's own list; "                \
      "a price from the client is refused.")                                                       \
    X(create_number, int, (struct shop *shop, struct order *order),                                \
      "WX2-030 WX2-031 WX3-025",                                                                   \
      "Every order has a number of its own: time and chance, 6 to 32 characters, unique in the "   \
      "ledger also after a restart.")                                                              \
    X(create_text, int, (struct shop *shop, const struct goods *goods, struct order *order),       \
      "WX2-029 WX2-039",                                                                           \
      "body is \"shop-goods\" within 127 bytes, product_id is set.")                               \
    X(create_times, void, (struct shop *shop, struct order *order),                                \
      "WX2-037 WX2-092 WX3-029 WX3-032",                                                           \
      "time_start and time_expire are Beijing time, 14 digits; the order ends before its code.")   \
    X(create_address, int, (struct shop *shop, struct order *order),                               \
      "WX2-038", "spbill_create_ip is an address of this host that others can see.")               \
    X(create_notify_url, int, (struct shop *shop, struct order *order),                            \
      "WX2-041 WX2-042 WX3-028", "notify_url is absolute and has no query.")                       \
    X(create_fields, int, (struct shop *shop, const struct order *order, struct v2_msg *msg),      \
      "WX2-029 WX2-034",                                                                           \
      "Every attempt sends exactly what the ledger holds: same number, same parameters.")          \
    X(create_accepted, const char *, (struct shop *shop, struct order *order, struct answer *a),   \
      "WX2-025 WX2-090", "code_url is taken as it is: opaque text, not empty, not too long.")      \
    X(create_orderpaid, enum move, (struct shop *shop, struct order *order, struct answer *a),     \
      "WX2-036 WX3-033", "ORDERPAID at creation leads to a query, never to a second order.")       \
    X(create_refused, enum move, (struct shop *shop, struct order *order, struct answer *a),       \
      "WX2-035 WX3-030", "A definite no ends the order; its number is not used again.")            \
    X(create_unknown, enum move, (struct shop *shop, struct order *order, struct answer *a),       \
      "WX2-013 WX2-034 WX2-069 WX3-030 WX3-031",                                                   \
      "An unknown outcome is repeated with the same number and the same parameters.")

/* --- chapter "request": how the platform is asked ------------------------------------------ */
#define STEP_MAP_REQUEST(X)                                                                        \
    X(request_nonce, void, (struct shop *shop, char *out, size_t size),                            \
      "WX2-020 WX3-006",                                                                           \
      "nonce_str is 32 characters from the system's randomness, new for each request.")            \
    X(request_sign, int, (struct shop *shop, struct v2_msg *msg),                                  \
      "WX2-015 WX2-016 WX2-017 WX2-018 WX2-019",                                                   \
      "Signed are exactly the values sent: sign_type among them, empty ones left out, upper case.")\
    X(request_write, int, (struct shop *shop, const struct v2_msg *msg, struct buf *out),          \
      "WX2-002 WX2-003 WX2-004 WX2-005 WX2-006",                                                   \
      "One flat XML document in UTF-8, every value escaped.")                                      \
    X(request_send, int, (struct shop *shop, struct http_send *send),                              \
      "WX2-001 WX2-010", "POST, and an answer within seconds or none.")                            \
    X(retry_gap_s, int64_t, (struct shop *shop, const struct order *order),                        \
      "WX2-068 WX2-119 WX3-060 WX3-061",                                                           \
      "What failed is repeated after growing pauses, never in a tight loop.")

/* --- chapter "answer": which answers of the platform are believed -------------------------- */
#define STEP_MAP_ANSWER(X)                                                                         \
    X(answer_known, enum step, (struct answer *a),                                                 \
      "WX2-012 WX2-013",                                                                           \
      "No answer, another status than 200, HTML or cut XML: the outcome is unknown.")              \
    X(answer_return_code, enum step, (struct answer *a),                                           \
      "WX2-025", "return_code must be exactly SUCCESS; FAIL is unsigned and proves nothing.")      \
    X(answer_verify, enum step, (struct answer *a),                                                \
      "WX2-021 WX2-022 WX2-023 WX2-024",                                                           \
      "Every answer's sign is verified over all its fields before one of them is used.")           \
    X(answer_identity, enum step, (struct answer *a),                                              \
      "WX2-026", "appid and mch_id of the answer are ours.")                                       \
    X(answer_result_code, enum step, (struct answer *a),                                           \
      "WX2-025 WX2-027",                                                                           \
      "result_code must be exactly SUCCESS; otherwise err_code decides, never a text.")            \
    X(answer_error, enum refusal, (struct answer *a, struct view err_code),                        \
      "WX2-027 WX2-068", "err_code is read from one table; what it does not know is repeated.")

/* --- chapter "query": asking when nobody told ---------------------------------------------- */
#define STEP_MAP_QUERY(X)                                                                          \
    X(fallback_gap_s, int64_t, (struct shop *shop, const struct order *order),                     \
      "WX2-064 WX2-065 WX3-051",                                                                   \
      "Without a notification the shop asks: after 30 s, then less and less.")                     \
    X(query_state, enum trade, (struct shop *shop, struct view trade_state),                       \
      "WX2-025 WX2-070 WX3-034",                                                                   \
      "SUCCESS is paid, REFUND was paid, CLOSED is closed; the rest waits, unknown words too.")    \
    X(query_number, enum step, (struct claim *c),                                                  \
      "WX2-071 WX3-043", "The answer speaks of the order we asked about.")                         \
    X(query_read, enum step, (struct claim *c),                                                    \
      "WX2-071 WX2-115", "Amounts are plain digits, transaction_id is there.")                     \
    X(query_amount, enum step, (struct claim *c),                                                  \
      "WX2-071 WX3-043", "total_fee of the answer is the order's amount.")                         \
    X(query_currency, enum step, (struct claim *c),                                                \
      "WX2-071 WX3-043", "fee_type of the answer is CNY.")                                         \
    X(query_not_exist, enum move, (struct shop *shop, struct order *order, struct answer *a),      \
      "WX2-069 WX3-031", "ORDERNOTEXIST is not final: creation is repeated, or we wait.")          \
    X(query_unknown, enum move, (struct shop *shop, struct order *order, struct answer *a),        \
      "WX2-013 WX2-068 WX3-018 WX3-060",                                                           \
      "An unknown outcome of a query changes nothing; it is repeated.")                            \
    X(refresh_pause_ms, int64_t, (struct shop *shop, int64_t since_last_ms),                       \
      "WX2-065 WX2-093", "However often somebody asks us, the platform is asked once a second.")   \
    X(status_asks, bool, (struct shop *shop, const struct order *order),                           \
      "WX2-093", "Reading an order's state never asks the platform.")

/* --- chapter "close": ending an unpaid order ------------------------------------------------ */
#define STEP_MAP_CLOSE(X)                                                                          \
    X(expire_due, bool, (struct shop *shop, const struct order *order),                            \
      "WX2-072 WX2-075 WX2-092 WX3-029 WX3-032",                                                   \
      "When its time is over an unpaid order is closed, here and there.")                          \
    X(close_query_first, bool, (struct shop *shop, const struct order *order),                     \
      "WX2-066 WX3-033", "Before closing the shop asks whether the order is paid.")                \
    X(close_not_before, int64_t, (struct shop *shop, const struct order *order),                   \
      "WX2-063", "The platform is asked to close five minutes after creation at the earliest.")    \
    X(close_needed, bool, (struct shop *shop, const struct order *order),                          \
      "WX2-072 WX2-073 WX3-029", "An order ends only when the platform has confirmed it.")         \
    X(close_orderpaid, enum move, (struct shop *shop, struct order *order, struct answer *a),      \
      "WX2-067 WX3-033", "ORDERPAID at close means paid: query and settle.")                       \
    X(close_unknown, enum move, (struct shop *shop, struct order *order, struct answer *a),        \
      "WX2-068 WX3-060", "SYSTEMERROR or no answer at close is not closed: it is repeated.")       \
    X(close_gone, enum move, (struct shop *shop, struct order *order, struct answer *a),           \
      "WX2-067", "ORDERCLOSED and ORDERNOTEXIST at close: nothing is left to close.")

/* --- chapter "notify": the notification endpoint -------------------------------------------- */
#define STEP_MAP_NOTIFY(X)                                                                         \
    X(door_limits, void, (struct shop *shop, struct http_server_options *options),                 \
      "WX2-106", "Bodies, heads and the time to send them are bounded.")                           \
    X(notify_door, enum step, (struct claim *c),                                                   \
      "WX2-041 WX2-044 WX2-113 WX3-049 WX3-050",                                                   \
      "Anybody may POST: no login, no token, no redirect, whatever the Content-Type.")             \
    X(notify_parse, enum step, (struct claim *c),                                                  \
      "WX2-050 WX2-104 WX2-105 WX2-107",                                                           \
      "One bounded parse into one flat list; DOCTYPE, duplicates and nesting are refused.")        \
    X(notify_return_code, enum step, (struct claim *c),                                            \
      "WX2-025 WX2-110", "return_code must be exactly SUCCESS.")                                   \
    X(notify_verify, enum step, (struct claim *c),                                                 \
      "WX2-048 WX2-108 WX2-109 WX2-110 WX2-117",                                                   \
      "sign is verified over all fields, with our key and the algorithm of our orders.")           \
    X(notify_identity, enum step, (struct claim *c),                                               \
      "WX2-054", "appid and mch_id are ours, and both are there.")                                 \
    X(notify_result_code, enum step, (struct claim *c),                                            \
      "WX2-051", "result_code must be exactly SUCCESS.")                                           \
    X(notify_read, enum step, (struct claim *c),                                                   \
      "WX2-115 WX2-116", "Amounts are plain digits; kinds of bank and coupon are not judged.")     \
    X(notify_find_order, enum step, (struct claim *c),                                             \
      "WX2-055 WX3-044",                                                                           \
      "The order is found by out_trade_no; an unknown one is refused and logged.")                 \
    X(notify_amount, enum step, (struct claim *c),                                                 \
      "WX2-052 WX2-053 WX3-043",                                                                   \
      "total_fee, never cash_fee, is the order's amount; else alarm and FAIL.")                    \
    X(notify_currency, enum step, (struct claim *c),                                               \
      "WX2-052 WX3-043", "fee_type is CNY.")                                                       \
    X(notify_ack, void, (struct claim *c),                                                         \
      "WX2-045 WX2-046 WX2-049 WX2-111", "Exactly the documented XML, status 200, nothing else.")

/* --- chapter "settle": what a proven payment changes; notification and query alike ---------- */
#define STEP_MAP_SETTLE(X)                                                                         \
    X(settle_lock, enum step, (struct claim *c),                                                   \
      "WX2-057 WX3-041", "The ledger's write lock is taken, then the order is read.")              \
    X(settle_handled, enum step, (struct claim *c),                                                \
      "WX2-056 WX2-058 WX2-112 WX3-041 WX3-042",                                                   \
      "A transaction that was settled before is only acknowledged.")                               \
    X(settle_transaction, enum step, (struct claim *c),                                            \
      "WX2-060", "A second transaction for a paid order is recorded and raises an alarm.")         \
    X(settle_late, enum step, (struct claim *c),                                                   \
      "WX2-059", "Money for a closed order is recorded with an alarm; nothing is re-opened.")      \
    X(settle_persist, enum step, (struct claim *c),                                                \
      "WX2-061 WX2-062 WX2-114 WX3-039",                                                           \
      "Payment and order are written and committed before the answer.")                            \
    X(ship_once, int, (struct shop *shop, struct order *order),                                    \
      "WX2-056 WX2-057 WX3-041",                                                                   \
      "The goods go out once: a key in the ledger and the order's state say so.")

/* --- chapter "show": what the buyer sees ----------------------------------------------------- */
#define STEP_MAP_SHOW(X)                                                                           \
    X(qr_allowed, bool, (struct shop *shop, const struct order *order),                            \
      "WX2-091 WX2-092 WX3-032",                                                                   \
      "A code is shown only while the order is pending and its time runs.")                        \
    X(qr_text, int, (struct shop *shop, const struct order *order, struct buf *out),               \
      "WX2-089", "The picture holds code_url byte for byte.")                                      \
    X(qr_draw, int, (struct shop *shop, const struct order *order, struct buf *out),               \
      "WX2-091 WX2-094", "Drawn here, for this order, never kept.")                                \
    X(code_source, int, (struct shop *shop, const struct order *order, struct buf *out),           \
      "WX2-094", "The page's picture comes from this shop.")                                       \
    X(page_escape, int, (struct shop *shop, struct view text, struct buf *out),                    \
      "WX2-090 WX2-114", "Every text in a page is escaped.")                                       \
    X(page_return, void, (struct shop *shop, struct order *order),                                 \
      "WX2-074 WX2-098 WX3-052",                                                                   \
      "Coming back from the phone proves nothing: only the ledger counts.")                        \
    X(error_text, int, (struct shop *shop, struct view message, struct buf *out),                  \
      "WX2-111 WX3-070", "Errors name the place, never a key.")

#define STEP_MAP(X)                                                                                \
    STEP_MAP_CREATE(X)                                                                             \
    STEP_MAP_REQUEST(X)                                                                            \
    STEP_MAP_ANSWER(X)                                                                             \
    STEP_MAP_QUERY(X)                                                                              \
    STEP_MAP_CLOSE(X)                                                                              \
    STEP_MAP_NOTIFY(X)                                                                             \
    STEP_MAP_SETTLE(X)                                                                             \
    STEP_MAP_SHOW(X)                                                                               \
    STEP_MAP_REFUND(X)                                                                             \
    STEP_MAP_V3(X)

/* clang-format on */

struct steps {
#define X(name, result, arguments, rules, sentence) result(*name) arguments;
    STEP_MAP(X)
#undef X
};

/* The right ones: step_create_number(), step_notify_verify(), … in steps_CHAPTER.c. */
#define X(name, result, arguments, rules, sentence) result step_##name arguments;
STEP_MAP(X)
#undef X

/* All of the right ones; what wxpay-merchant runs with. */
extern const struct steps steps_right;

/* The table for readers, tests and `--steps`. */
struct step_row {
    const char *name, *rules, *sentence;
};

const struct step_row *steps_table(size_t *count);

#endif
