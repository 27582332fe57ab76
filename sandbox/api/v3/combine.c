/* POST /v3/combine-transactions/{native,jsapi,app,h5} — V3 4.7, 5.2, 5.3 */
#include "engine/combine.h"
#include "api/v3/api_v3.h"
#include "api/v3/create_fields.h"
#include "base/mem.h"
#include "engine/json_write.h"

#include <stdio.h>

#define EXPIRE_MOST (7 * 86400000LL)

static struct view text_in(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return (struct view){ json_string_value(value), json_string_length(value) };
}

/* call_refuse() for a member of the part at @index. */
static const struct refusal *refuse_part(struct call *call, const struct refusal *no, size_t index,
                                         const char *member, const char *why)
{
    char where[64];
    snprintf(where, sizeof(where), "sub_orders/%zu/%s", index, member);
    return call_refuse(call, no, view_str(where), "V3 4.7: %s", why);
}

/* ---- the parts -------------------------------------------------------------------------------- */

/* Whose order it is, and may the combining appid sell for that one? */
static const struct refusal *find_merchant(struct call *call, const json_t *sent, size_t index,
                                           struct account **out)
{
    *out = accounts_find(call->sandbox->accounts, text_in(sent, "mchid"));
    if (text_in(sent, "sub_mchid").len || text_in(sent, "sub_appid").len)
        return refuse_part(call, REFUSE(NOT_BUILT), index, "sub_mchid",
                           "orders of a service provider's merchants are not built yet");
    if (!*out)
        return refuse_part(call, REFUSE(V3_NO_MERCHANT), index, "mchid",
                           "no account of this mchid; make it on the control door");
    if (!account_has_appid(*out, v3_body_text(call, "combine_appid")))
        return refuse_part(call, REFUSE(NOT_BOUND), index, "mchid",
                           "combine_appid is not bound to this merchant");
    return NULL;
}

static const struct refusal *read_part(struct call *call, size_t index,
                                       struct combine_part_spec *out)
{
    const json_t *sent = json_array_get(v3_body_at(call, "sub_orders"), index);
    const json_t *amount = json_object_get(sent, "amount");
    out->out_trade_no = text_in(sent, "out_trade_no");
    out->description = text_in(sent, "description");
    out->attach = text_in(sent, "attach");
    out->total_fen = json_integer_value(json_object_get(amount, "total_amount"));
    return find_merchant(call, sent, index, &out->account);
}

/* All of it is one payment, so the sum has to be an amount as well. */
static const struct refusal *read_parts(struct call *call, size_t count,
                                        struct combine_part_spec *part)
{
    const struct refusal *no = NULL;
    int64_t sum = 0;
    for (size_t i = 0; !no && i < count; i++) {
        no = read_part(call, i, &part[i]);
        if (!no && __builtin_add_overflow(sum, part[i].total_fen, &sum))
            no = refuse_part(call, REFUSE(BAD_LENGTH), i, "amount/total_amount",
                             "the sum of all parts is no amount any more");
    }
    return no;
}

/* ---- creating --------------------------------------------------------------------------------- */

static bool is_known(struct call *call)
{
    struct combine_row known = {};
    int err = combine_get_by_number(call->sandbox->store, call->account->id,
                                    v3_body_text(call, "combine_out_trade_no"), &known);
    combine_row_release(&known);
    return err == 0;
}

static const struct refusal *explain(struct call *call, const struct refusal *no, size_t taken,
                                     size_t count)
{
    if (no->id == REFUSE_V3_NUMBER_USED && taken < count)
        return refuse_part(call, no, taken, "out_trade_no",
                           "its merchant has ordered this number already");
    return call_refuse(call, no, VIEW("combine_out_trade_no"), "V3 5.3: %s",
                       no->id == REFUSE_REENTRY_DIFFERS ? "the body differs from the first one"
                                                        : "the number is known");
}

static const struct refusal *open_it(struct call *call, struct combine_spec *spec)
{
    struct combine combine;
    size_t taken;
    const struct refusal *no =
        combine_open(&call->sandbox->engine, call->account, spec, &combine, &taken);
    if (no)
        return explain(call, no, taken, spec->count);
    int err = v3_fill_prepay(call, &combine.part[0].order);
    combine_release(&combine);
    return err ? REFUSE(SYSTEM_ERROR) : NULL;
}

static const struct refusal *read_and_open(struct call *call, struct combine_spec *spec,
                                           struct combine_part_spec *part)
{
    struct buf sorted = BUF_INIT(V3_BODY_MAX);
    const struct refusal *no = read_parts(call, spec->count, part);
    if (!no)
        no = v3_check_expire(call, is_known, EXPIRE_MOST, &spec->expire_ms);
    if (!no && json_write_as(call->v3->in, JSON_COMPACT | JSON_SORT_KEYS, &sorted))
        no = REFUSE(SYSTEM_ERROR);
    spec->body = buf_view(&sorted);
    if (!no)
        no = open_it(call, spec);
    buf_release(&sorted);
    return no;
}

#define PAYER "combine_payer_info/openid"

static const struct refusal *check_openid(struct call *call)
{
    if (!v3_body_text(call, PAYER).len)
        return call_refuse(call, REFUSE(V3_NO_OPENID), VIEW(PAYER), "V3 4.7: JSAPI needs " PAYER);
    return v3_judge_openid(call, PAYER, v3_body_text(call, "combine_appid"));
}

static const struct refusal *create(struct call *call, enum trade_type type)
{
    struct combine_spec spec = {
        .out_trade_no = v3_body_text(call, "combine_out_trade_no"),
        .trade_type = type,
        .appid = v3_body_text(call, "combine_appid"),
        .notify_url = v3_body_text(call, "notify_url"),
        .openid = v3_body_text(call, PAYER),
        .device_id = v3_body_text(call, "scene_info/device_id"),
        .count = json_array_size(v3_body_at(call, "sub_orders")),
    };
    const struct refusal *no = v3_check_product(call, type);
    if (!no && type == TRADE_TYPE_JSAPI)
        no = check_openid(call);
    if (no)
        return no;
    struct combine_part_spec *part = mem_zalloc(spec.count, sizeof(*part));
    if (!part)
        return REFUSE(SYSTEM_ERROR);
    spec.part = part;
    no = read_and_open(call, &spec, part);
    mem_free(part);
    return no;
}

const struct refusal *v3_combine_native(struct call *call)
{
    return create(call, TRADE_TYPE_NATIVE);
}

const struct refusal *v3_combine_jsapi(struct call *call)
{
    return create(call, TRADE_TYPE_JSAPI);
}

const struct refusal *v3_combine_app(struct call *call)
{
    return create(call, TRADE_TYPE_APP);
}

const struct refusal *v3_combine_h5(struct call *call)
{
    return create(call, TRADE_TYPE_MWEB);
}
