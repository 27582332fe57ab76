/*
 * Pictures that are none, are broken, or lie about their size: each gets its word, and nothing
 * reads beyond its bytes.
 */
#include "base/mem.h"
#include "pictures.h"
#include "qr/qr.h"

#include <check.h>
#include <stdlib.h>

#define SVG(attributes, content)                                                                   \
    VIEW("<svg xmlns=\"http://www.w3.org/2000/svg\" " attributes ">" content "</svg>")

static const struct {
    struct view bytes;
    const char *error;
} refused[] = {
    { VIEW(""), "not-a-picture" },
    { VIEW("\0"), "not-a-picture" },
    { VIEW("{\"code\":1}"), "not-a-picture" },
    { VIEW("<!DOCTYPE html><html><svg/></html>"), "not-a-picture" },
    { VIEW("<?xml version='1.0'?><xml><return_code/></xml>"), "not-a-picture" },
    { VIEW("<!-- svg"), "not-a-picture" },
    { VIEW("<"), "not-a-picture" },
    { VIEW("<!"), "not-a-picture" },
    { VIEW("<svgx/>"), "not-a-picture" },
    { VIEW("BM6\0\0\0"), "unsupported" },
    { VIEW("%PDF-1.7"), "unsupported" },
    { VIEW("\0\0\0\x1c"
           "ftypavif"),
      "unsupported" },
    { VIEW("\x89PNG\r\n\x1a\n"), "broken" },
    { VIEW("\xff\xd8\xff\xe0"), "broken" },
    { VIEW("GIF89a"), "broken" },
    { VIEW("RIFF\x10\0\0\0WEBP"), "broken" },
    /* 100000 × 100000, then nothing */
    { VIEW("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\1\x86\xa0\0\1\x86\xa0\1\0\0\0\0\0\0\0\0"),
      "too-large" },
    { VIEW("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\0\0\0\0\1\1\0\0\0\0\0\0\0\0"), "broken" },
    { VIEW("\xff\xd8\xff\xe0\0\4ab\xff\xc0\0\x0b\x08\xff\xff\xff\xff\1\1\x11\0"), "too-large" },
    /* a screen of 65535 × 65535, in one frame that unfolds from nothing */
    { VIEW("GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\xff\xff\xff\xff\0\2\1\4\0;"),
      "too-large" },
    /* a small screen that a huge frame does not fit into */
    { VIEW("GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\xff\xff\xff\xff\0\2\1\4\0;"),
      "broken" },
    { VIEW("RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff"), "too-large" },
    { VIEW("RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\2\0\0\0\1\0\0\1\0\0"), "unsupported" },
    { VIEW("RIFF\x20\0\0\0WEBPVP8L\x0a\0\0\0\x2f\xff\xff\xff\xff\0\0\0\0\0"), "too-large" },
    { SVG("width='10' height='10'", ""), "no-code" },
    { SVG("width='1e9' height='1e9'", ""), "too-large" },
    { SVG("width='99999' height='1'", ""), "too-large" },
    { SVG("viewBox='0 0 1e9 1e9'", ""), "too-large" },
    { SVG("viewBox='0 0 1e300 1e300'", ""), "unsupported" }, /* librsvg drops what it cannot read */
    { SVG("viewBox='0 0 1e-300 1e-300'", ""), "broken" },
    { SVG("viewBox='0 0 1e-9 1e-9'", ""), "no-code" },
    { SVG("width='0' height='0'", ""), "broken" },
    { SVG("width='-5' height='5'", ""), "unsupported" },
    { SVG("", "<rect width='5' height='5'/>"), "unsupported" },
    { SVG("width='10' height='10'", "<g>"), "broken" },
    { VIEW("<svg"), "broken" },
};

START_TEST(what_cannot_be_read_is_refused_in_a_word)
{
    expect_fault(refused[_i].bytes, true, refused[_i].error);
}
END_TEST

START_TEST(an_svg_nested_deeply_is_refused)
{
    struct buf svg = BUF_INIT(PICTURE_MAX);

    ck_assert_int_eq(buf_str(&svg, "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>"),
                     0);
    for (int i = 0; i < 100'000; i++)
        ck_assert_int_eq(buf_str(&svg, "<g>"), 0);
    expect_fault(buf_view(&svg), false, "broken");
    buf_release(&svg);
}
END_TEST

/* A cut or bent picture gives a fault, or, where the decoder does not mind, the right text. */
static void expect_text_or_fault(struct view picture)
{
    struct qr_scan_result result = ask(picture, false);

    if (!result.error[0])
        ck_assert_str_eq(buf_cstr(&result.symbols[0]), CODE_URL);
    qr_scan_result_release(&result);
}

static struct buf sample(size_t format)
{
    struct buf svg = BUF_INIT(PICTURE_MAX);

    if (format == FORMAT_COUNT) {
        ck_assert_int_eq(qr_svg(VIEW(CODE_URL), NULL, &svg), 0);
        return svg;
    }
    gdImage *image = image_of(VIEW(CODE_URL), 2, 4);
    gdImageTrueColorToPalette(image, 0, 2);
    gdImagePaletteToTrueColor(image);
    struct buf picture = formats[format].write(image);
    gdImageDestroy(image);
    return picture;
}

START_TEST(a_picture_cut_anywhere_is_refused_or_right) /* looped over the formats */
{
    struct buf picture = sample((size_t)_i);
    size_t step = 1 + picture.len / 200;

    for (size_t len = 0; len < picture.len; len += step) {
        char *exact = mem_alloc(len); /* so that one byte too far is seen */
        ck_assert_ptr_nonnull(exact);
        memcpy(exact, picture.ptr, len);
        expect_text_or_fault((struct view){ exact, len });
        mem_free(exact);
    }
    buf_release(&picture);
}
END_TEST

START_TEST(a_picture_with_one_byte_bent_is_refused_or_right)
{
    struct buf picture = sample((size_t)_i);
    size_t step = 1 + picture.len / 200;

    for (size_t at = 0; at < picture.len; at += at < 64 ? 1 : step) {
        char was = picture.ptr[at];
        picture.ptr[at] = (char)(was ^ (at % 2 ? 0x80 : 0x01));
        expect_text_or_fault(buf_view(&picture));
        picture.ptr[at] = was;
    }
    buf_release(&picture);
}
END_TEST

static TCase *bad_input(void)
{
    TCase *bad = tcase_create("bad input");
    int last_format = FORMAT_COUNT + 1;

    tcase_set_timeout(bad, 120);
    tcase_add_loop_test(bad, what_cannot_be_read_is_refused_in_a_word, 0, (int)COUNT(refused));
    tcase_add_test(bad, an_svg_nested_deeply_is_refused);
    tcase_add_loop_test(bad, a_picture_cut_anywhere_is_refused_or_right, 0, last_format);
    tcase_add_loop_test(bad, a_picture_with_one_byte_bent_is_refused_or_right, 0, last_format);
    return bad;
}

int main(void)
{
    Suite *suite = suite_create("bad picture");

    suite_add_tcase(suite, bad_input());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
