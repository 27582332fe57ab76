#include "dress_v2.h"

#include "base/err.h"

/* One hex digit becomes another one, the last: still looks like a signature. */
static int spoil_sign(struct v2_msg *msg)
{
    char sign[V2_SIGN_MAX + 1];
    struct view value = v2_msg_get(msg, "sign");
    if (!value.len || view_copy(value, sign, sizeof(sign)))
        return 0;
    char *last = &sign[value.len - 1];
    *last = *last == '0' ? '1' : '0';
    return v2_msg_set(msg, "sign", view_str(sign));
}

/* The ordered edits: changed and dropped in place, new ones at the end. */
static int edit(struct v2_msg *msg, const struct fault *fault)
{
    int err = 0;
    for (size_t i = 0; !err && i < fault->edit_count; i++) {
        char name[V2_NAME_MAX + 1];
        err = view_copy(fault->edit[i].name, name, sizeof(name));
        if (!err && fault->edit[i].value.ptr)
            err = v2_msg_set(msg, name, fault->edit[i].value);
        else if (!err)
            v2_msg_remove(msg, name);
    }
    return err;
}

static void reverse(struct v2_msg *msg)
{
    for (size_t i = 0, j = msg->count; i + 1 < j; i++) {
        struct v2_field field = msg->field[i];
        msg->field[i] = msg->field[--j];
        msg->field[j] = field;
    }
}

static int sign_as_ordered(struct v2_msg *msg, const struct dress_v2 *how)
{
    enum fault_sign sign = how->fault->sign;
    if (sign == FAULT_SIGN_NONE)
        v2_msg_remove(msg, "sign");
    if (!how->key || !v2_msg_has(msg, "sign") || sign == FAULT_SIGN_STALE)
        return 0;
    /* an edit may have set "sign" itself: then it stays as ordered */
    for (size_t i = 0; i < how->fault->edit_count; i++)
        if (view_is(how->fault->edit[i].name, "sign"))
            return 0;
    int err = v2_msg_sign(msg, how->sign_type, how->key);
    return err || sign == FAULT_SIGN_VALID ? err : spoil_sign(msg);
}

/* White space between elements, as a pretty printer would put it (interop: breaks some clients). */
static int write_spaced(const struct buf *tight, struct buf *out)
{
    struct view rest = buf_view(tight);
    int err = 0;
    while (!err && rest.len) {
        size_t at = view_find(rest, VIEW(">\n<"));
        size_t len = at == SIZE_MAX ? rest.len : at + 2;
        err = buf_add(out, rest.ptr, len);
        rest = (struct view){ rest.ptr + len, rest.len - len };
        if (!err && rest.len && !view_starts(rest, VIEW("</xml>")))
            err = buf_str(out, "  ");
    }
    return err;
}

static int write_as_ordered(struct v2_msg *msg, const struct dress_v2 *how, struct buf *out)
{
    const struct fault *fault = how->fault;
    struct v2_layout layout = how->layout;
    if (fault->bare)
        layout.quote = V2_QUOTE_BARE;
    if (fault->spaces)
        layout.joined = false; /* there is room for them at the line feeds only */
    if (fault->order == FAULT_ORDER_SORTED)
        v2_msg_sort(msg);
    else if (fault->order == FAULT_ORDER_REVERSED)
        reverse(msg);
    if (!fault->spaces)
        return v2_msg_write_as(msg, &layout, out);
    struct buf tight = BUF_INIT(out->max);
    int err = v2_msg_write_as(msg, &layout, &tight);
    if (!err)
        err = write_spaced(&tight, out);
    buf_release(&tight);
    return err;
}

static int alter(struct v2_msg *msg, const struct dress_v2 *how, struct buf *out)
{
    int err = 0;
    if (how->key && how->fault->sign == FAULT_SIGN_STALE)
        err = v2_msg_sign(msg, how->sign_type, how->key);
    if (!err)
        err = edit(msg, how->fault);
    if (!err)
        err = sign_as_ordered(msg, how);
    return err ? err : write_as_ordered(msg, how, out);
}

void dress_v2_cut(const struct fault *fault, size_t from, struct buf *out)
{
    size_t len = out->len - from;
    size_t keep = fault->keep_bytes ? fault->keep_bytes : len / 2;
    if (keep < len) {
        out->len = from + keep;
        out->ptr[out->len] = '\0';
    }
}

int dress_v2(struct v2_msg *msg, const struct dress_v2 *how, struct buf *out)
{
    enum fault_kind kind = how->fault ? how->fault->kind : FAULT_NONE;
    if (kind == FAULT_ALTER)
        return alter(msg, how, out);
    int err = how->key ? v2_msg_sign(msg, how->sign_type, how->key) : 0;
    if (!err && kind == FAULT_WRONG_SIGN)
        err = spoil_sign(msg);
    if (!err && kind == FAULT_NO_SIGN)
        v2_msg_remove(msg, "sign");
    size_t from = out->len;
    if (!err)
        err = v2_msg_write_as(msg, &how->layout, out);
    if (!err && kind == FAULT_TRUNCATED)
        dress_v2_cut(how->fault, from, out);
    return err;
}
