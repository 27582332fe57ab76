/*
 * bench_buyer.c — the hands of the buyer: reads the picture, scans, pays.
 */
#include "bench_priv.h"

#include "base/err.h"
#include "base/utf8.h"
#include "scan.h"

#include <openssl/evp.h>
#include <stdio.h>

/* Where the picture of an order comes from, and its bytes. */
struct picture {
    struct visit visit; /* the fetch, when there was one */
    struct buf bytes;
    char source[1100];
};

static void picture_release(struct picture *picture)
{
    visit_release(&picture->visit);
    buf_release(&picture->bytes);
}

static int fetch(struct bench *bench, struct slot *slot, const char *target,
                 struct picture *picture)
{
    char request[1200];
    struct errand errand = { .scope = &slot->scope,
                             .payer = slot->order.payer,
                             .timeout_ms = bench_patience_ms(bench, 10'000) };

    snprintf(request, sizeof(request), "GET %s", target);
    snprintf(picture->source, sizeof(picture->source), "%s", target);
    int err = shop_get(&bench->shop, request, &errand, &picture->visit);
    if (!err && picture->visit.answer.status >= 200 && picture->visit.answer.status <= 299)
        err = buf_view_add(&picture->bytes, buf_view(&picture->visit.answer.body));
    return err;
}

static int obtain(struct bench *bench, struct slot *slot, struct picture *picture)
{
    const struct picture_source *source = &bench->profile->qr;
    struct buf url = BUF_INIT((size_t)1024);

    *picture = (struct picture){ .bytes = BUF_INIT(HTTP_ANSWER_MAX) };
    if (source->kind == PICTURE_GET)
        return fetch(bench, slot, source->argument, picture);
    int err = picture_source_get(source, &slot->last, &picture->bytes, &url);
    snprintf(picture->source, sizeof(picture->source), "%s",
             url.len ? buf_cstr(&url) : "in the page");
    if (!err && url.len)
        err = fetch(bench, slot, buf_cstr(&url), picture);
    buf_release(&url);
    return err == ERR_NOMEM ? err : 0; /* a page without a picture shows none: that is the fact */
}

static void sha256_hex(struct view bytes, char out[65])
{
    unsigned char digest[32] = {};
    unsigned len = 0;
    EVP_Digest(bytes.ptr ? bytes.ptr : "", bytes.len, digest, &len, EVP_sha256(), NULL);
    for (size_t i = 0; i < sizeof(digest); i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

/* "notify-duplicate-o1-2.png" in the picture directory; "" when pictures are not kept. */
static void keep_picture(struct bench *bench, const struct order *order, struct view bytes,
                         const char *format, char *name, size_t size)
{
    char path[1400];

    name[0] = '\0';
    if (!bench->options.picture_dir || !bytes.len)
        return;
    snprintf(name, size, "%s-%s-%u.%s", bench->def->id, order->name, ++bench->pictures,
             format[0] ? format : "bin");
    for (char *slash = name; (slash = strchr(slash, '/'));)
        *slash = '-';
    snprintf(path, sizeof(path), "%s/%s", bench->options.picture_dir, name);
    FILE *file = fopen(path, "wb");
    bool ok = file && fwrite(bytes.ptr, 1, bytes.len, file) == bytes.len;
    if (file && fclose(file))
        ok = false;
    if (!ok)
        name[0] = '\0';
}

static json_t *content_of(const struct scan_result *scan)
{
    if (!scan->count)
        return json_null();
    json_t *text = json_stringn(buf_cstr(&scan->texts[0]), scan->texts[0].len);
    return text ? text : json_string("(not UTF-8)");
}

static void record_qr(struct bench *bench, struct slot *slot, const struct picture *picture,
                      const struct scan_result *scan, const char *label)
{
    char sha256[65], file[200];

    sha256_hex(buf_view(&picture->bytes), sha256);
    keep_picture(bench, &slot->order, buf_view(&picture->bytes), scan->format, file, sizeof(file));
    json_t *data = json_pack("{s:o, s:i, s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:s}", "content",
                             content_of(scan), "codes", (int)scan->count, "how", scan->repair,
                             "format", scan->format, "error", scan->error, "detail", scan->detail,
                             "source", picture->source, "bytes", (json_int_t)picture->bytes.len,
                             "sha256", picture->bytes.len ? sha256 : "", "file", file);
    /* the request and the head of the answer; the bytes lie in the file */
    const json_t *trace = picture->visit.trace;
    if (data && trace) {
        json_t *answer = json_copy(json_object_get(trace, "answer"));
        if (picture->bytes.len) {
            json_object_del(answer, "body");
            json_object_del(answer, "body_base64");
            json_object_del(answer, "cut");
        }
        json_object_set(data, "request", json_object_get(trace, "request"));
        json_object_set_new(data, "answer", answer);
    }
    bench_fact(bench, "qr", &slot->order, label, data);
}

int bench_qr(struct bench *bench, struct order *order, const char *label)
{
    struct slot *slot = slot_of(order);
    struct picture picture;
    struct scan_result scan = {};
    int err = bench_go(bench);

    if (err)
        return err;
    if (bench->profile->qr.kind == PICTURE_NONE)
        return bench_trouble(bench, "judge", "qr", "the case needs a picture but did not say so");
    err = obtain(bench, slot, &picture);
    if (!err && picture.bytes.len) {
        err = scan_picture(bench->options.scanner, buf_view(&picture.bytes), &scan);
        if (err)
            err = bench_trouble(bench, "judge", "qr", "the picture scanner failed: %s",
                                err_text(err));
    } else if (err) {
        err = bench_errand_trouble(bench, "qr", err);
    } else {
        snprintf(scan.error, sizeof(scan.error), "no picture");
    }
    slot->picture_url[0] = '\0';
    if (!err && scan.count &&
        view_copy(buf_view(&scan.texts[0]), slot->picture_url, sizeof(slot->picture_url)))
        slot->picture_url[0] = '\0';
    if (!err) {
        record_qr(bench, slot, &picture, &scan, label);
        bench_hear(bench, &picture.visit.answer);
    }
    scan_result_release(&scan);
    picture_release(&picture);
    return err;
}

/* What the buyer's phone sees: the platform's own code_url, else what the merchant showed. */
static const char *code_url_of(const struct order *order)
{
    const struct slot *slot = slot_of(order);
    const struct scope_name *captured = scope_get(&slot->scope, VIEW("code_url"));
    if (order->code_url[0])
        return order->code_url;
    return captured ? captured->value : slot->picture_url;
}

int bench_scan(struct bench *bench, struct order *order)
{
    int status;
    int err = bench_go(bench);
    if (err)
        return err;
    return bench_control(
        bench,
        &(struct control_fact){ .kind = "scan",
                                .order = order,
                                .method = "POST",
                                .path = "/v1/scan",
                                .body = json_pack("{s:s}", "code_url", code_url_of(order)) },
        &status, NULL);
}

/* By the code; by the number when the platform's answer, and the code in it, was lost. */
static json_t *pay_body(const struct bench *bench, const struct order *order,
                        const struct payment *payment)
{
    const char *code = payment->code_url ? payment->code_url : code_url_of(order);
    const char *outcome = payment->outcome ? payment->outcome : "paid";
    json_t *body = code[0] ? json_pack("{s:s, s:s}", "code_url", code, "outcome", outcome)
                           : json_pack("{s:s, s:s, s:s}", "mch_id", bench->platform.account.mch_id,
                                       "out_trade_no", order->out_trade_no, "outcome", outcome);
    if (payment->openid)
        json_object_set_new(body, "openid", json_string(payment->openid));
    if (payment->bank_type)
        json_object_set_new(body, "bank_type", json_string(payment->bank_type));
    if (payment->coupons)
        json_object_set_new(body, "coupons", json_loads(payment->coupons, 0, NULL));
    if (payment->wait_ms)
        json_object_set_new(body, "wait_ms", json_integer((json_int_t)payment->wait_ms));
    return body;
}

int bench_pay(struct bench *bench, struct order *order, const struct payment *payment)
{
    static const struct payment simply;
    json_t *answer = NULL;
    int status;
    int err = bench_go(bench);

    if (err)
        return err;
    if (!payment)
        payment = &simply;
    err = bench_control(bench,
                        &(struct control_fact){ .kind = "pay",
                                                .order = order,
                                                .method = "POST",
                                                .path = "/v1/pay",
                                                .body = pay_body(bench, order, payment),
                                                .timeout_ms = payment->wait_ms + 10'000 },
                        &status, &answer);
    if (err)
        return err;
    const char *result = json_string_value(json_object_get(answer, "result"));
    const char *reason = json_string_value(json_object_get(answer, "reason"));
    bool paid = result && strcmp(result, "paid") == 0;
    bool wants_paid = !payment->outcome || strcmp(payment->outcome, "paid") == 0;
    if (!payment->may_fail && wants_paid && !paid)
        err = bench_trouble(bench, "merchant", "pay", "the phone could not pay the order: %s",
                            reason ? reason : "the link is none of the platform's");
    if (paid)
        bench_keep_payment(order, answer);
    json_decref(answer);
    return err;
}
