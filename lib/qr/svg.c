/*
 * svg.c — modules to SVG: a light square and one path of dark runs, each run a closed rectangle.
 * Coordinates are modules; shape-rendering keeps viewers from smoothing the edges.
 */
#include "qr/code.h"

static int dark_runs(const struct code *code, unsigned y, struct buf *out)
{
    unsigned side = code_side(code);
    int err = 0;

    for (unsigned x = 0; x < side && !err; x++) {
        unsigned from = x;
        while (code_dark(code, x, y)) /* light outside, so it ends */
            x++;
        if (x > from)
            err = buf_fmt(out, "M%u %uh%uv1h-%uz", from, y, x - from, x - from);
    }
    return err;
}

static int paint(const struct code *code, struct buf *out)
{
    unsigned side = code_side(code), pixels = side * code->scale;

    int err = buf_fmt(out,
                      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
                      "viewBox=\"0 0 %u %u\" shape-rendering=\"crispEdges\">"
                      "<rect width=\"%u\" height=\"%u\" fill=\"#fff\"/><path fill=\"#000\" d=\"",
                      pixels, pixels, side, side, side, side);
    for (unsigned y = 0; y < side && !err; y++)
        err = dark_runs(code, y, out);
    return err ? err : buf_str(out, "\"/></svg>\n");
}

int qr_svg(struct view text, const struct qr_style *style, struct buf *out)
{
    struct code code;
    size_t before = out->len;

    int err = code_init(&code, text, style);
    if (!err)
        err = paint(&code, out);
    code_release(&code);
    return code_undo(out, before, err);
}
