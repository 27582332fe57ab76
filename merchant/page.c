#include "page.h"

#include "base/embed.h"
#include "base/err.h"
#include "base/mem.h"
#include "reply.h"
#include "steps.h"

#define PAGE_MAX (128 * 1024)

/* What stands for {{name}} in a template: already HTML. */
struct slot {
    const char *name;
    struct view html;
};

extern const struct embedded page_files[]; /* made from page/ */

static struct view file(const char *name)
{
    return embedded_find(page_files, name);
}

static struct view slot_of(const struct slot *slots, size_t count, struct view name)
{
    for (size_t i = 0; i < count; i++) {
        if (view_is(name, slots[i].name))
            return slots[i].html;
    }
    return (struct view){};
}

static int fill(struct buf *out, const char *name, const struct slot *slots, size_t count)
{
    struct view rest = file(name);
    int err = 0;
    while (!err && rest.len) {
        size_t at = view_find(rest, VIEW("{{"));
        if (at == SIZE_MAX)
            return buf_view_add(out, rest);
        err = buf_add(out, rest.ptr, at);
        rest = (struct view){ rest.ptr + at + 2, rest.len - at - 2 };
        size_t end = view_find(rest, VIEW("}}"));
        if (end == SIZE_MAX)
            return ERR_SYNTAX;
        if (!err)
            err = buf_view_add(out, slot_of(slots, count, (struct view){ rest.ptr, end }));
        rest = (struct view){ rest.ptr + end + 2, rest.len - end - 2 };
    }
    return err;
}

static void send_page(struct shop *shop, struct http_call *call, int err, struct buf *html)
{
    if (err)
        reply_error(shop, call, 500, "NO_PAGE", err_text(err), NULL);
    else
        reply_page(call, "text/html; charset=utf-8", buf_view(html));
    buf_release(html);
}

static int yuan(struct buf *out, int64_t fen)
{
    return buf_fmt(out, "%lld.%02lld", (long long)(fen / 100), (long long)(fen % 100));
}

static int goods_row(struct shop *shop, const struct goods *goods, struct buf *out)
{
    int err = buf_str(out, "<li><span class=\"name\">");
    if (!err)
        err = shop->steps->page_escape(shop, view_str(goods->name), out);
    if (!err)
        err = buf_str(out, "</span><span class=\"price\">¥");
    if (!err)
        err = yuan(out, goods->price_fen);
    if (!err)
        err = buf_str(out, "</span><button type=\"button\" data-sku=\"");
    if (!err)
        err = shop->steps->page_escape(shop, view_str(goods->sku), out);
    return err ? err : buf_str(out, "\">购买 Buy</button></li>\n");
}

void page_shop(struct shop *shop, struct http_call *call)
{
    struct buf rows = BUF_INIT(PAGE_MAX), html = BUF_INIT(PAGE_MAX);
    size_t count;
    const struct goods *goods = goods_list(&count);
    int err = 0;
    for (size_t i = 0; !err && i < count; i++)
        err = goods_row(shop, &goods[i], &rows);
    const struct slot slots[] = { { "goods", buf_view(&rows) } };
    if (!err)
        err = fill(&html, "shop.html", slots, COUNT(slots));
    buf_release(&rows);
    send_page(shop, call, err, &html);
}

/* Where the picture comes from, or that there is none. */
static int code_attribute(struct shop *shop, const struct order *order, struct buf *out)
{
    if (!shop->steps->qr_allowed(shop, order))
        return buf_str(out, "hidden");
    struct buf url = BUF_INIT(512);
    int err = shop->steps->code_source(shop, order, &url);
    if (!err)
        err = buf_str(out, "src=\"");
    if (!err)
        err = shop->steps->page_escape(shop, buf_view(&url), out);
    buf_release(&url);
    return err ? err : buf_byte(out, '"');
}

void page_checkout(struct shop *shop, struct http_call *call, struct order *order)
{
    struct buf name = BUF_INIT(1024), note = BUF_INIT(1024), price = BUF_INIT(32),
               source = BUF_INIT(1024), html = BUF_INIT(PAGE_MAX);
    const struct goods *goods = goods_find(view_str(order->sku));
    shop->steps->page_return(shop, order); /* perhaps the buyer comes back from the phone */
    int err = shop->steps->page_escape(shop, view_str(goods ? goods->name : order->sku), &name);
    if (!err)
        err = shop->steps->page_escape(shop, view_str(order->attach), &note);
    if (!err)
        err = yuan(&price, order->total_fen);
    if (!err)
        err = code_attribute(shop, order, &source);
    const struct slot slots[] = {
        { "id", view_str(order->id) },
        { "status", view_str(order_state_name(order->state)) },
        { "name", buf_view(&name) },
        { "note", buf_view(&note) },
        { "price", buf_view(&price) },
        { "qr", buf_view(&source) },
        { "number", view_str(order->out_trade_no) },
    };
    if (!err)
        err = fill(&html, "checkout.html", slots, COUNT(slots));
    buf_release(&name);
    buf_release(&note);
    buf_release(&price);
    buf_release(&source);
    send_page(shop, call, err, &html);
}

void page_asset(struct shop *shop, struct http_call *call, struct view name)
{
    static const struct {
        const char *name, *type;
    } assets[] = {
        { "style.css", "text/css; charset=utf-8" },
        { "shop.js", "text/javascript; charset=utf-8" },
        { "checkout.js", "text/javascript; charset=utf-8" },
    };
    for (size_t i = 0; i < COUNT(assets); i++) {
        if (view_is(name, assets[i].name)) {
            reply_page(call, assets[i].type, file(assets[i].name));
            return;
        }
    }
    reply_error(shop, call, 404, "NOT_FOUND", "no such file", NULL);
}
