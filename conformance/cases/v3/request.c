/*
 * v3/request.c — every request of the run: who signs, what is signed, and what it carries.
 */
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "cases/v3/common.h"

#include <stdlib.h>

#define SKEW_S     300
#define NONCES_MAX 4000

/* A request of the record, taken apart. Views into the fact; body is owned. */
struct heard {
    struct oracle3_auth auth;
    struct oracle3_request request;
    struct buf body;
    const char *host;
};

/* false when its bytes were not kept. */
static bool hear(const struct fact *call, struct heard *heard)
{
    const char *host = fact_header(call, "/request", "Host");

    *heard = (struct heard){ .body = BUF_INIT(ORACLE3_TEXT_MAX), .host = host ? host : "" };
    if (fact_true(call, "/request/cut") || fact_body(call, "/request", &heard->body))
        return false;
    oracle3_authorization(fact_header(call, "/request", "Authorization"), &heard->auth);
    heard->request = (struct oracle3_request){
        .method = view_str(fact_str(call, "/request/method")),
        .target = view_str(fact_str(call, "/request/target")),
        .timestamp = view_str(heard->auth.timestamp),
        .nonce = view_str(heard->auth.nonce),
        .body = buf_view(&heard->body),
    };
    return true;
}

/* ---- signatures ------------------------------------------------------------------------------ */

static void blame(struct ruling *r, const struct fact *call, const struct oracle3_verdict *verdict)
{
    switch (verdict->blame) {
    case ORACLE3_RIGHT: return;
    case ORACLE3_BODY: rule_broken(r, "WX3-003", call, "%s", verdict->cause); break;
    case ORACLE3_QUERY: rule_broken(r, "WX3-004", call, "%s", verdict->cause); break;
    case ORACLE3_KEY: rule_broken(r, "WX3-007", call, "%s", verdict->cause); break;
    case ORACLE3_TEXT: break;
    }
    rule_broken(r, "WX3-002", call, "the signature does not hold: %s", verdict->cause);
}

/* The account's certificate, read once per setup. */
struct certified {
    const struct fact *setup;
    struct oracle3_key *key;
};

static const struct oracle3_key *key_for(const struct fact *setup, struct certified *kept)
{
    if (kept->setup != setup) {
        oracle3_key_free(kept->key);
        kept->key = NULL;
        kept->setup = setup;
        if (oracle3_key_read(&kept->key, view_str(fact_str(setup, "/v3/merchant/certificate"))))
            kept->key = NULL;
    }
    return kept->key;
}

static void check_serial(struct ruling *r, const struct fact *call, const struct fact *setup,
                         const char *serial)
{
    const json_t *platform = fact_get(setup, "/v3/platform");

    if (strcmp(serial, fact_str(setup, "/v3/merchant/serial")) == 0)
        return;
    for (size_t i = 0; i < json_array_size(platform); i++) {
        const char *other = json_string_value(json_array_get(platform, i));
        if (other && strcmp(other, serial) == 0) {
            rule_broken(r, "WX3-007", call, "serial_no %s is the platform's", serial);
            return;
        }
    }
    rule_broken(r, "WX3-007", call, "serial_no is \"%s\", the certificate has %s", serial,
                fact_str(setup, "/v3/merchant/serial"));
}

static void check_signature(struct ruling *r, const struct fact *call, const struct heard *heard,
                            const struct oracle3_key *key)
{
    struct buf text = BUF_INIT(ORACLE3_TEXT_MAX);
    struct oracle3_verdict verdict;

    if (oracle3_request_text(&heard->request, &text) ||
        oracle3_verify(key, buf_view(&text), view_str(heard->auth.signature))) {
        buf_release(&text);
        return;
    }
    buf_release(&text);
    oracle3_hunt(&heard->request, key, view_str(heard->host), view_str(heard->auth.signature),
                 &verdict);
    if (verdict.blame == ORACLE3_RIGHT) /* the text is right and the dress is not */
        verdict = (struct oracle3_verdict){ ORACLE3_TEXT, "the signature is badly written" };
    blame(r, call, &verdict);
}

static void signatures_decide(const struct story *story, struct ruling *ruling)
{
    static const char *const rules[] = { "WX3-001", "WX3-002", "WX3-003", "WX3-004", "WX3-007" };
    struct certified kept = {};
    const struct fact *last = NULL;
    size_t checked = 0;

    for (const struct fact *f = NULL; (f = story_call(story, f, NULL, NULL));) {
        const struct fact *setup = story_setup(story, f);
        const struct oracle3_key *key = key_for(setup, &kept);
        struct heard heard;
        bool whole = hear(f, &heard);
        if (whole && heard.auth.odd) {
            rule_broken(ruling, "WX3-001", f, "%s", heard.auth.odd);
        } else if (whole && key) {
            if (heard.auth.spaced)
                rule_departs(ruling, "WX3-001", f,
                             "there are blanks between the pairs, which the documentation has not");
            check_serial(ruling, f, setup, heard.auth.serial);
            check_signature(ruling, f, &heard, key);
            checked++;
            last = f;
        }
        buf_release(&heard.body);
    }
    oracle3_key_free(kept.key);
    for (size_t i = 0; i < COUNT(rules) && checked; i++)
        rule_holds(ruling, rules[i], last, "%zu requests were signed right", checked);
}

/* ---- stamps and nonces ----------------------------------------------------------------------- */

struct nonces {
    struct {
        char text[129];
        const struct fact *call;
    } item[NONCES_MAX];
    size_t count;
};

/* A client library may send the same bytes again when a connection breaks: not the merchant's doing. */
static bool same_bytes(const struct fact *a, const struct fact *b)
{
    return strcmp(fact_str(a, "/request/body"), fact_str(b, "/request/body")) == 0 &&
           !fact_is(a, "/outcome", "answered");
}

static void decide_repeats(struct ruling *r, const struct nonces *n)
{
    for (size_t i = 1; i < n->count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(n->item[i].text, n->item[k].text) == 0 &&
                !same_bytes(n->item[k].call, n->item[i].call)) {
                rule_broken(r, "WX3-006", n->item[i].call, "nonce_str \"%s\" was used twice",
                            n->item[i].text);
                rule_evidence(r, "WX3-006", n->item[k].call);
                return;
            }
}

/* Five in a row, each a little greater than the one before: the next one can be told. */
static void decide_counter(struct ruling *r, const struct nonces *n)
{
    int in_a_row = 0;

    for (size_t i = 1; i < n->count && in_a_row < 4; i++) {
        int64_t now = 0, was = 0;
        bool near = !view_to_i64(view_str(n->item[i].text), INT64_MAX, &now) &&
                    !view_to_i64(view_str(n->item[i - 1].text), INT64_MAX, &was) && now > was &&
                    now - was < 1000;
        in_a_row = near ? in_a_row + 1 : 0;
    }
    if (in_a_row >= 4)
        rule_broken(r, "WX3-006", n->item[n->count - 1].call, "nonce_str counts up: %s, %s",
                    n->item[n->count - 2].text, n->item[n->count - 1].text);
}

static void check_stamp(struct ruling *r, const struct fact *call, const char *timestamp)
{
    int64_t stamp_s = 0, arrived_s = fact_int(call, "/real_ms", 0) / 1000;

    if (view_to_i64(view_str(timestamp), INT64_MAX, &stamp_s))
        rule_broken(r, "WX3-005", call, "timestamp \"%s\" is no number of seconds", timestamp);
    else if (llabs(stamp_s - arrived_s) > SKEW_S)
        rule_broken(r, "WX3-005", call, "timestamp %s is %lld s away from the arrival%s", timestamp,
                    (long long)(stamp_s - arrived_s),
                    stamp_s > arrived_s * 100 ? ": milliseconds?" : "");
}

static void check_nonce(struct ruling *r, const struct fact *call, const char *nonce)
{
    size_t len = strlen(nonce);

    if (len < 16)
        rule_broken(r, "WX3-006", call, "nonce_str \"%s\" has %zu characters", nonce, len);
    else if (len > 32)
        rule_departs(r, "WX3-006", call, "nonce_str has %zu characters; 32 are usual", len);
}

static void stamps_decide(const struct story *story, struct ruling *ruling)
{
    struct nonces *n = mem_new(struct nonces);
    size_t count = 0;
    const struct fact *last = NULL;

    if (!n)
        return; /* left open */
    for (const struct fact *f = NULL; (f = story_call(story, f, NULL, NULL));) {
        struct oracle3_auth auth;
        oracle3_authorization(fact_header(f, "/request", "Authorization"), &auth);
        if (auth.odd)
            continue;
        check_stamp(ruling, f, auth.timestamp);
        check_nonce(ruling, f, auth.nonce);
        if (n->count < NONCES_MAX) {
            memcpy(n->item[n->count].text, auth.nonce, sizeof(n->item[0].text));
            n->item[n->count++].call = f;
        }
        last = f;
        count++;
    }
    decide_repeats(ruling, n);
    decide_counter(ruling, n);
    if (count)
        rule_holds(ruling, "WX3-005", last, "%zu timestamps were within five minutes", count);
    if (n->count > 1)
        rule_holds(ruling, "WX3-006", last, "%zu requests had as many nonces without a pattern",
                   n->count);
    mem_free(n);
}

/* ---- headers --------------------------------------------------------------------------------- */

/* V3 1.1: optional members are left out; null is blamed for payments that fail. */
static void check_nulls(struct ruling *r, const struct fact *call)
{
    json_t *body = fact_json(call, "/request");
    const char *name;
    json_t *value;

    json_object_foreach(body, name, value) if (json_is_null(value))
        rule_departs(r, "WX3-009", call, "\"%.40s\" is sent as null; it should be left out", name);
    json_decref(body);
}

static void check_type(struct ruling *r, const struct fact *call, struct view body)
{
    const char *type = fact_header(call, "/request", "Content-Type");
    struct view rest;
    struct view kind = view_trim(view_cut(view_str(type ? type : ""), ';', &rest));

    if (!view_eq_nocase(kind, VIEW("application/json")))
        rule_broken(r, "WX3-009", call, "Content-Type of a body is \"%s\"", type ? type : "(none)");
    else if (view_starts(body, VIEW("\xEF\xBB\xBF")))
        rule_broken(r, "WX3-009", call, "the body begins with a byte order mark");
    else if (utf8_broken_at(body) != SIZE_MAX)
        rule_broken(r, "WX3-009", call, "the body is not UTF-8");
    else
        check_nulls(r, call);
}

static void headers_decide(const struct story *story, struct ruling *ruling)
{
    size_t calls = 0, bodies = 0;
    const struct fact *last = NULL, *with_body = NULL;

    for (const struct fact *f = NULL; (f = story_call(story, f, NULL, NULL)); last = f) {
        static const char *const names[] = { "User-Agent", "Accept" };
        struct buf body = BUF_INIT(ORACLE3_TEXT_MAX);
        for (size_t i = 0; i < COUNT(names); i++) {
            const char *value = fact_header(f, "/request", names[i]);
            if (!value || !value[0])
                rule_broken(ruling, "WX3-008", f, "%s is missing", names[i]);
        }
        calls++;
        if (!fact_body(f, "/request", &body) && body.len) {
            check_type(ruling, f, buf_view(&body));
            with_body = f;
            bodies++;
        }
        buf_release(&body);
    }
    if (calls)
        rule_holds(ruling, "WX3-008", last, "%zu requests had User-Agent and Accept", calls);
    if (bodies)
        rule_holds(ruling, "WX3-009", with_body, "%zu bodies were JSON in UTF-8", bodies);
}

/* ---- create calls ---------------------------------------------------------------------------- */

static void check_number(struct ruling *r, const struct fact *call, const json_t *body)
{
    const char *number = json_string_value(json_object_get(body, "out_trade_no"));
    size_t len = number ? strlen(number) : 0;

    if (!number)
        rule_broken(r, "WX3-025", call, "out_trade_no is missing or no text");
    else if (len < 6 || len > 32)
        rule_broken(r, "WX3-025", call, "out_trade_no \"%s\" has %zu characters", number, len);
    else if (number[strspn(number, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "abcdefghijklmnopqrstuvwxyz_-|*")])
        rule_broken(r, "WX3-025", call, "out_trade_no \"%s\" holds other characters", number);
}

static void check_amount(struct ruling *r, const struct fact *call, const json_t *body)
{
    const json_t *total = json_pointer(body, "/amount/total");

    if (!json_is_integer(total))
        rule_broken(r, "WX3-026", call, "amount.total is %s",
                    !total                  ? "missing"
                    : json_is_string(total) ? "a text"
                    : json_is_real(total)   ? "a fraction"
                                            : "no number");
    else if (json_integer_value(total) < 1)
        rule_broken(r, "WX3-026", call, "amount.total is %lld",
                    (long long)json_integer_value(total));
}

/* What is not announced in production may be http: only the profile's notify_hosts can tell. */
static void check_url(struct ruling *r, const struct fact *call, const json_t *body, bool announced)
{
    const char *url = json_string_value(json_object_get(body, "notify_url"));

    if (!url || !url[0])
        rule_broken(r, "WX3-028", call, "notify_url is missing");
    else if (strchr(url, '?') || strchr(url, '#'))
        rule_broken(r, "WX3-028", call, "notify_url %s has a query or fragment", url);
    else if (view_starts(view_str(url), VIEW("http://")) && !announced)
        rule_undecided(r, "WX3-028", call,
                       "notify_url %s is not https, and the profile has no notify_hosts", url);
    else if (view_starts(view_str(url), VIEW("http://")))
        rule_broken(r, "WX3-028", call, "notify_url %s is not https", url);
    else if (!view_starts(view_str(url), VIEW("https://")) || !url[8] || url[8] == '/')
        rule_broken(r, "WX3-028", call, "notify_url %s is no absolute URL", url);
}

/* RFC 3339 with a zone, V3 1.7: 2018-06-08T10:34:56+08:00 or …Z, a fraction allowed. */
static bool is_rfc3339(const char *text)
{
    static const char pattern[] = "dddd-dd-ddTdd:dd:dd";
    const char *c = text;

    for (const char *p = pattern; *p; p++, c++)
        if (*p == 'd' ? *c < '0' || *c > '9' : *c != *p)
            return false;
    if (*c == '.')
        c += 1 + strspn(c + 1, "0123456789");
    return strcmp(c, "Z") == 0 || ((*c == '+' || *c == '-') && strlen(c) == 6 && c[3] == ':');
}

static void check_expiry(struct ruling *r, const struct fact *call, const json_t *body)
{
    const char *expire = json_string_value(json_object_get(body, "time_expire"));

    if (!expire || !expire[0])
        rule_broken(r, "WX3-029", call, "the create call has no time_expire");
    else if (!is_rfc3339(expire))
        rule_broken(r, "WX3-029", call, "time_expire \"%s\" is no time of RFC 3339 with a zone",
                    expire);
}

static void fields_decide(const struct story *story, struct ruling *ruling)
{
    static const char *const rules[] = { "WX3-025", "WX3-026", "WX3-028", "WX3-029" };
    size_t calls = 0;
    const struct fact *last = NULL;

    for (const struct fact *f = NULL; (f = story_call(story, f, "v3/native", NULL));) {
        json_t *body = fact_json(f, "/request");
        if (json_is_object(body)) {
            check_number(ruling, f, body);
            check_amount(ruling, f, body);
            check_expiry(ruling, f, body);
            check_url(ruling, f, body,
                      json_object_size(fact_get(story_setup(story, f), "/notify_hosts")) > 0);
            calls++;
            last = f;
        }
        json_decref(body);
    }
    for (size_t i = 0; i < COUNT(rules) && calls; i++)
        rule_holds(ruling, rules[i], last, "in %zu create calls it was as documented", calls);
}

static const struct case_def cases[] = {
    { .id = "v3/request/signatures",
      .experiment = "The signature of every request of the run is verified over its bytes.",
      .claims = { { "WX3-001", "the header is as documented" },
                  { "WX3-002", "the five lines were signed" },
                  { "WX3-003", "what was signed is what was sent" },
                  { "WX3-004", "the query is part of it" },
                  { "WX3-007", "serial_no names the key that signed" } },
      .flags = CASE_WATCHES_ALL,
      .decide = signatures_decide },
    { .id = "v3/request/stamps",
      .experiment = "Timestamps and nonces of every request of the run are compared.",
      .claims = { { "WX3-005", "each timestamp is within five minutes" },
                  { "WX3-006", "each nonce is new, long enough, and cannot be told" } },
      .flags = CASE_WATCHES_ALL,
      .decide = stamps_decide },
    { .id = "v3/request/headers",
      .experiment = "Headers and encoding of every request of the run are looked at.",
      .claims = { { "WX3-008", "User-Agent and Accept are there" },
                  { "WX3-009", "bodies are application/json in UTF-8" } },
      .flags = CASE_WATCHES_ALL,
      .decide = headers_decide },
    { .id = "v3/request/fields",
      .experiment =
          "Number, amount, notify_url and time_expire of every create call of the run are "
          "looked at.",
      .claims = { { "WX3-025", "the number has 6 to 32 of the allowed characters" },
                  { "WX3-026", "the amount is an integer in fen" },
                  { "WX3-028", "notify_url is absolute, https, without query or fragment" },
                  { "WX3-029", "time_expire is there, and of RFC 3339" } },
      .flags = CASE_WATCHES_ALL,
      .decide = fields_decide },
};

const struct chapter chapter_v3_request = { cases, COUNT(cases), API_V3 };
