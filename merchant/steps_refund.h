/*
 * steps_refund.h — the rows of the table about money that goes back; see steps.h, which includes
 * this.
 */
#ifndef MERCHANT_STEPS_REFUND_H
#define MERCHANT_STEPS_REFUND_H

/* clang-format off */

/* --- chapter "refund": what is asked for, and what the answers mean ------------------------- */
#define STEP_MAP_REFUND_ASK(X)                                                                     \
    X(refund_staff, bool, (struct shop *shop, struct http_call *call),                             \
      "WX2-088", "Only who shows the staff's token may give money back; without a token nobody.")  \
    X(refund_wish, const char *,                                                                   \
      (struct shop *shop, const json_t *wish, int64_t left_fen, struct refund *refund),            \
      "WX2-079 WX3-056", "Whole fen, at least one; said nothing, all that is left.")               \
    X(refund_number, int, (struct shop *shop, struct refund *refund),                              \
      "WX2-076 WX3-053",                                                                           \
      "Every refund has a number of its own, kept in the ledger before anybody is asked.")         \
    X(refund_same, bool, (struct shop *shop, const struct refund *kept, const struct refund *wish),\
      "WX2-077 WX2-079 WX3-053",                                                                   \
      "The same amount again while nobody knows how the first ends is the first.")                 \
    X(refund_room, const char *,                                                                   \
      (struct shop *shop, const struct order *order, const struct refund *refund,                  \
       const struct refund_sum *sum),                                                              \
      "WX2-079 WX3-056", "All that goes back is at most what was paid, in at most fifty parts.")   \
    X(refund_not_before, int64_t, (struct shop *shop, int64_t last_ms),                            \
      "WX2-086", "Refunds of one order are a minute apart: the next one waits its turn.")          \
    X(v3_refund_fields, json_t *,                                                                  \
      (struct shop *shop, const struct order *order, const struct refund *refund),                 \
      "WX3-053 WX3-057 WX3-059",                                                                   \
      "Every attempt sends what the ledger holds; amount.total is the order's; notify_url is there.")\
    X(refund_ask, enum api, (struct shop *shop, const struct refund *refund),                      \
      "WX2-077 WX3-053",                                                                           \
      "What nobody answered is queried first; only what is unknown there is asked for again.")     \
    X(refund_error, enum refusal, (struct answer *a, struct view code),                            \
      "WX2-027 WX2-081 WX3-060 WX3-071",                                                           \
      "The code is read from one table; what it does not know tells nothing.")                     \
    X(refund_accepted, enum refund_state, (struct shop *shop, struct refund *refund,               \
       struct answer *a),                                                                          \
      "WX2-080 WX3-054", "Accepted is not refunded, whatever the answer calls it.")                \
    X(refund_failed, void, (struct shop *shop, struct refund *refund, struct answer *a),           \
      "WX2-077 WX2-081 WX3-053 WX3-060",                                                           \
      "What failed keeps its number; only a definite no ends it, and a person is told.")           \
    X(refund_gap_s, int64_t,                                                                       \
      (struct shop *shop, const struct refund *refund, enum refusal why),                          \
      "WX2-081 WX2-087 WX3-054 WX3-060",                                                           \
      "Asked about after a minute, then less and less; after a limit not within a minute.")        \
    X(v3_refund_told, const char *,                                                                \
      (struct shop *shop, const struct answer *a, struct refund_facts *facts),                     \
      "WX3-058", "A refund query is read by status, its amounts are integers.")                    \
    X(refund_match, const char *,                                                                  \
      (struct shop *shop, const struct order *order, const struct refund *refund,                  \
       const struct refund_facts *facts),                                                          \
      "WX2-085 WX3-043", "Number, amounts, order and transaction are this refund's.")              \
    X(refund_word, enum refund_state, (struct shop *shop, struct view word),                       \
      "WX2-080 WX3-055", "Only SUCCESS is refunded; CHANGE and ABNORMAL wait for a person.")       \
    X(refund_settle, int,                                                                          \
      (struct shop *shop, struct order *order, struct refund *refund,                              \
       const struct refund_facts *facts),                                                          \
      "WX2-080 WX2-084 WX3-055",                                                                   \
      "Under the lock the refund moves forward or not at all; the last fen ends the order.")

/* --- chapter "refund_notify": the endpoint for refunds -------------------------------------- */
#define STEP_MAP_REFUND_NOTIFY(X)                                                                  \
    X(v3_refund_event, enum step, (struct claim *c),                                               \
      "WX3-045", "Only REFUND events of a refund count; the rest is acknowledged.")                \
    X(v3_refund_read, enum step, (struct claim *c),                                                \
      "WX3-058", "A notification is read by refund_status, never by status.")                      \
    X(v3_refund_identity, enum step, (struct claim *c),                                            \
      "WX3-043", "The refund's mchid is ours.")                                                               \
    X(refund_find, enum step, (struct claim *c),                                                   \
      "WX2-085 WX3-053", "The refund is found by out_refund_no; an unknown one is refused.")       \
    X(refund_lock, enum step, (struct claim *c),                                                   \
      "WX2-084", "The ledger's write lock is taken, then refund and order are read.")              \
    X(refund_compare, enum step, (struct claim *c),                                                \
      "WX2-085 WX3-043", "What is told is compared with what was asked for; else alarm and FAIL.") \
    X(refund_record, enum step, (struct claim *c),                                                 \
      "WX2-084 WX3-055 WX3-058", "A word nobody knows is refused; a known one is written down.")

/* --- chapter "refund_v2": the same over API V2 --------------------------------------------- */
#define STEP_MAP_REFUND_V2(X)                                                                      \
    X(refund_fields, int,                                                                          \
      (struct shop *shop, const struct order *order, const struct refund *refund,                  \
       struct v2_msg *msg),                                                                        \
      "WX2-077 WX2-078",                                                                           \
      "Every attempt sends what the ledger holds; total_fee is the order's.")                      \
    X(refund_told, const char *,                                                                   \
      (struct shop *shop, const struct answer *a, struct refund_facts *facts),                     \
      "WX2-080 WX2-115", "A refund query is read by refund_status_0, its amounts are plain digits.")\
    X(refund_identity, enum step, (struct claim *c),                                               \
      "WX2-083 WX2-085", "appid and mch_id are ours.")                                             \
    X(refund_open, enum step, (struct claim *c),                                                   \
      "WX2-082 WX2-083", "req_info opens with the digest of our key, padding and all, or is refused.")\
    X(refund_read, enum step, (struct claim *c),                                                   \
      "WX2-115", "Amounts are plain digits, the number is there.")

#define STEP_MAP_REFUND(X)                                                                         \
    STEP_MAP_REFUND_ASK(X)                                                                         \
    STEP_MAP_REFUND_NOTIFY(X)                                                                      \
    STEP_MAP_REFUND_V2(X)

/* clang-format on */

#endif
