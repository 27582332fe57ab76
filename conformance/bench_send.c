/*
 * bench_send.c — the judge's own messages, to where the merchant wants its notifications; and the
 * listener that must stay silent.
 */
#include "bench_priv.h"

#include "base/err.h"

#include <stdio.h>

#define COPIES_MAX 50
#define LINES_MAX  16

/* One copy, ready to go. */
struct letter {
    const struct sending *sending;
    const char *lines[LINES_MAX + 1];
    char type[160], request_id[64];
};

int bench_real_url(const struct bench *bench, const char *announced, struct buf *out)
{
    const struct pairs *hosts = &bench->profile->notify_hosts;
    struct view url = view_str(announced);

    for (size_t i = 0; i < hosts->count; i++) {
        struct view origin = view_str(hosts->item[i].name);
        bool whole = url.len == origin.len || (url.len > origin.len && url.ptr[origin.len] == '/');
        if (!view_starts(url, origin) || !whole)
            continue;
        int err = subst_text(hosts->item[i].value, &bench->shop.run, ESCAPE_NONE, out);
        return err ? err
                   : buf_view_add(out, (struct view){ url.ptr + origin.len, url.len - origin.len });
    }
    return buf_view_add(out, url);
}

/* The headers of V2 6.1, unless the experiment says otherwise. */
static void address(struct bench *bench, const struct sending *sending, struct letter *letter)
{
    size_t count = 0;
    char id[21];

    letter->sending = sending;
    rng_digits(&bench->rng, id, 20);
    snprintf(letter->request_id, sizeof(letter->request_id), "Request-ID: %s", id);
    letter->lines[count++] = "User-Agent: Mozilla/4.0";
    letter->lines[count++] = letter->request_id;
    if (!sending->content_type || sending->content_type[0]) {
        snprintf(letter->type, sizeof(letter->type), "Content-Type: %s",
                 sending->content_type           ? sending->content_type
                 : bench->profile->api == API_V3 ? "application/json"
                                                 : "text/xml");
        letter->lines[count++] = letter->type;
    }
    for (const char *const *line = sending->headers; line && *line && count < LINES_MAX; line++)
        letter->lines[count++] = *line;
    letter->lines[count] = NULL;
}

static struct http_ask ask_of(const struct bench *bench, const struct letter *letter,
                              const char *url)
{
    const struct sending *sending = letter->sending;
    return (struct http_ask){
        .method = sending->method ? sending->method : "POST",
        .url = url,
        .headers = letter->lines,
        .body = sending->body,
        .has_body = true,
        .timeout_ms = bench_patience_ms(bench, sending->timeout_ms ? sending->timeout_ms : 10'000),
        .chunk = sending->chunk,
        .chunk_gap_ms = sending->chunk_gap_ms,
    };
}

static void record_sent(struct bench *bench, const struct order *order, const struct http_ask *ask,
                        const struct letter *letter, const struct http_answer *answer)
{
    const struct fact_names {
        const char *url, *real_url;
    } names = { order->notify_url, ask->url };
    json_t *data = json_pack("{s:s, s:s, s:o, s:o, s:I, s:I, s:s}", "url", names.url, "real_url",
                             names.real_url, "request", trace_request(ask), "answer",
                             trace_answer(answer), "took_ms", (json_int_t)answer->took_ms,
                             "timeout_ms", (json_int_t)ask->timeout_ms, "error", answer->error);
    bench_fact(bench, "sent", order, letter->sending->label, data);
}

static int post(struct bench *bench, const struct order *order, struct letter *letters,
                size_t count)
{
    struct http_ask asks[COPIES_MAX];
    struct http_answer answers[COPIES_MAX] = {};
    struct buf url = BUF_INIT((size_t)2048);
    int err = bench_real_url(bench, order->notify_url, &url);

    for (size_t i = 0; i < count; i++)
        asks[i] = ask_of(bench, &letters[i], buf_cstr(&url));
    lag_take_ms(bench->lag);
    if (!err)
        err = count == 1 ? http_do(NULL, &asks[0], &answers[0])
                         : http_do_all(NULL, asks, count, answers);
    if (err == ERR_SYNTAX)
        err = bench_trouble(bench, "merchant", "sending", "its notify_url is no URL: %.200s",
                            order->notify_url);
    else if (err)
        err = bench_trouble(bench, "judge", "sending", "%s", err_text(err));
    for (size_t i = 0; !err && i < count; i++) {
        record_sent(bench, order, &asks[i], &letters[i], &answers[i]);
        if (i + 1 < count)
            http_answer_release(&answers[i]);
    }
    if (!err) {
        bench_lag(bench);
        bench_hear(bench, &answers[count - 1]);
    }
    buf_release(&url);
    return err;
}

static int can_send(struct bench *bench, const struct order *order)
{
    int err = bench_go(bench);
    if (!err && !order->notify_url[0])
        err = bench_trouble(bench, "merchant", "sending", "no notify_url is known for the order");
    return err;
}

int bench_send(struct bench *bench, const struct order *order, const struct sending *sending)
{
    struct letter letters[COPIES_MAX];
    size_t copies = sending->copies ? sending->copies : 1;
    int err = can_send(bench, order);

    if (!err && copies > COPIES_MAX)
        err = bench_trouble(bench, "judge", "sending", "%zu copies at once", copies);
    if (err)
        return err;
    for (size_t i = 0; i < copies; i++)
        address(bench, sending, &letters[i]);
    return post(bench, order, letters, copies);
}

int bench_send_all(struct bench *bench, const struct order *order, const struct sending *sendings,
                   size_t count)
{
    struct letter letters[COPIES_MAX];
    int err = can_send(bench, order);

    if (!err && (!count || count > COPIES_MAX))
        err = bench_trouble(bench, "judge", "sending", "%zu messages at once", count);
    if (err)
        return err;
    for (size_t i = 0; i < count; i++)
        address(bench, &sendings[i], &letters[i]);
    return post(bench, order, letters, count);
}

int bench_trap(struct bench *bench, const char *body, unsigned *port)
{
    int err = bench_go(bench);

    *port = 0;
    if (err)
        return err;
    if (bench->trap_count == TRAPS_MAX)
        return bench_trouble(bench, "judge", "trap", "too many listeners");
    err = trap_start(&bench->traps[bench->trap_count], body, port);
    if (err)
        return bench_trouble(bench, "judge", "trap", "%s", err_text(err));
    bench->trap_count++;
    return 0;
}

int bench_trap_read(struct bench *bench)
{
    for (size_t i = 0; i < bench->trap_count; i++) {
        struct buf bytes = BUF_INIT((size_t)4096);
        while (trap_take(bench->traps[i], &bytes)) {
            json_t *data = json_pack("{s:i}", "port", (int)trap_port(bench->traps[i]));
            if (data && json_set_body(data, buf_view(&bytes))) {
                json_decref(data);
                data = NULL;
            }
            bench_fact(bench, "trap", NULL, NULL, data);
            buf_clear(&bytes);
        }
        buf_release(&bytes);
    }
    return 0;
}
