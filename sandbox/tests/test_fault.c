#include "tests/engine_test.h"

#include <string.h>

static struct fault_error error;

static int add(const char *json, int64_t *id)
{
    return faults_add(engine.accounts, account, view_str(json), id, &error);
}

static struct fault *take(enum fault_door door, const char *api, const char *number)
{
    return faults_take(engine.accounts, account, door, view_str(api), view_str(number));
}

/* Taken and done at once: which kind happened. */
static enum fault_kind happens(enum fault_door door, const char *api, const char *number)
{
    struct fault *fault = take(door, api, number);
    enum fault_kind kind = fault ? fault->kind : FAULT_NONE;
    if (fault)
        faults_done(account, fault);
    return kind;
}

/* Wrong JSON, the place that is named, and a word of the reason. */
static const struct {
    const char *json, *where, *word;
} wrong[] = {
    { "", "", "line 1" },
    { "{\"kind\":\"delay\"", "", "line 1" },
    { "{\"kind\":\"no_sign\"} x", "", "end of file" },
    { "{\"kind\":\"no_sign\",\"kind\":\"no_sign\"}", "", "duplicate" },
    { "[]", "", "object" },
    { "{}", "/kind", "needed" },
    { "{\"kind\":\"explode\"}", "/kind", "not a kind" },
    { "{\"kind\":\"none\"}", "/kind", "not a kind" },
    { "{\"kind\":7}", "/kind", "not a kind" },
    { "{\"kind\":\"no_sign\",\"delay\":1}", "/delay", "not a member" },
    { "{\"kind\":\"no_sign\",\"delay_ms\":1}", "/delay_ms", "does not belong" },
    { "{\"kind\":\"no_sign\",\"door\":\"window\"}", "/door", "api, notification" },
    { "{\"kind\":\"no_sign\",\"api\":\"micropay\"}", "/api", "closeorder" },
    { "{\"kind\":\"no_sign\",\"api\":null}", "/api", "closeorder" },
    { "{\"kind\":\"no_sign\",\"door\":\"notification\",\"api\":\"*\"}", "/api", "door api" },
    { "{\"kind\":\"cut_before\",\"door\":\"notification\"}", "/kind", "this door" },
    { "{\"kind\":\"copies\",\"copies\":2}", "/kind", "this door" },
    { "{\"kind\":\"refuse\",\"api\":\"refund\"}", "/code", "needed" },
    { "{\"kind\":\"refuse\",\"code\":\"ERROR\"}", "/api", "refund" },
    { "{\"kind\":\"refuse\",\"api\":\"refund\",\"code\":\"OK\"}", "/code", "NOTENOUGH" },
    { "{\"kind\":\"no_sign\",\"count\":-1}", "/count", "from 0 to" },
    { "{\"kind\":\"no_sign\",\"count\":1.5}", "/count", "integer" },
    { "{\"kind\":\"no_sign\",\"count\":\"1\"}", "/count", "integer" },
    { "{\"kind\":\"no_sign\",\"skip\":1000000001}", "/skip", "1000000000" },
    { "{\"kind\":\"no_sign\",\"out_trade_no\":\"\"}", "/out_trade_no", "1 to 32" },
    { "{\"kind\":\"no_sign\",\"out_trade_no\":\"123456789012345678901234567890123\"}",
      "/out_trade_no", "1 to 32" },
    { "{\"kind\":\"no_sign\",\"out_trade_no\":5}", "/out_trade_no", "text" },
    { "{\"kind\":\"delay\"}", "/delay_ms", "needed" },
    { "{\"kind\":\"delay\",\"delay_ms\":0}", "/delay_ms", "from 1" },
    { "{\"kind\":\"delay\",\"delay_ms\":600001}", "/delay_ms", "600000" },
    { "{\"kind\":\"http_status\"}", "/status", "needed" },
    { "{\"kind\":\"http_status\",\"status\":200}", "/status", "400" },
    { "{\"kind\":\"http_status\",\"status\":600}", "/status", "599" },
    { "{\"kind\":\"system_error\",\"processed\":1}", "/processed", "true or false" },
    { "{\"kind\":\"truncated\",\"keep_bytes\":0}", "/keep_bytes", "from 1" },
    { "{\"kind\":\"alter\",\"set\":[]}", "/set", "object" },
    { "{\"kind\":\"alter\",\"set\":{\"a b\":\"x\"}}", "/set/a b", "name of a field" },
    { "{\"kind\":\"alter\",\"set\":{\"a\":5}}", "/set/a", "text" },
    { "{\"kind\":\"alter\",\"drop\":{}}", "/drop", "array" },
    { "{\"kind\":\"alter\",\"drop\":[\"a\",5]}", "/drop/1", "text" },
    { "{\"kind\":\"alter\",\"drop\":[\"1a\"]}", "/drop/0", "name of a field" },
    { "{\"kind\":\"alter\",\"sign\":\"good\"}", "/sign", "valid, stale, wrong, none" },
    { "{\"kind\":\"alter\",\"order\":\"best\"}", "/order", "reversed" },
    { "{\"kind\":\"alter\",\"quote\":\"none\"}", "/quote", "cdata" },
    { "{\"kind\":\"alter\",\"spaces\":\"yes\"}", "/spaces", "true or false" },
    { "{\"kind\":\"raw\",\"content_type\":\"a\\r\\nX: y\"}", "/content_type", "visible" },
    { "{\"kind\":\"raw\",\"body\":null}", "/body", "text" },
    { "{\"kind\":\"altered_amount\",\"door\":\"notification\"}", "/total_fen", "needed" },
    { "{\"kind\":\"copies\",\"door\":\"notification\",\"copies\":51}", "/copies", "50" },
    { "{\"kind\":\"copies\",\"door\":\"notification\",\"copies\":1}", "/copies", "from 2" },
};

START_TEST(a_wrong_fault_is_refused_at_its_place)
{
    int64_t id;
    ck_assert_int_eq(add(wrong[_i].json, &id), ERR_SYNTAX);
    ck_assert_str_eq(error.where, wrong[_i].where);
    ck_assert_msg(strstr(error.message, wrong[_i].word), "%s", error.message);
    ck_assert_uint_eq(faults_count(account), 0);
}
END_TEST

START_TEST(a_fault_is_read_whole)
{
    int64_t id;
    ck_assert_int_eq(
        add("{\"door\":\"api\",\"api\":\"unifiedorder\",\"kind\":\"alter\",\"count\":0,\"skip\":2,"
            "\"out_trade_no\":\"A1\",\"set\":{\"prepay_id\":\"\\u817e\",\"x\":\"\"},"
            "\"drop\":[\"nonce_str\"],\"sign\":\"stale\",\"order\":\"reversed\",\"quote\":\"bare\","
            "\"spaces\":true}",
            &id),
        0);
    const struct fault *fault = faults_at(account, 0);
    ck_assert_int_eq(fault->id, id);
    ck_assert_int_eq(fault->kind, FAULT_ALTER);
    ck_assert(fault->left == INT64_MAX);
    ck_assert_int_eq(fault->skip, 2);
    ck_assert_str_eq(fault->api, "unifiedorder");
    ck_assert_str_eq(fault->out_trade_no, "A1");
    ck_assert_uint_eq(fault->edit_count, 3);
    ck_assert(view_is(fault->edit[0].name, "prepay_id"));
    ck_assert(view_is(fault->edit[0].value, "\xe8\x85\xbe"));
    ck_assert_ptr_nonnull(fault->edit[1].value.ptr); /* set to nothing is not dropped */
    ck_assert_uint_eq(fault->edit[1].value.len, 0);
    ck_assert(view_is(fault->edit[2].name, "nonce_str"));
    ck_assert_ptr_null(fault->edit[2].value.ptr);
    ck_assert_int_eq(fault->sign, FAULT_SIGN_STALE);
    ck_assert_int_eq(fault->order, FAULT_ORDER_REVERSED);
    ck_assert(fault->bare && fault->spaces);
}
END_TEST

START_TEST(a_fault_is_described_as_it_was_ordered_and_where_it_happens)
{
    int64_t id;
    struct buf out = BUF_INIT(1024);
    ck_assert_int_eq(add(" { \"kind\" : \"raw\" , \"body\" : \"<xml>\" } ", &id), 0);
    ck_assert_int_eq(faults_at(account, 0)->status, 200);
    ck_assert_int_eq(fault_describe(faults_at(account, 0), &out), 0);
    ck_assert_str_eq(buf_cstr(&out), "{\"id\":1,\"left\":1,\"kind\":\"raw\",\"body\":\"<xml>\","
                                     "\"door\":\"api\",\"api\":\"*\"}");
    buf_clear(&out);
    ck_assert_int_eq(add("{\"kind\":\"no_sign\",\"door\":\"notification\"}", &id), 0);
    ck_assert_int_eq(fault_describe(faults_at(account, 1), &out), 0);
    ck_assert_str_eq(buf_cstr(&out),
                     "{\"id\":2,\"left\":1,\"kind\":\"no_sign\",\"door\":\"notification\"}");
    buf_release(&out);
}
END_TEST

START_TEST(a_fault_happens_as_often_as_ordered_after_those_it_lets_pass)
{
    int64_t id;
    ck_assert_int_eq(
        add("{\"kind\":\"no_sign\",\"count\":2,\"skip\":1,\"api\":\"orderquery\"}", &id), 0);
    ck_assert_int_eq(happens(FAULT_DOOR_API, "unifiedorder", "A"), FAULT_NONE);
    ck_assert_int_eq(happens(FAULT_DOOR_NOTIFICATION, "payment", "A"), FAULT_NONE);
    ck_assert_int_eq(happens(FAULT_DOOR_API, "orderquery", "A"), FAULT_NONE); /* passes */
    ck_assert_int_eq(happens(FAULT_DOOR_API, "orderquery", "A"), FAULT_NO_SIGN);
    ck_assert_int_eq(faults_at(account, 0)->left, 1);
    ck_assert_int_eq(happens(FAULT_DOOR_API, "orderquery", "B"), FAULT_NO_SIGN);
    ck_assert_uint_eq(faults_count(account), 0);
    ck_assert_int_eq(happens(FAULT_DOOR_API, "orderquery", "B"), FAULT_NONE);
    ck_assert_int_eq(fault_delete(engine.store, id), ERR_NOT_FOUND); /* nor in the store */
}
END_TEST

START_TEST(the_first_one_ordered_happens_first_and_a_passing_one_lets_the_next_happen)
{
    int64_t id;
    ck_assert_int_eq(add("{\"kind\":\"no_sign\",\"skip\":1,\"out_trade_no\":\"A\"}", &id), 0);
    ck_assert_int_eq(add("{\"kind\":\"cut_after\",\"count\":0}", &id), 0);
    ck_assert_int_eq(happens(FAULT_DOOR_API, "orderquery", "B"), FAULT_CUT_AFTER);
    ck_assert_int_eq(happens(FAULT_DOOR_API, "orderquery", "A"), FAULT_CUT_AFTER);
    ck_assert_int_eq(happens(FAULT_DOOR_API, "orderquery", "A"), FAULT_NO_SIGN);
    ck_assert_int_eq(happens(FAULT_DOOR_API, "closeorder", "A"), FAULT_CUT_AFTER);
    ck_assert_int_eq(faults_remove(engine.accounts, account, id), 0);
    ck_assert_int_eq(faults_remove(engine.accounts, account, id), ERR_NOT_FOUND);
    ck_assert_int_eq(happens(FAULT_DOOR_API, "closeorder", "A"), FAULT_NONE);
}
END_TEST

START_TEST(before_answer_happens_to_the_order_and_not_to_a_delivery)
{
    int64_t id;
    ck_assert_int_eq(add("{\"door\":\"notification\",\"kind\":\"before_answer\"}", &id), 0);
    ck_assert_int_eq(add("{\"door\":\"notification\",\"kind\":\"wrong_sign\"}", &id), 0);
    ck_assert_int_eq(happens(FAULT_DOOR_NOTIFICATION, "payment", "A"), FAULT_WRONG_SIGN);
    ck_assert_int_eq(happens(FAULT_DOOR_NOTIFICATION, "payment", "A"), FAULT_NONE);
    ck_assert_int_eq(happens(FAULT_DOOR_NOTIFICATION, "unifiedorder", "A"), FAULT_BEFORE_ANSWER);
    ck_assert_int_eq(happens(FAULT_DOOR_NOTIFICATION, "unifiedorder", "A"), FAULT_NONE);
}
END_TEST

START_TEST(a_fault_in_use_outlives_its_count_its_list_and_its_account)
{
    int64_t id;
    struct account *made;
    struct account_spec empty = {};
    ck_assert_int_eq(accounts_add(engine.accounts, &empty, &made), 0);
    account = made;
    ck_assert_int_eq(add("{\"kind\":\"raw\",\"body\":\"last words\"}", &id), 0);
    ck_assert_int_eq(add("{\"kind\":\"raw\",\"body\":\"more\",\"count\":0}", &id), 0);
    struct fault *last = take(FAULT_DOOR_API, "orderquery", "A");
    struct fault *more = take(FAULT_DOOR_API, "orderquery", "A");
    ck_assert_int_eq(faults_clear(engine.accounts, made), 0);
    ck_assert_int_eq(accounts_remove(engine.accounts, made), 0);
    ck_assert(view_is(last->body, "last words"));
    ck_assert(view_is(more->body, "more"));
    faults_done(NULL, last);
    faults_done(NULL, more);
}
END_TEST

START_TEST(an_account_has_room_for_so_many_faults_and_edits)
{
    struct buf json = BUF_INIT(4096);
    int64_t id;
    for (int i = 0; i < FAULTS_MAX; i++)
        ck_assert_int_eq(add("{\"kind\":\"no_sign\"}", &id), 0);
    ck_assert_int_eq(add("{\"kind\":\"no_sign\"}", &id), ERR_LIMIT);
    ck_assert_int_eq(faults_clear(engine.accounts, account), 0);
    ck_assert_int_eq(buf_str(&json, "{\"kind\":\"alter\",\"drop\":["), 0);
    for (int i = 0; i <= FAULT_EDITS_MAX; i++)
        ck_assert_int_eq(buf_fmt(&json, "%s\"f%d\"", i ? "," : "", i), 0);
    ck_assert_int_eq(buf_str(&json, "]}"), 0);
    ck_assert_int_eq(add(buf_cstr(&json), &id), ERR_SYNTAX);
    ck_assert_str_eq(error.where, "/drop/32");
    buf_release(&json);
}
END_TEST

START_TEST(without_memory_no_fault_is_ordered)
{
    bool refused = true;
    for (int64_t n = 1; refused; n++) {
        int64_t id;
        mem_fail_at(n);
        int err = add("{\"kind\":\"alter\",\"set\":{\"a\":\"b\"}}", &id);
        refused = mem_refused();
        mem_fail_at(0);
        ck_assert_int_eq(err, refused ? ERR_NOMEM : 0);
        ck_assert_uint_eq(faults_count(account), refused ? 0 : 1);
        ck_assert_int_lt(n, 100);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fault");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_loop_test(all, a_wrong_fault_is_refused_at_its_place, 0, COUNT(wrong));
    tcase_add_test(all, a_fault_is_read_whole);
    tcase_add_test(all, a_fault_is_described_as_it_was_ordered_and_where_it_happens);
    tcase_add_test(all, a_fault_happens_as_often_as_ordered_after_those_it_lets_pass);
    tcase_add_test(all, the_first_one_ordered_happens_first_and_a_passing_one_lets_the_next_happen);
    tcase_add_test(all, before_answer_happens_to_the_order_and_not_to_a_delivery);
    tcase_add_test(all, a_fault_in_use_outlives_its_count_its_list_and_its_account);
    tcase_add_test(all, an_account_has_room_for_so_many_faults_and_edits);
    tcase_add_test(all, without_memory_no_fault_is_ordered);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
