#include "claim.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "steps.h"

#include <assert.h>

/* One place of an order of steps: its name, and where struct steps holds it. */
struct place {
    const char *name;
    size_t offset;
};

#define PLACE(step)                                                                                \
    {                                                                                              \
#step, offsetof(struct steps, step)                                                        \
    }

/* V2 6.8, in its order. notify_ack follows, whatever came out. */
static const struct place notification[] = {
    PLACE(notify_door),        PLACE(notify_parse),      PLACE(notify_return_code),
    PLACE(notify_verify),      PLACE(notify_identity),   PLACE(notify_result_code),
    PLACE(notify_read),        PLACE(notify_find_order), PLACE(settle_lock),
    PLACE(settle_handled),     PLACE(notify_amount),     PLACE(notify_currency),
    PLACE(settle_transaction), PLACE(settle_late),       PLACE(settle_persist),
};

/* V3 8.2: verify, open, compare, apply under the lock. v3_notify_ack follows. */
static const struct place notification_v3[] = {
    PLACE(notify_door),        PLACE(v3_notify_headers), PLACE(v3_notify_fresh),
    PLACE(v3_notify_key),      PLACE(v3_notify_verify),  PLACE(v3_notify_parse),
    PLACE(v3_notify_event),    PLACE(v3_notify_open),    PLACE(v3_notify_read),
    PLACE(v3_notify_identity), PLACE(notify_find_order), PLACE(settle_lock),
    PLACE(settle_handled),     PLACE(notify_amount),     PLACE(notify_currency),
    PLACE(settle_transaction), PLACE(settle_late),       PLACE(settle_persist),
};

/* V2 7.5: who could seal it knows the key; nothing else is proven, so all of it is compared. */
static const struct place refund_v2[] = {
    PLACE(notify_door),    PLACE(notify_parse),  PLACE(notify_return_code), PLACE(refund_identity),
    PLACE(refund_open),    PLACE(refund_read),   PLACE(refund_find),        PLACE(refund_lock),
    PLACE(refund_compare), PLACE(refund_record),
};

/* V3 7: as a payment, but read by refund_status and compared with the refund. */
static const struct place refund_v3[] = {
    PLACE(notify_door),        PLACE(v3_notify_headers), PLACE(v3_notify_fresh),
    PLACE(v3_notify_key),      PLACE(v3_notify_verify),  PLACE(v3_notify_parse),
    PLACE(v3_refund_event),    PLACE(v3_notify_open),    PLACE(v3_refund_read),
    PLACE(v3_refund_identity), PLACE(refund_find),       PLACE(refund_lock),
    PLACE(refund_compare),     PLACE(refund_record),
};

/* The chapter "answer" has proven the message and query_state has read it as paid. */
static const struct place query[] = {
    PLACE(query_read),         PLACE(query_number), PLACE(settle_lock),
    PLACE(settle_handled),     PLACE(query_amount), PLACE(query_currency),
    PLACE(settle_transaction), PLACE(settle_late),  PLACE(settle_persist),
};

static const struct place query_v3[] = {
    PLACE(v3_query_read),      PLACE(query_number), PLACE(settle_lock),
    PLACE(settle_handled),     PLACE(query_amount), PLACE(query_currency),
    PLACE(settle_transaction), PLACE(settle_late),  PLACE(settle_persist),
};

static const struct {
    const struct place *places;
    size_t count;
} lists[2][3] = {
    [WIRE_V2] = { [CLAIM_NOTIFICATION] = { notification, COUNT(notification) },
                  [CLAIM_QUERY] = { query, COUNT(query) },
                  [CLAIM_REFUND] = { refund_v2, COUNT(refund_v2) } },
    [WIRE_V3] = { [CLAIM_NOTIFICATION] = { notification_v3, COUNT(notification_v3) },
                  [CLAIM_QUERY] = { query_v3, COUNT(query_v3) },
                  [CLAIM_REFUND] = { refund_v3, COUNT(refund_v3) } },
};

typedef enum step claim_step(struct claim *claim);

static claim_step *step_at(const struct claim *claim, const struct place *place)
{
    claim_step *found;
    memcpy(&found, (const char *)claim->shop->steps + place->offset, sizeof(found));
    return found;
}

/* What was written down on the way (alarms, payments) stays; without a commit nothing counts. */
static void unlock(struct claim *claim)
{
    if (!claim->locked)
        return;
    claim->locked = false;
    if (ledger_commit(claim->shop->ledger)) {
        claim->verdict = STEP_REFUSE;
        claim->why = "the ledger could not commit";
    }
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct claim *claim = container_of(handle, struct claim, timer);
    claim->shop->open_claims--;
    message_release(&claim->own);
    v2_msg_release(&claim->opened);
    json_decref(claim->envelope);
    mem_free(claim);
}

static void acknowledge(struct claim *claim)
{
    const struct shop *shop = claim->shop;
    if (shop->options->api == WIRE_V3)
        shop->steps->v3_notify_ack(claim);
    else
        shop->steps->notify_ack(claim);
}

static void finish(struct claim *claim)
{
    unlock(claim);
    bool ok = claim->verdict == STEP_GO || claim->verdict == STEP_DONE;
    static const char *const sources[] = { [CLAIM_NOTIFICATION] = "notification",
                                           [CLAIM_QUERY] = "query",
                                           [CLAIM_REFUND] = "refund notification" };
    log_event(ok ? LOG_INFO : LOG_WARN, "settle", ok ? "accepted" : "refused", "from",
              view_str(sources[claim->source]), "order", view_str(claim->order.id), "transaction",
              claim->payment.transaction_id, "step", view_str(claim->step), "why",
              view_str(claim->why), NULL);
    if (claim->call)
        acknowledge(claim);
    if (claim->on_end)
        claim->on_end(claim, claim->owner);
    uv_close((uv_handle_t *)&claim->timer, on_timer_closed);
}

static void run(struct claim *claim)
{
    enum wire api = claim->shop->options->api;
    const struct place *places = lists[api][claim->source].places;
    size_t count = lists[api][claim->source].count;

    while (claim->verdict == STEP_GO && claim->next < count) {
        const struct place *place = &places[claim->next++];
        claim->step = place->name;
        claim->verdict = step_at(claim, place)(claim);
    }
    if (claim->verdict != STEP_WAIT)
        finish(claim);
}

void claim_resume(struct claim *claim, enum step verdict)
{
    assert(claim->verdict == STEP_WAIT);
    claim->verdict = verdict;
    run(claim);
}

static struct claim *claim_new(struct shop *shop, enum claim_source source)
{
    struct claim *claim = mem_new(struct claim);
    if (!claim)
        return NULL;
    claim->shop = shop;
    claim->source = source;
    shop->open_claims++;
    claim->verdict = STEP_GO;
    claim->step = claim->why = "";
    uv_timer_init(shop->loop, &claim->timer);
    return claim;
}

static void take_call(struct shop *shop, struct http_call *call, enum claim_source source)
{
    struct claim *claim = claim_new(shop, source);
    if (!claim) {
        http_call_reply(call, 503, NULL, 0, VIEW(""));
        return;
    }
    claim->call = call;
    claim->msg = &claim->own;
    run(claim);
}

void claim_notification(struct shop *shop, struct http_call *call)
{
    take_call(shop, call, CLAIM_NOTIFICATION);
}

void claim_refund(struct shop *shop, struct http_call *call)
{
    take_call(shop, call, CLAIM_REFUND);
}

int claim_query(struct shop *shop, const struct claim_wish *wish)
{
    struct claim *claim = claim_new(shop, CLAIM_QUERY);
    if (!claim)
        return ERR_NOMEM;
    claim->order = *wish->order;
    claim->msg = wish->msg;
    claim->refunded = wish->refunded;
    claim->on_end = wish->on_end;
    claim->owner = wish->owner;
    run(claim);
    return 0;
}
