/* Mutants of the chapter "show": what the buyer sees. */
#include "mutants/mutant.h"

#include "base/mem.h"
#include "qr/qr.h"

#include <stdio.h>

/* --- the code --------------------------------------------------------------------------------- */

static int wrapped(struct shop *shop, const struct order *order, struct buf *out)
{
    int err = buf_fmt(out, "%s/go?to=", shop->base_url);
    return err ? err : http_percent_encode(out, view_str(order->code_url));
}

static int cut(struct shop *, const struct order *order, struct buf *out)
{
    struct view rest;
    return buf_view_add(out, view_cut(view_str(order->code_url), '&', &rest));
}

static int escaped(struct shop *shop, const struct order *order, struct buf *out)
{
    return step_page_escape(shop, view_str(order->code_url), out);
}

static int same_for_all(struct shop *, const struct order *order, struct buf *out)
{
    static char first[257]; /* "cached" by the first order that was shown */
    if (!first[0])
        snprintf(first, sizeof(first), "%s", order->code_url);
    return buf_str(out, first);
}

static bool for_ever(struct shop *, const struct order *order)
{
    return order->code_url[0] != '\0';
}

static int no_quiet_zone(struct shop *, const struct order *order, struct buf *out)
{
    static const struct qr_style tiny = { .scale = 1, .quiet = 0 };
    return qr_png(view_str(order->code_url), &tiny, out);
}

static int third_party(struct shop *, const struct order *order, struct buf *out)
{
    int err = buf_str(out, "https://qr.example.com/create?size=200x200&data=");
    return err ? err : http_percent_encode(out, view_str(order->code_url));
}

static const char *escaped_code(struct shop *shop, struct order *order, struct answer *a)
{
    struct buf text = BUF_INIT(sizeof(order->code_url) - 1);
    const char *why = step_create_accepted(shop, order, a);
    if (!why && step_page_escape(shop, view_str(order->code_url), &text) == 0)
        snprintf(order->code_url, sizeof(order->code_url), "%s", buf_cstr(&text));
    buf_release(&text);
    return why;
}

/* --- the page ---------------------------------------------------------------------------------- */

static int raw(struct shop *, struct view text, struct buf *out)
{
    return buf_view_add(out, text);
}

static int with_key(struct shop *shop, const struct order *order, struct buf *out)
{
    int err = step_code_source(shop, order, out);
    return err ? err : buf_fmt(out, "?key=%s", shop->options->api_key);
}

static int key_in_error(struct shop *shop, struct view message, struct buf *out)
{
    int err = step_error_text(shop, message, out);
    return err ? err
               : buf_fmt(out, " (signed: mch_id=%s&key=%s)", shop->options->mch_id,
                         shop->options->api_key);
}

/* clang-format off */
const struct mutant mutants_show[] = {
    MUTANT("qr-wrapped", "WX2-089", "The code leads to a page of the shop that leads on.",
      .qr_text = wrapped),
    MUTANT("qr-cut", "WX2-089", "The code ends before the first &.", .qr_text = cut),
    MUTANT("qr-escaped", "WX2-089",
      "The code holds &amp; where code_url has &.", .qr_text = escaped),
    MUTANT("code-url-escaped", "WX2-090",
      "code_url is kept as HTML.", .create_accepted = escaped_code),
    MUTANT("qr-shared", "WX2-091", "Every order shows the code of the first one.",
      .qr_text = same_for_all),
    MUTANT("qr-stays", "WX2-091 WX2-092", "The code is shown after payment, close and expiry.",
      .qr_allowed = for_ever),
    MUTANT("qr-tiny", "WX2-089", "The code has no quiet zone and one pixel per module.",
      .qr_draw = no_quiet_zone),
    MUTANT("qr-third-party", "WX2-094", "The page's picture comes from somebody else's server.",
      .code_source = third_party),
    MUTANT("page-unescaped", "WX2-090 WX2-114", "Texts go into the page as they are.",
      .page_escape = raw),
    MUTANT("key-in-page", "WX2-111",
      "The checkout page holds the API key.", .code_source = with_key),
    MUTANT("key-in-error", "WX2-111", "Error texts show the text to be signed.",
      .error_text = key_in_error),
    MUTANT("return-settles", "WX2-074", "Coming back from the phone settles the order.",
      .page_return = mutant_mark_paid),
    { .name = NULL },
};
