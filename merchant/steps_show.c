/* Chapter "show": what the buyer sees. See steps.h for the table. */
#include "base/err.h"
#include "qr/qr.h"
#include "steps.h"

bool step_qr_allowed(struct shop *shop, const struct order *order)
{
    return order->state == ORDER_PENDING && shop_now_ms(shop) < order->expire_ms;
}

int step_qr_text(struct shop *, const struct order *order, struct buf *out)
{
    return buf_str(out, order->code_url);
}

int step_qr_draw(struct shop *shop, const struct order *order, struct buf *out)
{
    struct buf text = BUF_INIT(QR_TEXT_MAX);
    int err = shop->steps->qr_text(shop, order, &text);
    if (!err)
        err = qr_png(buf_view(&text), NULL, out);
    buf_release(&text);
    return err;
}

int step_code_source(struct shop *, const struct order *order, struct buf *out)
{
    return buf_fmt(out, "/orders/%s/qr.png", order->id);
}

int step_page_escape(struct shop *, struct view text, struct buf *out)
{
    int err = 0;
    for (size_t i = 0; !err && i < text.len; i++) {
        switch (text.ptr[i]) {
        case '&': err = buf_str(out, "&amp;"); break;
        case '<': err = buf_str(out, "&lt;"); break;
        case '>': err = buf_str(out, "&gt;"); break;
        case '"': err = buf_str(out, "&quot;"); break;
        case '\'': err = buf_str(out, "&#39;"); break;
        default: err = buf_byte(out, text.ptr[i]); break;
        }
    }
    return err;
}

void step_page_return(struct shop *, struct order *)
{
}

int step_error_text(struct shop *, struct view message, struct buf *out)
{
    return buf_view_add(out, message);
}
