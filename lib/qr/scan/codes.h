/*
 * codes.h — the QR codes in a picture, byte for byte, by zbar. Other barcodes are not looked for.
 */
#ifndef QR_SCAN_CODES_H
#define QR_SCAN_CODES_H

#include "base/buf.h"
#include "qr/scan/picture.h"

#define CODES_MAX 8

struct codes {
    size_t count;
    struct buf texts[CODES_MAX]; /* owned; raw bytes */
};

/*
 * Look for QR codes; more than CODES_MAX are left out. Bytes come out as they were encoded, unless
 * the code itself names a character set other than UTF-8 (ECI), which zbar turns into UTF-8.
 *
 * 0 also when none was found; ERR_NOMEM. @out is overwritten.
 */
[[nodiscard]] int codes_find(const struct picture *picture, struct codes *out);

void codes_release(struct codes *codes);

#endif
