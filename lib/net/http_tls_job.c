#include "net/http_tls.h"
#include "net/net_address.h"

#include "base/err.h"

#include <unistd.h>

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

int http_tls_job_error(const struct http_tls_job *job, CURLcode code)
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
        http_curl.curl_easy_getinfo(job->easy, CURLINFO_OS_ERRNO, &os_errno);
        return os_errno > 0 ? uv_translate_sys_error((int)os_errno) : ERR_CLOSED;
    default: return ERR_PROTOCOL;
    }
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
    struct curl_slist *longer = http_curl.curl_slist_append(job->lines, line);
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
    __typeof__(http_curl.curl_easy_setopt) set = http_curl.curl_easy_setopt;
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
    __typeof__(http_curl.curl_easy_setopt) set = http_curl.curl_easy_setopt;
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

int http_tls_job_prepare(struct http_tls_job *job)
{
    job->easy = http_curl.curl_easy_init();
    if (!job->easy)
        return ERR_NOMEM;
    int err = add_headers(job);
    if (err)
        return err;
    if (set_request(job) || set_rules(job))
        return UV_EPROTONOSUPPORT; /* a libcurl that cannot be told these must not be used */
    return 0;
}

void http_tls_job_response(struct http_tls_job *job, struct http_response *response)
{
    long status = 0;
    http_curl.curl_easy_getinfo(job->easy, CURLINFO_RESPONSE_CODE, &status);
    split_head(job);
    *response = (struct http_response){ .status = (int)status,
                                        .headers = &job->headers,
                                        .head = buf_view(&job->head),
                                        .body = buf_view(&job->body) };
}
