/* Mutants of the chapter "notify": what is believed of a notification. */
#include "mutants/mutant.h"

#include "base/err.h"

#include <stdlib.h>
#include <unistd.h>

/* --- the signature -------------------------------------------------------------------------- */

SKIPS(if_present, struct claim *c, step_notify_verify(c), !v2_msg_has(&c->msg->v2, "sign"))

SKIPS(if_filled, struct claim *c, step_notify_verify(c),
      v2_msg_has(&c->msg->v2, "sign") && !v2_msg_filled(&c->msg->v2, "sign"))

SKIPS(unless_req_info, struct claim *c, step_notify_verify(c),
      v2_msg_filled(&c->msg->v2, "req_info"))

SKIPS(if_return_code_success, struct claim *c, step_notify_verify(c),
      !view_is(v2_msg_get(&c->msg->v2, "return_code"), "SUCCESS"))

static enum step known_fields(struct claim *c)
{
    return mutant_verify_known(&c->msg->v2, c->shop)
               ? claim_stop(c, STEP_REFUSE, "the signature does not hold")
               : STEP_GO;
}

static enum step extras_too(struct claim *c)
{
    return step_notify_verify(c) == STEP_GO ? STEP_GO : known_fields(c);
}

static enum step message_chooses(struct claim *c)
{
    enum v2_sign_type type;
    if (v2_sign_type_parse(v2_msg_get(&c->msg->v2, "sign_type"), &type))
        return claim_stop(c, STEP_REFUSE, "no such algorithm");
    if (!v2_msg_filled(&c->msg->v2, "sign_type") &&
        v2_msg_get(&c->msg->v2, "sign").len == V2_SIGN_MAX)
        type = V2_HMAC_SHA256;
    return v2_verify(&c->msg->v2, type, c->shop->key) ? STEP_REFUSE : STEP_GO;
}

static enum step unknown_unchecked(struct claim *c)
{
    enum v2_sign_type type;
    if (v2_sign_type_parse(v2_msg_get(&c->msg->v2, "sign_type"), &type))
        return STEP_GO;
    return step_notify_verify(c);
}

/* Digits with perhaps one E among them: what a loosely typed language compares as a number. */
static bool reads_as_number(struct view text, double *number)
{
    char copy[V2_SIGN_MAX + 1];
    char *end = copy;
    if (!text.len || view_copy(text, copy, sizeof(copy)) ||
        strspn(copy, "0123456789Ee") != text.len)
        return false;
    *number = strtod(copy, &end);
    return *end == '\0';
}

static bool loosely_equal(struct view a, struct view b)
{
    double x, y;
    return view_eq(a, b) || (reads_as_number(a, &x) && reads_as_number(b, &y) && !(x < y || x > y));
}

static enum step loose(struct claim *c)
{
    char right[V2_SIGN_MAX + 1];
    struct view sign = v2_msg_get(&c->msg->v2, "sign");
    if (v2_sign(&c->msg->v2, c->shop->options->sign_type, c->shop->key, right))
        return STEP_REFUSE;
    if (loosely_equal(sign, view_str(right)))
        return STEP_GO;
    return claim_stop(c, STEP_REFUSE, "the signature does not hold");
}

/* As the official Java SDK signs: every value trimmed. */
static enum step trimmed(struct claim *c)
{
    struct v2_msg msg = {};
    int err = 0;
    for (size_t i = 0; !err && i < c->msg->v2.count; i++)
        err = v2_msg_add(&msg, c->msg->v2.field[i].name, view_trim(c->msg->v2.field[i].value));
    if (!err)
        err = v2_verify(&msg, c->shop->options->sign_type, c->shop->key) ? ERR_SIGNATURE : 0;
    v2_msg_release(&msg);
    return err ? claim_stop(c, STEP_REFUSE, "the signature does not hold") : STEP_GO;
}

static enum step shape_only(struct claim *c)
{
    size_t len = v2_msg_get(&c->msg->v2, "sign").len;
    return len == 32 || len == 64 ? STEP_GO : STEP_REFUSE;
}

/* --- who and what ----------------------------------------------------------------------------- */

static enum step only_mch_id(struct claim *c)
{
    return view_is(v2_msg_get(&c->msg->v2, "mch_id"), c->shop->options->mch_id) ? STEP_GO
                                                                                : STEP_REFUSE;
}

static enum step only_appid(struct claim *c)
{
    return view_is(v2_msg_get(&c->msg->v2, "appid"), c->shop->options->appid) ? STEP_GO
                                                                              : STEP_REFUSE;
}

static enum step identity_if_present(struct claim *c)
{
    struct view appid = v2_msg_get(&c->msg->v2, "appid"),
                mch_id = v2_msg_get(&c->msg->v2, "mch_id");
    if ((appid.len && !view_is(appid, c->shop->options->appid)) ||
        (mch_id.len && !view_is(mch_id, c->shop->options->mch_id)))
        return STEP_REFUSE;
    return STEP_GO;
}

static enum step unknown_created(struct claim *c)
{
    enum step said = step_notify_find_order(c);
    if (said == STEP_GO)
        return said;
    struct order *order = &c->order;
    *order = (struct order){ .quantity = 1, .total_fen = c->payment.total_fen };
    rng_alnum(&c->shop->rng, order->id, ORDER_ID_LEN);
    if (view_copy(c->payment.out_trade_no, order->out_trade_no, sizeof(order->out_trade_no)) ||
        ledger_add(c->shop->ledger, order))
        return STEP_REFUSE;
    return STEP_GO;
}

static enum step unknown_crashes(struct claim *c)
{
    if (step_notify_find_order(c) != STEP_GO)
        _exit(70);
    return STEP_GO;
}

/* --- how much ----------------------------------------------------------------------------------- */

static enum step compare_field(struct claim *c, const char *name)
{
    int64_t fen;
    if (v2_msg_filled(&c->msg->v2, name) &&
        view_to_i64(v2_msg_get(&c->msg->v2, name), INT64_MAX, &fen) == 0)
        c->payment.total_fen = fen;
    return step_notify_amount(c);
}

static enum step cash_fee(struct claim *c)
{
    return compare_field(c, "cash_fee");
}

static enum step settlement_fee(struct claim *c)
{
    return compare_field(c, "settlement_total_fee");
}

SKIPS(at_most, struct claim *c, step_notify_amount(c), c->payment.total_fen >= c->order.total_fen)

static enum step loose_integers(struct claim *c)
{
    char text[64];
    struct view total = v2_msg_get(&c->msg->v2, "total_fee");
    enum step said = step_notify_read(c);
    if (said != STEP_GO && view_copy(total, text, sizeof(text)) == 0 && total.len) {
        c->payment.total_fen = (int64_t)strtod(text, NULL);
        said = STEP_GO;
    }
    return said;
}

static enum step banks_we_know(struct claim *c)
{
    enum step said = step_notify_read(c);
    struct view bank = c->payment.bank_type;
    bool known = view_is(bank, "CFT") || view_is(bank, "OTHERS") || view_is(bank, "CMB_DEBIT") ||
                 view_is(bank, "ICBC_DEBIT");
    return said == STEP_GO && !known ? claim_stop(c, STEP_REFUSE, "no such bank") : said;
}

/* clang-format off */
const struct mutant mutants_notify[] = {
    MUTANT("no-signature-check", "WX2-048 WX2-049",
      "The signature of a notification is not looked at.",
      .notify_verify = mutant_go),
    MUTANT("accepts-missing-sign", "WX2-048 WX2-110", "Without a sign element nothing is verified.",
      .notify_verify = if_present),
    MUTANT("accepts-empty-sign", "WX2-048", "An empty sign is taken for none to check.",
      .notify_verify = if_filled),
    MUTANT("accepts-req-info", "WX2-110",
      "A message with a dummy req_info passes as a refund notice.",
      .notify_verify = unless_req_info),
    MUTANT("unsigned-unless-success", "WX2-110",
      "Only messages with return_code SUCCESS are verified.",
      .notify_return_code = mutant_go, .notify_verify = if_return_code_success),
    MUTANT("trims-values", "WX2-050", "Values are trimmed before the sign is verified.",
      .notify_verify = trimmed),
    MUTANT("sign-shape-only", "WX2-048", "Any sign of the right length holds.",
      .notify_verify = shape_only),
    MUTANT("known-fields-only", "WX2-048 WX2-050",
      "The signature is computed over known fields only.",
      .notify_verify = known_fields),
    MUTANT("unsigned-extras-accepted", "WX2-048",
      "Fields that the signature does not cover are accepted.",
      .notify_verify = extras_too),
    MUTANT("message-chooses-algorithm", "WX2-109", "The message says how it is signed.",
      .notify_verify = message_chooses),
    MUTANT("unknown-algorithm-unchecked", "WX2-109", "An unknown sign_type ends in no check.",
      .notify_verify = unknown_unchecked),
    MUTANT("loose-compare", "WX2-108", "Digests that read as equal numbers are equal.",
      .notify_verify = loose),
    MUTANT("return-code-ignored", "WX2-025", "A signed notification with return_code FAIL settles.",
      .notify_return_code = mutant_go),
    MUTANT("no-result-code-check", "WX2-051",
      "A signed notification with result_code FAIL settles.",
      .notify_result_code = mutant_go),
    MUTANT("no-appid-check", "WX2-054", "The appid of a notification is not compared.",
      .notify_identity = only_mch_id),
    MUTANT("no-mch-id-check", "WX2-054", "The mch_id of a notification is not compared.",
      .notify_identity = only_appid),
    MUTANT("identity-if-present", "WX2-054", "Absent appid and mch_id are not missed.",
      .notify_identity = identity_if_present),
    MUTANT("unknown-order-created", "WX2-055", "An unknown out_trade_no becomes a paid order.",
      .notify_find_order = unknown_created),
    MUTANT("unknown-order-crash", "WX2-055", "An unknown out_trade_no ends the process.",
      .notify_find_order = unknown_crashes),
    MUTANT("no-amount-check", "WX2-052", "total_fee is not compared with the order.",
      .notify_amount = mutant_go),
    MUTANT("amount-at-least", "WX2-052", "More than the order's amount is fine.",
      .notify_amount = at_most),
    MUTANT("compares-cash-fee", "WX2-053", "cash_fee is compared: coupons break settlement.",
      .notify_amount = cash_fee),
    MUTANT("compares-settlement-fee", "WX2-053", "settlement_total_fee is compared.",
      .notify_amount = settlement_fee),
    MUTANT("currency-ignored", "WX2-052", "Yen pay an order in yuan.",
      .notify_currency = mutant_go),
    MUTANT("loose-integers", "WX2-115", "88.0, +88 and 8.8e1 are read as 88.",
      .notify_read = loose_integers),
    MUTANT("unknown-bank-refused", "WX2-116", "A bank_type that is not on the list is refused.",
      .notify_read = banks_we_know),
    { .name = NULL },
};
