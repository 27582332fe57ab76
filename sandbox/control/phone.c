/*
 * phone.c — the payer's two calls: scan and pay. One machine for both:
 *
 *   code_url, h5_url, callup, number --+--look--> shown --pay--> result --+--> answer
 *   picture --READING----------+                                  +--DELIVERING--> answer
 */
#include "base/base64.h"
#include "base/err.h"
#include "control/handlers.h"
#include "control/show.h"
#include "qr/qr_scan.h"

#include <stdio.h>

#define CONTENT_MAX 4096
#define READ_MS     (QR_SCAN_TIMEOUT_MS + 5'000) /* the scanner's own bound comes first */

struct phone_in {
    struct view code_url, h5_url, picture_base64, mch_id, out_trade_no;
    int outcome; /* enum pay_outcome */
    struct view openid, bank_type;
    json_t *coupons, *callup;
    int64_t wait_ms;
};

static const char *const outcomes[] = { [PAY_PAID] = "paid",
                                        [PAY_WRONG_PASSWORD] = "wrong_password",
                                        [PAY_NOT_ENOUGH] = "not_enough_money",
                                        [PAY_CANCELLED] = "cancelled",
                                        NULL };

#define PICTURE_BASE64_MAX (CONTROL_BODY_MAX - 1024)

#define WHAT_IS_SCANNED                                                                            \
    MEMBER(TEXT, struct phone_in, code_url, .min = 1, .max = CONTENT_MAX),                         \
        MEMBER(TEXT, struct phone_in, h5_url, .min = 1, .max = CONTENT_MAX),                       \
        MEMBER(TEXT, struct phone_in, picture_base64, .min = 4, .max = PICTURE_BASE64_MAX)

static const struct member scan_members[] = { WHAT_IS_SCANNED };
static const struct member pay_members[] = {
    WHAT_IS_SCANNED,
    MEMBER(MAP, struct phone_in, callup, .min = 1, .max = CALLUP_MEMBERS_MAX),
    MEMBER(TEXT, struct phone_in, mch_id, .min = 1, .max = MCH_ID_MAX),
    MEMBER(TEXT, struct phone_in, out_trade_no, .min = 1, .max = OUT_TRADE_NO_MAX),
    MEMBER(CHOICE, struct phone_in, outcome, .choices = outcomes),
    MEMBER(TEXT, struct phone_in, openid, .min = 1, .max = OPENID_MAX),
    MEMBER(TEXT, struct phone_in, bank_type, .min = 1, .max = BANK_TYPE_MAX),
    MEMBER(LIST, struct phone_in, coupons, .max = COUPONS_MAX),
    MEMBER(INT, struct phone_in, wait_ms, .max = CONTROL_WAIT_MAX),
};

static const char *const coupon_types[] = { "NO_CASH", "CASH", NULL };

struct coupon_in {
    int type;
    int64_t fee_fen;
    struct view id;
};

static const struct member coupon_members[] = {
    MEMBER(CHOICE, struct coupon_in, type, .choices = coupon_types),
    MEMBER(INT, struct coupon_in, fee_fen, .min = 1, .max = INT32_MAX, .must = true),
    MEMBER(TEXT, struct coupon_in, id, .min = 1, .max = 20),
};

/* Coupons by their table, each with its own pointer. False: refused. */
static bool read_coupons(struct ask *ask, const json_t *coupons, struct pay_spec *spec)
{
    size_t i;
    json_t *value;

    json_array_foreach((json_t *)(uintptr_t)coupons, i, value)
    {
        struct coupon_in in = {};
        struct coupon *coupon = &spec->coupon[i];
        snprintf(ask->trouble.base, sizeof(ask->trouble.base), "/coupons/%zu", i);
        if (json_in_read(value, coupon_members, COUNT(coupon_members), &in, &ask->trouble)) {
            ask_blame(ask);
            return false;
        }
        coupon->cash = in.type == 1;
        coupon->fee_fen = in.fee_fen;
        if (in.id.ptr)
            memcpy(coupon->id, in.id.ptr, in.id.len); /* at most 20 by the table */
        spec->coupon_count++;
    }
    return true;
}

/* One scan or payment; the views of @in and @spec lie in the body of the ask. */
struct phone_call {
    struct hold hold;
    struct phone_in in;
    struct pay_spec spec;
    bool pays;
    int err;              /* the world's trouble */
    bool no_scanner;      /* it could not be started or died */
    char unreadable[300]; /* why the picture was */
    int64_t notice_id;    /* whose first delivery is waited for */
};

static struct phone_call *call_of(struct hold *hold)
{
    return container_of(hold, struct phone_call, hold);
}

static void on_delivery(struct hold *hold, const struct account *, const struct notice_row *notice,
                        const struct delivery_row *delivery)
{
    if (call_of(hold)->notice_id && notice->id == call_of(hold)->notice_id) {
        show_delivery(&hold->ask->out, "delivery", delivery);
        hold_end(hold, HOLD_MET);
    }
}

/* The body was written on the way, but for the end of a payment's. */
static void answer(struct hold *hold, enum hold_end why)
{
    struct phone_call *call = call_of(hold);
    struct ask *ask = hold->ask;

    if (call->err) {
        ask_refuse(ask, 500, "TROUBLE", "", "%s: %s", err_name(call->err), err_text(call->err));
        return;
    }
    if (call->no_scanner) {
        ask_refuse(ask, 503, "NO_SCANNER", "", "%s", call->unreadable);
        return;
    }
    if (call->unreadable[0]) {
        ask_refuse(ask, 422, "UNREADABLE", "/picture_base64", "%s", call->unreadable);
        return;
    }
    if (why == HOLD_TIMEOUT && !call->notice_id) {
        ask_refuse(ask, 408, "TIMEOUT", "", "the picture could not be read in time");
        return;
    }
    if (why == HOLD_TIMEOUT)
        out_null(&ask->out, "delivery");
    if (call->pays)
        out_close(&ask->out, '}');
    ask_reply(ask, 200);
}

static void free_call(struct hold *hold)
{
    mem_free(call_of(hold));
}

static const struct hold_kind phone_kind = {
    .on_delivery = on_delivery,
    .answer = answer,
    .free = free_call,
};

static void fail(struct phone_call *call, int err)
{
    call->err = err;
    hold_end(&call->hold, HOLD_MET);
}

/* Pay what the phone shows; writes all of the answer but "delivery". */
static int pay(struct phone_call *call, struct callup_check *check)
{
    struct scan *scan = &check->scan;
    struct sandbox *sandbox = call->hold.control->sandbox;
    struct json_out *out = &call->hold.ask->out;
    struct paid paid = {};
    enum phone_id phone;
    bool done;

    out_open(out, NULL, '{');
    show_scan(out, "shown", scan);
    if (call->in.callup)
        show_callup(out, "callup", check);
    else
        out_null(out, "callup");
    phone = payer_pay(&sandbox->engine, scan, &call->spec, &paid);
    if (phone == PHONE_TROUBLE)
        return ERR_STORE;
    done = phone == PHONE_DONE;
    out_str(out, "result", done ? "paid" : "refused");
    out_str(out, "reason", done ? NULL : phone_name(phone));
    out_str(out, "text", phone_text(phone));
    if (scan->order.id && !scan->combine)
        show_order(out, "order", sandbox, &scan->order);
    else
        out_null(out, "order");
    if (scan->combine)
        show_combine(out, "combined", sandbox, scan->combine);
    else
        out_null(out, "combined");
    out_str(out, "transaction_id", done ? paid.payment.transaction_id : NULL);
    if (done && paid.notice.id)
        out_int(out, "notification_id", paid.notice.id);
    else
        out_null(out, "notification_id");
    if (done && paid.notice.state == NOTICE_WAITING && call->in.wait_ms)
        call->notice_id = paid.notice.id;
    return 0;
}

/* By the way that was given; @content is the code's, if it is a code. */
static void look(struct phone_call *call, struct view content, struct callup_check *check)
{
    struct sandbox *sandbox = call->hold.control->sandbox;
    const struct phone_in *in = &call->in;
    struct scan *scan = &check->scan;

    if (in->callup)
        callup_check(&sandbox->engine, in->callup, check);
    else if (in->mch_id.ptr)
        payer_find(&sandbox->engine, accounts_find(sandbox->accounts, in->mch_id), in->out_trade_no,
                   scan);
    else if (in->h5_url.ptr)
        payer_open(&sandbox->engine, in->h5_url, scan);
    else
        payer_scan(&sandbox->engine, content, scan);
}

/* The way is known: show it, pay it, answer unless a delivery is to be waited for. */
static void use(struct phone_call *call, struct view content)
{
    struct ask *ask = call->hold.ask;
    struct callup_check check = {};
    int err = turn_open(ask->control->sandbox->turn); /* looking may find that time closed it */

    if (err) {
        fail(call, err);
        return;
    }
    look(call, content, &check);
    if (call->pays)
        err = pay(call, &check);
    else
        show_scan(&ask->out, NULL, &check.scan);
    callup_check_release(&check);
    if (err) {
        fail(call, err);
    } else if (call->notice_id) {
        hold_again(&call->hold, call->in.wait_ms);
    } else {
        if (call->pays)
            out_null(&ask->out, "delivery");
        hold_end(&call->hold, HOLD_MET);
    }
}

static void on_picture_read(void *owner, struct qr_scan_result *result)
{
    struct phone_call *call = owner;

    if (hold_is_over(&call->hold)) {
        /* the caller has gone or the door is stopping: nobody wants to know */
    } else if (result->err || result->symbol_count == 0) {
        snprintf(call->unreadable, sizeof(call->unreadable), "%s%s%s", result->error,
                 result->detail[0] ? ": " : "", result->detail);
        /* a scanner that was killed for its picture has told something about the picture */
        call->no_scanner = result->err && result->err != ERR_TIMEOUT && result->err != ERR_CLOSED;
        hold_end(&call->hold, HOLD_MET);
    } else {
        use(call, buf_view(&result->symbols[0]));
    }
    hold_unref(&call->hold);
}

static void read_picture(struct phone_call *call)
{
    struct sandbox *sandbox = call->hold.control->sandbox;
    struct qr_scan_options options = { .program = sandbox->options.qrscan, .repair = true };
    struct buf picture = BUF_INIT(QR_SCAN_PICTURE_MAX);
    int err = base64_decode(call->in.picture_base64, &picture);

    if (err == ERR_SYNTAX) {
        snprintf(call->unreadable, sizeof(call->unreadable), "this is not base64");
        hold_end(&call->hold, HOLD_MET);
    } else if (err ||
               !qr_scan_start(sandbox->loop, buf_view(&picture), &options, on_picture_read, call)) {
        fail(call, err ? err : ERR_NOMEM);
    } else {
        hold_ref(&call->hold); /* on_picture_read() comes later, whatever happens */
    }
    buf_release(&picture);
}

/* Is there an order of that number? False: refused. */
static bool is_known(struct ask *ask, const struct phone_in *in)
{
    struct sandbox *sandbox = ask->control->sandbox;
    struct account *account = accounts_find(sandbox->accounts, in->mch_id);
    struct order_row order = {};
    struct combine_row combine = {};
    int err;

    if (!account) {
        ask_unknown(ask, "account", in->mch_id);
        return false;
    }
    err = order_get_by_number(sandbox->store, account->id, in->out_trade_no, &order);
    if (err == ERR_NOT_FOUND)
        err = combine_get_by_number(sandbox->store, account->id, in->out_trade_no, &combine);
    if (err == ERR_NOT_FOUND)
        ask_unknown(ask, "order", in->out_trade_no);
    else if (err)
        ask_refuse(ask, 500, "TROUBLE", "", "%s", err_text(err));
    combine_row_release(&combine);
    order_row_release(&order);
    return err == 0;
}

/* Exactly one way must lead to the code. False: refused. */
static bool check_ways(struct ask *ask, const struct phone_in *in, bool pays)
{
    bool number = in->mch_id.ptr && in->out_trade_no.ptr;
    bool half = !in->mch_id.ptr != !in->out_trade_no.ptr;
    int ways = (in->code_url.ptr != NULL) + (in->h5_url.ptr != NULL) + (in->callup != NULL) +
               (in->picture_base64.ptr != NULL) + number;

    if (ways == 1 && !half)
        return true;
    ask_refuse(ask, 400, "BAD_MEMBER", "", "exactly one of %s must be given",
               pays ? "code_url, h5_url, callup, picture_base64, or mch_id with out_trade_no"
                    : "code_url, h5_url and picture_base64");
    return false;
}

static int begin(struct ask *ask, const struct phone_in *in, const struct pay_spec *spec, bool pays)
{
    struct phone_call *call;
    int err;

    if (!check_ways(ask, in, pays) || (in->mch_id.ptr && !is_known(ask, in)))
        return 0;
    call = mem_new(struct phone_call);
    if (!call)
        return ERR_NOMEM;
    call->in = *in;
    call->spec = *spec;
    call->pays = pays;
    err = hold_start(&call->hold, ask, &phone_kind, READ_MS);
    if (err) {
        mem_free(call);
        return err;
    }
    if (in->picture_base64.ptr)
        read_picture(call);
    else
        use(call, in->code_url);
    return 0;
}

int do_scan(struct ask *ask)
{
    struct phone_in in = {};

    if (!ask_read(ask, scan_members, COUNT(scan_members), &in))
        return 0;
    return begin(ask, &in, &(struct pay_spec){}, false);
}

int do_pay(struct ask *ask)
{
    struct phone_in in = {};
    struct pay_spec spec = {};

    if (!ask_read(ask, pay_members, COUNT(pay_members), &in) ||
        (in.coupons && !read_coupons(ask, in.coupons, &spec)))
        return 0;
    spec.outcome = (enum pay_outcome)in.outcome;
    spec.openid = in.openid;
    spec.bank_type = in.bank_type;
    return begin(ask, &in, &spec, true);
}
