/*
 * png.c — modules to PNG. libpng reports errors by longjmp; everything it may leave behind lies
 * in struct painter, whose one release both ways out share.
 */
#include "base/err.h"
#include "base/mem.h"
#include "qr/code.h"

#include <png.h>
#include <setjmp.h>

struct painter {
    struct code code;   /* owned */
    png_structp png;    /* owned */
    png_infop info;     /* owned */
    unsigned char *row; /* owned; one packed line of pixels, a set bit is light */
    struct buf *out;    /* borrowed */
    int err;            /* the reason of the jump, when it is ours */
};

static void on_error(png_structp png, png_const_charp)
{
    png_longjmp(png, 1);
}

static void on_warning(png_structp, png_const_charp)
{
}

static png_voidp on_alloc(png_structp, png_alloc_size_t size)
{
    return mem_alloc(size);
}

static void on_free(png_structp, png_voidp block)
{
    mem_free(block);
}

static void on_write(png_structp png, png_bytep bytes, size_t len)
{
    struct painter *painter = png_get_io_ptr(png);

    painter->err = buf_add(painter->out, bytes, len);
    if (painter->err)
        png_error(png, "no room");
}

static void on_flush(png_structp)
{
}

static void pack_row(struct painter *painter, unsigned y)
{
    const struct code *code = &painter->code;
    unsigned side = code_side(code);

    memset(painter->row, 0xff, (side * code->scale + 7) / 8);
    for (unsigned x = 0; x < side; x++) {
        if (!code_dark(code, x, y))
            continue;
        for (unsigned px = x * code->scale; px < (x + 1) * code->scale; px++)
            painter->row[px / 8] &= (unsigned char)~(0x80u >> px % 8);
    }
}

/* May jump; owns nothing but what @painter holds. */
static void paint(struct painter *painter)
{
    unsigned side = code_side(&painter->code), scale = painter->code.scale;
    png_structp png = painter->png;

    png_set_write_fn(png, painter, on_write, on_flush);
    png_set_IHDR(png, painter->info, side * scale, side * scale, 1, PNG_COLOR_TYPE_GRAY,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE); /* the others predict greys */
    png_write_info(png, painter->info);
    for (unsigned y = 0; y < side; y++) {
        pack_row(painter, y);
        for (unsigned i = 0; i < scale; i++)
            png_write_row(png, painter->row);
    }
    png_write_end(png, painter->info);
}

/* The frame that jumps come back to: no local changes after setjmp, so none can be lost. */
static int guarded_paint(struct painter *painter)
{
    painter->err = ERR_NOMEM; /* what libpng itself can fail of here */
    if (setjmp(png_jmpbuf(painter->png)))
        return painter->err ? painter->err : ERR_NOMEM;
    paint(painter);
    return 0;
}

static int painter_init(struct painter *painter, struct view text, const struct qr_style *style)
{
    int err = code_init(&painter->code, text, style);
    if (err)
        return err;
    painter->row = mem_alloc((code_side(&painter->code) * painter->code.scale + 7) / 8);
    if (!painter->row)
        return ERR_NOMEM;
    painter->png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, NULL, on_error, on_warning,
                                             NULL, on_alloc, on_free);
    if (!painter->png)
        return ERR_NOMEM;
    painter->info = png_create_info_struct(painter->png);
    return painter->info ? 0 : ERR_NOMEM;
}

static void painter_release(struct painter *painter)
{
    if (painter->png)
        png_destroy_write_struct(&painter->png, &painter->info);
    mem_free(painter->row);
    code_release(&painter->code);
}

int qr_png(struct view text, const struct qr_style *style, struct buf *out)
{
    struct painter painter = { .out = out };
    size_t before = out->len;

    int err = painter_init(&painter, text, style);
    if (!err)
        err = guarded_paint(&painter);
    painter_release(&painter);
    return code_undo(out, before, err);
}
