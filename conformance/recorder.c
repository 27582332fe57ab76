/*
 * recorder.c — the writing side of transcript.h: facts become lines, secrets become a mark.
 */
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "transcript.h"

#include <errno.h>
#include <openssl/evp.h>
#include <unistd.h>

#define HIDDEN_MAX ((size_t)32 * 1024 * 1024)

struct recorder {
    int fd;                        /* borrowed */
    const struct secrets *secrets; /* borrowed, may be NULL */
    char *case_id;                 /* owned */
    int64_t seq;
    bool broken;
};

int secrets_add(struct secrets *secrets, const char *name, const char *value)
{
    for (size_t i = 0; i < secrets->count; i++) {
        if (strcmp(secrets->item[i].name, name) == 0)
            return 0;
    }
    void *grown = mem_realloc(secrets->item, (secrets->count + 1) * sizeof(*secrets->item));
    if (!grown)
        return ERR_NOMEM;
    secrets->item = grown;
    char *name_copy = mem_strdup(name);
    char *value_copy = mem_strdup(value);
    if (!name_copy || !value_copy) {
        mem_free(name_copy);
        mem_free(value_copy);
        return ERR_NOMEM;
    }
    secrets->item[secrets->count].name = name_copy;
    secrets->item[secrets->count++].value = value_copy;
    return 0;
}

void secrets_release(struct secrets *secrets)
{
    for (size_t i = 0; i < secrets->count; i++) {
        mem_free(secrets->item[i].name);
        mem_wipe(secrets->item[i].value, strlen(secrets->item[i].value));
        mem_free(secrets->item[i].value);
    }
    mem_free(secrets->item);
    *secrets = (struct secrets){};
}

static int replace_all(struct buf *text, struct view from, struct view to)
{
    struct buf out = BUF_INIT(text->max);
    struct view rest = buf_view(text);
    int err = 0;

    if (!from.len || view_find(rest, from) == SIZE_MAX)
        return 0;
    for (size_t at; !err && (at = view_find(rest, from)) != SIZE_MAX;) {
        err = buf_add(&out, rest.ptr, at);
        if (!err)
            err = buf_view_add(&out, to);
        rest = (struct view){ rest.ptr + at + from.len, rest.len - at - from.len };
    }
    if (!err)
        err = buf_view_add(&out, rest);
    if (err) {
        buf_release(&out);
        return err;
    }
    buf_release(text);
    *text = buf_take(&out);
    return 0;
}

/* The faces a secret can wear on its way: one writer each. */
static int face_plain(struct view value, struct buf *out)
{
    return buf_view_add(out, value);
}

static int face_percent(struct view value, struct buf *out)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    int err = 0;
    for (size_t i = 0; !err && i < value.len; i++) {
        if (value.ptr[i] && strchr(plain, value.ptr[i]))
            err = buf_byte(out, value.ptr[i]);
        else
            err = buf_fmt(out, "%%%02X", (unsigned char)value.ptr[i]);
    }
    return err;
}

static int face_form(struct view value, struct buf *out)
{
    int err = face_percent(value, out);
    return err ? err : replace_all(out, VIEW("%20"), VIEW("+"));
}

static int face_json(struct view value, struct buf *out)
{
    json_t *text = json_stringn(value.ptr, value.len);
    struct buf coded = BUF_INIT(HIDDEN_MAX);
    int err = text ? json_text(text, 0, &coded) : 0;
    if (!err && coded.len > 2)
        err = buf_add(out, coded.ptr + 1, coded.len - 2); /* without the quotes */
    buf_release(&coded);
    json_decref(text);
    return err;
}

static int face_xml(struct view value, struct buf *out)
{
    int err = face_plain(value, out);
    if (!err)
        err = replace_all(out, VIEW("&"), VIEW("&amp;"));
    if (!err)
        err = replace_all(out, VIEW("<"), VIEW("&lt;"));
    return err ? err : replace_all(out, VIEW(">"), VIEW("&gt;"));
}

static int face_base64(struct view value, struct buf *out)
{
    int err = buf_reserve(out, (value.len + 2) / 3 * 4 + 1);
    if (err)
        return err;
    int len = EVP_EncodeBlock((unsigned char *)out->ptr + out->len,
                              (const unsigned char *)value.ptr, (int)value.len);
    out->len += (size_t)len;
    /* the last group changes when the secret is the beginning of something longer */
    out->len -= value.len % 3 ? 4 : 0;
    out->ptr[out->len] = '\0';
    return 0;
}

static int (*const faces[])(struct view value, struct buf *out) = {
    face_plain, face_percent, face_form, face_json, face_xml, face_base64,
};

static int hide_one(struct buf *text, const char *name, struct view value)
{
    struct buf mark = BUF_INIT(512);
    int err = buf_fmt(&mark, "[hidden env:%s]", name);

    for (size_t i = 0; !err && i < COUNT(faces); i++) {
        struct buf face = BUF_INIT(HIDDEN_MAX);
        err = faces[i](value, &face);
        /* a face of under four bytes would black out half the report */
        if (!err && face.len >= 4)
            err = replace_all(text, buf_view(&face), buf_view(&mark));
        buf_release(&face);
    }
    buf_release(&mark);
    return err;
}

int secrets_hide(const struct secrets *secrets, struct view text, struct buf *out)
{
    struct buf work = BUF_INIT(HIDDEN_MAX);
    int err = buf_view_add(&work, text);

    for (size_t i = 0; !err && secrets && i < secrets->count; i++)
        err = hide_one(&work, secrets->item[i].name, view_str(secrets->item[i].value));
    if (!err)
        err = buf_view_add(out, buf_view(&work));
    buf_release(&work);
    return err;
}

int recorder_new(struct recorder **out, int fd, const struct secrets *secrets)
{
    struct recorder *recorder = mem_new(struct recorder);
    if (!recorder)
        return ERR_NOMEM;
    recorder->fd = fd;
    recorder->secrets = secrets;
    *out = recorder;
    return 0;
}

void recorder_free(struct recorder *recorder)
{
    if (!recorder)
        return;
    mem_free(recorder->case_id);
    mem_free(recorder);
}

void recorder_begin(struct recorder *recorder, const char *case_id)
{
    mem_free(recorder->case_id);
    recorder->case_id = mem_strdup(case_id);
    recorder->seq = 0;
    if (!recorder->case_id)
        recorder->broken = true;
}

static bool write_all(int fd, struct view bytes)
{
    while (bytes.len) {
        ssize_t done = write(fd, bytes.ptr, bytes.len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        bytes = (struct view){ bytes.ptr + done, bytes.len - (size_t)done };
    }
    return true;
}

/* Secrets are hidden in the values, before they are escaped, and once more in the line. */
static json_t *hidden_copy(const json_t *value, const struct secrets *secrets);

static json_t *hidden_text(const json_t *value, const struct secrets *secrets)
{
    struct buf out = BUF_INIT(HIDDEN_MAX);
    json_t *copy = NULL;
    struct view text = { json_string_value(value), json_string_length(value) };
    if (secrets_hide(secrets, text, &out) == 0)
        copy = json_stringn_nocheck(buf_cstr(&out), out.len);
    buf_release(&out);
    return copy;
}

static json_t *hidden_object(const json_t *value, const struct secrets *secrets)
{
    json_t *copy = json_object();
    const char *name;
    json_t *member;
    /* jansson iterates over a non-const object; nothing is written */
    json_object_foreach((json_t *)(uintptr_t)value, name, member)
    {
        if (json_object_set_new(copy, name, hidden_copy(member, secrets)) != 0) {
            json_decref(copy);
            return NULL;
        }
    }
    return copy;
}

static json_t *hidden_array(const json_t *value, const struct secrets *secrets)
{
    json_t *copy = json_array();
    size_t i;
    json_t *member;
    json_array_foreach(value, i, member)
    {
        if (json_array_append_new(copy, hidden_copy(member, secrets)) != 0) {
            json_decref(copy);
            return NULL;
        }
    }
    return copy;
}

static json_t *hidden_copy(const json_t *value, const struct secrets *secrets)
{
    if (json_is_string(value))
        return hidden_text(value, secrets);
    if (json_is_object(value))
        return hidden_object(value, secrets);
    if (json_is_array(value))
        return hidden_array(value, secrets);
    return json_deep_copy(value);
}

void recorder_fact(struct recorder *recorder, const char *kind, const char *order,
                   const char *label, json_t *data)
{
    struct buf text = BUF_INIT(HIDDEN_MAX);
    json_t *line = NULL;

    if (data && recorder->secrets && recorder->secrets->count) {
        json_t *hidden = hidden_copy(data, recorder->secrets);
        json_decref(data);
        data = hidden;
    }
    if (data)
        line = json_pack("{s:s, s:I, s:s, s:s, s:s, s:I, s:o}", "case",
                         recorder->case_id ? recorder->case_id : "-", "seq",
                         (json_int_t)++recorder->seq, "kind", kind, "order", order ? order : "",
                         "label", label ? label : "", "at_ms", (json_int_t)clock_real_ms(), "data",
                         data);
    if (!line || json_text(line, JSON_COMPACT, &text) || buf_byte(&text, '\n') ||
        !write_all(recorder->fd, buf_view(&text)))
        recorder->broken = true;
    buf_release(&text);
    json_decref(line);
}

bool recorder_broken(const struct recorder *recorder)
{
    return recorder->broken;
}

int json_set_body(json_t *message, struct view bytes)
{
    struct view kept = bytes;
    json_t *text = NULL;
    const char *name = "body";

    if (kept.len > FACT_BODY_MAX) {
        kept.len = FACT_BODY_MAX;
        /* not in the middle of a character */
        while (kept.len > FACT_BODY_MAX - 4 && ((unsigned char)bytes.ptr[kept.len] & 0xC0) == 0x80)
            kept.len--;
    }
    if (kept.len == 0) {
        text = json_string("");
    } else if (utf8_broken_at(kept) == SIZE_MAX) {
        text = json_stringn(kept.ptr, kept.len);
    } else {
        struct buf coded = BUF_INIT(FACT_BODY_MAX * 2);
        int err = buf_reserve(&coded, (kept.len + 2) / 3 * 4 + 1);
        if (err)
            return err;
        EVP_EncodeBlock((unsigned char *)coded.ptr, (const unsigned char *)kept.ptr, (int)kept.len);
        name = "body_base64";
        text = json_string(coded.ptr);
        buf_release(&coded);
    }
    if (json_object_set_new(message, name, text) != 0)
        return ERR_NOMEM;
    if (kept.len == bytes.len)
        return 0;
    if (json_object_set_new(message, "cut", json_true()) != 0 ||
        json_object_set_new(message, "bytes", json_integer((json_int_t)bytes.len)) != 0)
        return ERR_NOMEM;
    return 0;
}
