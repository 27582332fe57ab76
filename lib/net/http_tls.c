/*
 * http_tls.c — https, over libcurl's multi interface on our loop.
 *
 * libcurl is opened on first use and not linked: with its thirty libraries it costs a process 10 to
 * 20 ms at start, and most runs never send over TLS. It is never closed again.
 *
 * curl tells which sockets to watch (on_curl_socket) and when to be called (on_curl_timer); every
 * event goes back by curl_multi_socket_action(), and tell_done() then looks for what has ended.
 * Nobody is called back from inside curl.
 */
#include "net/http_exchange.h"
#include "net/net_address.h"

#include "base/err.h"
#include "base/log.h"

#include <assert.h>
#include <curl/curl.h>
#include <unistd.h>

#ifdef __APPLE__
#define LIBCURL "libcurl.4.dylib"
#else
#define LIBCURL "libcurl.so.4"
#endif

#define CURL_API(X)                                                                                \
    X(curl_global_init)                                                                            \
    X(curl_easy_init)                                                                              \
    X(curl_easy_setopt)                                                                            \
    X(curl_easy_getinfo)                                                                           \
    X(curl_easy_cleanup)                                                                           \
    X(curl_slist_append)                                                                           \
    X(curl_slist_free_all)                                                                         \
    X(curl_multi_init)                                                                             \
    X(curl_multi_setopt)                                                                           \
    X(curl_multi_add_handle)                                                                       \
    X(curl_multi_remove_handle)                                                                    \
    X(curl_multi_socket_action)                                                                    \
    X(curl_multi_info_read)                                                                        \
    X(curl_multi_assign)                                                                           \
    X(curl_multi_cleanup)

/* The macros that check option types would get in the way of members of the same name. */
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

static struct {
    bool loaded;
    uv_lib_t lib;
#define X(name) __typeof__(&(name)) name;
    CURL_API(X)
#undef X
} api;

struct http_tls {
    struct http_client *client; /* borrowed */
    CURLM *multi;
    uv_timer_t timer;
    struct net_link jobs;
    bool stopping;
};

/* A socket of curl's that we watch for it. */
struct watch {
    uv_poll_t poll;
    struct http_client *client; /* outlives @tls */
    struct http_tls *tls;
    curl_socket_t fd;
};

struct http_tls_job {
    struct net_link link;
    struct http_tls *tls;
    struct http_exchange *exchange; /* borrowed */
    CURL *easy;
    struct curl_slist *lines; /* request headers */
    bool head_done;           /* what follows are trailers */
    bool refused, too_long;
    struct buf head, body;
    struct http_headers headers;
};

static int load_curl(void)
{
    if (api.loaded)
        return 0;
    if (uv_dlopen(LIBCURL, &api.lib)) {
        log_line(LOG_ERROR, "net", "https needs %s: %s", LIBCURL, uv_dlerror(&api.lib));
        uv_dlclose(&api.lib);
        return UV_EPROTONOSUPPORT;
    }
    int err = 0;
#define X(name) err = err ? err : uv_dlsym(&api.lib, #name, (void **)&api.name);
    CURL_API(X)
#undef X
    if (err || api.curl_global_init(CURL_GLOBAL_DEFAULT)) {
        log_line(LOG_ERROR, "net", "%s is not the libcurl we know", LIBCURL);
        return UV_EPROTONOSUPPORT;
    }
    api.loaded = true;
    return 0;
}

/* -- jobs -------------------------------------------------------------------------------------- */

/* curl knows it no more; what it received stays. */
static void job_detach(struct http_tls_job *job)
{
    net_link_drop(&job->link);
    if (job->easy) {
        api.curl_multi_remove_handle(job->tls->multi, job->easy);
        api.curl_easy_cleanup(job->easy);
    }
    job->easy = NULL;
    api.curl_slist_free_all(job->lines);
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

/* The views of one header line; false for one that is not name: value. */
static bool split_line(struct view line, struct http_header *out)
{
    struct view value;
    out->name = view_cut(line, ':', &value);
    out->value = view_trim(value);
    return out->name.len > 0 && out->name.len < line.len;
}

static void split_head(struct http_tls_job *job)
{
    struct view rest = buf_view(&job->head);
    job->headers.count = 0;
    view_cut(rest, '\n', &rest); /* the status line */
    while (rest.len && job->headers.count < HTTP_HEADERS_MAX) {
        struct view line = view_cut(rest, '\n', &rest);
        struct http_header *header = &job->headers.item[job->headers.count];
        job->headers.count += split_line(view_trim(line), header);
    }
}

static int curl_error(const struct http_tls_job *job, CURLcode code)
{
    long os_errno = 0;
    if (job->refused)
        return ERR_ADDRESS;
    if (job->too_long)
        return ERR_TOO_LONG;
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT: return ERR_TIMEOUT;
    case CURLE_OUT_OF_MEMORY: return ERR_NOMEM;
    case CURLE_COULDNT_RESOLVE_HOST: return ERR_NOT_FOUND;
    case CURLE_GOT_NOTHING: return ERR_CLOSED;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_ENGINE_INITFAILED: return ERR_CRYPTO;
    case CURLE_COULDNT_CONNECT:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        api.curl_easy_getinfo(job->easy, CURLINFO_OS_ERRNO, &os_errno);
        return os_errno > 0 ? uv_translate_sys_error((int)os_errno) : ERR_CLOSED;
    default: return ERR_PROTOCOL;
    }
}

static void job_done(struct http_tls_job *job, CURLcode code)
{
    struct http_exchange *exchange = job->exchange;
    struct http_response response = { .headers = &job->headers };
    long status = 0;
    exchange->job = NULL;
    if (code != CURLE_OK) {
        int err = curl_error(job, code);
        job_free(job);
        http_exchange_end(exchange, err);
        return;
    }
    api.curl_easy_getinfo(job->easy, CURLINFO_RESPONSE_CODE, &status);
    split_head(job);
    response.status = (int)status;
    response.head = buf_view(&job->head);
    response.body = buf_view(&job->body);
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
    while (!tls->stopping && (message = api.curl_multi_info_read(tls->multi, &left))) {
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
    api.curl_multi_socket_action(tls->multi, CURL_SOCKET_TIMEOUT, 0, &running);
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
    api.curl_multi_socket_action(tls->multi, watch->fd, flags, &running);
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
    api.curl_multi_assign(tls->multi, fd, watch);
    return watch;
}

static int on_curl_socket(CURL *, curl_socket_t fd, int what, void *owner, void *known)
{
    struct http_tls *tls = owner;
    struct watch *watch = known;
    if (what == CURL_POLL_REMOVE) {
        if (watch) {
            api.curl_multi_assign(tls->multi, fd, NULL);
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

/* -- what curl asks of a job ---------------------------------------------------------------------- */

static curl_socket_t on_curl_open(void *owner, curlsocktype, struct curl_sockaddr *address)
{
    struct http_tls_job *job = owner;
    if (!net_address_allowed(&address->addr)) {
        job->refused = true;
        return CURL_SOCKET_BAD;
    }
    job->refused = false; /* another address of the same name may be fine */
    return socket(address->family, address->socktype, address->protocol);
}

static size_t take(struct http_tls_job *job, struct buf *to, struct view bytes)
{
    size_t max = job->tls->client->options.answer_max;
    job->too_long = job->head.len + job->body.len + bytes.len > max;
    if (job->too_long || buf_view_add(to, bytes))
        return 0; /* less than came: curl gives up */
    return bytes.len;
}

static size_t on_curl_head(char *bytes, size_t size, size_t count, void *owner)
{
    struct http_tls_job *job = owner;
    struct view line = { bytes, size * count };
    if (view_starts(line, VIEW("HTTP/"))) { /* the answer follows its interim ones */
        buf_clear(&job->head);
        job->head_done = false;
    }
    if (job->head_done)
        return line.len;
    job->head_done = view_trim(line).len == 0;
    return take(job, &job->head, line);
}

static size_t on_curl_body(char *bytes, size_t size, size_t count, void *owner)
{
    struct http_tls_job *job = owner;
    return take(job, &job->body, (struct view){ bytes, size * count });
}

/* -- starting --------------------------------------------------------------------------------------- */

static int add_line(struct http_tls_job *job, const char *line)
{
    struct curl_slist *longer = api.curl_slist_append(job->lines, line);
    if (!longer)
        return ERR_NOMEM;
    job->lines = longer;
    return 0;
}

/* curl wants "Name;" for a header whose value is empty: "Name:" would take it away. */
static int add_header(struct http_tls_job *job, struct view line)
{
    struct http_header header;
    struct buf text = BUF_INIT(SIZE_MAX / 4);
    if (!split_line(line, &header) || view_eq_nocase(header.name, VIEW("content-length")))
        return 0; /* curl counts for itself */
    int err = header.value.len ? buf_view_add(&text, line)
                               : buf_fmt(&text, "%.*s;", VIEW_ARG(header.name));
    if (!err)
        err = add_line(job, buf_cstr(&text));
    buf_release(&text);
    return err;
}

static int add_headers(struct http_tls_job *job)
{
    struct http_exchange *exchange = job->exchange;
    struct view rest = { exchange->sent.ptr, exchange->head_len };
    bool typed = false;
    int err = 0;
    view_cut(rest, '\n', &rest); /* the request line */
    while (!err && rest.len) {
        struct view line = view_trim(view_cut(rest, '\n', &rest));
        typed = typed || (line.len > 13 &&
                          view_eq_nocase((struct view){ line.ptr, 13 }, VIEW("content-type:")));
        err = add_header(job, line);
    }
    /* what curl would add by itself */
    if (!err)
        err = add_line(job, "Accept:");
    if (!err)
        err = add_line(job, "Expect:");
    if (!err && !typed)
        err = add_line(job, "Content-Type:");
    return err;
}

static CURLcode set_request(struct http_tls_job *job)
{
    struct http_exchange *exchange = job->exchange;
    __typeof__(api.curl_easy_setopt) set = api.curl_easy_setopt;
    CURL *easy = job->easy;
    struct view method = view_str(exchange->method);
    size_t body_len = exchange->sent.len - exchange->head_len;
    CURLcode code = set(easy, CURLOPT_URL, exchange->url_text);
    if (body_len || view_is(method, "POST") || view_is(method, "PUT") || view_is(method, "PATCH")) {
        code = code ? code : set(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body_len);
        code = code ? code : set(easy, CURLOPT_POSTFIELDS, exchange->sent.ptr + exchange->head_len);
    }
    if (view_is(method, "HEAD"))
        code = code ? code : set(easy, CURLOPT_NOBODY, 1L);
    else
        code = code ? code : set(easy, CURLOPT_CUSTOMREQUEST, exchange->method);
    code = code ? code : set(easy, CURLOPT_HTTPHEADER, job->lines);
    return code ? code : set(easy, CURLOPT_TIMEOUT_MS, (long)http_exchange_left_ms(exchange));
}

static CURLcode set_rules(struct http_tls_job *job)
{
    __typeof__(api.curl_easy_setopt) set = api.curl_easy_setopt;
    CURL *easy = job->easy;
    const char *ca_file = job->tls->client->ca_file;
    CURLcode code = set(easy, CURLOPT_PROTOCOLS_STR, "https");
    code = code ? code : set(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    code = code ? code : set(easy, CURLOPT_FOLLOWLOCATION, 0L);
    code = code ? code : set(easy, CURLOPT_PROXY, "");
    code = code ? code : set(easy, CURLOPT_NOPROXY, "*");
    code = code ? code : set(easy, CURLOPT_NOSIGNAL, 1L);
    code = code ? code : set(easy, CURLOPT_PATH_AS_IS, 1L);
    code = code ? code : set(easy, CURLOPT_OPENSOCKETFUNCTION, on_curl_open);
    code = code ? code : set(easy, CURLOPT_OPENSOCKETDATA, job);
    code = code ? code : set(easy, CURLOPT_HEADERFUNCTION, on_curl_head);
    code = code ? code : set(easy, CURLOPT_HEADERDATA, job);
    code = code ? code : set(easy, CURLOPT_WRITEFUNCTION, on_curl_body);
    code = code ? code : set(easy, CURLOPT_WRITEDATA, job);
    return code || !ca_file ? code : set(easy, CURLOPT_CAINFO, ca_file);
}

static int tls_new(struct http_client *client)
{
    int err = load_curl();
    if (err)
        return err;
    struct http_tls *tls = mem_new(struct http_tls);
    if (!tls)
        return ERR_NOMEM;
    tls->client = client;
    tls->multi = api.curl_multi_init();
    if (!tls->multi) {
        mem_free(tls);
        return ERR_NOMEM;
    }
    net_link_init(&tls->jobs);
    uv_timer_init(client->loop, &tls->timer);
    client->holds++;
    api.curl_multi_setopt(tls->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    api.curl_multi_setopt(tls->multi, CURLMOPT_SOCKETDATA, tls);
    api.curl_multi_setopt(tls->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    api.curl_multi_setopt(tls->multi, CURLMOPT_TIMERDATA, tls);
    api.curl_multi_setopt(tls->multi, CURLMOPT_MAXCONNECTS, (long)client->options.idle_conns_max);
    client->tls = tls;
    return 0;
}

static int job_start(struct http_tls_job *job)
{
    job->easy = api.curl_easy_init();
    if (!job->easy)
        return ERR_NOMEM;
    int err = add_headers(job);
    if (err)
        return err;
    if (set_request(job) || set_rules(job))
        return UV_EPROTONOSUPPORT; /* a libcurl that cannot be told these must not be used */
    return api.curl_multi_add_handle(job->tls->multi, job->easy) ? ERR_NOMEM : 0;
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
    err = job_start(job);
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
    api.curl_multi_cleanup(tls->multi);
    uv_close((uv_handle_t *)&tls->timer, on_timer_closed);
}
