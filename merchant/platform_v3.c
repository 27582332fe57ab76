/* The client of API V3: signed JSON calls to /v3/pay/transactions/… */
#include "base/err.h"
#include "base/mem.h"
#include "platform_client.h"
#include "steps.h"

static struct view text_of(const json_t *object, const char *member)
{
    return view_str(json_string_value(json_object_get(object, member)));
}

static void judge(struct answer *answer)
{
    const struct steps *steps = answer->shop->steps;
    const struct {
        const char *name;
        enum step (*run)(struct answer *answer);
    } order[] = {
        { "v3_answer_known", steps->v3_answer_known },
        { "v3_answer_status", steps->v3_answer_status },
        { "v3_answer_headers", steps->v3_answer_headers },
        { "v3_answer_fresh", steps->v3_answer_fresh },
        { "v3_answer_verify", steps->v3_answer_verify },
        { "v3_answer_parse", steps->v3_answer_parse },
        { "v3_answer_identity", steps->v3_answer_identity },
    };
    enum step said = STEP_GO;
    for (size_t i = 0; said == STEP_GO && i < COUNT(order); i++) {
        answer->step = order[i].name;
        said = order[i].run(answer);
    }
    if (said == STEP_GO)
        answer->outcome = ANSWER_OK;
    answer->told.code_url = text_of(answer->message.v3, "code_url");
    answer->told.state = text_of(answer->message.v3, "trade_state");
}

/* --- the answer ------------------------------------------------------------------------------- */

static void on_sought(void *owner)
{
    struct asking *asking = owner;
    platform_answered(asking, 0, asking->answer.status, buf_view(&asking->kept));
}

/* Is this signed with a certificate that we have not heard of and may look for? */
static bool must_seek(struct asking *asking)
{
    struct answer *answer = &asking->answer;
    struct shop *shop = answer->shop;
    struct view serial = view_str(answer->proof.serial);
    bool proves = (answer->status == 200 || answer->status == 204) && !answer->proof.fault;
    return proves && !shop->steps->v3_keys_choose(shop, serial) &&
           shop->steps->v3_keys_seek(shop, serial);
}

static void on_done(void *owner, int err, const struct http_response *response)
{
    struct asking *asking = owner;
    struct answer *answer = &asking->answer;
    if (err) {
        platform_answered(asking, err, 0, (struct view){});
        return;
    }
    answer->status = response->status;
    v3_proof_read(&answer->proof, response->headers);
    if (must_seek(asking) && buf_view_add(&asking->kept, response->body) == 0 &&
        trust_fetch(answer->shop, on_sought, asking) == 0)
        return;
    platform_answered(asking, 0, response->status, response->body);
}

/* --- the question ----------------------------------------------------------------------------- */

static bool is_get(enum api api)
{
    return api == API_QUERY || api == API_REFUND_QUERY;
}

static json_t *fields_of(const struct asking *asking)
{
    struct shop *shop = asking->answer.shop;
    switch (asking->answer.api) {
    case API_CREATE: return shop->steps->v3_create_fields(shop, &asking->order);
    case API_REFUND: return shop->steps->v3_refund_fields(shop, &asking->order, &asking->refund);
    default: return json_pack("{s:s}", "mchid", shop->options->mch_id);
    }
}

static int write_body(struct asking *asking, struct buf *body)
{
    struct shop *shop = asking->answer.shop;
    if (is_get(asking->answer.api))
        return 0;
    json_t *value = fields_of(asking);
    int err = value ? shop->steps->v3_request_write(shop, value, body) : ERR_NOMEM;
    json_decref(value);
    return err;
}

static int write_target(const struct asking *asking, struct buf *out)
{
    struct shop *shop = asking->answer.shop;
    enum api api = asking->answer.api;
    if (api < API_REFUND)
        return shop->steps->v3_request_target(shop, api, &asking->order, out);
    int err = buf_str(out, "/v3/refund/domestic/refunds");
    if (!err && api == API_REFUND_QUERY)
        err = buf_byte(out, '/');
    if (!err && api == API_REFUND_QUERY)
        err = http_percent_encode(out, view_str(asking->refund.out_refund_no));
    return err;
}

static int send_call(struct asking *asking)
{
    struct shop *shop = asking->answer.shop;
    struct v3_call call;
    v3_call_init(&call, is_get(asking->answer.api) ? "GET" : "POST");
    int err = write_body(asking, &call.body);
    if (!err)
        err = write_target(asking, &call.target);
    if (!err)
        err = v3_call_send(shop, &call, on_done, asking);
    v3_call_release(&call);
    return err;
}

static void on_trust(void *owner)
{
    struct asking *asking = owner;
    int err = asking->answer.shop->trust->stopping ? UV_ECANCELED : send_call(asking);
    if (err)
        platform_answered(asking, err, 0, (struct view){});
}

/* Certificates come first: an answer that nobody can verify is worth nothing. */
static int send_json(struct asking *asking)
{
    if (trust_is_needed(asking->answer.shop))
        return trust_fetch(asking->answer.shop, on_trust, asking);
    return send_call(asking);
}

const struct platform_client platform_v3 = {
    .names = { [API_CREATE] = "native",
               [API_QUERY] = "query",
               [API_CLOSE] = "close",
               [API_REFUND] = "refund",
               [API_REFUND_QUERY] = "refund query" },
    .send = send_json,
    .judge = judge,
};
