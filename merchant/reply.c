#include "reply.h"

#include "base/mem.h"
#include "steps.h"

#define JSON_MAX (256 * 1024)

static const struct http_header json_headers[] = {
    { VIEW("Content-Type"), VIEW("application/json") },
    { VIEW("Cache-Control"), VIEW("no-store") },
};

void reply_json(struct http_call *call, int status, json_t *value)
{
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
    if (text)
        http_call_reply(call, status, json_headers, COUNT(json_headers), view_str(text));
    else
        http_call_reply(call, 500, NULL, 0, VIEW(""));
    free(text); /* jansson's own block */
    json_decref(value);
}

void reply_error(struct shop *shop, struct http_call *call, int status, const char *code,
                 const char *message, json_t *more)
{
    struct buf text = BUF_INIT(2048);
    json_t *value = NULL;
    if (shop->steps->error_text(shop, view_str(message), &text) == 0)
        value = json_pack("{s:{s:s,s:s%}}", "error", "code", code, "message", buf_cstr(&text),
                          text.len);
    if (value && more)
        (void)json_object_update(value, more);
    json_decref(more);
    buf_release(&text);
    reply_json(call, status, value);
}

void reply_page(struct http_call *call, const char *type, struct view body)
{
    const struct http_header headers[] = {
        { VIEW("Content-Type"), view_str(type) },
        { VIEW("Cache-Control"), VIEW("no-store") },
        { VIEW("Content-Security-Policy"),
          VIEW("default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'") },
        { VIEW("X-Content-Type-Options"), VIEW("nosniff") },
        { VIEW("Referrer-Policy"), VIEW("no-referrer") },
    };
    http_call_reply(call, 200, headers, COUNT(headers), body);
}

void reply_see_other(struct http_call *call, struct view path)
{
    const struct http_header to = { VIEW("Location"), path };
    http_call_reply(call, 303, &to, 1, VIEW(""));
}
