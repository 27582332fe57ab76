/* The notification of a refund — V2 7 */
#include "notify_priv.h"

#include "api/v2/api_v2.h"
#include "base/err.h"
#include "engine/money.h"
#include "engine/refund.h"
#include "wxpay/v2_seal.h"

#define NONCE_LEN 32
#define PLAIN_MAX (32 * 1024)

/* What stands outside of the seal; every other name that a fault edits is meant inside. */
static bool is_outer(struct view name)
{
    static const char *const names[] = { "return_code", "return_msg", "appid",
                                         "mch_id",      "sign",       "sub_appid",
                                         "sub_mch_id",  "nonce_str",  "req_info" };
    for (size_t i = 0; i < COUNT(names); i++)
        if (view_is(name, names[i]))
            return true;
    return false;
}

/* The part of an ordered fault that concerns one of the two documents. Views stay the fault's. */
static struct fault part_of(const struct fault *fault, bool outer)
{
    struct fault part = *fault;
    part.edit_count = 0;
    for (size_t i = 0; i < fault->edit_count; i++)
        if (is_outer(fault->edit[i].name) == outer)
            part.edit[part.edit_count++] = fault->edit[i];
    part.spaces = outer && fault->spaces;
    return part;
}

static int add_int(struct v2_msg *msg, const char *name, int64_t value)
{
    int err = v2_msg_add_int(msg, name, value);
    if (!err)
        msg->field[msg->count - 1].bare = false; /* all in CDATA (V2 7.3) */
    return err;
}

/* FAULT_ALTERED_AMOUNT: consistent in itself, and wrong. */
static int64_t told_fen(const struct told_v3 *told, int64_t fen)
{
    const struct fault *fault = told->fault;
    return fault && fault->kind == FAULT_ALTERED_AMOUNT ? fault->total_fen : fen;
}

static int add_numbers(struct v2_msg *msg, const struct told_v3 *told,
                       const struct payment_row *payment)
{
    const struct refund_row *refund = told->refund;
    int64_t total_fen = told->order->total_fen;
    struct refund_share share;
    refund_share(told->order, payment, refund, &share);
    int err = add_int(msg, "refund_fee", told_fen(told, refund->refund_fen));
    if (!err)
        err = add_int(msg, "settlement_refund_fee", told_fen(told, share.settled_fen));
    if (!err)
        err = add_int(msg, "settlement_total_fee", total_fen - money_no_cash(payment));
    if (!err)
        err = add_int(msg, "total_fee", total_fen);
    return err;
}

static int add_texts(struct v2_msg *msg, const struct told_v3 *told,
                     const struct payment_row *payment)
{
    const struct refund_row *refund = told->refund;
    char account[64], time[CN_TIME_TEXT_LEN + 1];
    cn_time_text(refund->ended_ms, time);
    const struct {
        const char *name, *value;
    } rows[] = {
        { "out_refund_no", refund->out_refund_no },
        { "out_trade_no", told->order->out_trade_no },
        { "refund_account", v2_refund_account(refund) },
        { "refund_id", refund->refund_id },
        { "refund_recv_accout", refund_receiver(payment, account) },
        { "refund_request_source", "API" },
        { "refund_status", v2_refund_status(refund->state) },
        { "success_time", refund->state == REFUND_SUCCESS ? time : NULL },
        { "transaction_id", payment->transaction_id },
    };
    int err = 0;
    for (size_t i = 0; !err && i < COUNT(rows); i++)
        if (rows[i].value)
            err = v2_msg_add_str(msg, rows[i].name, rows[i].value);
    return err;
}

/* By name, but cash_refund_fee, which is younger and comes last: as captured. */
static int write_plain(struct sandbox *sandbox, const struct told_v3 *told, struct buf *out)
{
    struct dress_v2 how = { .layout = { .root = "root", .root_line = true } };
    struct payment_row payment;
    struct fault inner;
    struct v2_msg msg = {};
    int err = payment_get(sandbox->store, told->order->id, &payment);
    if (!err)
        err = add_texts(&msg, told, &payment);
    if (!err)
        err = add_numbers(&msg, told, &payment);
    if (!err) {
        int64_t cash_fen = refund_cash(told->order, &payment, told->refund);
        v2_msg_sort(&msg);
        err = add_int(&msg, "cash_refund_fee", told_fen(told, cash_fen));
    }
    if (told->fault && told->fault->kind == FAULT_ALTER) {
        inner = part_of(told->fault, false);
        how.fault = &inner;
    }
    if (!err)
        err = dress_v2(&msg, &how, out);
    v2_msg_release(&msg);
    return err;
}

/* FAULT_ROGUE_KEY: sealed by somebody who does not have the merchant's. */
static int seal_rogue(struct view plain, struct buf *out)
{
    struct v2_key *key = v2_key_new(VIEW("00000000000000000000000000000000"));
    int err = key ? v2_seal(key, plain, out) : ERR_NOMEM;
    v2_key_free(key);
    return err;
}

static int seal(const struct account *account, const struct fault *fault, struct view plain,
                struct buf *out)
{
    enum fault_kind kind = fault ? fault->kind : FAULT_NONE;
    int err =
        kind == FAULT_ROGUE_KEY ? seal_rogue(plain, out) : v2_seal(account->v2_key, plain, out);
    if (!err && kind == FAULT_TAMPERED_CIPHERTEXT)
        out->ptr[5] = out->ptr[5] == 'A' ? 'B' : 'A';
    return err;
}

/* One line, return_code bare, no sign: as captured (V2 7.2). */
static int write_outer(struct notify *notify, const struct account *account,
                       const struct told_v3 *told, struct view req_info, struct buf *out)
{
    struct dress_v2 how = { .layout = { .joined = true } };
    struct v2_msg *msg = &notify->message;
    struct view appid = order_field(told->order, "appid");
    struct fault outer;
    char nonce[NONCE_LEN + 1];
    rng_alnum(&notify->sandbox->rng, nonce, NONCE_LEN);
    v2_msg_clear(msg);
    int err = v2_msg_add_str(msg, "return_code", "SUCCESS");
    if (!err)
        msg->field[0].bare = true;
    if (!err)
        err = v2_msg_add(msg, VIEW("appid"), appid.len ? appid : view_str(account->appid[0]));
    if (!err)
        err = v2_msg_add_str(msg, "mch_id", account->mch_id);
    if (!err)
        err = v2_msg_add_str(msg, "nonce_str", nonce);
    if (!err)
        err = v2_msg_add(msg, VIEW("req_info"), req_info);
    if (told->fault && told->fault->kind == FAULT_ALTER) {
        outer = part_of(told->fault, true);
        how.fault = &outer;
    }
    return err ? err : dress_v2(msg, &how, out);
}

int notify_refund_v2(struct notify *notify, const struct account *account,
                     const struct told_v3 *told, struct buf *out)
{
    struct buf plain = BUF_INIT(PLAIN_MAX), req_info = BUF_INIT(V2_SEAL_MAX);
    if (told->refund->state == REFUND_PROCESSING)
        return ERR_USAGE;
    int err = write_plain(notify->sandbox, told, &plain);
    if (!err)
        err = seal(account, told->fault, buf_view(&plain), &req_info);
    if (!err)
        err = write_outer(notify, account, told, buf_view(&req_info), out);
    buf_release(&plain);
    buf_release(&req_info);
    return err;
}
