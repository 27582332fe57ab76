/*
 * bench_recall.c — what has happened, for a run() that must choose: fields of the create call, calls
 * so far, the last delivery. Records nothing.
 */
#include "bench_priv.h"

#include "base/err.h"
#include "net/http_msg.h"

#include <inttypes.h>

#define PAGE_LIMIT 100

const char *bench_ordered(const struct order *order, const char *field)
{
    const char *value = json_string_value(json_object_get(slot_of(order)->ordered, field));
    return value ? value : "";
}

void bench_keep_payment(struct order *order, const json_t *answer)
{
    const json_t *payment = json_pointer(answer, "/order/payment");
    const struct {
        const char *name;
        char *out;
        size_t size;
    } kept[] = {
        { "transaction_id", order->transaction_id, sizeof(order->transaction_id) },
        { "openid", order->openid, sizeof(order->openid) },
        { "bank_type", order->bank_type, sizeof(order->bank_type) },
    };
    int64_t paid_ms = json_integer_value(json_object_get(payment, "paid_ms"));

    for (size_t i = 0; i < COUNT(kept); i++) {
        const char *value = json_string_value(json_object_get(payment, kept[i].name));
        if (!value || view_copy(view_str(value), kept[i].out, kept[i].size))
            kept[i].out[0] = '\0';
    }
    order->paid_ms = paid_ms;
    if (paid_ms)
        cn_time_14(paid_ms, order->time_end);
}

/* One page of records; @query begins with '?'. */
static int page_of(struct bench *bench, const struct buf *query, json_t **page)
{
    struct buf path = BUF_INIT(1024);
    int err = buf_fmt(&path, "/v1/accounts/{mch_id}/exchanges%s", buf_cstr(query));

    if (!err) {
        struct control_call call = { "GET", buf_cstr(&path), NULL, 0 };
        err = platform_do(&bench->platform, &call, page);
    }
    buf_release(&path);
    return err;
}

static int add_number(struct buf *query, const struct order *order)
{
    int err = order ? buf_str(query, "&out_trade_no=") : 0;
    return err || !order ? err : http_percent_encode(query, view_str(order->out_trade_no));
}

int bench_calls(struct bench *bench, struct order *order, const char *api)
{
    struct buf query = BUF_INIT(512);
    json_t *page = NULL;
    int err = bench_go(bench), count = 0;

    if (!err)
        err = buf_fmt(&query, "?after=%" PRId64 "&limit=%d&api=%s", bench->mark, PAGE_LIMIT, api);
    if (!err)
        err = add_number(&query, order);
    if (!err && page_of(bench, &query, &page))
        err = bench_platform_trouble(bench, "counting calls");
    if (!err)
        count = (int)json_array_size(json_object_get(page, "exchanges"));
    json_decref(page);
    buf_release(&query);
    return err ? err : count;
}

int bench_delivered(struct bench *bench, struct order *order, struct buf *body)
{
    struct buf query = BUF_INIT(512);
    json_t *page = NULL;
    const json_t *list;
    const char *text = NULL;
    int err = bench_go(bench);

    if (!err)
        err = buf_fmt(&query, "?limit=%d", PAGE_LIMIT);
    if (!err)
        err = add_number(&query, order);
    if (!err && page_of(bench, &query, &page))
        err = bench_platform_trouble(bench, "reading deliveries");
    list = json_object_get(page, "exchanges");
    for (size_t i = json_array_size(list); i-- > 0 && !text && !err;) {
        const json_t *record = json_array_get(list, i);
        const char *door = json_string_value(json_object_get(record, "door"));
        if (door && strcmp(door, "notification") == 0)
            text = json_string_value(json_pointer(record, "/request/body"));
    }
    if (!err)
        err = text ? buf_str(body, text)
                   : bench_trouble(bench, "judge", "delivered", "no delivery was recorded");
    json_decref(page);
    buf_release(&query);
    return err;
}
