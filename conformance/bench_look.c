/*
 * bench_look.c — the order page, read as the profile says, once or until something shows.
 */
#include "bench_priv.h"

#include "base/clock.h"
#include "base/err.h"

#include <time.h>

#define POLL_MS 5'000

static const char *const state_names[] = { "unreadable", "unknown", "pending",
                                           "paid",       "closed",  "refunded" };

static enum order_state state_of(const struct profile *profile, const char *shown)
{
    if (matchers_match(&profile->status.paid, shown))
        return ORDER_PAID;
    if (matchers_match(&profile->status.closed, shown))
        return ORDER_CLOSED;
    if (matchers_match(&profile->status.refunded, shown))
        return ORDER_REFUNDED;
    if (matchers_match(&profile->status.pending, shown))
        return ORDER_PENDING;
    return ORDER_UNKNOWN;
}

/* What one look showed, until it becomes a fact. */
struct look {
    struct visit visit;
    struct buf shown;
    bool found;
};

static void look_release(struct look *look)
{
    visit_release(&look->visit);
    buf_release(&look->shown);
}

static void read_shipped(struct bench *bench, struct slot *slot, const struct http_answer *answer)
{
    struct buf text = BUF_INIT((size_t)4096);
    char why[200];

    slot->shipped = -1;
    if (bench->profile->status.shipped.kind != EXTRACT_NONE &&
        extractor_get(&bench->profile->status.shipped, answer, &text, why, sizeof(why)) == 0 &&
        view_to_i64(view_trim(buf_view(&text)), INT64_MAX, &slot->shipped))
        slot->shipped = -1;
    buf_release(&text);
}

static int look_once(struct bench *bench, struct slot *slot, struct look *look)
{
    const struct profile *profile = bench->profile;
    struct errand errand = { .step = &profile->status.step,
                             .scope = &slot->scope,
                             .payer = slot->order.payer,
                             .timeout_ms = bench_patience_ms(bench, 10'000) };
    char why[200];

    *look = (struct look){ .shown = BUF_INIT((size_t)64 * 1024) };
    int err = shop_do(&bench->shop, &errand, &look->visit);
    if (err)
        return bench_errand_trouble(bench, "status", err);
    const struct http_answer *answer = &look->visit.answer;
    slot->state = ORDER_UNREADABLE;
    slot->shipped = -1;
    if (!answer->status || answer->status >= 500)
        return 0;
    err = extractor_get(&profile->status.state, answer, &look->shown, why, sizeof(why));
    look->found = err == 0;
    if (err == 0 || err == ERR_NOT_FOUND) {
        slot->state = state_of(profile, look->found ? buf_cstr(&look->shown) : NULL);
        read_shipped(bench, slot, answer);
    }
    return err == ERR_NOMEM ? err : 0;
}

struct awaited {
    const char *what; /* NULL: one look */
    enum order_state state;
    int64_t shipped; /* -1: the state is awaited */
    const char *label;
};

static void record_status(struct bench *bench, struct slot *slot, struct look *look, int polls,
                          const struct awaited *awaited)
{
    json_t *data =
        json_pack("{s:s, s:s?, s:o, s:i, s:s?, s:b}", "state", state_names[slot->state], "shown",
                  look->found ? buf_cstr(&look->shown) : NULL, "shipped",
                  slot->shipped < 0 ? json_null() : json_integer((json_int_t)slot->shipped),
                  "polls", polls, "waited_for", awaited->what, "met", bench->met);
    if (data && look->visit.trace)
        json_object_update(data, look->visit.trace);
    bench_fact(bench, "status", &slot->order, awaited->label, data);
    bench_hear(bench, &look->visit.answer);
}

static bool reached(const struct slot *slot, const struct awaited *awaited)
{
    if (!awaited->what)
        return true;
    return awaited->shipped >= 0 ? slot->shipped >= awaited->shipped
                                 : slot->state == awaited->state;
}

static int watch(struct bench *bench, struct order *order, const struct awaited *awaited,
                 unsigned timeout_ms)
{
    struct slot *slot = slot_of(order);
    int64_t end_us = clock_mono_us() + (int64_t)(timeout_ms ? timeout_ms : POLL_MS) * 1000;
    int err = bench_go(bench);

    if (!err && !bench->profile->status.step.line)
        err = bench_trouble(bench, "judge", "status", "the case needs status but did not say so");
    for (int polls = 1; !err; polls++) {
        struct look look;
        long nap_ms = polls < 10 ? 10 : 50;
        err = look_once(bench, slot, &look);
        bench->met = !err && reached(slot, awaited);
        bool over = bench->met || clock_mono_us() >= end_us;
        if (!err && over)
            record_status(bench, slot, &look, polls, awaited);
        look_release(&look);
        if (over)
            break;
        nanosleep(&(struct timespec){ 0, nap_ms * 1'000'000 }, NULL);
    }
    return err;
}

int bench_status(struct bench *bench, struct order *order, const char *label)
{
    return watch(bench, order, &(struct awaited){ .shipped = -1, .label = label }, 1);
}

int bench_await_state(struct bench *bench, struct order *order, enum order_state state,
                      unsigned timeout_ms)
{
    struct awaited awaited = { .what = state_names[state], .state = state, .shipped = -1 };
    return watch(bench, order, &awaited, timeout_ms);
}

int bench_await_shipped(struct bench *bench, struct order *order, int64_t count,
                        unsigned timeout_ms)
{
    struct awaited awaited = { .what = "shipped", .shipped = count };
    return watch(bench, order, &awaited, timeout_ms);
}

enum order_state bench_state(const struct order *order)
{
    return slot_of(order)->state;
}

int64_t bench_shipped(const struct order *order)
{
    return slot_of(order)->shipped;
}
