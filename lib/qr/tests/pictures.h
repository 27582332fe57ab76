/*
 * pictures.h — what the tests of the decoder share: pictures to show, and questions about them.
 * Everything here fails the running test when it cannot be done.
 */
#ifndef QR_TESTS_PICTURES_H
#define QR_TESTS_PICTURES_H

#include "qr/qr_scan.h"
#include "qr/scan/scan.h"

#include <gd.h>

#define PICTURE_MAX (4u << 20)
#define CODE_URL    "weixin://wxpay/bizpayurl/up?pr=NwY5Mz9&groupid=00"

/* The bytes of a file under fixtures/qr. */
struct buf fixture(const char *name);

/* A code drawn by qr_png(); as a true-colour image of libgd. */
struct buf png_of(struct view text, unsigned scale, unsigned quiet);
gdImage *image_of(struct view text, unsigned scale, unsigned quiet);

/* A PNG of @image, which is destroyed. */
struct buf png_from(gdImage *image);

/* The raster formats, as libgd writes them. */
struct format {
    const char *name; /* as the scanner names it */
    struct buf (*write)(gdImage *image);
};
#define FORMAT_COUNT 5
extern const struct format formats[FORMAT_COUNT];

/* scan_picture() and its answer read back. The caller releases the result. */
struct qr_scan_result ask_with(struct view picture, const struct scan_options *options);
struct qr_scan_result ask(struct view picture, bool repair);

/* Exactly one code with @text; @repaired NULL: however it was read. */
void expect_text(struct view picture, bool repair, const char *repaired, struct view text);
void expect_fault(struct view picture, bool repair, const char *error);

#endif
