#include "cases/v3/common.h"

#include "base/clock.h"
#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- the plain text -------------------------------------------------------------------------- */

json_t *note_plain(struct bench *bench, const struct order *order)
{
    char digits[CN_TIME_LEN + 1], transaction[29], success[CN_TIME_RFC_LEN + 1];
    int64_t paid_ms = order->paid_ms ? order->paid_ms : bench_now_ms(bench);

    cn_time_14(paid_ms, digits);
    cn_time_rfc3339(paid_ms, success);
    snprintf(transaction, sizeof(transaction), "4200000001%.8s%010llu", digits,
             (unsigned long long)bench_random_below(bench, 10'000'000'000));
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:{s:s}, s:{s:I, s:I, s:s, s:s}}",
        "mchid", bench_account(bench)->mch_id, "appid", order->appid, "out_trade_no",
        order->out_trade_no, "transaction_id",
        order->transaction_id[0] ? order->transaction_id : transaction, "trade_type", "NATIVE",
        "trade_state", "SUCCESS", "trade_state_desc", "支付成功", "bank_type",
        order->bank_type[0] ? order->bank_type : "OTHERS", "attach", bench_ordered(order, "attach"),
        "success_time", success, "payer", "openid",
        order->openid[0] ? order->openid : "oUpF8uMEb4qRXf22hE3X68TekukE", "amount", "total",
        (json_int_t)order->total_fen, "payer_total", (json_int_t)order->total_fen, "currency",
        "CNY", "payer_currency", "CNY");
}

/* ---- the envelope ---------------------------------------------------------------------------- */

static int json_to(const json_t *json, size_t flags, struct buf *out)
{
    return json ? json_text(json, flags, out) : ERR_NOMEM;
}

/* One letter of base64 becomes another; @from_end counts from the padding. */
static void spoil_letter(struct buf *base64, size_t at)
{
    base64->ptr[at] = base64->ptr[at] == 'A' ? 'B' : 'A';
}

static int seal_plain(struct bench *bench, const json_t *plain, const struct note_how *how,
                      const char *nonce, struct buf *out)
{
    struct buf text = BUF_INIT(ORACLE3_TEXT_MAX);
    char other_key[33];
    const char *aad = how->no_aad ? "" : how->aad ? how->aad : "transaction";
    struct oracle3_seal seal = { account_v3(bench_account(bench), "/apiv3_key"), view_str(nonce),
                                 view_str(aad) };

    if (how->spoil == NOTE_WRONG_KEY) {
        bench_random(bench, other_key, 32);
        seal.key = other_key;
    }
    if (how->spoil == NOTE_WRONG_AAD)
        seal.aad = VIEW("certificate");
    int err = json_to(plain, JSON_COMPACT, &text);
    if (!err)
        err = oracle3_seal(&seal, buf_view(&text), out);
    if (!err && how->spoil == NOTE_TAG)
        spoil_letter(out, out->len - 6); /* within the last sixteen bytes */
    if (!err && how->spoil == NOTE_CIPHER)
        spoil_letter(out, 5);
    if (!err && how->spoil == NOTE_NO_BASE64) {
        buf_clear(out);
        err = buf_str(out, "*** this is no base64 ***");
    }
    buf_release(&text);
    return err;
}

static void random_id(struct bench *bench, char out[37])
{
    char hex[33];
    for (size_t i = 0; i < 32; i++)
        hex[i] = "0123456789abcdef"[bench_random_below(bench, 16)];
    hex[32] = '\0';
    snprintf(out, 37, "%.8s-%.4s-5%.3s-a%.3s-%.12s", hex, hex + 8, hex + 12, hex + 15, hex + 18);
}

/* Keys in the order of a real body (V3 6.1), unless the experiment says otherwise. */
static json_t *envelope(struct bench *bench, const struct note_how *how, const char *nonce,
                        const struct buf *sealed)
{
    char id[37], now[CN_TIME_RFC_LEN + 1];
    const char *aad = how->aad ? how->aad : "transaction";

    random_id(bench, id);
    cn_time_rfc3339(bench_now_ms(bench), now);
    json_t *resource =
        json_pack("{s:s, s:s, s:s%}", "original_type",
                  how->original_type ? how->original_type : "transaction", "algorithm",
                  "AEAD_AES_256_GCM", "ciphertext", sealed->ptr, sealed->len);
    if (resource && !how->no_aad)
        json_object_set_new(resource, "associated_data", json_string(aad));
    if (resource)
        json_object_set_new(resource, "nonce", json_string(nonce));
    if (how->extended)
        return json_pack("{s:{s:[i]}, s:o, s:s, s:s, s:s, s:s, s:s, s:n}", "future", "list", 1,
                         "resource", resource, "summary", "支付成功", "event_type",
                         "TRANSACTION.SUCCESS", "resource_type", "encrypt-resource", "create_time",
                         now, "id", id, "zz_later");
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "id", id, "create_time", now,
                     "resource_type", "encrypt-resource", "event_type",
                     how->event_type ? how->event_type : "TRANSACTION.SUCCESS", "summary",
                     how->event_type ? "通知" : "支付成功", "resource", resource);
}

/* ---- the signature --------------------------------------------------------------------------- */

#define HEADERS 5

struct dress {
    char timestamp[24], nonce[33], serial[65];
    struct buf signature;
    char lines[HEADERS][1200];
    const char *list[HEADERS + 1];
};

static int signing_key(struct bench *bench, const struct note_how *how, struct dress *dress,
                       struct oracle3_key **key)
{
    const char *serial;
    const char *pem = account_signer(bench_account(bench), how->sign == NOTE_SECOND, &serial);

    snprintf(dress->serial, sizeof(dress->serial), "%s", serial);
    if (how->sign == NOTE_OTHER_SERIAL)
        snprintf(dress->serial, sizeof(dress->serial), "%s",
                 "5E5D4C3B2A0102F9E8D7C6B5A49382716F5E4D3C");
    if (how->sign == NOTE_OTHER_KEY || how->sign == NOTE_OTHER_SERIAL)
        return oracle3_key_make(key);
    return oracle3_key_read(key, view_str(pem));
}

/* What is signed may be another spelling of what is sent. */
static int signed_body(const struct note_how *how, struct view body, struct buf *out)
{
    if (how->sign != NOTE_COMPACTED)
        return buf_view_add(out, body);
    json_t *json = json_loadb(body.ptr, body.len, 0, NULL);
    int err = json_to(json, JSON_COMPACT, out);
    json_decref(json);
    return err;
}

static int sign(struct bench *bench, const struct note_how *how, struct view body,
                struct dress *dress)
{
    static const char probe[] = "WECHATPAY/SIGNTEST/";
    struct buf covered = BUF_INIT(ORACLE3_TEXT_MAX), text = BUF_INIT(ORACLE3_TEXT_MAX);
    struct oracle3_key *key = NULL;
    int err = signing_key(bench, how, dress, &key);

    snprintf(dress->timestamp, sizeof(dress->timestamp), "%lld",
             (long long)(clock_real_ms() / 1000 + how->stamp_s));
    bench_random(bench, dress->nonce, 32);
    if (!err)
        err = signed_body(how, body, &covered);
    if (!err)
        err = oracle3_answer_text(view_str(dress->timestamp), view_str(dress->nonce),
                                  buf_view(&covered), &text);
    if (!err)
        err = oracle3_sign(key, buf_view(&text), &dress->signature);
    if (!err && how->sign == NOTE_FLIPPED)
        spoil_letter(&dress->signature, 7);
    if (!err && how->sign == NOTE_PROBE)
        memcpy(dress->signature.ptr, probe, sizeof(probe) - 1);
    if (how->sign == NOTE_EMPTY)
        buf_clear(&dress->signature);
    oracle3_key_free(key);
    buf_release(&covered);
    buf_release(&text);
    return err;
}

/* Lines for the sending; a header without a value is written "Name;" as libcurl wants it. */
static void write_headers(const struct note_how *how, struct dress *dress)
{
    const struct {
        const char *name, *value;
    } rows[HEADERS] = { { "Wechatpay-Nonce", dress->nonce },
                        { "Wechatpay-Signature", buf_cstr(&dress->signature) },
                        { "Wechatpay-Timestamp", dress->timestamp },
                        { "Wechatpay-Serial", dress->serial },
                        { "Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048" } };
    size_t count = 0;

    for (size_t i = 0; i < HEADERS; i++) {
        char *line = dress->lines[count];
        if (how->drop && (strcmp(how->drop, "*") == 0 || strcmp(how->drop, rows[i].name) == 0))
            continue;
        if (rows[i].value[0])
            snprintf(line, sizeof(dress->lines[0]), "%s: %.1000s", rows[i].name, rows[i].value);
        else
            snprintf(line, sizeof(dress->lines[0]), "%s;", rows[i].name);
        for (char *c = line; how->lower_case && *c && *c != ':'; c++)
            *c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
        dress->list[count++] = line;
    }
    dress->list[count] = NULL;
}

/* ---- sending --------------------------------------------------------------------------------- */

static int make_body(struct bench *bench, json_t *plain, const struct note_how *how,
                     struct buf *body)
{
    struct buf sealed = BUF_INIT(ORACLE3_TEXT_MAX);
    char nonce[13];

    if (how->nonce)
        snprintf(nonce, sizeof(nonce), "%s", how->nonce);
    else
        bench_random(bench, nonce, 12);
    if (how->extended) {
        json_object_set_new(plain, "future_field", json_pack("{s:i}", "x", 1));
        json_object_set_new(plain, "zz_later", json_null());
    }
    int err = seal_plain(bench, plain, how, nonce, &sealed);
    json_t *json = err ? NULL : envelope(bench, how, nonce, &sealed);
    if (!err)
        err = json_to(json, how->spaced ? JSON_INDENT(3) : JSON_COMPACT, body);
    json_decref(json);
    buf_release(&sealed);
    return err;
}

int note_send(struct bench *bench, const struct order *order, json_t *plain,
              const struct note_how *how)
{
    static const struct note_how usual = {};
    struct buf body = BUF_INIT(ORACLE3_TEXT_MAX);
    struct dress dress = { .signature = BUF_INIT((size_t)2048) };

    if (!how)
        how = &usual;
    int err = plain ? make_body(bench, plain, how, &body) : ERR_NOMEM;
    if (!err)
        err = sign(bench, how, buf_view(&body), &dress);
    if (!err && how->sign == NOTE_BODY_CHANGED) /* a digit of the id: JSON as before */
        body.ptr[8] = body.ptr[8] == '1' ? '2' : '1';
    if (!err) {
        write_headers(how, &dress);
        const struct sending sending = { .label = how->label ? how->label : "note",
                                         .body = buf_view(&body),
                                         .headers = dress.list,
                                         .copies = how->copies };
        err = bench_send(bench, order, &sending);
    }
    json_decref(plain);
    buf_release(&body);
    buf_release(&dress.signature);
    return err;
}

void note_forge(struct bench *bench, const char *what, const struct note_how *ways, size_t count)
{
    struct order *order = victim(bench, NULL);
    int err = order ? 0 : ERR_NOT_FOUND;

    if (!err)
        bench_note(bench, order, "what", what);
    for (size_t i = 0; i < count && !err; i++) {
        struct note_how how = ways[i];
        how.label = "forged";
        err = note_send(bench, order, note_plain(bench, order), &how);
    }
    if (!err)
        err = look_after(bench, order);
    (void)err; /* what went wrong is recorded, and leaves the claims open */
}

struct order *paid_under(struct bench *bench, const char *const *faults, size_t count)
{
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);
    int err = order ? bench_notify_mode(bench, order, "suppress") : -1;

    for (size_t i = 0; i < count && !err; i++)
        err = bench_fault(bench, order, faults[i]);
    if (!err)
        err = bench_pay(bench, order, NULL);
    return err ? NULL : order;
}

struct order *paid_unnoticed(struct bench *bench)
{
    return paid_under(bench, NULL, 0);
}

struct order *paid_hidden(struct bench *bench, const char *state)
{
    static const struct order_wish any = {};
    struct order *order = bench_create(bench, &any);

    if (!order || bench_notify_mode(bench, order, "suppress") ||
        answer_state(bench, order, state, order->total_fen) || bench_pay(bench, order, NULL))
        return NULL;
    return order;
}

void note_genuine(struct bench *bench, const struct note_how *ways, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct note_how how = ways[i];
        struct order *order = paid_unnoticed(bench);
        how.label = "genuine";
        if (!order || bench_blind_query(bench, order) ||
            note_send(bench, order, note_plain(bench, order), &how) ||
            bench_await_state(bench, order, ORDER_PAID, 0) || bench_status(bench, order, "after"))
            return;
    }
}

int answer_state(struct bench *bench, const struct order *order, const char *state,
                 int64_t total_fen)
{
    json_t *plain = note_plain(bench, order);
    struct buf body = BUF_INIT((size_t)64 * 1024);
    int err = plain ? 0 : ERR_NOMEM;

    if (!err) {
        json_object_set_new(plain, "trade_state", json_string(state));
        json_object_set_new(plain, "trade_state_desc", json_string("（试验）"));
        json_object_set_new(json_object_get(plain, "amount"), "total",
                            json_integer((json_int_t)total_fen));
        err = json_text(plain, JSON_COMPACT, &body);
    }
    json_t *fault =
        err ? NULL
            : json_pack("{s:s, s:s, s:s, s:i, s:i, s:s, s:s}", "door", "api", "api", "v3/query",
                        "kind", "raw", "count", 0, "status", 200, "content_type",
                        "application/json; charset=utf-8", "body", buf_cstr(&body));
    char *text = fault ? json_dumps(fault, JSON_COMPACT) : NULL;
    if (!err)
        err = text ? bench_fault(bench, order, text) : ERR_NOMEM;
    free(text); /* jansson's allocator, not ours */
    json_decref(fault);
    json_decref(plain);
    buf_release(&body);
    return err;
}
