/*
 * create_read.c — what stands in the unified orders of the whole run.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "cases/common.h"
#include "net/http_msg.h"

#include <arpa/inet.h>

/* ---- every unified order of the run --------------------------------------------------------- */

/* V2 3.1 and 1.6: bytes at most; required or not. */
static const struct limit {
    const char *name;
    size_t max;
    bool required;
} limits[] = {
    { "appid", 32, true },        { "mch_id", 32, true },
    { "nonce_str", 32, true },    { "sign", 64, true },
    { "body", 128, true },        { "out_trade_no", 32, true },
    { "total_fee", 19, true },    { "spbill_create_ip", 64, true },
    { "notify_url", 256, true },  { "trade_type", 16, true },
    { "sign_type", 32, false },   { "detail", 6144, false },
    { "attach", 128, false },     { "fee_type", 16, false },
    { "time_start", 14, false },  { "time_expire", 14, false },
    { "goods_tag", 32, false },   { "product_id", 32, false },
    { "openid", 128, false },     { "device_info", 32, false },
    { "limit_pay", 32, false },   { "receipt", 8, false },
    { "scene_info", 256, false },
};

static void decide_fields(struct ruling *r, const struct fact *call, const struct oracle_msg *msg)
{
    for (size_t i = 0; i < COUNT(limits); i++) {
        const char *value = oracle_get(msg, limits[i].name);
        if (limits[i].required && (!value || !value[0]))
            rule_broken(r, "WX2-029", call, "%s is missing or empty", limits[i].name);
        else if (value && strlen(value) > limits[i].max)
            rule_broken(r, "WX2-029", call, "%s has %zu bytes, at most %zu are allowed",
                        limits[i].name, strlen(value), limits[i].max);
    }
    const char *product = oracle_get(msg, "product_id");
    if (!product || !product[0])
        rule_departs(r, "WX2-029", call,
                     "product_id is missing; documented as required for NATIVE, production takes "
                     "the order without it");
}

static void decide_number(struct ruling *r, const struct fact *call, const struct oracle_msg *msg)
{
    const char *number = oracle_get(msg, "out_trade_no");
    size_t len = number ? strlen(number) : 0;

    if (!len)
        return; /* WX2-029 says so */
    if (number[strspn(number,
                      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-|*")])
        rule_broken(r, "WX2-030", call, "out_trade_no \"%s\" holds other characters", number);
    else if (len > 32 || len < 3)
        rule_broken(r, "WX2-030", call, "out_trade_no \"%s\" has %zu characters", number, len);
    else if (len < 6)
        rule_departs(r, "WX2-030", call,
                     "out_trade_no \"%s\" has %zu characters; six are documented, production takes "
                     "three",
                     number, len);
}

static void fields_decide(const struct story *story, struct ruling *ruling)
{
    size_t calls = 0;
    const struct fact *last = NULL;

    for (const struct fact *f = NULL; (f = story_call(story, f, "unifiedorder", NULL)); last = f) {
        struct oracle_msg msg = {};
        struct oracle_reading reading;
        if (!exchange_read(f, "/request", &msg, &reading) && reading.parsed) {
            decide_fields(ruling, f, &msg);
            decide_number(ruling, f, &msg);
            calls++;
        }
        oracle_release(&msg);
    }
    if (!calls)
        return;
    rule_holds(ruling, "WX2-029", last, "all fields were there and short enough in %zu orders",
               calls);
    rule_holds(ruling, "WX2-030", last, "every number of %zu orders was of the documented form",
               calls);
}

static void decide_expiry(struct ruling *r, const struct fact *call, const struct oracle_msg *msg)
{
    const char *expire = oracle_get(msg, "time_expire");
    int64_t now = fact_int(call, "/virtual_ms", 0), end = 0;

    if (!expire || !expire[0])
        rule_broken(r, "WX2-037", call, "time_expire is not set");
    else if (cn_time_parse_14(expire, (int64_t)strlen(expire), &end))
        rule_broken(r, "WX2-037", call, "time_expire \"%s\" is no time of 14 digits", expire);
    else if (end < now - 7 * 3'600'000LL)
        rule_broken(r, "WX2-037", call, "time_expire %s lies hours back: is it UTC?", expire);
    else if (end < now + 60'000)
        rule_broken(r, "WX2-037", call, "time_expire is only %lld s after creation",
                    (long long)(end - now) / 1000);
}

static void decide_address(struct ruling *r, const struct fact *call, const struct oracle_msg *msg)
{
    const char *ip = oracle_get(msg, "spbill_create_ip");
    unsigned char bytes[16];

    if (!ip || !ip[0])
        rule_broken(r, "WX2-038", call, "spbill_create_ip is not set");
    else if (inet_pton(AF_INET, ip, bytes) != 1 && inet_pton(AF_INET6, ip, bytes) != 1)
        rule_broken(r, "WX2-038", call, "spbill_create_ip \"%s\" is no single address", ip);
    else if (strncmp(ip, "127.", 4) == 0 || strcmp(ip, "::1") == 0 || strcmp(ip, "0.0.0.0") == 0)
        rule_broken(r, "WX2-038", call, "spbill_create_ip is %s, which is nobody's address", ip);
}

static void decide_text(struct ruling *r, const struct fact *call, const struct oracle_msg *msg)
{
    const char *body = oracle_get(msg, "body");

    for (const char *c = body ? body : ""; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            rule_broken(r, "WX2-039", call, "body holds the control character 0x%02x",
                        (unsigned)(unsigned char)*c);
            return;
        }
}

static void advice_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *last = NULL;

    for (const struct fact *f = NULL; (f = story_call(story, f, "unifiedorder", NULL)); last = f) {
        struct oracle_msg msg = {};
        struct oracle_reading reading;
        if (!exchange_read(f, "/request", &msg, &reading) && reading.parsed) {
            decide_expiry(ruling, f, &msg);
            decide_address(ruling, f, &msg);
            decide_text(ruling, f, &msg);
        }
        oracle_release(&msg);
    }
    if (!last)
        return;
    rule_holds(ruling, "WX2-037", last, "time_expire was set at least a minute ahead");
    rule_holds(ruling, "WX2-038", last, "spbill_create_ip was a real address");
    rule_holds(ruling, "WX2-039", last, "body held no control characters");
}

/* ---- notify_url ----------------------------------------------------------------------------- */

static void url_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *last = NULL;

    for (const struct fact *f = NULL; (f = story_call(story, f, "unifiedorder", NULL)); last = f) {
        char text[512];
        struct http_url url;
        exchange_field(f, "/request", "notify_url", text, sizeof(text));
        if (http_url_parse(view_str(text), &url))
            rule_broken(ruling, "WX2-042", f, "notify_url \"%s\" is no absolute http URL", text);
        else if (strlen(text) > 256)
            rule_broken(ruling, "WX2-042", f, "notify_url has %zu bytes", strlen(text));
        else if (url.has_query)
            rule_broken(ruling, "WX2-042", f, "notify_url has a query string: %s", text);
        else if (url.has_userinfo || url.has_fragment)
            rule_broken(ruling, "WX2-042", f, "notify_url carries more than a path: %s", text);
    }
    if (last)
        rule_holds(ruling, "WX2-042", last,
                   "every notify_url was absolute, short and without query");
}

/* Nothing on the internet can reach these. */
static bool is_local(struct view host)
{
    char text[256];
    unsigned char v4[4], v6[16];

    if (view_copy(host, text, sizeof(text)))
        return false;
    if (inet_pton(AF_INET, text, v4) == 1)
        return v4[0] == 127 || v4[0] == 10 || v4[0] == 0 || (v4[0] == 192 && v4[1] == 168) ||
               (v4[0] == 172 && v4[1] >= 16 && v4[1] < 32) || (v4[0] == 169 && v4[1] == 254);
    if (inet_pton(AF_INET6, text, v6) == 1)
        return strcmp(text, "::1") == 0 || (v6[0] & 0xfe) == 0xfc ||
               (v6[0] == 0xfe && v6[1] >= 0x80);
    return !strchr(text, '.') || view_ends(host, VIEW(".local")) ||
           view_ends(host, VIEW(".localhost")) || view_ends(host, VIEW(".internal"));
}

static void host_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *last = NULL;

    for (const struct fact *f = NULL; (f = story_call(story, f, "unifiedorder", NULL)); last = f) {
        char text[512];
        struct http_url url;
        exchange_field(f, "/request", "notify_url", text, sizeof(text));
        if (http_url_parse(view_str(text), &url))
            continue; /* create/notify-url says so */
        if (is_local(url.host))
            rule_broken(ruling, "WX2-042", f, "nobody outside can reach %s", text);
        if (!url.tls)
            rule_broken(ruling, "WX2-043", f, "%s is not https", text);
    }
    if (last) {
        rule_holds(ruling, "WX2-042", last, "every announced host is a public name");
        rule_holds(ruling, "WX2-043", last,
                   "every announced URL is https; its certificate was not "
                   "looked at");
    }
}

/* ---- numbers -------------------------------------------------------------------------------- */

/* Over the whole run, by the links between the merchant's orders and the platform's. */
static void unique_in_run_decide(const struct story *story, struct ruling *ruling)
{
    size_t orders = 0;
    const struct fact *last = NULL;

    if (fact_true(story_first(story, "setup", NULL, NULL), "/expect/reuses_open_orders")) {
        rule_skipped(ruling, "WX2-031", NULL, "the merchant gives out open orders again by design");
        return;
    }
    for (const struct fact *f = NULL; (f = story_next(story, f, "create", NULL, NULL)); last = f) {
        const char *number = fact_str(f, "/out_trade_no");
        if (!number[0])
            continue;
        orders++;
        for (const struct fact *g = f; (g = story_next(story, g, "create", NULL, NULL));)
            if (strcmp(number, fact_str(g, "/out_trade_no")) == 0) {
                rule_broken(ruling, "WX2-031", g, "two orders were placed under the number %s",
                            number);
                rule_evidence(ruling, "WX2-031", f);
            }
    }
    if (orders > 1)
        rule_holds(ruling, "WX2-031", last, "%zu orders had %zu numbers", orders, orders);
}

static const struct case_def cases[] = {
    { .id = "create/fields",
      .experiment = "Every unified order of the run is read.",
      .claims = { { "WX2-029", "the required fields are there, none is too long" },
                  { "WX2-030", "out_trade_no has 6 to 32 characters of the allowed set" } },
      .flags = CASE_WATCHES_ALL,
      .decide = fields_decide },
    { .id = "create/advice",
      .experiment = "Every unified order of the run is read.",
      .claims = { { "WX2-037", "time_expire is at least a minute ahead, in Beijing time" },
                  { "WX2-038", "spbill_create_ip is one real address" },
                  { "WX2-039", "body holds no control characters" } },
      .flags = CASE_WATCHES_ALL,
      .decide = advice_decide },
    { .id = "create/notify-url",
      .experiment = "Every notify_url of the run is read.",
      .claims = { { "WX2-042", "it is absolute, at most 256 bytes, without query string" } },
      .flags = CASE_WATCHES_ALL,
      .decide = url_decide },
    { .id = "create/notify-host",
      .experiment = "Every announced notify_url of the run is read.",
      .claims = { { "WX2-042", "its host can be reached from outside" },
                  { "WX2-043", "it is https" } },
      .needs = NEED_ANNOUNCED,
      .flags = CASE_WATCHES_ALL,
      .decide = host_decide },
    { .id = "create/unique-in-run",
      .experiment = "The numbers of all orders of the run are compared, over restarts too.",
      .claims = { { "WX2-031", "no number was used for two orders" } },
      .flags = CASE_WATCHES_ALL,
      .decide = unique_in_run_decide },
};

const struct chapter chapter_create_read = { cases, COUNT(cases), API_V2 };
