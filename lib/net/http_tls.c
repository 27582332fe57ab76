#include "net/http_tls.h"

#include "base/err.h"

#include <assert.h>

/* A socket of curl's that we watch for it. */
struct watch {
    uv_poll_t poll;
    struct http_client *client; /* outlives @tls */
    struct http_tls *tls;
    curl_socket_t fd;
};

/* -- jobs -------------------------------------------------------------------------------------- */

/* curl knows it no more; what it received stays. */
static void job_detach(struct http_tls_job *job)
{
    net_link_drop(&job->link);
    if (job->easy) {
        http_curl.curl_multi_remove_handle(job->tls->multi, job->easy);
        http_curl.curl_easy_cleanup(job->easy);
    }
    job->easy = NULL;
    http_curl.curl_slist_free_all(job->lines);
    job->lines = NULL;
}

static void job_free(struct http_tls_job *job)
{
    job_detach(job);
    buf_release(&job->head);
    buf_release(&job->body);
    mem_free(job);
}

void http_tls_abandon(struct http_tls_job *job)
{
    job_free(job);
}

static void job_done(struct http_tls_job *job, CURLcode code)
{
    struct http_exchange *exchange = job->exchange;
    struct http_response response;
    exchange->job = NULL;
    if (code != CURLE_OK) {
        int err = http_tls_job_error(job, code);
        job_free(job);
        http_exchange_end(exchange, err);
        return;
    }
    http_tls_job_response(job, &response);
    job_detach(job);
    http_exchange_answered(exchange, &response); /* may stop the client, and curl with it */
    job_free(job);
}

static struct http_tls_job *job_of(struct http_tls *tls, const CURL *easy)
{
    for (struct net_link *link = tls->jobs.next; link != &tls->jobs; link = link->next) {
        struct http_tls_job *job = container_of(link, struct http_tls_job, link);
        if (job->easy == easy)
            return job;
    }
    return NULL;
}

/* A callback may stop the client, so each message is read afresh. */
static void tell_done(struct http_tls *tls)
{
    int left;
    CURLMsg *message;
    while (!tls->stopping && (message = http_curl.curl_multi_info_read(tls->multi, &left))) {
        struct http_tls_job *job = job_of(tls, message->easy_handle);
        if (message->msg == CURLMSG_DONE && job)
            job_done(job, message->data.result);
    }
}

/* -- what curl asks of the loop ------------------------------------------------------------------ */

static void on_timer(uv_timer_t *timer)
{
    struct http_tls *tls = container_of(timer, struct http_tls, timer);
    int running;
    http_curl.curl_multi_socket_action(tls->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    tell_done(tls);
}

static int on_curl_timer(CURLM *, long timeout_ms, void *owner)
{
    struct http_tls *tls = owner;
    if (tls->stopping)
        return 0;
    if (timeout_ms < 0)
        uv_timer_stop(&tls->timer);
    else
        uv_timer_start(&tls->timer, on_timer, (uint64_t)timeout_ms, 0);
    return 0;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = container_of(poll, struct watch, poll);
    struct http_tls *tls = watch->tls;
    int running, flags = status < 0 ? CURL_CSELECT_ERR : 0;
    flags |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
    flags |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
    http_curl.curl_multi_socket_action(tls->multi, watch->fd, flags, &running);
    tell_done(tls);
}

static void on_watch_closed(uv_handle_t *handle)
{
    struct watch *watch = container_of((uv_poll_t *)handle, struct watch, poll);
    struct http_client *client = watch->client;
    mem_free(watch);
    http_client_let_go(client);
}

static struct watch *watch_new(struct http_tls *tls, curl_socket_t fd)
{
    struct watch *watch = mem_new(struct watch);
    if (!watch)
        return NULL;
    watch->client = tls->client;
    watch->tls = tls;
    watch->fd = fd;
    if (uv_poll_init_socket(tls->client->loop, &watch->poll, fd)) {
        mem_free(watch);
        return NULL;
    }
    tls->client->holds++;
    http_curl.curl_multi_assign(tls->multi, fd, watch);
    return watch;
}

static int on_curl_socket(CURL *, curl_socket_t fd, int what, void *owner, void *known)
{
    struct http_tls *tls = owner;
    struct watch *watch = known;
    if (what == CURL_POLL_REMOVE) {
        if (watch) {
            http_curl.curl_multi_assign(tls->multi, fd, NULL);
            uv_poll_stop(&watch->poll);
            uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
        }
        return 0;
    }
    if (!watch)
        watch = watch_new(tls, fd);
    if (!watch)
        return -1;
    int events = what & CURL_POLL_IN ? UV_READABLE : 0;
    events |= what & CURL_POLL_OUT ? UV_WRITABLE : 0;
    return uv_poll_start(&watch->poll, events, on_poll);
}

/* -- starting and stopping------------------------------------------------------------ */

static int tls_new(struct http_client *client)
{
    int err = http_curl_load();
    if (err)
        return err;
    struct http_tls *tls = mem_new(struct http_tls);
    if (!tls)
        return ERR_NOMEM;
    tls->client = client;
    tls->multi = http_curl.curl_multi_init();
    if (!tls->multi) {
        mem_free(tls);
        return ERR_NOMEM;
    }
    net_link_init(&tls->jobs);
    uv_timer_init(client->loop, &tls->timer);
    client->holds++;
    http_curl.curl_multi_setopt(tls->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    http_curl.curl_multi_setopt(tls->multi, CURLMOPT_SOCKETDATA, tls);
    http_curl.curl_multi_setopt(tls->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    http_curl.curl_multi_setopt(tls->multi, CURLMOPT_TIMERDATA, tls);
    http_curl.curl_multi_setopt(tls->multi, CURLMOPT_MAXCONNECTS,
                                (long)client->options.idle_conns_max);
    client->tls = tls;
    return 0;
}

int http_tls_start(struct http_exchange *exchange)
{
    struct http_client *client = exchange->client;
    int err = client->tls ? 0 : tls_new(client);
    if (err)
        return err;
    struct http_tls_job *job = mem_new(struct http_tls_job);
    if (!job)
        return ERR_NOMEM;
    job->tls = client->tls;
    job->exchange = exchange;
    job->head = BUF_INIT(client->limits.head_max);
    job->body = BUF_INIT(client->limits.body_max);
    net_link_init(&job->link);
    net_list_add(&client->tls->jobs, &job->link);
    err = http_tls_job_prepare(job);
    if (!err && http_curl.curl_multi_add_handle(job->tls->multi, job->easy))
        err = ERR_NOMEM;
    if (err) {
        job_free(job);
        return err;
    }
    exchange->job = job;
    return 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct http_tls *tls = container_of((uv_timer_t *)handle, struct http_tls, timer);
    struct http_client *client = tls->client;
    client->tls = NULL;
    mem_free(tls);
    http_client_let_go(client);
}

void http_tls_stop(struct http_client *client)
{
    struct http_tls *tls = client->tls;
    if (!tls)
        return;
    tls->stopping = true;
    assert(net_link_alone(&tls->jobs) && "the client has cancelled them all");
    http_curl.curl_multi_cleanup(tls->multi);
    uv_close((uv_handle_t *)&tls->timer, on_timer_closed);
}
