#include "mutants/mutant.h"

#include "base/err.h"
#include "base/mem.h"

#include <stdio.h>

static const struct mutant *const chapters[] = {
    mutants_create,    mutants_request, mutants_answer,    mutants_query,  mutants_close,
    mutants_door,      mutants_notify,  mutants_settle,    mutants_show,   mutants_v3_request,
    mutants_v3_answer, mutants_v3_keys, mutants_v3_notify, mutants_refund,
};

const struct mutant *mutant_at(size_t index)
{
    for (size_t c = 0; c < COUNT(chapters); c++) {
        for (const struct mutant *mutant = chapters[c]; mutant->name; mutant++) {
            if (index-- == 0)
                return mutant;
        }
    }
    return NULL;
}

const struct mutant *mutant_find(const char *name)
{
    const struct mutant *mutant = NULL;
    for (size_t i = 0; (mutant = mutant_at(i)) && strcmp(mutant->name, name) != 0;)
        i++;
    return mutant;
}

bool mutant_is_v3(const struct mutant *mutant)
{
    return view_starts(view_str(mutant->rules), VIEW("WX3-"));
}

struct steps mutant_steps(const struct mutant *mutant)
{
    struct steps steps = steps_right;
#define X(name, result, arguments, rules, sentence)                                                \
    if (mutant->replaced.name)                                                                     \
        steps.name = mutant->replaced.name;
    STEP_MAP(X)
#undef X
    return steps;
}

enum step mutant_go(struct claim *)
{
    return STEP_GO;
}

int mutant_alter(struct v2_msg *msg, const char *name, const char *value)
{
    struct v2_msg old = *msg;
    bool found = false;
    int err = 0;
    *msg = (struct v2_msg){};
    for (size_t i = 0; !err && i < old.count; i++) {
        if (!view_is(old.field[i].name, name)) {
            err = v2_msg_add(msg, old.field[i].name, old.field[i].value);
        } else if (value) {
            found = true;
            err = v2_msg_add_str(msg, name, value);
        }
    }
    if (!err && value && !found)
        err = v2_msg_add_str(msg, name, value);
    v2_msg_release(&old);
    return err;
}

bool mutant_known_field(struct view name)
{
    static const char *const known[] = {
        "appid",
        "attach",
        "bank_type",
        "cash_fee",
        "cash_fee_type",
        "code_url",
        "coupon_count",
        "coupon_fee",
        "device_info",
        "err_code",
        "err_code_des",
        "fee_type",
        "is_subscribe",
        "mch_id",
        "nonce_str",
        "openid",
        "out_trade_no",
        "prepay_id",
        "result_code",
        "result_msg",
        "return_code",
        "return_msg",
        "settlement_total_fee",
        "sign",
        "sign_type",
        "time_end",
        "total_fee",
        "trade_state",
        "trade_state_desc",
        "trade_type",
        "transaction_id",
    };
    for (size_t i = 0; i < COUNT(known); i++) {
        if (view_is(name, known[i]))
            return true;
    }
    return view_starts(name, VIEW("coupon_"));
}

int mutant_verify_known(const struct v2_msg *msg, const struct shop *shop)
{
    struct v2_msg some = {};
    int err = 0;
    for (size_t i = 0; !err && i < msg->count; i++) {
        if (mutant_known_field(msg->field[i].name))
            err = v2_msg_add(&some, msg->field[i].name, msg->field[i].value);
    }
    if (!err)
        err = v2_verify(&some, shop->options->sign_type, shop->key);
    v2_msg_release(&some);
    return err;
}

static void on_wait_over(uv_timer_t *timer)
{
    claim_resume(container_of(timer, struct claim, timer), STEP_GO);
}

enum step mutant_wait(struct claim *c, unsigned ms)
{
    uv_timer_start(&c->timer, on_wait_over, ms, 0);
    return STEP_WAIT;
}

/* Statements pasted together: never copy this. */
static int exec(struct shop *shop, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int exec(struct shop *shop, const char *format, ...)
{
    struct buf sql = BUF_INIT(4096);
    va_list args;
    va_start(args, format);
    int err = buf_vfmt(&sql, format, args);
    va_end(args);
    if (!err)
        err = ledger_exec(shop->ledger, buf_cstr(&sql));
    buf_release(&sql);
    return err;
}

void mutant_mark_paid(struct shop *shop, struct order *order)
{
    if (exec(shop, "UPDATE orders SET state = 'paid', due_ms = %lld WHERE id = '%s'",
             (long long)shop_now_ms(shop), order->id) == 0 &&
        ledger_get(shop->ledger, view_str(order->id), order) == 0)
        (void)step_ship_once(shop, order);
}

int mutant_ship_again(struct shop *shop, struct order *order)
{
    int err = ledger_get(shop->ledger, view_str(order->id), order);
    if (!err)
        err = ledger_add_shipment(shop->ledger, order->id, order->shipments + 2,
                                  shop_now_ms(shop)); /* parcel 1 is the right one's */
    return err;
}

int mutant_seize_number(struct shop *shop, struct order *order, const char *number)
{
    int err = exec(shop, "UPDATE orders SET out_trade_no = id WHERE out_trade_no = '%s'", number);
    if (!err)
        err =
            exec(shop, "UPDATE orders SET out_trade_no = '%s' WHERE id = '%s'", number, order->id);
    snprintf(order->out_trade_no, sizeof(order->out_trade_no), "%s", number);
    return err;
}
