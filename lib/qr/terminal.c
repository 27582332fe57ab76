#include "qr/code.h"

/* A cell shows two modules, one above the other; what is light is drawn. */
static const char *const cells[2][2] = {
    /*                  below light   below dark */
    /* above light */ { "\u2588", "\u2580" },
    /* above dark  */ { "\u2584", " " },
};

static int paint(const struct code *code, struct buf *out)
{
    unsigned side = code_side(code);
    int err = 0;

    for (unsigned y = 0; y < side && !err; y += 2) { /* an odd last row has light below it */
        for (unsigned x = 0; x < side && !err; x++)
            err = buf_str(out, cells[code_dark(code, x, y)][code_dark(code, x, y + 1)]);
        if (!err)
            err = buf_byte(out, '\n');
    }
    return err;
}

int qr_terminal(struct view text, struct buf *out)
{
    struct code code;
    size_t before = out->len;

    int err = code_init(&code, text, NULL);
    if (!err)
        err = paint(&code, out);
    code_release(&code);
    return code_undo(out, before, err);
}
