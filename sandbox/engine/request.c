#include "engine/request.h"

#include "base/err.h"
#include "base/mem.h"

#include <assert.h>

enum compared { NEVER, ALL, CORE }; /* under which value of reentry_compare a change matters */
enum kept { PACKED, COLUMN, DROPPED };

struct known_field {
    struct view name;
    enum compared compared;
    enum kept kept;
};

/* The index is what lies in databases: append only. */
static const struct known_field known_fields[] = {
    { VIEW("appid"), ALL, PACKED },
    { VIEW("mch_id"), NEVER, COLUMN },
    { VIEW("nonce_str"), NEVER, PACKED }, /* the switch notify_nonce wants it back */
    { VIEW("sign"), NEVER, DROPPED },
    { VIEW("sign_type"), NEVER, COLUMN },
    { VIEW("sub_appid"), ALL, PACKED },
    { VIEW("sub_mch_id"), ALL, PACKED },
    { VIEW("body"), CORE, PACKED },
    { VIEW("detail"), ALL, PACKED },
    { VIEW("attach"), ALL, PACKED },
    { VIEW("out_trade_no"), NEVER, COLUMN }, /* equal, or it were another order */
    { VIEW("fee_type"), ALL, PACKED },
    { VIEW("total_fee"), CORE, COLUMN },
    { VIEW("spbill_create_ip"), NEVER, PACKED },
    { VIEW("time_start"), NEVER, PACKED },
    { VIEW("time_expire"), CORE, PACKED },
    { VIEW("goods_tag"), ALL, PACKED },
    { VIEW("notify_url"), ALL, PACKED },
    { VIEW("trade_type"), CORE, COLUMN },
    { VIEW("product_id"), ALL, PACKED },
    { VIEW("openid"), ALL, PACKED },
    { VIEW("sub_openid"), ALL, PACKED },
    { VIEW("device_info"), ALL, PACKED },
    { VIEW("limit_pay"), ALL, PACKED },
    { VIEW("receipt"), ALL, PACKED },
    { VIEW("scene_info"), ALL, PACKED },
    { VIEW("profit_sharing"), ALL, PACKED },
    { VIEW("version"), ALL, PACKED },
    { VIEW("user_type"), ALL, PACKED },
    { VIEW("user_creid"), ALL, PACKED },
    { VIEW("user_truename"), ALL, PACKED },
    { VIEW("fingerprint"), ALL, PACKED },
    { VIEW("v3_body"), CORE, PACKED }, /* of a V3 order: all of it, keys sorted */
};

/* Index, or COUNT(known_fields). The first letter tells most names apart without a call. */
static size_t field_index(struct view name)
{
    size_t i = 0;
    while (i < COUNT(known_fields) &&
           (known_fields[i].name.len != name.len || known_fields[i].name.ptr[0] != name.ptr[0] ||
            !view_eq(known_fields[i].name, name)))
        i++;
    return i;
}

/* Length in base 128, low part first. */
static int add_packed(struct buf *out, size_t index, struct view value)
{
    unsigned char head[4] = { (unsigned char)index };
    size_t used = 1;
    for (size_t len = value.len; used == 1 || len; len >>= 7) {
        if (used == sizeof(head))
            return ERR_TOO_LONG;
        head[used++] = (unsigned char)((len & 127) | (len > 127 ? 128 : 0));
    }
    int err = buf_reserve(out, used + value.len);
    if (!err)
        err = buf_add(out, head, used);
    return err ? err : buf_view_add(out, value);
}

int request_pack(const struct v2_msg *msg, struct buf *out, struct view *field)
{
    for (size_t i = 0; i < msg->count; i++) {
        const struct v2_field *sent = &msg->field[i];
        size_t index = field_index(sent->name);
        if (!sent->value.len || index == COUNT(known_fields) || known_fields[index].kept != PACKED)
            continue;
        int err = add_packed(out, index, sent->value);
        if (err && field)
            *field = known_fields[index].name;
        if (err)
            return err;
    }
    return 0;
}

/* Take the next field off @blob; false at its end (or where it makes no sense any more). */
static bool take_packed(struct view *blob, size_t *index, struct view *value)
{
    size_t len = 0, used = 1;
    unsigned char byte = 128;
    while (byte & 128) {
        if (used >= blob->len || used == 4)
            return false;
        byte = (unsigned char)blob->ptr[used];
        len |= (size_t)(byte & 127) << (7 * (used - 1));
        used++;
    }
    if (len > blob->len - used)
        return false;
    *index = (unsigned char)blob->ptr[0];
    *value = (struct view){ blob->ptr + used, len };
    *blob = (struct view){ blob->ptr + used + len, blob->len - used - len };
    return true;
}

struct view request_field(struct view blob, const char *name)
{
    size_t wanted = field_index(view_str(name)), index;
    struct view value;
    while (take_packed(&blob, &index, &value))
        if (index == wanted)
            return value;
    return (struct view){};
}

static bool matters(size_t index, bool core_only)
{
    return index < COUNT(known_fields) && (core_only ? known_fields[index].compared == CORE
                                                     : known_fields[index].compared != NEVER);
}

static bool is_same(const struct order_row *known, const struct order_spec *spec,
                    const struct v2_field *sent)
{
    if (view_eq(sent->name, VIEW("total_fee")))
        return known->total_fen == spec->total_fen;
    if (view_eq(sent->name, VIEW("trade_type")))
        return known->trade_type == spec->trade_type;
    size_t wanted = field_index(sent->name), index;
    struct view blob = buf_view(&known->request), value;
    while (take_packed(&blob, &index, &value))
        if (index == wanted)
            return view_eq(value, sent->value);
    return !sent->value.len;
}

struct view request_difference(const struct order_row *known, const struct order_spec *spec,
                               const struct switches *switches)
{
    bool core_only = switch_is(switches, SWITCH_reentry_compare, "core");
    for (size_t i = 0; i < spec->request->count; i++) {
        const struct v2_field *sent = &spec->request->field[i];
        size_t index = field_index(sent->name);
        if (matters(index, core_only) && !is_same(known, spec, sent))
            return known_fields[index].name;
    }
    /* what the known order had and the repeated one has not */
    struct view blob = buf_view(&known->request), value;
    size_t index;
    while (take_packed(&blob, &index, &value))
        if (matters(index, core_only) &&
            !v2_msg_filled(spec->request, known_fields[index].name.ptr))
            return known_fields[index].name;
    return (struct view){};
}
