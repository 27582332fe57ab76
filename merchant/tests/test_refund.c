/*
 * Money that goes back, over API V3: each experiment is green on the right shop, and red on the
 * mutants it names.
 */
#include "base/mem.h"
#include "mutants/mutant.h"
#include "tests/bench_v3.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct bench bench;
static char dir[] = "/tmp/wxpay-refund-XXXXXX", path[64];

/* --- small words ------------------------------------------------------------------------------- */

static struct made paid(const char *sku)
{
    struct made made = {};
    char body[64];
    snprintf(body, sizeof(body), "{\"sku\":\"%s\"}", sku);
    bench_call(&bench, "POST", "/orders", body);
    snprintf(made.id, sizeof(made.id), "%s", bench_text("id"));
    snprintf(made.number, sizeof(made.number), "%s", bench_text("out_trade_no"));
    struct notice_v3 notice = {};
    ck_assert_int_eq(bench_v3_notify(&bench, made.number, &notice), 204);
    bench_advance(&bench, 0);
    return made;
}

/* Status of the answer. @fen 0: all that is left. */
static int wish(const struct made *made, int64_t fen)
{
    char door[96], body[64] = "";
    snprintf(door, sizeof(door), "/orders/%s/refund", made->id);
    if (fen)
        snprintf(body, sizeof(body), "{\"amount_fen\":%lld}", (long long)fen);
    return bench_call(&bench, "POST", door, body)->status;
}

static void refresh(const struct made *made)
{
    char door[96];
    snprintf(door, sizeof(door), "/orders/%s/refresh", made->id);
    bench_call(&bench, "POST", door, NULL);
}

static bool is(const struct made *made, const char *status)
{
    return strcmp(bench_status(&bench, made), status) == 0;
}

/* "success" … of the order's newest refund. */
static bool refund_is(const struct made *made, const char *state)
{
    bench_status(&bench, made);
    const json_t *all = json_object_get(bench_json(), "refunds");
    const json_t *last = json_array_get(all, json_array_size(all) - 1);
    const char *said = json_string_value(json_object_get(last, "status"));
    return said && strcmp(said, state) == 0;
}

static bool alarmed(const struct made *made, const char *kind)
{
    bench_status(&bench, made);
    size_t i;
    const json_t *alarm;
    json_array_foreach(json_object_get(bench_json(), "alarms"), i, alarm)
    {
        if (strcmp(json_string_value(json_object_get(alarm, "kind")), kind) == 0)
            return true;
    }
    return false;
}

static size_t calls(void)
{
    return bench.v3->seen[DOOR_REFUND];
}

/* What the platform was asked for first. */
static const struct asked_refund *asked(size_t at)
{
    ck_assert_uint_lt(at, bench.v3->refunds);
    return &bench.v3->refund[at];
}

static int notify(const struct made *made, const char *state, struct notice_v3 notice)
{
    notice.refund = asked(bench.v3->refunds - 1)->number;
    notice.refund_status = state;
    return bench_v3_notify(&bench, made->number, &notice);
}

/* The wish of the whole amount, accepted over there. */
static struct made accepted(void)
{
    struct made made = paid("pen");
    ck_assert_int_eq(wish(&made, 0), 202);
    bench_advance(&bench, 0);
    return made;
}

/* --- experiments -------------------------------------------------------------------------------- */

static bool accepted_is_not_back(void)
{
    struct made made = accepted();
    bool waits = is(&made, "shipped") && refund_is(&made, "processing");
    bool told = notify(&made, "SUCCESS", (struct notice_v3){}) == 204 && is(&made, "refunded");
    bool again = notify(&made, "SUCCESS", (struct notice_v3){}) == 204 && is(&made, "refunded");
    return waits && told && again && calls() == 1;
}

static bool found_without_a_notification(void)
{
    struct made made = accepted();
    bench.v3->refund_status = "SUCCESS";
    bench_advance(&bench, 61);
    return is(&made, "refunded") && calls() == 1;
}

static bool found_by_a_refresh(void)
{
    struct made made = accepted();
    bench.v3->refund_status = "SUCCESS";
    bench_advance(&bench, 2);
    refresh(&made);
    return strcmp(bench_text("status"), "refunded") == 0;
}

/* Parts add up; what is asked for says the order's total and where to tell. */
static bool parts(void)
{
    struct made made = paid("pen");
    bool first = wish(&made, 30) == 202;
    bench_advance(&bench, 0);
    first = first && notify(&made, "SUCCESS", (struct notice_v3){}) == 204 && is(&made, "shipped");
    bool second = wish(&made, 0) == 202; /* the rest, a minute later */
    bench_advance(&bench, 0);
    bool apart = calls() == 1;
    bench_advance(&bench, 60);
    second = second && calls() == 2 && notify(&made, "SUCCESS", (struct notice_v3){}) == 204 &&
             is(&made, "refunded");
    return first && second && apart && asked(0)->fen == 30 && asked(0)->total_fen == 110 &&
           asked(0)->with_url && asked(1)->fen == 80 && asked(1)->total_fen == 110;
}

/* Each a minute after the one before it, whenever that one was wished for. */
static bool three_parts(void)
{
    struct made made = paid("pen");
    bool taken = wish(&made, 30) == 202;
    bench_advance(&bench, 1);
    taken = taken && wish(&made, 40) == 202;
    bench_advance(&bench, 60);
    bool second = calls() == 2;
    taken = taken && wish(&made, 20) == 202;
    bench_advance(&bench, 30);
    bool apart = calls() == 2;
    bench_advance(&bench, 31);
    return taken && second && apart && calls() == 3;
}

/* What waits for its minute waits on, whoever asks and whatever is started anew. */
static bool pause_holds(const struct made *made, size_t before)
{
    for (int i = 0; i < 3; i++) {
        refresh(made);
        bench_advance(&bench, 2);
    }
    bool refreshed = calls() == before;
    bench_restart(&bench);
    bench_advance(&bench, 2);
    bool restarted = calls() == before;
    bench_advance(&bench, 61);
    return refreshed && restarted && calls() == before + 1;
}

static bool a_limit_holds(void)
{
    struct made made = paid("pen");
    bench_v3_plan(&bench, DOOR_REFUND,
                  (struct fake_v3){ .kind = V3_STATUS,
                                    .status = 429,
                                    .name = "{\"code\":\"FREQUENCY_LIMITED\"}" });
    bool taken = wish(&made, 0) == 202;
    bench_advance(&bench, 0);
    return taken && pause_holds(&made, 1);
}

static bool a_queue_holds(void)
{
    struct made made = paid("pen");
    bool taken = wish(&made, 30) == 202 && wish(&made, 40) == 202;
    bench_advance(&bench, 0);
    return taken && pause_holds(&made, 1);
}

static bool at_once(void)
{
    struct made made = paid("pen");
    struct got got[4];
    char door[96];
    snprintf(door, sizeof(door), "/orders/%s/refund", made.id);
    static const char *const bodies[] = { "{\"amount_fen\":70}", "{\"amount_fen\":70}",
                                          "{\"amount_fen\":69}", "{\"amount_fen\":111}" };
    int statuses[4] = {};
    for (size_t i = 0; i < COUNT(got); i++)
        bench_knock(&bench, &got[i], "POST", door, view_str(bodies[i]));
    for (size_t i = 0; i < COUNT(got); i++) {
        bench_wait(&bench, &got[i]);
        statuses[i] = got[i].status;
        bench_forget(&got[i]);
    }
    int won = 0;
    for (size_t i = 0; i < COUNT(got); i++)
        won += statuses[i] == 202;
    bench_advance(&bench, 61);
    return won == 1 && statuses[3] == 409 && calls() == 1;
}

/* Lost on the way there, then busy, then limited: one number. */
static bool one_number(void)
{
    struct made made = paid("pen");
    bench.v3->refund_lost = true;
    bench_v3_plan(&bench, DOOR_REFUND, (struct fake_v3){ .kind = V3_CUT });
    bench_v3_plan(&bench, DOOR_REFUND,
                  (struct fake_v3){ .kind = V3_STATUS, .status = 500, .name = "{}" });
    bench_v3_plan(&bench, DOOR_REFUND,
                  (struct fake_v3){ .kind = V3_STATUS,
                                    .status = 429,
                                    .name = "{\"code\":\"FREQUENCY_LIMITED\"}" });
    bool taken = wish(&made, 0) == 202;
    bench_advance(&bench, 30);
    bool queried = bench.v3->seen[DOOR_REFUND_QUERY] >= 2 && calls() == 3;
    bench_advance(&bench, 20);
    bool paused = calls() == 3;
    bench.v3->refund_lost = false;
    bench_advance(&bench, 120);
    bool same = calls() == 4;
    for (size_t i = 1; i < bench.v3->refunds; i++)
        same = same && strcmp(asked(i)->number, asked(0)->number) == 0;
    return taken && queried && paused && same &&
           notify(&made, "SUCCESS", (struct notice_v3){}) == 204 && is(&made, "refunded");
}

/* It came there, only the answer was lost: it is not asked for again. */
static bool a_lost_answer(void)
{
    struct made made = paid("pen");
    bench_v3_plan(&bench, DOOR_REFUND, (struct fake_v3){ .kind = V3_CUT });
    bool taken = wish(&made, 0) == 202;
    bench_advance(&bench, 10);
    return taken && calls() == 1 && refund_is(&made, "processing");
}

static bool a_forged_answer(void)
{
    struct made made = paid("pen");
    bench_v3_plan(&bench, DOOR_REFUND, (struct fake_v3){ .kind = V3_FORGED });
    bool taken = wish(&made, 0) == 202;
    bench_advance(&bench, 0);
    return taken && refund_is(&made, "asking");
}

static bool a_definite_no(void)
{
    struct made made = paid("pen");
    bench_v3_plan(&bench, DOOR_REFUND,
                  (struct fake_v3){ .kind = V3_STATUS,
                                    .status = 403,
                                    .name = "{\"code\":\"USER_ACCOUNT_ABNORMAL\"}" });
    bool taken = wish(&made, 0) == 202;
    bench_advance(&bench, 3600);
    return taken && calls() == 1 && refund_is(&made, "refused") &&
           alarmed(&made, "refund-refused") && is(&made, "shipped");
}

static bool an_empty_account(void)
{
    struct made made = paid("pen");
    bench.v3->refund_lost = true;
    bench_v3_plan(
        &bench, DOOR_REFUND,
        (struct fake_v3){ .kind = V3_STATUS, .status = 403, .name = "{\"code\":\"NOT_ENOUGH\"}" });
    bool taken = wish(&made, 0) == 202;
    bench_advance(&bench, 300);
    bool waits = calls() == 1 && refund_is(&made, "asking") && alarmed(&made, "refund-not-enough");
    bench.v3->refund_lost = false;
    bench_advance(&bench, 400);
    return taken && waits && calls() == 2 && strcmp(asked(0)->number, asked(1)->number) == 0;
}

static bool closed_over_there(void)
{
    struct made made = accepted();
    bool told = notify(&made, "CLOSED", (struct notice_v3){ .event = "REFUND.CLOSED" }) == 204;
    bool kept =
        is(&made, "shipped") && refund_is(&made, "closed") && alarmed(&made, "refund-closed");
    bool again = wish(&made, 0) == 202;
    bench_advance(&bench, 61);
    return told && kept && again && calls() == 2 && strcmp(asked(0)->number, asked(1)->number) != 0;
}

static bool abnormal_then_back(void)
{
    struct made made = accepted();
    bool told = notify(&made, "ABNORMAL", (struct notice_v3){ .event = "REFUND.ABNORMAL" }) == 204;
    bool waits = is(&made, "shipped") && refund_is(&made, "abnormal") &&
                 alarmed(&made, "refund-abnormal") && wish(&made, 0) == 409;
    bool back = notify(&made, "SUCCESS", (struct notice_v3){}) == 204 && is(&made, "refunded");
    bool late = notify(&made, "ABNORMAL", (struct notice_v3){}) == 204 && is(&made, "refunded");
    return told && waits && back && late && calls() == 1;
}

#define SPOILED(name, ...)                                                                         \
    static bool name(void)                                                                         \
    {                                                                                              \
        struct made made = accepted();                                                             \
        int status = notify(&made, "SUCCESS", (struct notice_v3){ __VA_ARGS__ });                  \
        return status >= 400 && is(&made, "shipped") && refund_is(&made, "processing") &&          \
               notify(&made, "SUCCESS", (struct notice_v3){}) == 204 && is(&made, "refunded");     \
    }
SPOILED(notice_forged, .fake.kind = V3_FORGED)
SPOILED(notice_unsigned, .fake.kind = V3_UNSIGNED)
SPOILED(notice_bad_tag, .bad_tag = true)
SPOILED(notice_bad_secret, .bad_secret = true)
SPOILED(notice_other_fen, .fake = { V3_ALTERED, "amount.refund", "1", 0 })
SPOILED(notice_other_total, .fake = { V3_ALTERED, "amount.total", "111", 0 })
SPOILED(notice_other_number, .fake = { V3_ALTERED, "out_refund_no", "\"R1\"", 0 })
SPOILED(notice_other_order, .fake = { V3_ALTERED, "out_trade_no", "\"T1\"", 0 })
SPOILED(notice_other_mchid, .fake = { V3_ALTERED, "mchid", "\"1900000110\"", 0 })
SPOILED(notice_text_amount, .fake = { V3_ALTERED, "amount.refund", "\"110\"", 0 })
SPOILED(notice_new_word, .fake = { V3_ALTERED, "refund_status", "\"BACK\"", 0 })
SPOILED(notice_no_word, .fake = { V3_ALTERED, "refund_status", NULL, 0 })

/* Of a refund's answer nothing is read as refund_status, of a notification nothing as status. */
static bool both_words(void)
{
    struct made made = accepted();
    bench_v3_plan(&bench, DOOR_REFUND_QUERY,
                  (struct fake_v3){ V3_ALTERED, "refund_status", "\"SUCCESS\"", 0 });
    bench_advance(&bench, 61);
    bool asked_right = is(&made, "shipped");
    struct notice_v3 notice = { .fake = { V3_ALTERED, "status", "\"SUCCESS\"", 0 } };
    bool told_right = notify(&made, "ABNORMAL", notice) == 204 && refund_is(&made, "abnormal");
    return asked_right && told_right;
}

static bool events_of_others(void)
{
    struct made made = accepted();
    return notify(&made, "SUCCESS", (struct notice_v3){ .event = "PROFITSHARING" }) == 204 &&
           refund_is(&made, "processing") &&
           notify(&made, "SUCCESS", (struct notice_v3){ .type = "transaction" }) == 204 &&
           refund_is(&made, "processing");
}

static bool over_a_restart(void)
{
    struct made made = paid("pen");
    bench_v3_plan(&bench, DOOR_REFUND, (struct fake_v3){ .kind = V3_CUT });
    bool taken = wish(&made, 0) == 202;
    bench_advance(&bench, 0);
    bench_restart(&bench);
    bench_advance(&bench, 2);
    return taken && calls() == 1 && refund_is(&made, "processing") &&
           notify(&made, "SUCCESS", (struct notice_v3){}) == 204 && is(&made, "refunded");
}

static bool bad_wishes(void)
{
    static const char *const bodies[] = { "{\"amount_fen\":0}",   "{\"amount_fen\":-1}",
                                          "{\"amount_fen\":1.5}", "{\"amount_fen\":\"1\"}",
                                          "{\"fen\":1}",          "[]",
                                          "{\"amount_fen\":1",    "{\"amount_fen\":null}" };
    struct made made = paid("pen");
    char door[96];
    snprintf(door, sizeof(door), "/orders/%s/refund", made.id);
    for (size_t i = 0; i < COUNT(bodies); i++) {
        if (bench_call(&bench, "POST", door, bodies[i])->status != 400)
            return false;
    }
    struct made open = bench_order(&bench);
    bool unpaid = wish(&open, 0) == 409, much = wish(&made, 111) == 409;
    bench_advance(&bench, 61);
    return unpaid && much && calls() == 0;
}

static bool strangers(void)
{
    struct made made = paid("pen");
    bench.no_staff = true;
    bool refused = wish(&made, 0) == 401;
    bench_advance(&bench, 61);
    return refused && calls() == 0;
}

/* clang-format off */
static const struct experiment {
    const char *name;
    bool (*behaves)(void);
    const char *caught[4];
} experiments[] = {
#define E(function, ...) { #function, function, { __VA_ARGS__ } }
    E(accepted_is_not_back, "v3-refund-accepted-is-done", "v3-refund-notice-status"),
    E(found_without_a_notification, "v3-refund-never-asked", "v3-refund-query-refund-status"),
    E(found_by_a_refresh, "v3-refund-query-refund-status"),
    E(parts, "v3-refund-total-is-part", "v3-refund-no-notify-url"),
    E(at_once, "v3-refund-sum-unchecked", "v3-refund-sum-of-ended"),
    E(one_number, "v3-refund-new-number", "v3-refund-new-number-at-limit", "v3-refund-tight"),
    E(a_lost_answer, "v3-refund-new-number"),
    E(a_forged_answer, NULL),
    E(a_definite_no, NULL),
    E(three_parts, NULL),
    E(a_limit_holds, NULL),
    E(a_queue_holds, NULL),
    E(an_empty_account, NULL),
    E(closed_over_there, "v3-refund-closed-is-done", "v3-refund-closed-same-number"),
    E(abnormal_then_back, "v3-refund-abnormal-is-done"),
    E(notice_forged, "v3-notify-unverified"),
    E(notice_unsigned, "v3-notify-unverified", "v3-refund-unverified"),
    E(notice_bad_tag, NULL),
    E(notice_bad_secret, NULL),
    E(notice_other_fen, "v3-refund-unmatched"),
    E(notice_other_total, "v3-refund-unmatched"),
    E(notice_other_number, NULL),
    E(notice_other_order, "v3-refund-unmatched"),
    E(notice_other_mchid, NULL),
    E(notice_text_amount, NULL),
    E(notice_new_word, NULL),
    E(notice_no_word, NULL),
    E(both_words, "v3-refund-notice-status", "v3-refund-query-refund-status"),
    E(events_of_others, NULL),
    E(over_a_restart, NULL),
    E(bad_wishes, "v3-refund-sum-unchecked"),
    E(strangers, "refund-without-staff"),
};
/* clang-format on */

/* Each on its own ledger file, so that a restart finds it. */
static bool try(const struct experiment *experiment, const struct steps *steps)
{
    memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/ledger.db", dir);
    bench_v3_open_at(&bench, path, steps);
    bool ok = experiment->behaves();
    bench_v3_close(&bench);
    unlink(path);
    ck_assert_int_eq(rmdir(dir), 0);
    return ok;
}

START_TEST(the_right_shop_passes_and_the_mutants_do_not)
{
    const struct experiment *experiment = &experiments[_i];
    ck_assert_msg(try(experiment, NULL), "%s: the right shop failed", experiment->name);
    for (size_t i = 0; i < COUNT(experiment->caught) && experiment->caught[i]; i++) {
        const struct mutant *mutant = mutant_find(experiment->caught[i]);
        ck_assert_msg(mutant != NULL, "no mutant %s", experiment->caught[i]);
        struct steps steps = mutant_steps(mutant);
        ck_assert_msg(!try(experiment, &steps), "%s: %s is tame", experiment->name, mutant->name);
    }
}
END_TEST

START_TEST(every_move_of_a_refund_is_written)
{
    static const bool moves[REFUND_STATES][REFUND_STATES] = {
        /* asking, processing, success, abnormal, closed, refused */
        { 0, 1, 1, 1, 1, 1 }, { 0, 0, 1, 1, 1, 0 }, { 0, 0, 0, 0, 0, 0 },
        { 0, 0, 1, 0, 0, 0 }, { 0, 0, 1, 0, 0, 0 }, { 0, 0, 1, 0, 0, 0 },
    };
    for (size_t from = 0; from < REFUND_STATES; from++) {
        for (size_t to = 0; to < REFUND_STATES; to++)
            ck_assert_msg(refund_may((enum refund_state)from, (enum refund_state)to) ==
                              moves[from][to],
                          "%zu to %zu", from, to);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("merchant refund");
    TCase *tcase = tcase_create("refund");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, every_move_of_a_refund_is_written);
    tcase_add_loop_test(tcase, the_right_shop_passes_and_the_mutants_do_not, 0,
                        (int)COUNT(experiments));
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK); /* a leak check per fork costs half a second */
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
