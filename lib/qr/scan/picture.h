/*
 * picture.h — bytes of a picture to grey pixels, on white where they are transparent.
 *
 * The kind is told by the first bytes, never by a name. The size is read from the header and held
 * against PICTURE_PIXELS_MAX before any decoder sees the bytes, so that a small file cannot unfold
 * into gigabytes. Knows nothing of processes: limits of memory and time are the caller's.
 */
#ifndef QR_SCAN_PICTURE_H
#define QR_SCAN_PICTURE_H

#include "base/view.h"
#include "qr/scan/fault.h"

#define PICTURE_BYTES_MAX (8u << 20)
#ifndef PICTURE_PIXELS_MAX /* the fuzzer's build has fewer, for speed */
#define PICTURE_PIXELS_MAX 40'000'000u
#endif

enum picture_format {
    PICTURE_UNKNOWN,
    PICTURE_PNG,
    PICTURE_JPEG,
    PICTURE_GIF,
    PICTURE_WEBP,
    PICTURE_SVG,
    PICTURE_FORMATS
};

struct picture {
    enum picture_format format; /* set as soon as it is known, on failure too */
    unsigned width, height;
    unsigned char *grey; /* owned; width × height, 0 is black, no gaps between the rows */
};

/* "png", "jpeg", "gif", "webp", "svg"; "" for an unknown one. Static. */
const char *picture_format_name(enum picture_format format);

/*
 * Decode @bytes. On success @out owns pixels and FAULT_NONE comes back; otherwise the fault, also
 * in @fault, and no pixels. Of an animated GIF the first frame is taken. An SVG is drawn at its
 * own size, or enlarged by a whole number until its longer side has SVG_SIDE_MIN pixels.
 */
#define SVG_SIDE_MIN 400
[[nodiscard]] enum fault_id picture_decode(struct view bytes, struct picture *out,
                                           struct fault *fault);

/* Uninitialised pixels. FAULT_TOO_LARGE, FAULT_LIMIT. */
[[nodiscard]] enum fault_id picture_alloc(struct picture *out, unsigned width, unsigned height,
                                          struct fault *fault);

/* Frees the pixels; the rest stays. */
void picture_release(struct picture *picture);

#endif
