/* Mutants of the chapter "answer": which answers of the platform are believed. */
#include "mutants/mutant.h"

#include "base/err.h"

SAYS(go, enum step, (struct answer *), STEP_GO)

static enum step no(struct answer *a, const char *why)
{
    a->why = why;
    return STEP_REFUSE;
}

/* --- the signature ------------------------------------------------------------------------- */

SKIPS(not_of_create, struct answer *a, step_answer_verify(a), a->api == API_CREATE)

SKIPS(not_of_query, struct answer *a, step_answer_verify(a), a->api == API_QUERY)

SKIPS(not_of_failures, struct answer *a, step_answer_verify(a),
      !view_is(v2_msg_get(&a->message.v2, "result_code"), "SUCCESS"))

SKIPS(if_present, struct answer *a, step_answer_verify(a), !v2_msg_filled(&a->message.v2, "sign"))

static enum step known_fields(struct answer *a)
{
    return mutant_verify_known(&a->message.v2, a->shop) ? no(a, "the signature does not hold")
                                                        : STEP_GO;
}

static enum step extras_too(struct answer *a)
{
    return step_answer_verify(a) == STEP_GO ? STEP_GO : known_fields(a);
}

/* --- three layers ------------------------------------------------------------------------------ */

static enum step result_ignored(struct answer *a)
{
    a->outcome = ANSWER_OK;
    return STEP_DONE;
}

static enum step unless_fail(struct answer *a)
{
    if (view_is(v2_msg_get(&a->message.v2, "result_code"), "FAIL"))
        return step_answer_result_code(a);
    a->outcome = ANSWER_OK;
    return STEP_DONE;
}

static enum refusal by_text(struct answer *a, struct view err_code)
{
    struct view text = v2_msg_get(&a->message.v2, "err_code_des");
    if (view_find(text, VIEW("已支付")) != SIZE_MAX || view_is(text, "order paid"))
        return REFUSAL_PAID;
    enum refusal error = step_answer_error(a, err_code);
    return error == REFUSAL_PAID ? REFUSAL_CLOSED : error;
}

/* --- what it looks like -------------------------------------------------------------------------- */

static enum step garbage_fails(struct answer *a)
{
    enum step said = step_answer_known(a);
    if (said != STEP_GO && !a->err) {
        a->outcome = ANSWER_ERROR;
        a->error = REFUSAL_CLOSED;
    }
    return said;
}

/* At create and close such an error ends the order by itself. */
static enum move garbage_ends(struct shop *shop, struct order *order, struct answer *a)
{
    bool garbage = a->outcome == ANSWER_ERROR && a->error == REFUSAL_CLOSED;
    return garbage ? MOVE_ENDED : step_query_unknown(shop, order, a);
}

static enum step classic_layout(struct answer *a)
{
    enum step said = step_answer_known(a);
    if (said == STEP_GO && !view_is(a->message.v2.field[0].name, "return_code"))
        return no(a, "return_code must be first");
    return said;
}

static enum step no_spaces(struct answer *a)
{
    if (view_find(a->body, VIEW("> <")) != SIZE_MAX ||
        view_find(a->body, VIEW(">\n\n<")) != SIZE_MAX ||
        view_find(a->body, VIEW(">\n  <")) != SIZE_MAX)
        return no(a, "white space between elements");
    return step_answer_known(a);
}

static enum step no_empty(struct answer *a)
{
    enum step said = step_answer_known(a);
    for (size_t i = 0; said == STEP_GO && i < a->message.v2.count; i++) {
        if (a->message.v2.field[i].value.len == 0)
            return no(a, "an empty element");
    }
    return said;
}

/* clang-format off */
const struct mutant mutants_answer[] = {
    MUTANT("answers-unverified", "WX2-021 WX2-022 WX2-024", "The sign of answers is not looked at.",
      .answer_verify = go),
    MUTANT("create-answer-unverified", "WX2-021",
      "The sign of unifiedorder answers is not looked at.",
      .answer_verify = not_of_create),
    MUTANT("query-answer-unverified", "WX2-021 WX2-071",
      "The sign of orderquery answers is not looked at.",
      .answer_verify = not_of_query),
    MUTANT("failures-unverified", "WX2-022", "Signed failures are not verified.",
      .answer_verify = not_of_failures),
    MUTANT("answer-sign-if-present", "WX2-021", "An answer without sign is believed.",
      .answer_verify = if_present),
    MUTANT("answer-known-fields-only", "WX2-023",
      "Unknown fields are left out when verifying answers.",
      .answer_verify = known_fields),
    MUTANT("answer-extras-accepted", "WX2-024",
      "Fields of an answer that nobody signed are accepted.",
      .answer_verify = extras_too),
    MUTANT("answer-identity-unchecked", "WX2-026", "An answer for another merchant is believed.",
      .answer_identity = go),
    MUTANT("answer-return-code-ignored", "WX2-025", "return_code of answers is not looked at.",
      .answer_return_code = go),
    MUTANT("answer-result-code-ignored", "WX2-025", "result_code of answers is not looked at.",
      .answer_result_code = result_ignored),
    MUTANT("answer-not-fail-is-success", "WX2-025", "Any result_code but FAIL is success.",
      .answer_result_code = unless_fail),
    MUTANT("branches-on-text", "WX2-027", "ORDERPAID is recognised by its Chinese text.",
      .answer_error = by_text),
    MUTANT("garbage-is-failure", "WX2-013", "HTML or cut XML is taken for the order's end.",
      .answer_known = garbage_fails, .query_unknown = garbage_ends),
    MUTANT("answer-order-matters", "WX2-012", "return_code must be the first element of an answer.",
      .answer_known = classic_layout),
    MUTANT("answer-spaces-refused", "WX2-012", "White space between elements is refused.",
      .answer_known = no_spaces),
    MUTANT("answer-empty-refused", "WX2-012", "An answer with an empty element is refused.",
      .answer_known = no_empty),
    { .name = NULL },
};
