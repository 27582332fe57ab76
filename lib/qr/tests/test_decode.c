/*
 * Pictures to text, in this process: what qr.h draws is read back, in every format and state a
 * merchant's page may show it. fixtures/qr was drawn by the qrencode command.
 */
#include "base/err.h"
#include "base/mem.h"
#include "pictures.h"
#include "qr/qr.h"

#include <check.h>
#include <qrencode.h>
#include <stdlib.h>

static const struct view texts[] = {
    VIEW("weixin://wxpay/bizpayurl?pr=oNHq98K"), /* the four forms of V2 4.1 */
    VIEW("weixin://wxpay/bizpayurl?sr=XXXXX"),
    VIEW(CODE_URL),
    VIEW("weixin://wxpay/s/An4baqw"),
    VIEW("weixin://wxpay/bizpayurl/up?pr=abcdefghijklmnopqrstuvw&groupid=0"), /* 64 characters */
    VIEW("1234567890"),
    VIEW("HTTPS://EXAMPLE.COM/100%25"),
    VIEW("&<>\"'&amp; \t\r\n"),
    VIEW("\xe5\xbe\xae\xe4\xbf\xa1\xe6\x94\xaf\xe4\xbb\x98"), /* UTF-8 */
    VIEW("\xef\xbb\xbf with a BOM"),
    VIEW("\x83\x65\x83\x58\x83\x67"), /* looks like Shift JIS */
    VIEW("\xa4\xa4\xa4\xe5"),         /* looks like Big5 */
    VIEW("caf\xe9"),                  /* looks like Latin-1 */
    VIEW("a\0b\0"),
    VIEW("\xff\xfe\xfd\x80\x81"),
    VIEW("x"),
};

START_TEST(what_is_drawn_is_read_back_byte_for_byte)
{
    static const struct qr_style styles[] = { { 8, 4 }, { 3, 4 }, { 2, 4 }, { 20, 4 } };

    for (size_t i = 0; i < COUNT(styles); i++) {
        struct buf picture = png_of(texts[_i], styles[i].scale, styles[i].quiet);
        expect_text(buf_view(&picture), false, "none", texts[_i]);
        buf_release(&picture);
    }
    struct buf svg = BUF_INIT(PICTURE_MAX);
    ck_assert_int_eq(qr_svg(texts[_i], NULL, &svg), 0);
    expect_text(buf_view(&svg), false, "none", texts[_i]);
    buf_release(&svg);
}
END_TEST

START_TEST(the_longest_text_is_read_back)
{
    char text[QR_TEXT_MAX];

    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * 7 + i / 256);
    struct buf picture = png_of((struct view){ text, sizeof text }, 4, 4);
    expect_text(buf_view(&picture), false, "none", (struct view){ text, sizeof text });
    buf_release(&picture);
}
END_TEST

static const struct {
    const char *file;
    struct view text;
} drawn_by_others[] = {
    { "up.png", VIEW(CODE_URL) },
    { "small-h.png", VIEW("weixin://wxpay/bizpayurl?pr=oNHq98K") },
    { "bytes.png", VIEW("\x89\x40\xfa\x00\xff<&>") },
    { "utf8.png", VIEW("\xe5\xbe\xae\xe4\xbf\xa1\xe6\x94\xaf\xe4\xbb\x98") },
    { "s.svg", VIEW("weixin://wxpay/s/An4baqw") },
};

START_TEST(codes_drawn_by_the_qrencode_command_are_read)
{
    struct buf picture = fixture(drawn_by_others[_i].file);
    expect_text(buf_view(&picture), false, "none", drawn_by_others[_i].text);
    buf_release(&picture);
}
END_TEST

/* ZXing, which many Java shops use, names UTF-8 by an ECI header. */
START_TEST(a_code_that_names_utf8_is_read)
{
    static const char text[] = CODE_URL "\xe5\xbe\xae";
    QRinput *input = QRinput_new2(0, QR_ECLEVEL_L);
    ck_assert_int_eq(QRinput_appendECIheader(input, 26), 0);
    ck_assert_int_eq(QRinput_append(input, QR_MODE_8, sizeof text - 1, (const unsigned char *)text),
                     0);
    QRcode *code = QRcode_encodeInput(input);
    ck_assert_ptr_nonnull(code);

    int side = (code->width + 8) * 4;
    gdImage *image = gdImageCreateTrueColor(side, side);
    gdImageFilledRectangle(image, 0, 0, side, side, 0xffffff);
    for (int i = 0; i < code->width * code->width; i++) {
        int x = (i % code->width + 4) * 4, y = (i / code->width + 4) * 4;
        if (code->data[i] & 1)
            gdImageFilledRectangle(image, x, y, x + 3, y + 3, 0);
    }
    struct buf png = png_from(image);
    expect_text(buf_view(&png), false, "none", VIEW(CODE_URL "\xe5\xbe\xae"));
    buf_release(&png);
    QRcode_free(code);
    QRinput_free(input);
}
END_TEST

START_TEST(every_format_is_read)
{
    gdImage *image = image_of(VIEW(CODE_URL), 5, 4);
    struct buf picture = formats[_i].write(image);
    struct qr_scan_result result = ask(buf_view(&picture), false);

    ck_assert_str_eq(result.error, "");
    ck_assert_str_eq(result.format, formats[_i].name);
    ck_assert_uint_eq(result.width, (unsigned)image->sx);
    ck_assert_uint_eq(result.height, (unsigned)image->sy);
    ck_assert_str_eq(buf_cstr(&result.symbols[0]), CODE_URL);
    qr_scan_result_release(&result);
    buf_release(&picture);
    gdImageDestroy(image);
}
END_TEST

START_TEST(a_transparent_background_is_white)
{
    gdImage *image = image_of(VIEW(CODE_URL), 5, 4);
    gdImageAlphaBlending(image, 0);
    gdImageSaveAlpha(image, 1);
    for (int y = 0; y < image->sy; y++)
        for (int x = 0; x < image->sx; x++)
            if (gdImageGetPixel(image, x, y) == 0xffffff)
                gdImageSetPixel(image, x, y, gdTrueColorAlpha(0, 0, 0, gdAlphaTransparent));
    struct buf png = png_from(image);
    expect_text(buf_view(&png), false, "none", VIEW(CODE_URL));
    buf_release(&png);

    image = image_of(VIEW(CODE_URL), 5, 4);
    gdImageTrueColorToPalette(image, 0, 2);
    int white = gdImageColorClosest(image, 255, 255, 255);
    image->red[white] = image->green[white] = image->blue[white] = 1;
    gdImageColorTransparent(image, white);
    struct buf gif = formats[1].write(image);
    gdImageDestroy(image);
    expect_text(buf_view(&gif), false, "none", VIEW(CODE_URL));
    buf_release(&gif);
}
END_TEST

START_TEST(an_svg_without_background_or_size_is_read)
{
    struct buf svg = BUF_INIT(PICTURE_MAX), bare = BUF_INIT(PICTURE_MAX);
    ck_assert_int_eq(qr_svg(VIEW(CODE_URL), NULL, &svg), 0);
    const char *path = strstr(svg.ptr, "<path");
    ck_assert_int_eq(buf_fmt(&bare,
                             "\xef\xbb\xbf<?xml version=\"1.0\"?>\n<!-- <html> -->\n"
                             "<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"x.dtd\">\n"
                             "<s:svg xmlns:s=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 41 41\">"
                             "<s:%s",
                             path + 1),
                     0);
    bare.len -= strlen("</svg>\n");
    ck_assert_int_eq(buf_str(&bare, "</s:svg>"), 0);
    expect_text(buf_view(&bare), false, "none", VIEW(CODE_URL));
    buf_release(&svg);
    buf_release(&bare);
}
END_TEST

START_TEST(a_rotated_code_is_read)
{
    static const int angles[] = { 90, 180, 270, 30, 8 };
    gdImage *image = image_of(VIEW(CODE_URL), 6, 4);
    gdImage *rotated = gdImageRotateInterpolated(image, (float)angles[_i], 0xffffff);

    ck_assert_ptr_nonnull(rotated);
    gdImageDestroy(image);
    struct buf png = png_from(rotated);
    expect_text(buf_view(&png), false, "none", VIEW(CODE_URL));
    buf_release(&png);
}
END_TEST

START_TEST(two_codes_in_one_picture_are_both_read)
{
    gdImage *one = image_of(texts[0], 4, 4), *two = image_of(texts[3], 5, 4);
    gdImage *both = gdImageCreateTrueColor(one->sx + two->sx, 400);
    gdImageFilledRectangle(both, 0, 0, both->sx, both->sy, 0xffffff);
    gdImageCopy(both, one, 0, 0, 0, 0, one->sx, one->sy);
    gdImageCopy(both, two, one->sx, 100, 0, 0, two->sx, two->sy);
    gdImageDestroy(one);
    gdImageDestroy(two);
    struct buf png = png_from(both);
    struct qr_scan_result result = ask(buf_view(&png), false);

    ck_assert_uint_eq(result.symbol_count, 2);
    bool ordered = view_eq(buf_view(&result.symbols[0]), texts[0]);
    ck_assert(view_eq(buf_view(&result.symbols[!ordered]), texts[0]));
    ck_assert(view_eq(buf_view(&result.symbols[ordered]), texts[3]));
    qr_scan_result_release(&result);
    buf_release(&png);
}
END_TEST

static struct buf inverted(void)
{
    gdImage *image = image_of(VIEW(CODE_URL), 4, 4);
    gdImageNegate(image);
    return png_from(image);
}

/* White on black, to the very edge, on a page as black. */
static struct buf inverted_without_quiet_zone(void)
{
    gdImage *image = image_of(VIEW(CODE_URL), 4, 0);
    gdImageNegate(image);
    return png_from(image);
}

/* One pixel per module, and nothing around them. */
static struct buf tiny(void)
{
    return png_of(VIEW(CODE_URL), 1, 0);
}

static struct buf tiny_and_short(void)
{
    return png_of(VIEW("weixin://wxpay/s/An4baqw"), 1, 0);
}

static const struct {
    struct buf (*draw)(void);
    const char *repair; /* that reads it; plain does not */
    struct view text;
} damaged[] = {
    { inverted, "inverted", VIEW(CODE_URL) },
    { inverted_without_quiet_zone, "inverted", VIEW(CODE_URL) },
    { tiny, "scaled", VIEW(CODE_URL) },
    { tiny_and_short, "quiet-zone", VIEW("weixin://wxpay/s/An4baqw") },
};

START_TEST(a_damaged_code_is_read_only_repaired)
{
    struct buf picture = damaged[_i].draw();
    expect_fault(buf_view(&picture), false, "no-code");
    expect_text(buf_view(&picture), true, damaged[_i].repair, damaged[_i].text);
    buf_release(&picture);
}
END_TEST

START_TEST(ordered_changes_are_made)
{
    struct buf picture = inverted();
    struct scan_options options = { .change = {
                                        .invert = true, .enlarge = 3, .shrink = 2, .quiet = 7 } };
    struct qr_scan_result result = ask_with(buf_view(&picture), &options);

    ck_assert_str_eq(result.error, "");
    ck_assert_str_eq(result.repair, "none");
    ck_assert_str_eq(buf_cstr(&result.symbols[0]), CODE_URL);
    qr_scan_result_release(&result);
    buf_release(&picture);
}
END_TEST

START_TEST(a_change_does_to_pixels_what_it_says)
{
    unsigned char grey[] = { 0, 10, 20, 30 };
    struct picture from = { .width = 2, .height = 2, .grey = grey }, to;
    struct fault fault = {};

    ck_assert_int_eq(picture_change(&from, &(struct change){ true, 2, 1, 1 }, &to, &fault), 0);
    ck_assert_uint_eq(to.width, 6);
    static const unsigned char large[] = {
        255, 255, 255, 255, 255, 255, /**/ 255, 255, 255, 245, 245, 255,
        255, 255, 255, 245, 245, 255, /**/ 255, 235, 235, 225, 225, 255,
        255, 235, 235, 225, 225, 255, /**/ 255, 255, 255, 255, 255, 255,
    };
    ck_assert_mem_eq(to.grey, large, sizeof large);
    picture_release(&to);

    ck_assert_int_eq(picture_change(&from, &(struct change){ .shrink = 2 }, &to, &fault), 0);
    ck_assert_uint_eq(to.width * to.height, 1);
    ck_assert_uint_eq(to.grey[0], 15);
    picture_release(&to);

    ck_assert_int_eq(picture_change(&from, &(struct change){ .shrink = 3 }, &to, &fault),
                     FAULT_TOO_LARGE);
    from.width = from.height = 6000;
    ck_assert_int_eq(picture_change(&from, &(struct change){ .enlarge = 2 }, &to, &fault),
                     FAULT_TOO_LARGE);
    ck_assert_ptr_null(to.grey);
}
END_TEST

START_TEST(the_answer_is_exactly_as_documented)
{
    struct buf picture = fixture("up.png"), answer = BUF_INIT(ANSWER_MAX);

    ck_assert_int_eq(scan_picture(buf_view(&picture), &(struct scan_options){}, &answer), 0);
    ck_assert_str_eq(answer.ptr,
                     "{\"ok\":true,\"format\":\"png\",\"width\":111,\"height\":111,\"symbols\":[{"
                     "\"type\":\"QR-Code\",\"text\":\"" CODE_URL "\",\"text_base64\":"
                     "\"d2VpeGluOi8vd3hwYXkvYml6cGF5dXJsL3VwP3ByPU53WTVNejkmZ3JvdXBpZD0wMA==\""
                     "}],\"repair\":\"none\"}\n");
    buf_clear(&answer);
    ck_assert_int_eq(scan_picture(VIEW("hello"), &(struct scan_options){}, &answer),
                     FAULT_NOT_A_PICTURE);
    ck_assert_str_eq(answer.ptr, "{\"ok\":false,\"error\":\"not-a-picture\",\"detail\":\"no magic "
                                 "of a picture at its beginning\"}\n");
    buf_release(&picture);
    buf_release(&answer);
}
END_TEST

START_TEST(a_full_answer_is_an_error_and_keeps_its_content)
{
    struct buf picture = fixture("up.png"), answer = BUF_INIT(100);

    ck_assert_int_eq(buf_str(&answer, "kept"), 0);
    ck_assert_int_eq(scan_picture(buf_view(&picture), &(struct scan_options){}, &answer),
                     ERR_TOO_LONG);
    ck_assert_str_eq(buf_cstr(&answer), "kept");
    buf_release(&picture);
    buf_release(&answer);
}
END_TEST

START_TEST(without_memory_the_answer_is_a_limit_or_none)
{
    struct buf picture = inverted();
    bool refused = true;

    for (int64_t n = 1; refused; n++) {
        struct buf answer = BUF_INIT(ANSWER_MAX);
        int64_t live = mem_live();
        mem_fail_at(n);
        int said =
            scan_picture(buf_view(&picture), &(struct scan_options){ .repair = true }, &answer);
        refused = mem_refused();
        mem_fail_at(0);
        if (refused)
            ck_assert(said == FAULT_LIMIT || said == ERR_NOMEM);
        else
            ck_assert_int_eq(said, FAULT_NONE);
        buf_release(&answer);
        ck_assert_int_eq(mem_live(), live);
        ck_assert_int_lt(n, 1000);
    }
    buf_release(&picture);
}
END_TEST

static TCase *good_input(void)
{
    TCase *good = tcase_create("good input");

    tcase_set_timeout(good, 60);
    tcase_add_loop_test(good, what_is_drawn_is_read_back_byte_for_byte, 0, (int)COUNT(texts));
    tcase_add_test(good, the_longest_text_is_read_back);
    tcase_add_loop_test(good, codes_drawn_by_the_qrencode_command_are_read, 0,
                        (int)COUNT(drawn_by_others));
    tcase_add_test(good, a_code_that_names_utf8_is_read);
    tcase_add_loop_test(good, every_format_is_read, 0, (int)FORMAT_COUNT);
    tcase_add_test(good, a_transparent_background_is_white);
    tcase_add_test(good, an_svg_without_background_or_size_is_read);
    tcase_add_loop_test(good, a_rotated_code_is_read, 0, 5);
    tcase_add_test(good, two_codes_in_one_picture_are_both_read);
    tcase_add_loop_test(good, a_damaged_code_is_read_only_repaired, 0, (int)COUNT(damaged));
    tcase_add_test(good, ordered_changes_are_made);
    tcase_add_test(good, a_change_does_to_pixels_what_it_says);
    tcase_add_test(good, the_answer_is_exactly_as_documented);
    tcase_add_test(good, a_full_answer_is_an_error_and_keeps_its_content);
    tcase_add_test(good, without_memory_the_answer_is_a_limit_or_none);
    return good;
}

int main(void)
{
    Suite *suite = suite_create("decode");

    suite_add_tcase(suite, good_input());
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
