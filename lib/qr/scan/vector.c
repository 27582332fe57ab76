/*
 * vector.c — SVG by librsvg and cairo.
 *
 * The handle gets no base URI, so librsvg resolves no relative and no file: reference; it has no
 * network code at all. data: URIs work. Its own limits bound entities, elements and nesting.
 */
#include "base/mem.h"
#include "qr/scan/decoders.h"

#include <librsvg/rsvg.h>
#include <math.h>

#define CAIRO_SIDE_MAX 32767.0 /* cairo's own */

/* Width and height if it has both, else those of its viewBox, in CSS pixels. */
static bool natural_size(RsvgHandle *handle, double *width, double *height)
{
    gboolean has_width, has_height, has_box;
    RsvgLength ignored[2];
    RsvgRectangle box;

    if (rsvg_handle_get_intrinsic_size_in_pixels(handle, width, height))
        return true;
    rsvg_handle_get_intrinsic_dimensions(handle, &has_width, &ignored[0], &has_height, &ignored[1],
                                         &has_box, &box);
    *width = box.width;
    *height = box.height;
    return has_box;
}

/* The size to draw at: whole pixels, and not so small that modules melt together. */
static enum fault_id drawn_size(RsvgHandle *handle, double *width, double *height,
                                struct fault *fault)
{
    if (!natural_size(handle, width, height))
        return fault_set(fault, FAULT_UNSUPPORTED, "SVG: neither width and height nor viewBox");
    if (!(*width > 0 && *height > 0)) /* not a number is neither */
        return fault_set(fault, FAULT_BROKEN, "SVG: its size is %g x %g", *width, *height);
    double factor = fmax(1, ceil(SVG_SIDE_MIN / fmax(*width, *height)));
    *width = ceil(*width * factor);
    *height = ceil(*height * factor);
    if (*width > CAIRO_SIDE_MAX || *height > CAIRO_SIDE_MAX ||
        *width * *height > PICTURE_PIXELS_MAX)
        return fault_set(fault, FAULT_TOO_LARGE, "SVG: %g x %g pixels; at most %u are read", *width,
                         *height, PICTURE_PIXELS_MAX);
    return FAULT_NONE;
}

static enum fault_id draw(RsvgHandle *handle, cairo_surface_t *surface, struct fault *fault)
{
    RsvgRectangle page = { .width = cairo_image_surface_get_width(surface),
                           .height = cairo_image_surface_get_height(surface) };
    GError *error = NULL;
    cairo_t *pen = cairo_create(surface);

    cairo_set_source_rgb(pen, 1, 1, 1);
    cairo_paint(pen);
    if (!rsvg_handle_render_document(handle, pen, &page, &error)) {
        const char *message = error ? error->message : "cannot be drawn";
        /* librsvg has no code for it */
        bool memory = strstr(message, "NoMemory") || strstr(message, "out of memory");
        fault_set(fault, memory ? FAULT_LIMIT : FAULT_BROKEN, "SVG: %s", message);
    }
    g_clear_error(&error);
    cairo_destroy(pen);
    return fault->id;
}

/* RGB24: one native 32-bit word per pixel, its upper byte unused. */
static enum fault_id take_grey(cairo_surface_t *surface, struct picture *out, struct fault *fault)
{
    unsigned width = (unsigned)cairo_image_surface_get_width(surface);
    unsigned height = (unsigned)cairo_image_surface_get_height(surface);
    if (picture_alloc(out, width, height, fault))
        return fault->id;

    cairo_surface_flush(surface);
    const unsigned char *row = cairo_image_surface_get_data(surface);
    size_t stride = (size_t)cairo_image_surface_get_stride(surface);
    unsigned char *grey = out->grey;
    for (unsigned y = 0; y < height; y++, row += stride) {
        for (unsigned x = 0; x < width; x++) {
            uint32_t pixel;
            memcpy(&pixel, row + x * sizeof pixel, sizeof pixel);
            *grey++ = grey_of(pixel >> 16 & 255, pixel >> 8 & 255, pixel & 255, 255);
        }
    }
    return FAULT_NONE;
}

static enum fault_id render(RsvgHandle *handle, struct picture *out, struct fault *fault)
{
    double width, height;
    if (drawn_size(handle, &width, &height, fault))
        return fault->id;

    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)width, (int)height);
    if (cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS)
        fault_set(fault, FAULT_LIMIT, "out of memory");
    else if (!draw(handle, surface, fault))
        (void)take_grey(surface, out, fault);
    cairo_surface_destroy(surface);
    return fault->id;
}

enum fault_id vector_decode(struct view bytes, struct picture *out, struct fault *fault)
{
    GError *error = NULL;
    RsvgHandle *handle = rsvg_handle_new_from_data((const guint8 *)bytes.ptr, bytes.len, &error);

    if (!handle) {
        fault_set(fault, FAULT_BROKEN, "SVG: %s", error ? error->message : "cannot be read");
        g_clear_error(&error);
        return fault->id;
    }
    rsvg_handle_set_dpi(handle, 96); /* as CSS has it */
    enum fault_id id = render(handle, out, fault);
    g_object_unref(handle);
    return id;
}
