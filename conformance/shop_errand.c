/*
 * shop_errand.c — one step of the profile becomes an HTTP request or a command, and a trace.
 */
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "shop.h"

#include <stdio.h>

#define URL_BYTES_MAX  ((size_t)16 * 1024)
#define BODY_BYTES_MAX ((size_t)1024 * 1024)
#define LINES_MAX      40
#define TIMEOUT_MS     15'000

/* A request with all its names filled in. */
struct parcel {
    struct buf url, body;
    char *lines[LINES_MAX + 1]; /* header lines, owned; NULL-terminated */
    size_t line_count;
};

static void parcel_release(struct parcel *parcel)
{
    buf_release(&parcel->url);
    buf_release(&parcel->body);
    for (size_t i = 0; i < parcel->line_count; i++)
        mem_free(parcel->lines[i]);
}

void visit_release(struct visit *visit)
{
    http_answer_release(&visit->answer);
    json_decref(visit->trace);
    *visit = (struct visit){};
}

static int add_line(struct parcel *parcel, const char *text)
{
    if (parcel->line_count == LINES_MAX)
        return ERR_LIMIT;
    char *copy = mem_strdup(text);
    if (!copy)
        return ERR_NOMEM;
    parcel->lines[parcel->line_count++] = copy;
    return 0;
}

static bool has_header(const struct step *step, const char *name)
{
    for (size_t i = 0; i < step->headers.count; i++) {
        if (view_eq_nocase(view_str(step->headers.item[i].name), view_str(name)))
            return true;
    }
    return false;
}

static int fill_headers(const struct errand *errand, struct parcel *parcel)
{
    const struct step *step = errand->step;
    int err = 0;

    for (size_t i = 0; !err && i < step->headers.count; i++) {
        struct buf line = BUF_INIT((size_t)16 * 1024);
        err = buf_fmt(&line, "%s: ", step->headers.item[i].name);
        if (!err)
            err = subst_text(step->headers.item[i].value, errand->scope, ESCAPE_LINE, &line);
        if (!err)
            err = add_line(parcel, buf_cstr(&line));
        buf_release(&line);
    }
    if (err || has_header(step, "Content-Type"))
        return err;
    if (step->body_kind == BODY_JSON)
        return add_line(parcel, "Content-Type: application/json");
    if (step->body_kind == BODY_FORM)
        return add_line(parcel, "Content-Type: application/x-www-form-urlencoded");
    return 0;
}

static int fill_pairs(const struct pairs *pairs, const struct scope *scope, struct buf *out)
{
    int err = 0;
    for (size_t i = 0; !err && i < pairs->count; i++) {
        if (i)
            err = buf_byte(out, '&');
        if (!err)
            err = subst_text(pairs->item[i].name, scope, ESCAPE_FORM, out);
        if (!err)
            err = buf_byte(out, '=');
        if (!err)
            err = subst_text(pairs->item[i].value, scope, ESCAPE_FORM, out);
    }
    return err;
}

static int fill_url(const struct shop *shop, const struct errand *errand, struct buf *out)
{
    struct buf target = BUF_INIT(URL_BYTES_MAX);
    const struct step *step = errand->step;
    int err = subst_text(step->path, errand->scope, ESCAPE_PERCENT, &target);

    if (!err && step->query.count)
        err = buf_byte(&target, view_find(buf_view(&target), VIEW("?")) == SIZE_MAX ? '?' : '&');
    if (!err)
        err = fill_pairs(&step->query, errand->scope, &target);
    if (!err)
        err = shop_url(shop, buf_cstr(&target), out);
    buf_release(&target);
    return err;
}

/* What a cheating browser might add: a price beside what the shop asks for. */
static const char *const price_names[] = { "price",     "amount", "amount_fen", "total",
                                           "total_fee", "money",  "fee",        "price_fen" };

static int tamper_json(struct buf *body, int64_t fen)
{
    struct buf out = BUF_INIT(BODY_BYTES_MAX);
    int err = 0;

    if (!body->len || body->ptr[0] != '{')
        return 0;
    err = buf_byte(&out, '{');
    for (size_t i = 0; !err && i < COUNT(price_names); i++) {
        char quoted[40];
        snprintf(quoted, sizeof(quoted), "\"%s\":", price_names[i]);
        if (view_find(buf_view(body), view_str(quoted)) == SIZE_MAX)
            err = buf_fmt(&out, "%s%lld,", quoted, (long long)fen);
    }
    if (!err && body->len == 2)
        out.len--; /* the comma before nothing */
    if (!err)
        err = buf_add(&out, body->ptr + 1, body->len - 1);
    if (err) {
        buf_release(&out);
        return err;
    }
    buf_release(body);
    *body = buf_take(&out);
    return 0;
}

static int tamper_form(struct buf *body, int64_t fen)
{
    int err = 0;
    for (size_t i = 0; !err && i < COUNT(price_names); i++)
        err = buf_fmt(body, "%s%s=%lld", body->len ? "&" : "", price_names[i], (long long)fen);
    return err;
}

static int fill_body(const struct errand *errand, struct buf *out)
{
    const struct step *step = errand->step;
    int err = 0;

    switch (step->body_kind) {
    case BODY_JSON:
        err = subst_json(step->json, errand->scope, out);
        return err || !errand->tamper_fen ? err : tamper_json(out, errand->tamper_fen);
    case BODY_FORM:
        err = fill_pairs(&step->form, errand->scope, out);
        return err || !errand->tamper_fen ? err : tamper_form(out, errand->tamper_fen);
    case BODY_TEXT: return subst_text(step->text, errand->scope, ESCAPE_NONE, out);
    case BODY_NONE: break;
    }
    return 0;
}

static int pack(const struct shop *shop, const struct errand *errand, struct parcel *parcel)
{
    *parcel = (struct parcel){ .url = BUF_INIT(URL_BYTES_MAX), .body = BUF_INIT(BODY_BYTES_MAX) };
    int err = fill_url(shop, errand, &parcel->url);
    if (!err)
        err = fill_body(errand, &parcel->body);
    if (!err)
        err = fill_headers(errand, parcel);
    return err;
}

static int trace(const struct http_ask *ask, struct visit *visit)
{
    visit->trace = json_pack("{s:o, s:o}", "request", trace_request(ask), "answer",
                             trace_answer(&visit->answer));
    return visit->trace ? 0 : ERR_NOMEM;
}

/* All names in reach as one JSON object: what a command without json: reads. */
static int all_names(const struct scope *scope, struct buf *out)
{
    json_t *object = json_object();
    for (; scope; scope = scope->outer) {
        for (size_t i = 0; i < scope->count; i++) {
            if (!json_object_get(object, scope->item[i].name))
                json_object_set_new(object, scope->item[i].name, json_string(scope->item[i].value));
        }
    }
    int err = object ? json_text(object, JSON_COMPACT, out) : ERR_NOMEM;
    json_decref(object);
    return err;
}

static void list_release(char **list)
{
    for (size_t i = 0; list && list[i]; i++)
        mem_free(list[i]);
    mem_free(list);
}

static int fill_command(const struct errand *errand, char ***out)
{
    char *const *command = errand->step->command;
    size_t count = 0;
    while (command[count])
        count++;
    *out = mem_zalloc(count + 1, sizeof(**out));
    int err = *out ? 0 : ERR_NOMEM;
    for (size_t i = 0; !err && i < count; i++) {
        struct buf text = BUF_INIT((size_t)64 * 1024);
        err = subst_text(command[i], errand->scope, ESCAPE_NONE, &text);
        if (!err) {
            (*out)[i] = mem_strdup(buf_cstr(&text));
            err = (*out)[i] ? 0 : ERR_NOMEM;
        }
        buf_release(&text);
    }
    return err;
}

/* Exit 0 counts as 200, anything else as no answer. */
static int run_command(struct shop *shop, char *const *argv, struct view input, unsigned timeout_ms,
                       struct http_answer *answer)
{
    struct child child = CHILD_NONE;
    struct child_start start = {
        .argv = argv, .log_path = shop->log_path, .pipe_out = true, .input = input
    };
    int64_t start_us = clock_mono_us();

    *answer = (struct http_answer){ .body = BUF_INIT(HTTP_ANSWER_MAX) };
    int err = child_spawn(&child, &start);
    if (!err)
        err = child_read_all(&child, &answer->body, timeout_ms);
    answer->took_ms = (clock_mono_us() - start_us) / 1000;
    if (err == ERR_NOMEM)
        return err;
    if (err)
        snprintf(answer->error, sizeof(answer->error), "the command %.60s: %s", argv[0],
                 err_text(err));
    else if (child.status)
        child_fate(&child, answer->error, sizeof(answer->error));
    else
        answer->status = 200;
    return 0;
}

static int do_command(struct shop *shop, const struct errand *errand, struct visit *visit)
{
    struct buf input = BUF_INIT(BODY_BYTES_MAX);
    struct buf shown = BUF_INIT(BODY_BYTES_MAX);
    char **argv = NULL;
    int err = errand->step->json ? subst_json(errand->step->json, errand->scope, &input)
                                 : all_names(errand->scope, &input);

    if (!err)
        err = fill_command(errand, &argv);
    if (!err)
        err = run_command(shop, argv, buf_view(&input),
                          errand->timeout_ms ? errand->timeout_ms : TIMEOUT_MS, &visit->answer);
    for (size_t i = 0; !err && argv[i]; i++)
        err = buf_fmt(&shown, "%s%s", i ? " " : "", argv[i]);
    if (!err) {
        struct http_ask ask = { .method = "COMMAND",
                                .url = buf_cstr(&shown),
                                .body = buf_view(&input) };
        err = trace(&ask, visit);
    }
    list_release(argv);
    buf_release(&input);
    buf_release(&shown);
    return err;
}

static struct http_ask ask_of(const struct errand *errand, const struct parcel *parcel)
{
    return (struct http_ask){
        .method = errand->step->method,
        .url = buf_cstr(&parcel->url),
        .headers = (const char *const *)parcel->lines,
        .body = buf_view(&parcel->body),
        .has_body =
            errand->step->body_kind != BODY_NONE || strcmp(errand->step->method, "POST") == 0,
        .timeout_ms = errand->timeout_ms ? errand->timeout_ms : TIMEOUT_MS,
    };
}

static int explain(struct shop *shop, const struct errand *errand, int err)
{
    if (err == ERR_NOT_FOUND)
        snprintf(shop->why, sizeof(shop->why), "a name in the step of line %u was never captured",
                 errand->step->line);
    else if (err == ERR_SYNTAX)
        snprintf(shop->why, sizeof(shop->why),
                 "the step of line %u makes no valid request with these values",
                 errand->step->line);
    return err;
}

int shop_do(struct shop *shop, const struct errand *errand, struct visit *visit)
{
    struct parcel parcel;

    *visit = (struct visit){};
    if (errand->step->command)
        return explain(shop, errand, do_command(shop, errand, visit));
    int err = pack(shop, errand, &parcel);
    if (!err) {
        struct http_ask ask = ask_of(errand, &parcel);
        struct http_jar *jar = errand->payer ? shop->payers[errand->payer].jar : NULL;
        err = http_do(jar, &ask, &visit->answer);
        if (!err)
            err = trace(&ask, visit);
    }
    parcel_release(&parcel);
    if (err)
        visit_release(visit);
    return explain(shop, errand, err);
}

int shop_do_all(struct shop *shop, const struct errand *errand, const struct scope *const *scopes,
                size_t count, struct visit *visits)
{
    struct parcel parcels[20] = {};
    struct http_ask asks[20] = {};
    struct http_answer answers[20] = {};
    struct errand each = *errand;
    int err = count > COUNT(asks) ? ERR_LIMIT : 0;

    for (size_t i = 0; i < count; i++)
        visits[i] = (struct visit){};
    for (size_t i = 0; !err && i < count; i++) {
        each.scope = scopes[i];
        err = pack(shop, &each, &parcels[i]);
        asks[i] = ask_of(&each, &parcels[i]);
    }
    if (!err)
        err = http_do_all(errand->payer ? shop->payers[errand->payer].jar : NULL, asks, count,
                          answers);
    for (size_t i = 0; !err && i < count; i++)
        visits[i].answer = answers[i];
    for (size_t i = 0; !err && i < count; i++)
        err = trace(&asks[i], &visits[i]);
    for (size_t i = 0; err && i < count; i++)
        visit_release(&visits[i]);
    for (size_t i = 0; i < COUNT(parcels); i++)
        parcel_release(&parcels[i]);
    return explain(shop, errand, err);
}

int shop_get(struct shop *shop, const char *request, const struct errand *errand,
             struct visit *visit)
{
    struct view rest;
    struct view method = view_cut(view_str(request), ' ', &rest);
    struct step step = { .method = mem_strndup(method.ptr, method.len),
                         .path = mem_strndup(rest.ptr ? rest.ptr : "", rest.len) };
    struct errand own = *errand;
    int err = step.method && step.path ? 0 : ERR_NOMEM;

    own.step = &step;
    *visit = (struct visit){};
    if (!err)
        err = shop_do(shop, &own, visit);
    mem_free(step.method);
    mem_free(step.path);
    return err;
}
