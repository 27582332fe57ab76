#include "door_test.h"

#include "base/err.h"
#include "base/log.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>

#define TURNS_MAX 200000

void door_until(struct door *door, const bool *done)
{
    for (int turn = 0; turn < TURNS_MAX && !*done; turn++)
        uv_run(&door->loop, UV_RUN_ONCE);
    ck_assert_msg(*done, "waited in vain");
}

void door_open(struct door *door, const char *data_dir)
{
    door_open_seeded(door, data_dir, 7);
}

void door_open_seeded(struct door *door, const char *data_dir, uint64_t seed)
{
    *door = (struct door){};
    log_set_level(LOG_NONE);
    ck_assert_int_eq(uv_loop_init(&door->loop), 0);
    struct sandbox_options options = { .data_dir = data_dir, .seeded = true, .seed = seed };
    ck_assert_int_eq(sandbox_start(&door->sandbox, &door->loop, &options), 0);
    struct http_client_options client = {};
    ck_assert_int_eq(http_client_start(&door->client, &door->loop, &client), 0);
}

static void on_client_stopped(void *owner)
{
    ((struct door *)owner)->client_stopped = true;
}

static void on_sandbox_stopped(struct sandbox *sandbox)
{
    container_of(sandbox, struct door, sandbox)->stopped = true;
}

void door_close(struct door *door)
{
    http_client_stop(door->client, on_client_stopped, door);
    sandbox_stop(&door->sandbox, on_sandbox_stopped);
    door_until(door, &door->stopped);
    door_until(door, &door->client_stopped);
    uv_run(&door->loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&door->loop), 0);
}

void answer_release(struct answer *answer)
{
    buf_release(&answer->body);
}

static void keep_header(const struct http_response *response, const char *name, char *out,
                        size_t size)
{
    struct view value = http_header_get(response->headers, name);
    ck_assert_int_eq(view_copy(value, out, size), 0);
}

static void on_answer(void *owner, int err, const struct http_response *response)
{
    struct answer *answer = owner;
    answer->done = true;
    answer->err = err;
    if (!response)
        return;
    answer->status = response->status;
    keep_header(response, "Content-Type", answer->type, sizeof(answer->type));
    keep_header(response, "Location", answer->location, sizeof(answer->location));
    keep_header(response, "Digest", answer->digest, sizeof(answer->digest));
    ck_assert_int_eq(buf_view_add(&answer->body, response->body), 0);
}

void door_begin(struct door *door, const char *method, const char *path, struct view body,
                struct answer *out)
{
    char url[256];
    snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", http_server_port(door->sandbox.api), path);
    *out = (struct answer){ .body = BUF_INIT(1 << 20) };
    struct http_send send = { .method = method ? method : "POST",
                              .url = view_str(url),
                              .body = body,
                              .timeout_ms = 20000,
                              .on_done = on_answer,
                              .owner = out };
    ck_assert_int_eq(http_client_send(door->client, &send, NULL), 0);
}

void door_send(struct door *door, const char *method, const char *path, struct view body,
               struct answer *out)
{
    door_begin(door, method, path, body, out);
    door_until(door, &out->done);
}

/* ---- a signer of its own --------------------------------------------------------------------- */

void params_release(struct params *params)
{
    for (size_t i = 0; i < params->count; i++)
        buf_release(&params->item[i].value);
    params->count = 0;
}

void params_set(struct params *params, const char *name, const char *value)
{
    size_t i = 0;
    while (i < params->count && strcmp(params->item[i].name, name) != 0)
        i++;
    if (i == params->count && !value)
        return;
    if (!value) {
        buf_release(&params->item[i].value);
        params->item[i] = params->item[--params->count];
        return;
    }
    ck_assert_uint_lt(i, COUNT(params->item));
    if (i == params->count) {
        params->count++;
        snprintf(params->item[i].name, sizeof(params->item[i].name), "%s", name);
        params->item[i].value = BUF_INIT(1 << 20);
    }
    buf_clear(&params->item[i].value);
    ck_assert_int_eq(buf_str(&params->item[i].value, value), 0);
}

void params_common(struct params *params)
{
    params_set(params, "appid", "wx8888888888888888");
    params_set(params, "mch_id", "1900000109");
    params_set(params, "nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS");
}

void params_order(struct params *params, const char *number)
{
    params_common(params);
    params_set(params, "body", "腾讯充值中心-QQ会员充值");
    params_set(params, "notify_url", "https://merchant.example/wxpay/notify");
    params_set(params, "out_trade_no", number);
    params_set(params, "product_id", "12235413214070356458058");
    params_set(params, "sign_type", "MD5");
    params_set(params, "spbill_create_ip", "123.12.12.123");
    params_set(params, "total_fee", "88");
    params_set(params, "trade_type", "NATIVE");
}

static int by_name(const void *a, const void *b)
{
    const struct view *x = a, *y = b;
    return strcmp(x[0].ptr, y[0].ptr);
}

/* pairs: name, value, name, value …; names end in NUL. */
static void digest(struct view (*pairs)[2], size_t count, const char *key, bool hmac, char out[65])
{
    struct buf text = BUF_INIT(1 << 20);
    unsigned char raw[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    qsort(pairs, count, sizeof(pairs[0]), by_name);
    for (size_t i = 0; i < count; i++)
        if (pairs[i][1].len && strcmp(pairs[i][0].ptr, "sign") != 0)
            ck_assert_int_eq(buf_fmt(&text, "%s=%.*s&", pairs[i][0].ptr, VIEW_ARG(pairs[i][1])), 0);
    ck_assert_int_eq(buf_fmt(&text, "key=%s", key), 0);
    if (hmac)
        HMAC(EVP_sha256(), key, (int)strlen(key), (const unsigned char *)text.ptr, text.len, raw,
             &len);
    else
        EVP_Digest(text.ptr, text.len, raw, &len, EVP_md5(), NULL);
    for (unsigned i = 0; i < len; i++)
        snprintf(out + 2 * i, 3, "%02X", raw[i]);
    buf_release(&text);
}

void params_sign(struct params *params, const char *key, struct buf *xml)
{
    struct view pairs[48][2];
    char sign[65];
    bool hmac = false;
    for (size_t i = 0; i < params->count; i++) {
        pairs[i][0] = view_str(params->item[i].name);
        pairs[i][1] = buf_view(&params->item[i].value);
        if (strcmp(params->item[i].name, "sign_type") == 0)
            hmac = view_is(pairs[i][1], "HMAC-SHA256");
    }
    digest(pairs, params->count, key, hmac, sign);
    params_set(params, "sign", sign);
    ck_assert_int_eq(buf_str(xml, "<xml>"), 0);
    for (size_t i = 0; i < params->count; i++)
        ck_assert_int_eq(buf_fmt(xml, "<%s><![CDATA[%s]]></%s>", params->item[i].name,
                                 buf_cstr(&params->item[i].value), params->item[i].name),
                         0);
    ck_assert_int_eq(buf_str(xml, "</xml>"), 0);
}

void door_call(struct door *door, const char *path, struct params *params, struct answer *out)
{
    struct buf xml = BUF_INIT(1 << 20);
    params_sign(params, DEFAULT_API_KEY, &xml);
    door_send(door, NULL, path, buf_view(&xml), out);
    buf_release(&xml);
}

/* The next <name>value</name> of a flat document; false at its end. */
static bool next_field(struct view *rest, struct view *name, struct view *value)
{
    size_t at = view_find(*rest, VIEW("<"));
    if (at == SIZE_MAX)
        return false;
    struct view from = { rest->ptr + at + 1, rest->len - at - 1 };
    if (view_starts(from, VIEW("xml>"))) {
        *rest = (struct view){ from.ptr + 4, from.len - 4 };
        return next_field(rest, name, value);
    }
    if (view_starts(from, VIEW("/xml>")))
        return false;
    struct view text;
    *name = view_cut(from, '>', &text);
    if (view_starts(text, VIEW("<![CDATA["))) {
        struct view inner = { text.ptr + 9, text.len - 9 };
        size_t end = view_find(inner, VIEW("]]></"));
        ck_assert_uint_ne(end, SIZE_MAX);
        *value = (struct view){ inner.ptr, end };
        text = (struct view){ inner.ptr + end + 3, inner.len - end - 3 };
    } else {
        size_t end = view_find(text, VIEW("</"));
        ck_assert_uint_ne(end, SIZE_MAX);
        *value = (struct view){ text.ptr, end };
        text = (struct view){ text.ptr + end, text.len - end };
    }
    view_cut(text, '>', rest);
    return true;
}

const char *xml_text(const struct answer *answer, const char *wanted)
{
    static char text[2048];
    struct view rest = buf_view(&answer->body), name, value;
    while (next_field(&rest, &name, &value)) {
        if (!view_is(name, wanted))
            continue;
        ck_assert_int_eq(view_copy(value, text, sizeof(text)), 0);
        return text;
    }
    return "";
}

bool sign_holds(struct view xml, const char *key, bool hmac)
{
    static char names[256][64];
    struct view pairs[256][2], rest = xml, name, value, given = {};
    char sign[65];
    size_t count = 0;
    while (next_field(&rest, &name, &value)) {
        ck_assert_uint_lt(count, COUNT(names));
        ck_assert_int_eq(view_copy(name, names[count], sizeof(names[count])), 0);
        pairs[count][0] = view_str(names[count]);
        pairs[count++][1] = value;
        if (view_is(name, "sign"))
            given = value;
    }
    digest(pairs, count, key, hmac, sign);
    return given.len && view_is(given, sign);
}

/* ---- an order and its payer ------------------------------------------------------------------ */

struct account *door_account(struct door *door)
{
    return accounts_find(door->sandbox.accounts, VIEW(DEFAULT_MCH_ID));
}

void door_order(struct door *door, const char *number, char code_url[CODE_URL_MAX + 1])
{
    struct params params = {};
    struct answer answer;
    params_order(&params, number);
    door_call(door, "/pay/unifiedorder", &params, &answer);
    ck_assert_str_eq(xml_text(&answer, "result_code"), "SUCCESS");
    snprintf(code_url, CODE_URL_MAX + 1, "%s", xml_text(&answer, "code_url"));
    answer_release(&answer);
    params_release(&params);
}

enum phone_id door_pay(struct door *door, const char *code_url, const struct pay_spec *spec)
{
    struct sandbox *sandbox = &door->sandbox;
    struct pay_spec plain = { .outcome = PAY_PAID };
    struct scan scan = {};
    struct paid paid = {};
    ck_assert_int_eq(turn_open(sandbox->turn), 0);
    payer_scan(&sandbox->engine, view_str(code_url), &scan);
    enum phone_id phone = scan.phone;
    if (phone == PHONE_CASHIER)
        phone = payer_pay(&sandbox->engine, &scan, spec ? spec : &plain, &paid);
    scan_release(&scan);
    return phone;
}

int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
