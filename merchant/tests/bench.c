#include "tests/bench.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "options_keys.h"
#include "tests/bench_v3.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define GIVE_UP_MS 30'000 /* of a wait for something that should take milliseconds */

static struct got last;

/* --- the platform --------------------------------------------------------------------------- */

static enum api api_of(struct view path)
{
    if (view_is(path, "/pay/unifiedorder"))
        return API_CREATE;
    if (view_is(path, "/pay/orderquery"))
        return API_QUERY;
    ck_assert(view_is(path, "/pay/closeorder"));
    return API_CLOSE;
}

static void add(struct v2_msg *msg, const char *name, const char *value)
{
    ck_assert_int_eq(v2_msg_add_str(msg, name, value), 0);
}

static void head(struct v2_msg *msg, const char *result)
{
    add(msg, "return_code", "SUCCESS");
    add(msg, "return_msg", "OK");
    add(msg, "appid", "wx8888888888888888");
    add(msg, "mch_id", "1900000109");
    add(msg, "nonce_str", "IITRi8Iabbblz1Jc");
    add(msg, "result_code", result);
}

/* The same number of fen as a payment of it. */
static void add_payment(const struct bench *bench, struct v2_msg *msg, const char *number)
{
    add(msg, "openid", "oUpF8uMEb4qRXf22hE3X68TekukE");
    add(msg, "bank_type", "OTHERS");
    add(msg, "fee_type", "CNY");
    add(msg, "out_trade_no", number);
    add(msg, "transaction_id", bench->transaction);
    add(msg, "time_end", "20261123101530");
    add(msg, "trade_type", "NATIVE");
    ck_assert_int_eq(v2_msg_add_int(msg, "total_fee", bench->total_fen), 0);
    ck_assert_int_eq(v2_msg_add_int(msg, "cash_fee", bench->total_fen), 0);
}

static void right(struct bench *bench, enum api api, const char *number, struct v2_msg *msg)
{
    head(msg, "SUCCESS");
    if (api == API_CREATE) {
        add(msg, "prepay_id", "wx201410272009395522657a690389285100");
        add(msg, "trade_type", "NATIVE");
        add(msg, "code_url", bench->code_url);
    } else if (api == API_QUERY) {
        add(msg, "trade_state", bench->state);
        bool paid = strcmp(bench->state, "SUCCESS") == 0 || strcmp(bench->state, "REFUND") == 0;
        if (paid)
            add_payment(bench, msg, number);
        else
            add(msg, "out_trade_no", number);
    }
}

static void set(struct v2_msg *msg, const char *name, const char *value)
{
    struct v2_msg old = *msg;
    *msg = (struct v2_msg){};
    for (size_t i = 0; i < old.count; i++) {
        if (!view_is(old.field[i].name, name))
            ck_assert_int_eq(v2_msg_add(msg, old.field[i].name, old.field[i].value), 0);
    }
    if (value)
        add(msg, name, value);
    v2_msg_release(&old);
}

static void sign(struct bench *bench, struct v2_msg *msg)
{
    ck_assert_int_eq(v2_msg_sign(msg, bench->options.sign_type, bench->key), 0);
}

static void dress(struct bench *bench, const struct fake *fake, struct v2_msg *msg)
{
    switch (fake->kind) {
    case FAKE_ERROR:
        v2_msg_clear(msg);
        head(msg, "FAIL");
        add(msg, "err_code", fake->name);
        sign(bench, msg);
        break;
    case FAKE_ALTERED:
        set(msg, fake->name, fake->value);
        sign(bench, msg);
        break;
    case FAKE_FORGED:
        sign(bench, msg);
        set(msg, fake->name, fake->value);
        break;
    case FAKE_FAIL:
        v2_msg_clear(msg);
        add(msg, "return_code", "FAIL");
        add(msg, "return_msg", "签名错误");
        break;
    case FAKE_UNSIGNED: break;
    default: sign(bench, msg); break;
    }
}

static void answer(struct bench *bench, struct http_call *call, const struct fake *fake,
                   struct v2_msg *msg)
{
    struct buf xml = BUF_INIT(V2_XML_MAX);
    dress(bench, fake, msg);
    ck_assert_int_eq(v2_msg_write(msg, V2_QUOTE_CDATA, &xml), 0);
    struct view body = buf_view(&xml);
    if (fake->kind == FAKE_HALF)
        body.len /= 2;
    if (fake->kind == FAKE_RAW)
        body = view_str(fake->name);
    if (fake->kind == FAKE_CUT)
        http_call_cut(call);
    else
        http_call_reply(call, fake->kind == FAKE_HTTP_500 ? 500 : 200, NULL, 0, body);
    buf_release(&xml);
}

static void remember(struct bench *bench, enum api api, struct v2_msg *asked)
{
    ck_assert_uint_lt(bench->seen_count, SEEN_MAX);
    struct seen *seen = &bench->seen[bench->seen_count++];
    *seen = (struct seen){ .api = api, .text = BUF_INIT(V2_XML_MAX) };
    seen->at_ms = shop_now_ms(&bench->shop);
    ck_assert_int_eq(view_copy(v2_msg_get(asked, "out_trade_no"), seen->number, 65), 0);
    ck_assert_int_eq(view_copy(v2_msg_get(asked, "nonce_str"), seen->nonce, 65), 0);
    set(asked, "nonce_str", NULL);
    ck_assert_int_eq(v2_sign_text(asked, &seen->text), 0);
}

static void on_platform_call(struct http_call *call, void *owner)
{
    struct bench *bench = owner;
    const struct http_request *request = http_call_request(call);
    enum api api = api_of(request->path);
    struct v2_msg asked = {}, msg = {};

    ck_assert(view_is(request->method, "POST"));
    ck_assert_int_eq(v2_msg_read(&asked, request->body, NULL, NULL), 0);
    ck_assert_int_eq(v2_verify(&asked, bench->options.sign_type, bench->key), 0);
    if (api == API_CREATE)
        ck_assert_int_eq(view_to_i64(v2_msg_get(&asked, "total_fee"), INT64_MAX, &bench->total_fen),
                         0);
    remember(bench, api, &asked);
    right(bench, api, bench->seen[bench->seen_count - 1].number, &msg);

    struct fake fake = {};
    if (bench->used[api] < bench->planned[api])
        fake = bench->plan[api][bench->used[api]++];
    answer(bench, call, &fake, &msg);
    v2_msg_release(&asked);
    v2_msg_release(&msg);
}

void bench_plan(struct bench *bench, enum api api, struct fake fake)
{
    bench->plan[api][bench->planned[api]++] = fake;
}

size_t bench_seen(const struct bench *bench, enum api api)
{
    size_t count = 0;
    for (size_t i = 0; i < bench->seen_count; i++)
        count += bench->seen[i].api == api;
    return count;
}

/* --- open and close --------------------------------------------------------------------------- */

static void on_late(uv_timer_t *timer)
{
    container_of(timer, struct bench, watchdog)->late = true;
}

/* One turn of the loop; fails the test when @why has been waited for too long. */
static void turn_loop(struct bench *bench, const char *why)
{
    uv_run(&bench->loop, UV_RUN_ONCE);
    ck_assert_msg(!bench->late, "waited in vain for %s", why);
}

static void run_until(struct bench *bench, const bool *done, const char *why)
{
    uv_timer_start(&bench->watchdog, on_late, GIVE_UP_MS, 0);
    while (!*done)
        turn_loop(bench, why);
    uv_timer_stop(&bench->watchdog);
}

void bench_until_seen(struct bench *bench, enum api api, size_t count)
{
    uv_timer_start(&bench->watchdog, on_late, GIVE_UP_MS, 0);
    while (bench_seen(bench, api) < count)
        turn_loop(bench, "a call to the platform");
    uv_timer_stop(&bench->watchdog);
}

static void on_stopped(void *owner)
{
    *(bool *)owner = true;
}

static void open_shop(struct bench *bench)
{
    ck_assert_int_eq(shop_start(&bench->shop, &bench->loop, &bench->options, bench->steps), 0);
}

static void close_shop(struct bench *bench)
{
    bench->stopped = false;
    shop_stop(&bench->shop, on_stopped, &bench->stopped);
    run_until(bench, &bench->stopped, "the end of the shop");
    for (int i = 0; i < 10 || bench->shop.open_claims; i++)
        uv_run(&bench->loop, bench->shop.open_claims ? UV_RUN_ONCE : UV_RUN_NOWAIT);
    shop_release(&bench->shop);
}

void bench_restart(struct bench *bench)
{
    close_shop(bench);
    open_shop(bench);
}

/* The published test account's. */
static void set_v3(struct options *options, const char *public_key)
{
    static char key[] = V3_TEST_KEY, id[] = V3_KEY_ID;
    options->api = WIRE_V3;
    options->apiv3_key = key;
    options->public_key_file = *public_key ? (char *)(uintptr_t)public_key : NULL;
    options->public_key_id = *public_key ? id : NULL;
    ck_assert_int_eq(options_keys_read(options), 0);
}

static void open_bench(struct bench *bench, const char *ledger, const struct steps *steps,
                       const char *public_key)
{
    static char key[] = BENCH_KEY, mch_id[] = "1900000109", appid[] = "wx8888888888888888",
                base[] = "https://shop.example", ip[] = "203.0.113.7", staff[] = BENCH_STAFF;
    log_set_level(getenv("BENCH_LOG") ? LOG_DEBUG : LOG_NONE);
    *bench = (struct bench){ .v3 = bench->v3,
                             .steps = steps ? steps : &steps_right,
                             .notify_path = "/wxpay/notify",
                             .state = "NOTPAY",
                             .code_url = "weixin://wxpay/bizpayurl?pr=oNHq98K",
                             .transaction = "4200000001202611230000000001" };
    ck_assert_int_eq(uv_loop_init(&bench->loop), 0);
    uv_timer_init(&bench->loop, &bench->watchdog);
    bench->key = v2_key_new(VIEW(BENCH_KEY));
    struct http_server_options door = { .on_call = bench->v3 ? bench_v3_call : on_platform_call,
                                        .owner = bench };
    ck_assert_int_eq(http_server_start(&bench->platform, &bench->loop, &door), 0);
    struct http_client_options knocker = {};
    ck_assert_int_eq(http_client_start(&bench->client, &bench->loop, &knocker), 0);
    snprintf(bench->platform_url, sizeof(bench->platform_url), "http://127.0.0.1:%u",
             http_server_port(bench->platform));
    bench->options = (struct options){ .platform_url = bench->platform_url,
                                       .mch_id = mch_id,
                                       .appid = appid,
                                       .api_key = key,
                                       .notify_base = base,
                                       .ip = ip,
                                       .staff_token = staff,
                                       .ledger = (char *)(uintptr_t)ledger,
                                       .test_clock = 1 };
    if (bench->v3)
        set_v3(&bench->options, public_key);
    open_shop(bench);
}

void bench_open(struct bench *bench, const char *ledger, const struct steps *steps)
{
    bench->v3 = NULL;
    open_bench(bench, ledger, steps, "");
}

void bench_open_with(struct bench *bench, const char *ledger, const struct steps *steps,
                     const char *public_key)
{
    open_bench(bench, ledger, steps, public_key);
}

static void on_server_stopped(void *owner)
{
    ((struct bench *)owner)->stopped = true;
}

void bench_close(struct bench *bench)
{
    bench_forget(&last);
    close_shop(bench);
    bench->stopped = false;
    http_server_stop(bench->platform, on_server_stopped);
    run_until(bench, &bench->stopped, "the end of the platform");
    bench->stopped = false;
    http_client_stop(bench->client, on_stopped, &bench->stopped);
    run_until(bench, &bench->stopped, "the end of the client");
    uv_close((uv_handle_t *)&bench->watchdog, NULL);
    for (size_t i = 0; i < bench->seen_count; i++)
        buf_release(&bench->seen[i].text);
    v2_key_free(bench->key);
    mem_free(bench->options.mch_serial);
    options_keys_release(&bench->options);
    uv_run(&bench->loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&bench->loop), 0);
}

/* --- knocking ------------------------------------------------------------------------------------ */

static void on_answer(void *owner, int err, const struct http_response *response)
{
    struct got *got = owner;
    got->done = true;
    got->err = err;
    if (err)
        return;
    got->status = response->status;
    got->body = BUF_INIT(1 << 20);
    got->err = buf_view_add(&got->body, response->body); /* a test may refuse memory */
    got->json = json_loadb(got->body.ptr ? got->body.ptr : "", got->body.len, 0, NULL);
}

static void knock(struct bench *bench, struct got *got, const char *path, struct http_send *send)
{
    static const struct http_header staff = { VIEW("Authorization"), VIEW("Bearer " BENCH_STAFF) };
    if (!bench->no_staff && view_ends(view_str(path), VIEW("/refund")) && !send->header_count) {
        send->headers = &staff;
        send->header_count = 1;
    }
    struct buf url = BUF_INIT(512);
    *got = (struct got){};
    ck_assert_int_eq(buf_fmt(&url, "%s%s", bench->shop.own_url, path), 0);
    send->url = buf_view(&url);
    send->timeout_ms = 20'000;
    send->on_done = on_answer;
    send->owner = got;
    ck_assert_int_eq(http_client_send(bench->client, send, NULL), 0);
    buf_release(&url);
}

void bench_knock(struct bench *bench, struct got *got, const char *method, const char *path,
                 struct view body)
{
    struct http_send send = { .method = method, .body = body };
    knock(bench, got, path, &send);
}

void bench_knock_with(struct bench *bench, struct got *got, const struct http_header *headers,
                      size_t count, struct view body)
{
    struct http_send send = {
        .method = "POST", .headers = headers, .header_count = count, .body = body
    };
    knock(bench, got, bench->notify_path, &send);
}

void bench_wait(struct bench *bench, struct got *got)
{
    run_until(bench, &got->done, "an answer");
    ck_assert_msg(got->err == 0, "no answer: %s", err_name(got->err));
}

void bench_forget(struct got *got)
{
    buf_release(&got->body);
    json_decref(got->json);
    *got = (struct got){};
}

const struct got *bench_call(struct bench *bench, const char *method, const char *path,
                             const char *body)
{
    bench_forget(&last);
    bench_knock(bench, &last, method, path, view_str(body ? body : ""));
    bench_wait(bench, &last);
    return &last;
}

const char *bench_text(const char *member)
{
    const char *text = json_string_value(json_object_get(last.json, member));
    return text ? text : "";
}

int64_t bench_number(const char *member)
{
    return json_integer_value(json_object_get(last.json, member));
}

const json_t *bench_json(void)
{
    return last.json;
}

struct made bench_order(struct bench *bench)
{
    struct made made;
    const struct got *got = bench_call(bench, "POST", "/orders", "{\"sku\":\"sticker\"}");
    ck_assert_msg(got->status == 201, "%d: %s", got->status, buf_cstr(&got->body));
    snprintf(made.id, sizeof(made.id), "%s", bench_text("id"));
    snprintf(made.number, sizeof(made.number), "%s", bench_text("out_trade_no"));
    return made;
}

const char *bench_status(struct bench *bench, const struct made *made)
{
    char path[64];
    snprintf(path, sizeof(path), "/orders/%s", made->id);
    ck_assert_int_eq(bench_call(bench, "GET", path, NULL)->status, 200);
    return bench_text("status");
}

void bench_advance(struct bench *bench, int64_t seconds)
{
    char body[64];
    snprintf(body, sizeof(body), "{\"advance_s\":%lld}", (long long)seconds);
    ck_assert_int_eq(bench_call(bench, "POST", "/test/clock", body)->status, 200);
}

void bench_notification(struct bench *bench, const char *number, const char *name,
                        const char *value, struct buf *xml)
{
    struct v2_msg msg = {};
    add(&msg, "appid", "wx8888888888888888");
    add(&msg, "mch_id", "1900000109");
    add(&msg, "nonce_str", "5d2b6c2a8db53831f7eda20af46e531c");
    add(&msg, "result_code", "SUCCESS");
    add(&msg, "return_code", "SUCCESS");
    add_payment(bench, &msg, number);
    if (name)
        set(&msg, name, value);
    sign(bench, &msg);
    ck_assert_int_eq(v2_msg_write(&msg, V2_QUOTE_CDATA, xml), 0);
    v2_msg_release(&msg);
}

bool bench_notify(struct bench *bench, struct view xml)
{
    struct got got;
    bench_knock(bench, &got, "POST", "/wxpay/notify", xml);
    bench_wait(bench, &got);
    ck_assert_int_eq(got.status, 200);
    struct view body = buf_view(&got.body);
    bool ok = view_is(body, "<xml><return_code><![CDATA[SUCCESS]]></return_code>"
                            "<return_msg><![CDATA[OK]]></return_msg></xml>");
    ck_assert(ok || view_find(body, VIEW("<return_code><![CDATA[FAIL]]>")) != SIZE_MAX);
    bench_forget(&got);
    return ok;
}
