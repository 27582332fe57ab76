/*
 * engine_test.h — what the engine's tests share: a store in memory with the built-in account, its
 * clock standing still, and a transaction open.
 */
#ifndef TESTS_ENGINE_TEST_H
#define TESTS_ENGINE_TEST_H

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/fault.h"
#include "engine/payer.h"

#include <check.h>
#include <stdlib.h>

#define NOON_MS 1'800'000'000'000LL

static struct rng rng;
static uint64_t engine_seed = 1;
static struct engine engine;
static struct account *account; /* the built-in one */
static int orders_told, notices_told;

static inline void hear_order(void *owner, const struct account *whose, const struct order_row *row)
{
    (void)owner;
    ck_assert_int_eq(whose->id, row->account_id);
    orders_told++;
}

static inline void hear_notice(void *owner, struct account *whose, const struct notice_row *row)
{
    (void)owner;
    ck_assert_int_eq(whose->id, row->account_id);
    notices_told++;
}

static inline void open_engine(const char *dir)
{
    struct store_options options = { .dir = dir };
    engine = (struct engine){ .rng = &rng, .on_order = hear_order, .on_notice = hear_notice };
    rng_seed(&rng, engine_seed);
    ck_assert_int_eq(store_open(&engine.store, &options), 0);
    ck_assert_int_eq(accounts_new(&engine.accounts, engine.store, &rng), 0);
    account = accounts_find(engine.accounts, VIEW(DEFAULT_MCH_ID));
    ck_assert_ptr_nonnull(account);
    ck_assert_int_eq(store_begin(engine.store), 0);
}

static inline void close_engine(void)
{
    accounts_free(engine.accounts);
    store_close(engine.store);
}

static inline void setup(void)
{
    log_set_level(LOG_NONE); /* refused allocations are told there */
    open_engine(NULL);
    vclock_freeze(&account->clock, NOON_MS);
    orders_told = notices_told = 0;
}

static inline void teardown(void)
{
    close_engine();
    ck_assert_int_eq(mem_live(), 0);
}

static inline void choose(const char *name, const char *value)
{
    ck_assert_int_eq(switch_set(&account->switches, view_str(name), view_str(value)), 0);
}

/* Name and value by turns, NULL at the end. */
static inline void fill_msg(struct v2_msg *msg, const char *const *fields)
{
    v2_msg_clear(msg);
    for (size_t i = 0; fields[i]; i += 2)
        ck_assert_int_eq(v2_msg_add_str(msg, fields[i], fields[i + 1]), 0);
}

static inline const struct refusal *open_order(const char *number, const char *const *fields,
                                               struct order_row *out, struct view *differs)
{
    struct v2_msg msg = {};
    fill_msg(&msg, fields);
    struct order_spec spec = { .out_trade_no = view_str(number),
                               .trade_type = TRADE_TYPE_NATIVE,
                               .total_fen = 88,
                               .request = &msg };
    struct view total = v2_msg_get(&msg, "total_fee");
    ck_assert(!total.len || view_to_i64(total, INT64_MAX, &spec.total_fen) == 0);
    struct view expire = v2_msg_get(&msg, "time_expire");
    ck_assert(!expire.len ||
              cn_time_parse_14(expire.ptr, (int64_t)expire.len, &spec.expire_ms) == 0);
    if (view_is(v2_msg_get(&msg, "trade_type"), "JSAPI"))
        spec.trade_type = TRADE_TYPE_JSAPI;
    const struct refusal *no = order_open(&engine, account, &spec, out, differs);
    v2_msg_release(&msg);
    return no;
}

static const char *const plain_fields[] = { "body", "shoes", "total_fee", "88", NULL };

/* A new unpaid order of 88 fen. */
static inline void make_order(const char *number, struct order_row *out)
{
    ck_assert_ptr_null(open_order(number, plain_fields, out, NULL));
}

static inline enum trade_state state_of(const char *number)
{
    struct order_row row;
    ck_assert_int_eq(order_get_by_number(engine.store, account->id, view_str(number), &row), 0);
    order_row_release(&row);
    return row.state;
}

/* Whatever state, behind the engine's back. */
static inline void force_state(const char *number, enum trade_state state)
{
    struct order_row row;
    ck_assert_int_eq(order_get_by_number(engine.store, account->id, view_str(number), &row), 0);
    row.state = state;
    ck_assert_int_eq(order_set_state(engine.store, &row), 0);
    order_row_release(&row);
}

static inline void pass_ms(int64_t ms)
{
    vclock_set(&account->clock, account_now_ms(account) + ms);
}

static inline void expect_refusal(const struct refusal *no, enum refusal_id id)
{
    ck_assert_ptr_nonnull(no);
    ck_assert_msg(no->id == id, "%s instead of %s", no->name, refusal_of(id)->name);
}

static inline int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
