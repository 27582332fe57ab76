#include "tests/bench_v3.h"

#include "base/base64.h"
#include "base/mem.h"
#include "wxpay/v3_seal.h"

#include <check.h>
#include <stdio.h>

#define KEYS FIXTURES_DIR "/keys/"

static struct bench_v3 v3;

/* --- keys ------------------------------------------------------------------------------------ */

static void read_file(const char *path, struct buf *out)
{
    char part[4096];
    size_t len;
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    while ((len = fread(part, 1, sizeof(part), file)) > 0)
        ck_assert_int_eq(buf_add(out, part, len), 0);
    fclose(file);
}

static struct v3_private *private_of(const char *path)
{
    struct buf pem = BUF_INIT(V3_PEM_MAX);
    struct v3_private *key = NULL;
    read_file(path, &pem);
    ck_assert_int_eq(v3_private_read(&key, buf_view(&pem)), 0);
    buf_release(&pem);
    return key;
}

/* The public key's pair serves as a second certificate as well: nobody compares. */
static void make_second(const struct v3_private *authority, struct buf *out)
{
    static const unsigned char number[] = { 0x4E, 0x5F, 0x60, 0x71, 0x82, 0x93, 0xA4,
                                            0xB5, 0xC6, 0xD7, 0xE8, 0xF9, 0x01, 0x0A,
                                            0x2B, 0x3C, 0x4D, 0x5E, 0x6F, 0x70 };
    struct v3_public *subject = NULL;
    struct buf authority_pem = BUF_INIT(V3_PEM_MAX);
    read_file(KEYS "authority_cert.pem", &authority_pem);
    ck_assert_int_eq(v3_public_of(&subject, v3.second), 0);
    struct v3_certificate_spec spec = { .subject_key = subject,
                                        .authority_key = authority,
                                        .authority_pem = buf_view(&authority_pem),
                                        .name = "second",
                                        .number = number,
                                        .from_ms = clock_real_ms() - 86'400'000,
                                        .until_ms = clock_real_ms() + 86'400'000 };
    ck_assert_int_eq(v3_certificate_make(&spec, out), 0);
    v3_public_free(subject);
    buf_release(&authority_pem);
}

static void open_keys(void)
{
    struct buf merchant = BUF_INIT(V3_PEM_MAX);
    v3 = (struct bench_v3){ .certificate = BUF_INIT(V3_PEM_MAX),
                            .second_certificate = BUF_INIT(V3_PEM_MAX),
                            .created = BUF_INIT(65536) };
    v3.platform = private_of(KEYS "platform_key.pem");
    v3.second = private_of(KEYS "wechatpay_key.pem");
    v3.public_key = v3_private_share(v3.second);
    v3.rogue = private_of(KEYS "authority_key.pem");
    read_file(KEYS "platform_cert.pem", &v3.certificate);
    read_file(KEYS "merchant_cert.pem", &merchant);
    ck_assert_int_eq(v3_public_read(&v3.merchant, buf_view(&merchant)), 0);
    buf_release(&merchant);
    make_second(v3.rogue, &v3.second_certificate);
}

static void close_keys(void)
{
    v3_private_free(v3.platform);
    v3_private_free(v3.second);
    v3_private_free(v3.public_key);
    v3_private_free(v3.rogue);
    v3_public_free(v3.merchant);
    buf_release(&v3.certificate);
    buf_release(&v3.second_certificate);
    buf_release(&v3.created);
}

static void open_with(struct bench *bench, const char *ledger, const struct steps *steps,
                      const char *flags)
{
    open_keys();
    v3.refund_status = "PROCESSING";
    bench->v3 = &v3;
    bench_open_with(bench, ledger, steps, flags);
}

void bench_v3_open_at(struct bench *bench, const char *ledger, const struct steps *steps)
{
    open_with(bench, ledger, steps, "");
}

void bench_v3_open(struct bench *bench, const struct steps *steps)
{
    open_with(bench, NULL, steps, "");
}

void bench_v3_open_with_key(struct bench *bench, const struct steps *steps)
{
    open_with(bench, NULL, steps, KEYS "wechatpay_public.pem");
}

void bench_v3_close(struct bench *bench)
{
    bench_close(bench);
    close_keys();
}

void bench_v3_plan(struct bench *, enum v3_door door, struct fake_v3 fake)
{
    v3.plan[door][v3.planned[door]++] = fake;
}

/* --- the signature --------------------------------------------------------------------------- */

struct dressed {
    char stamp[24], nonce[33], serial[V3_SERIAL_MAX + 1], signature[V3_SIGNATURE_LEN + 1];
    struct http_header header[6];
    size_t count;
};

static const char *const names[] = { "Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Serial",
                                     "Wechatpay-Signature" };
static const char *const lower_names[] = { "wechatpay-timestamp", "wechatpay-nonce",
                                           "wechatpay-serial", "wechatpay-signature" };

static void add_headers(struct dressed *dressed, const struct fake_v3 *fake,
                        const char *const *called)
{
    const char *values[] = { dressed->stamp, dressed->nonce, dressed->serial, dressed->signature };
    if (fake->kind == V3_UNSIGNED || fake->kind == V3_STATUS)
        return;
    for (size_t i = 0; i < COUNT(values); i++) {
        bool named = fake->name && strcmp(fake->name, names[i]) == 0;
        struct http_header header = { view_str(called[i]), view_str(values[i]) };
        if (fake->kind != V3_NO_HEADER || !named)
            dressed->header[dressed->count++] = header;
        if (fake->kind == V3_TWICE && named)
            dressed->header[dressed->count++] = header;
    }
}

static void dress(const struct fake_v3 *fake, struct view body, const char *const *called,
                  struct dressed *out)
{
    struct buf text = BUF_INIT(4 << 20);
    const struct v3_private *key = v3.platform;
    const char *serial = V3_PLATFORM_SERIAL;
    int64_t now = clock_real_ms() / 1000;
    *out = (struct dressed){};
    switch (fake->kind) {
    case V3_STALE: now -= 302; break;
    case V3_FUTURE: now += 302; break;
    case V3_STRANGER: serial = "0102030405060708090A0B0C0D0E0F1011121314"; break;
    case V3_ROGUE: key = v3.rogue; break;
    case V3_SECOND:
        key = v3.second;
        serial = V3_SECOND_SERIAL;
        break;
    case V3_PUBLIC_KEY:
        key = v3.public_key;
        serial = V3_KEY_ID;
        break;
    default: break;
    }
    snprintf(out->stamp, sizeof(out->stamp), "%lld", (long long)now);
    snprintf(out->nonce, sizeof(out->nonce), "c5ac7061fccab6bf3e254dcf98995b8c");
    snprintf(out->serial, sizeof(out->serial), "%s", serial);
    ck_assert_int_eq(v3_answer_text(view_str(out->stamp), view_str(out->nonce), body, &text), 0);
    ck_assert_int_eq(v3_sign(key, buf_view(&text), out->signature), 0);
    if (fake->kind == V3_FORGED)
        out->signature[9] = out->signature[9] == 'A' ? 'B' : 'A';
    if (fake->kind == V3_PROBE)
        v3_sign_probe(out->signature);
    add_headers(out, fake, called);
    buf_release(&text);
}

/* --- JSON ---------------------------------------------------------------------------------------- */

/* "amount.total" of @root becomes the JSON @value; NULL: it goes. */
static void set(json_t *root, const char *path, const char *value)
{
    char head[64];
    const char *dot = strchr(path, '.');
    json_t *at = root;
    if (dot) {
        snprintf(head, sizeof(head), "%.*s", (int)(dot - path), path);
        at = json_object_get(root, head);
        path = dot + 1;
    }
    if (!value)
        json_object_del(at, path);
    else
        json_object_set_new(at, path, json_loads(value, JSON_DECODE_ANY, NULL));
}

static int add_part(const char *bytes, size_t len, void *out)
{
    return buf_add(out, bytes, len);
}

static void write_json(json_t *value, struct buf *out)
{
    ck_assert_ptr_nonnull(value);
    ck_assert_int_eq(json_dump_callback(value, add_part, out, JSON_COMPACT), 0);
    json_decref(value);
}

static json_t *trade_json(const struct bench *bench, const char *number, const char *state)
{
    bool paid = strcmp(state, "SUCCESS") == 0 || strcmp(state, "REFUND") == 0;
    if (!paid)
        return json_pack("{s:s, s:s, s:s, s:s, s:{s:I}}", "appid", "wx8888888888888888", "mchid",
                         "1900000109", "out_trade_no", number, "trade_state", state, "amount",
                         "total", (json_int_t)v3.total_fen);
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:{s:s},s:{s:I,s:I,s:s,s:s}}", "mchid",
                     "1900000109", "appid", "wx8888888888888888", "out_trade_no", number,
                     "transaction_id", bench->transaction, "trade_type", "NATIVE", "trade_state",
                     state, "bank_type", "OTHERS", "attach", "", "success_time",
                     "2026-11-23T10:15:30+08:00", "payer", "openid", "oUpF8uMEb4qRXf22hE3X68TekukE",
                     "amount", "total", (json_int_t)v3.total_fen, "payer_total",
                     (json_int_t)v3.total_fen, "currency", "CNY", "payer_currency", "CNY");
}

static json_t *sealed_json(const char *key, const char *associated, struct view plain)
{
    struct buf text = BUF_INIT(4 << 20);
    struct v3_seal seal = { view_str(key), VIEW("61f9c719728a"), view_str(associated) };
    ck_assert_int_eq(v3_seal(&seal, plain, &text), 0);
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:s%}", "algorithm", "AEAD_AES_256_GCM", "nonce", "61f9c719728a",
                  "associated_data", associated, "ciphertext", text.ptr, text.len);
    buf_release(&text);
    return json;
}

static json_t *certificate_json(const char *serial, const struct buf *pem)
{
    const char *key = v3.bad_secret ? "0123456789abcdefFEDCBA9876543211" : V3_TEST_KEY;
    return json_pack("{s:s, s:s, s:s, s:o}", "serial_no", serial, "effective_time",
                     "2025-01-01T00:00:00+08:00", "expire_time", "2044-01-01T00:00:00+08:00",
                     "encrypt_certificate", sealed_json(key, "certificate", buf_view(pem)));
}

/* --- the platform's doors ------------------------------------------------------------------------- */

static enum v3_door door_of(const struct http_request *request, char number[65])
{
    struct view head = VIEW("/v3/pay/transactions/out-trade-no/"), path = request->path, rest;
    struct view refunds = VIEW("/v3/refund/domestic/refunds/");
    if (view_is(path, "/v3/certificates"))
        return DOOR_CERTIFICATES;
    if (view_is(path, "/v3/pay/transactions/native"))
        return DOOR_CREATE;
    if (view_is(path, "/v3/refund/domestic/refunds"))
        return DOOR_REFUND;
    if (view_starts(path, refunds)) {
        path = (struct view){ path.ptr + refunds.len, path.len - refunds.len };
        ck_assert_int_eq(view_copy(path, number, 65), 0);
        return DOOR_REFUND_QUERY;
    }
    ck_assert(view_starts(path, head));
    path = (struct view){ path.ptr + head.len, path.len - head.len };
    ck_assert_int_eq(view_copy(view_cut(path, '/', &rest), number, 65), 0);
    if (view_is(rest, "close"))
        return DOOR_CLOSE;
    ck_assert(view_is(request->query, "mchid=1900000109"));
    return DOOR_QUERY;
}

/* As strict as the platform: true when it would believe the request. */
static bool is_signed(const struct http_request *request)
{
    struct buf text = BUF_INIT(1 << 20);
    struct v3_auth auth;
    int64_t stamp;
    struct view header = http_header_get(request->headers, "Authorization");
    if (v3_auth_read(&auth, header, false, NULL) != V3_AUTH_FINE ||
        view_to_i64(auth.timestamp, INT64_MAX, &stamp) ||
        llabs(stamp - clock_real_ms() / 1000) > 300)
        return false;
    struct v3_request asked = { request->method, request->target, auth.timestamp, auth.nonce,
                                request->body };
    ck_assert_int_eq(v3_request_text(&asked, &text), 0);
    bool fine = v3_verify(v3.merchant, buf_view(&text), auth.signature) == 0 &&
                view_is(auth.serial, "1A2B3C4D5E6F708192A3B4C5D6E7F8091A2B3C4D") &&
                view_is(auth.mchid, "1900000109") && auth.nonce.len >= 16 &&
                http_header_get(request->headers, "Accept").len &&
                http_header_get(request->headers, "User-Agent").len &&
                (!request->body.len ||
                 view_is(http_header_get(request->headers, "Content-Type"), "application/json"));
    buf_release(&text);
    return fine;
}

static bool remember_create(const struct http_request *request)
{
    json_t *asked = json_loadb(request->body.ptr, request->body.len, 0, NULL);
    json_t *total = json_object_get(json_object_get(asked, "amount"), "total");
    const char *number = json_string_value(json_object_get(asked, "out_trade_no"));
    const char *expire = json_string_value(json_object_get(asked, "time_expire"));
    int64_t when;
    bool fine = number && json_is_integer(total) && expire &&
                time_parse_rfc3339(expire, (int64_t)strlen(expire), &when) == 0;
    if (fine) {
        v3.total_fen = json_integer_value(total);
        snprintf(v3.number, sizeof(v3.number), "%s", number);
        v3.created.len = 0;
        ck_assert_int_eq(buf_view_add(&v3.created, request->body), 0);
    }
    json_decref(asked);
    return fine;
}

static const struct asked_refund *refund_of(const char *number)
{
    for (size_t i = v3.refunds; i > 0; i--) {
        if (strcmp(v3.refund[i - 1].number, number) == 0)
            return &v3.refund[i - 1];
    }
    return NULL;
}

json_t *bench_v3_refund(const struct bench *bench, const char *number, const char *state_name,
                        const char *state)
{
    const struct asked_refund *asked = refund_of(number);
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:{s:I, s:I}}", "mchid", "1900000109", "refund_id",
        "50000000002026112400000000001", "out_refund_no", number, "transaction_id",
        bench->transaction, "out_trade_no", asked ? asked->order : "", state_name, state,
        "success_time", "2026-11-24T10:15:30+08:00", "amount", "total",
        (json_int_t)(asked ? asked->total_fen : 0), "refund", (json_int_t)(asked ? asked->fen : 0));
}

/* Kept: a query knows it from now on. */
static bool remember_refund(const struct http_request *request, char number[65])
{
    json_t *asked = json_loadb(request->body.ptr, request->body.len, 0, NULL);
    const json_t *amount = json_object_get(asked, "amount");
    const char *own = json_string_value(json_object_get(asked, "out_refund_no"));
    const char *order = json_string_value(json_object_get(asked, "out_trade_no"));
    ck_assert_uint_lt(v3.refunds, COUNT(v3.refund));
    struct asked_refund *refund = &v3.refund[v3.refunds++];
    *refund = (struct asked_refund){
        .fen = json_integer_value(json_object_get(amount, "refund")),
        .total_fen = json_integer_value(json_object_get(amount, "total")),
        .with_url = json_is_string(json_object_get(asked, "notify_url")),
    };
    snprintf(refund->number, sizeof(refund->number), "%s", own ? own : "");
    snprintf(refund->order, sizeof(refund->order), "%s", order ? order : "");
    snprintf(number, 65, "%s", refund->number);
    if (!v3.refund_lost)
        v3.kept = v3.refunds;
    json_decref(asked);
    return own && order;
}

static void right_body(struct bench *bench, enum v3_door door, const char *number,
                       const struct fake_v3 *fake, struct buf *out)
{
    json_t *value = NULL;
    switch (door) {
    case DOOR_CREATE: value = json_pack("{s:s}", "code_url", bench->code_url); break;
    case DOOR_QUERY: value = trade_json(bench, number, bench->state); break;
    case DOOR_REFUND: value = bench_v3_refund(bench, number, "status", "PROCESSING"); break;
    case DOOR_REFUND_QUERY:
        value = bench_v3_refund(bench, number, "status", v3.refund_status);
        break;
    case DOOR_CERTIFICATES:
        value = json_pack("{s:[o]}", "data", certificate_json(V3_PLATFORM_SERIAL, &v3.certificate));
        if (v3.two)
            json_array_append_new(json_object_get(value, "data"),
                                  certificate_json(V3_SECOND_SERIAL, &v3.second_certificate));
        break;
    default: return;
    }
    if (fake->kind == V3_ALTERED)
        set(value, fake->name, fake->value);
    write_json(value, out);
}

static void refuse(struct http_call *call, int status, const char *body)
{
    http_call_reply(call, status, NULL, 0, view_str(body ? body : ""));
}

void bench_v3_call(struct http_call *call, void *owner)
{
    struct bench *bench = owner;
    const struct http_request *request = http_call_request(call);
    struct buf body = BUF_INIT(1 << 20);
    struct dressed dressed;
    char number[65] = "";
    enum v3_door door = door_of(request, number);
    struct fake_v3 fake = {};
    if (v3.used[door] < v3.planned[door])
        fake = v3.plan[door][v3.used[door]++];
    v3.seen[door]++;
    ck_assert_int_eq(view_copy(http_header_get(request->headers, "Wechatpay-Serial"),
                               v3.serial_said, sizeof(v3.serial_said)),
                     0);
    if (!is_signed(request)) {
        refuse(call, 401, "{\"code\":\"SIGN_ERROR\",\"message\":\"错误的签名，验签失败\"}");
    } else if (door == DOOR_CREATE && !remember_create(request)) {
        refuse(call, 400, "{\"code\":\"PARAM_ERROR\",\"message\":\"参数错误\"}");
    } else if (door == DOOR_REFUND && !remember_refund(request, number)) {
        refuse(call, 400, "{\"code\":\"PARAM_ERROR\",\"message\":\"参数错误\"}");
    } else if (door == DOOR_REFUND_QUERY && v3.kept == 0) {
        refuse(call, 404, "{\"code\":\"RESOURCE_NOT_EXISTS\",\"message\":\"退款单不存在\"}");
    } else if (door == DOOR_CERTIFICATES && v3.none) {
        refuse(call, 404, "{\"code\":\"RESOURCE_NOT_EXISTS\",\"message\":\"无可用的平台证书\"}");
    } else if (fake.kind == V3_STATUS) {
        refuse(call, fake.status, fake.name);
    } else if (fake.kind == V3_CUT) {
        http_call_cut(call);
    } else {
        if (fake.kind == V3_RAW)
            ck_assert_int_eq(buf_str(&body, fake.name), 0);
        else
            right_body(bench, door, number, &fake, &body);
        dress(&fake, buf_view(&body), names, &dressed);
        http_call_reply(call, door == DOOR_CLOSE ? 204 : 200, dressed.header, dressed.count,
                        buf_view(&body));
    }
    buf_release(&body);
}

/* --- notifications -------------------------------------------------------------------------------- */

static json_t *envelope_json(struct bench *bench, const char *number,
                             const struct notice_v3 *notice)
{
    struct buf plain = BUF_INIT(1 << 20);
    const char *kind = notice->refund ? "refund" : "transaction";
    const char *associated = notice->associated ? notice->associated : kind;
    bool absent = strcmp(associated, "-") == 0;
    json_t *trade = notice->refund
                        ? bench_v3_refund(bench, notice->refund, "refund_status",
                                          notice->refund_status ? notice->refund_status : "SUCCESS")
                        : trade_json(bench, number, "SUCCESS");
    if (notice->fake.kind == V3_ALTERED)
        set(trade, notice->fake.name, notice->fake.value);
    write_json(trade, &plain);
    json_t *resource =
        sealed_json(notice->bad_secret ? "0123456789abcdefFEDCBA9876543211" : V3_TEST_KEY,
                    absent ? "" : associated, buf_view(&plain));
    buf_release(&plain);
    json_object_set_new(resource, "original_type", json_string(notice->type ? notice->type : kind));
    if (absent)
        json_object_del(resource, "associated_data");
    if (notice->bad_tag) {
        char *text = (char *)(uintptr_t)json_string_value(json_object_get(resource, "ciphertext"));
        char *last = text + strlen(text) - 6; /* inside the tag, whatever the padding */
        *last = *last == 'A' ? 'B' : 'A';
    }
    json_t *root = json_pack(
        "{s:s,s:s,s:s,s:s,s:s,s:o}", "id", "8dc45bdd-2033-595b-9c93-a23635cc7ede", "create_time",
        "2026-11-23T10:15:30+08:00", "resource_type", "encrypt-resource", "event_type",
        notice->event    ? notice->event
        : notice->refund ? "REFUND.SUCCESS"
                         : "TRANSACTION.SUCCESS",
        "summary", "支付成功", "resource", resource);
    if (notice->extra)
        json_object_set_new(root, notice->extra, json_string("x1"));
    return root;
}

static int deliver(struct bench *bench, const struct fake_v3 *fake, struct view body, bool lower)
{
    struct dressed dressed;
    struct got got;
    dress(fake, body, lower ? lower_names : names, &dressed);
    dressed.header[dressed.count++] =
        (struct http_header){ VIEW("User-Agent"), VIEW("Mozilla/4.0") };
    bench_knock_with(bench, &got, dressed.header, dressed.count, body);
    bench_wait(bench, &got);
    int status = got.status;
    if (status == 204)
        ck_assert_uint_eq(got.body.len, 0);
    else if (got.json && json_object_get(got.json, "code"))
        ck_assert_str_eq(json_string_value(json_object_get(got.json, "code")), "FAIL");
    bench_forget(&got);
    return status;
}

int bench_v3_notify(struct bench *bench, const char *number, const struct notice_v3 *notice)
{
    struct buf body = BUF_INIT(4 << 20);
    write_json(envelope_json(bench, number, notice), &body);
    bench->notify_path = notice->refund ? "/wxpay/refund" : "/wxpay/notify";
    int status = deliver(bench, &notice->fake, buf_view(&body), notice->lower_case);
    buf_release(&body);
    return status;
}

int bench_v3_notify_raw(struct bench *bench, struct view body)
{
    struct fake_v3 fake = {};
    return deliver(bench, &fake, body, false);
}
