/*
 * bench_wire.c — how the same things read in the two dialects: create calls, and the names of calls.
 */
#include "bench_priv.h"

#include "base/err.h"
#include "oracle.h"

static const char *const call_names[APIS][5] = {
    [API_V2] = { "unifiedorder", "orderquery", "closeorder", "refund", "refundquery" },
    [API_V3] = { "v3/native", "v3/query", "v3/close", "v3/refund", "v3/refundquery" },
};

const char *bench_call_name(const struct bench *bench, enum call_name call)
{
    return call_names[bench->profile->api][call];
}

static const char *record_str(const json_t *record, const char *pointer)
{
    const char *text = json_string_value(json_pointer(record, pointer));
    return text ? text : "";
}

bool wire_is_create(enum api api, const json_t *record)
{
    return strcmp(record_str(record, "/api"), call_names[api][CALL_CREATE]) == 0 &&
           strcmp(record_str(record, "/door"), "api") == 0;
}

/* What does not fit is as good as absent. */
static void keep(const char *value, char *out, size_t size)
{
    if (!value || view_copy(view_str(value), out, size))
        out[0] = '\0';
}

/* ---- V2 -------------------------------------------------------------------------------------- */

static void code_url_v2(const json_t *record, char *out, size_t size)
{
    struct oracle_msg msg = {};
    struct oracle_reading reading;

    out[0] = '\0';
    if (oracle_read(view_str(record_str(record, "/answer/body")), &msg, &reading) == 0)
        keep(oracle_get(&msg, "code_url"), out, size);
    oracle_release(&msg);
}

static int read_v2(const json_t *record, struct create_call *out)
{
    struct oracle_msg msg = {};
    struct oracle_reading reading;
    char total[24];
    int err = oracle_read(view_str(record_str(record, "/request/body")), &msg, &reading);

    if (!err) {
        keep(oracle_get(&msg, "out_trade_no"), out->out_trade_no, sizeof(out->out_trade_no));
        keep(oracle_get(&msg, "notify_url"), out->notify_url, sizeof(out->notify_url));
        keep(oracle_get(&msg, "sign_type"), out->sign_type, sizeof(out->sign_type));
        keep(oracle_get(&msg, "appid"), out->appid, sizeof(out->appid));
        keep(oracle_get(&msg, "total_fee"), total, sizeof(total));
        if (view_to_i64(view_str(total), INT64_MAX, &out->total_fen))
            out->total_fen = 0;
        out->fields = json_object();
        for (size_t i = 0; i < msg.count; i++)
            json_object_set_new(out->fields, msg.field[i].name, json_string(msg.field[i].value));
    }
    oracle_release(&msg);
    return err;
}

/* ---- V3 -------------------------------------------------------------------------------------- */

static json_t *body_of(const json_t *record, const char *pointer)
{
    const char *body = record_str(record, pointer);
    return json_loads(body, 0, NULL); /* NULL: none */
}

static void code_url_v3(const json_t *record, char *out, size_t size)
{
    json_t *body = body_of(record, "/answer/body");
    keep(json_string_value(json_object_get(body, "code_url")), out, size);
    json_decref(body);
}

static void read_v3(const json_t *record, struct create_call *out)
{
    const struct {
        const char *name;
        char *out;
        size_t size;
    } texts[] = { { "out_trade_no", out->out_trade_no, sizeof(out->out_trade_no) },
                  { "notify_url", out->notify_url, sizeof(out->notify_url) },
                  { "appid", out->appid, sizeof(out->appid) } };
    json_t *body = body_of(record, "/request/body");

    for (size_t i = 0; i < COUNT(texts); i++)
        keep(json_string_value(json_object_get(body, texts[i].name)), texts[i].out, texts[i].size);
    out->total_fen = json_integer_value(json_pointer(body, "/amount/total"));
    out->fields = body;
}

/* ---- either ---------------------------------------------------------------------------------- */

void wire_code_url(enum api api, const json_t *record, char *out, size_t size)
{
    if (api == API_V3)
        code_url_v3(record, out, size);
    else
        code_url_v2(record, out, size);
}

int wire_read_create(enum api api, const json_t *record, struct create_call *out)
{
    int err = 0;

    *out = (struct create_call){};
    if (api == API_V3)
        read_v3(record, out);
    else
        err = read_v2(record, out);
    wire_code_url(api, record, out->code_url, sizeof(out->code_url));
    return err;
}
