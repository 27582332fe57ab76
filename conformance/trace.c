/*
 * trace.c — an HTTP exchange as the transcript has it.
 */
#include "shop.h"

static json_t *header_list(const char *const *lines)
{
    json_t *list = json_array();
    for (size_t i = 0; list && lines && lines[i]; i++) {
        struct view value;
        struct view name = view_cut(view_str(lines[i]), ':', &value);
        value = view_trim(value);
        json_t *line =
            json_pack("[s%, s%]", name.ptr, name.len, value.len ? value.ptr : "", value.len);
        if (json_array_append_new(list, line))
            break;
    }
    return list;
}

json_t *trace_request(const struct http_ask *ask)
{
    json_t *request = json_pack("{s:s, s:s, s:o}", "method", ask->method, "url", ask->url,
                                "headers", header_list(ask->headers));
    if (request && json_set_body(request, ask->body)) {
        json_decref(request);
        return NULL;
    }
    return request;
}

json_t *trace_answer(const struct http_answer *answer)
{
    json_t *trace =
        json_pack("{s:i, s:I}", "status", answer->status, "took_ms", (json_int_t)answer->took_ms);
    json_t *list = json_array();

    for (size_t i = 0; i < answer->header_count; i++) {
        json_t *value = json_string(answer->headers[i].value);
        if (!value) /* bytes that are no UTF-8 */
            value = json_string("(not UTF-8)");
        json_t *name = json_string(answer->headers[i].name);
        json_array_append_new(list, json_pack("[o, o]", name ? name : json_string("?"), value));
    }
    if (json_object_set_new(trace, "headers", list) ||
        json_set_body(trace, buf_view(&answer->body)) ||
        (answer->error[0] && json_object_set_new(trace, "error", json_string(answer->error)))) {
        json_decref(trace);
        return NULL;
    }
    return trace;
}
