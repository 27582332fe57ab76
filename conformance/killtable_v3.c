/*
 * killtable_v3.c — one row per mutant that speaks API V3, in the order of the shop's steps. Mutants of
 * steps that both dialects share have a row in either table.
 */
#include "base/mem.h"
#include "killtable.h"

#define KILLED(...)     { __VA_ARGS__ }, NULL, "reference-v3.yaml", API_V3
#define KILLED_KEY(...) { __VA_ARGS__ }, NULL, "reference-v3-key.yaml", API_V3

const struct kill_row kill_table_v3[] = {
    /* create */
    { "client-price", KILLED("v3/create/server-price") },
    { "float-price", KILLED("v3/create/prices") },
    { "number-too-long", KILLED("v3/request/fields") },
    { "number-too-short", KILLED("v3/request/fields") },
    { "number-bad-characters", KILLED("v3/request/fields") },
    { "number-restarts", KILLED("v3/create/unique-restart") },
    { "number-per-second", KILLED("v3/create/unique") },
    { "notify-url-query", KILLED("v3/request/fields") },
    { "notify-url-relative", KILLED("v3/request/fields") },
    { "notify-url-http", KILLED("v3/request/fields") },
    { "retry-new-number", KILLED("v3/create/retry-after-cut", "v3/create/retry-after-error") },
    { "code-after-two-hours", KILLED("v3/create/expired") },
    /* query and close */
    { "unknown-state-is-paid", KILLED("v3/query/states") },
    { "trade-state-ignored", KILLED("v3/query/states") },
    { "refund-is-failure", KILLED("v3/query/refund-state") },
    { "no-query", KILLED("v3/query/fallback") },
    { "tight-retry", KILLED("v3/query/storm", "v3/query/too-fast", "v3/query/create-storm",
                            "v3/query/create-too-fast") },
    { "close-blindly", KILLED("v3/close/paid-unnoticed") },
    { "orderpaid-is-closed", KILLED("v3/close/orderpaid") },
    { "no-close", KILLED("v3/create/gives-up") },
    { "return-settles", KILLED("v3/query/claimed") },
    /* notifications */
    { "login-in-front", KILLED("v3/notify/paid") },
    { "redirect-in-front", KILLED("v3/notify/paid") },
    { "csrf-in-front", KILLED("v3/notify/paid") },
    { "slow-ack", KILLED("v3/notify/answer-time") },
    { "no-idempotency", KILLED("v3/notify/duplicate", "v3/notify/replay") },
    { "no-lock", KILLED("v3/notify/duplicate-parallel") },
    { "dedupe-by-transaction", KILLED("v3/notify/second-payment") },
    { "duplicate-refused", KILLED("v3/notify/duplicate") },
    { "no-amount-check", KILLED("v3/forged/amount") },
    { "amount-at-least", KILLED("v3/forged/amount") },
    { "currency-ignored", KILLED("v3/forged/currency") },
    { "unknown-order-crash", KILLED("v3/forged/unknown-order") },
};
const size_t kill_table_v3_count = COUNT(kill_table_v3);
