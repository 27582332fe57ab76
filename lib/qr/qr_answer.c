#include "qr/qr_answer.h"

#include "base/base64.h"
#include "base/err.h"

#include <jansson.h>

#define SYMBOL_MAX (16u << 10)

/* Copies a string member into an array of @size bytes; a missing one is "". */
static int copy_text(const json_t *object, const char *name, char *out, size_t size)
{
    const json_t *value = json_object_get(object, name);
    struct view text = { json_string_value(value), json_string_length(value) };

    if (value && !text.ptr)
        return ERR_PROTOCOL;
    return text.ptr && view_copy(text, out, size) ? ERR_PROTOCOL : 0;
}

static int copy_pixels(const json_t *object, const char *name, unsigned *out)
{
    const json_t *value = json_object_get(object, name);
    json_int_t pixels = json_integer_value(value);

    if (value && (!json_is_integer(value) || pixels < 1 || pixels > UINT32_MAX))
        return ERR_PROTOCOL;
    *out = (unsigned)pixels;
    return 0;
}

static int read_symbols(const json_t *symbols, struct qr_scan_result *result)
{
    size_t count = json_array_size(symbols);
    int err = count && count <= QR_SCAN_SYMBOLS_MAX ? 0 : ERR_PROTOCOL;

    for (size_t i = 0; i < count && !err; i++) {
        const json_t *text = json_object_get(json_array_get(symbols, i), "text_base64");
        if (!json_is_string(text))
            return ERR_PROTOCOL;
        struct buf *bytes = &result->symbols[result->symbol_count++];
        *bytes = BUF_INIT(SYMBOL_MAX);
        err = base64_decode((struct view){ json_string_value(text), json_string_length(text) },
                            bytes);
    }
    return err == ERR_NOMEM || !err ? err : ERR_PROTOCOL;
}

static int read_object(const json_t *object, struct qr_scan_result *result)
{
    const json_t *ok = json_object_get(object, "ok");
    int err = json_is_boolean(ok) ? 0 : ERR_PROTOCOL;

    if (!err)
        err = copy_text(object, "format", result->format, sizeof result->format);
    if (!err)
        err = copy_pixels(object, "width", &result->width);
    if (!err)
        err = copy_pixels(object, "height", &result->height);
    if (!err)
        err = copy_text(object, "repair", result->repair, sizeof result->repair);
    if (!err)
        err = copy_text(object, "error", result->error, sizeof result->error);
    if (!err)
        err = copy_text(object, "detail", result->detail, sizeof result->detail);
    if (!err && json_is_true(ok) != !result->error[0])
        err = ERR_PROTOCOL;
    return err || json_is_false(ok) ? err
                                    : read_symbols(json_object_get(object, "symbols"), result);
}

int qr_answer_read(struct view json, struct qr_scan_result *result)
{
    json_t *object = json_loadb(json.ptr ? json.ptr : "", json.len, JSON_REJECT_DUPLICATES, NULL);
    int err = object ? read_object(object, result) : ERR_PROTOCOL;

    json_decref(object);
    return err;
}
