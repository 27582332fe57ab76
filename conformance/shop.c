/*
 * shop.c — the merchant's process and its payers' sessions; shop_errand.c makes the requests.
 */
#include "shop.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

#include <stdio.h>
#include <time.h>

#define URL_BYTES_MAX   ((size_t)4096)
#define STOP_GRACE_MS   3'000
#define READY_POLL_MS   2'000
#define ENV_ENTRIES_MAX 200
#define LOG_TAIL        ((size_t)300)

int shop_init(struct shop *shop, const struct profile *profile, struct scope *run)
{
    struct buf url = BUF_INIT(URL_BYTES_MAX);

    *shop = (struct shop){ .profile = profile, .run = *run, .child = CHILD_NONE };
    *run = (struct scope){};
    int err = subst_text(profile->base_url, &shop->run, ESCAPE_NONE, &url);
    while (!err && url.len && url.ptr[url.len - 1] == '/')
        url.ptr[--url.len] = '\0';
    if (!err) {
        shop->base_url = mem_strdup(buf_cstr(&url));
        err = shop->base_url ? 0 : ERR_NOMEM;
    }
    buf_release(&url);
    return err;
}

void shop_release(struct shop *shop)
{
    shop_stop(shop);
    for (int i = 0; i <= PAYERS_MAX; i++) {
        http_jar_free(shop->payers[i].jar);
        scope_release(&shop->payers[i].scope);
    }
    scope_release(&shop->run);
    mem_free(shop->base_url);
    *shop = (struct shop){ .child = CHILD_NONE };
}

static void list_release(char **list)
{
    for (size_t i = 0; list && list[i]; i++)
        mem_free(list[i]);
    mem_free(list);
}

/* Each pattern filled in; for the environment with "NAME=" in front. */
static int filled(const struct shop *shop, const char *name, const char *pattern, char **out)
{
    struct buf text = BUF_INIT((size_t)64 * 1024);
    int err = name ? buf_fmt(&text, "%s=", name) : 0;
    if (!err)
        err = subst_text(pattern, &shop->run, ESCAPE_NONE, &text);
    if (!err) {
        *out = mem_strdup(buf_cstr(&text));
        err = *out ? 0 : ERR_NOMEM;
    }
    buf_release(&text);
    return err;
}

static int filled_argv(const struct shop *shop, char ***out)
{
    char *const *start = shop->profile->start;
    size_t count = 0;
    while (start[count])
        count++;
    *out = mem_zalloc(count + 1, sizeof(**out));
    int err = *out ? 0 : ERR_NOMEM;
    for (size_t i = 0; !err && i < count; i++)
        err = filled(shop, NULL, start[i], &(*out)[i]);
    return err;
}

static int filled_env(const struct shop *shop, char ***out)
{
    const struct pairs *env = &shop->profile->env;
    *out = mem_zalloc(env->count + 1, sizeof(**out));
    int err = *out ? 0 : ERR_NOMEM;
    for (size_t i = 0; !err && i < env->count; i++)
        err = filled(shop, env->item[i].name, env->item[i].value, &(*out)[i]);
    return err;
}

static int launch(struct shop *shop)
{
    char **argv = NULL, **env = NULL;
    int err = filled_argv(shop, &argv);
    if (!err)
        err = filled_env(shop, &env);
    if (!err) {
        struct child_start start = { .argv = argv, .env = env, .log_path = shop->log_path };
        err = child_spawn(&shop->child, &start);
        if (err)
            snprintf(shop->why, sizeof(shop->why), "%.100s cannot be started: %s", argv[0],
                     err_text(err));
    }
    list_release(argv);
    list_release(env);
    return err;
}

bool shop_gone(struct shop *shop)
{
    if (!shop->started || child_alive(&shop->child))
        return false;
    struct buf tail = BUF_INIT((size_t)4096);
    char fate[80];

    child_fate(&shop->child, fate, sizeof(fate));
    file_tail(shop->log_path, &tail, LOG_TAIL);
    snprintf(shop->why, sizeof(shop->why), "the merchant %s%s%.300s", fate,
             tail.len ? "; its log ends: " : "", buf_cstr(&tail));
    buf_release(&tail);
    shop->started = false;
    return true;
}

/* 2xx on the ready request; a merchant without one is ready when it accepts a connection. */
static bool is_ready(struct shop *shop)
{
    struct buf url = BUF_INIT(URL_BYTES_MAX);
    struct http_answer answer = {};
    const char *target = shop->profile->ready ? shop->profile->ready + strlen("GET ") : "/";
    bool ready = false;

    if (shop_url(shop, target, &url) == 0) {
        struct http_ask ask = { .method = "GET",
                                .url = buf_cstr(&url),
                                .timeout_ms = READY_POLL_MS };
        if (http_do(NULL, &ask, &answer) == 0)
            ready = shop->profile->ready ? answer.status >= 200 && answer.status <= 299
                                         : answer.status > 0;
    }
    http_answer_release(&answer);
    buf_release(&url);
    return ready;
}

static int await_ready(struct shop *shop)
{
    int64_t end_us = clock_mono_us() + shop->profile->ready_timeout_ms * 1000;
    unsigned nap_ms = 2;

    while (!is_ready(shop)) {
        if (shop_gone(shop))
            return ERR_CLOSED;
        if (clock_mono_us() > end_us) {
            snprintf(shop->why, sizeof(shop->why), "the merchant was not ready within %lld ms",
                     (long long)shop->profile->ready_timeout_ms);
            return ERR_TIMEOUT;
        }
        struct timespec nap = { 0, (long)nap_ms * 1'000'000 };
        nanosleep(&nap, NULL);
        nap_ms = nap_ms < 100 ? nap_ms * 2 : 100;
    }
    return 0;
}

int shop_start(struct shop *shop)
{
    if (shop->profile->start) {
        int err = launch(shop);
        if (err)
            return err;
        shop->started = true;
    }
    int err = await_ready(shop);
    if (err)
        shop_stop(shop);
    return err;
}

static void forget_sessions(struct shop *shop)
{
    for (int i = 1; i <= PAYERS_MAX; i++)
        shop->payers[i].logged_in = false;
}

void shop_stop(struct shop *shop)
{
    child_stop(&shop->child, STOP_GRACE_MS);
    shop->started = false;
    forget_sessions(shop);
}

void shop_kill(struct shop *shop)
{
    child_stop(&shop->child, 0);
    shop->started = false;
}

static int payer_open(struct shop *shop, int number)
{
    struct payer *payer = &shop->payers[number];
    payer->scope.outer = &shop->run;
    int err = scope_set_i64(&payer->scope, "payer", number);
    if (!err && !payer->jar)
        err = http_jar_new(&payer->jar);
    return err;
}

int shop_login(struct shop *shop, int number, json_t *traces)
{
    if (number < 1 || number > PAYERS_MAX)
        return ERR_RANGE;
    struct payer *payer = &shop->payers[number];
    const struct steps *session = &shop->profile->session;
    if (payer->logged_in)
        return 0;
    int err = payer_open(shop, number);
    for (size_t i = 0; !err && i < session->count; i++) {
        struct visit visit = {};
        struct errand errand = { .step = &session->item[i],
                                 .scope = &payer->scope,
                                 .payer = number };
        err = shop_do(shop, &errand, &visit);
        if (!err && json_array_append(traces, visit.trace))
            err = ERR_NOMEM;
        if (!err && (visit.answer.status < 200 || visit.answer.status > 399)) {
            snprintf(shop->why, sizeof(shop->why), "session step %zu answered %d %.200s", i + 1,
                     visit.answer.status, visit.answer.error);
            err = ERR_PROTOCOL;
        }
        if (!err)
            err = shop_capture(shop, &session->item[i], &visit.answer, &payer->scope);
        visit_release(&visit);
    }
    payer->logged_in = !err;
    return err;
}

int shop_url(const struct shop *shop, const char *target, struct buf *out)
{
    struct view text = view_str(target);
    bool absolute = view_starts(text, VIEW("http://")) || view_starts(text, VIEW("https://"));
    int err = absolute ? 0 : buf_str(out, shop->base_url);
    return err ? err : buf_view_add(out, text);
}

int shop_capture(struct shop *shop, const struct step *step, const struct http_answer *answer,
                 struct scope *scope)
{
    int err = 0;
    for (size_t i = 0; !err && i < step->capture_count; i++) {
        struct buf value = BUF_INIT((size_t)256 * 1024);
        char why[200];
        err = extractor_get(&step->captures[i].from, answer, &value, why, sizeof(why));
        if (!err && !value.len) {
            snprintf(why, sizeof(why), "it is empty");
            err = ERR_NOT_FOUND;
        }
        if (err)
            snprintf(shop->why, sizeof(shop->why),
                     "\"%.40s\" cannot be captured from the answer"
                     " (status %d): %.200s",
                     step->captures[i].name, answer->status, why);
        else
            err = scope_set(scope, step->captures[i].name, buf_cstr(&value), NAME_TEXT);
        buf_release(&value);
    }
    return err;
}
