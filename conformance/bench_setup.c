/*
 * bench_setup.c — what the profile can serve: asked before a case is run, and told in its first fact.
 */
#include "bench_priv.h"

/* ---- what the profile can serve ----------------------------------------------------------------- */

static bool has_code_url(const struct profile *profile)
{
    for (size_t i = 0; i < profile->create.count; i++) {
        const struct step *step = &profile->create.item[i];
        for (size_t j = 0; j < step->capture_count; j++) {
            if (strcmp(step->captures[j].name, "code_url") == 0)
                return true;
        }
    }
    return profile->qr.kind != PICTURE_NONE;
}

const char *profile_lacks(const struct profile *profile, unsigned needs)
{
    const struct {
        unsigned need;
        bool has;
        const char *why;
    } rows[] = {
        { NEED_STATUS, profile->status.step.line, "the profile has no order.status" },
        { NEED_SHIPPED, profile->status.shipped.kind != EXTRACT_NONE,
          "the profile has no order.status.shipped" },
        { NEED_QR, profile->qr.kind != PICTURE_NONE, "the profile has no order.qr" },
        { NEED_CODE_URL, has_code_url(profile), "the profile captures no code_url" },
        { NEED_START, profile->start, "the profile has no merchant.start" },
        { NEED_CLOCK, profile->clock.line, "the merchant has no clock door" },
        { NEED_REFRESH, profile->refresh.line, "the profile has no order.refresh" },
        { NEED_CLOSE, profile->close.line, "the profile has no order.close" },
        { NEED_REFUND, profile->refund.line, "the profile has no order.refund" },
        { NEED_REFUNDED, profile->status.refunded.count,
          "the profile has no order.status.refunded" },
        { NEED_SKUS, profile->price == PRICE_SKUS,
          "the buyer names the amount: expect.price is no list" },
        { NEED_ANNOUNCED, profile->notify_hosts.count, "the profile has no merchant.notify_hosts" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        if ((needs & rows[i].need) && !rows[i].has)
            return rows[i].why;
    }
    return NULL;
}

static json_t *price_fact(const struct profile *profile)
{
    if (profile->price == PRICE_FEN)
        return json_string("fen");
    if (profile->price == PRICE_YUAN)
        return json_string("yuan");
    json_t *skus = json_object();
    for (size_t i = 0; i < profile->sku_count; i++)
        json_object_set_new(skus, profile->skus[i].name, json_integer(profile->skus[i].price_fen));
    return skus;
}

static json_t *doors_fact(const struct profile *profile)
{
    static const struct {
        const char *name;
        unsigned need;
    } doors[] = { { "status", NEED_STATUS },   { "shipped", NEED_SHIPPED },
                  { "qr", NEED_QR },           { "code_url", NEED_CODE_URL },
                  { "start", NEED_START },     { "clock", NEED_CLOCK },
                  { "refresh", NEED_REFRESH }, { "close", NEED_CLOSE },
                  { "refund", NEED_REFUND } };
    json_t *fact = json_object();
    for (size_t i = 0; i < COUNT(doors); i++)
        json_object_set_new(fact, doors[i].name,
                            json_boolean(!profile_lacks(profile, doors[i].need)));
    return fact;
}

void bench_record_setup(struct bench *bench)
{
    const struct profile *profile = bench->profile;
    const struct account *account = &bench->platform.account;
    json_t *hosts = json_object();

    for (size_t i = 0; i < profile->notify_hosts.count; i++)
        json_object_set_new(hosts, profile->notify_hosts.item[i].name,
                            json_string(profile->notify_hosts.item[i].value));
    json_t *expect =
        json_pack("{s:o, s:I, s:I, s:b, s:b}", "price", price_fact(profile), "max_wait_ms",
                  (json_int_t)profile->max_wait_ms, "query_fallback_within_ms",
                  (json_int_t)profile->query_fallback_within_ms, "status_asks_platform",
                  profile->status_asks_platform, "reuses_open_orders", profile->reuses_open_orders);
    json_t *fact = json_pack("{s:{s:s, s:s, s:s}, s:I, s:o, s:o, s:o}", "account", "mch_id",
                             account->mch_id, "appid", account->appid, "api_key", account->api_key,
                             "seed", (json_int_t)bench->options.seed, "doors", doors_fact(profile),
                             "expect", expect, "notify_hosts", hosts);
    if (fact && profile->api == API_V3) {
        json_object_set_new(fact, "api", json_string(api_name(profile->api)));
        json_object_set_new(fact, "v3", bench_keys_fact(bench));
    }
    bench_fact(bench, "setup", NULL, NULL, fact);
}
