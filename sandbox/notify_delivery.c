/* One attempt to deliver, from its commit to its end — V2 6.1, 6.3, 6.4 */
#include "notify_priv.h"

#include "base/err.h"
#include "base/log.h"
#include "wxpay/v2_ack.h"
#include "wxpay/v3_ack.h"

#include <assert.h>
#include <stdio.h>

void delivery_free(struct delivery *d)
{
    if (d->exchange)
        exchange_drop(d->notify->sandbox->exchanges, d->exchange);
    dress_v3_release(&d->dress);
    mem_free(d);
}

static void unlink_open(struct delivery *d)
{
    *d->link = d->next;
    if (d->next)
        d->next->link = d->link;
    d->notify->open_count--;
}

/* ---- what follows ------------------------------------------------------------------------ */

const int *notify_gaps_s(bool old, size_t *count)
{
    static const int current[] = { 15,   15,   30,    180,   600,   1200,  1800, 1800,
                                   1800, 3600, 10800, 10800, 10800, 21600, 21600 };
    static const int before_2019[] = { 15, 15, 30, 180, 1800, 1800, 1800, 1800, 3600 };
    *count = old ? COUNT(before_2019) : COUNT(current);
    return old ? before_2019 : current;
}

/* V3 4.14: the echo's timetable is the one that all had before 2019, whatever the switch says. */
static int64_t gap_ms(const struct account *account, enum notice_kind kind, int attempts)
{
    size_t count;
    bool old = kind == NOTICE_ECHO || switch_is(&account->switches, SWITCH_retry_table, "old");
    const int *gaps_s = notify_gaps_s(old, &count);
    if (attempts < 1 || (size_t)attempts > count)
        return -1;
    static const struct {
        const char *value;
        int64_t divisor;
    } scales[] = { { "1", 1 }, { "15", 15 }, { "60", 60 }, { "1000", 1000 } };
    for (size_t i = 0; i < COUNT(scales); i++)
        if (switch_is(&account->switches, SWITCH_retry_scale, scales[i].value))
            return gaps_s[attempts - 1] * 1000LL / scales[i].divisor;
    return gaps_s[attempts - 1] * 1000LL;
}

/* The row after this attempt: V2 6.4's timetable, unless it was an extra one. */
static void settle_notice(const struct account *account, const struct delivery *d,
                          struct notice_row *now)
{
    if (d->row.acknowledged) {
        now->state = NOTICE_DONE;
        return;
    }
    if (d->before != NOTICE_WAITING)
        return; /* a resend of a held, lost or finished one changes nothing */
    int64_t gap = gap_ms(account, now->kind, now->attempts);
    bool from_start = switch_is(&account->switches, SWITCH_retry_from, "start");
    now->state = gap < 0 ? NOTICE_LOST : NOTICE_WAITING;
    now->due_ms = (from_start ? d->row.sent_ms : d->row.ended_ms) + gap;
}

static int store_end(struct delivery *d, const struct account *account)
{
    struct store *store = d->notify->sandbox->store;
    struct notice_row now;
    int err = turn_open(d->notify->sandbox->turn);
    if (!err)
        err = delivery_update(store, &d->row);
    if (!err)
        err = notice_get(store, d->notice.id, &now);
    if (err || (d->shadow && !d->row.acknowledged) || now.state == NOTICE_DONE ||
        now.attempts < d->row.attempt) /* the last: begun anew meanwhile, to tell something else */
        return err;
    settle_notice(account, d, &now);
    d->notice = now;
    return notice_update(store, &now);
}

static void log_end(const struct delivery *d, const struct account *account)
{
    char attempt[16];
    snprintf(attempt, sizeof(attempt), "%d", d->row.attempt);
    log_event(d->row.acknowledged ? LOG_INFO : LOG_WARN, "notify",
              d->row.acknowledged ? "acknowledged" : "not acknowledged", "mch_id",
              view_str(account ? account->mch_id : ""), "url", buf_view(&d->exchange->real_url),
              "attempt", view_str(attempt), "row", view_str(d->row.row), "error",
              view_str(d->row.error ? err_name(d->row.error) : ""), NULL);
}

/* The end of every attempt, whatever happened. */
static void finish(struct delivery *d)
{
    struct notify *notify = d->notify;
    struct sandbox *sandbox = notify->sandbox;
    struct account *account = accounts_by_id(sandbox->accounts, d->account_id);
    d->row.ended_ms = account ? account_now_ms(account) : clock_real_ms();
    unlink_open(d);
    if (account) {
        account->open_deliveries--;
        int err = store_end(d, account);
        if (err && err != ERR_NOT_FOUND) /* the account may have been cleared meanwhile */
            log_line(LOG_ERROR, "notify", "end of a delivery not stored: %s", err_text(err));
    }
    log_end(d, account);
    d->exchange->duration_us = clock_mono_us() - d->began_us;
    exchange_end(sandbox->exchanges, d->exchange);
    d->exchange = NULL;
    if (account && notify->on_delivery)
        notify->on_delivery(notify->listener, account, &d->notice, &d->row);
    if (d->on_end)
        d->on_end(d->owner, &d->row);
    if (account)
        notify_count_advances(notify, account->id);
    notify_next(notify, account);
    delivery_free(d);
    notify_maybe_stopped(notify); /* last: it may free the machine */
}

/* ---- the request and its answer ---------------------------------------------------------- */

/* Both dialects have the same answer to the question, from tables of their own. */
static struct v2_ack judge(const struct delivery *d, const struct http_response *response)
{
    if (!d->v3)
        return v2_ack_judge(response->status, response->body, d->ack_mode);
    struct v3_ack ack = v3_ack_judge(response->status, response->body);
    return (struct v2_ack){ ack.ok, ack.row, ack.why, ack.warn };
}

static void note_ack(struct delivery *d, const struct v2_ack *ack)
{
    struct exchange *exchange = d->exchange;
    exchange->ack_ok = d->row.acknowledged = ack->ok;
    exchange->ack_row = ack->row;
    exchange->ack_why = ack->why;
    exchange->ack_warn = ack->warn;
    snprintf(d->row.row, sizeof(d->row.row), "%s", ack->row);
    exchange_check(exchange, "acknowledgement", d->v3 ? "V3 6.3" : "V2 6.3", ack->ok, "%s",
                   ack->why);
}

static void on_done(void *owner, int err, const struct http_response *response)
{
    struct delivery *d = owner;
    struct exchange *exchange = d->exchange;
    struct view sent = d->http ? http_exchange_sent(d->http) : (struct view){};
    size_t head = view_find(sent, VIEW("\r\n\r\n"));
    d->http = NULL;
    if (head != SIZE_MAX)
        exchange_raw(exchange, &exchange->request_head, (struct view){ sent.ptr, head + 4 });
    d->row.error = exchange->error = err;
    if (response) {
        struct v2_ack ack = judge(d, response);
        d->row.status = exchange->status = response->status;
        exchange->outcome = EXCHANGE_ANSWERED;
        exchange_raw(exchange, &exchange->answer_head, response->head);
        exchange_raw(exchange, &exchange->answer_body, response->body);
        note_ack(d, &ack);
    } else {
        exchange->outcome = EXCHANGE_PEER_GONE;
        snprintf(d->row.row, sizeof(d->row.row), "%s",
                 err == ERR_TIMEOUT ? "too-late" : "no-answer");
        exchange_check(exchange, "acknowledgement", d->v3 ? "V3 6.3" : "V2 6.3", false, "%s: %s",
                       err_name(err), err_text(err));
    }
    finish(d); /* last: frees d */
}

/* As production calls: the announced host, whatever address the origin map leads to. */
static struct view announced_host(const struct delivery *d)
{
    struct http_url url;
    if (http_url_parse(buf_view(&d->exchange->url), &url))
        return (struct view){};
    size_t slashes = view_find(url.origin, VIEW("//"));
    return slashes == SIZE_MAX
               ? (struct view){}
               : (struct view){ url.origin.ptr + slashes + 2, url.origin.len - slashes - 2 };
}

#define HEADERS_MAX 14

/* As captured: V2 6.1, V3 6.1. The announced host comes first, where it can be told. */
static size_t make_headers(const struct delivery *d, struct http_header out[HEADERS_MAX])
{
    struct view host = announced_host(d);
    const struct http_header rows[] = {
        { VIEW("Host"), host },
        { VIEW("User-Agent"), VIEW("Mozilla/4.0") },
        { VIEW("Accept"), VIEW("*/*") },
        { VIEW("Cache-Control"), d->v3 ? VIEW("no-cache") : (struct view){} },
        { VIEW("Pragma"), d->v3 ? VIEW("no-cache") : (struct view){} },
        { VIEW("Content-Type"), d->v3 ? VIEW("application/json") : VIEW("text/xml") },
        { VIEW("Request-ID"), view_str(d->request_id) },
    };
    size_t count = 0;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (rows[i].value.len)
            out[count++] = rows[i];
    return count + (d->v3 ? dress_v3_headers(&d->dress, out + count) : 0);
}

static void send_request(struct delivery *d)
{
    struct http_header headers[HEADERS_MAX];
    struct http_send send = { .method = "POST",
                              .url = buf_view(&d->exchange->real_url),
                              .headers = headers,
                              .header_count = make_headers(d, headers),
                              .body = buf_view(&d->exchange->request_body),
                              .timeout_ms = d->timeout_ms,
                              .on_done = on_done,
                              .owner = d };
    d->began_us = clock_mono_us();
    int err = d->dress.err;
    if (!err)
        err = http_client_send(d->notify->sandbox->client, &send, &d->http);
    if (err)
        on_done(d, err, NULL); /* last: frees d */
}

static void sign(uv_work_t *work)
{
    struct delivery *d = container_of(work, struct delivery, work);
    dress_v3_sign(&d->dress, buf_view(&d->exchange->request_body));
}

static void on_signed(uv_work_t *work, int)
{
    struct delivery *d = container_of(work, struct delivery, work);
    d->signing = false;
    if (d->notify->stopping)
        on_done(d, UV_ECANCELED, NULL);
    else
        send_request(d);
}

/* V3 is signed by a thread of the pool first: that takes a quarter of a millisecond. */
static void sign_and_send(struct delivery *d)
{
    d->signing = d->v3 && uv_queue_work(d->notify->sandbox->loop, &d->work, sign, on_signed) == 0;
    if (d->signing)
        return;
    if (d->v3)
        dress_v3_sign(&d->dress, buf_view(&d->exchange->request_body));
    send_request(d);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct delivery *d = container_of(handle, struct delivery, timer);
    if (d->notify->stopping)
        on_done(d, UV_ECANCELED, NULL);
    else
        sign_and_send(d);
}

static void on_delay_over(uv_timer_t *timer)
{
    uv_close((uv_handle_t *)timer, on_timer_closed);
}

static void on_committed(struct turn_answer *answer)
{
    struct delivery *d = container_of(answer, struct delivery, answer);
    if (d->notify->stopping) {
        on_done(d, UV_ECANCELED, NULL);
    } else if (d->delay_ms > 0) {
        uv_timer_init(d->notify->sandbox->loop, &d->timer);
        uv_timer_start(&d->timer, on_delay_over, (uint64_t)d->delay_ms, 0);
    } else {
        sign_and_send(d);
    }
}

/* The turn was rolled back: the row is as before, and is looked at again after a moment. */
static void on_commit_failed(struct turn_answer *answer)
{
    struct delivery *d = container_of(answer, struct delivery, answer);
    struct notify *notify = d->notify;
    struct account *account = accounts_by_id(notify->sandbox->accounts, d->account_id);
    unlink_open(d);
    if (account)
        account->open_deliveries--;
    if (d->on_end)
        d->on_end(d->owner, &d->row);
    delivery_free(d);
    notify_maybe_stopped(notify); /* last: it may free the machine */
}

void delivery_cancel_all(struct notify *notify)
{
    struct delivery *next;
    for (struct delivery *d = notify->open; d; d = next) {
        next = d->next;
        if (d->http)
            http_exchange_cancel(d->http);
        else if (!d->signing && d->delay_ms > 0 && uv_is_active((uv_handle_t *)&d->timer))
            uv_close((uv_handle_t *)&d->timer, on_timer_closed);
    }
}

void delivery_open(struct delivery *d, struct account *account)
{
    struct notify *notify = d->notify;
    d->next = notify->open;
    d->link = &notify->open;
    if (d->next)
        d->next->link = &d->next;
    notify->open = d;
    notify->open_count++;
    account->open_deliveries++;
    d->answer.send = on_committed;
    d->answer.failed = on_commit_failed;
    turn_answer(notify->sandbox->turn, &d->answer);
}
