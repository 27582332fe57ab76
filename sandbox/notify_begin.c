/* The beginning of an attempt: row, body, record, fault, in one transaction */
#include "notify_priv.h"

#include "base/err.h"
#include "base/log.h"
#include "engine/refund.h"
#include "wxpay/v2_ack.h"

#define COMBINE_BODY_MAX (256 * 1024)

/* The record shows what is called and said, so that is where it lies. */
static int make_urls(struct exchange *exchange, const struct account *account, struct view url)
{
    if (switch_is(&account->switches, SWITCH_url_query, "stripped")) {
        struct view query;
        url = view_cut(url, '?', &query);
    }
    int err = buf_view_add(&exchange->url, url);
    return err ? err : account_map_url(account, url, &exchange->real_url);
}

/* What it is about, by its kind. */
struct subject {
    struct order_row order;
    struct refund_row refund;
    struct told_row text;
    struct combine combine;
};

static int subject_load(struct sandbox *sandbox, const struct account *account,
                        const struct notice_row *notice, struct subject *out)
{
    int err;
    *out = (struct subject){};
    if (notice->kind == NOTICE_COMBINE)
        return combine_load(&sandbox->engine, notice->about_id, &out->combine);
    if (notice->kind == NOTICE_ECHO)
        return told_get(sandbox->store, notice->about_id, &out->text);
    err = order_get(sandbox->store, notice->order_id, &out->order);
    if (!err && notice->kind == NOTICE_REFUND)
        err = refund_get(sandbox->store, notice->about_id, &out->refund);
    refund_see_time(account, &out->refund);
    return err;
}

static void subject_release(struct subject *subject)
{
    combine_release(&subject->combine);
    told_row_release(&subject->text);
    refund_row_release(&subject->refund);
    order_row_release(&subject->order);
}

static struct view url_of(const struct subject *subject)
{
    if (subject->text.id)
        return buf_view(&subject->text.url);
    if (subject->refund.id)
        return buf_view(&subject->refund.notify_url);
    return order_field(subject->combine.count ? &subject->combine.part[0].order : &subject->order,
                       "notify_url");
}

static const char *number_of(const struct subject *subject)
{
    return subject->combine.count ? subject->combine.row.out_trade_no : subject->order.out_trade_no;
}

static void describe(struct delivery *d, const struct account *account, const char *number)
{
    struct exchange *exchange = d->exchange;
    (void)view_copy(view_str(account->mch_id), exchange->mch_id, sizeof(exchange->mch_id));
    (void)view_copy(view_str(notice_kind_name(d->notice.kind)), exchange->api,
                    sizeof(exchange->api));
    (void)view_copy(view_str(number), exchange->out_trade_no, sizeof(exchange->out_trade_no));
    exchange->virtual_ms = d->row.sent_ms;
    exchange->notice_id = d->notice.id;
    exchange->attempt = d->row.attempt;
    exchange->fault = d->dress.probe ? fault_kind_name(FAULT_PROBE) : d->fault; /* or a switch */
}

static int make_body(struct delivery *d, struct account *account, const struct subject *about,
                     const struct fault *fault)
{
    struct buf *body = &d->exchange->request_body;
    d->v3 = about->text.id || about->combine.count ||
            (about->refund.id ? about->refund.dialect : about->order.dialect) == DIALECT_V3;
    struct told_v3 told = { &d->notice,   &about->order,   &about->refund,
                            &about->text, &about->combine, fault };
    if (!d->v3 && about->refund.id)
        return notify_refund_v2(d->notify, account, &told, body);
    if (!d->v3)
        return notify_body_v2(d->notify, account, &about->order, fault, body);
    if (about->combine.count) /* fifty parts may tell more than a record usually keeps */
        body->max = COMBINE_BODY_MAX;
    return notify_body_v3(d->notify, account, &told, &d->dress, body);
}

static int fill(struct delivery *d, struct account *account, const struct fault *fault)
{
    struct sandbox *sandbox = d->notify->sandbox;
    struct subject about = {};
    int err = exchange_begin(sandbox->exchanges, EXCHANGE_NOTIFICATION, &d->exchange);
    if (!err)
        err = subject_load(sandbox, account, &d->notice, &about);
    if (!err)
        err = make_urls(d->exchange, account, url_of(&about));
    if (!err)
        err = make_body(d, account, &about, fault);
    if (!err)
        describe(d, account, number_of(&about));
    subject_release(&about);
    return err;
}

/*
 * Two writes without a savepoint, which would copy every page that they touch. What the second one
 * leaves half done is taken back; where even that fails, nothing of the turn may be kept.
 */
static int store_begin_of(struct delivery *d)
{
    struct store *store = d->notify->sandbox->store;
    struct notice_row before = d->notice;
    d->notice.attempts = d->row.attempt;
    if (d->before == NOTICE_WAITING)
        d->notice.state = NOTICE_SENDING; /* a crash must not wake what is held or suppressed */
    int err = notice_update(store, &d->notice);
    if (err)
        return err;
    err = delivery_insert(store, &d->row);
    if (err && notice_update(store, &before))
        store_spoil(store);
    return err;
}

static struct delivery *delivery_new(struct notify *notify, const struct delivery_plan *plan)
{
    struct delivery *d = mem_new(struct delivery);
    if (!d)
        return NULL;
    const struct switches *switches = &plan->account->switches;
    d->notify = notify;
    d->account_id = plan->account->id;
    d->notice = plan->notice;
    d->before = plan->notice.state;
    d->shadow = plan->shadow;
    d->on_end = plan->on_end;
    d->owner = plan->owner;
    d->timeout_ms = switch_is(switches, SWITCH_ack_timeout, "2s") ? 2000 : 5000;
    d->ack_mode = switch_is(switches, SWITCH_ack_mode, "strict") ? V2_ACK_STRICT : V2_ACK_LENIENT;
    d->row = (struct delivery_row){ .notice_id = plan->notice.id,
                                    .attempt = plan->notice.attempts + 1,
                                    .sent_ms = account_now_ms(plan->account) };
    rng_hex(&notify->sandbox->rng, d->request_id, 32);
    return d;
}

static int begin_one(struct notify *notify, const struct delivery_plan *plan,
                     const struct fault *fault)
{
    struct delivery *d = delivery_new(notify, plan);
    if (!d)
        return ERR_NOMEM;
    d->fault = fault ? fault_kind_name(fault->kind) : NULL;
    d->delay_ms = fault && fault->kind == FAULT_DELAY ? fault->delay_ms : 0;
    int err = fill(d, plan->account, fault); /* writes last: all of it or nothing */
    if (!err)
        err = store_begin_of(d);
    if (err) {
        delivery_free(d);
        return err;
    }
    delivery_open(d, plan->account);
    return 0;
}

/* By the number, for faults that are about one order; an echo is about none. */
static struct fault *take_fault(struct notify *notify, const struct delivery_plan *plan)
{
    struct sandbox *sandbox = notify->sandbox;
    if (plan->shadow || faults_count(plan->account) == 0)
        return NULL;
    struct subject about;
    struct fault *fault = NULL;
    if (subject_load(sandbox, plan->account, &plan->notice, &about) == 0)
        fault =
            faults_take(sandbox->accounts, plan->account, FAULT_DOOR_NOTIFICATION,
                        view_str(notice_kind_name(plan->notice.kind)), view_str(number_of(&about)));
    subject_release(&about);
    return fault;
}

/* FAULT_COPIES: what has begun goes on, also when not all copies can be made. */
static void begin_copies(struct notify *notify, const struct delivery_plan *plan,
                         const struct fault *fault)
{
    struct delivery_plan copy = { .account = plan->account,
                                  .notice = plan->notice,
                                  .shadow = true };
    int err = 0;
    for (int i = 1; !err && i < fault->copies; i++)
        err = begin_one(notify, &copy, fault);
    if (err)
        log_line(LOG_ERROR, "notify", "fewer copies than ordered: %s", err_text(err));
}

int delivery_begin(struct notify *notify, const struct delivery_plan *plan)
{
    int err = turn_open(notify->sandbox->turn);
    if (err)
        return err;
    struct fault *fault = take_fault(notify, plan);
    err = begin_one(notify, plan, fault);
    if (!err && fault && fault->kind == FAULT_COPIES)
        begin_copies(notify, plan, fault);
    if (fault)
        faults_done(plan->account, fault);
    return err;
}
