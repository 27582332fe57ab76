#include "http.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "http_answer.h"

#include <curl/curl.h>
#include <time.h>

#define TIMEOUT_MS       10'000
#define HEADERS_MAX      200
#define HEADER_BYTES_MAX ((size_t)64 * 1024)

struct http_jar {
    CURL *easy;
    CURLSH *cookies;
};

/* One exchange under way. */
struct flight {
    CURL *easy; /* owned unless it is a jar's */
    struct curl_slist *headers;
    const struct http_ask *ask;
    struct http_answer *answer; /* the caller's */
    size_t sent, header_bytes;
    int64_t start_us;
    int err; /* our own trouble, out of a callback */
    char text[CURL_ERROR_SIZE];
};

static size_t on_header(char *bytes, size_t size, size_t count, void *owner)
{
    struct flight *flight = owner;
    struct view line = view_trim((struct view){ bytes, size * count });
    struct view value;

    flight->header_bytes += size * count;
    if (flight->header_bytes > HEADER_BYTES_MAX)
        return 0;
    if (view_starts(line, VIEW("HTTP/"))) {
        http_answer_forget(flight->answer); /* those of a 100 Continue */
        return size * count;
    }
    struct view name = view_cut(line, ':', &value);
    if (name.len == line.len || flight->answer->header_count == HEADERS_MAX)
        return size * count;
    flight->err = http_answer_add(flight->answer, view_trim(name), view_trim(value));
    return flight->err ? 0 : size * count;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *owner)
{
    struct flight *flight = owner;

    flight->err = buf_add(&flight->answer->body, bytes, size * count);
    if (flight->err == ERR_TOO_LONG) {
        flight->err = 0; /* the peer's fault, told by the short write */
        return 0;
    }
    return flight->err ? 0 : size * count;
}

static size_t on_read(char *out, size_t size, size_t count, void *owner)
{
    struct flight *flight = owner;
    size_t room = size * count;
    size_t left = flight->ask->body.len - flight->sent;

    if (flight->ask->chunk) {
        if (flight->sent && flight->ask->chunk_gap_ms) {
            struct timespec gap = { flight->ask->chunk_gap_ms / 1000,
                                    (long)(flight->ask->chunk_gap_ms % 1000) * 1'000'000 };
            nanosleep(&gap, NULL);
        }
        if (room > flight->ask->chunk)
            room = flight->ask->chunk;
    }
    if (left > room)
        left = room;
    if (left)
        memcpy(out, flight->ask->body.ptr + flight->sent, left);
    flight->sent += left;
    return left;
}

static int on_seek(void *owner, curl_off_t offset, int origin)
{
    struct flight *flight = owner;
    if (origin != SEEK_SET || offset < 0 || (size_t)offset > flight->ask->body.len)
        return CURL_SEEKFUNC_FAIL;
    flight->sent = (size_t)offset;
    return CURL_SEEKFUNC_OK;
}

static int add_line(struct flight *flight, const char *line)
{
    struct curl_slist *grown = curl_slist_append(flight->headers, line);
    if (!grown)
        return ERR_NOMEM;
    flight->headers = grown;
    return 0;
}

static int set_headers(struct flight *flight)
{
    /* curl's own additions are switched off: what the case gave is what is sent */
    int err = add_line(flight, "Expect:");
    if (!err)
        err = add_line(flight, "Content-Type:");
    for (const char *const *line = flight->ask->headers; !err && line && *line; line++)
        err = add_line(flight, *line);
    if (!err)
        curl_easy_setopt(flight->easy, CURLOPT_HTTPHEADER, flight->headers);
    return err;
}

static void set_body(struct flight *flight)
{
    CURL *easy = flight->easy;
    const struct http_ask *ask = flight->ask;

    if (!ask->has_body && !ask->body.len)
        return;
    if (ask->chunk) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
        curl_easy_setopt(easy, CURLOPT_READDATA, flight);
        curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
        curl_easy_setopt(easy, CURLOPT_SEEKDATA, flight);
        /* curl asks for at most a buffer; a small one keeps the pieces small */
        curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 16'384L);
    } else {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, ask->body.len ? ask->body.ptr : "");
    }
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)ask->body.len);
}

static int prepare(struct flight *flight)
{
    CURL *easy = flight->easy;
    const struct http_ask *ask = flight->ask;
    unsigned timeout_ms = ask->timeout_ms ? ask->timeout_ms : TIMEOUT_MS;

    *flight->answer = (struct http_answer){ .body = BUF_INIT(HTTP_ANSWER_MAX) };
    int err = set_headers(flight);
    if (err)
        return err;
    if (curl_easy_setopt(easy, CURLOPT_URL, ask->url) != CURLE_OK)
        return ERR_NOMEM;
    set_body(flight);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, ask->method);
    if (strcmp(ask->method, "HEAD") == 0)
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, flight);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, flight);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, flight->text);
    if (ask->peer_address)
        curl_easy_setopt(easy, CURLOPT_INTERFACE, ask->peer_address);
    flight->start_us = clock_mono_us();
    return 0;
}

static void describe_failure(struct flight *flight, CURLcode code)
{
    struct http_answer *answer = flight->answer;
    unsigned timeout_ms = flight->ask->timeout_ms ? flight->ask->timeout_ms : TIMEOUT_MS;

    if (code == CURLE_OPERATION_TIMEDOUT)
        snprintf(answer->error, sizeof(answer->error), "no complete answer within %u ms",
                 timeout_ms);
    else if (code == CURLE_COULDNT_CONNECT)
        snprintf(answer->error, sizeof(answer->error), "connection refused");
    else if (code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR)
        snprintf(answer->error, sizeof(answer->error), "connection closed without an answer");
    else if (code == CURLE_WRITE_ERROR)
        snprintf(answer->error, sizeof(answer->error), "answer larger than %zu bytes",
                 HTTP_ANSWER_MAX);
    else if (code == CURLE_UNSUPPORTED_PROTOCOL)
        snprintf(answer->error, sizeof(answer->error), "what came is no HTTP");
    else
        snprintf(answer->error, sizeof(answer->error), "%.150s",
                 flight->text[0] ? flight->text : curl_easy_strerror(code));
}

static int finish(struct flight *flight, CURLcode code)
{
    struct http_answer *answer = flight->answer;
    long status = 0;

    answer->took_ms = (clock_mono_us() - flight->start_us) / 1000;
    if (flight->err)
        return flight->err;
    if (code == CURLE_OUT_OF_MEMORY)
        return ERR_NOMEM;
    /* what answers without a status line is HTTP/0.9 to curl: nonsense of the peer, no bad URL */
    bool web = view_starts(view_str(flight->ask->url), VIEW("http"));
    if (code == CURLE_URL_MALFORMAT || (code == CURLE_UNSUPPORTED_PROTOCOL && !web))
        return ERR_SYNTAX;
    curl_easy_getinfo(flight->easy, CURLINFO_RESPONSE_CODE, &status);
    answer->status = (int)status;
    if (code != CURLE_OK)
        describe_failure(flight, code);
    return 0;
}

int http_jar_new(struct http_jar **out)
{
    struct http_jar *jar = mem_new(struct http_jar);
    if (!jar)
        return ERR_NOMEM;
    jar->easy = curl_easy_init();
    jar->cookies = curl_share_init();
    if (!jar->easy || !jar->cookies ||
        curl_share_setopt(jar->cookies, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE) != CURLSHE_OK) {
        http_jar_free(jar);
        return ERR_NOMEM;
    }
    *out = jar;
    return 0;
}

void http_jar_free(struct http_jar *jar)
{
    if (!jar)
        return;
    curl_easy_cleanup(jar->easy);
    curl_share_cleanup(jar->cookies);
    mem_free(jar);
}

/*
 * curl's cookie engine wants the name of a file to begin with ("" is none) and keeps a list of such
 * names, which a reset forgets without freeing it; dropping the list drops the cookies too, unless
 * they live in a share.
 */
static int open_jar(struct http_jar *jar)
{
    if (curl_easy_setopt(jar->easy, CURLOPT_SHARE, jar->cookies) != CURLE_OK ||
        curl_easy_setopt(jar->easy, CURLOPT_COOKIEFILE, "") != CURLE_OK)
        return ERR_NOMEM;
    return 0;
}

static void close_jar(struct http_jar *jar)
{
    curl_easy_setopt(jar->easy, CURLOPT_COOKIEFILE, NULL);
    curl_easy_reset(jar->easy); /* nothing of the caller's stack frame stays in it */
}

int http_do(struct http_jar *jar, const struct http_ask *ask, struct http_answer *answer)
{
    struct flight flight = { .ask = ask, .answer = answer };
    CURLcode code = CURLE_OK;

    *answer = (struct http_answer){};
    flight.easy = jar ? jar->easy : curl_easy_init();
    if (!flight.easy)
        return ERR_NOMEM;
    int err = jar ? open_jar(jar) : 0;
    if (!err)
        err = prepare(&flight);
    if (!err) {
        code = curl_easy_perform(flight.easy);
        err = finish(&flight, code);
    }
    curl_slist_free_all(flight.headers);
    if (jar)
        close_jar(jar); /* keeps connections and cookies */
    else
        curl_easy_cleanup(flight.easy);
    if (err)
        http_answer_release(answer);
    return err;
}

static int turn_until_done(CURLM *multi, struct flight *flights, CURLcode *codes, size_t count)
{
    int running = (int)count;

    while (running) {
        if (curl_multi_perform(multi, &running) != CURLM_OK)
            return ERR_IO;
        int left;
        for (CURLMsg *done; (done = curl_multi_info_read(multi, &left));) {
            for (size_t i = 0; i < count; i++) {
                if (flights[i].easy != done->easy_handle)
                    continue;
                codes[i] = done->data.result;
                flights[i].answer->took_ms = (clock_mono_us() - flights[i].start_us) / 1000;
            }
        }
        if (running && curl_multi_poll(multi, NULL, 0, 1000, NULL) != CURLM_OK)
            return ERR_IO;
    }
    return 0;
}

static int copy_cookies(CURL *to, struct http_jar *jar)
{
    struct curl_slist *cookies = NULL;

    if (curl_easy_setopt(to, CURLOPT_COOKIEFILE, "") != CURLE_OK)
        return ERR_NOMEM;
    int err = jar ? open_jar(jar) : 0;
    if (jar && !err && curl_easy_getinfo(jar->easy, CURLINFO_COOKIELIST, &cookies) != CURLE_OK)
        err = ERR_NOMEM;
    for (const struct curl_slist *line = cookies; line && !err; line = line->next)
        err = curl_easy_setopt(to, CURLOPT_COOKIELIST, line->data) == CURLE_OK ? 0 : ERR_NOMEM;
    curl_slist_free_all(cookies);
    if (jar)
        close_jar(jar);
    return err;
}

static int launch(CURLM *multi, struct http_jar *jar, struct flight *flight)
{
    flight->easy = curl_easy_init();
    if (!flight->easy)
        return ERR_NOMEM;
    int err = copy_cookies(flight->easy, jar);
    if (!err)
        err = prepare(flight);
    if (err)
        return err;
    curl_easy_setopt(flight->easy, CURLOPT_FRESH_CONNECT, 1L);
    return curl_multi_add_handle(multi, flight->easy) == CURLM_OK ? 0 : ERR_NOMEM;
}

int http_do_all(struct http_jar *jar, const struct http_ask *asks, size_t count,
                struct http_answer *answers)
{
    struct flight flights[64] = {};
    CURLcode codes[64] = {};
    int err = 0;

    if (count > COUNT(flights))
        return ERR_LIMIT;
    CURLM *multi = curl_multi_init();
    if (!multi)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        answers[i] = (struct http_answer){};
        flights[i] = (struct flight){ .ask = &asks[i], .answer = &answers[i] };
    }
    for (size_t i = 0; !err && i < count; i++)
        err = launch(multi, jar, &flights[i]);
    if (!err)
        err = turn_until_done(multi, flights, codes, count);
    for (size_t i = 0; i < count; i++) {
        int64_t took_ms = answers[i].took_ms;
        if (!err)
            err = finish(&flights[i], codes[i]);
        answers[i].took_ms = took_ms;
        if (flights[i].easy) {
            curl_multi_remove_handle(multi, flights[i].easy);
            curl_easy_cleanup(flights[i].easy);
        }
        curl_slist_free_all(flights[i].headers);
    }
    curl_multi_cleanup(multi);
    for (size_t i = 0; err && i < count; i++)
        http_answer_release(&answers[i]);
    return err;
}
