#include "qr/scan/codes.h"

#include "base/err.h"

#include <zbar.h>

#define TEXT_MAX (16u << 10) /* a QR code holds 2953 bytes; each may grow to 4 in UTF-8 */

static int collect(const zbar_image_t *image, struct codes *out)
{
    int err = 0;
    const zbar_symbol_t *symbol = zbar_image_first_symbol(image);

    for (; symbol && out->count < CODES_MAX && !err; symbol = zbar_symbol_next(symbol)) {
        if (zbar_symbol_get_type(symbol) != ZBAR_QRCODE)
            continue; /* a part of a code spread over several symbols */
        struct buf *text = &out->texts[out->count++];
        *text = BUF_INIT(TEXT_MAX);
        err = buf_add(text, zbar_symbol_get_data(symbol), zbar_symbol_get_data_length(symbol));
    }
    return err;
}

int codes_find(const struct picture *picture, struct codes *out)
{
    zbar_image_scanner_t *scanner = zbar_image_scanner_create();
    zbar_image_t *image = zbar_image_create();
    int err = ERR_NOMEM;

    *out = (struct codes){};
    if (!scanner || !image)
        goto out;
    zbar_image_scanner_set_config(scanner, 0, ZBAR_CFG_ENABLE, 0);
    zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_ENABLE, 1);
    /* without it zbar guesses an encoding (SJIS, Big5, Latin-1) and rewrites the bytes */
    zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_BINARY, 1);
    zbar_image_set_format(image, zbar_fourcc('Y', '8', '0', '0'));
    zbar_image_set_size(image, picture->width, picture->height);
    zbar_image_set_data(image, picture->grey, (size_t)picture->width * picture->height, NULL);
    err = zbar_scan_image(scanner, image) < 0 ? ERR_NOMEM : collect(image, out);
out:
    if (image)
        zbar_image_destroy(image);
    if (scanner)
        zbar_image_scanner_destroy(scanner);
    if (err)
        codes_release(out);
    return err;
}

void codes_release(struct codes *codes)
{
    for (size_t i = 0; i < codes->count; i++)
        buf_release(&codes->texts[i]);
    codes->count = 0;
}
