/*
 * bench_platform.c — the platform's behaviour as an experiment wants it, and waiting for what the
 * merchant does.
 */
#include "bench_priv.h"

#include "base/err.h"
#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>

#define AWAIT_MS 10'000

int bench_control(struct bench *bench, const struct control_fact *fact, int *status,
                  json_t **answer)
{
    json_t *got = NULL;
    json_t *asked = json_incref(fact->body);
    int code = 0;
    struct control_call call = { fact->method, fact->path, fact->body, fact->timeout_ms };
    int err = platform_call(&bench->platform, &call, &code, &got);

    if (answer)
        *answer = NULL;
    if (err) {
        json_decref(asked);
        return bench_platform_trouble(bench, fact->kind);
    }
    json_t *request = json_pack("{s:s, s:s, s:o?}", "method", fact->method, "path", fact->path,
                                "json", json_incref(asked));
    json_t *reply = json_pack("{s:i, s:o?}", "status", code, "json", json_incref(got));
    bench_fact(bench, fact->kind, fact->order, fact->label,
               json_pack("{s:o, s:o}", "request", request, "answer", reply));
    json_decref(asked);
    if (status)
        *status = code;
    else if (code < 200 || code > 299)
        err = bench_trouble(bench, "judge", fact->kind, "the sandbox refused %s %.80s: %d",
                            fact->method, fact->path, code);
    if (err || !answer)
        json_decref(got);
    else
        *answer = got;
    return err;
}

bool bench_linked(struct bench *bench, const struct order *order, const char *during)
{
    if (order->out_trade_no[0])
        return true;
    bench_trouble(bench, "merchant", during,
                  "no create call at the platform could be linked to the order");
    return false;
}

int bench_notify_mode(struct bench *bench, struct order *order, const char *mode)
{
    int err = bench_go(bench);
    if (err || (order && !bench_linked(bench, order, "mode")))
        return ERR_CLOSED;
    json_t *body = json_pack("{s:s}", "mode", mode);
    if (order)
        json_object_set_new(body, "out_trade_no", json_string(order->out_trade_no));
    return bench_control(bench,
                         &(struct control_fact){ .kind = "mode",
                                                 .order = order,
                                                 .method = "PUT",
                                                 .path = "/v1/accounts/{mch_id}/notifications/mode",
                                                 .body = body },
                         NULL, NULL);
}

int bench_release(struct bench *bench)
{
    int err = bench_go(bench);
    if (err)
        return err;
    return bench_control(
        bench,
        &(struct control_fact){ .kind = "release",
                                .method = "POST",
                                .path = "/v1/accounts/{mch_id}/notifications/release",
                                .body = json_object() },
        NULL, NULL);
}

/* Id of the order's notification, 0 when there is none. */
static int64_t notification_of(struct bench *bench, const struct order *order)
{
    char path[200];
    json_t *list = NULL;
    snprintf(path, sizeof(path), "/v1/accounts/{mch_id}/notifications?out_trade_no=%s",
             order->out_trade_no);
    struct control_call call = { "GET", path, NULL, 0 };
    if (platform_do(&bench->platform, &call, &list))
        return -1;
    const json_t *items = json_object_get(list, "notifications");
    int64_t id = json_integer_value(json_object_get(json_array_get(items, 0), "id"));
    json_decref(list);
    return id;
}

int bench_resend(struct bench *bench, struct order *order)
{
    char path[80];
    int err = bench_go(bench);
    if (err || !bench_linked(bench, order, "resend"))
        return ERR_CLOSED;
    int64_t id = notification_of(bench, order);
    if (id < 0)
        return bench_platform_trouble(bench, "resend");
    if (!id)
        return bench_trouble(bench, "judge", "resend", "the order has no notification");
    snprintf(path, sizeof(path), "/v1/notifications/%" PRId64 "/resend", id);
    return bench_control(bench,
                         &(struct control_fact){ .kind = "resend",
                                                 .order = order,
                                                 .method = "POST",
                                                 .path = path,
                                                 .body = json_pack("{s:i}", "wait_ms", AWAIT_MS) },
                         NULL, NULL);
}

int bench_fault(struct bench *bench, const struct order *order, const char *json)
{
    int err = bench_go(bench);
    if (err)
        return err;
    if (order && !bench_linked(bench, order, "fault"))
        return ERR_CLOSED;
    json_t *body = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    if (!body)
        return bench_trouble(bench, "judge", "fault", "the case orders a malformed fault");
    if (order)
        json_object_set_new(body, "out_trade_no", json_string(order->out_trade_no));
    return bench_control(bench,
                         &(struct control_fact){ .kind = "fault",
                                                 .order = order,
                                                 .method = "POST",
                                                 .path = "/v1/accounts/{mch_id}/faults",
                                                 .body = body },
                         NULL, NULL);
}

int bench_faults_off(struct bench *bench)
{
    int err = bench_go(bench);
    if (err)
        return err;
    return bench_control(bench,
                         &(struct control_fact){ .kind = "fault",
                                                 .label = "off",
                                                 .method = "DELETE",
                                                 .path = "/v1/accounts/{mch_id}/faults" },
                         NULL, NULL);
}

int bench_blind_query(struct bench *bench, struct order *order)
{
    /* everything that an unpaid order's answer does not have is taken out */
    static const char blind[] =
        "{\"door\":\"api\",\"api\":\"orderquery\",\"kind\":\"alter\",\"count\":0,\"sign\":"
        "\"valid\","
        "\"set\":{\"trade_state\":\"NOTPAY\"},"
        "\"drop\":[\"transaction_id\",\"openid\",\"is_subscribe\",\"bank_type\",\"cash_fee\","
        "\"time_end\",\"attach\",\"trade_state_desc\"]}";

    static const char blind_v3[] =
        "{\"door\":\"api\",\"api\":\"v3/query\",\"kind\":\"alter\",\"count\":0,\"sign\":\"valid\","
        "\"set\":{\"trade_state\":\"NOTPAY\"},"
        "\"drop\":[\"transaction_id\",\"trade_type\",\"payer\",\"bank_type\",\"success_time\","
        "\"trade_state_desc\",\"amount.payer_total\"]}";

    if (!bench->profile->status_asks_platform)
        return bench_go(bench);
    return bench_fault(bench, order, bench->profile->api == API_V3 ? blind_v3 : blind);
}

static int await(struct bench *bench, const struct order *order, json_t *what, unsigned timeout_ms)
{
    int status = 0;
    json_t *answer = NULL;

    if (!timeout_ms)
        timeout_ms = AWAIT_MS;
    if (order)
        json_object_set_new(what, "out_trade_no", json_string(order->out_trade_no));
    json_object_set_new(what, "timeout_ms", json_integer((json_int_t)timeout_ms));
    int err = bench_control(bench,
                            &(struct control_fact){ .kind = "wait",
                                                    .order = order,
                                                    .method = "POST",
                                                    .path = "/v1/accounts/{mch_id}/wait",
                                                    .body = what,
                                                    .timeout_ms = timeout_ms + 5'000 },
                            &status, &answer);
    if (err)
        return err;
    bench->met = json_is_true(json_object_get(answer, "met"));
    json_decref(answer);
    if (status != 200 && status != 408)
        err = bench_trouble(bench, "judge", "wait", "the sandbox refused to wait: %d", status);
    return err;
}

int bench_await_ack(struct bench *bench, struct order *order, unsigned timeout_ms)
{
    int err = bench_go(bench);
    if (err || !bench_linked(bench, order, "wait"))
        return ERR_CLOSED;
    return await(bench, order, json_pack("{s:s}", "for", "acknowledged"), timeout_ms);
}

int bench_await_deliveries(struct bench *bench, struct order *order, int count, unsigned timeout_ms)
{
    int err = bench_go(bench);
    if (err || !bench_linked(bench, order, "wait"))
        return ERR_CLOSED;
    return await(bench, order, json_pack("{s:s, s:i}", "for", "delivery", "count", count),
                 timeout_ms);
}

int bench_await_calls(struct bench *bench, struct order *order, const char *api, int count)
{
    int err = bench_go(bench);
    if (err || (order && !bench_linked(bench, order, "wait")))
        return ERR_CLOSED;
    return await(bench, order,
                 json_pack("{s:s, s:s, s:i, s:I}", "for", "calls", "api", api, "count", count,
                           "after", (json_int_t)bench->mark),
                 0);
}

void bench_mark(struct bench *bench)
{
    if (bench_go(bench) == 0 && bench_pull(bench) == 0)
        bench->mark = bench->cursor;
}
