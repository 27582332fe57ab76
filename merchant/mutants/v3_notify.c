/* Mutants of the chapter "v3_notify": what is believed of a notification of API V3. */
#include "mutants/mutant.h"

#include "base/base64.h"
#include "base/err.h"
#include "wxpay/v3_seal.h"

#include <stdlib.h>

#define PROBE VIEW("WECHATPAY/SIGNTEST/")

static struct view text_of(const json_t *object, const char *member)
{
    return view_str(json_string_value(json_object_get(object, member)));
}

static struct view header_of(const struct claim *c, const char *name)
{
    return http_header_get(http_call_request(c->call)->headers, name);
}

/* --- the proof ------------------------------------------------------------------------------------ */

/* Headers, freshness and signature are not looked at when @when holds. */
#define UNPROVEN(name, when)                                                                       \
    SKIPS(name##_headers, struct claim *c, step_v3_notify_headers(c), when)                        \
    SKIPS(name##_fresh, struct claim *c, step_v3_notify_fresh(c), when)                            \
    SKIPS(name##_key, struct claim *c, step_v3_notify_key(c), when)                                \
    SKIPS(name##_verify, struct claim *c, step_v3_notify_verify(c), when)
#define WITHOUT_PROOF(name)                                                                        \
    .v3_notify_headers = name##_headers, .v3_notify_fresh = name##_fresh,                          \
    .v3_notify_key = name##_key, .v3_notify_verify = name##_verify

UNPROVEN(no_signature, !header_of(c, "Wechatpay-Signature").len)
UNPROVEN(no_serial, !header_of(c, "Wechatpay-Serial").len)
UNPROVEN(no_stamp, !header_of(c, "Wechatpay-Timestamp").len)
UNPROVEN(no_nonce, !header_of(c, "Wechatpay-Nonce").len)
UNPROVEN(probe, view_starts(header_of(c, "Wechatpay-Signature"), PROBE))

static enum step old_only(struct claim *c)
{
    int64_t stamp;
    if (view_to_i64(view_str(c->proof.timestamp), INT64_MAX, &stamp))
        return STEP_REFUSE;
    return stamp * 1000 > clock_real_ms() ? STEP_GO : step_v3_notify_fresh(c);
}

/* The framework gave an object; what is verified is its own writing of it (F2). */
static enum step written_again(struct claim *c)
{
    const struct v3_public *key =
        c->shop->steps->v3_keys_choose(c->shop, view_str(c->proof.serial));
    struct view body = http_call_request(c->call)->body;
    json_t *value = json_loadb(body.ptr ? body.ptr : "", body.len, 0, NULL);
    char *text = json_dumps(value, JSON_COMPACT);
    enum step said =
        key && v3_proof_verify(&c->proof, key, view_str(text)) == 0 ? STEP_GO : STEP_REFUSE;
    free(text); /* jansson's own block */
    json_decref(value);
    c->proven = said == STEP_GO;
    return said;
}

/* --- what is inside ---------------------------------------------------------------------------------- */

static enum step unknown_refused(struct claim *c)
{
    return step_v3_notify_event(c) == STEP_GO ? STEP_GO
                                              : claim_stop(c, STEP_REFUSE, "no such event");
}

static enum step fixed_data(struct claim *c)
{
    json_t *resource = json_object_get(c->envelope, "resource");
    json_object_set_new(resource, "associated_data", json_string("transaction"));
    return step_v3_notify_open(c);
}

static enum step empty_refused(struct claim *c)
{
    if (!text_of(json_object_get(c->envelope, "resource"), "associated_data").len)
        return claim_stop(c, STEP_REFUSE, "associated_data is missing");
    return step_v3_notify_open(c);
}

/* GCM is a stream: what is sealed twice under one nonce is open again, and no tag was asked. */
static int open_untagged(const struct v3_seal *seal, struct view data, struct buf *out)
{
    struct buf again = BUF_INIT(2 * V3_SEAL_MAX);
    if (data.len < V3_SEAL_TAG_LEN)
        return ERR_SYNTAX;
    data.len -= V3_SEAL_TAG_LEN;
    int err = v3_seal(seal, data, &again);
    if (!err)
        err = base64_decode(buf_view(&again), out);
    if (!err)
        out->len -= V3_SEAL_TAG_LEN;
    buf_release(&again);
    return err;
}

static enum step tag_ignored(struct claim *c)
{
    const json_t *resource = json_object_get(c->envelope, "resource");
    struct buf data = BUF_INIT(2 * V3_SEAL_MAX), plain = BUF_INIT(2 * V3_SEAL_MAX);
    struct v3_seal seal = { .key = view_str(c->shop->options->apiv3_key),
                            .nonce = text_of(resource, "nonce") };
    int err = base64_decode(text_of(resource, "ciphertext"), &data);
    if (!err)
        err = open_untagged(&seal, buf_view(&data), &plain);
    if (!err)
        c->msg->v3 = json_loadb(plain.ptr, plain.len, 0, NULL);
    buf_release(&data);
    buf_release(&plain);
    return c->msg->v3 ? STEP_GO : claim_stop(c, STEP_REFUSE, "the resource cannot be opened");
}

static bool all_known(const json_t *object, const char *const *known)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        size_t i = 0;
        while (known[i] && strcmp(known[i], name) != 0)
            i++;
        if (!known[i])
            return false;
    }
    return true;
}

static enum step envelope_known(struct claim *c)
{
    static const char *const known[] = { "id",         "create_time", "resource_type",
                                         "event_type", "summary",     "resource",
                                         NULL };
    enum step said = step_v3_notify_parse(c);
    return said != STEP_GO || all_known(c->envelope, known)
               ? said
               : claim_stop(c, STEP_REFUSE, "a member that nobody knows");
}

static enum step resource_known(struct claim *c)
{
    static const char *const known[] = {
        "mchid",       "appid",     "out_trade_no", "transaction_id",   "trade_type",
        "trade_state", "bank_type", "attach",       "trade_state_desc", "success_time",
        "payer",       "amount",    "scene_info",   "promotion_detail", NULL
    };
    enum step said = step_v3_notify_open(c);
    return said != STEP_GO || all_known(c->msg->v3, known)
               ? said
               : claim_stop(c, STEP_REFUSE, "a member that nobody knows");
}

/* --- the trade ------------------------------------------------------------------------------------------ */

static enum step any_state(struct claim *c)
{
    return step_v3_query_read(c);
}

static enum step payer_total(struct claim *c)
{
    enum step said = step_v3_notify_read(c);
    c->payment.total_fen = c->payment.cash_fen;
    return said;
}

static enum step query_payer_total(struct claim *c)
{
    enum step said = step_v3_query_read(c);
    c->payment.total_fen = c->payment.cash_fen;
    return said;
}

static enum step only_mchid(struct claim *c)
{
    return view_is(text_of(c->msg->v3, "mchid"), c->shop->options->mch_id) ? STEP_GO : STEP_REFUSE;
}

static enum step only_appid(struct claim *c)
{
    return view_is(text_of(c->msg->v3, "appid"), c->shop->options->appid) ? STEP_GO : STEP_REFUSE;
}

/* --- the door ---------------------------------------------------------------------------------------------- */

static enum step browsers_refused(struct claim *c)
{
    return view_starts(header_of(c, "User-Agent"), VIEW("Mozilla/")) ? STEP_REFUSE : STEP_GO;
}

static enum step letter_case(struct claim *c)
{
    const struct http_headers *headers = http_call_request(c->call)->headers;
    for (size_t i = 0; i < headers->count; i++) {
        if (view_is(headers->item[i].name, "Wechatpay-Signature"))
            return step_v3_notify_headers(c);
    }
    return claim_stop(c, STEP_REFUSE, "a signature header is missing");
}

static void fail_with_200(struct claim *c)
{
    bool ok = c->verdict == STEP_GO || c->verdict == STEP_DONE;
    http_call_reply(c->call, 200, NULL, 0,
                    ok ? VIEW("") : VIEW("{\"code\":\"FAIL\",\"message\":\"失败\"}"));
}

static void unproven_welcome(struct claim *c)
{
    if (c->proven)
        step_v3_notify_ack(c);
    else
        http_call_reply(c->call, 204, NULL, 0, VIEW(""));
}

static void created(struct claim *c)
{
    bool ok = c->verdict == STEP_GO || c->verdict == STEP_DONE;
    if (ok)
        http_call_reply(c->call, 201, NULL, 0, VIEW(""));
    else
        step_v3_notify_ack(c);
}

static void redirected(struct claim *c)
{
    static const struct http_header place = { VIEW("Location"), VIEW("/error") };
    bool ok = c->verdict == STEP_GO || c->verdict == STEP_DONE;
    if (ok)
        step_v3_notify_ack(c);
    else
        http_call_reply(c->call, 302, &place, 1, VIEW(""));
}

static void probe_crash(struct claim *c)
{
    if (view_starts(header_of(c, "Wechatpay-Signature"), PROBE))
        abort(); /* "the decoder never fails" */
    step_v3_notify_ack(c);
}

static void key_in_failure(struct claim *c)
{
    struct buf body = BUF_INIT(1024);
    bool ok = c->verdict == STEP_GO || c->verdict == STEP_DONE;
    if (ok || buf_fmt(&body, "{\"code\":\"FAIL\",\"message\":\"%s with key %s\"}", c->why,
                      c->shop->options->apiv3_key))
        step_v3_notify_ack(c);
    else
        http_call_reply(c->call, c->proven ? 500 : 401, NULL, 0, buf_view(&body));
    buf_release(&body);
}

/* clang-format off */
const struct mutant mutants_v3_notify[] = {
    MUTANT("v3-notify-unverified", "WX3-035 WX3-036", "Signature, stamp and headers are not looked at.",
      .v3_notify_headers = mutant_go, .v3_notify_fresh = mutant_go, .v3_notify_key = mutant_go,
      .v3_notify_verify = mutant_go),
    MUTANT("v3-notify-written-again", "WX3-035", "Verified is the body as written again from the parsed one.",
      .v3_notify_verify = written_again),
    MUTANT("v3-notify-no-signature", "WX3-036", "Without Wechatpay-Signature nothing is verified.",
      WITHOUT_PROOF(no_signature)),
    MUTANT("v3-notify-no-serial", "WX3-036", "Without Wechatpay-Serial nothing is verified.",
      WITHOUT_PROOF(no_serial)),
    MUTANT("v3-notify-no-stamp", "WX3-036", "Without Wechatpay-Timestamp nothing is verified.",
      WITHOUT_PROOF(no_stamp)),
    MUTANT("v3-notify-no-nonce", "WX3-036", "Without Wechatpay-Nonce nothing is verified.",
      WITHOUT_PROOF(no_nonce)),
    MUTANT("v3-notify-any-age", "WX3-037", "A notification of yesterday is taken.",
      .v3_notify_fresh = mutant_go),
    MUTANT("v3-notify-future", "WX3-037", "A stamp in the future is taken.",
      .v3_notify_fresh = old_only),
    MUTANT("v3-notify-probe-accepted", "WX3-038", "A probe is taken for a right signature.",
      WITHOUT_PROOF(probe)),
    MUTANT("v3-notify-probe-crash", "WX3-038", "A probe ends the process.",
      .v3_notify_ack = probe_crash),
    MUTANT("v3-notify-refusal-redirects", "WX3-038 WX3-040", "What is refused is redirected to a page.",
      .v3_notify_ack = redirected),
    MUTANT("v3-fail-with-200", "WX3-040", "A refusal is a 200 that says FAIL.",
      .v3_notify_ack = fail_with_200),
    MUTANT("v3-unproven-204", "WX3-040 WX3-038", "What nobody signed is acknowledged.",
      .v3_notify_ack = unproven_welcome),
    MUTANT("v3-status-201", "WX3-039", "Acknowledged with 201.",
      .v3_notify_ack = created),
    MUTANT("v3-notify-appid-unchecked", "WX3-043", "The appid of the resource is not compared.",
      .v3_notify_identity = only_mchid),
    MUTANT("v3-notify-mchid-unchecked", "WX3-043", "The mchid of the resource is not compared.",
      .v3_notify_identity = only_appid),
    MUTANT("v3-payer-total", "WX3-043", "amount.payer_total is compared: coupons break settlement.",
      .v3_notify_read = payer_total, .v3_query_read = query_payer_total),
    MUTANT("v3-notify-any-state", "WX3-034", "trade_state of the resource is not looked at.",
      .v3_notify_read = any_state),
    MUTANT("v3-any-event", "WX3-045", "Whatever the event is, it pays the order.",
      .v3_notify_event = mutant_go),
    MUTANT("v3-unknown-event-refused", "WX3-045", "An event that the shop does not know is refused.",
      .v3_notify_event = unknown_refused),
    MUTANT("v3-fixed-associated-data", "WX3-046", "associated_data is always taken for transaction.",
      .v3_notify_open = fixed_data),
    MUTANT("v3-empty-associated-data", "WX3-046", "Empty or absent associated_data is refused.",
      .v3_notify_open = empty_refused),
    MUTANT("v3-tag-ignored", "WX3-047", "The resource is decrypted without a look at its tag.",
      .v3_notify_open = tag_ignored),
    MUTANT("v3-envelope-members-known", "WX3-048", "A notification with an unknown member is refused.",
      .v3_notify_parse = envelope_known),
    MUTANT("v3-resource-members-known", "WX3-048", "A resource with an unknown member is refused.",
      .v3_notify_open = resource_known),
    MUTANT("v3-user-agent-refused", "WX3-050", "User-Agent Mozilla/4.0 is taken for a robot.",
      .notify_door = browsers_refused),
    MUTANT("v3-header-case", "WX3-050", "Header names in lower case are not found.",
      .v3_notify_headers = letter_case),
    MUTANT("v3-key-in-failure", "WX3-070", "A refusal shows the APIv3 key.",
      .v3_notify_ack = key_in_failure),
    { .name = NULL },
};
