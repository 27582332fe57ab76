/* Mutants of the chapter "v3_answer": which answers of API V3 are believed. */
#include "mutants/mutant.h"

#include <stdlib.h>

#define PROBE VIEW("WECHATPAY/SIGNTEST/")

static enum step no(struct answer *a, const char *why)
{
    a->why = why;
    return STEP_REFUSE;
}

SAYS(go, enum step, (struct answer *), STEP_GO)

/* --- the signature ------------------------------------------------------------------------------ */

/* The three checks of a proof are left out when @when holds. */
#define UNPROVEN(name, when)                                                                       \
    SKIPS(name##_headers, struct answer *a, step_v3_answer_headers(a), when)                       \
    SKIPS(name##_fresh, struct answer *a, step_v3_answer_fresh(a), when)                           \
    SKIPS(name##_verify, struct answer *a, step_v3_answer_verify(a), when)
#define WITHOUT_PROOF(name)                                                                        \
    .v3_answer_headers = name##_headers, .v3_answer_fresh = name##_fresh,                          \
    .v3_answer_verify = name##_verify

UNPROVEN(of_create, a->api == API_CREATE)
UNPROVEN(of_query, a->api == API_QUERY)
UNPROVEN(of_204, a->status == 204)
UNPROVEN(no_headers, a->proof.fault != NULL)
UNPROVEN(probes, view_starts(view_str(a->proof.signature), PROBE))

/* A probe is taken for an attack, and the order for lost. */
static enum step probe_ends(struct answer *a)
{
    if (!view_starts(view_str(a->proof.signature), PROBE))
        return step_v3_answer_verify(a);
    a->outcome = ANSWER_ERROR;
    a->error = REFUSAL_FINAL;
    return STEP_DONE;
}

static enum move probe_stops(struct shop *shop, struct order *order, struct answer *a)
{
    bool lost = a->outcome == ANSWER_ERROR && a->error == REFUSAL_FINAL;
    return lost ? MOVE_ENDED : step_query_unknown(shop, order, a);
}

/* --- errors -------------------------------------------------------------------------------------- */

static enum step crash_unsigned(struct answer *a)
{
    if (a->status >= 400 && a->proof.fault)
        abort(); /* "the headers must be there" */
    return step_v3_answer_status(a);
}

static enum refusal unsigned_ends(struct answer *a, struct view code)
{
    return a->status == 401 || a->status == 429 ? REFUSAL_FINAL : step_v3_answer_error(a, code);
}

static enum refusal busy_ends(struct answer *a, struct view code)
{
    return a->status == 429 ? REFUSAL_FINAL : step_v3_answer_error(a, code);
}

static enum refusal trouble_ends(struct answer *a, struct view code)
{
    return a->status >= 500 ? REFUSAL_FINAL : step_v3_answer_error(a, code);
}

static enum refusal by_message(struct answer *a, struct view code)
{
    struct view text = view_str(json_string_value(json_object_get(a->message.v3, "message")));
    enum refusal error = step_v3_answer_error(a, code);
    if (view_find(text, VIEW("已支付")) != SIZE_MAX)
        return REFUSAL_PAID;
    return error == REFUSAL_PAID ? REFUSAL_CLOSED : error;
}

/* Looks for detail.field, which the wire has not. */
static enum refusal by_field(struct answer *a, struct view code)
{
    const json_t *detail = json_object_get(a->message.v3, "detail");
    enum refusal error = step_v3_answer_error(a, code);
    if (view_is(code, "PARAM_ERROR") && !json_object_get(detail, "field"))
        abort();
    return error;
}

/* --- what it says ---------------------------------------------------------------------------------- */

static enum step no_204(struct answer *a)
{
    return a->status == 204 ? no(a, "the status is not 200") : step_v3_answer_status(a);
}

static enum step known_members(struct answer *a)
{
    static const char *const known[] = {
        "code_url", "appid",      "mchid",      "out_trade_no",     "transaction_id",
        "attach",   "trade_type", "bank_type",  "trade_state",      "trade_state_desc",
        "payer",    "amount",     "scene_info", "promotion_detail", "success_time",
    };
    enum step said = step_v3_answer_parse(a);
    const char *name;
    json_t *value;
    json_object_foreach(a->message.v3, name, value)
    {
        bool found = false;
        for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
            found = found || strcmp(known[i], name) == 0;
        if (!found)
            return no(a, "a member that nobody knows");
    }
    return said;
}

/* clang-format off */
const struct mutant mutants_v3_answer[] = {
    MUTANT("v3-answers-unverified", "WX3-011 WX3-012 WX3-016", "The signature of answers is not looked at.",
      .v3_answer_headers = go, .v3_answer_fresh = go, .v3_answer_verify = go),
    MUTANT("v3-create-unverified", "WX3-011", "The signature of a creation's answer is not looked at.",
      WITHOUT_PROOF(of_create)),
    MUTANT("v3-query-unverified", "WX3-011", "The signature of a query's answer is not looked at.",
      WITHOUT_PROOF(of_query)),
    MUTANT("v3-answer-headers-optional", "WX3-012", "An answer without signature headers is believed.",
      WITHOUT_PROOF(no_headers)),
    MUTANT("v3-old-answers", "WX3-015", "An answer may be as old as it likes.",
      .v3_answer_fresh = go),
    MUTANT("v3-204-unverified", "WX3-016", "An answer without a body is not verified.",
      WITHOUT_PROOF(of_204)),
    MUTANT("v3-204-refused", "WX3-016", "Only 200 is success: orders never close.",
      .v3_answer_status = no_204),
    MUTANT("v3-unsigned-error-crash", "WX3-017", "An error without a signature ends the process.",
      .v3_answer_status = crash_unsigned),
    MUTANT("v3-unsigned-error-final", "WX3-017", "401 and 429 end the order.",
      .v3_answer_error = unsigned_ends),
    MUTANT("v3-probe-accepted", "WX3-018", "A probe is taken for a right signature.",
      WITHOUT_PROOF(probes)),
    MUTANT("v3-probe-final", "WX3-018", "A probe in an answer ends the order.",
      .v3_answer_verify = probe_ends, .query_unknown = probe_stops),
    MUTANT("v3-trouble-final", "WX3-031", "A status of 500 or more is a failed order.",
      .v3_answer_error = trouble_ends),
    MUTANT("v3-busy-final", "WX3-060", "429 is a failed order.",
      .v3_answer_error = busy_ends),
    MUTANT("v3-branches-on-message", "WX3-071", "ORDERPAID is recognised by its Chinese text.",
      .v3_answer_error = by_message),
    MUTANT("v3-documented-detail", "WX3-072", "PARAM_ERROR without detail.field ends the process.",
      .v3_answer_error = by_field),
    MUTANT("v3-answer-members-known", "WX3-048", "An answer with an unknown member is refused.",
      .v3_answer_parse = known_members),
    MUTANT("v3-answer-identity-unchecked", "WX3-043", "An answer about another merchant is believed.",
      .v3_answer_identity = go),
    { .name = NULL },
};
