/*
 * bench.c — the life of a bench: what stands when a case begins, what is left when it ends.
 */
#include "bench_priv.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#define CASE_MS        60'000 /* of experiments; a real wait for the merchant's time comes on top */
#define FAILURES_MAX   2
#define HANGS_MAX      3
#define SHORT_PATIENCE 2'000
#define LONG_PATIENCE  15'000
#define ENDING_MS      500 /* from a cut connection until a crashed process has ended */

static void note_end(struct bench *bench)
{
    bench_fact(bench, "merchant", NULL, NULL,
               json_pack("{s:s, s:s}", "event", "exited", "why", bench->shop.why));
    bench->shop_up = false;
}

/* A merchant that does not answer may be ending just now, and that is what is to be told. */
static void await_end(struct bench *bench)
{
    int64_t until_us = clock_mono_us() + ENDING_MS * 1000;
    while (bench->shop.started && clock_mono_us() < until_us) {
        if (shop_gone(&bench->shop)) {
            note_end(bench);
            return;
        }
        nanosleep(&(struct timespec){ .tv_nsec = 5'000'000 }, NULL);
    }
}

int bench_go(struct bench *bench)
{
    if (bench->stopped)
        return ERR_CLOSED;
    if (clock_mono_us() > bench->deadline_us)
        return bench_trouble(bench, "merchant", "the whole case",
                             "the merchant is too slow for the experiment");
    if (shop_gone(&bench->shop)) {
        note_end(bench);
        return bench_trouble(bench, "merchant", "the whole case", "%s", bench->shop.why);
    }
    return 0;
}

void bench_fact(struct bench *bench, const char *kind, const struct order *order, const char *label,
                json_t *data)
{
    recorder_fact(bench->recorder, kind, order ? order->name : NULL, label, data);
}

int bench_trouble(struct bench *bench, const char *whose, const char *during, const char *format,
                  ...)
{
    char why[500];
    va_list args;

    va_start(args, format);
    vsnprintf(why, sizeof(why), format, args);
    va_end(args);
    if (strcmp(whose, "merchant") == 0)
        await_end(bench);
    json_t *text = json_string(why);
    if (!text) /* the merchant's log is not always UTF-8 */
        text = json_string("(the reason is not UTF-8)");
    bench_fact(bench, "trouble", NULL, NULL,
               json_pack("{s:s, s:o, s:s}", "whose", whose, "why", text, "during", during));
    bench->stopped = true;
    return ERR_CLOSED;
}

int bench_platform_trouble(struct bench *bench, const char *during)
{
    if (!child_alive(&bench->platform.child))
        bench->platform_up = false;
    return bench_trouble(bench, "judge", during, "%s", bench->platform.why);
}

int bench_errand_trouble(struct bench *bench, const char *during, int err)
{
    bool its_values = err == ERR_NOT_FOUND || err == ERR_SYNTAX;
    return bench_trouble(bench, its_values ? "merchant" : "judge", during, "%s",
                         bench->shop.why[0] ? bench->shop.why : err_text(err));
}

void bench_skip(struct bench *bench, const char *format, ...)
{
    char reason[300];
    va_list args;

    va_start(args, format);
    vsnprintf(reason, sizeof(reason), format, args);
    va_end(args);
    bench_fact(bench, "skip", NULL, NULL, json_pack("{s:s}", "reason", reason));
    bench->stopped = true;
}

void bench_note(struct bench *bench, const struct order *order, const char *label, const char *text)
{
    json_t *value = json_string(text);
    bench_fact(bench, "note", order, label,
               json_pack("{s:o}", "value", value ? value : json_string("(not UTF-8)")));
}

void bench_lag(struct bench *bench)
{
    bench_fact(bench, "lag", NULL, NULL,
               json_pack("{s:I}", "max_ms", (json_int_t)lag_take_ms(bench->lag)));
}

const struct account *bench_account(const struct bench *bench)
{
    return &bench->platform.account;
}

const struct profile *bench_profile(const struct bench *bench)
{
    return bench->profile;
}

void bench_random(struct bench *bench, char *out, size_t len)
{
    rng_alnum(&bench->rng, out, len);
}

uint64_t bench_random_below(struct bench *bench, uint64_t bound)
{
    return rng_below(&bench->rng, bound);
}

bool bench_met(const struct bench *bench)
{
    return bench->met;
}

/* ---- opening and closing ------------------------------------------------------------------------ */

static int set_names(struct bench *bench, struct scope *run, unsigned merchant_port)
{
    const struct platform *platform = &bench->platform;
    char port[16];

    snprintf(port, sizeof(port), "%u", merchant_port);
    const struct {
        const char *name, *value;
    } names[] = {
        { "api_url", platform->api_url },         { "control_url", platform->control_url },
        { "mch_id", platform->account.mch_id },   { "appid", platform->account.appid },
        { "api_key", platform->account.api_key }, { "merchant_port", port },
        { "out_dir", bench->options.work_dir },
    };
    int err = bench->profile->api == API_V3 ? bench_give_keys(bench, run) : 0;
    for (size_t i = 0; !err && i < COUNT(names); i++)
        err = scope_set(run, names[i].name, names[i].value, NAME_TEXT);
    const struct secrets *secrets = &bench->profile->secrets;
    for (size_t i = 0; !err && i < secrets->count; i++) {
        char name[128];
        snprintf(name, sizeof(name), "env:%s", secrets->item[i].name);
        err = scope_set(run, name, secrets->item[i].value, NAME_TEXT);
    }
    return err;
}

static void open_platform(struct bench *bench)
{
    char log[1100];
    snprintf(log, sizeof(log), "%s/sandbox.log", bench->options.work_dir);
    struct platform_options options = {
        .program = bench->options.sandbox,
        .port = bench->options.port,
        .control_port = bench->options.control_port,
        .seed = bench->options.seed + bench->options.number,
        .log_path = log,
        /* a merchant that runs already was told about the built-in account */
        .own_account = bench->profile->start != NULL,
        .number = bench->options.number,
    };
    bench->platform_up = platform_start(&bench->platform, &options) == 0;
    if (bench->platform_up && bench->profile->api == API_V3)
        bench->platform_up = bench_fetch_keys(bench) == 0;
}

static int open_shop(struct bench *bench)
{
    struct scope run = {};
    unsigned port = 0;
    int err = free_port(&port);

    if (!err)
        err = set_names(bench, &run, port);
    if (!err)
        err = shop_init(&bench->shop, bench->profile, &run);
    scope_release(&run);
    snprintf(bench->shop.log_path, sizeof(bench->shop.log_path), "%.900s/merchant.log",
             bench->options.work_dir);
    return err;
}

/* The map of announced to real origin, for the sandbox. */
static int set_origins(struct bench *bench)
{
    json_t *map = json_object();
    const struct pairs *hosts = &bench->profile->notify_hosts;
    int err = map ? 0 : ERR_NOMEM;

    for (size_t i = 0; !err && i < hosts->count; i++) {
        struct buf real = BUF_INIT(2048);
        err = subst_text(hosts->item[i].value, &bench->shop.run, ESCAPE_NONE, &real);
        if (!err && json_object_set_new(map, hosts->item[i].name, json_string(buf_cstr(&real))))
            err = ERR_NOMEM;
        buf_release(&real);
    }
    if (err) {
        json_decref(map);
        return err;
    }
    struct control_call call = { "PUT", "/v1/accounts/{mch_id}/origins", map, 0 };
    return platform_do(&bench->platform, &call, NULL);
}

int bench_open(struct bench **out, const struct bench_options *options)
{
    struct bench *bench = mem_new(struct bench);
    if (!bench)
        return ERR_NOMEM;
    bench->options = *options;
    bench->profile = options->profile;
    bench->platform.child = CHILD_NONE;
    bench->shop.child = CHILD_NONE;
    bench->exchanges = json_array();
    bench->earlier = json_object();
    bench->numbers = json_object();
    int err = recorder_new(&bench->recorder, options->facts_fd, &options->profile->secrets);
    if (!err)
        err = lag_start(&bench->lag);
    if (!err) {
        open_platform(bench);
        err = open_shop(bench);
    }
    if (!err && bench->platform_up)
        bench->platform_up = set_origins(bench) == 0;
    if (err) {
        bench_close_all(bench);
        return err;
    }
    *out = bench;
    return 0;
}

void bench_close_all(struct bench *bench)
{
    if (!bench)
        return;
    shop_release(&bench->shop);
    platform_stop(&bench->platform);
    lag_stop(bench->lag);
    recorder_free(bench->recorder);
    http_answer_release(&bench->heard);
    json_decref(bench->platform.account.v3);
    json_decref(bench->exchanges);
    json_decref(bench->earlier);
    json_decref(bench->numbers);
    mem_free(bench);
}

int bench_shop_up(struct bench *bench, bool fresh)
{
    const char *event = bench->shop_up ? "restarted" : "started";

    if (bench->shop_up && !fresh)
        return 0;
    if (bench->shop_failures >= FAILURES_MAX)
        return bench_trouble(bench, "merchant", "start", "it did not start before: %s",
                             bench->shop.why);
    shop_stop(&bench->shop);
    bench->shop_tainted = false;
    bench->shop_up = shop_start(&bench->shop) == 0;
    bench->shop_failures = bench->shop_up ? 0 : bench->shop_failures + 1;
    if (!bench->shop_up)
        return bench_trouble(bench, "merchant", "start", "%s", bench->shop.why);
    bench->advanced_s = 0;
    if (bench->profile->start)
        bench_fact(bench, "merchant", NULL, NULL, json_pack("{s:s}", "event", event));
    return 0;
}

/* ---- patience --------------------------------------------------------------------------------------- */

unsigned bench_patience_ms(const struct bench *bench, unsigned wanted_ms)
{
    unsigned most_ms = bench->hangs >= HANGS_MAX ? SHORT_PATIENCE : LONG_PATIENCE;
    if (wanted_ms > LONG_PATIENCE && bench->hangs < HANGS_MAX)
        return wanted_ms; /* the case knows that it takes long */
    return wanted_ms && wanted_ms < most_ms ? wanted_ms : most_ms;
}

void bench_hear(struct bench *bench, struct http_answer *answer)
{
    if (answer->status)
        bench->hangs = 0;
    else if (strncmp(answer->error, "no complete", strlen("no complete")) == 0)
        bench->hangs++;
    http_answer_release(&bench->heard);
    bench->heard = *answer;
    *answer = (struct http_answer){};
}

int bench_answer_status(const struct bench *bench)
{
    return bench->heard.status;
}

struct view bench_answer_body(const struct bench *bench)
{
    return buf_view(&bench->heard.body);
}

/* ---- a case --------------------------------------------------------------------------------------------- */

/* Seed and case alone decide what an experiment draws, not what ran before it. */
static uint64_t case_seed(uint64_t seed, const char *id)
{
    uint64_t hash = 0xcbf29ce484222325ULL ^ seed; /* FNV-1a */
    for (; *id; id++)
        hash = (hash ^ (unsigned char)*id) * 0x100000001b3ULL;
    return hash;
}

static int reset_platform(struct bench *bench)
{
    json_t *body = json_pack("{s:s}", "mch_id", bench->platform.account.mch_id);
    struct control_call call = { "POST", "/v1/reset", body, 0 };

    if (!bench->platform_up)
        return bench_trouble(bench, "judge", "start", "%s", bench->platform.why);
    if (platform_do(&bench->platform, &call, NULL))
        return bench_platform_trouble(bench, "reset");
    int err = bench_pull(bench); /* whatever is left is not this case's */
    json_array_clear(bench->exchanges);
    bench->mark = bench->cursor;
    bench->lost_before = bench_lost(bench);
    return err;
}

static void begin(struct bench *bench, const struct case_def *def)
{
    bench->def = def;
    bench->stopped = bench->met = bench->platform_moved = false;
    bench->start_us = clock_mono_us();
    bench->deadline_us = bench->start_us + (int64_t)CASE_MS * 1000;
    if (!bench->profile->clock.line)
        bench->deadline_us += bench->profile->max_wait_ms * 1000;
    rng_seed(&bench->rng, case_seed(bench->options.seed, def->id));
    recorder_begin(bench->recorder, def->id);
    bench_record_setup(bench);
}

static void end(struct bench *bench, bool was_run)
{
    /* what happened is evidence, also when the case stopped half-way */
    if (was_run && bench->platform_up) {
        bench->stopped = false;
        int err = bench_real_time(bench);
        if (!err)
            err = bench_trap_read(bench);
        if (bench->platform_up)
            err = bench_collect_all(bench);
        (void)err; /* recorded as trouble */
    }
    bench_age_numbers(bench);
    for (size_t i = 0; i < bench->trap_count; i++)
        trap_stop(bench->traps[i]);
    bench->trap_count = 0;
    bench_fact(bench, "end", NULL, NULL,
               json_pack("{s:I, s:I}", "took_ms",
                         (json_int_t)((clock_mono_us() - bench->start_us) / 1000), "lost",
                         (json_int_t)(bench_lost(bench) - bench->lost_before)));
    for (size_t i = 0; i < bench->slot_count; i++) {
        scope_release(&bench->slots[i]->scope);
        json_decref(bench->slots[i]->ordered);
        http_answer_release(&bench->slots[i]->last);
        mem_free(bench->slots[i]);
    }
    bench->slot_count = 0;
}

bool bench_run_case(struct bench *bench, const struct case_def *def)
{
    const char *lack = profile_lacks(bench->profile, def->needs);

    begin(bench, def);
    if (lack)
        bench_skip(bench, "%s", lack);
    else if (!reset_platform(bench) && !bench_shop_up(bench, bench->shop_tainted))
        def->run(bench);
    end(bench, !lack);
    return !recorder_broken(bench->recorder);
}
