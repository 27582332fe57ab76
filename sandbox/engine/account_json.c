#include "engine/account_json.h"

#include "base/err.h"
#include "base/mem.h"
#include "engine/json_write.h"
#include "engine/keys.h"
#include "engine/notice_rule.h"
#include "engine/partner.h"

/* The trade types in their order. */
const char *const product_names[] = { "NATIVE", "JSAPI", "APP", "MWEB", NULL };

static const char *const mode_names[] = {
    [NOTICE_MODE_SEND] = "send",
    [NOTICE_MODE_HOLD] = "hold",
    [NOTICE_MODE_SUPPRESS] = "suppress",
};

/* Give @value away to @object; one error code for the whole tree. */
static int put(json_t *object, const char *name, json_t *value)
{
    return json_object_set_new(object, name, value) == 0 ? 0 : ERR_NOMEM;
}

static json_t *write_appids(const struct account *account)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < account->appid_count; i++) {
        if (json_array_append_new(list, json_string(account->appid[i])) == 0)
            continue;
        json_decref(list);
        list = NULL;
    }
    return list;
}

static json_t *write_products(const struct account *account)
{
    json_t *list = json_array();
    for (size_t i = 0; list && product_names[i]; i++) {
        if (!(account->products & (1u << i)) ||
            json_array_append_new(list, json_string(product_names[i])) == 0)
            continue;
        json_decref(list);
        list = NULL;
    }
    return list;
}

static json_t *write_switches(const struct account *account)
{
    json_t *map = json_object();
    for (size_t id = 0; map && id < SWITCH_COUNT; id++) {
        const char *value = switch_value(&account->switches, (enum switch_id)id);
        if (account->switches.value[id] == 0 ||
            put(map, switch_rows[id].name, json_string(value)) == 0)
            continue;
        json_decref(map);
        map = NULL;
    }
    return map;
}

static json_t *write_origins(const struct account *account)
{
    json_t *map = json_object();
    for (size_t i = 0; map && i < account->origin_count; i++) {
        if (put(map, account->origin[i].announced, json_string(account->origin[i].real)) == 0)
            continue;
        json_decref(map);
        map = NULL;
    }
    return map;
}

static json_t *write_rules(const struct account *account)
{
    json_t *map = json_object();
    for (size_t i = 0; map && i < account->notice_rule_count; i++) {
        const struct notice_rule *rule = &account->notice_rule[i];
        if (put(map, rule->out_trade_no, json_string(mode_names[rule->mode])) == 0)
            continue;
        json_decref(map);
        map = NULL;
    }
    return map;
}

int account_settings_write(const struct account *account, struct buf *out)
{
    json_t *root = json_object();
    const struct vclock *clock = &account->clock;
    int err = root ? put(root, "appids", write_appids(account)) : ERR_NOMEM;
    if (!err)
        err = put(root, "products", write_products(account));
    if (!err)
        err = put(root, "switches", write_switches(account));
    if (!err)
        err = put(root, "origins", write_origins(account));
    if (!err)
        err = put(root, "clock",
                  json_pack("{s:b,s:I}", "frozen", clock->frozen, "ms",
                            (json_int_t)(clock->frozen ? clock->frozen_ms : clock->offset_ms)));
    if (!err)
        err = put(root, "notice_mode", json_string(mode_names[account->notice_mode]));
    if (!err && account->notice_rule_count)
        err = put(root, "notice_rules", write_rules(account));
    if (!err && account->sub_count)
        err = put(root, "sub_merchants", account_subs_json(account));
    if (!err && account->keys_text)
        err = put(root, "v3", json_loads(account->keys_text, 0, NULL));
    if (!err)
        err = json_write(root, out);
    json_decref(root);
    return err;
}

static struct view string_of(const json_t *value)
{
    return (struct view){ json_string_value(value), json_string_length(value) };
}

static int read_appids(struct account *account, const json_t *list)
{
    account->appid_count = 0;
    if (json_array_size(list) > APPIDS_MAX)
        return ERR_STORE;
    for (size_t i = 0; i < json_array_size(list); i++)
        if (view_copy(string_of(json_array_get(list, i)), account->appid[account->appid_count++],
                      sizeof(account->appid[0])))
            return ERR_STORE;
    return 0;
}

static void read_products(struct account *account, const json_t *list)
{
    account->products = 0;
    for (size_t i = 0; i < json_array_size(list); i++)
        for (size_t p = 0; product_names[p]; p++)
            if (view_is(string_of(json_array_get(list, i)), product_names[p]))
                account->products |= 1u << p;
}

static void read_switches(struct account *account, json_t *map)
{
    const char *name;
    json_t *value;
    account->switches = (struct switches){};
    json_object_foreach(
        map, name,
        value) if (switch_set(&account->switches, view_str(name),
                              string_of(
                                  value))) continue; /* from another version: the default stands */
}

static int read_origins(struct account *account, json_t *map)
{
    const char *name;
    json_t *value;
    account->origin_count = 0;
    if (json_object_size(map) > ORIGINS_MAX)
        return ERR_STORE;
    json_object_foreach(map, name, value)
    {
        struct origin *origin = &account->origin[account->origin_count++];
        if (view_copy(view_str(name), origin->announced, sizeof(origin->announced)) ||
            view_copy(string_of(value), origin->real, sizeof(origin->real)))
            return ERR_STORE;
    }
    return 0;
}

static enum notice_mode mode_of(const json_t *value)
{
    for (size_t i = 0; i < COUNT(mode_names); i++)
        if (view_is(string_of(value), mode_names[i]))
            return (enum notice_mode)i;
    return NOTICE_MODE_SEND;
}

static int read_rules(struct account *account, json_t *map)
{
    const char *name;
    json_t *value;
    notice_rules_clear(account);
    if (json_object_size(map) == 0)
        return 0;
    if (json_object_size(map) > NOTICE_RULES_MAX)
        return ERR_STORE;
    account->notice_rule = mem_zalloc(json_object_size(map), sizeof(struct notice_rule));
    if (!account->notice_rule)
        return ERR_NOMEM;
    json_object_foreach(map, name, value)
    {
        struct notice_rule *rule = &account->notice_rule[account->notice_rule_count++];
        rule->mode = mode_of(value);
        if (view_copy(view_str(name), rule->out_trade_no, sizeof(rule->out_trade_no)))
            return ERR_STORE;
    }
    return 0;
}

static void read_clock(struct account *account, const json_t *clock)
{
    int64_t ms = json_integer_value(json_object_get(clock, "ms"));
    if (json_is_true(json_object_get(clock, "frozen")))
        account->clock = (struct vclock){ .frozen = true, .frozen_ms = ms };
    else
        account->clock = (struct vclock){ .offset_ms = ms };
}

static int read_v3(struct account *account, const json_t *v3)
{
    struct buf text = BUF_INIT(64 * 1024);
    int err = v3 ? json_write(v3, &text) : 0;
    if (!err)
        err = account_keys_keep(account, v3 ? buf_cstr(&text) : NULL);
    if (text.ptr)
        mem_wipe(text.ptr, text.cap);
    buf_release(&text);
    return err;
}

int account_settings_read(struct account *account, struct view json)
{
    json_t *root = json_loadb(json.ptr ? json.ptr : "", json.len, JSON_REJECT_DUPLICATES, NULL);
    if (!root)
        return ERR_STORE;
    int err = read_appids(account, json_object_get(root, "appids"));
    if (!err)
        err = read_origins(account, json_object_get(root, "origins"));
    read_products(account, json_object_get(root, "products"));
    account->notice_mode = mode_of(json_object_get(root, "notice_mode"));
    if (!err)
        err = read_rules(account, json_object_get(root, "notice_rules"));
    if (!err && account_set_subs(account, json_object_get(root, "sub_merchants"), NULL))
        err = ERR_STORE;
    if (!err)
        err = read_v3(account, json_object_get(root, "v3"));
    read_switches(account, json_object_get(root, "switches"));
    read_clock(account, json_object_get(root, "clock"));
    json_decref(root);
    return err;
}
