/* How the person with the phone comes to an order, and what the phone shows of it. */
#include "base/err.h"
#include "base/mem.h"
#include "engine/code.h"
#include "engine/order_cell.h"
#include "engine/payer_steps.h"

void scan_release(struct scan *scan)
{
    order_row_release(&scan->order);
    if (scan->combine)
        combine_release(scan->combine);
    mem_free(scan->combine);
    *scan = (struct scan){};
}

/* ---- what is shown --------------------------------------------------------------------------- */

/* How long the present prepay lives, and what is shown behind its end (V2 5.4, V3 5.2). */
static enum phone_id by_prepay(const struct order_row *order, int64_t now_ms)
{
    bool browser = order->trade_type == TRADE_TYPE_MWEB;
    if (now_ms < order->prepay_ms + (browser ? H5_LIFE_MS : PREPAY_LIFE_MS))
        return PHONE_CASHIER;
    return browser                                  ? PHONE_H5_EXPIRED
           : order->trade_type == TRADE_TYPE_NATIVE ? PHONE_EXPIRED
                                                    : PHONE_PREPAY_EXPIRED;
}

enum phone_id payer_phone_of(const struct order_row *order, int64_t now_ms)
{
    switch (order->state) {
    case TRADE_NOTPAY: break;
    case TRADE_SUCCESS:
    case TRADE_REFUND: return PHONE_PAID;
    case TRADE_CLOSED:
    case TRADE_REVOKED:
    case TRADE_PAYERROR: return PHONE_CLOSED;
    default: return PHONE_TROUBLE;
    }
    if (order->expire_ms && order->expire_ms <= now_ms)
        return order->dialect == DIALECT_V3 ? PHONE_TIME_EXPIRED : PHONE_EXPIRED;
    return by_prepay(order, now_ms);
}

enum phone_id payer_phone_of_combined(const struct scan *scan)
{
    const struct combine *combine = scan->combine;
    struct order_row like = combine->part[0].order; /* what it holds stays the part's */
    like.state = combine->row.state;
    like.expire_ms = combine->row.expire_ms;
    return payer_phone_of(&like, account_now_ms(combine->account));
}

static int see_plain(struct engine *engine, struct scan *out)
{
    out->account = accounts_by_id(engine->accounts, out->order.account_id);
    int err = out->account ? order_settle(engine, out->account, &out->order) : ERR_STORE;
    if (!err)
        out->phone = payer_phone_of(&out->order, account_now_ms(out->account));
    return err;
}

/* Whichever part was found: all of them are shown, and paid. */
static int see_combined(struct engine *engine, struct scan *out)
{
    out->combine = mem_new(struct combine);
    if (!out->combine)
        return ERR_NOMEM;
    int err = combine_load(engine, out->order.combine_id, out->combine);
    if (err)
        return err == ERR_NOT_FOUND ? ERR_STORE : err;
    out->account = out->combine->account;
    out->phone = payer_phone_of_combined(out);
    return 0;
}

/* @err is that of finding out->order; ERR_NOT_FOUND shows @unknown. */
static void show(struct engine *engine, int err, enum phone_id unknown, struct scan *out)
{
    out->phone = unknown;
    if (err == ERR_NOT_FOUND)
        return;
    if (!err)
        err = out->order.combine_id ? see_combined(engine, out) : see_plain(engine, out);
    if (!err)
        return;
    order_trouble(engine, "look at an order", err);
    scan_release(out);
    out->phone = PHONE_TROUBLE;
}

static int forget(struct order_row *order)
{
    order_row_release(order);
    *order = (struct order_row){};
    return ERR_NOT_FOUND;
}

/* ---- a QR code ------------------------------------------------------------------------------- */

#define OURS VIEW("weixin://wxpay/")

/*
 * The part of a code_url that varies (V2 4.1); whichever form it has, and whatever parameters
 * follow. Empty: none.
 */
static struct view code_in(struct view content)
{
    static const struct view fronts[] = {
        VIEW("weixin://wxpay/bizpayurl?pr="),
        VIEW("weixin://wxpay/bizpayurl?sr="),
        VIEW("weixin://wxpay/bizpayurl/up?pr="),
        VIEW("weixin://wxpay/s/"),
    };
    for (size_t i = 0; i < COUNT(fronts); i++) {
        if (!view_starts(content, fronts[i]))
            continue;
        struct view rest = { content.ptr + fronts[i].len, content.len - fronts[i].len };
        return view_cut(rest, '&', &rest);
    }
    return (struct view){};
}

/* Only the newest prepay of an order has a code that leads to it, and only that of a NATIVE one. */
static int find_by_code(struct engine *engine, struct view code, struct order_row *out)
{
    int64_t id;
    unsigned generation;
    if (!code_read(accounts_code_salt(engine->accounts), code, &id, &generation))
        return ERR_NOT_FOUND;
    int err = order_get(engine->store, id, out);
    if (err || (view_is(code, out->code) && out->trade_type == TRADE_TYPE_NATIVE))
        return err;
    return forget(out);
}

void payer_scan(struct engine *engine, struct view content, struct scan *out)
{
    *out = (struct scan){ .phone = PHONE_NOT_OURS };
    if (view_starts(content, OURS))
        show(engine, find_by_code(engine, code_in(content), &out->order), PHONE_UNKNOWN, out);
}

/* ---- a prepay -------------------------------------------------------------------------------- */

static int find_by_prepay(struct engine *engine, struct view prepay_id, struct order_row *out)
{
    int err = order_get_by_prepay(engine, prepay_id, out);
    return err || view_is(prepay_id, out->prepay_id) ? err : forget(out);
}

void payer_call(struct engine *engine, struct view prepay_id, enum trade_type type,
                struct scan *out)
{
    *out = (struct scan){};
    show(engine, find_by_prepay(engine, prepay_id, &out->order), PHONE_PREPAY_UNKNOWN, out);
    if (out->order.id && out->order.trade_type != type)
        out->phone = PHONE_OTHER_WAY;
}

/* The merchant may put "&redirect_url=…" behind it and nothing else (V3 4.1). */
static bool is_h5_url_of(struct view url, const struct order_row *order)
{
    char own[H5_URL_MAX + 1];
    order_h5_url(order, own);
    struct view front = view_str(own);
    if (!view_starts(url, front))
        return false;
    struct view rest = { url.ptr + front.len, url.len - front.len };
    return !rest.len || view_starts(rest, VIEW("&redirect_url="));
}

void payer_open(struct engine *engine, struct view url, struct scan *out)
{
    struct view front = VIEW(H5_URL_FRONT), name = VIEW("prepay_id=");
    *out = (struct scan){ .phone = PHONE_NOT_OURS };
    if (!view_starts(url, front))
        return;
    struct view rest = { url.ptr + front.len, url.len - front.len };
    struct view first = view_cut(rest, '&', &rest);
    if (!view_starts(first, name)) {
        out->phone = PHONE_H5_BROKEN;
        return;
    }
    payer_call(engine, (struct view){ first.ptr + name.len, first.len - name.len }, TRADE_TYPE_MWEB,
               out);
    if (out->order.id && out->phone != PHONE_OTHER_WAY && !is_h5_url_of(url, &out->order))
        out->phone = PHONE_H5_BROKEN;
}

/* ---- the order itself ------------------------------------------------------------------------ */

void payer_find(struct engine *engine, struct account *account, struct view number,
                struct scan *out)
{
    *out = (struct scan){};
    int err = order_get_by_number(engine->store, account->id, number, &out->order);
    if (err == ERR_NOT_FOUND)
        payer_find_combined(engine, account, number, out);
    else
        show(engine, err, PHONE_UNKNOWN, out);
}

static int take_first(void *ctx, const struct order_row *row)
{
    *(int64_t *)ctx = row->id;
    return 1; /* no need of the others */
}

void payer_find_combined(struct engine *engine, struct account *account, struct view number,
                         struct scan *out)
{
    struct combine_row row = {};
    int64_t first = 0;
    *out = (struct scan){};
    int err = combine_get_by_number(engine->store, account->id, number, &row);
    if (!err)
        err = order_each_combined(engine->store, row.id, take_first, &first);
    if (err >= 0 && first)
        err = order_get(engine->store, first, &out->order);
    combine_row_release(&row);
    show(engine, err, PHONE_UNKNOWN, out);
}
