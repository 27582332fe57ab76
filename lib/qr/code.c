#include "qr/code.h"

#include "base/err.h"

#include <errno.h>
#include <qrencode.h>

int code_init(struct code *code, struct view text, const struct qr_style *style)
{
    static const struct qr_style usual = { .scale = 8, .quiet = 4 };

    *code = (struct code){};
    if (!style)
        style = &usual;
    if (text.len == 0)
        return ERR_USAGE;
    if (text.len > QR_TEXT_MAX)
        return ERR_TOO_LONG;
    if (style->scale > QR_SCALE_MAX || style->quiet > QR_QUIET_MAX)
        return ERR_RANGE;

    /* encodeData, not encodeString: no mode is guessed from the text and a NUL is a byte */
    QRcode *symbol =
        QRcode_encodeData((int)text.len, (const unsigned char *)text.ptr, 0, QR_ECLEVEL_M);
    if (!symbol)
        return errno == ERANGE ? ERR_TOO_LONG : ERR_NOMEM;
    code->symbol = symbol;
    code->modules = symbol->data;
    code->width = (unsigned)symbol->width;
    code->scale = style->scale ? style->scale : usual.scale;
    code->quiet = style->quiet;
    return 0;
}

void code_release(struct code *code)
{
    QRcode_free(code->symbol);
    *code = (struct code){};
}
