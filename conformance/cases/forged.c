/*
 * forged.c — wrongly signed notifications, which must settle nothing (spec V2 2.6).
 *
 * The order is unpaid at the platform, so that a shop which asks there before it believes anything
 * is told the truth and passes.
 */
#include "cases/forged.h"
#include "base/mem.h"

#define REFUSED_EXPECTED "the answer is FAIL, an error or silence, never SUCCESS"

/* ---- wrong signatures ----------------------------------------------------------------------- */

/* V-1 */
static int change_digit(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    int err = notice_seal(bench, order, msg);

    if (!err) {
        char sign[ORACLE_SIGN_LEN + 1];
        err = view_copy(view_str(oracle_get(msg, "sign")), sign, sizeof(sign));
        sign[5] = sign[5] == 'A' ? 'B' : 'A';
        oracle_set(msg, "sign", sign);
    }
    return err;
}

static void digit_run(struct bench *bench)
{
    forge(bench, "a notification with one digit of its sign changed", change_digit);
}

/* V-2 */
static int leave_unsigned(struct bench *, const struct order *, struct oracle_msg *msg)
{
    return msg->err;
}

static void no_sign_run(struct bench *bench)
{
    forge(bench, "a notification without a sign", leave_unsigned);
}

/* V-3 */
static int empty_sign(struct bench *, const struct order *, struct oracle_msg *msg)
{
    oracle_set(msg, "sign", "");
    return msg->err;
}

static void empty_sign_run(struct bench *bench)
{
    forge(bench, "a notification with an empty sign", empty_sign);
}

/* V-5: the signature is right but for a field it does not cover. */
static int add_uncovered(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    int err = notice_seal(bench, order, msg);

    oracle_add(msg, "future_field", "x1");
    return err ? err : msg->err;
}

static void uncovered_run(struct bench *bench)
{
    forge(bench, "a notification with a field that its sign does not cover", add_uncovered);
}

/* V-6, as a thief would: a payment of another amount, its total_fee changed to the order's. */
static int change_amount(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    oracle_set_i64(msg, "total_fee", order->total_fen == 1 ? 2 : 1);
    int err = notice_seal(bench, order, msg);
    oracle_set_i64(msg, "total_fee", order->total_fen);
    return err ? err : msg->err;
}

static void amount_changed_run(struct bench *bench)
{
    forge(bench, "a notification whose total_fee was changed after signing", change_amount);
}

/* V-9 */
static int other_key(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    char key[33];

    bench_random(bench, key, 32);
    return oracle_seal(msg, notice_algorithm(order), key);
}

static void other_key_run(struct bench *bench)
{
    forge(bench, "a notification signed with another key", other_key);
}

/* Changed order number: a genuine payment of a cheap order, pointed at this one. */
static int move_payment(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    oracle_set(msg, "out_trade_no", "another-order");
    int err = notice_seal(bench, order, msg);
    oracle_set(msg, "out_trade_no", order->out_trade_no);
    return err ? err : msg->err;
}

static void moved_run(struct bench *bench)
{
    forge(bench, "a notification of another order, its out_trade_no changed", move_payment);
}

/* ---- comparison, algorithm, detours ----------------------------------------------------------- */

/* V-11: the right digest reads as a number; the sign is another text of an equal number. */
static void numeric_run(struct bench *bench)
{
    static const char *const signs[] = { "9E9999", "1e99999", "0", "0E1", "0e123" };
    struct oracle_msg msg = {};
    struct order *order = victim(bench, NULL);

    if (!order)
        return;
    if (notice_algorithm(order) != ORACLE_MD5) {
        bench_skip(bench, "the merchant signs with HMAC-SHA256: no such digest can be found");
        return;
    }
    bench_note(bench, order, "what",
               "a notification whose sign only equals the digest as a number");
    notice_fields(bench, order, &msg);
    int err = oracle_hunt_numeric(&msg, bench_account(bench)->api_key);
    for (size_t i = 0; i < COUNT(signs) && !err; i++) {
        oracle_set(&msg, "sign", signs[i]);
        err = notice_send(bench, order, &msg, NULL, "forged");
    }
    if (!err)
        err = look_after(bench, order);
    (void)err; /* recorded */
    oracle_release(&msg);
}

static int type_none_wrong(struct bench *, const struct order *, struct oracle_msg *msg)
{
    oracle_set(msg, "sign_type", "NONE");
    oracle_set(msg, "sign", "00000000000000000000000000000000");
    return msg->err;
}

static int type_none_bare(struct bench *, const struct order *, struct oracle_msg *msg)
{
    oracle_set(msg, "sign_type", "NONE");
    return msg->err;
}

static int type_sha1(struct bench *, const struct order *, struct oracle_msg *msg)
{
    oracle_set(msg, "sign_type", "SHA1");
    oracle_set(msg, "sign", "0000000000000000000000000000000000000000");
    return msg->err;
}

static int type_empty(struct bench *, const struct order *, struct oracle_msg *msg)
{
    oracle_set(msg, "sign_type", "");
    oracle_set(msg, "sign", "00000000000000000000000000000000");
    return msg->err;
}

/* The other algorithm is named, and the sign is none of it. */
static int type_other(struct bench *, const struct order *order, struct oracle_msg *msg)
{
    bool md5 = notice_algorithm(order) == ORACLE_MD5;

    oracle_set(msg, "sign_type", md5 ? "HMAC-SHA256" : "MD5");
    oracle_set(msg, "sign",
               md5 ? "0000000000000000000000000000000000000000000000000000000000000000"
                   : "00000000000000000000000000000000");
    return msg->err;
}

static void sign_type_run(struct bench *bench)
{
    static forge_fn *const kinds[] = { type_none_wrong, type_none_bare, type_sha1, type_empty,
                                       type_other };
    forge_each(bench, "notifications that name another sign_type and carry no right sign", kinds,
               COUNT(kinds));
}

/* Signed right, with the own key, by the algorithm the order was not placed with. */
static int other_algorithm(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    bool md5 = notice_algorithm(order) == ORACLE_MD5;

    oracle_set(msg, "sign_type", md5 ? "HMAC-SHA256" : "MD5");
    return oracle_seal(msg, md5 ? ORACLE_HMAC_SHA256 : ORACLE_MD5, bench_account(bench)->api_key);
}

static void other_algorithm_run(struct bench *bench)
{
    forge(bench, "a notification signed by another algorithm than the order's", other_algorithm);
}

/* Nobody without the key can do this, and known libraries let the message choose. */
static void other_algorithm_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *after = story_last(story, "status", "o1", "after");

    if (status_settled(after) && !status_settled(story_first(story, "status", "o1", "before")))
        rule_departs(ruling, "WX2-109", after,
                     "the message chose its algorithm and the order became \"%s\"; libraries in "
                     "production do so",
                     status_shown(after));
    else
        decide_unsettled(story, ruling, "WX2-109",
                         "a notification signed by another algorithm than the order's");
}

static int detour_fail(struct bench *, const struct order *, struct oracle_msg *msg)
{
    oracle_set(msg, "return_code", "FAIL");
    return msg->err;
}

static int detour_lower(struct bench *, const struct order *, struct oracle_msg *msg)
{
    oracle_set(msg, "return_code", "success");
    return msg->err;
}

static int detour_no_code(struct bench *, const struct order *, struct oracle_msg *msg)
{
    oracle_drop(msg, "return_code");
    return msg->err;
}

static int detour_req_info(struct bench *, const struct order *, struct oracle_msg *msg)
{
    oracle_add(msg, "req_info", "bm90aGluZw==");
    return msg->err;
}

static int detour_nobody(struct bench *, const struct order *, struct oracle_msg *msg)
{
    oracle_drop(msg, "appid");
    oracle_drop(msg, "mch_id");
    return msg->err;
}

static void detours_run(struct bench *bench)
{
    static forge_fn *const kinds[] = { detour_fail, detour_lower, detour_no_code, detour_req_info,
                                       detour_nobody };
    forge_each(bench, "unsigned notifications with another return_code, a req_info, or no ids",
               kinds, COUNT(kinds));
}

static const struct case_def cases[] = {
    FORGED("digit", digit_run,
           "A notification that is right but for one digit of its sign, for an unpaid order.",
           { "WX2-048", FORGED_EXPECTED }, { "WX2-049", REFUSED_EXPECTED }),
    FORGED("no-sign", no_sign_run, "A notification without sign, for an unpaid order.",
           { "WX2-048", FORGED_EXPECTED }, { "WX2-049", REFUSED_EXPECTED },
           { "WX2-110", FORGED_EXPECTED }),
    FORGED("empty-sign", empty_sign_run, "A notification with an empty sign, for an unpaid order.",
           { "WX2-048", FORGED_EXPECTED }, { "WX2-049", REFUSED_EXPECTED },
           { "WX2-110", FORGED_EXPECTED }),
    FORGED("uncovered-field", uncovered_run,
           "A rightly signed notification to which somebody added a field.",
           { "WX2-048", FORGED_EXPECTED }, { "WX2-049", REFUSED_EXPECTED }),
    FORGED("changed-amount", amount_changed_run,
           "A notification signed over another amount, changed to the order's.",
           { "WX2-048", FORGED_EXPECTED }, { "WX2-049", REFUSED_EXPECTED }),
    FORGED("moved-payment", moved_run,
           "A notification signed for another order, its number changed to this one.",
           { "WX2-048", FORGED_EXPECTED }, { "WX2-049", REFUSED_EXPECTED }),
    FORGED("other-key", other_key_run,
           "A notification signed with a key that is not the merchant's.",
           { "WX2-048", FORGED_EXPECTED }, { "WX2-049", REFUSED_EXPECTED }),
    FORGED("numeric-digest", numeric_run,
           "A notification whose right digest reads as a number, with signs that are equal to it "
           "only as numbers.",
           { "WX2-108", FORGED_EXPECTED }),
    FORGED(
        "sign-type", sign_type_run,
        "Notifications that name NONE, SHA1, nothing or the other algorithm as sign_type, without "
        "a right sign.",
        { "WX2-109", FORGED_EXPECTED }),
    { .id = "forged/other-algorithm",
      .experiment = "A notification signed with the merchant's key, but not by the algorithm its "
                    "order was placed with.",
      .claims = { { "WX2-109", FORGED_EXPECTED } },
      .needs = NEED_STATUS,
      .run = other_algorithm_run,
      .decide = other_algorithm_decide },
    FORGED("unsigned-detours", detours_run,
           "Unsigned notifications on the paths on which known libraries skip the check.",
           { "WX2-110", FORGED_EXPECTED }),
};

const struct chapter chapter_forged = { cases, COUNT(cases), API_V2 };
