#include "transcript.h"

#include "base/err.h"
#include "base/mem.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#define FACTS_MAX      ((size_t)1'000'000)
#define LINE_BYTES_MAX ((size_t)16 * 1024 * 1024)

static const char *text_member(const json_t *line, const char *name)
{
    const char *text = json_string_value(json_object_get(line, name));
    return text ? text : "";
}

static int grow(struct transcript *t)
{
    if (t->count < t->cap)
        return 0;
    if (t->count == FACTS_MAX)
        return ERR_LIMIT;
    size_t cap = t->cap ? t->cap * 2 : 256;
    struct fact *facts = mem_realloc(t->facts, cap * sizeof(*facts));
    if (!facts)
        return ERR_NOMEM;
    t->facts = facts;
    t->cap = cap;
    return 0;
}

int transcript_add_line(struct transcript *t, struct view text)
{
    int err = grow(t);
    if (err)
        return err;
    json_t *line = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    const json_t *data = json_object_get(line, "data");
    struct fact fact = {
        .case_id = text_member(line, "case"),
        .kind = text_member(line, "kind"),
        .order = text_member(line, "order"),
        .label = text_member(line, "label"),
        .seq = json_integer_value(json_object_get(line, "seq")),
        .at_ms = json_integer_value(json_object_get(line, "at_ms")),
        .data = data,
        .line = line,
    };
    if (!json_is_object(data) || !fact.case_id[0] || !fact.kind[0] || fact.seq < 1) {
        json_decref(line);
        return ERR_SYNTAX;
    }
    t->facts[t->count++] = fact;
    return 0;
}

int transcript_load(struct transcript *t, const char *path, size_t *line_no)
{
    FILE *file = fopen(path, "rb");
    char *line = NULL;
    size_t size = 0, number = 0;
    int err = 0;

    if (!file)
        return ERR_IO;
    for (ssize_t len; !err && (len = getline(&line, &size, file)) > 0;) {
        number++;
        err = (size_t)len > LINE_BYTES_MAX
                  ? ERR_TOO_LONG
                  : transcript_add_line(t, (struct view){ line, (size_t)len });
    }
    if (!err && ferror(file))
        err = ERR_IO;
    free(line); /* getline's own block, not from base/mem.h */
    fclose(file);
    if (line_no)
        *line_no = number;
    return err;
}

void transcript_release(struct transcript *t)
{
    for (size_t i = 0; i < t->count; i++)
        json_decref(t->facts[i].line);
    mem_free(t->facts);
    *t = (struct transcript){};
}

int story_of(struct story *story, const struct transcript *t, const char *case_id)
{
    *story = (struct story){ .facts = mem_zalloc(t->count + 1, sizeof(*story->facts)) };
    if (!story->facts)
        return ERR_NOMEM;
    for (size_t i = 0; i < t->count; i++) {
        if (!case_id || strcmp(t->facts[i].case_id, case_id) == 0)
            story->facts[story->count++] = &t->facts[i];
    }
    return 0;
}

void story_release(struct story *story)
{
    mem_free(story->facts);
    *story = (struct story){};
}

static bool matches(const char *wanted, const char *is)
{
    return !wanted || strcmp(wanted, is) == 0;
}

static bool fact_matches(const struct fact *fact, const char *kind, const char *order,
                         const char *label)
{
    return matches(kind, fact->kind) && matches(order, fact->order) && matches(label, fact->label);
}

/* Place of @fact in @story, or SIZE_MAX. */
static size_t place_of(const struct story *story, const struct fact *fact)
{
    /* facts lie in one array in the order of the story, so their addresses are ordered too */
    size_t low = 0, high = story->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (story->facts[middle] < fact)
            low = middle + 1;
        else
            high = middle;
    }
    return low < story->count && story->facts[low] == fact ? low : SIZE_MAX;
}

static size_t start_after(const struct story *story, const struct fact *after)
{
    if (!after)
        return 0;
    size_t place = place_of(story, after);
    return place == SIZE_MAX ? story->count : place + 1;
}

const struct fact *story_next(const struct story *story, const struct fact *after, const char *kind,
                              const char *order, const char *label)
{
    for (size_t i = start_after(story, after); i < story->count; i++) {
        if (fact_matches(story->facts[i], kind, order, label))
            return story->facts[i];
    }
    return NULL;
}

const struct fact *story_last(const struct story *story, const char *kind, const char *order,
                              const char *label)
{
    for (size_t i = story->count; i > 0; i--) {
        if (fact_matches(story->facts[i - 1], kind, order, label))
            return story->facts[i - 1];
    }
    return NULL;
}

size_t story_times(const struct story *story, const char *kind, const char *order,
                   const char *label)
{
    size_t times = 0;
    for (size_t i = 0; i < story->count; i++)
        times += fact_matches(story->facts[i], kind, order, label);
    return times;
}

bool fact_before(const struct fact *a, const struct fact *b)
{
    return a && b && a < b;
}

static const struct fact *next_exchange(const struct story *story, const struct fact *after,
                                        const char *door, const char *order)
{
    const struct fact *fact = after;
    while ((fact = story_next(story, fact, "exchange", order, NULL))) {
        if (fact_is(fact, "/door", door))
            return fact;
    }
    return NULL;
}

const struct fact *story_call(const struct story *story, const struct fact *after, const char *api,
                              const char *order)
{
    const struct fact *fact = after;
    while ((fact = next_exchange(story, fact, "api", order))) {
        if ((!api || fact_is(fact, "/api", api)) && !fact_true(fact, "/earlier"))
            return fact;
    }
    return NULL;
}

const struct fact *story_delivery(const struct story *story, const struct fact *after,
                                  const char *order)
{
    return next_exchange(story, after, "notification", order);
}

const struct fact *story_setup(const struct story *story, const struct fact *fact)
{
    /* the first fact of its case: look back from the fact itself */
    for (size_t i = start_after(story, fact); i > 0; i--) {
        const struct fact *candidate = story->facts[i - 1];
        if (strcmp(candidate->kind, "setup") == 0)
            return strcmp(candidate->case_id, fact->case_id) == 0 ? candidate : NULL;
    }
    return NULL;
}

/* One reference token, with ~1 and ~0 undone. False when malformed. */
static bool pointer_token(struct view raw, struct buf *out)
{
    buf_clear(out);
    for (size_t i = 0; i < raw.len; i++) {
        char byte = raw.ptr[i];
        if (byte == '~') {
            if (++i == raw.len || (raw.ptr[i] != '0' && raw.ptr[i] != '1'))
                return false;
            byte = raw.ptr[i] == '0' ? '~' : '/';
        }
        if (buf_byte(out, byte))
            return false;
    }
    return true;
}

static const json_t *pointer_step(const json_t *value, const struct buf *token)
{
    if (json_is_object(value))
        return json_object_getn(value, token->len ? token->ptr : "", token->len);
    int64_t index;
    if (json_is_array(value) && view_to_i64(buf_view(token), INT32_MAX, &index) == 0)
        return json_array_get(value, (size_t)index);
    return NULL;
}

const json_t *json_pointer(const json_t *value, const char *pointer)
{
    struct view rest = view_str(pointer);
    struct buf token = BUF_INIT(1024);

    if (rest.len && rest.ptr[0] != '/')
        return NULL;
    while (value && rest.len) {
        struct view after = { rest.ptr + 1, rest.len - 1 };
        size_t end = view_find(after, VIEW("/"));
        struct view raw = { after.ptr, end == SIZE_MAX ? after.len : end };
        rest = (struct view){ after.ptr + raw.len, after.len - raw.len };
        value = pointer_token(raw, &token) ? pointer_step(value, &token) : NULL;
    }
    buf_release(&token);
    return value;
}

/* jansson 2.14 goes on after some failures of its callback: the first one is kept here. */
struct dumping {
    struct buf *out;
    int err;
};

static int add_dumped(const char *bytes, size_t len, void *owner)
{
    struct dumping *dumping = owner;
    if (!dumping->err)
        dumping->err = buf_add(dumping->out, bytes, len);
    return dumping->err;
}

int json_text(const json_t *value, size_t flags, struct buf *out)
{
    struct dumping dumping = { .out = out };
    int failed = json_dump_callback(value, add_dumped, &dumping, flags | JSON_ENCODE_ANY);
    if (dumping.err)
        return dumping.err;
    return failed ? ERR_NOMEM : 0;
}

const json_t *fact_get(const struct fact *fact, const char *pointer)
{
    return fact ? json_pointer(fact->data, pointer) : NULL;
}

const char *fact_str(const struct fact *fact, const char *pointer)
{
    const char *text = json_string_value(fact_get(fact, pointer));
    return text ? text : "";
}

int64_t fact_int(const struct fact *fact, const char *pointer, int64_t missing)
{
    const json_t *value = fact_get(fact, pointer);
    return json_is_integer(value) ? json_integer_value(value) : missing;
}

bool fact_true(const struct fact *fact, const char *pointer)
{
    return json_is_true(fact_get(fact, pointer));
}

bool fact_is(const struct fact *fact, const char *pointer, const char *text)
{
    return strcmp(fact_str(fact, pointer), text) == 0;
}

static int base64_bytes(struct view text, struct buf *out)
{
    if (text.len % 4 || text.len > INT32_MAX / 2)
        return ERR_SYNTAX;
    int err = buf_reserve(out, text.len / 4 * 3 + 1);
    if (err || !text.len)
        return err;
    int got = EVP_DecodeBlock((unsigned char *)out->ptr + out->len, (const unsigned char *)text.ptr,
                              (int)text.len);
    if (got < 0)
        return ERR_SYNTAX;
    size_t pad = (size_t)(text.ptr[text.len - 1] == '=') + (size_t)(text.ptr[text.len - 2] == '=');
    out->len += (size_t)got - pad;
    out->ptr[out->len] = '\0';
    return 0;
}

int fact_body(const struct fact *fact, const char *message, struct buf *out)
{
    const json_t *at = fact_get(fact, message);
    const json_t *text = json_object_get(at, "body");
    const json_t *coded = json_object_get(at, "body_base64");

    if (json_is_string(text))
        return buf_add(out, json_string_value(text), json_string_length(text));
    if (json_is_string(coded))
        return base64_bytes((struct view){ json_string_value(coded), json_string_length(coded) },
                            out);
    return 0;
}

const char *fact_header(const struct fact *fact, const char *message, const char *name)
{
    const json_t *headers = json_object_get(fact_get(fact, message), "headers");
    size_t i;
    json_t *line;

    json_array_foreach(headers, i, line)
    {
        const char *is = json_string_value(json_array_get(line, 0));
        if (is && view_eq_nocase(view_str(is), view_str(name)))
            return json_string_value(json_array_get(line, 1));
    }
    return NULL;
}
