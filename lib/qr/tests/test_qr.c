/* The painters: what was drawn is taken apart again and compared with libqrencode's modules. */
#include "base/err.h"
#include "base/mem.h"
#include "qr/qr.h"

#include <check.h>
#include <png.h>
#include <qrencode.h>
#include <stdlib.h>

#define OUT_MAX (4 << 20)

static const struct view texts[] = {
    VIEW("weixin://wxpay/bizpayurl?pr=oNHq98K"),
    VIEW("weixin://wxpay/bizpayurl?sr=XXXXX"),
    VIEW("weixin://wxpay/bizpayurl/up?pr=NwY5Mz9&groupid=00"),
    VIEW("weixin://wxpay/s/An4baqw"),
    VIEW("weixin://wxpay/bizpayurl/up?pr=abcdefghijklmnopqrstuvwx&groupid=0"), /* 64 and one */
    VIEW("1234567890"),        /* libqrencode would choose numeric mode */
    VIEW("a\0b\xff\xfe&<\"'"), /* bytes, not a string */
    VIEW("\xe5\xbe\xae\xe4\xbf\xa1\xe6\x94\xaf\xe4\xbb\x98"),
};

static QRcode *modules_of(struct view text)
{
    QRcode *code =
        QRcode_encodeData((int)text.len, (const unsigned char *)text.ptr, 0, QR_ECLEVEL_M);
    ck_assert_ptr_nonnull(code);
    return code;
}

/* Quiet zone included; light outside the symbol. */
static bool dark(const QRcode *code, int x, int y, int quiet)
{
    x -= quiet;
    y -= quiet;
    return x >= 0 && y >= 0 && x < code->width && y < code->width &&
           (code->data[y * code->width + x] & 1);
}

START_TEST(every_pixel_of_the_png_is_its_module)
{
    static const struct qr_style styles[] = { { 1, 0 }, { 3, 1 }, { 0, 4 }, { 32, 16 } };
    struct view text = texts[_i];
    QRcode *code = modules_of(text);

    for (size_t s = 0; s < COUNT(styles); s++) {
        struct buf out = BUF_INIT(OUT_MAX);
        ck_assert_int_eq(qr_png(text, &styles[s], &out), 0);

        png_image image = { .version = PNG_IMAGE_VERSION };
        ck_assert(png_image_begin_read_from_memory(&image, out.ptr, out.len));
        image.format = PNG_FORMAT_GRAY;
        unsigned char *pixels = mem_alloc(PNG_IMAGE_SIZE(image));
        ck_assert_ptr_nonnull(pixels);
        ck_assert(png_image_finish_read(&image, NULL, pixels, 0, NULL));

        int scale = styles[s].scale ? (int)styles[s].scale : 8, quiet = (int)styles[s].quiet;
        int side = (code->width + 2 * quiet) * scale;
        ck_assert_int_eq((int)image.width, side);
        ck_assert_int_eq((int)image.height, side);
        for (int i = 0; i < side * side; i++) {
            bool want = dark(code, i % side / scale, i / side / scale, quiet);
            if ((pixels[i] == 0) != want || (pixels[i] == 255) != !want)
                ck_abort_msg("pixel %d,%d is %d", i % side, i / side, pixels[i]);
        }
        mem_free(pixels);
        buf_release(&out);
    }
    QRcode_free(code);
}
END_TEST

START_TEST(the_svg_path_covers_the_dark_modules_and_no_others)
{
    struct view text = texts[_i];
    struct buf out = BUF_INIT(OUT_MAX);
    QRcode *code = modules_of(text);
    int quiet = 4, side = code->width + 2 * quiet;
    bool *drawn = mem_zalloc((size_t)side * (size_t)side, sizeof *drawn);

    ck_assert_ptr_nonnull(drawn);
    ck_assert_int_eq(qr_svg(text, NULL, &out), 0);
    const char *at = strstr(out.ptr, " d=\"");
    ck_assert_ptr_nonnull(at);
    ck_assert_ptr_null(strstr(at + 1, "<path")); /* a single one */
    at += 4;
    while (*at != '"') {
        int x, y, run, back, used = 0;
        ck_assert_int_eq(sscanf(at, "M%d %dh%dv1h-%dz%n", &x, &y, &run, &back, &used), 4);
        ck_assert_int_gt(used, 0);
        ck_assert_int_eq(run, back);
        ck_assert(y >= 0 && y < side && x >= 0 && x + run <= side);
        while (run-- > 0)
            drawn[y * side + x + run] = true;
        at += used;
    }
    ck_assert_str_eq(at, "\"/></svg>\n");
    for (int i = 0; i < side * side; i++)
        ck_assert_int_eq(drawn[i], dark(code, i % side, i / side, quiet));
    mem_free(drawn);
    QRcode_free(code);
    buf_release(&out);
}
END_TEST

/* Takes one cell off *at; says which halves are light. */
static void read_cell(const char **at, bool *above, bool *below)
{
    static const struct {
        const char *cell;
        bool above, below;
    } cells[] = {
        { "\xe2\x96\x88", true, true },  /* full block */
        { "\xe2\x96\x80", true, false }, /* upper half */
        { "\xe2\x96\x84", false, true }, /* lower half */
        { " ", false, false },
    };
    for (size_t i = 0; i < COUNT(cells); i++) {
        if (strncmp(*at, cells[i].cell, strlen(cells[i].cell)) == 0) {
            *above = cells[i].above;
            *below = cells[i].below;
            *at += strlen(cells[i].cell);
            return;
        }
    }
    ck_abort_msg("not a cell: %.8s", *at);
}

START_TEST(the_terminal_shows_every_module)
{
    struct view text = texts[_i];
    struct buf out = BUF_INIT(OUT_MAX);
    QRcode *code = modules_of(text);
    int quiet = 4, side = code->width + 2 * quiet;

    ck_assert_int_eq(qr_terminal(text, &out), 0);
    const char *at = out.ptr;
    for (int y = 0; y < side; y += 2) {
        for (int x = 0; x < side; x++) {
            bool above, below;
            read_cell(&at, &above, &below);
            ck_assert_int_eq(above, !dark(code, x, y, quiet));
            ck_assert_int_eq(below, !dark(code, x, y + 1, quiet));
        }
        ck_assert_int_eq(*at++, '\n');
    }
    ck_assert_int_eq(*at, '\0');
    QRcode_free(code);
    buf_release(&out);
}
END_TEST

typedef int painter(struct view text, struct buf *out);

static int paint_png(struct view text, struct buf *out)
{
    return qr_png(text, NULL, out);
}

static int paint_svg(struct view text, struct buf *out)
{
    return qr_svg(text, NULL, out);
}

static painter *const painters[] = { paint_png, paint_svg, qr_terminal };

START_TEST(a_full_buffer_is_refused_and_keeps_its_content) /* looped over the painters */
{
    struct buf whole = BUF_INIT(OUT_MAX);
    ck_assert_int_eq(painters[_i](texts[0], &whole), 0);
    for (size_t room = 0; room < whole.len; room += 1 + room / 8) {
        struct buf out = BUF_INIT(room + 4);
        ck_assert_int_eq(buf_str(&out, "kept"), 0);
        ck_assert_int_eq(painters[_i](texts[0], &out), ERR_TOO_LONG);
        ck_assert_str_eq(buf_cstr(&out), "kept");
        ck_assert_uint_eq(out.len, 4);
        buf_release(&out);
    }
    buf_release(&whole);
}
END_TEST

START_TEST(without_memory_nothing_leaks_and_nothing_changes)
{
    bool refused = true;
    for (int64_t n = 1; refused; n++) {
        struct buf out = BUF_INIT(OUT_MAX);
        ck_assert_int_eq(buf_str(&out, "kept"), 0);
        int64_t live = mem_live();
        mem_fail_at(n);
        int err = painters[_i](texts[0], &out);
        refused = mem_refused();
        mem_fail_at(0);
        ck_assert_int_eq(mem_live(), live);
        ck_assert_int_eq(err, refused ? ERR_NOMEM : 0);
        if (refused)
            ck_assert_str_eq(buf_cstr(&out), "kept");
        buf_release(&out);
        ck_assert_int_lt(n, 1000);
    }
}
END_TEST

START_TEST(what_cannot_be_drawn_is_refused)
{
    char longest[QR_TEXT_MAX + 1];
    struct buf out = BUF_INIT(OUT_MAX);

    memset(longest, 'x', sizeof longest);
    ck_assert_int_eq(painters[_i]((struct view){}, &out), ERR_USAGE);
    ck_assert_int_eq(painters[_i]((struct view){ longest, QR_TEXT_MAX + 1 }, &out), ERR_TOO_LONG);
    ck_assert_uint_eq(out.len, 0);
    ck_assert_int_eq(painters[_i]((struct view){ longest, QR_TEXT_MAX }, &out), 0);
    buf_release(&out);
}
END_TEST

START_TEST(a_style_outside_its_bounds_is_refused)
{
    struct buf out = BUF_INIT(OUT_MAX);
    ck_assert_int_eq(qr_png(texts[0], &(struct qr_style){ 33, 4 }, &out), ERR_RANGE);
    ck_assert_int_eq(qr_svg(texts[0], &(struct qr_style){ 8, 17 }, &out), ERR_RANGE);
    ck_assert_uint_eq(out.len, 0);
    buf_release(&out);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("qr");
    TCase *drawn = tcase_create("drawn");
    TCase *refused = tcase_create("refused");
    int last_text = (int)COUNT(texts), last_painter = (int)COUNT(painters);

    tcase_add_loop_test(drawn, every_pixel_of_the_png_is_its_module, 0, last_text);
    tcase_add_loop_test(drawn, the_svg_path_covers_the_dark_modules_and_no_others, 0, last_text);
    tcase_add_loop_test(drawn, the_terminal_shows_every_module, 0, last_text);
    tcase_add_loop_test(refused, a_full_buffer_is_refused_and_keeps_its_content, 0, last_painter);
    tcase_add_loop_test(refused, without_memory_nothing_leaks_and_nothing_changes, 0, last_painter);
    tcase_add_loop_test(refused, what_cannot_be_drawn_is_refused, 0, last_painter);
    tcase_add_test(refused, a_style_outside_its_bounds_is_refused);
    suite_add_tcase(suite, drawn);
    suite_add_tcase(suite, refused);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
