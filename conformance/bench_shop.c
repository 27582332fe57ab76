/*
 * bench_shop.c — the merchant's other doors, and its process.
 */
#include "bench_priv.h"

#include "base/err.h"

#include <stdio.h>

#define ALIVE_MS 5'000

/* A door of the profile, or a page; recorded as a fact of @kind. */
static int knock(struct bench *bench, struct order *order, const struct step *step,
                 const char *kind, const char *label)
{
    int payer = order ? order->payer : 1;
    struct visit visit = {};
    int err = bench_go(bench);
    if (!err)
        err = bench_login(bench, payer);
    if (err)
        return err;
    struct errand errand = {
        .step = step,
        .scope = order ? &slot_of(order)->scope : &bench->shop.payers[payer].scope,
        .payer = payer,
        .timeout_ms = bench_patience_ms(bench, 0),
    };
    err = shop_do(&bench->shop, &errand, &visit);
    if (err)
        return bench_errand_trouble(bench, kind, err);
    bench_fact(bench, kind, order, label, json_incref(visit.trace));
    bench_hear(bench, &visit.answer);
    visit_release(&visit);
    return 0;
}

int bench_refresh(struct bench *bench, struct order *order, const char *label)
{
    if (!bench->profile->refresh.line)
        return bench_trouble(bench, "judge", "refresh",
                             "the case needs refresh but did not say so");
    return knock(bench, order, &bench->profile->refresh, "refresh", label);
}

int bench_close(struct bench *bench, struct order *order, const char *label)
{
    if (!bench->profile->close.line)
        return bench_trouble(bench, "judge", "close", "the case needs close but did not say so");
    return knock(bench, order, &bench->profile->close, "close", label);
}

int bench_fetch(struct bench *bench, struct order *order, const char *request, const char *label)
{
    struct view rest;
    struct view method = view_cut(view_str(request), ' ', &rest);
    struct step step = { .method = mem_strndup(method.ptr, method.len),
                         .path = mem_strndup(rest.ptr ? rest.ptr : "", rest.len) };
    int err = step.method && step.path
                  ? knock(bench, order, &step, "fetch", label)
                  : bench_trouble(bench, "judge", "fetch", "%s", err_text(ERR_NOMEM));
    mem_free(step.method);
    mem_free(step.path);
    return err;
}

int bench_barrier(struct bench *bench)
{
    struct order *order = bench_create(bench, &(struct order_wish){ .label = "barrier" });
    if (!order)
        return ERR_CLOSED;
    int err = bench_pay(bench, order, NULL);
    if (!err)
        err = bench_await_ack(bench, order, 0);
    if (!err && bench->profile->status.step.line)
        err = bench_await_state(bench, order, ORDER_PAID, 0);
    return err;
}

int bench_alive(struct bench *bench, const char *label)
{
    const char *request = bench->profile->ready ? bench->profile->ready : "GET /";
    struct visit visit = {};
    struct errand errand = { .scope = &bench->shop.run, .timeout_ms = ALIVE_MS };
    int err = bench_go(bench);

    if (err)
        return err;
    err = shop_get(&bench->shop, request, &errand, &visit);
    if (err)
        return bench_trouble(bench, "judge", "alive", "%s", err_text(err));
    json_t *data = json_copy(visit.trace);
    bool ok = visit.answer.status > 0 && visit.answer.status < 500;
    json_object_set_new(data, "ok", json_boolean(ok));
    bench_fact(bench, "alive", NULL, label, data);
    bench_hear(bench, &visit.answer);
    visit_release(&visit);
    return 0;
}

int bench_kill_restart(struct bench *bench)
{
    int err = bench_go(bench);
    if (err)
        return err;
    if (!bench->profile->start)
        return bench_trouble(bench, "judge", "restart", "the case needs start but did not say so");
    shop_kill(&bench->shop);
    bench->shop_tainted = true; /* what it learns at this start may be a fault of ours */
    bench_fact(bench, "merchant", NULL, NULL, json_pack("{s:s}", "event", "killed"));
    /* its cookies and sessions stay: a browser does not notice */
    bench->shop_up = shop_start(&bench->shop) == 0;
    if (!bench->shop_up)
        return bench_trouble(bench, "merchant", "restart", "%s", bench->shop.why);
    bench->advanced_s = 0;
    bench_fact(bench, "merchant", NULL, NULL, json_pack("{s:s}", "event", "restarted"));
    return 0;
}
