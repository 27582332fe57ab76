/*
 * sniff.c — kind and announced size of a picture, from its first bytes.
 *
 * Each format has its magic and a reader for its size. What the reader says is what the decoder
 * will allocate, so the pixel limit is applied here, before the decoder runs.
 */
#include "base/mem.h"
#include "qr/scan/decoders.h"

struct size {
    uint32_t width, height;
};

static unsigned byte_at(struct view bytes, size_t at)
{
    return at < bytes.len ? (unsigned char)bytes.ptr[at] : 0;
}

static uint32_t big(struct view bytes, size_t at, unsigned len)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < len; i++)
        value = value << 8 | byte_at(bytes, at + i);
    return value;
}

static uint32_t little(struct view bytes, size_t at, unsigned len)
{
    uint32_t value = 0;
    for (unsigned i = len; i > 0; i--)
        value = value << 8 | byte_at(bytes, at + i - 1);
    return value;
}

static bool has(struct view bytes, size_t at, struct view magic)
{
    return at <= bytes.len && magic.len <= bytes.len - at &&
           memcmp(bytes.ptr + at, magic.ptr, magic.len) == 0;
}

/* Signature, then the IHDR chunk: length, name, width, height. */
static bool png_size(struct view bytes, struct size *size, struct fault *)
{
    if (bytes.len < 33 || !has(bytes, 12, VIEW("IHDR")))
        return false;
    *size = (struct size){ big(bytes, 16, 4), big(bytes, 20, 4) };
    return true;
}

/* The logical screen; libgd refuses a frame that does not fit into it. */
static bool gif_size(struct view bytes, struct size *size, struct fault *)
{
    if (bytes.len < 13)
        return false;
    *size = (struct size){ little(bytes, 6, 2), little(bytes, 8, 2) };
    return true;
}

static bool jpeg_is_frame(unsigned marker)
{
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

/* Segments up to the frame header (SOFn): marker, length, precision, height, width. */
static bool jpeg_size(struct view bytes, struct size *size, struct fault *)
{
    size_t at = 2;

    while (at + 4 <= bytes.len) {
        unsigned marker = byte_at(bytes, at + 1);
        if (byte_at(bytes, at) != 0xff || marker == 0xff) {
            at++; /* libjpeg skips to the next marker, and so do we */
            continue;
        }
        if (jpeg_is_frame(marker)) {
            *size = (struct size){ big(bytes, at + 7, 2), big(bytes, at + 5, 2) };
            return at + 9 <= bytes.len;
        }
        if (marker == 0xd9 || marker == 0xda)
            return false; /* the end, or pixels before any frame header */
        bool alone = marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8);
        at += 2 + (alone ? 0 : big(bytes, at + 2, 2));
    }
    return false;
}

/* RIFF header of 12 bytes, then the first chunk: VP8X (canvas), VP8L or VP8. */
static bool webp_size(struct view bytes, struct size *size, struct fault *fault)
{
    if (bytes.len < 30)
        return false;
    if (has(bytes, 12, VIEW("VP8X"))) {
        if (byte_at(bytes, 20) & 0x02) {
            fault_set(fault, FAULT_UNSUPPORTED, "animated WebP");
            return false;
        }
        *size = (struct size){ little(bytes, 24, 3) + 1, little(bytes, 27, 3) + 1 };
    } else if (has(bytes, 12, VIEW("VP8L")) && byte_at(bytes, 20) == 0x2f) {
        uint32_t bits = little(bytes, 21, 4);
        *size = (struct size){ (bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1 };
    } else if (has(bytes, 12, VIEW("VP8 ")) && has(bytes, 23, VIEW("\x9d\x01\x2a"))) {
        *size = (struct size){ little(bytes, 26, 2) & 0x3fff, little(bytes, 28, 2) & 0x3fff };
    } else {
        return false;
    }
    return true;
}

static const struct kind {
    size_t at; /* where the magic stands */
    struct view magic;
    enum picture_format format; /* PICTURE_UNKNOWN: known by name only */
    const char *name;
    bool (*size)(struct view bytes, struct size *size, struct fault *fault);
} kinds[] = {
    { 0, VIEW("\x89PNG\r\n\x1a\n"), PICTURE_PNG, "PNG", png_size },
    { 0, VIEW("\xff\xd8\xff"), PICTURE_JPEG, "JPEG", jpeg_size },
    { 0, VIEW("GIF87a"), PICTURE_GIF, "GIF", gif_size },
    { 0, VIEW("GIF89a"), PICTURE_GIF, "GIF", gif_size },
    { 8, VIEW("WEBP"), PICTURE_WEBP, "WebP", webp_size },
    { 0, VIEW("BM"), PICTURE_UNKNOWN, "BMP", NULL },
    { 0, VIEW("II*\0"), PICTURE_UNKNOWN, "TIFF", NULL },
    { 0, VIEW("MM\0*"), PICTURE_UNKNOWN, "TIFF", NULL },
    { 0, VIEW("\0\0\1\0"), PICTURE_UNKNOWN, "ICO", NULL },
    { 0, VIEW("%PDF-"), PICTURE_UNKNOWN, "PDF", NULL },
    { 0, VIEW("\x1f\x8b"), PICTURE_UNKNOWN, "gzip (compressed SVG?)", NULL },
    { 0, VIEW("\xff\x0a"), PICTURE_UNKNOWN, "JPEG XL", NULL },
    { 4, VIEW("JXL \r\n"), PICTURE_UNKNOWN, "JPEG XL", NULL },
    { 4, VIEW("ftypavif"), PICTURE_UNKNOWN, "AVIF", NULL },
    { 4, VIEW("ftypheic"), PICTURE_UNKNOWN, "HEIC", NULL },
    { 4, VIEW("jP  \r\n"), PICTURE_UNKNOWN, "JPEG 2000", NULL },
};

static struct view after(struct view text, struct view end)
{
    size_t at = view_find(text, end);
    size_t skip = at == SIZE_MAX ? text.len : at + end.len;

    return (struct view){ text.ptr + skip, text.len - skip };
}

/* Past <?xml … ?>, comments and a DOCTYPE: the name of the root element; empty if there is none. */
static struct view xml_root(struct view text)
{
    if (view_starts(text, VIEW("\xef\xbb\xbf")))
        text = after(text, VIEW("\xbf"));
    for (;;) {
        text = view_trim(text);
        if (view_starts(text, VIEW("<?"))) {
            text = after(text, VIEW("?>"));
        } else if (view_starts(text, VIEW("<!--"))) {
            text = after(text, VIEW("-->"));
        } else if (view_starts(text, VIEW("<!"))) {
            struct view head = { text.ptr, view_find(text, VIEW(">")) };
            bool subset = head.len != SIZE_MAX && view_find(head, VIEW("[")) != SIZE_MAX;
            text = after(text, subset ? VIEW("]>") : VIEW(">"));
        } else {
            break;
        }
    }
    if (!view_starts(text, VIEW("<")))
        return (struct view){};
    struct view name = { text.ptr + 1, 0 };
    while (name.len + 1 < text.len && !memchr(" \t\r\n/>", name.ptr[name.len], 6))
        name.len++;
    return name;
}

static enum fault_id sniff_text(struct view bytes, struct picture *out, struct fault *fault)
{
    struct view root = xml_root(bytes), local;
    struct view prefix = view_cut(root, ':', &local);

    if (view_is(prefix, "svg") || view_is(local, "svg")) {
        out->format = PICTURE_SVG;
        return FAULT_NONE;
    }
    if (view_eq_nocase(root, VIEW("html")))
        return fault_set(fault, FAULT_NOT_A_PICTURE, "an HTML page");
    if (root.len)
        return fault_set(fault, FAULT_NOT_A_PICTURE, "a document of another kind");
    return fault_set(fault, FAULT_NOT_A_PICTURE, "no magic of a picture at its beginning");
}

static enum fault_id check_size(const struct kind *kind, struct view bytes, struct picture *out,
                                struct fault *fault)
{
    struct size size = {};

    if (!kind->size(bytes, &size, fault))
        return fault->id ? fault->id
                         : fault_set(fault, FAULT_BROKEN, "%s: no size in its header", kind->name);
    if (!size.width || !size.height)
        return fault_set(fault, FAULT_BROKEN, "%s: its header says %u x %u pixels", kind->name,
                         size.width, size.height);
    if ((uint64_t)size.width * size.height > PICTURE_PIXELS_MAX)
        return fault_set(fault, FAULT_TOO_LARGE, "%s: %u x %u pixels; at most %u are read",
                         kind->name, size.width, size.height, PICTURE_PIXELS_MAX);
    out->width = size.width;
    out->height = size.height;
    return FAULT_NONE;
}

enum fault_id sniff(struct view bytes, struct picture *out, struct fault *fault)
{
    if (bytes.len == 0)
        return fault_set(fault, FAULT_NOT_A_PICTURE, "empty");
    for (size_t i = 0; i < COUNT(kinds); i++) {
        if (!has(bytes, kinds[i].at, kinds[i].magic))
            continue;
        if (!kinds[i].format)
            return fault_set(fault, FAULT_UNSUPPORTED, "%s", kinds[i].name);
        out->format = kinds[i].format;
        return check_size(&kinds[i], bytes, out, fault);
    }
    return sniff_text(bytes, out, fault);
}
