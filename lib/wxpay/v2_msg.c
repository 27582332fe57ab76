#include "wxpay/v2_msg.h"

#include "base/err.h"
#include "base/mem.h"
#include "wxpay/v2_msg_priv.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define FIELDS_START 32
#define TEXT_START   1024
#define FEW          64 /* up to here insertion sorts fastest */

/*
 * A block of names and values. Blocks never move or grow: when one is full, a larger one is put in
 * front of it, so that a view taken earlier stays true while fields are added.
 */
struct v2_text {
    struct v2_text *older; /* owned */
    size_t len, cap;
    char bytes[];
};

static void text_free(struct v2_text *text)
{
    while (text) {
        struct v2_text *older = text->older;
        mem_free(text);
        text = older;
    }
}

char *v2_text_room(struct v2_msg *msg, size_t len)
{
    struct v2_text *now = msg->text;
    if (now && now->cap - now->len >= len)
        return now->bytes + now->len;
    size_t cap = now ? now->cap * 2 : TEXT_START;
    if (cap < len)
        cap = len;
    struct v2_text *fresh = mem_alloc(sizeof(*fresh) + cap);
    if (!fresh)
        return NULL;
    *fresh = (struct v2_text){ .older = now, .cap = cap };
    msg->text = fresh;
    return fresh->bytes;
}

void v2_text_keep(struct v2_msg *msg, size_t len)
{
    assert(msg->text && msg->text->cap - msg->text->len >= len);
    msg->text->len += len;
}

void v2_msg_release(struct v2_msg *msg)
{
    if (!msg)
        return;
    text_free(msg->text);
    mem_free(msg->field);
    *msg = (struct v2_msg){};
}

void v2_msg_clear(struct v2_msg *msg)
{
    msg->count = 0;
    msg->names = 0;
    if (!msg->text)
        return;
    text_free(msg->text->older); /* the newest block is the largest */
    msg->text->older = NULL;
    msg->text->len = 0;
}

int v2_msg_grow(struct v2_msg *msg)
{
    if (msg->count >= V2_FIELDS_MAX)
        return ERR_LIMIT;
    if (msg->count < msg->cap)
        return 0;
    size_t cap = msg->cap ? msg->cap * 2 : FIELDS_START;
    struct v2_field *grown = mem_realloc(msg->field, cap * sizeof(*grown));
    if (!grown)
        return ERR_NOMEM;
    msg->field = grown;
    msg->cap = cap;
    return 0;
}

/* Equal names have equal bits; most of the others differ, which spares the search. */
static uint64_t name_bit(struct view name)
{
    const unsigned char *s = (const unsigned char *)name.ptr;
    size_t hash = s[0] * 5u + s[name.len / 2] * 3u + s[name.len - 1] * 11u + name.len * 7u;
    return UINT64_C(1) << (hash & 63);
}

struct v2_field *v2_msg_find(const struct v2_msg *msg, struct view name)
{
    if (!name.len || !(msg->names & name_bit(name)))
        return NULL;
    for (size_t i = 0; i < msg->count; i++)
        if (view_eq(msg->field[i].name, name))
            return &msg->field[i];
    return NULL;
}

void v2_msg_push(struct v2_msg *msg, struct v2_field field)
{
    assert(msg->count < msg->cap);
    msg->field[msg->count++] = field;
    msg->names |= name_bit(field.name);
}

/* Copies @text behind the other bytes, a NUL after it. The room was asked for by the caller. */
static struct view keep_copy(struct v2_msg *msg, struct view text)
{
    char *at = msg->text->bytes + msg->text->len;
    if (text.len)
        memcpy(at, text.ptr, text.len);
    at[text.len] = '\0';
    v2_text_keep(msg, text.len + 1);
    return (struct view){ at, text.len };
}

int v2_msg_add(struct v2_msg *msg, struct view name, struct view value)
{
    if (!name.len)
        return ERR_SYNTAX;
    if (name.len > V2_NAME_MAX || value.len > V2_XML_MAX)
        return ERR_TOO_LONG;
    if (v2_msg_find(msg, name))
        return ERR_EXISTS;
    int err = v2_msg_grow(msg);
    if (err)
        return err;
    if (!v2_text_room(msg, name.len + value.len + 2))
        return ERR_NOMEM;
    struct v2_field field = { .name = keep_copy(msg, name), .value = keep_copy(msg, value) };
    v2_msg_push(msg, field);
    return 0;
}

int v2_msg_add_str(struct v2_msg *msg, const char *name, const char *value)
{
    return v2_msg_add(msg, view_str(name), view_str(value));
}

int v2_msg_add_int(struct v2_msg *msg, const char *name, int64_t value)
{
    char digits[24];
    int len = snprintf(digits, sizeof(digits), "%" PRId64, value);
    int err = v2_msg_add(msg, view_str(name), (struct view){ digits, (size_t)len });
    if (!err)
        msg->field[msg->count - 1].bare = true;
    return err;
}

int v2_msg_set(struct v2_msg *msg, const char *name, struct view value)
{
    struct v2_field *field = v2_msg_find(msg, view_str(name));
    if (!field)
        return v2_msg_add(msg, view_str(name), value);
    if (value.len > V2_XML_MAX)
        return ERR_TOO_LONG;
    if (!v2_text_room(msg, value.len + 1))
        return ERR_NOMEM;
    field->value = keep_copy(msg, value); /* the old bytes stay until clear: views hold */
    field->bare = false;
    return 0;
}

bool v2_msg_remove(struct v2_msg *msg, const char *name)
{
    struct v2_field *field = v2_msg_find(msg, view_str(name));
    if (!field)
        return false;
    size_t behind = msg->count - 1 - (size_t)(field - msg->field);
    memmove(field, field + 1, behind * sizeof(*field));
    msg->count--;
    return true;
}

struct view v2_msg_get(const struct v2_msg *msg, const char *name)
{
    const struct v2_field *field = v2_msg_find(msg, view_str(name));
    return field ? field->value : (struct view){};
}

bool v2_msg_has(const struct v2_msg *msg, const char *name)
{
    return v2_msg_find(msg, view_str(name)) != NULL;
}

bool v2_msg_filled(const struct v2_msg *msg, const char *name)
{
    return v2_msg_get(msg, name).len > 0;
}

static int by_name(const void *a, const void *b)
{
    const struct v2_field *left = a, *right = b;
    return view_cmp(left->name, right->name);
}

/* Messages are short and mostly made in order; qsort() takes memory and a call per comparison. */
void v2_msg_sort(struct v2_msg *msg)
{
    if (msg->count > FEW) {
        qsort(msg->field, msg->count, sizeof(*msg->field), by_name);
        return;
    }
    for (size_t i = 1; i < msg->count; i++) {
        struct v2_field moving = msg->field[i];
        size_t at = i;
        for (; at > 0 && by_name(&moving, &msg->field[at - 1]) < 0; at--)
            msg->field[at] = msg->field[at - 1];
        msg->field[at] = moving;
    }
}
