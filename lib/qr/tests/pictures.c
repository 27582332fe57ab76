#include "pictures.h"

#include "base/mem.h"
#include "qr/qr.h"
#include "qr/qr_answer.h"

#include <check.h>
#include <stdio.h>

struct buf fixture(const char *name)
{
    struct buf path = BUF_INIT(4096), bytes = BUF_INIT(PICTURE_MAX);
    char chunk[4096];
    size_t got;

    ck_assert_int_eq(buf_fmt(&path, "%s/qr/%s", FIXTURES_DIR, name), 0);
    FILE *file = fopen(path.ptr, "rb");
    ck_assert_msg(file != NULL, "%s", path.ptr);
    while ((got = fread(chunk, 1, sizeof chunk, file)))
        ck_assert_int_eq(buf_add(&bytes, chunk, got), 0);
    fclose(file);
    buf_release(&path);
    return bytes;
}

struct qr_scan_result ask_with(struct view picture, const struct scan_options *options)
{
    struct qr_scan_result result = {};
    struct buf answer = BUF_INIT(ANSWER_MAX);
    int said = scan_picture(picture, options, &answer);

    ck_assert_int_ge(said, 0);
    ck_assert_int_eq(answer.ptr[answer.len - 1], '\n');
    ck_assert_msg(qr_answer_read(buf_view(&answer), &result) == 0, "%s", answer.ptr);
    ck_assert_str_eq(result.error, fault_word((enum fault_id)said));
    buf_release(&answer);
    return result;
}

struct qr_scan_result ask(struct view picture, bool repair)
{
    return ask_with(picture, &(struct scan_options){ .repair = repair });
}

void expect_text(struct view picture, bool repair, const char *repaired, struct view text)
{
    struct qr_scan_result result = ask(picture, repair);

    ck_assert_msg(!result.error[0], "%s: %s", result.error, result.detail);
    ck_assert_uint_eq(result.symbol_count, 1);
    ck_assert_uint_eq(result.symbols[0].len, text.len);
    ck_assert_mem_eq(result.symbols[0].ptr, text.ptr, text.len);
    if (repaired)
        ck_assert_str_eq(result.repair, repaired);
    qr_scan_result_release(&result);
}

void expect_fault(struct view picture, bool repair, const char *error)
{
    struct qr_scan_result result = ask(picture, repair);

    ck_assert_msg(strcmp(result.error, error) == 0, "expected %s, got %s: %s", error, result.error,
                  result.detail);
    qr_scan_result_release(&result);
}

struct buf png_of(struct view text, unsigned scale, unsigned quiet)
{
    struct buf png = BUF_INIT(PICTURE_MAX);
    ck_assert_int_eq(qr_png(text, &(struct qr_style){ scale, quiet }, &png), 0);
    return png;
}

/* Takes what a gd…Ptr() call returned. */
static struct buf take_gd(void *bytes, int len)
{
    struct buf out = BUF_INIT(PICTURE_MAX);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_int_eq(buf_add(&out, bytes, (size_t)len), 0);
    gdFree(bytes);
    return out;
}

gdImage *image_of(struct view text, unsigned scale, unsigned quiet)
{
    struct buf png = png_of(text, scale, quiet);
    gdImage *palette = gdImageCreateFromPngPtr((int)png.len, png.ptr);
    ck_assert_ptr_nonnull(palette);
    gdImage *image = gdImageCreateTrueColor(palette->sx, palette->sy);
    gdImageCopy(image, palette, 0, 0, 0, 0, palette->sx, palette->sy);
    gdImageDestroy(palette);
    buf_release(&png);
    return image;
}

/* Takes @image. */
struct buf png_from(gdImage *image)
{
    int len;
    void *bytes = gdImagePngPtr(image, &len);
    gdImageDestroy(image);
    return take_gd(bytes, len);
}

static struct buf as_jpeg(gdImage *image)
{
    int len;
    void *bytes = gdImageJpegPtr(image, &len, 60);
    return take_gd(bytes, len);
}

static struct buf as_gif(gdImage *image)
{
    int len;
    void *bytes = gdImageGifPtr(image, &len);
    return take_gd(bytes, len);
}

static struct buf as_webp(gdImage *image)
{
    int len;
    void *bytes = gdImageWebpPtrEx(image, &len, 80);
    return take_gd(bytes, len);
}

static struct buf as_lossless_webp(gdImage *image)
{
    int len;
    void *bytes = gdImageWebpPtrEx(image, &len, gdWebpLossless);
    return take_gd(bytes, len);
}

static struct buf as_png(gdImage *image)
{
    int len;
    void *bytes = gdImagePngPtr(image, &len);
    return take_gd(bytes, len);
}

const struct format formats[FORMAT_COUNT] = {
    { "jpeg", as_jpeg },          { "gif", as_gif }, { "webp", as_webp },
    { "webp", as_lossless_webp }, { "png", as_png },
};
