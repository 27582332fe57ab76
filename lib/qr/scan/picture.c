#include "qr/scan/picture.h"

#include "base/mem.h"
#include "qr/scan/decoders.h"

const char *picture_format_name(enum picture_format format)
{
    static const char *const names[PICTURE_FORMATS] = {
        [PICTURE_UNKNOWN] = "", [PICTURE_PNG] = "png",   [PICTURE_JPEG] = "jpeg",
        [PICTURE_GIF] = "gif",  [PICTURE_WEBP] = "webp", [PICTURE_SVG] = "svg",
    };
    return names[format];
}

enum fault_id picture_alloc(struct picture *out, unsigned width, unsigned height,
                            struct fault *fault)
{
    if ((uint64_t)width * height > PICTURE_PIXELS_MAX)
        return fault_set(fault, FAULT_TOO_LARGE, "%u x %u pixels; at most %u are read", width,
                         height, PICTURE_PIXELS_MAX);
    out->grey = mem_alloc((size_t)width * height);
    if (!out->grey)
        return fault_set(fault, FAULT_LIMIT, "out of memory");
    out->width = width;
    out->height = height;
    return FAULT_NONE;
}

void picture_release(struct picture *picture)
{
    mem_free(picture->grey);
    picture->grey = NULL;
}

enum fault_id picture_decode(struct view bytes, struct picture *out, struct fault *fault)
{
    *out = (struct picture){};
    *fault = (struct fault){};
    if (bytes.len > PICTURE_BYTES_MAX)
        return fault_set(fault, FAULT_TOO_LARGE, "more than %u bytes", PICTURE_BYTES_MAX);
    if (sniff(bytes, out, fault))
        return fault->id;
    return out->format == PICTURE_SVG ? vector_decode(bytes, out, fault)
                                      : raster_decode(bytes, out, fault);
}
