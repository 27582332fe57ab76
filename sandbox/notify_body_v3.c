/* The payment notification of V3 — V3 3.1, 6.1, 6.2 */
#include "notify_priv.h"

#include "api/v3/api_v3.h"
#include "base/err.h"
#include "edit_v3.h"
#include "engine/json_write.h"
#include "engine/refund.h"

#include <stdio.h>

#define PLAIN_MAX (256 * 1024)

/*
 * What stays the same on every repeat (V3 6.4): the id and the nonce of the seal, so the ciphertext
 * too. Made from the row, so that nothing of it needs to be kept. A refund that was abnormal and
 * then succeeded tells two things by one row: no nonce may seal both.
 */
struct lasting {
    char id[37]; /* a UUID, as captured */
    char nonce[V3_SEAL_NONCE_LEN + 1];
};

static void make_lasting(const struct notify *notify, const struct told_v3 *told,
                         struct lasting *out)
{
    struct rng rng;
    char hex[33];
    uint64_t salt = accounts_code_salt(notify->sandbox->accounts);
    uint64_t about = (uint64_t)told->notice->id * REFUND_STATES + told->refund->state;
    rng_seed(&rng, salt ^ about * UINT64_C(0x9e3779b97f4a7c15));
    rng_hex(&rng, hex, 32);
    snprintf(out->id, sizeof(out->id), "%.8s-%.4s-5%.3s-a%.3s-%.12s", hex, hex + 8, hex + 12,
             hex + 15, hex + 18);
    rng_hex(&rng, out->nonce, V3_SEAL_NONCE_LEN);
}

/* The member @name of @amount becomes @total, and what was paid follows it. */
static int alter_one(json_t *amount, const char *name, const char *paid_name, int64_t total)
{
    json_int_t before = json_integer_value(json_object_get(amount, name));
    json_int_t paid = json_integer_value(json_object_get(amount, paid_name));
    paid += total - before;
    int failed = json_object_set_new(amount, name, json_integer(total));
    failed |= json_object_set_new(amount, paid_name, json_integer(paid < 0 ? 0 : paid));
    return failed ? ERR_NOMEM : 0;
}

/* FAULT_ALTERED_AMOUNT: consistent in itself, and wrong. Of a combined order: the first part. */
static int alter_amount(json_t *told, int64_t total_fen)
{
    json_t *first = json_array_get(json_object_get(told, "sub_orders"), 0);
    if (first)
        return alter_one(json_object_get(first, "amount"), "total_amount", "payer_amount",
                         total_fen);
    return alter_one(json_object_get(told, "amount"), "total", "payer_total", total_fen);
}

static int plain_json(const struct notify *notify, const struct account *account,
                      const struct told_v3 *told, json_t **out)
{
    struct payment_row payment;
    int err = 0;
    if (told->text->id) {
        *out = json_loadb(told->text->body.ptr, told->text->body.len, 0, NULL);
    } else if (told->combine->count) {
        *out = v3_combined(told->combine);
    } else {
        err = payment_get(notify->sandbox->store, told->order->id, &payment);
        if (!err)
            *out = told->refund->id ? v3_refund_told(account, told->refund, told->order, &payment)
                                    : v3_transaction(account, told->order, &payment);
    }
    return err || *out ? err : ERR_NOMEM;
}

static int write_plain(struct notify *notify, const struct account *account,
                       const struct told_v3 *told, struct buf *out)
{
    const struct fault *fault = told->fault;
    json_t *json = NULL;
    int err = plain_json(notify, account, told, &json);
    if (!err && fault && fault->kind == FAULT_ALTERED_AMOUNT)
        err = alter_amount(json, fault->total_fen);
    if (!err && fault && fault->kind == FAULT_ALTER)
        err = edit_v3(json, fault);
    if (!err)
        err = json_write(json, out);
    json_decref(json);
    return err;
}

/* The words of a notification by what it tells; those of refunds but the first are proposed. */
struct words {
    const char *event, *summary, *original;
};

static struct words words_of(const struct told_v3 *told)
{
    static const struct words echo = { "SECURITY_ECHO.SUCCESS", "回调通知成功", "security" };
    static const struct words payment = { "TRANSACTION.SUCCESS", "支付成功", "transaction" };
    static const struct words refund[REFUND_STATES] = {
        [REFUND_SUCCESS] = { "REFUND.SUCCESS", "退款成功", "refund" },
        [REFUND_CLOSED] = { "REFUND.CLOSED", "退款关闭", "refund" },
        [REFUND_ABNORMAL] = { "REFUND.ABNORMAL", "退款异常", "refund" },
    };
    if (told->text->id)
        return echo;
    return told->refund->id ? refund[told->refund->state] : payment;
}

/* Its notice's row is as old as the refund was to become; it may have ended otherwise. */
static int64_t happened_ms(const struct told_v3 *told)
{
    return told->refund->id ? told->refund->ended_ms : told->notice->created_ms;
}

/* Keys in the order of a real body. */
static json_t *envelope(const struct lasting *lasting, int64_t created_ms,
                        const struct words *words, const char *associated, const struct buf *sealed)
{
    char time[CN_TIME_RFC_LEN + 1];
    cn_time_rfc3339(created_ms, time);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s%, s:s, s:s}}", "id", lasting->id,
                     "create_time", time, "resource_type", "encrypt-resource", "event_type",
                     words->event, "summary", words->summary, "resource", "original_type",
                     words->original, "algorithm", "AEAD_AES_256_GCM", "ciphertext", sealed->ptr,
                     sealed->len, "associated_data", associated, "nonce", lasting->nonce);
}

static int seal_body(const struct keys *keys, const struct told_v3 *told,
                     const struct lasting *lasting, struct view plain, struct buf *out)
{
    const struct fault *fault = told->fault;
    struct words words = words_of(told);
    struct v3_seal seal = { view_str(keys->apiv3_key), view_str(lasting->nonce),
                            view_str(words.original) };
    struct buf sealed = BUF_INIT(PLAIN_MAX * 2);
    bool tampered = fault && fault->kind == FAULT_TAMPERED_DATA;
    int err = v3_seal(&seal, plain, &sealed);
    if (!err && fault && fault->kind == FAULT_TAMPERED_CIPHERTEXT)
        sealed.ptr[5] = sealed.ptr[5] == 'A' ? 'B' : 'A';
    json_t *json = err ? NULL
                       : envelope(lasting, happened_ms(told), &words,
                                  tampered ? "certificate" : words.original, &sealed);
    if (!err)
        err = json ? json_write(json, out) : ERR_NOMEM;
    json_decref(json);
    buf_release(&sealed);
    return err;
}

static int write_message(struct notify *notify, const struct account *account,
                         const struct keys *keys, const struct told_v3 *told, struct buf *out)
{
    struct buf plain = BUF_INIT(PLAIN_MAX);
    struct lasting lasting;
    make_lasting(notify, told, &lasting);
    int err = write_plain(notify, account, told, &plain);
    if (!err)
        err = seal_body(keys, told, &lasting, buf_view(&plain), out);
    buf_release(&plain);
    return err;
}

int notify_body_v3(struct notify *notify, struct account *account, const struct told_v3 *told,
                   struct dress_v3 *dress, struct buf *out)
{
    struct rng *rng = &notify->sandbox->rng;
    const struct fault *fault = told->fault;
    int err;
    const struct keys *keys = account_keys(account, &err);
    if (!keys)
        return err;
    if (!keys->apiv3_key[0])
        return ERR_RANGE;
    if (told->refund->id && told->refund->state == REFUND_PROCESSING)
        return ERR_USAGE;
    if (fault && fault->kind == FAULT_ALTER && fault->sign == FAULT_SIGN_STALE) {
        struct told_v3 rightly = *told;
        rightly.fault = NULL;
        dress->before = BUF_INIT(V3_SEAL_MAX * 2);
        err = write_message(notify, account, keys, &rightly, &dress->before);
    }
    if (!err)
        err = write_message(notify, account, keys, told, out);
    if (!err)
        err = dress_v3_begin(dress, keys_signer_of_notification(keys, (int)rng_below(rng, 1000)),
                             rng, fault);
    if (err)
        return err;
    dress_v3_clock(dress, account);
    int share = switch_per_mille(&account->switches, SWITCH_probe_callbacks);
    if (share && !fault && told->notice->attempts == 0)
        dress->probe = (int)rng_below(rng, 1000) < share;
    return 0;
}
