/*
 * bench_time.c — time passes for both sides: by their clock doors, or really.
 */
#include "bench_priv.h"

#include "base/clock.h"
#include "base/err.h"

#include <stdio.h>
#include <time.h>

#define DELIVERIES_MS 10'000

/* The merchant's own clock door; its exchange into *trace. */
static int move_merchant(struct bench *bench, int64_t seconds, json_t **trace, bool *moved)
{
    struct scope scope = { .outer = &bench->shop.payers[1].scope };
    struct visit visit = {};
    int err = bench_login(bench, 1);

    *moved = false;
    if (!err)
        err = scope_set_i64(&scope, "advance_s", seconds);
    if (!err) {
        struct errand errand = { .step = &bench->profile->clock,
                                 .scope = &scope,
                                 .payer = 1,
                                 .timeout_ms = bench_patience_ms(bench, 0) };
        err = shop_do(&bench->shop, &errand, &visit);
    }
    if (!err) {
        *trace = json_incref(visit.trace);
        *moved = visit.answer.status >= 200 && visit.answer.status <= 299;
        bench_hear(bench, &visit.answer);
    }
    visit_release(&visit);
    scope_release(&scope);
    return err;
}

static int move_platform(struct bench *bench, int64_t seconds, json_t *merchant)
{
    int status;
    json_t *answer = NULL;
    json_t *body = json_pack("{s:I, s:i}", "s", (json_int_t)seconds, "wait_ms", DELIVERIES_MS);
    json_t *asked = json_incref(body);
    struct control_call call = { "POST", "/v1/accounts/{mch_id}/clock/advance", body,
                                 DELIVERIES_MS + 10'000 };
    int err = platform_call(&bench->platform, &call, &status, &answer);

    if (!err && (status < 200 || status > 299)) {
        snprintf(bench->platform.why, sizeof(bench->platform.why),
                 "the sandbox refused to advance its clock: %d", status);
        err = ERR_PROTOCOL;
    }
    bench_fact(bench, "advance", NULL, NULL,
               json_pack("{s:I, s:{s:o?}, s:{s:i, s:o?}, s:O?}", "seconds", (json_int_t)seconds,
                         "request", "json", asked, "answer", "status", status, "json", answer,
                         "merchant", merchant));
    return err ? bench_platform_trouble(bench, "advance") : 0;
}

int bench_platform_time(struct bench *bench, int64_t seconds)
{
    int err = bench_go(bench);
    if (err)
        return err;
    bench->platform_moved = true;
    return move_platform(bench, seconds, NULL);
}

/* No clock door: the time is waited for, as long as the merchant lives. */
static int really_wait(struct bench *bench, int64_t seconds)
{
    int64_t end_us = clock_mono_us() + seconds * 1'000'000;
    int err = 0;

    bench_fact(bench, "note", NULL, "waiting",
               json_pack("{s:s, s:I}", "value", "really", "seconds", (json_int_t)seconds));
    while (!err && clock_mono_us() < end_us) {
        nanosleep(&(struct timespec){ 0, 100'000'000 }, NULL);
        err = bench_go(bench);
    }
    return err;
}

int bench_pass_time(struct bench *bench, int64_t seconds)
{
    json_t *merchant = NULL;
    bool moved = false;
    int err = bench_go(bench);

    if (err)
        return err;
    if (!bench->profile->clock.line) {
        if (seconds * 1000 <= bench->profile->max_wait_ms)
            return really_wait(bench, seconds);
        bench_skip(bench, "the merchant has no clock door, and %lld s are more than max_wait",
                   (long long)seconds);
        return ERR_LIMIT;
    }
    /* the platform first: what the merchant then asks about has already happened there */
    bench->platform_moved = true;
    err = move_platform(bench, seconds, NULL);
    if (!err)
        err = move_merchant(bench, seconds, &merchant, &moved);
    if (!err) {
        bench->advanced_s += seconds;
        bench_fact(bench, "advance", NULL, "merchant",
                   json_pack("{s:I, s:O?}", "seconds", (json_int_t)seconds, "merchant", merchant));
        if (!moved)
            err = bench_trouble(bench, "merchant", "clock", "its clock door answered %d %.100s",
                                bench->heard.status, bench->heard.error);
    }
    json_decref(merchant);
    return err;
}

int bench_real_time(struct bench *bench)
{
    json_t *merchant = NULL;
    bool moved = true;
    int err = bench_go(bench);

    if (err || (!bench->platform_moved && !bench->advanced_s))
        return err;
    err = bench_control(bench,
                        &(struct control_fact){ .kind = "real",
                                                .method = "POST",
                                                .path = "/v1/accounts/{mch_id}/clock/real",
                                                .body = json_object() },
                        NULL, NULL);
    bench->platform_moved = false;
    if (!err && bench->advanced_s && bench->shop_up) {
        err = move_merchant(bench, -bench->advanced_s, &merchant, &moved);
        if (merchant)
            bench_fact(bench, "advance", NULL, "merchant",
                       json_pack("{s:I, s:O}", "seconds", (json_int_t)-bench->advanced_s,
                                 "merchant", merchant));
    }
    json_decref(merchant);
    bench->advanced_s = 0;
    /* a merchant that does not go back is started afresh, where the judge may */
    if (!err && !moved && bench->profile->start)
        err = bench_shop_up(bench, true);
    return err;
}

int64_t bench_now_ms(struct bench *bench)
{
    json_t *answer = NULL;
    struct control_call call = { "GET", "/v1/accounts/{mch_id}/clock", NULL, 0 };
    int64_t now_ms = clock_real_ms();

    if (bench_go(bench) == 0 && platform_do(&bench->platform, &call, &answer) == 0)
        now_ms = json_integer_value(json_object_get(answer, "virtual_ms"));
    json_decref(answer);
    return now_ms;
}
