/* How a fault is ordered: one row per kind, one per member, every value checked. */
#include "base/err.h"
#include "base/mem.h"
#include "engine/fault_list.h"
#include "engine/json_write.h"

#include <stdarg.h>
#include <stdio.h>

#define DELAY_MAX_MS 600000
#define COUNT_MAX    1000000000
#define TOTAL_MAX    1000000000000000

enum { /* members beyond the common ones, as bits */
       DELAY_MS = 1 << 0,
       STATUS = 1 << 1,
       PROCESSED = 1 << 2,
       KEEP_BYTES = 1 << 3,
       EDITS = 1 << 4, /* set, drop, sign, order, quote, spaces */
       RAW = 1 << 5,   /* content_type, body */
       TOTAL_FEN = 1 << 6,
       COPIES = 1 << 7,
       HEADER = 1 << 8,
       CODE = 1 << 9,
       COMMON = 1 << 10,
};

enum { API = 1 << FAULT_DOOR_API, NOTIFICATION = 1 << FAULT_DOOR_NOTIFICATION };

struct reading {
    struct fault *fault;
    struct fault_error *error;
    int64_t count;
};

/* Which doors know a kind, which members it may and which it must have; clause: docs/control-api.md */
static const struct kind_row {
    unsigned doors, may, must;
} kinds[] = {
    [FAULT_DELAY] = { API | NOTIFICATION, DELAY_MS, DELAY_MS },
    [FAULT_NO_ANSWER] = { API, 0, 0 },
    [FAULT_CUT_BEFORE] = { API, 0, 0 },
    [FAULT_CUT_AFTER] = { API, 0, 0 },
    [FAULT_HTTP_STATUS] = { API, STATUS, STATUS },
    [FAULT_SYSTEM_ERROR] = { API, PROCESSED, 0 },
    [FAULT_WRONG_SIGN] = { API | NOTIFICATION, 0, 0 },
    [FAULT_NO_SIGN] = { API | NOTIFICATION, 0, 0 },
    [FAULT_TRUNCATED] = { API, KEEP_BYTES, 0 },
    [FAULT_ALTER] = { API | NOTIFICATION, EDITS, 0 },
    [FAULT_RAW] = { API, STATUS | RAW, 0 },
    [FAULT_ALTERED_AMOUNT] = { NOTIFICATION, TOTAL_FEN, TOTAL_FEN },
    [FAULT_REFUSE] = { API, CODE, CODE },
    [FAULT_COPIES] = { NOTIFICATION, COPIES, COPIES },
    [FAULT_BEFORE_ANSWER] = { NOTIFICATION, 0, 0 },
    /* V3 only: a V2 call or notification that meets one goes on rightly */
    [FAULT_PROBE] = { API | NOTIFICATION, 0, 0 },
    [FAULT_STALE_STAMP] = { API | NOTIFICATION, 0, 0 },
    [FAULT_FUTURE_STAMP] = { API | NOTIFICATION, 0, 0 },
    [FAULT_UNKNOWN_SERIAL] = { API | NOTIFICATION, 0, 0 },
    [FAULT_ROGUE_KEY] = { API | NOTIFICATION, 0, 0 },
    [FAULT_MISSING_HEADER] = { API | NOTIFICATION, HEADER, HEADER },
    [FAULT_TAMPERED_CIPHERTEXT] = { NOTIFICATION, 0, 0 },
    [FAULT_TAMPERED_DATA] = { NOTIFICATION, 0, 0 },
};

static int wrong(struct reading *reading, const char *where, const char *message, ...)
    __attribute__((format(printf, 3, 4)));

static int wrong(struct reading *reading, const char *where, const char *message, ...)
{
    va_list args;
    va_start(args, message);
    vsnprintf(reading->error->message, sizeof(reading->error->message), message, args);
    va_end(args);
    snprintf(reading->error->where, sizeof(reading->error->where), "%s", where);
    return ERR_SYNTAX;
}

/* ---- values ---------------------------------------------------------------------------------- */

struct member {
    const char *where; /* JSON pointer */
    unsigned bit;
    int (*read)(struct reading *reading, const struct member *member, json_t *value);
    size_t offset; /* of the int64_t or char array in struct fault, where read needs one */
    int64_t min, max;
};

static int integer(struct reading *reading, const struct member *member, const json_t *value,
                   int64_t *out)
{
    int64_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < member->min || number > member->max)
        return wrong(reading, member->where, "must be an integer from %lld to %lld",
                     (long long)member->min, (long long)member->max);
    *out = number;
    return 0;
}

static int read_i64(struct reading *reading, const struct member *member, json_t *value)
{
    return integer(reading, member, value, (int64_t *)((char *)reading->fault + member->offset));
}

static int read_count(struct reading *reading, const struct member *member, json_t *value)
{
    return integer(reading, member, value, &reading->count);
}

static int read_int(struct reading *reading, const struct member *member, json_t *value)
{
    int64_t number = 0;
    int err = integer(reading, member, value, &number);
    *(int *)((char *)reading->fault + member->offset) = (int)number;
    return err;
}

static int read_keep_bytes(struct reading *reading, const struct member *member, json_t *value)
{
    int64_t number = 0;
    int err = integer(reading, member, value, &number);
    reading->fault->keep_bytes = (size_t)number;
    return err;
}

static int read_bool(struct reading *reading, const struct member *member, json_t *value)
{
    if (!json_is_boolean(value))
        return wrong(reading, member->where, "must be true or false");
    *(bool *)((char *)reading->fault + member->offset) = json_is_true(value);
    return 0;
}

static struct view text_of(const json_t *value)
{
    return (struct view){ json_string_value(value), json_string_length(value) };
}

/* @words ends with NULL. */
static int word(struct reading *reading, const struct member *member, const json_t *value,
                const char *const *words)
{
    struct view text = text_of(value);
    char all[192] = "";
    size_t used = 0;
    for (int i = 0; words[i]; i++) {
        if (json_is_string(value) && view_is(text, words[i]))
            return i;
        int len = snprintf(all + used, sizeof(all) - used, "%s%s", i ? ", " : "", words[i]);
        used += (size_t)len < sizeof(all) - used ? (size_t)len : 0;
    }
    return wrong(reading, member->where, "must be one of: %s", all);
}

static int read_door(struct reading *reading, const struct member *member, json_t *value)
{
    static const char *const words[] = { "api", "notification", NULL };
    int index = word(reading, member, value, words);
    reading->fault->door = index == 1 ? FAULT_DOOR_NOTIFICATION : FAULT_DOOR_API;
    return index < 0 ? index : 0;
}

static int read_api(struct reading *reading, const struct member *member, json_t *value)
{
    static const char *const words[] = {
        "*",
        "unifiedorder",
        "orderquery",
        "closeorder",
        "refund",
        "refundquery",
        "downloadbill",
        "downloadfundflow",
        "v3/native",
        "v3/jsapi",
        "v3/app",
        "v3/h5",
        "v3/partner_native",
        "v3/partner_jsapi",
        "v3/partner_app",
        "v3/partner_h5",
        "v3/partner_query",
        "v3/partner_query_id",
        "v3/partner_close",
        "v3/query",
        "v3/query_id",
        "v3/close",
        "v3/refund",
        "v3/refundquery",
        "v3/abnormalrefund",
        "v3/echo",
        "v3/tradebill",
        "v3/fundflowbill",
        "v3/billdownload",
        "v3/certificates",
        "v3/combine_native",
        "v3/combine_jsapi",
        "v3/combine_app",
        "v3/combine_h5",
        "v3/combine_query",
        "v3/combine_close",
        NULL,
    };
    int index = word(reading, member, value, words);
    if (index < 0)
        return index;
    return view_copy(view_str(words[index]), reading->fault->api, sizeof(reading->fault->api));
}

static int read_of(struct reading *reading, const struct member *member, json_t *value)
{
    static const char *const words[] = { "payment", "refund", "combine", "echo", NULL };
    int index = word(reading, member, value, words);
    if (index < 0)
        return index;
    return view_copy(view_str(words[index]), reading->fault->of, sizeof(reading->fault->of));
}

static int read_kind(struct reading *reading, const struct member *member, json_t *value)
{
    for (size_t kind = 1; kind < COUNT(kinds); kind++) {
        if (!json_is_string(value) ||
            !view_is(text_of(value), fault_kind_name((enum fault_kind)kind)))
            continue;
        reading->fault->kind = (enum fault_kind)kind;
        return 0;
    }
    return wrong(reading, member->where, "is not a kind of fault");
}

static int read_sign(struct reading *reading, const struct member *member, json_t *value)
{
    static const char *const words[] = { "valid", "stale", "wrong", "none", NULL };
    int index = word(reading, member, value, words);
    reading->fault->sign = (enum fault_sign)(index < 0 ? 0 : index);
    return index < 0 ? index : 0;
}

static int read_order(struct reading *reading, const struct member *member, json_t *value)
{
    static const char *const words[] = { "same", "sorted", "reversed", NULL };
    int index = word(reading, member, value, words);
    reading->fault->order = (enum fault_order)(index < 0 ? 0 : index);
    return index < 0 ? index : 0;
}

static int read_header(struct reading *reading, const struct member *member, json_t *value)
{
    int index = word(reading, member, value, fault_header_names);
    reading->fault->header = index;
    return index < 0 ? index : 0;
}

/* Refusals that no state of an order leads to, by the code that V2 has for them. */
static int read_code(struct reading *reading, const struct member *member, json_t *value)
{
    static const char *const words[] = { "NOTENOUGH",
                                         "USER_ACCOUNT_ABNORMAL",
                                         "BIZERR_NEED_RETRY",
                                         "TRADE_OVERDUE",
                                         "FREQUENCY_LIMITED",
                                         "INVALID_REQ_TOO_MUCH",
                                         "ERROR",
                                         NULL };
    static const enum refusal_id ids[] = {
        REFUSE_REFUND_NOT_ENOUGH, REFUSE_REFUND_USER_GONE, REFUSE_REFUND_NEED_RETRY,
        REFUSE_REFUND_TOO_OLD,    REFUSE_REFUND_TOO_FAST,  REFUSE_REFUND_BAD_CALLS,
        REFUSE_REFUND_ERROR,
    };
    int index = word(reading, member, value, words);
    reading->fault->refusal = ids[index < 0 ? 0 : index];
    return index < 0 ? index : 0;
}

static int read_quote(struct reading *reading, const struct member *member, json_t *value)
{
    static const char *const words[] = { "cdata", "bare", NULL };
    int index = word(reading, member, value, words);
    reading->fault->bare = index == 1;
    return index < 0 ? index : 0;
}

static int read_number(struct reading *reading, const struct member *member, json_t *value)
{
    struct fault *fault = reading->fault;
    struct view text = text_of(value);
    if (!json_is_string(value) || !text.len ||
        view_copy(text, fault->out_trade_no, sizeof(fault->out_trade_no)))
        return wrong(reading, member->where, "must be a text of 1 to %d bytes", OUT_TRADE_NO_MAX);
    return 0;
}

/* ---- texts: kept in fault->text, which has room for all of the JSON and so never moves ------- */

static int keep(struct reading *reading, const char *where, struct view text, struct view *out)
{
    struct buf *kept = &reading->fault->text;
    if (text.len > FAULT_BODY_MAX)
        return wrong(reading, where, "must not be longer than %d bytes", FAULT_BODY_MAX);
    const char *at = kept->ptr + kept->len;
    int err = buf_view_add(kept, text);
    *out = (struct view){ at, text.len };
    return err;
}

static int read_body(struct reading *reading, const struct member *member, json_t *value)
{
    if (!json_is_string(value))
        return wrong(reading, member->where, "must be a text");
    return keep(reading, member->where, text_of(value), &reading->fault->body);
}

static int read_content_type(struct reading *reading, const struct member *member, json_t *value)
{
    struct view text = text_of(value);
    bool clean = json_is_string(value) && text.len && text.len <= 128;
    for (size_t i = 0; clean && i < text.len; i++)
        clean = text.ptr[i] >= ' ' && text.ptr[i] <= '~'; /* it becomes a header */
    if (!clean)
        return wrong(reading, member->where, "must be 1 to 128 visible ASCII characters");
    return keep(reading, member->where, text, &reading->fault->content_type);
}

static bool name_is_legal(struct view name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        bool inside = i > 0 && ((c >= '0' && c <= '9') || c == '.'); /* V3: amount.total */
        if (!letter && !inside)
            return false;
    }
    return name.len > 0 && name.len <= V2_NAME_MAX;
}

static int add_edit(struct reading *reading, const char *where, struct view name,
                    const struct view *value)
{
    struct fault *fault = reading->fault;
    struct fault_edit edit = {};
    if (fault->edit_count == FAULT_EDITS_MAX)
        return wrong(reading, where, "more than %d fields to change", FAULT_EDITS_MAX);
    if (!name_is_legal(name))
        return wrong(reading, where, "is not the name of a field");
    int err = keep(reading, where, name, &edit.name);
    if (!err && value)
        err = keep(reading, where, *value, &edit.value);
    if (!err)
        fault->edit[fault->edit_count++] = edit;
    return err;
}

static int read_set(struct reading *reading, const struct member *member, json_t *value)
{
    const char *name;
    json_t *to;
    if (!json_is_object(value))
        return wrong(reading, member->where, "must be an object of field names and texts");
    json_object_foreach(value, name, to)
    {
        char where[96];
        snprintf(where, sizeof(where), "%s/%s", member->where, name);
        if (!json_is_string(to))
            return wrong(reading, where, "must be a text");
        struct view text = text_of(to);
        int err = add_edit(reading, where, view_str(name), &text);
        if (err)
            return err;
    }
    return 0;
}

static int read_drop(struct reading *reading, const struct member *member, json_t *value)
{
    if (!json_is_array(value))
        return wrong(reading, member->where, "must be an array of field names");
    for (size_t i = 0; i < json_array_size(value); i++) {
        char where[96];
        const json_t *name = json_array_get(value, i);
        snprintf(where, sizeof(where), "%s/%zu", member->where, i);
        if (!json_is_string(name))
            return wrong(reading, where, "must be a text");
        int err = add_edit(reading, where, text_of(name), NULL);
        if (err)
            return err;
    }
    return 0;
}

/* ---- the whole ------------------------------------------------------------------------------- */

#define AT(member) offsetof(struct fault, member)

static const struct member members[] = {
    { "/kind", COMMON, read_kind, 0, 0, 0 },
    { "/door", COMMON, read_door, 0, 0, 0 },
    { "/api", COMMON, read_api, 0, 0, 0 },
    { "/of", COMMON, read_of, 0, 0, 0 },
    { "/out_trade_no", COMMON, read_number, 0, 0, 0 },
    { "/count", COMMON, read_count, 0, 0, COUNT_MAX },
    { "/skip", COMMON, read_i64, AT(skip), 0, COUNT_MAX },
    { "/delay_ms", DELAY_MS, read_i64, AT(delay_ms), 1, DELAY_MAX_MS },
    { "/status", STATUS, read_int, AT(status), 200, 599 },
    { "/processed", PROCESSED, read_bool, AT(processed), 0, 0 },
    { "/keep_bytes", KEEP_BYTES, read_keep_bytes, 0, 1, FAULT_BODY_MAX },
    { "/set", EDITS, read_set, 0, 0, 0 },
    { "/drop", EDITS, read_drop, 0, 0, 0 },
    { "/sign", EDITS, read_sign, 0, 0, 0 },
    { "/order", EDITS, read_order, 0, 0, 0 },
    { "/quote", EDITS, read_quote, 0, 0, 0 },
    { "/spaces", EDITS, read_bool, AT(spaces), 0, 0 },
    { "/content_type", RAW, read_content_type, 0, 0, 0 },
    { "/body", RAW, read_body, 0, 0, 0 },
    { "/total_fen", TOTAL_FEN, read_i64, AT(total_fen), 0, TOTAL_MAX },
    { "/header", HEADER, read_header, 0, 0, 0 },
    { "/code", CODE, read_code, 0, 0, 0 },
    { "/copies", COPIES, read_int, AT(copies), 2, 50 },
};

static int check_names(struct reading *reading, json_t *root)
{
    const char *name;
    json_t *value;
    json_object_foreach(root, name, value)
    {
        size_t i = 0;
        while (i < COUNT(members) && strcmp(members[i].where + 1, name) != 0)
            i++;
        if (i < COUNT(members))
            continue;
        char where[96];
        snprintf(where, sizeof(where), "/%s", name);
        return wrong(reading, where, "is not a member of a fault");
    }
    return 0;
}

static int read_members(struct reading *reading, json_t *root)
{
    for (size_t i = 0; i < COUNT(members); i++) {
        const struct member *member = &members[i];
        json_t *value = json_object_get(root, member->where + 1);
        const struct kind_row *kind = &kinds[reading->fault->kind];
        const char *name = fault_kind_name(reading->fault->kind);
        if (!value && (kind->must & member->bit))
            return wrong(reading, member->where, "is needed by the kind %s", name);
        if (!value)
            continue;
        if (member->bit != COMMON && !(kind->may & member->bit))
            return wrong(reading, member->where, "does not belong to the kind %s", name);
        int err = member->read(reading, member, value);
        if (err)
            return err;
    }
    return 0;
}

/* What concerns more than one member. */
static int check_together(struct reading *reading, json_t *root)
{
    struct fault *fault = reading->fault;
    const char *name = fault_kind_name(fault->kind);
    if (!(kinds[fault->kind].doors & (1U << fault->door)))
        return wrong(reading, "/kind", "%s does not happen at this door", name);
    if (fault->door == FAULT_DOOR_NOTIFICATION && json_object_get(root, "api"))
        return wrong(reading, "/api", "belongs to the door api");
    if (fault->kind == FAULT_REFUSE && strcmp(fault->api, "refund") != 0 &&
        strcmp(fault->api, "v3/refund") != 0)
        return wrong(reading, "/api", "must be refund or v3/refund for the kind refuse");
    if (fault->of[0] && (fault->door == FAULT_DOOR_API || fault->kind == FAULT_BEFORE_ANSWER))
        return wrong(reading, "/of", "is about deliveries of the door notification");
    if (fault->kind == FAULT_HTTP_STATUS && fault->status < 400)
        return wrong(reading, "/status", "must be an error, from 400 to 599");
    if (fault->kind == FAULT_RAW && !fault->status)
        fault->status = 200;
    if (!fault->api[0])
        memcpy(fault->api, "*", 2);
    fault->left = reading->count ? reading->count : INT64_MAX;
    return 0;
}

/* Whoever lists the faults sees where they happen, also when that was left open. */
static int name_the_place(struct reading *reading, json_t *root)
{
    int failed = 0;
    if (reading->fault->door == FAULT_DOOR_NOTIFICATION)
        return 0; /* was named, and has no api */
    if (!json_object_get(root, "door"))
        failed = json_object_set_new(root, "door", json_string("api"));
    if (!failed && !json_object_get(root, "api"))
        failed = json_object_set_new(root, "api", json_string(reading->fault->api));
    return failed ? ERR_NOMEM : 0;
}

static int read_root(struct reading *reading, json_t *root)
{
    if (!json_is_object(root))
        return wrong(reading, "", "must be an object");
    if (!json_object_get(root, "kind"))
        return wrong(reading, "/kind", "is needed");
    int err = check_names(reading, root);
    if (!err)
        err = read_members(reading, root);
    if (!err)
        err = check_together(reading, root);
    return err ? err : name_the_place(reading, root);
}

int fault_parse(struct view json, struct fault *out, struct buf *spec, struct fault_error *error)
{
    struct reading reading = { .fault = out, .error = error, .count = 1 };
    json_error_t bad;
    json_t *root = json_loadb(json.ptr ? json.ptr : "", json.len, JSON_REJECT_DUPLICATES, &bad);
    if (!root)
        return wrong(&reading, "", "line %d, column %d: %s", bad.line, bad.column, bad.text);
    out->text = BUF_INIT(json.len);
    int err = buf_reserve(&out->text, json.len);
    if (!err)
        err = read_root(&reading, root);
    if (!err)
        err = json_write(root, spec);
    json_decref(root);
    return err;
}
