/*
 * raster.c — PNG, JPEG, GIF and WebP by libgd.
 */
#include "base/mem.h"
#include "qr/scan/decoders.h"

#include <errno.h>
#include <gd.h>
#include <stdio.h>

/* What libgd complained of first; it has only a process-wide callback and no error value. */
static _Thread_local char complaint[120];

static void on_complaint(int, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void on_complaint(int, const char *format, va_list args)
{
    if (complaint[0])
        return; /* the rest only follows from it */
    vsnprintf(complaint, sizeof complaint, format, args);
    complaint[strcspn(complaint, "\r\n")] = '\0';
}

static gdImagePtr read_jpeg(int len, void *bytes)
{
    return gdImageCreateFromJpegPtrEx(len, bytes, 1); /* lenient, as browsers and phones are */
}

static gdImagePtr (*const readers[PICTURE_FORMATS])(int len, void *bytes) = {
    [PICTURE_PNG] = gdImageCreateFromPngPtr,
    [PICTURE_JPEG] = read_jpeg,
    [PICTURE_GIF] = gdImageCreateFromGifPtr,
    [PICTURE_WEBP] = gdImageCreateFromWebpPtr,
};

/* libgd's alpha counts backwards: 0 is opaque, gdAlphaTransparent (127) invisible. */
static unsigned opacity(int alpha)
{
    return (unsigned)(gdAlphaMax - alpha) * 255 / gdAlphaMax;
}

static void fill_from_palette(const gdImage *image, unsigned char *grey)
{
    unsigned char shade[gdMaxColors] = {};

    for (int i = 0; i < gdMaxColors; i++)
        shade[i] =
            grey_of((unsigned)image->red[i], (unsigned)image->green[i], (unsigned)image->blue[i],
                    i == image->transparent ? 0 : opacity(image->alpha[i]));
    for (int y = 0; y < image->sy; y++)
        for (int x = 0; x < image->sx; x++)
            *grey++ = shade[image->pixels[y][x]];
}

static void fill_from_colours(const gdImage *image, unsigned char *grey)
{
    for (int y = 0; y < image->sy; y++) {
        for (int x = 0; x < image->sx; x++) {
            int pixel = image->tpixels[y][x];
            *grey++ =
                grey_of((unsigned)gdTrueColorGetRed(pixel), (unsigned)gdTrueColorGetGreen(pixel),
                        (unsigned)gdTrueColorGetBlue(pixel),
                        pixel == image->transparent ? 0 : opacity(gdTrueColorGetAlpha(pixel)));
        }
    }
}

enum fault_id raster_decode(struct view bytes, struct picture *out, struct fault *fault)
{
    gdSetErrorMethod(on_complaint);
    complaint[0] = '\0';
    errno = 0;
    /* libgd only reads, but its signature knows no const */
    gdImage *image = readers[out->format]((int)bytes.len, (void *)(uintptr_t)bytes.ptr);
    if (!image && errno == ENOMEM)
        return fault_set(fault, FAULT_LIMIT, "out of memory");
    if (!image)
        return fault_set(fault, FAULT_BROKEN, "%s",
                         complaint[0] ? complaint : "its data cannot be decoded");

    enum fault_id id = picture_alloc(out, (unsigned)image->sx, (unsigned)image->sy, fault);
    if (!id && image->trueColor)
        fill_from_colours(image, out->grey);
    else if (!id)
        fill_from_palette(image, out->grey);
    gdImageDestroy(image);
    return id;
}
