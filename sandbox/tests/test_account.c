#include "tests/engine_test.h"

#include "engine/traffic.h"

#include <stdio.h>
#include <unistd.h>

START_TEST(the_built_in_account_is_the_manual_s_placeholder)
{
    ck_assert_uint_eq(accounts_count(engine.accounts), 1);
    ck_assert_str_eq(account->mch_id, "1900000109");
    ck_assert(view_is(v2_key_text(account->v2_key), "192006250b4c09247ec02edce69f6a2d"));
    ck_assert(account_has_appid(account, VIEW("wx8888888888888888")));
    ck_assert(!account_has_appid(account, VIEW("wx888888888888888")));
    ck_assert(accounts_knows_appid(engine.accounts, VIEW("wx8888888888888888")));
    ck_assert(account->products == PRODUCTS_ALL);
}
END_TEST

START_TEST(made_accounts_count_up_past_those_taken)
{
    struct account *made;
    struct account_spec taken = { .mch_id = VIEW("1999000002") }, empty = {};
    ck_assert_int_eq(accounts_add(engine.accounts, &taken, &made), 0);
    ck_assert_int_eq(accounts_add(engine.accounts, &taken, &made), ERR_EXISTS);
    ck_assert_ptr_null(made);
    ck_assert_int_eq(accounts_add(engine.accounts, &empty, &made), 0);
    ck_assert_str_eq(made->mch_id, "1999000001");
    struct view key = v2_key_text(made->v2_key);
    ck_assert_uint_eq(key.len, 32);
    ck_assert_uint_eq(made->appid_count, 1);
    ck_assert_uint_eq(strlen(made->appid[0]), 18);
    ck_assert_int_eq(accounts_add(engine.accounts, &empty, &made), 0);
    ck_assert_str_eq(made->mch_id, "1999000003");
    ck_assert(!view_eq(key, v2_key_text(made->v2_key)));
    for (size_t i = 0; i < accounts_count(engine.accounts); i++) {
        struct account *at = accounts_at(engine.accounts, i);
        ck_assert_ptr_eq(accounts_find(engine.accounts, view_str(at->mch_id)), at);
        ck_assert_ptr_eq(accounts_by_id(engine.accounts, at->id), at);
    }
    ck_assert_int_eq(accounts_remove(engine.accounts, accounts_at(engine.accounts, 1)), 0);
    ck_assert_ptr_null(accounts_find(engine.accounts, VIEW("1999000002")));
    ck_assert_ptr_null(accounts_by_id(engine.accounts, 2));
    ck_assert_str_eq(accounts_at(engine.accounts, 1)->mch_id, "1999000001");
}
END_TEST

static const struct {
    const char *mch_id, *key, *name, *appid;
} wrong[] = {
    { "1234567", "", "", "" },
    { "12345678901", "", "", "" },
    { "12345678x", "", "", "" },
    { "", "1920062506c04924 7ec02edce69f6a2d", "", "" },
    { "", "192006250b4c09247ec02edce69f6a2", "", "" },
    { "", "192006250b4c09247ec02edce69f6a2d0", "", "" },
    { "", "192006250b4c09247ec02edce69f6a2\xc3", "", "" },
    { "", "", "12345678901234567890123456789012345678901234567890123456789012345", "" },
    { "", "", "", "wx 1" },
    { "", "", "", "123456789012345678901234567890123" },
};

START_TEST(what_is_not_legal_makes_no_account)
{
    struct account *made;
    struct account_spec spec = { .mch_id = view_str(wrong[_i].mch_id),
                                 .api_key = view_str(wrong[_i].key),
                                 .name = view_str(wrong[_i].name),
                                 .appid_count = wrong[_i].appid[0] ? 1 : 0,
                                 .appid = { view_str(wrong[_i].appid) } };
    ck_assert_int_eq(accounts_add(engine.accounts, &spec, &made), ERR_SYNTAX);
    ck_assert_uint_eq(accounts_count(engine.accounts), 1);
}
END_TEST

/* Everything an account can have, changed. */
static void change_all(struct account *whose)
{
    memcpy(whose->appid[0], "wxA", 4);
    memcpy(whose->appid[1], "wxB", 4);
    whose->appid_count = 2;
    whose->products = 0;
    ck_assert_int_eq(switch_set(&whose->switches, VIEW("ack_mode"), VIEW("strict")), 0);
    whose->origin_count = 1;
    memcpy(whose->origin[0].announced, "https://shop.example", 21);
    memcpy(whose->origin[0].real, "http://127.0.0.1:1", 19);
    vclock_freeze(&whose->clock, -5);
    whose->notice_mode = NOTICE_MODE_HOLD;
}

static void expect_all_changed(const struct account *whose)
{
    ck_assert_uint_eq(whose->appid_count, 2);
    ck_assert(account_has_appid(whose, VIEW("wxA")) && account_has_appid(whose, VIEW("wxB")));
    ck_assert_uint_eq(whose->products, 0);
    ck_assert(switch_is(&whose->switches, SWITCH_ack_mode, "strict"));
    ck_assert(switch_is(&whose->switches, SWITCH_answer_type, "text/plain"));
    ck_assert_uint_eq(whose->origin_count, 1);
    ck_assert_str_eq(whose->origin[0].real, "http://127.0.0.1:1");
    ck_assert(whose->clock.frozen && whose->clock.frozen_ms == -5);
    ck_assert_int_eq(whose->notice_mode, NOTICE_MODE_HOLD);
}

START_TEST(a_restart_brings_accounts_back_and_codes_still_read)
{
    char dir[] = "/tmp/test_account_XXXXXX", path[64], url[CODE_URL_MAX + 1];
    struct order_row row;
    struct scan scan;
    int64_t id;
    struct fault_error error;
    ck_assert_ptr_nonnull(mkdtemp(dir));
    close_engine();
    open_engine(dir);
    make_order("A1", &row);
    order_code_url(&row, url);
    order_row_release(&row);
    change_all(account);
    ck_assert_int_eq(account_save(engine.accounts, account), 0);
    ck_assert_int_eq(account_set_key(engine.accounts, account, VIEW("")), ERR_SYNTAX);
    ck_assert_int_eq(
        account_set_key(engine.accounts, account, VIEW("0123456789abcdef0123456789ABCDEF")), 0);
    ck_assert_int_eq(faults_add(engine.accounts, account,
                                VIEW("{\"kind\":\"no_sign\",\"count\":3,\"skip\":1}"), &id, &error),
                     0);
    for (int i = 0; i < 2; i++) { /* one passes, one happens */
        struct fault *fault =
            faults_take(engine.accounts, account, FAULT_DOOR_API, VIEW("orderquery"), VIEW("A"));
        ck_assert_int_eq(fault != NULL, i == 1);
        if (fault)
            faults_done(account, fault);
    }
    ck_assert_int_eq(store_commit(engine.store), 0);
    close_engine();

    open_engine(dir);
    expect_all_changed(account);
    ck_assert(view_is(v2_key_text(account->v2_key), "0123456789abcdef0123456789ABCDEF"));
    ck_assert_uint_eq(faults_count(account), 1);
    ck_assert_int_eq(faults_at(account, 0)->left, 2);
    ck_assert_int_eq(faults_at(account, 0)->skip, 0);
    vclock_freeze(&account->clock, NOON_MS);
    rng_seed(&rng, 99); /* another run's randomness reads the codes of the first */
    payer_scan(&engine, view_str(url), &scan);
    ck_assert_int_eq(scan.order.id, 1);
    scan_release(&scan);
    close_engine();
    snprintf(path, sizeof(path), "%s/sandbox.db", dir);
    unlink(path);
    rmdir(dir);
    open_engine(NULL);
}
END_TEST

START_TEST(a_failed_commit_brings_memory_back_to_the_store_s_truth)
{
    struct account *made, *other;
    struct account_spec empty = {};
    struct fault_error error;
    int64_t id;
    ck_assert_int_eq(accounts_add(engine.accounts, &empty, &other), 0);
    ck_assert_int_eq(
        faults_add(engine.accounts, account, VIEW("{\"kind\":\"no_sign\"}"), &id, &error), 0);
    vclock_reset(&account->clock);
    ck_assert_int_eq(account_save(engine.accounts, account), 0);
    ck_assert_int_eq(store_commit(engine.store), 0);

    ck_assert_int_eq(store_begin(engine.store), 0);
    change_all(account);
    ck_assert_int_eq(account_save(engine.accounts, account), 0);
    ck_assert_int_eq(
        account_set_key(engine.accounts, account, VIEW("0123456789abcdef0123456789ABCDEF")), 0);
    ck_assert_int_eq(faults_clear(engine.accounts, account), 0);
    ck_assert_int_eq(accounts_remove(engine.accounts, other), 0);
    ck_assert_int_eq(accounts_add(engine.accounts, &empty, &made), 0);
    store_rollback(engine.store);
    ck_assert_int_eq(accounts_reload(engine.accounts), 0);

    ck_assert_ptr_eq(accounts_find(engine.accounts, VIEW(DEFAULT_MCH_ID)), account);
    ck_assert(account_has_appid(account, VIEW(DEFAULT_APPID)));
    ck_assert(view_is(v2_key_text(account->v2_key), DEFAULT_API_KEY));
    ck_assert(!account->clock.frozen);
    ck_assert_uint_eq(account->origin_count, 0);
    ck_assert_uint_eq(faults_count(account), 1);
    ck_assert_uint_eq(accounts_count(engine.accounts), 2);
    ck_assert_ptr_nonnull(accounts_find(engine.accounts, VIEW("1999000001")));
    ck_assert_ptr_null(accounts_find(engine.accounts, VIEW("1999000002")));
    ck_assert_int_eq(store_begin(engine.store), 0);
}
END_TEST

static const struct {
    const char *announced, *real;
} urls[] = {
    { "https://shop.example/notify", "http://127.0.0.1:18090/notify" },
    { "https://shop.example", "http://127.0.0.1:18090" },
    { "https://shop.example?a=1#b", "http://127.0.0.1:18090?a=1#b" },
    { "HTTPS://Shop.Example/Notify", "http://127.0.0.1:18090/Notify" },
    { "https://shop.example:443/n", "http://127.0.0.1:18090/n" },
    { "https://shop.example:8443/n", NULL },
    { "http://shop.example/n", NULL },
    { "https://shop.example.evil/n", NULL },
    { "https://other.example/https://shop.example/", NULL },
    { "nonsense", NULL },
    { "", NULL },
};

START_TEST(an_announced_origin_is_replaced_and_nothing_else)
{
    struct buf out = BUF_INIT(512);
    account->origin_count = 1;
    memcpy(account->origin[0].announced, "https://shop.example/", 22);
    memcpy(account->origin[0].real, "http://127.0.0.1:18090", 23);
    ck_assert_int_eq(account_map_url(account, view_str(urls[_i].announced), &out), 0);
    ck_assert_str_eq(buf_cstr(&out), urls[_i].real ? urls[_i].real : urls[_i].announced);
    buf_release(&out);
}
END_TEST

START_TEST(an_account_s_clock_starts_as_the_default_one)
{
    struct account *made;
    struct account_spec empty = {};
    vclock_freeze(accounts_default_clock(engine.accounts), 77);
    ck_assert_int_eq(accounts_add(engine.accounts, &empty, &made), 0);
    ck_assert_int_eq(account_now_ms(made), 77);
    ck_assert_int_eq(account_now_ms(account), NOON_MS);
}
END_TEST

START_TEST(a_switch_takes_its_own_values_only)
{
    struct switches switches = {};
    for (size_t id = 0; id < SWITCH_COUNT; id++) {
        const struct switch_row *row = &switch_rows[id];
        ck_assert_ptr_nonnull(row->values[1]); /* a switch has a choice */
        ck_assert_str_eq(switch_value(&switches, (enum switch_id)id), row->values[0]);
        for (size_t v = 0; v < SWITCH_VALUES_MAX && row->values[v]; v++) {
            ck_assert_int_eq(switch_set(&switches, view_str(row->name), view_str(row->values[v])),
                             0);
            ck_assert(switch_is(&switches, (enum switch_id)id, row->values[v]));
        }
        ck_assert_int_eq(switch_set(&switches, view_str(row->name), VIEW("perhaps")), ERR_SYNTAX);
        ck_assert_int_eq(switch_set(&switches, view_str(row->name), VIEW("")), ERR_SYNTAX);
    }
    ck_assert_int_eq(switch_set(&switches, VIEW("no_switch"), VIEW("on")), ERR_NOT_FOUND);
}
END_TEST

START_TEST(every_refusal_has_its_words)
{
    for (int id = 0; id < REFUSAL_COUNT; id++) {
        const struct refusal *no = refusal_of((enum refusal_id)id);
        ck_assert_int_eq(no->id, id);
        ck_assert(no->name[0] && no->code[0] && no->text[0] && no->clause[0]);
        ck_assert_uint_le(strlen(no->code), 32);  /* V2 3.0 */
        ck_assert_uint_le(strlen(no->text), 192); /* String(128) and room for Chinese */
    }
}
END_TEST

START_TEST(without_memory_no_account_is_made_or_lost)
{
    struct account_spec spec = { .name = VIEW("n") };
    bool refused = true;
    for (int64_t n = 1; refused; n++) {
        struct account *made;
        int64_t live = mem_live();
        ck_assert_int_eq(store_save(engine.store), 0);
        mem_fail_at(n);
        int err = accounts_add(engine.accounts, &spec, &made);
        refused = mem_refused();
        mem_fail_at(0);
        ck_assert_int_eq(err, refused ? ERR_NOMEM : 0);
        ck_assert_uint_eq(accounts_count(engine.accounts), refused ? 1 : 2);
        ck_assert(!refused || (mem_live() == live && !made));
        if (refused)
            store_undo(engine.store);
        else
            ck_assert_int_eq(store_keep(engine.store), 0);
        ck_assert_int_lt(n, 100);
    }
    for (int64_t n = 1, more = 1; more; n++) {
        mem_fail_at(n);
        int err = accounts_reload(engine.accounts);
        more = mem_refused();
        mem_fail_at(0);
        ck_assert_int_eq(err, more ? ERR_NOMEM : 0);
        ck_assert_uint_eq(accounts_count(engine.accounts), 2);
    }
}
END_TEST

/* V3 5.4: three a second for this one; refunds that fail have six of their own. */
START_TEST(a_bucket_gives_what_flows_in)
{
    int64_t now_us = 1'000'000'000;
    for (int i = 0; i < 3; i++)
        ck_assert(traffic_may_call(account, VIEW("v3/fundflowbill"), now_us));
    ck_assert(!traffic_may_call(account, VIEW("v3/fundflowbill"), now_us));
    ck_assert(!traffic_may_call(account, VIEW("v3/fundflowbill"), now_us + 333'333));
    ck_assert(traffic_may_call(account, VIEW("v3/fundflowbill"), now_us + 333'334));
    ck_assert(!traffic_may_call(account, VIEW("v3/fundflowbill"), now_us + 333'334));
    ck_assert(traffic_may_call(account, VIEW("v3/certificates"), now_us)); /* another's bucket */
    for (int i = 0; i < 10000; i++)                                        /* no number is public */
        ck_assert(traffic_may_call(account, VIEW("v3/native"), now_us));
    for (int i = 0; i < 6; i++) {
        ck_assert(traffic_may_call(account, VIEW("v3/refund"), now_us));
        traffic_failed(account, VIEW("v3/refund"), now_us);
    }
    ck_assert(!traffic_may_call(account, VIEW("v3/refund"), now_us));
    ck_assert(traffic_may_call(account, VIEW("v3/refund"), now_us + 200'000));
}
END_TEST

START_TEST(the_latest_nonces_are_known_and_no_more)
{
    char nonce[16];
    for (int i = 0; i < TRAFFIC_NONCES; i++) {
        snprintf(nonce, sizeof(nonce), "n%d", i);
        ck_assert_int_eq(traffic_use_nonce(account, view_str(nonce)), 0);
    }
    ck_assert_int_eq(traffic_use_nonce(account, VIEW("n0")), ERR_EXISTS);
    ck_assert_int_eq(traffic_use_nonce(account, view_str(nonce)), ERR_EXISTS);
    ck_assert_int_eq(traffic_use_nonce(account, VIEW("one more")), 0); /* the oldest goes for it */
    ck_assert_int_eq(traffic_use_nonce(account, VIEW("n0")), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("account");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, the_built_in_account_is_the_manual_s_placeholder);
    tcase_add_test(all, made_accounts_count_up_past_those_taken);
    tcase_add_loop_test(all, what_is_not_legal_makes_no_account, 0, COUNT(wrong));
    tcase_add_test(all, a_restart_brings_accounts_back_and_codes_still_read);
    tcase_add_test(all, a_failed_commit_brings_memory_back_to_the_store_s_truth);
    tcase_add_loop_test(all, an_announced_origin_is_replaced_and_nothing_else, 0, COUNT(urls));
    tcase_add_test(all, an_account_s_clock_starts_as_the_default_one);
    tcase_add_test(all, a_switch_takes_its_own_values_only);
    tcase_add_test(all, a_bucket_gives_what_flows_in);
    tcase_add_test(all, the_latest_nonces_are_known_and_no_more);
    tcase_add_test(all, every_refusal_has_its_words);
    tcase_add_test(all, without_memory_no_account_is_made_or_lost);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
