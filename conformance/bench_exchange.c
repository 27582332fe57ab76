/*
 * bench_exchange.c — what the sandbox recorded: read in pages, turned into facts, and searched for
 * the create call of an order.
 *
 * Linking: of the create calls of the case, the one whose answer carries the captured code_url;
 * without a captured one, the only number asked for since the first step, or the call whose code_url
 * the picture shows. A number the merchant shows is never taken for the out_trade_no.
 */
#include "bench_priv.h"

#include "base/err.h"
#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define PAGE_LIMIT 100
#define PAGES_MAX  100
#define SEEN_MS    2'000 /* how long a create call may come after the page that promised it */

/* ---- exchanges ---------------------------------------------------------------------------------------- */

/*
 * One page of the merchant's own ring, or of the ring of calls whose merchant could not be told (in
 * a sandbox of its own those too can only be this merchant's).
 */
static int pull_page(struct bench *bench, size_t ring, bool *more)
{
    static const char *const owners[RINGS] = { "{mch_id}", "-" };
    char path[160];
    json_t *page = NULL;
    size_t i;
    json_t *record;

    snprintf(path, sizeof(path), "/v1/accounts/%s/exchanges?after=%" PRId64 "&limit=%d",
             owners[ring], bench->cursors[ring], PAGE_LIMIT);
    struct control_call call = { "GET", path, NULL, 0 };
    int err = platform_do(&bench->platform, &call, &page);
    if (err)
        return err;
    const json_t *list = json_object_get(page, "exchanges");
    json_array_foreach(list, i, record)
    {
        json_array_append(bench->exchanges, record);
        int64_t id = json_integer_value(json_object_get(record, "id"));
        if (id > bench->cursors[ring])
            bench->cursors[ring] = id;
        if (id > bench->cursor)
            bench->cursor = id;
    }
    bench->lost[ring] = json_integer_value(json_object_get(page, "lost"));
    *more = json_array_size(list) == PAGE_LIMIT;
    json_decref(page);
    return 0;
}

int bench_pull(struct bench *bench)
{
    int err = 0;
    for (size_t ring = 0; ring < RINGS; ring++) {
        bool more = true;
        for (int page = 0; !err && more && page < PAGES_MAX; page++)
            err = pull_page(bench, ring, &more);
    }
    return err ? bench_platform_trouble(bench, "reading the exchanges") : 0;
}

int64_t bench_lost(const struct bench *bench)
{
    int64_t lost = 0;
    for (size_t ring = 0; ring < RINGS; ring++)
        lost += bench->lost[ring];
    return lost;
}

/* The order of this case that the record is about, or NULL. */
static const struct order *order_of(const struct bench *bench, const json_t *record)
{
    const char *number = json_string_value(json_object_get(record, "out_trade_no"));
    for (size_t i = 0; number && number[0] && i < bench->slot_count; i++) {
        if (strcmp(bench->slots[i]->order.out_trade_no, number) == 0)
            return &bench->slots[i]->order;
    }
    return NULL;
}

/* A record that was read while its answer was not written yet is read again. */
static json_t *finished(struct bench *bench, json_t *record)
{
    const char *outcome = json_string_value(json_object_get(record, "outcome"));
    char path[80];
    json_t *again = NULL;

    if (!outcome || strcmp(outcome, "pending") != 0)
        return json_incref(record);
    snprintf(path, sizeof(path), "/v1/exchanges/%lld",
             (long long)json_integer_value(json_object_get(record, "id")));
    struct control_call call = { "GET", path, NULL, 0 };
    return platform_do(&bench->platform, &call, &again) ? json_incref(record) : again;
}

/*
 * The platform forgets between cases, the merchant does not: it goes on asking about orders of
 * earlier ones. Such a record says so, and story_call() passes over it.
 */
static json_t *dated(struct bench *bench, json_t *record)
{
    const char *number = json_string_value(json_object_get(record, "out_trade_no"));

    if (!number || !number[0])
        return record;
    /* a number that an order of this case was given again is this case's matter */
    if (json_object_get(bench->earlier, number) && !order_of(bench, record))
        json_object_set_new(record, "earlier", json_true());
    else
        json_object_set_new(bench->numbers, number, json_true());
    return record;
}

void bench_age_numbers(struct bench *bench)
{
    json_object_update(bench->earlier, bench->numbers);
    json_object_clear(bench->numbers);
}

static int by_id(const void *a, const void *b)
{
    const json_t *left = *(json_t *const *)a, *right = *(json_t *const *)b;
    json_int_t x = json_integer_value(json_object_get(left, "id"));
    json_int_t y = json_integer_value(json_object_get(right, "id"));
    return x < y ? -1 : x > y;
}

/* The two rings become one story. */
static int record_sorted(struct bench *bench)
{
    size_t count = json_array_size(bench->exchanges);
    json_t **records = mem_zalloc(count + 1, sizeof(*records));

    if (!records)
        return bench_trouble(bench, "judge", "reading the exchanges", "%s", err_text(ERR_NOMEM));
    for (size_t i = 0; i < count; i++)
        records[i] = json_array_get(bench->exchanges, i);
    qsort(records, count, sizeof(*records), by_id);
    for (size_t i = 0; i < count; i++)
        bench_fact(bench, "exchange", order_of(bench, records[i]), NULL,
                   dated(bench, finished(bench, records[i])));
    mem_free(records);
    json_array_clear(bench->exchanges);
    return 0;
}

int bench_collect_all(struct bench *bench)
{
    int err = bench_pull(bench);
    return err ? err : record_sorted(bench);
}

int bench_collect(struct bench *bench)
{
    int err = bench_go(bench);
    return err ? err : bench_collect_all(bench);
}

/* ---- linking ------------------------------------------------------------------------------------------ */

static const char *record_str(const json_t *record, const char *pointer)
{
    const char *text = json_string_value(json_pointer(record, pointer));
    return text ? text : "";
}

static bool is_create(const struct bench *bench, const json_t *record, int64_t after)
{
    return wire_is_create(bench->profile->api, record) &&
           json_integer_value(json_object_get(record, "id")) > after;
}

/* The platform's side of the order, from the request the sandbox recorded. */
static int adopt(const struct bench *bench, struct slot *slot, const json_t *record)
{
    struct order *order = &slot->order;
    struct create_call call = {};
    int err = wire_read_create(bench->profile->api, record, &call);

    if (!err) {
        memcpy(order->out_trade_no, call.out_trade_no, sizeof(order->out_trade_no));
        memcpy(order->notify_url, call.notify_url, sizeof(order->notify_url));
        memcpy(order->sign_type, call.sign_type, sizeof(order->sign_type));
        memcpy(order->appid, call.appid, sizeof(order->appid));
        memcpy(order->code_url, call.code_url, sizeof(order->code_url));
        order->total_fen = call.total_fen;
        json_decref(slot->ordered);
        slot->ordered = call.fields;
    }
    return err;
}

/* Is the record's number another order's, of this case or of an earlier one that is tried again? */
static bool taken(const struct bench *bench, const struct slot *slot, const json_t *record)
{
    const char *number = record_str(record, "/out_trade_no");
    if (json_object_get(bench->earlier, number))
        return true;
    for (size_t i = 0; i < bench->slot_count; i++) {
        if (bench->slots[i] != slot && strcmp(bench->slots[i]->order.out_trade_no, number) == 0 &&
            number[0])
            return true;
    }
    return false;
}

/* The newest create call that answered with this code_url, of all this case has seen. */
static const json_t *by_code_url(const struct bench *bench, const char *code_url, int64_t after)
{
    for (size_t i = json_array_size(bench->exchanges); i > 0; i--) {
        const json_t *record = json_array_get(bench->exchanges, i - 1);
        char url[512];
        if (!is_create(bench, record, after))
            continue;
        wire_code_url(bench->profile->api, record, url, sizeof(url));
        if (url[0] && strcmp(url, code_url) == 0)
            return record;
    }
    return NULL;
}

/* The one number that was asked for since @after, if it is one; its newest call. */
static const json_t *only_call(const struct bench *bench, const struct slot *slot)
{
    const json_t *found = NULL;
    for (size_t i = 0; i < json_array_size(bench->exchanges); i++) {
        const json_t *record = json_array_get(bench->exchanges, i);
        if (!is_create(bench, record, slot->after) || taken(bench, slot, record))
            continue;
        if (found &&
            strcmp(record_str(found, "/out_trade_no"), record_str(record, "/out_trade_no")) != 0)
            return NULL;
        found = record;
    }
    return found;
}

/* What the order's picture says, when the profile captures no code_url. */
static void read_picture_url(struct bench *bench, struct slot *slot, char *out, size_t size)
{
    out[0] = '\0';
    if (bench->profile->qr.kind == PICTURE_NONE || bench_qr(bench, &slot->order, "link"))
        return;
    snprintf(out, size, "%s", slot->picture_url);
}

/* "code_url", "only-call", or NULL. */
static const char *link_now(struct bench *bench, struct slot *slot, int *err)
{
    const struct scope_name *captured = scope_get(&slot->scope, VIEW("code_url"));
    const json_t *record = NULL;
    const char *how = "only-call";

    if (captured) {
        /* a reused open order was asked for earlier in this case */
        record = by_code_url(bench, captured->value, 0);
        how = "code_url";
    }
    if (!record) {
        record = only_call(bench, slot);
        how = captured ? "only-call, other code_url" : "only-call";
    }
    *err = record ? adopt(bench, slot, record) : 0;
    return record ? how : NULL;
}

static int find_link(struct bench *bench, struct slot *slot, const char **how)
{
    int err = bench_pull(bench);

    *how = NULL;
    if (!err)
        *how = link_now(bench, slot, &err);
    if (!err && !*how && slot->order.created && !scope_get(&slot->scope, VIEW("code_url"))) {
        char url[512];
        read_picture_url(bench, slot, url, sizeof(url));
        const json_t *record = url[0] ? by_code_url(bench, url, 0) : NULL;
        if (record) {
            *how = "picture";
            err = adopt(bench, slot, record);
        }
    }
    return err;
}

int bench_find_call(struct bench *bench, struct slot *slot, const char **how)
{
    int err = find_link(bench, slot, how);
    if (err || *how || !slot->order.created)
        return err;
    int status;
    json_t *answer = NULL;
    json_t *what = json_pack("{s:s, s:s, s:i, s:I, s:i}", "for", "calls", "api",
                             bench_call_name(bench, CALL_CREATE), "count", 1, "after",
                             (json_int_t)slot->after, "timeout_ms", SEEN_MS);
    struct control_call call = { "POST", "/v1/accounts/{mch_id}/wait", what, SEEN_MS + 5'000 };
    if (platform_call(&bench->platform, &call, &status, &answer))
        return bench_platform_trouble(bench, "linking the order");
    json_decref(answer);
    return find_link(bench, slot, how);
}

int bench_link(struct bench *bench, struct order *order)
{
    const char *how;
    int err = bench_go(bench);
    if (!err)
        err = bench_find_call(bench, slot_of(order), &how);
    if (!err)
        bench_fact(bench, "link", order, NULL,
                   json_pack("{s:s?, s:s, s:s, s:s}", "linked", how, "out_trade_no",
                             order->out_trade_no, "notify_url", order->notify_url, "code_url",
                             order->code_url));
    return err;
}
