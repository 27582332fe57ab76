/* Mutants of the chapter "request": how the platform is asked. */
#include "mutants/mutant.h"

#include "base/err.h"
#include "base/mem.h"

#include <iconv.h>
#include <stdio.h>

/* --- nonce ------------------------------------------------------------------------------------ */

static void same_nonce(struct shop *, char *out, size_t size)
{
    snprintf(out, size, "%s", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS");
}

static void counter_nonce(struct shop *, char *out, size_t size)
{
    static unsigned count;
    snprintf(out, size, "%016u", ++count);
}

static void time_nonce(struct shop *, char *out, size_t size)
{
    snprintf(out, size, "%lld", (long long)clock_real_ms());
}

/* --- signature: the right text, and one mistake ------------------------------------------------- */

enum mistake {
    EMPTY_SIGNED = 1,
    TYPE_UNSIGNED = 2,
    LOWER_CASE = 4,
    TRIMMED = 8,
    UNSORTED = 16,
    ESCAPED = 32,
    NO_KEY = 64,
    OTHER_TYPE = 128,
};

static int add_pair(struct buf *text, struct view name, struct view value, unsigned mistake)
{
    if (value.len == 0 && !(mistake & EMPTY_SIGNED))
        return 0;
    if (view_is(name, "sign_type") && (mistake & TYPE_UNSIGNED))
        return 0;
    if (mistake & TRIMMED)
        value = view_trim(value);
    int err = text->len ? buf_byte(text, '&') : 0;
    if (!err)
        err = buf_view_add(text, name);
    if (!err)
        err = buf_byte(text, '=');
    if (err)
        return err;
    return mistake & ESCAPED ? http_percent_encode(text, value) : buf_view_add(text, value);
}

static int wrong_sign(struct shop *shop, struct v2_msg *msg, unsigned mistake)
{
    struct buf text = BUF_INIT(V2_XML_MAX);
    char nonce[33], sign[V2_SIGN_MAX + 1];
    enum v2_sign_type type = shop->options->sign_type;
    shop->steps->request_nonce(shop, nonce, sizeof(nonce));
    int err = v2_msg_add_str(msg, "nonce_str", nonce);
    if (!err)
        err = v2_msg_add_str(msg, "sign_type", v2_sign_type_name(type));
    if (!err && (mistake & EMPTY_SIGNED))
        err = v2_msg_add_str(msg, "device_info", "");
    if (!err && (mistake & TRIMMED))
        err = v2_msg_add_str(msg, "device_info", " till 1 ");
    if (!(mistake & UNSORTED))
        v2_msg_sort(msg);
    for (size_t i = 0; !err && i < msg->count; i++)
        err = add_pair(&text, msg->field[i].name, msg->field[i].value, mistake);
    if (!err && !(mistake & NO_KEY))
        err = buf_fmt(&text, "&key=%s", shop->options->api_key);
    if (mistake & OTHER_TYPE)
        type = type == V2_MD5 ? V2_HMAC_SHA256 : V2_MD5;
    if (!err)
        err = v2_digest(buf_view(&text), type, shop->key, sign);
    for (char *at = sign; !err && *at; at++) {
        if ((mistake & LOWER_CASE) && *at >= 'A' && *at <= 'F')
            *at = (char)(*at + 32);
    }
    buf_release(&text);
    return err ? err : v2_msg_add_str(msg, "sign", sign);
}

#define SIGN(function, mistake)                                                                    \
    static int function(struct shop *shop, struct v2_msg *msg)                                     \
    {                                                                                              \
        return wrong_sign(shop, msg, mistake);                                                     \
    }

SIGN(empty_signed, EMPTY_SIGNED)
SIGN(type_unsigned, TYPE_UNSIGNED)
SIGN(lower_case, LOWER_CASE)
SIGN(trimmed, TRIMMED)
SIGN(unsorted, UNSORTED)
SIGN(escaped, ESCAPED)
SIGN(no_key, NO_KEY)
SIGN(other_type, OTHER_TYPE)

static int long_nonce(struct shop *shop, struct v2_msg *msg)
{
    char nonce[65];
    rng_alnum(&shop->rng, nonce, 40);
    int err = v2_msg_add_str(msg, "nonce_str", nonce);
    if (!err)
        err = v2_msg_add_str(msg, "sign_type", v2_sign_type_name(shop->options->sign_type));
    return err ? err : v2_msg_sign(msg, shop->options->sign_type, shop->key);
}

/* --- document ------------------------------------------------------------------------------------- */

static int elements(const struct v2_msg *msg, const char *format, struct buf *out)
{
    int err = 0;
    for (size_t i = 0; !err && i < msg->count; i++) {
        struct view name = msg->field[i].name, value = msg->field[i].value;
        bool cdata = strcmp(format, "cdata") == 0;
        err = buf_fmt(out, "<%.*s>%s%.*s%s</%.*s>", VIEW_ARG(name), cdata ? "<![CDATA[" : "",
                      VIEW_ARG(value), cdata ? "]]>" : "", VIEW_ARG(name));
    }
    return err;
}

/* All fields in a root element, written in one of two ways, and @more behind them. */
static int document(struct buf *out, const struct v2_msg *msg, const char *format, const char *more)
{
    int err = buf_str(out, "<xml>");
    if (!err)
        err = elements(msg, format, out);
    return err ? err : buf_fmt(out, "%s</xml>", more);
}

static int raw_text(struct shop *, const struct v2_msg *msg, struct buf *out)
{
    return document(out, msg, "text", "");
}

/* Behind the fields, text that only a careful writer can pack. */
static int unsplit_cdata(struct shop *, const struct v2_msg *msg, struct buf *out)
{
    return document(out, msg, "cdata", "<detail><![CDATA[a[b[0]]>c]]></detail>");
}

static int with_doctype(struct shop *shop, const struct v2_msg *msg, struct buf *out)
{
    int err = buf_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><!DOCTYPE xml>");
    return err ? err : step_request_write(shop, msg, out);
}

static int with_envelope(struct shop *, const struct v2_msg *msg, struct buf *out)
{
    int err = buf_str(out, "<request>");
    if (!err)
        err = elements(msg, "cdata", out);
    return err ? err : buf_str(out, "</request>");
}

static int twice(struct shop *shop, const struct v2_msg *msg, struct buf *out)
{
    int err = step_request_write(shop, msg, out);
    struct view total = v2_msg_get(msg, "out_trade_no");
    if (err || out->len < 6)
        return err ? err : ERR_SYNTAX;
    out->len -= strlen("</xml>");
    return buf_fmt(out, "<out_trade_no>%.*s</out_trade_no></xml>", VIEW_ARG(total));
}

static int form(struct shop *, const struct v2_msg *msg, struct buf *out)
{
    int err = 0;
    for (size_t i = 0; !err && i < msg->count; i++) {
        err = buf_fmt(out, "%s%.*s=", i ? "&" : "", VIEW_ARG(msg->field[i].name));
        if (!err)
            err = http_percent_encode(out, msg->field[i].value);
    }
    return err;
}

static int json_body(struct shop *, const struct v2_msg *msg, struct buf *out)
{
    json_t *object = json_object();
    for (size_t i = 0; i < msg->count; i++) {
        char name[V2_NAME_MAX + 1];
        if (view_copy(msg->field[i].name, name, sizeof(name)) == 0)
            json_object_set_new(object, name,
                                json_stringn(msg->field[i].value.ptr, msg->field[i].value.len));
    }
    char *text = json_dumps(object, JSON_COMPACT);
    int err = text ? buf_str(out, text) : ERR_NOMEM;
    free(text); /* jansson's own block */
    json_decref(object);
    return err;
}

static int gbk(struct shop *shop, const struct v2_msg *msg, struct buf *out)
{
    struct buf utf8 = BUF_INIT(V2_XML_MAX);
    char bytes[8192];
    iconv_t convert = iconv_open("GBK//TRANSLIT", "UTF-8");
    int err = step_request_write(shop, msg, &utf8);
    if (!err && convert != (iconv_t)-1) {
        char *in = utf8.ptr, *to = bytes;
        size_t left = utf8.len, room = sizeof(bytes);
        (void)iconv(convert, &in, &left, &to, &room);
        err = buf_add(out, bytes, sizeof(bytes) - room);
    }
    if (convert != (iconv_t)-1)
        iconv_close(convert);
    buf_release(&utf8);
    return err;
}

/* --- sending ----------------------------------------------------------------------------------------- */

static int send_as(struct shop *shop, struct http_send *send, const char *method, unsigned ms)
{
    static const struct http_header header = { VIEW("Content-Type"), VIEW("text/xml") };
    send->method = method;
    send->headers = &header;
    send->header_count = 1;
    send->timeout_ms = ms;
    return http_client_send(shop->client, send, NULL);
}

static int get(struct shop *shop, struct http_send *send)
{
    return send_as(shop, send, "GET", 6000);
}

static int patient(struct shop *shop, struct http_send *send)
{
    return send_as(shop, send, "POST", 3'600'000);
}

/* What libcurl does by itself with bodies above a kilobyte. */
static int with_expect(struct shop *shop, struct http_send *send)
{
    static const struct http_header headers[] = {
        { VIEW("Content-Type"), VIEW("text/xml") },
        { VIEW("Expect"), VIEW("100-continue") },
    };
    send->method = "POST";
    send->headers = headers;
    send->header_count = COUNT(headers);
    send->timeout_ms = 6000;
    return http_client_send(shop->client, send, NULL);
}

/* As fast as the network allows; after 300 even the mutant gets tired. */
static int64_t no_gap(struct shop *, const struct order *order)
{
    return order->fails < 300 ? 0 : 600;
}

/* clang-format off */
const struct mutant mutants_request[] = {
    MUTANT("constant-nonce", "WX2-020", "Every request has the same nonce_str.",
      .request_nonce = same_nonce),
    MUTANT("counter-nonce", "WX2-020", "nonce_str is a counter.", .request_nonce = counter_nonce),
    MUTANT("time-nonce", "WX2-020", "nonce_str is the time.", .request_nonce = time_nonce),
    MUTANT("long-nonce", "WX2-020", "nonce_str has 40 characters.", .request_sign = long_nonce),
    MUTANT("empty-signed", "WX2-016", "An empty field takes part in the signature.",
      .request_sign = empty_signed),
    MUTANT("sign-type-unsigned", "WX2-017", "sign_type is sent but not signed.",
      .request_sign = type_unsigned),
    MUTANT("sign-type-lies", "WX2-017", "sign_type names the other algorithm.",
      .request_sign = other_type),
    MUTANT("lower-case-sign", "WX2-018",
      "The signature is in lower case.", .request_sign = lower_case),
    MUTANT("values-trimmed", "WX2-019",
      "Values are trimmed for the signature and sent with blanks.",
      .request_sign = trimmed),
    MUTANT("values-escaped", "WX2-015", "Values are percent-encoded for the signature.",
      .request_sign = escaped),
    MUTANT("unsorted-sign", "WX2-015", "The fields are signed in the order they were added.",
      .request_sign = unsorted),
    MUTANT("keyless-sign", "WX2-015", "The key is missing in the text to be signed.",
      .request_sign = no_key),
    MUTANT("unescaped-xml", "WX2-004",
      "Values are pasted between the tags.", .request_write = raw_text),
    MUTANT("unsplit-cdata", "WX2-004", "]]> inside a value ends its CDATA section.",
      .request_write = unsplit_cdata),
    MUTANT("doctype-sent", "WX2-005", "Requests have a DOCTYPE.", .request_write = with_doctype),
    MUTANT("other-root", "WX2-002",
      "The root element is <request>.", .request_write = with_envelope),
    MUTANT("field-twice", "WX2-006", "out_trade_no is sent twice.", .request_write = twice),
    MUTANT("form-body", "WX2-002", "The body is form-encoded.", .request_write = form),
    MUTANT("json-body", "WX2-002", "The body is JSON.", .request_write = json_body),
    MUTANT("gbk-body", "WX2-003", "The body is GBK.", .request_write = gbk),
    MUTANT("expects-continue", "WX2-014", "Every call waits for 100 Continue.",
      .request_send = with_expect),
    MUTANT("get-request", "WX2-001", "Calls use GET.", .request_send = get),
    MUTANT("no-client-timeout", "WX2-010", "The shop waits an hour for an answer.",
      .request_send = patient),
    MUTANT("tight-retry", "WX2-119", "What failed is repeated at once, again and again.",
      .retry_gap_s = no_gap),
    { .name = NULL },
};
