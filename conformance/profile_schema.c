/*
 * profile_schema.c — the profile's keys, table by table, as docs and certification.md have them.
 */
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "profile_reader.h"

#include <stdio.h>

static int read_version(struct reader *reader, const struct yaml_node *node, void *)
{
    int err = want(reader, node, YAML_SCALAR);
    if (!err && strcmp(node->text, "1") != 0)
        err = complain(reader, node, "this program reads version 1, not \"%.20s\"", node->text);
    return err;
}

static int read_api(struct reader *reader, const struct yaml_node *node, void *field)
{
    int err = want(reader, node, YAML_SCALAR);
    if (!err && !api_parse(node->text, field))
        err = complain(reader, node, "v2 or v3 is expected, not \"%.20s\"", node->text);
    return err;
}

/* "METHOD /path" */
static int split_request(struct reader *reader, const struct yaml_node *node, char **method,
                         char **path)
{
    static const char *const methods[] = { "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD" };
    int err = want(reader, node, YAML_SCALAR);
    if (err)
        return err;
    struct view rest;
    struct view word = view_cut(view_str(node->text), ' ', &rest);
    rest = view_trim(rest);
    for (size_t i = 0; i < COUNT(methods); i++) {
        if (!view_is(word, methods[i]))
            continue;
        bool place = view_starts(rest, VIEW("/")) || view_starts(rest, VIEW("http://")) ||
                     view_starts(rest, VIEW("https://")) || view_starts(rest, VIEW("${"));
        if (!place || view_find(rest, VIEW(" ")) != SIZE_MAX)
            break;
        *method = mem_strdup(methods[i]);
        *path = mem_strndup(rest.ptr, rest.len);
        return *method && *path ? 0 : ERR_NOMEM;
    }
    return complain(reader, node, "METHOD /path is expected (GET /orders/${id}), not \"%.60s\"",
                    node->text);
}

static int read_request(struct reader *reader, const struct yaml_node *node, void *field)
{
    struct step *step = field;
    return split_request(reader, node, &step->method, &step->path);
}

static int read_ready(struct reader *reader, const struct yaml_node *node, void *field)
{
    char *method = NULL, *path = NULL;
    int err = split_request(reader, node, &method, &path);
    if (!err && strcmp(method, "GET") != 0)
        err = complain(reader, node, "only GET can be polled");
    mem_free(method);
    mem_free(path);
    return err ? err : read_text(reader, node, field);
}

static int read_extractor(struct reader *reader, const struct yaml_node *node, void *field)
{
    char why[200];
    int err = want(reader, node, YAML_SCALAR);
    if (!err) {
        err = extractor_parse(field, view_str(node->text), why, sizeof(why));
        if (err == ERR_SYNTAX)
            err = complain(reader, node, "%s", why);
    }
    return err;
}

static int read_picture(struct reader *reader, const struct yaml_node *node, void *field)
{
    char why[200];
    int err = want(reader, node, YAML_SCALAR);
    if (!err) {
        err = picture_source_parse(field, view_str(node->text), why, sizeof(why));
        if (err == ERR_SYNTAX)
            err = complain(reader, node, "%s", why);
    }
    return err;
}

static int read_captures(struct reader *reader, const struct yaml_node *node, void *field)
{
    /* the field is the first of two members of struct step: captures, capture_count */
    struct step *step = container_of(field, struct step, captures);
    int err = want(reader, node, YAML_MAP);
    if (err)
        return err;
    step->captures = mem_zalloc(node->count, sizeof(*step->captures));
    if (!step->captures)
        return ERR_NOMEM;
    for (size_t i = 0; !err && i < node->count; i++) {
        size_t mark = key_push(reader, node->member[i].name);
        struct capture *capture = &step->captures[step->capture_count++];
        capture->name = mem_strdup(node->member[i].name);
        err = capture->name ? read_extractor(reader, node->member[i].value, &capture->from)
                            : ERR_NOMEM;
        if (!err)
            key_pop(reader, mark);
    }
    return err;
}

static int one_body(struct reader *reader, const struct yaml_node *node, struct step *step,
                    enum body_kind kind)
{
    if (step->body_kind != BODY_NONE)
        return complain(reader, node, "a request has one body: json, form or body");
    step->body_kind = kind;
    return 0;
}

static int read_step_json(struct reader *reader, const struct yaml_node *node, void *field)
{
    int err = one_body(reader, node, container_of(field, struct step, json), BODY_JSON);
    return err ? err : read_json(reader, node, field);
}

static int read_step_form(struct reader *reader, const struct yaml_node *node, void *field)
{
    int err = one_body(reader, node, container_of(field, struct step, form), BODY_FORM);
    return err ? err : read_pairs(reader, node, field);
}

static int read_step_text(struct reader *reader, const struct yaml_node *node, void *field)
{
    int err = one_body(reader, node, container_of(field, struct step, text), BODY_TEXT);
    return err ? err : read_text(reader, node, field);
}

static const struct key step_rows[] = {
    { "request", read_request, 0, NULL, 0, NULL }, /* fills method and path */
    { "headers", read_pairs, offsetof(struct step, headers), NULL, 0, NULL },
    { "query", read_pairs, offsetof(struct step, query), NULL, 0, NULL },
    { "json", read_step_json, offsetof(struct step, json), NULL, 0, NULL },
    { "form", read_step_form, offsetof(struct step, form), NULL, 0, NULL },
    { "body", read_step_text, offsetof(struct step, text), NULL, 0, NULL },
    { "command", read_argv, offsetof(struct step, command), NULL, 0, NULL },
    { "capture", read_captures, offsetof(struct step, captures), NULL, 0, NULL },
};
static const struct keys step_keys = { step_rows, COUNT(step_rows), NULL, 0 };

static int finish_step(struct reader *reader, const struct yaml_node *node, struct step *step)
{
    step->line = node->line;
    if (!step->method == !step->command)
        return complain(reader, node, "a step has either a request or a command");
    if (step->command && (step->body_kind != BODY_NONE && step->body_kind != BODY_JSON))
        return complain(reader, node, "a command reads JSON: only json: goes with it");
    return 0;
}

static int read_step(struct reader *reader, const struct yaml_node *node, void *field)
{
    struct step *step = field;
    int err = node->kind == YAML_SCALAR ? read_request(reader, node, step)
                                        : read_keys(reader, node, &step_keys, step);
    return err ? err : finish_step(reader, node, step);
}

static int read_steps(struct reader *reader, const struct yaml_node *node, void *field)
{
    struct steps *steps = field;
    int err = want(reader, node, YAML_LIST);
    if (err)
        return err;
    steps->item = mem_zalloc(node->count, sizeof(*steps->item));
    if (!steps->item)
        return ERR_NOMEM;
    for (size_t i = 0; !err && i < node->count; i++) {
        char part[24];
        snprintf(part, sizeof(part), "[%zu]", i);
        size_t mark = key_push(reader, part);
        err = read_step(reader, node->member[i].value, &steps->item[steps->count++]);
        if (!err)
            key_pop(reader, mark);
    }
    return err;
}

/* A value, a range 20..29, /regex/, present, absent. */
static int read_matcher(struct reader *reader, const struct yaml_node *node,
                        struct matcher *matcher)
{
    if (want(reader, node, YAML_SCALAR))
        return ERR_SYNTAX;
    struct view text = view_str(node->text);
    size_t dots = view_find(text, VIEW(".."));
    matcher->text = mem_strndup(text.ptr, text.len);
    if (!matcher->text)
        return ERR_NOMEM;
    if (view_is(text, "present") || view_is(text, "absent")) {
        matcher->kind = view_is(text, "present") ? MATCH_PRESENT : MATCH_ABSENT;
        return 0;
    }
    if (dots != SIZE_MAX) {
        struct view high = { text.ptr + dots + 2, text.len - dots - 2 };
        matcher->kind = MATCH_RANGE;
        if (view_to_i64((struct view){ text.ptr, dots }, INT64_MAX, &matcher->low) == 0 &&
            view_to_i64(high, INT64_MAX, &matcher->high) == 0 && matcher->low <= matcher->high)
            return 0;
    }
    if (text.len < 2 || text.ptr[0] != '/' || text.ptr[text.len - 1] != '/') {
        matcher->kind = MATCH_VALUE;
        return 0;
    }
    matcher->kind = MATCH_REGEX;
    matcher->text[text.len - 1] = '\0';
    char why[160];
    int err = pattern_new(&matcher->pattern, view_str(matcher->text + 1), why, sizeof(why));
    return err == ERR_SYNTAX
               ? complain(reader, node, "bad regular expression %.60s: %s", node->text, why)
               : err;
}

static int read_matchers(struct reader *reader, const struct yaml_node *node, void *field)
{
    struct matchers *matchers = field;
    size_t count = node->kind == YAML_LIST ? node->count : 1;
    int err = 0;

    if (node->kind == YAML_MAP || !count)
        return complain(reader, node, "a value or a list of values is expected");
    matchers->item = mem_zalloc(count, sizeof(*matchers->item));
    if (!matchers->item)
        return ERR_NOMEM;
    for (size_t i = 0; !err && i < count; i++)
        err = read_matcher(reader, node->kind == YAML_LIST ? node->member[i].value : node,
                           &matchers->item[matchers->count++]);
    return err;
}

static int add_sku(struct reader *reader, const struct yaml_member *member)
{
    struct profile *profile = reader->profile;
    int64_t price;
    int err = want(reader, member->value, YAML_SCALAR);
    if (err)
        return err;
    if (view_to_i64(view_str(member->value->text), INT32_MAX, &price) || price < 1)
        return complain(reader, member->value, "a price in fen is expected (990), not \"%.40s\"",
                        member->value->text);
    struct sku *sku = &profile->skus[profile->sku_count++];
    *sku = (struct sku){ mem_strdup(member->name), price };
    return sku->name ? 0 : ERR_NOMEM;
}

static int read_price(struct reader *reader, const struct yaml_node *node, void *field)
{
    enum price_kind *kind = field;
    int err = 0;

    if (node->kind == YAML_SCALAR && strcmp(node->text, "fen") == 0) {
        *kind = PRICE_FEN;
        return 0;
    }
    if (node->kind == YAML_SCALAR && strcmp(node->text, "yuan") == 0) {
        *kind = PRICE_YUAN;
        return 0;
    }
    if (node->kind != YAML_MAP || !node->count)
        return complain(reader, node, "fen, yuan, or a map of sku: price in fen is expected");
    *kind = PRICE_SKUS;
    reader->profile->skus = mem_zalloc(node->count, sizeof(struct sku));
    if (!reader->profile->skus)
        return ERR_NOMEM;
    for (size_t i = 0; !err && i < node->count; i++) {
        size_t mark = key_push(reader, node->member[i].name);
        err = add_sku(reader, &node->member[i]);
        if (!err)
            key_pop(reader, mark);
    }
    return err;
}

static int read_date(struct reader *reader, const struct yaml_node *node, void *field)
{
    int err = want(reader, node, YAML_SCALAR);
    if (err)
        return err;
    /* Beijing's calendar knows which days exist: let its parser say */
    char digits[CN_TIME_LEN + 1];
    const char *t = node->text;
    int64_t ms;
    if (strlen(t) == 10 && t[4] == '-' && t[7] == '-') {
        snprintf(digits, sizeof(digits), "%.4s%.2s%.2s000000", t, t + 5, t + 8);
        if (cn_time_parse_14(digits, CN_TIME_LEN, &ms) == 0) {
            memcpy(field, t, 11);
            return 0;
        }
    }
    return complain(reader, node, "a date is expected (2027-01-31), not \"%.40s\"", t);
}

static int read_rule_id(struct reader *reader, const struct yaml_node *node, void *field)
{
    int err = read_text(reader, node, field);
    if (!err && !view_starts(view_str(node->text), VIEW("WX2-")) &&
        !view_starts(view_str(node->text), VIEW("WX3-")))
        err = complain(reader, node, "a rule is expected (WX2-037, WX3-029), not \"%.40s\"",
                       node->text);
    return err;
}

static const struct key waiver_rows[] = {
    { "rule", read_rule_id, offsetof(struct waiver, rule), NULL, KEY_REQUIRED, NULL },
    { "why", read_text, offsetof(struct waiver, why), NULL, KEY_REQUIRED, NULL },
    { "who", read_text, offsetof(struct waiver, who), NULL, KEY_REQUIRED, NULL },
    { "until", read_date, offsetof(struct waiver, until), NULL, 0, NULL },
};
static const struct keys waiver_keys = { waiver_rows, COUNT(waiver_rows), NULL, 0 };

static int read_waivers(struct reader *reader, const struct yaml_node *node, void *)
{
    struct profile *profile = reader->profile;
    int err = want(reader, node, YAML_LIST);
    if (err)
        return err;
    profile->waivers = mem_zalloc(node->count, sizeof(*profile->waivers));
    if (!profile->waivers)
        return ERR_NOMEM;
    for (size_t i = 0; !err && i < node->count; i++) {
        char part[24];
        snprintf(part, sizeof(part), "[%zu]", i);
        size_t mark = key_push(reader, part);
        struct waiver *waiver = &profile->waivers[profile->waiver_count++];
        waiver->line = node->member[i].value->line;
        err = read_keys(reader, node->member[i].value, &waiver_keys, waiver);
        if (!err)
            key_pop(reader, mark);
    }
    return err;
}

#define FIELD(member) offsetof(struct profile, member)

static const struct key merchant_rows[] = {
    { "start", read_argv, FIELD(start), NULL, 0, NULL },
    { "env", read_pairs, FIELD(env), NULL, 0, NULL },
    { "base_url", read_text, FIELD(base_url), NULL, KEY_REQUIRED, NULL },
    { "ready", read_ready, FIELD(ready), NULL, 0, NULL },
    { "ready_timeout", read_duration, FIELD(ready_timeout_ms), NULL, 0, NULL },
    { "notify_hosts", read_pairs, FIELD(notify_hosts), NULL, 0, NULL },
};
static const struct keys merchant_keys = { merchant_rows, COUNT(merchant_rows), NULL, 0 };

static const struct key status_rows[] = {
    { "state", read_extractor, FIELD(status.state), NULL, KEY_REQUIRED, NULL },
    { "paid", read_matchers, FIELD(status.paid), NULL, KEY_REQUIRED, NULL },
    { "pending", read_matchers, FIELD(status.pending), NULL, 0, NULL },
    { "closed", read_matchers, FIELD(status.closed), NULL, 0, NULL },
    { "refunded", read_matchers, FIELD(status.refunded), NULL, 0, NULL },
    { "shipped", read_extractor, FIELD(status.shipped), NULL, 0, NULL },
};
static const struct keys status_keys = { status_rows, COUNT(status_rows), &step_keys,
                                         FIELD(status.step) };

static int read_status(struct reader *reader, const struct yaml_node *node, void *)
{
    struct profile *profile = reader->profile;
    int err = read_keys(reader, node, &status_keys, profile);
    return err ? err : finish_step(reader, node, &profile->status.step);
}

static const struct key order_rows[] = {
    { "create", read_steps, FIELD(create), NULL, KEY_REQUIRED, NULL },
    { "qr", read_picture, FIELD(qr), NULL, 0, NULL },
    { "status", read_status, 0, NULL, 0, NULL },
    { "refresh", read_step, FIELD(refresh), NULL, 0, NULL },
    { "close", read_step, FIELD(close), NULL, 0, NULL },
    { "clock", read_step, FIELD(clock), NULL, 0, NULL },
    { "refund", read_step, FIELD(refund), NULL, 0, NULL },
};
static const struct keys order_keys = { order_rows, COUNT(order_rows), NULL, 0 };

static const struct key expect_rows[] = {
    { "price", read_price, FIELD(price), NULL, 0, NULL },
    { "max_wait", read_duration, FIELD(max_wait_ms), NULL, 0, NULL },
    { "query_fallback_within", read_duration, FIELD(query_fallback_within_ms), NULL, 0, NULL },
    { "status_asks_platform", read_bool, FIELD(status_asks_platform), NULL, 0, NULL },
    { "reuses_open_orders", read_bool, FIELD(reuses_open_orders), NULL, 0, NULL },
};
static const struct keys expect_keys = { expect_rows, COUNT(expect_rows), NULL, 0 };

static const struct key top_rows[] = {
    { "profile", read_version, 0, NULL, KEY_REQUIRED, NULL },
    { "name", read_text, FIELD(name), NULL, KEY_REQUIRED, NULL },
    { "api", read_api, FIELD(api), NULL, KEY_REQUIRED, NULL },
    { "merchant", NULL, 0, &merchant_keys, KEY_REQUIRED, NULL },
    { "session", read_steps, FIELD(session), NULL, 0, NULL },
    { "order", NULL, 0, &order_keys, KEY_REQUIRED, NULL },
    { "expect", NULL, 0, &expect_keys, 0, NULL },
    { "waive", read_waivers, 0, NULL, 0, NULL },
};
const struct keys profile_keys = { top_rows, COUNT(top_rows), NULL, 0 };

static bool captures_name(const struct steps *steps, const char *name)
{
    for (size_t i = 0; i < steps->count; i++) {
        for (size_t j = 0; j < steps->item[i].capture_count; j++) {
            if (strcmp(steps->item[i].captures[j].name, name) == 0)
                return true;
        }
    }
    return false;
}

int check_whole(struct reader *reader, const struct yaml_node *root)
{
    const struct profile *profile = reader->profile;
    const struct yaml_node *order = tree_get(root, "order");
    const struct yaml_node *create = tree_get(order, "create");

    snprintf(reader->key, sizeof(reader->key), "order.create");
    if (!profile->create.count)
        return complain(reader, create, "at least one step is needed");
    if (!captures_name(&profile->create, "id"))
        return complain(reader, create, "no step captures \"id\"");
    if (!captures_name(&profile->create, "code_url") && profile->qr.kind == PICTURE_NONE)
        return complain(reader, create, "neither code_url is captured nor is there a qr");
    snprintf(reader->key, sizeof(reader->key), "merchant");
    if (profile->ready && !profile->start && !profile->base_url[0])
        return complain(reader, tree_get(root, "merchant"), "ready needs a base_url");
    reader->key[0] = '\0';
    return 0;
}
