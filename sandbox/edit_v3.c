#include "edit_v3.h"

#include "base/err.h"

static json_t *value_of(struct view text, const json_t *before)
{
    int64_t number;
    bool negative = text.len > 1 && text.ptr[0] == '-';
    struct view digits = { text.ptr + negative, text.len - negative };
    if ((json_is_integer(before)) && view_to_i64(digits, INT64_MAX, &number) == 0)
        return json_integer(negative ? -number : number);
    return json_stringn(text.ptr, text.len);
}

/* The object that holds the last segment of @path, which is left in *name. NULL: there is none. */
static json_t *parent_of(json_t *root, struct view path, char name[65], bool make)
{
    struct view rest = path;
    for (;;) {
        struct view segment = view_cut(rest, '.', &rest);
        if (view_copy(segment, name, 65))
            return NULL;
        if (!rest.len)
            return root;
        json_t *next = json_object_get(root, name);
        if (!json_is_object(next) && (!make || json_object_set_new(root, name, json_object()) != 0))
            return NULL;
        root = json_object_get(root, name);
    }
}

static int edit_one(json_t *root, const struct fault_edit *edit)
{
    char name[65];
    bool drop = !edit->value.ptr;
    json_t *parent = parent_of(root, edit->name, name, !drop);
    if (drop) {
        if (parent)
            json_object_del(parent, name);
        return 0;
    }
    if (!parent)
        return ERR_NOMEM;
    json_t *value = value_of(edit->value, json_object_get(parent, name));
    return json_object_set_new(parent, name, value) == 0 ? 0 : ERR_NOMEM;
}

int edit_v3(json_t *root, const struct fault *fault)
{
    int err = 0;
    for (size_t i = 0; !err && i < fault->edit_count; i++)
        err = edit_one(root, &fault->edit[i]);
    return err;
}
