/*
 * decoders.h — the parts of picture_decode(). Private to lib/qr/scan.
 */
#ifndef QR_SCAN_DECODERS_H
#define QR_SCAN_DECODERS_H

#include "qr/scan/picture.h"

/*
 * Which kind is it, and is its announced size bearable? Sets out->format, and for raster pictures
 * width and height. Reads headers only.
 */
[[nodiscard]] enum fault_id sniff(struct view bytes, struct picture *out, struct fault *fault);

/* libgd; the four raster formats. */
[[nodiscard]] enum fault_id raster_decode(struct view bytes, struct picture *out,
                                          struct fault *fault);

/* librsvg and cairo. Loads nothing the bytes refer to. */
[[nodiscard]] enum fault_id vector_decode(struct view bytes, struct picture *out,
                                          struct fault *fault);

/* Luma of a pixel laid on white; @opaque 0 … 255. */
static inline unsigned char grey_of(unsigned red, unsigned green, unsigned blue, unsigned opaque)
{
    unsigned luma = (red * 299 + green * 587 + blue * 114) / 1000;

    return (unsigned char)((luma * opaque + 255 * (255 - opaque)) / 255);
}

#endif
