#include "wxpay/v3_ack.h"

#include "base/mem.h"

#include <jansson.h>

/* Statuses from first to last; the rows are read in order. Only 200 and 204 are documented. */
static const struct row {
    int first, last;
    struct v3_ack ack;
} rows[] = {
    { 200, 200, { true, "ok", "200: delivered, whatever the body says", NULL } },
    { 204, 204, { true, "no-content", "204: delivered", NULL } },
    { 100, 199, { false, "interim", "1xx ends no request", NULL } },
    { 200, 299, { false, "other-2xx", "neither 200 nor 204", NULL } },
    { 300, 399, { false, "redirect", "redirects are not followed", NULL } },
    { 400, 499, { false, "refused", "4xx: the merchant refused it", NULL } },
    { 500, 599, { false, "trouble", "5xx: the merchant could not take it", NULL } },
};

static bool says_fail(struct view body)
{
    json_t *json = json_loadb(body.len ? body.ptr : "", body.len, 0, NULL);
    const char *code = json_string_value(json_object_get(json, "code"));
    bool fail = code && strcmp(code, "SUCCESS") != 0;
    json_decref(json);
    return fail;
}

struct v3_ack v3_ack_judge(int status, struct view body)
{
    struct v3_ack ack = { false, "status", "no status of HTTP", NULL };
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (status < rows[i].first || status > rows[i].last)
            continue;
        ack = rows[i].ack;
        break;
    }
    if (ack.ok && says_fail(body))
        ack.warn = "the body says FAIL, the status says delivered: the status counts";
    return ack;
}
