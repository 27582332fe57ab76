/* The staff's door: a wish becomes a row of the ledger. See refunds.h. */
#include "base/err.h"
#include "base/mem.h"
#include "order_json.h"
#include "refunds.h"
#include "reply.h"
#include "steps.h"
#include "turns.h"

#include <stdio.h>

#define NUMBER_DRAWS 8 /* how often a taken number is drawn again */

/* What the ledger knows of the order's refunds, for one wish. */
struct history {
    struct shop *shop;
    struct refund *wish;
    bool same;
    int64_t last_ms; /* when the newest is, or was, asked for */
};

static void compare(void *owner, const struct refund *kept)
{
    struct history *history = owner;
    if (history->shop->steps->refund_same(history->shop, kept, history->wish))
        history->same = true;
    int64_t at = kept->asked_ms ? kept->asked_ms : kept->due_ms;
    if (refund_counts(kept->state) && at > history->last_ms)
        history->last_ms = at;
}

static int add_numbered(struct shop *shop, struct refund *refund)
{
    int err = ERR_EXISTS;
    for (int i = 0; err == ERR_EXISTS && i < NUMBER_DRAWS; i++) {
        err = shop->steps->refund_number(shop, refund);
        if (!err)
            err = ledger_add_refund(shop->ledger, refund);
    }
    return err;
}

/* Under the ledger's lock: is there room, and is it new? *why in plain words when there is none. */
static int keep(struct shop *shop, const struct order *order, struct refund *refund,
                const char **why, bool *same)
{
    struct history history = { .shop = shop, .wish = refund };
    struct refund_sum sum;
    int err = ledger_refunds(shop->ledger, order->id, compare, &history);
    if (!err)
        err = ledger_refund_sum(shop->ledger, order->id, &sum);
    *same = history.same;
    if (err || history.same)
        return err;
    *why = shop->steps->refund_room(shop, order, refund, &sum);
    if (*why)
        return 0;
    int64_t now = shop_now_ms(shop), not_before;
    not_before = shop->steps->refund_not_before(shop, history.last_ms);
    refund->created_ms = now;
    refund->due_ms = not_before > now ? not_before : now;
    return add_numbered(shop, refund);
}

/* NULL, or what is wrong with the wish; said nothing, all that is left. */
static const char *read_wish(struct shop *shop, struct view body, const struct order *order,
                             struct refund *refund)
{
    struct refund_sum sum = {};
    json_error_t where;
    json_t *wish =
        body.len ? json_loadb(body.ptr, body.len, JSON_REJECT_DUPLICATES, &where) : json_object();
    const char *why = "the body must be a JSON object";
    if (json_is_object(wish) && ledger_refund_sum(shop->ledger, order->id, &sum) == 0)
        why = shop->steps->refund_wish(shop, wish, order->total_fen - sum.fen, refund);
    json_decref(wish);
    return why;
}

static int make(struct shop *shop, const struct order *order, struct refund *refund,
                const char **why, bool *same)
{
    int len =
        snprintf(refund->notify_url, sizeof(refund->notify_url), "%s/wxpay/refund", shop->base_url);
    memcpy(refund->order_id, order->id, sizeof(refund->order_id));
    int err = len >= (int)sizeof(refund->notify_url) ? ERR_TOO_LONG : ledger_begin(shop->ledger);
    if (err)
        return err;
    err = keep(shop, order, refund, why, same);
    if (err)
        ledger_rollback(shop->ledger);
    else
        err = ledger_commit(shop->ledger);
    return err;
}

void refunds_make(struct shop *shop, struct http_call *call, struct order *order)
{
    struct refund refund = { .state = REFUND_ASKING };
    bool same = false;
    if (!shop->steps->refund_staff(shop, call)) {
        reply_error(shop, call, 401, "STAFF_ONLY", "money is given back by the staff only", NULL);
        return;
    }
    const char *why = read_wish(shop, http_call_request(call)->body, order, &refund);
    if (why) {
        reply_error(shop, call, 400, "BAD_REFUND", why, NULL);
        return;
    }
    if (!order_is_paid(order->state)) {
        reply_error(shop, call, 409, "NOT_PAID", "only a paid order can be refunded", NULL);
        return;
    }
    int err = make(shop, order, &refund, &why, &same);
    if (err)
        reply_error(shop, call, 503, "NOT_NOW", err_text(err), NULL);
    else if (why)
        reply_error(shop, call, 409, "NO_ROOM", why, order_json(shop, order));
    else
        reply_json(call, same ? 200 : 202, order_json(shop, order));
    turns_wake(shop);
}
