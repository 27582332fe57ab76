#include "extract.h"

#include "base/err.h"
#include "base/mem.h"
#include "decode.h"
#include "markup.h"

#include <ctype.h>
#include <stdio.h>

#define VALUE_MAX ((size_t)1024 * 1024)

static const struct {
    const char *name;
    enum decoder decoder;
} decoder_names[] = {
    { "html", DECODE_HTML },     { "js", DECODE_JS },     { "percent", DECODE_PERCENT },
    { "base64", DECODE_BASE64 }, { "json", DECODE_JSON },
};

static const struct {
    const char *word;
    enum extract_kind kind;
    bool wants_argument;
} sources[] = {
    { "json", EXTRACT_JSON, false },  { "header", EXTRACT_HEADER, true },
    { "regex", EXTRACT_REGEX, true }, { "xpath", EXTRACT_XPATH, true },
    { "body", EXTRACT_BODY, false },
};

/* Place of the last '|' that stands between blanks, or SIZE_MAX. */
static size_t last_bar(struct view text)
{
    for (size_t i = text.len; i-- > 1;) {
        if (text.ptr[i] == '|' && text.ptr[i - 1] == ' ')
            return i;
    }
    return SIZE_MAX;
}

/*
 * Peel one decoder off the end of *text. Returns false when the end is no decoder: an expression
 * may itself hold bars (`//a | //b`, `(paid|done)`).
 */
static bool peel_decoder(struct view *text, enum decoder *decoder)
{
    size_t bar = last_bar(*text);
    if (bar == SIZE_MAX)
        return false;
    struct view word = view_trim((struct view){ text->ptr + bar + 1, text->len - bar - 1 });
    for (size_t i = 0; i < COUNT(decoder_names); i++) {
        if (view_is(word, decoder_names[i].name)) {
            *decoder = decoder_names[i].decoder;
            *text = view_trim((struct view){ text->ptr, bar });
            return true;
        }
    }
    return false;
}

static int peel_decoders(struct extractor *extractor, struct view *text, char *why, size_t why_size)
{
    enum decoder found[DECODERS_MAX];
    size_t count = 0;
    enum decoder decoder;

    while (peel_decoder(text, &decoder)) {
        if (count == DECODERS_MAX) {
            snprintf(why, why_size, "more than %d decoders", DECODERS_MAX);
            return ERR_SYNTAX;
        }
        found[count++] = decoder;
    }
    for (size_t i = 0; i < count; i++)
        extractor->decoders[i] = found[count - 1 - i]; /* they were peeled from the end */
    extractor->decoder_count = count;
    return 0;
}

static int compile_regex(struct extractor *extractor, char *why, size_t why_size)
{
    char said[160];
    int err = pattern_new(&extractor->pattern, view_str(extractor->argument), said, sizeof(said));
    if (err == ERR_SYNTAX)
        snprintf(why, why_size, "bad regular expression: %s", said);
    if (!err && pattern_groups(extractor->pattern) == 0) {
        snprintf(why, why_size, "the regular expression has no group (…) to take the value from");
        return ERR_SYNTAX;
    }
    return err;
}

static int check_argument(struct extractor *extractor, char *why, size_t why_size)
{
    const char *argument = extractor->argument;

    switch (extractor->kind) {
    case EXTRACT_JSON:
        if (argument[0] && argument[0] != '/') {
            snprintf(why, why_size, "a JSON pointer begins with / (RFC 6901)");
            return ERR_SYNTAX;
        }
        return 0;
    case EXTRACT_REGEX: return compile_regex(extractor, why, why_size);
    case EXTRACT_XPATH:
        if (!markup_xpath_ok(argument)) {
            snprintf(why, why_size, "bad XPath expression");
            return ERR_SYNTAX;
        }
        return 0;
    case EXTRACT_BODY:
        if (argument[0]) {
            snprintf(why, why_size, "body takes no argument");
            return ERR_SYNTAX;
        }
        return 0;
    default: return 0;
    }
}

int extractor_parse(struct extractor *extractor, struct view text, char *why, size_t why_size)
{
    struct view rest;

    *extractor = (struct extractor){};
    why[0] = '\0';
    text = view_trim(text);
    int err = peel_decoders(extractor, &text, why, why_size);
    if (err)
        return err;
    struct view word = view_cut(text, ' ', &rest);
    for (size_t i = 0; i < COUNT(sources); i++) {
        if (!view_is(word, sources[i].word))
            continue;
        rest = view_trim(rest);
        if (sources[i].wants_argument && !rest.len) {
            snprintf(why, why_size, "%s needs an argument", sources[i].word);
            return ERR_SYNTAX;
        }
        extractor->kind = sources[i].kind;
        extractor->argument = mem_strndup(rest.ptr ? rest.ptr : "", rest.len);
        return extractor->argument ? check_argument(extractor, why, why_size) : ERR_NOMEM;
    }
    snprintf(
        why, why_size,
        "\"%.*s\" is no source; one of: json /pointer, header Name, regex (…), xpath EXPR, body",
        (int)(word.len > 40 ? 40 : word.len), word.ptr ? word.ptr : "");
    return ERR_SYNTAX;
}

void extractor_release(struct extractor *extractor)
{
    pattern_free(extractor->pattern);
    mem_free(extractor->argument);
    *extractor = (struct extractor){};
}

int json_as_text(const json_t *value, struct buf *out)
{
    if (!value || json_is_null(value))
        return ERR_NOT_FOUND;
    if (json_is_string(value))
        return buf_add(out, json_string_value(value), json_string_length(value));
    return json_text(value, JSON_COMPACT | JSON_REAL_PRECISION(15), out);
}

static int take_json(const char *pointer, struct view body, struct buf *out, char *why,
                     size_t why_size)
{
    json_error_t error;
    json_t *value = json_loadb(body.ptr, body.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);

    if (!value) {
        snprintf(why, why_size, "the answer is not JSON: %s", error.text);
        return ERR_SYNTAX;
    }
    int err = json_as_text(json_pointer(value, pointer), out);
    if (err == ERR_NOT_FOUND)
        snprintf(why, why_size, "nothing at %s", pointer);
    json_decref(value);
    return err;
}

static int take_regex(const struct pattern *pattern, struct view body, struct buf *out, char *why,
                      size_t why_size)
{
    struct view group;
    int err = pattern_find(pattern, body, &group);
    if (!err && !group.ptr)
        err = ERR_NOT_FOUND;
    if (err == ERR_NOT_FOUND)
        snprintf(why, why_size, "the regular expression matches nothing");
    if (err == ERR_RANGE) {
        snprintf(why, why_size, "the regular expression takes too many steps on this answer");
        err = ERR_SYNTAX;
    }
    return err ? err : buf_view_add(out, group);
}

static int take_raw(const struct extractor *extractor, const struct http_answer *answer,
                    struct buf *out, char *why, size_t why_size)
{
    struct view body = buf_view(&answer->body);
    const char *value;

    switch (extractor->kind) {
    case EXTRACT_JSON: return take_json(extractor->argument, body, out, why, why_size);
    case EXTRACT_REGEX: return take_regex(extractor->pattern, body, out, why, why_size);
    case EXTRACT_XPATH: return markup_text(body, extractor->argument, out, why, why_size);
    case EXTRACT_BODY: return buf_view_add(out, body);
    case EXTRACT_HEADER:
        value = http_answer_header(answer, extractor->argument);
        if (value)
            return buf_str(out, value);
        snprintf(why, why_size, "no header %.80s", extractor->argument);
        return ERR_NOT_FOUND;
    case EXTRACT_NONE: break;
    }
    snprintf(why, why_size, "the profile has no such source");
    return ERR_NOT_FOUND;
}

int extractor_get(const struct extractor *extractor, const struct http_answer *answer,
                  struct buf *out, char *why, size_t why_size)
{
    struct buf value = BUF_INIT(VALUE_MAX);

    why[0] = '\0';
    if (!answer->status) {
        snprintf(why, why_size, "%s", answer->error[0] ? answer->error : "no answer");
        return ERR_NOT_FOUND;
    }
    int err = take_raw(extractor, answer, &value, why, why_size);
    for (size_t i = 0; !err && i < extractor->decoder_count; i++) {
        err = decode_text(extractor->decoders[i], &value);
        if (err)
            snprintf(why, why_size, "the decoder %s does not understand the value",
                     decoder_names[extractor->decoders[i]].name);
    }
    if (!err)
        err = buf_view_add(out, buf_view(&value));
    else if (!why[0])
        snprintf(why, why_size, "%s", err_text(err));
    buf_release(&value);
    return err;
}

static int keep_argument(struct picture_source *source, enum picture_kind kind, struct view text)
{
    source->kind = kind;
    source->argument = mem_strndup(text.ptr ? text.ptr : "", text.len);
    return source->argument ? 0 : ERR_NOMEM;
}

int picture_source_parse(struct picture_source *source, struct view text, char *why,
                         size_t why_size)
{
    struct view rest;
    struct view word = view_cut(view_trim(text), ' ', &rest);

    *source = (struct picture_source){};
    rest = view_trim(rest);
    if (view_is(word, "GET") && rest.len)
        return keep_argument(source, PICTURE_GET, rest);
    if (view_is(word, "body") && !rest.len)
        return keep_argument(source, PICTURE_BODY, rest);
    if (view_is(word, "json") && rest.len && rest.ptr[0] == '/')
        return keep_argument(source, PICTURE_JSON, rest);
    if (view_is(word, "xpath") && rest.len) {
        int err = keep_argument(source, PICTURE_XPATH, rest);
        if (err || markup_xpath_ok(source->argument))
            return err;
        snprintf(why, why_size, "bad XPath expression");
        return ERR_SYNTAX;
    }
    snprintf(why, why_size, "one of: GET PATH, xpath EXPR, json /pointer, body");
    return ERR_SYNTAX;
}

void picture_source_release(struct picture_source *source)
{
    mem_free(source->argument);
    *source = (struct picture_source){};
}

/* data:[type][;base64],bytes */
static int data_uri(struct view uri, struct buf *bytes)
{
    struct view rest;
    struct view head = view_cut(uri, ',', &rest);
    struct buf value = BUF_INIT(HTTP_ANSWER_MAX);

    if (head.len == uri.len)
        return ERR_SYNTAX;
    int err = buf_view_add(&value, rest);
    if (!err)
        err = decode_text(DECODE_PERCENT, &value);
    if (!err && view_ends(head, VIEW(";base64")))
        err = decode_text(DECODE_BASE64, &value);
    if (!err)
        err = buf_view_add(bytes, buf_view(&value));
    buf_release(&value);
    return err;
}

static int place_of_picture(struct view text, struct buf *bytes, struct buf *url)
{
    text = view_trim(text);
    if (!text.len)
        return ERR_NOT_FOUND;
    if (view_starts(text, VIEW("data:")))
        return data_uri(text, bytes);
    if (view_starts(text, VIEW("<svg")))
        return buf_view_add(bytes, text);
    return buf_view_add(url, text);
}

int picture_source_get(const struct picture_source *source, const struct http_answer *answer,
                       struct buf *bytes, struct buf *url)
{
    struct buf text = BUF_INIT(HTTP_ANSWER_MAX);
    char why[200];
    int err = ERR_NOT_FOUND;

    switch (source->kind) {
    case PICTURE_BODY: err = buf_view_add(bytes, buf_view(&answer->body)); break;
    case PICTURE_JSON:
        err = take_json(source->argument, buf_view(&answer->body), &text, why, sizeof(why));
        if (!err)
            err = place_of_picture(buf_view(&text), bytes, url);
        break;
    case PICTURE_XPATH:
        err = markup_picture(buf_view(&answer->body), source->argument, &text, why, sizeof(why));
        if (!err)
            err = place_of_picture(buf_view(&text), bytes, url);
        break;
    default: break;
    }
    buf_release(&text);
    return err;
}
