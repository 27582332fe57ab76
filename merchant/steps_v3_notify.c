/* Chapter "v3_notify": the notification endpoint, V3 8.2 in its order. See steps_v3.h. */
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "steps.h"
#include "wxpay/v3_seal.h"

static struct view text_of(const json_t *object, const char *member)
{
    return view_str(json_string_value(json_object_get(object, member)));
}

enum step step_v3_notify_headers(struct claim *c)
{
    v3_proof_read(&c->proof, http_call_request(c->call)->headers);
    return c->proof.fault ? claim_stop(c, STEP_REFUSE, c->proof.fault) : STEP_GO;
}

enum step step_v3_notify_fresh(struct claim *c)
{
    if (v3_proof_age_s(&c->proof, clock_real_ms()) > V3_SKEW_S)
        return claim_stop(c, STEP_REFUSE, "the stamp is more than five minutes away");
    return STEP_GO;
}

static void on_sought(void *owner)
{
    claim_resume(owner, STEP_GO); /* known now, or refused by the next step */
}

enum step step_v3_notify_key(struct claim *c)
{
    struct shop *shop = c->shop;
    struct view serial = view_str(c->proof.serial);
    if (shop->steps->v3_keys_choose(shop, serial) || !shop->steps->v3_keys_seek(shop, serial))
        return STEP_GO;
    return trust_fetch(shop, on_sought, c) ? STEP_GO : STEP_WAIT;
}

enum step step_v3_notify_verify(struct claim *c)
{
    const struct v3_public *key =
        c->shop->steps->v3_keys_choose(c->shop, view_str(c->proof.serial));
    if (!key)
        return claim_stop(c, STEP_REFUSE, "nobody we trust has this serial");
    if (v3_proof_verify(&c->proof, key, http_call_request(c->call)->body))
        return claim_stop(c, STEP_REFUSE, "the signature does not hold");
    c->proven = true;
    return STEP_GO;
}

enum step step_v3_notify_parse(struct claim *c)
{
    struct view body = http_call_request(c->call)->body;
    c->envelope = json_loadb(body.ptr ? body.ptr : "", body.len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(c->envelope))
        return claim_stop(c, STEP_REFUSE, "this is no JSON object");
    return STEP_GO;
}

enum step step_v3_notify_event(struct claim *c)
{
    const json_t *resource = json_object_get(c->envelope, "resource");
    struct view event = text_of(c->envelope, "event_type");
    struct view type = text_of(resource, "original_type");
    if (!view_is(event, "TRANSACTION.SUCCESS") || (type.len && !view_is(type, "transaction"))) {
        log_event(LOG_INFO, "notify", "not for us", "event", event, "type", type, NULL);
        return claim_stop(c, STEP_DONE, "an event this shop does not know");
    }
    return STEP_GO;
}

enum step step_v3_notify_open(struct claim *c)
{
    const json_t *resource = json_object_get(c->envelope, "resource");
    struct buf plain = BUF_INIT(V3_SEAL_MAX);
    struct v3_seal seal = { .key = view_str(c->shop->options->apiv3_key),
                            .nonce = text_of(resource, "nonce"),
                            .associated = text_of(resource, "associated_data") };
    if (!view_is(text_of(resource, "algorithm"), "AEAD_AES_256_GCM"))
        return claim_stop(c, STEP_REFUSE, "the resource is sealed in another manner");
    int err = v3_unseal(&seal, text_of(resource, "ciphertext"), &plain);
    if (!err)
        c->msg->v3 =
            json_loadb(plain.ptr ? plain.ptr : "", plain.len, JSON_REJECT_DUPLICATES, NULL);
    buf_release(&plain);
    if (err)
        return claim_stop(c, STEP_REFUSE, "the resource cannot be opened with our APIv3 key");
    if (!json_is_object(c->msg->v3))
        return claim_stop(c, STEP_REFUSE, "the resource is no JSON object");
    return STEP_GO;
}

/* Amounts are integers: 1.0 and "1" are not. */
static bool integer_of(const json_t *object, const char *member, int64_t *out)
{
    const json_t *value = json_object_get(object, member);
    *out = json_integer_value(value);
    return json_is_integer(value) && *out >= 0;
}

static enum step read_trade(struct claim *c)
{
    const json_t *trade = c->msg->v3, *amount = json_object_get(trade, "amount");
    struct payment *pay = &c->payment;
    pay->out_trade_no = text_of(trade, "out_trade_no");
    pay->transaction_id = text_of(trade, "transaction_id");
    pay->time_end = text_of(trade, "success_time");
    pay->openid = text_of(json_object_get(trade, "payer"), "openid");
    pay->bank_type = text_of(trade, "bank_type");
    pay->currency = text_of(amount, "currency");
    if (!json_object_get(amount, "currency"))
        pay->currency = VIEW("CNY");
    if (!integer_of(amount, "payer_total", &pay->cash_fen))
        pay->cash_fen = 0; /* for information only */

    if (pay->transaction_id.len == 0 || pay->transaction_id.len > 32)
        return claim_stop(c, STEP_REFUSE, "transaction_id is missing or too long");
    if (!integer_of(amount, "total", &pay->total_fen))
        return claim_stop(c, STEP_REFUSE, "amount.total is no integer");
    return STEP_GO;
}

enum step step_v3_notify_read(struct claim *c)
{
    if (!view_is(text_of(c->msg->v3, "trade_state"), "SUCCESS"))
        return claim_stop(c, STEP_REFUSE, "trade_state is not SUCCESS");
    return read_trade(c);
}

enum step step_v3_notify_identity(struct claim *c)
{
    const struct options *own = c->shop->options;
    if (!view_is(text_of(c->msg->v3, "appid"), own->appid) ||
        !view_is(text_of(c->msg->v3, "mchid"), own->mch_id))
        return claim_stop(c, STEP_REFUSE, "appid or mchid is not ours");
    return STEP_GO;
}

enum step step_v3_query_read(struct claim *c)
{
    return read_trade(c);
}

void step_v3_notify_ack(struct claim *c)
{
    static const struct http_header json = { VIEW("Content-Type"), VIEW("application/json") };
    bool ok = c->verdict == STEP_GO || c->verdict == STEP_DONE;
    if (ok) {
        http_call_reply(c->call, 204, NULL, 0, VIEW(""));
        return;
    }
    http_call_reply(c->call, c->proven ? 500 : 401, &json, 1,
                    VIEW("{\"code\":\"FAIL\",\"message\":\"失败\"}"));
}
