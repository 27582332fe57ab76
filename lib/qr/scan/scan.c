#include "qr/scan/scan.h"

#include "base/base64.h"
#include "base/err.h"
#include "base/utf8.h"

#include <jansson.h>

/* What libraries say may hold any byte: print what is printable. */
static json_t *clean(const char *text)
{
    char out[sizeof((struct fault *)NULL)->detail];
    size_t len = 0;

    for (; len < sizeof out && text[len]; len++)
        out[len] = text[len] >= ' ' && text[len] <= '~' ? text[len] : '?';
    return json_stringn(out, len);
}

/* The text, or null where JSON cannot carry it: no UTF-8, or a NUL, which many readers refuse. */
static json_t *text_of(struct view bytes)
{
    if (utf8_broken_at(bytes) != SIZE_MAX || (bytes.len && memchr(bytes.ptr, '\0', bytes.len)))
        return json_null();
    return json_stringn(bytes.ptr ? bytes.ptr : "", bytes.len);
}

static json_t *symbol_of(struct view bytes)
{
    struct buf base64 = BUF_INIT(ANSWER_MAX);
    json_t *symbol = NULL;

    if (!base64_encode(bytes, &base64))
        symbol = json_pack("{s:s, s:o, s:s}", "type", "QR-Code", "text", text_of(bytes),
                           "text_base64", buf_cstr(&base64));
    buf_release(&base64);
    return symbol;
}

static json_t *symbols_of(const struct codes *codes)
{
    json_t *symbols = json_array();

    for (size_t i = 0; i < codes->count; i++)
        if (json_array_append_new(symbols, symbol_of(buf_view(&codes->texts[i])))) {
            json_decref(symbols);
            return NULL;
        }
    return symbols;
}

/* jansson forgets to look at some results of its callback, so the first error is kept here. */
struct sink {
    struct buf *out;
    int err;
};

static int on_text(const char *text, size_t len, void *arg)
{
    struct sink *sink = arg;

    if (!sink->err)
        sink->err = buf_add(sink->out, text, len);
    return sink->err;
}

/* Takes @object, which may be NULL. */
static int write_answer(json_t *object, struct buf *answer)
{
    struct sink sink = { .out = answer };
    size_t before = answer->len;

    if (!object || json_dump_callback(object, on_text, &sink, JSON_COMPACT))
        sink.err = sink.err ? sink.err : ERR_NOMEM;
    if (!sink.err)
        sink.err = buf_byte(answer, '\n');
    if (sink.err && answer->ptr) {
        answer->len = before;
        answer->ptr[before] = '\0';
    }
    json_decref(object);
    return sink.err;
}

static json_t *fault_of(const struct fault *fault)
{
    return json_pack("{s:b, s:s, s:o}", "ok", 0, "error", fault_word(fault->id), "detail",
                     clean(fault->detail));
}

/* What is known of the picture; an unknown format and a size never read stay out. */
static void add_picture(json_t *object, const struct picture *picture)
{
    if (picture->format)
        json_object_set_new(object, "format", json_string(picture_format_name(picture->format)));
    if (picture->width) {
        json_object_set_new(object, "width", json_integer(picture->width));
        json_object_set_new(object, "height", json_integer(picture->height));
    }
}

static json_t *found_of(const struct picture *picture, const struct codes *codes,
                        const char *helped)
{
    json_t *object = json_pack("{s:b}", "ok", 1);

    add_picture(object, picture);
    if (json_object_set_new(object, "symbols", symbols_of(codes)) ||
        json_object_set_new(object, "repair", json_string(helped))) {
        json_decref(object);
        return NULL;
    }
    return object;
}

int scan_fault(const struct fault *fault, struct buf *answer)
{
    int err = write_answer(fault_of(fault), answer);

    return err ? err : (int)fault->id;
}

static bool changes(const struct change *change)
{
    return change->invert || change->enlarge > 1 || change->shrink > 1 || change->quiet;
}

/* @codes and @helped are set when FAULT_NONE comes back. */
static enum fault_id look(struct picture *picture, const struct scan_options *options,
                          struct codes *codes, const char **helped, struct fault *fault)
{
    struct picture changed;

    if (!changes(&options->change))
        return codes_find_repaired(picture, options->repair, codes, helped, fault);
    if (picture_change(picture, &options->change, &changed, fault))
        return fault->id;
    enum fault_id id = codes_find_repaired(&changed, options->repair, codes, helped, fault);
    picture_release(&changed);
    return id;
}

int scan_picture(struct view bytes, const struct scan_options *options, struct buf *answer)
{
    struct picture picture;
    struct codes codes = {};
    struct fault fault;
    const char *helped = "none";

    enum fault_id id = picture_decode(bytes, &picture, &fault);
    if (!id)
        id = look(&picture, options, &codes, &helped, &fault);
    json_t *object = id ? fault_of(&fault) : found_of(&picture, &codes, helped);
    if (id)
        add_picture(object, &picture);
    int err = write_answer(object, answer);
    codes_release(&codes);
    picture_release(&picture);
    return err ? err : (int)id;
}
