/* Orders of several merchants, paid by one payment, at the door — V3 4.7 */
#include "door_v3.h"

#include "base/err.h"
#include "engine/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define COMBINE "/v3/combine-transactions/"
#define OTHER   "1999000077"

static struct door door;
static char folder[64]; /* "": in memory */

/* A merchant that keeps what it is told, and says yes. */
static struct {
    struct http_server *server;
    struct buf body;
    size_t count;
    bool stopped;
} merchant;

static struct account *us(void)
{
    return door_account(&door);
}

static struct account *them(void)
{
    return accounts_find(door.sandbox.accounts, VIEW(OTHER));
}

static void on_notification(struct http_call *call, void *)
{
    merchant.count++;
    buf_clear(&merchant.body);
    ck_assert_int_eq(buf_view_add(&merchant.body, http_call_request(call)->body), 0);
    http_call_reply(call, 204, NULL, 0, (struct view){});
}

/* Signs with the same published key under a serial of its own. */
static void make_other(void)
{
    struct account_spec spec = { .mch_id = VIEW(OTHER),
                                 .appid_count = 1,
                                 .appid = { VIEW(DEFAULT_APPID) } };
    struct account *made;
    struct v3_private *key;
    struct buf pem = BUF_INIT(V3_PEM_MAX);
    FILE *file = fopen(FIXTURES_DIR "/keys/merchant_key.pem", "r");
    for (int c; (c = fgetc(file)) != EOF;)
        ck_assert_int_eq(buf_byte(&pem, (char)c), 0);
    fclose(file);
    ck_assert_int_eq(turn_open(door.sandbox.turn), 0);
    ck_assert_int_eq(accounts_add(door.sandbox.accounts, &spec, &made), 0);
    ck_assert_int_eq(v3_private_read(&key, buf_view(&pem)), 0);
    ck_assert_int_eq(account_make_keys(door.sandbox.accounts, made, key), 0);
    buf_release(&pem);
}

static void listen_to_us(void)
{
    us()->origin_count = 1;
    snprintf(us()->origin[0].announced, ORIGIN_MAX, "https://merchant.example");
    snprintf(us()->origin[0].real, ORIGIN_MAX, "http://127.0.0.1:%u",
             http_server_port(merchant.server));
    vclock_freeze(&us()->clock, account_now_ms(us()));
}

static void open_all(const char *data_dir)
{
    struct http_server_options options = { .on_call = on_notification };
    door_open(&door, data_dir);
    memset(&merchant, 0, sizeof(merchant));
    merchant.body = BUF_INIT(1 << 16);
    ck_assert_int_eq(http_server_start(&merchant.server, &door.loop, &options), 0);
    listen_to_us();
}

static void setup(void)
{
    open_all(NULL);
    make_other();
}

static void on_stopped(void *)
{
    merchant.stopped = true;
}

static void teardown(void)
{
    http_server_stop(merchant.server, on_stopped);
    door_until(&door, &merchant.stopped);
    buf_release(&merchant.body);
    door_close(&door);
}

static void setup_folder(void)
{
    snprintf(folder, sizeof(folder), "/tmp/combineXXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    open_all(folder);
    make_other();
}

static void teardown_folder(void)
{
    char command[128];
    teardown();
    for (const char *const *end = (const char *const[]){ "", "-wal", "-shm", NULL }; *end; end++) {
        snprintf(command, sizeof(command), "%s/sandbox.db%s", folder, *end);
        unlink(command);
    }
    rmdir(folder);
}

/* ---- calls ------------------------------------------------------------------------------------ */

#define PART(mchid, number, fen)                                                                   \
    "{\"mchid\":\"" mchid "\",\"attach\":\"a-" number "\",\"amount\":{\"total_amount\":" fen       \
    ",\"currency\":\"CNY\"},\"out_trade_no\":\"" number "\",\"description\":\"测试商品\"}"
#define TWO_PARTS PART(DEFAULT_MCH_ID, "part-one", "88") "," PART(OTHER, "part-two", "12")

static const char *body_of(const char *number, const char *parts, const char *more)
{
    static char body[65536];
    int len = snprintf(body, sizeof(body),
                       "{\"combine_appid\":\"" DEFAULT_APPID
                       "\",\"combine_mchid\":\"" DEFAULT_MCH_ID "\",\"combine_out_trade_no\":\"%s\""
                       ",\"notify_url\":\"https://merchant.example/combine\","
                       "\"scene_info\":{\"payer_client_ip\":\"1.2.3.4\",\"device_id\":\"D1\"},"
                       "\"sub_orders\":[%s]%s}",
                       number, parts, more ? more : "");
    ck_assert_int_lt(len, (int)sizeof(body));
    return body;
}

static void post(const char *path, const char *body, struct v3_answer *out)
{
    char target[128];
    snprintf(target, sizeof(target), COMBINE "%s", path);
    v3_send(&door, &(struct v3_send){ .method = "POST", .target = target, .body = body }, out);
}

static void get(const char *target, struct v3_answer *out)
{
    v3_send(&door, &(struct v3_send){ .method = "GET", .target = target }, out);
}

static void look(struct v3_answer *out)
{
    get(COMBINE "out-trade-no/combined-1", out);
    ck_assert_msg(out->status == 200, "%d %s", out->status, buf_cstr(&out->body));
    ck_assert(v3_answer_holds(out));
}

static void expect(struct v3_answer *answer, int status, const char *code, const char *message)
{
    ck_assert_msg(answer->status == status, "%d %s", answer->status, buf_cstr(&answer->body));
    ck_assert(v3_answer_holds(answer));
    ck_assert_str_eq(v3_text(answer, "code"), code);
    if (message)
        ck_assert_str_eq(v3_text(answer, "message"), message);
    v3_answer_release(answer);
}

static void combine(char code_url[CODE_URL_MAX + 1])
{
    struct v3_answer answer;
    post("native", body_of("combined-1", TWO_PARTS, NULL), &answer);
    ck_assert_msg(answer.status == 200, "%d %s", answer.status, buf_cstr(&answer.body));
    ck_assert(v3_answer_holds(&answer));
    ck_assert_int_eq(view_copy(view_str(v3_text(&answer, "code_url")), code_url, CODE_URL_MAX + 1),
                     0);
    v3_answer_release(&answer);
}

static enum trade_state state_of(const struct account *account, const char *number)
{
    struct order_row order;
    ck_assert_int_eq(order_get_by_number(door.sandbox.store, account->id, view_str(number), &order),
                     0);
    enum trade_state state = order.state;
    order_row_release(&order);
    return state;
}

static void expect_states(enum trade_state state)
{
    struct v3_answer answer;
    ck_assert_int_eq(state_of(us(), "part-one"), state);
    ck_assert_int_eq(state_of(them(), "part-two"), state);
    look(&answer);
    ck_assert_str_eq(v3_text(&answer, "sub_orders/0/trade_state"), trade_state_name(state));
    ck_assert_str_eq(v3_text(&answer, "sub_orders/1/trade_state"), trade_state_name(state));
    v3_answer_release(&answer);
}

/* Until @count notifications have come. */
static void until_told(size_t count)
{
    for (int turn = 0; turn < 20000 && merchant.count < count; turn++)
        uv_run(&door.loop, UV_RUN_NOWAIT);
    ck_assert_uint_eq(merchant.count, count);
}

/* ---- the story -------------------------------------------------------------------------------- */

START_TEST(one_payment_pays_the_orders_of_two_merchants)
{
    char code_url[CODE_URL_MAX + 1], transaction_id[2][40];
    struct v3_answer answer;
    combine(code_url);
    look(&answer);
    ck_assert_str_eq(v3_text(&answer, "combine_appid"), DEFAULT_APPID);
    ck_assert_str_eq(v3_text(&answer, "combine_mchid"), DEFAULT_MCH_ID);
    ck_assert_str_eq(v3_text(&answer, "combine_out_trade_no"), "combined-1");
    ck_assert_str_eq(v3_text(&answer, "scene_info/device_id"), "D1");
    ck_assert_str_eq(v3_text(&answer, "sub_orders/0/mchid"), DEFAULT_MCH_ID);
    ck_assert_str_eq(v3_text(&answer, "sub_orders/0/attach"), "a-part-one");
    ck_assert_str_eq(v3_text(&answer, "sub_orders/1/mchid"), OTHER);
    ck_assert_str_eq(v3_text(&answer, "sub_orders/1/trade_state"), "NOTPAY");
    ck_assert_int_eq(v3_int(&answer, "sub_orders/1/amount/total_amount"), 12);
    ck_assert_str_eq(v3_text(&answer, "sub_orders/1/transaction_id"), "");
    ck_assert_str_eq(v3_text(&answer, "combine_transaction_id"), "");
    v3_answer_release(&answer);

    ck_assert_int_eq(door_pay(&door, code_url, NULL), PHONE_DONE);
    ck_assert_int_eq(door_pay(&door, code_url, NULL), PHONE_PAID);
    expect_states(TRADE_SUCCESS);
    look(&answer);
    for (int i = 0; i < 2; i++) {
        char path[64];
        snprintf(path, sizeof(path), "sub_orders/%d/transaction_id", i);
        snprintf(transaction_id[i], sizeof(transaction_id[i]), "%s", v3_text(&answer, path));
        ck_assert_uint_eq(strlen(transaction_id[i]), 28);
        snprintf(path, sizeof(path), "sub_orders/%d/success_time", i);
        ck_assert_uint_eq(strlen(v3_text(&answer, path)), 29); /* with .SSS */
        ck_assert_int_eq(v3_text(&answer, path)[19], '.');
    }
    ck_assert_str_ne(transaction_id[0], transaction_id[1]);
    ck_assert_str_ne(v3_text(&answer, "combine_transaction_id"), transaction_id[0]);
    ck_assert_uint_eq(strlen(v3_text(&answer, "combine_transaction_id")), 28);
    ck_assert_str_eq(v3_text(&answer, "sub_orders/1/trade_type"), "NATIVE");
    ck_assert_str_eq(v3_text(&answer, "sub_orders/1/bank_type"), "OTHERS");
    ck_assert_int_eq(v3_int(&answer, "sub_orders/1/amount/payer_amount"), 12);
    ck_assert_uint_eq(strlen(v3_text(&answer, "combine_payer_info/openid")), 28);

    until_told(1);
    json_t *told = json_loads(buf_cstr(&merchant.body), 0, NULL);
    ck_assert_str_eq(json_string_value(json_object_get(told, "event_type")), "TRANSACTION.SUCCESS");
    json_t *resource = json_object_get(told, "resource");
    ck_assert_str_eq(json_string_value(json_object_get(resource, "original_type")), "transaction");
    json_t *plain = v3_open(resource);
    ck_assert(json_equal(plain, answer.json)); /* the query's fields, all of them */
    json_decref(plain);
    json_decref(told);
    v3_answer_release(&answer);
    for (int turn = 0; turn < 200; turn++)
        uv_run(&door.loop, UV_RUN_NOWAIT);
    ck_assert_uint_eq(merchant.count, 1); /* one, not one for each */
}
END_TEST

START_TEST(what_is_combined_is_neither_queried_nor_closed_nor_ordered_alone)
{
    char code_url[CODE_URL_MAX + 1];
    struct v3_answer answer;
    combine(code_url);
    get("/v3/pay/transactions/out-trade-no/part-one?mchid=" DEFAULT_MCH_ID, &answer);
    expect(&answer, 400, "INVALID_REQUEST", "合单支付的子单，请使用合单接口");
    v3_send(&door,
            &(struct v3_send){ .method = "POST",
                               .target = "/v3/pay/transactions/out-trade-no/part-one/close",
                               .body = "{\"mchid\":\"" DEFAULT_MCH_ID "\"}" },
            &answer);
    expect(&answer, 400, "INVALID_REQUEST", "合单支付的子单，请使用合单接口");
    v3_send(&door,
            &(struct v3_send){ .method = "POST",
                               .target = "/v3/pay/transactions/native",
                               .body = v3_order_body("part-one", NULL) },
            &answer);
    expect(&answer, 400, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致");
    expect_states(TRADE_NOTPAY);
    ck_assert_int_eq(door_pay(&door, code_url, NULL), PHONE_DONE);
    struct payment_row payment;
    struct order_row order;
    ck_assert_int_eq(order_get_by_number(door.sandbox.store, us()->id, VIEW("part-one"), &order),
                     0);
    ck_assert_int_eq(payment_get(door.sandbox.store, order.id, &payment), 0);
    order_row_release(&order);
    char target[128];
    snprintf(target, sizeof(target), "/v3/pay/transactions/id/%s?mchid=" DEFAULT_MCH_ID,
             payment.transaction_id);
    get(target, &answer);
    expect(&answer, 400, "INVALID_REQUEST", NULL);
    get(COMBINE "out-trade-no/part-one", &answer);
    expect(&answer, 404, "ORDERNOTEXIST", "订单不存在");
}
END_TEST

/* V3 5.3, as for plain orders. */
START_TEST(ordering_again_gives_a_new_code_or_a_reason)
{
    char first[CODE_URL_MAX + 1], second[CODE_URL_MAX + 1];
    struct v3_answer answer;
    combine(first);
    combine(second);
    ck_assert_str_ne(first, second);
    ck_assert_int_eq(door_pay(&door, first, NULL), PHONE_UNKNOWN);
    post("native",
         body_of("combined-1", PART(OTHER, "part-two", "12") "," PART(OTHER, "part-three", "1"),
                 NULL),
         &answer);
    expect(&answer, 400, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致");
    post("app", body_of("combined-1", TWO_PARTS, NULL), &answer);
    expect(&answer, 400, "INVALID_REQUEST", "201 商户订单号重复");
    post("native", body_of("combined-2", TWO_PARTS, NULL), &answer); /* its parts are taken */
    expect(&answer, 400, "INVALID_REQUEST", "201 商户订单号重复");
    get(COMBINE "out-trade-no/combined-2", &answer); /* and nothing of it came into being */
    expect(&answer, 404, "ORDERNOTEXIST", NULL);
    ck_assert_int_eq(door_pay(&door, second, NULL), PHONE_DONE);
    post("native", body_of("combined-1", TWO_PARTS, NULL), &answer);
    expect(&answer, 400, "ORDERPAID", "该订单已支付");
}
END_TEST

START_TEST(a_part_that_cannot_be_made_leaves_no_other)
{
    struct v3_answer answer;
    struct order_row order;
    char code_url[CODE_URL_MAX + 1];
    v3_order(&door, "part-two", NULL, code_url); /* ours, not theirs: no clash */
    post("native",
         body_of("combined-3",
                 PART(OTHER, "fresh-01", "1") "," PART(DEFAULT_MCH_ID, "part-two", "1"), NULL),
         &answer);
    expect(&answer, 400, "INVALID_REQUEST", "201 商户订单号重复");
    ck_assert_int_eq(order_get_by_number(door.sandbox.store, them()->id, VIEW("fresh-01"), &order),
                     ERR_NOT_FOUND);
    combine(code_url); /* with their part-two */
}
END_TEST

#define CLOSE_OF(parts)       "{\"combine_appid\":\"" DEFAULT_APPID "\",\"sub_orders\":[" parts "]}"
#define LISTED(mchid, number) "{\"mchid\":\"" mchid "\",\"out_trade_no\":\"" number "\"}"
#define OURS                  LISTED(DEFAULT_MCH_ID, "part-one")
#define THEIRS                LISTED(OTHER, "part-two")

START_TEST(closing_needs_exactly_the_list_and_closes_all)
{
    static const char *const wrong[] = {
        CLOSE_OF(OURS),
        CLOSE_OF(OURS "," OURS),
        CLOSE_OF(OURS "," THEIRS "," LISTED(OTHER, "part-three")),
        CLOSE_OF(OURS "," LISTED(DEFAULT_MCH_ID, "part-two")),
        "{\"combine_appid\":\"wx0000000000000000\",\"sub_orders\":[" OURS "," THEIRS "]}",
    };
    char code_url[CODE_URL_MAX + 1];
    struct v3_answer answer;
    combine(code_url);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        post("out-trade-no/combined-1/close", wrong[i], &answer);
        expect(&answer, 400, "INVALID_REQUEST", "子单信息与合单下单时不一致");
    }
    expect_states(TRADE_NOTPAY);
    for (int again = 0; again < 2; again++) {
        post("out-trade-no/combined-1/close", CLOSE_OF(THEIRS "," OURS), &answer);
        ck_assert_int_eq(answer.status, 204);
        ck_assert(v3_answer_holds(&answer));
        v3_answer_release(&answer);
        expect_states(TRADE_CLOSED);
    }
    ck_assert_int_eq(door_pay(&door, code_url, NULL), PHONE_CLOSED);
    post("native", body_of("combined-1", TWO_PARTS, NULL), &answer);
    expect(&answer, 400, "ORDER_CLOSED", "该订单已失效");
    post("out-trade-no/nobody-knows/close", CLOSE_OF(OURS "," THEIRS), &answer);
    expect(&answer, 404, "ORDERNOTEXIST", NULL);
}
END_TEST

START_TEST(what_is_paid_is_not_closed)
{
    char code_url[CODE_URL_MAX + 1];
    struct v3_answer answer;
    combine(code_url);
    ck_assert_int_eq(door_pay(&door, code_url, NULL), PHONE_DONE);
    post("out-trade-no/combined-1/close", CLOSE_OF(OURS "," THEIRS), &answer);
    expect(&answer, 400, "ORDERPAID", "订单已支付");
    expect_states(TRADE_SUCCESS);
}
END_TEST

/* By the clock of who combines, although the parts are others' too (V3 5.2). */
START_TEST(time_closes_all_at_once)
{
    char code_url[CODE_URL_MAX + 1];
    combine(code_url);
    vclock_set(&them()->clock, account_now_ms(them()) + 8 * 86400'000LL);
    expect_states(TRADE_NOTPAY);
    vclock_set(&us()->clock, account_now_ms(us()) + AUTO_CLOSE_MS - 1);
    expect_states(TRADE_NOTPAY);
    vclock_set(&us()->clock, account_now_ms(us()) + 1);
    if (_i == 0) { /* whoever looks at a part */
        struct order_row order;
        ck_assert_int_eq(turn_open(door.sandbox.turn), 0);
        ck_assert_ptr_null(
            order_find(&door.sandbox.engine, them(), (struct view){}, VIEW("part-two"), &order));
        ck_assert_int_eq(order.state, TRADE_CLOSED);
        order_row_release(&order);
    } else { /* or the clock itself */
        size_t budget = 10;
        ck_assert_int_eq(turn_open(door.sandbox.turn), 0);
        ck_assert(order_next_due(&door.sandbox.engine, us()) <= account_now_ms(us()));
        ck_assert_int_eq(order_settle_time(&door.sandbox.engine, us(), &budget), 0);
        ck_assert(order_next_due(&door.sandbox.engine, us()) == INT64_MAX);
    }
    ck_assert_int_eq(state_of(us(), "part-one"), TRADE_CLOSED);
    expect_states(TRADE_CLOSED);
    ck_assert_int_eq(door_pay(&door, code_url, NULL), PHONE_CLOSED);
}
END_TEST

START_TEST(a_late_payer_is_sent_away_and_nothing_is_closed)
{
    char code_url[CODE_URL_MAX + 1], more[80], time[CN_TIME_RFC_LEN + 1];
    struct v3_answer answer;
    cn_time_rfc3339(account_now_ms(us()) + 120'000, time);
    snprintf(more, sizeof(more), ",\"time_expire\":\"%s\"", time);
    post("native", body_of("combined-1", TWO_PARTS, more), &answer);
    ck_assert_int_eq(answer.status, 200);
    snprintf(code_url, sizeof(code_url), "%s", v3_text(&answer, "code_url"));
    v3_answer_release(&answer);
    vclock_set(&us()->clock, account_now_ms(us()) + 121'000);
    ck_assert_int_eq(door_pay(&door, code_url, NULL), PHONE_TIME_EXPIRED);
    expect_states(TRADE_NOTPAY);
}
END_TEST

START_TEST(a_failed_payment_pays_nothing)
{
    char code_url[CODE_URL_MAX + 1];
    struct pay_spec spec = { .outcome = PAY_WRONG_PASSWORD };
    combine(code_url);
    ck_assert_int_eq(door_pay(&door, code_url, &spec), PHONE_WRONG_PASSWORD);
    expect_states(TRADE_NOTPAY);
    ck_assert_int_eq(switch_set(&us()->switches, VIEW("wrong_password"), VIEW("PAYERROR")), 0);
    ck_assert_int_eq(door_pay(&door, code_url, &spec), PHONE_WRONG_PASSWORD);
    expect_states(TRADE_PAYERROR);
    ck_assert_int_eq(door_pay(&door, code_url, NULL), PHONE_CLOSED);
}
END_TEST

START_TEST(a_coupon_goes_whole_to_the_first_part_with_room_for_it)
{
    char code_url[CODE_URL_MAX + 1];
    struct pay_spec spec = { .outcome = PAY_PAID, .coupon_count = 2 };
    struct v3_answer answer;
    combine(code_url);
    spec.coupon[0].fee_fen = 80;
    spec.coupon[1].fee_fen = 13;
    ck_assert_int_eq(door_pay(&door, code_url, &spec), PHONE_COUPONS); /* 8 and 12 are left */
    expect_states(TRADE_NOTPAY);
    spec.coupon[1].fee_fen = 12;
    ck_assert_int_eq(door_pay(&door, code_url, &spec), PHONE_DONE);
    look(&answer);
    ck_assert_int_eq(v3_int(&answer, "sub_orders/0/amount/payer_amount"), 8);
    ck_assert_int_eq(v3_int(&answer, "sub_orders/0/promotion_detail/0/amount"), 80);
    ck_assert_int_eq(v3_int(&answer, "sub_orders/1/amount/payer_amount"), 0);
    ck_assert_int_eq(v3_int(&answer, "sub_orders/1/promotion_detail/0/amount"), 12);
    v3_answer_release(&answer);
}
END_TEST

/* V3 4.4, by the merchant of that part alone. */
START_TEST(each_merchant_gives_its_own_part_back)
{
    static const char body[] = "{\"out_trade_no\":\"part-two\",\"out_refund_no\":\"R1\","
                               "\"amount\":{\"refund\":5,\"total\":12,\"currency\":\"CNY\"}}";
    char code_url[CODE_URL_MAX + 1];
    struct v3_answer answer;
    int none;
    struct v3_send send = { .method = "POST",
                            .target = "/v3/refund/domestic/refunds",
                            .body = body };
    combine(code_url);
    ck_assert_int_eq(door_pay(&door, code_url, NULL), PHONE_DONE);
    v3_send(&door, &send, &answer); /* it is not ours */
    expect(&answer, 404, "RESOURCE_NOT_EXISTS", "订单不存在");
    send.mchid = OTHER;
    send.serial = account_keys(them(), &none)->merchant.serial;
    v3_send(&door, &send, &answer);
    ck_assert_msg(answer.status == 200, "%d %s", answer.status, buf_cstr(&answer.body));
    ck_assert_str_eq(v3_text(&answer, "status"), "PROCESSING");
    v3_answer_release(&answer);
    look(&answer);
    ck_assert_str_eq(v3_text(&answer, "sub_orders/0/trade_state"), "SUCCESS");
    ck_assert_str_eq(v3_text(&answer, "sub_orders/1/trade_state"), "REFUND");
    v3_answer_release(&answer);
}
END_TEST

/* ---- what is refused -------------------------------------------------------------------------- */

START_TEST(whatever_breaks_a_rule_is_refused_in_this_familys_words)
{
    static const struct {
        const char *number, *parts, *more;
        int status;
        const char *code, *message;
    } rows[] = {
        { "short", TWO_PARTS, NULL, 400, "PARAM_ERROR",
          "输入源“/body/combine_out_trade_no”映射到值字段“合单商户订单号”"
          "字符串规则校验失败，字节数 5，小于最小值 6" },
        { "combined-1", PART(OTHER, "part-two", "12"), NULL, 400, "PARAM_ERROR",
          "输入源“/body/sub_orders”映射到字段“子单信息”规则校验失败，元素个数小于最小值 2" },
        { "combined-1", PART(OTHER, "part-two", "12") "," PART(OTHER, "part-one", "0"), NULL, 400,
          "PARAM_ERROR",
          "输入源“/body/sub_orders/1/amount/total_amount”映射到数值字段“标价金额”"
          "规则校验失败，值低于最小值 1" },
        { "combined-1",
          PART(OTHER, "part-two", "12") ",{\"mchid\":\"" OTHER "\",\"out_trade_no\":\"part-one\"}",
          NULL, 400, "PARAM_ERROR",
          "输入源“/body/sub_orders/1/attach”映射到字段“附加数据”必填性规则校验失败，"
          "此字段为必填项" },
        { "combined-1", PART(OTHER, "part-two", "12") "," PART("1999000078", "part-one", "1"), NULL,
          400, "MCH_NOT_EXISTS", "商户号不存在" },
        { "combined-1", PART(OTHER, "part-two", "12") "," PART(OTHER, "part-two", "1"), NULL, 400,
          "INVALID_REQUEST", "201 商户订单号重复" },
        { "combined-1",
          PART(OTHER, "part-two", "9223372036854775807") "," PART(OTHER, "part-one", "1"), NULL,
          400, "PARAM_ERROR", "参数错误" },
        { "combined-1", TWO_PARTS, ",\"time_expire\":\"2020-01-01T00:00:00Z\"", 400, "PARAM_ERROR",
          "参数错误" },
    };
    struct v3_answer answer;
    for (size_t i = 0; i < COUNT(rows); i++) {
        post("native", body_of(rows[i].number, rows[i].parts, rows[i].more), &answer);
        expect(&answer, rows[i].status, rows[i].code, rows[i].message);
    }
    us()->products = 0;
    post("native", body_of("combined-1", TWO_PARTS, NULL), &answer);
    expect(&answer, 403, "NOAUTH", NULL); /* as V2 spells it */
    us()->products = PRODUCTS_ALL;
    them()->appid_count = 0;
    post("native", body_of("combined-1", TWO_PARTS, NULL), &answer);
    expect(&answer, 400, "APPID_MCHID_NOT_MATCH", NULL);
    get(COMBINE "out-trade-no/combined-1", &answer); /* nothing of all this came into being */
    expect(&answer, 404, "ORDERNOTEXIST", NULL);
}
END_TEST

START_TEST(who_signs_is_who_combines)
{
    struct v3_answer answer;
    int none;
    struct v3_send send = { .method = "POST",
                            .target = COMBINE "native",
                            .body = body_of("combined-1", TWO_PARTS, NULL),
                            .mchid = OTHER,
                            .serial = account_keys(them(), &none)->merchant.serial };
    v3_send(&door, &send, &answer);
    expect(&answer, 400, "PARAM_ERROR", "http header中的mchid与post payload中的mchid不匹配");
}
END_TEST

static const char *many_parts(int count)
{
    static char parts[60000];
    size_t used = 0;
    for (int i = 0; i < count; i++)
        used += (size_t)snprintf(parts + used, sizeof(parts) - used,
                                 "%s{\"mchid\":\"" OTHER "\",\"attach\":\"a\",\"amount\":"
                                 "{\"total_amount\":1,\"currency\":\"CNY\"},\"out_trade_no\":"
                                 "\"part-%03d\",\"description\":\"d\"}",
                                 i ? "," : "", i);
    return parts;
}

START_TEST(ten_orders_are_the_most_unless_a_platform_combines)
{
    struct v3_answer answer;
    post("native", body_of("combined-10", many_parts(10), NULL), &answer);
    ck_assert_int_eq(answer.status, 200);
    v3_answer_release(&answer);
    post("native", body_of("combined-1", many_parts(11), NULL), &answer);
    expect(&answer, 400, "PARAM_ERROR",
           "输入源“/body/sub_orders”映射到字段“子单信息”规则校验失败，元素个数大于最大值 10");
    ck_assert_int_eq(turn_open(door.sandbox.turn), 0);
    ck_assert_int_eq(account_clear(door.sandbox.store, 0), 0);
    ck_assert_int_eq(switch_set(&us()->switches, VIEW("combine_most"), VIEW("50")), 0);
    post("native", body_of("combined-1", many_parts(51), NULL), &answer);
    expect(&answer, 400, "PARAM_ERROR", NULL);
    post("native", body_of("combined-1", many_parts(50), NULL), &answer);
    ck_assert_int_eq(answer.status, 200);
    ck_assert_int_eq(door_pay(&door, v3_text(&answer, "code_url"), NULL), PHONE_DONE);
    v3_answer_release(&answer);
    until_told(1);
    look(&answer);
    ck_assert_uint_eq(json_array_size(json_object_get(answer.json, "sub_orders")), 50);
    v3_answer_release(&answer);
}
END_TEST

/* ---- over a restart --------------------------------------------------------------------------- */

START_TEST(a_restart_in_the_middle_changes_nothing)
{
    char code_url[CODE_URL_MAX + 1];
    struct v3_answer answer;
    combine(code_url);
    int64_t now_ms = account_now_ms(us());
    for (int part = 0; part < 2; part++) {
        us()->notice_mode = NOTICE_MODE_HOLD;
        if (part == 1)
            ck_assert_int_eq(door_pay(&door, code_url, NULL), PHONE_DONE);
        expect_states(part ? TRADE_SUCCESS : TRADE_NOTPAY);
        teardown();
        open_all(folder);
        vclock_freeze(&us()->clock, now_ms);
        expect_states(part ? TRADE_SUCCESS : TRADE_NOTPAY);
    }
    struct notice_row notice;
    struct combine_row row;
    ck_assert_int_eq(combine_get_by_number(door.sandbox.store, us()->id, VIEW("combined-1"), &row),
                     0);
    ck_assert_int_eq(notice_get_about(door.sandbox.store, NOTICE_COMBINE, row.id, &notice), 0);
    ck_assert_int_eq(notice.state, NOTICE_HELD);
    combine_row_release(&row);
    ck_assert_int_eq(turn_open(door.sandbox.turn), 0);
    ck_assert_int_eq(notify_release(door.sandbox.notify, us()), 0);
    until_told(1);
    look(&answer);
    ck_assert_uint_eq(strlen(v3_text(&answer, "combine_transaction_id")), 28);
    v3_answer_release(&answer);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("v3 combine");
    TCase *memory = tcase_create("in memory");
    tcase_set_timeout(memory, 60);
    tcase_add_checked_fixture(memory, setup, teardown);
    tcase_add_test(memory, one_payment_pays_the_orders_of_two_merchants);
    tcase_add_test(memory, what_is_combined_is_neither_queried_nor_closed_nor_ordered_alone);
    tcase_add_test(memory, ordering_again_gives_a_new_code_or_a_reason);
    tcase_add_test(memory, a_part_that_cannot_be_made_leaves_no_other);
    tcase_add_test(memory, closing_needs_exactly_the_list_and_closes_all);
    tcase_add_test(memory, what_is_paid_is_not_closed);
    tcase_add_loop_test(memory, time_closes_all_at_once, 0, 2);
    tcase_add_test(memory, a_late_payer_is_sent_away_and_nothing_is_closed);
    tcase_add_test(memory, a_failed_payment_pays_nothing);
    tcase_add_test(memory, a_coupon_goes_whole_to_the_first_part_with_room_for_it);
    tcase_add_test(memory, each_merchant_gives_its_own_part_back);
    tcase_add_test(memory, whatever_breaks_a_rule_is_refused_in_this_familys_words);
    tcase_add_test(memory, who_signs_is_who_combines);
    tcase_add_test(memory, ten_orders_are_the_most_unless_a_platform_combines);
    suite_add_tcase(suite, memory);
    TCase *files = tcase_create("in a folder");
    tcase_set_timeout(files, 60);
    tcase_add_checked_fixture(files, setup_folder, teardown_folder);
    tcase_add_test(files, a_restart_in_the_middle_changes_nothing);
    suite_add_tcase(suite, files);
    return run_suite(suite);
}
