#include "engine/partner.h"

#include "base/err.h"
#include "base/mem.h"

const struct sub_merchant *account_sub(const struct account *account, struct view mch_id)
{
    for (size_t i = 0; i < account->sub_count; i++)
        if (view_is(mch_id, account->sub[i].mch_id))
            return &account->sub[i];
    return NULL;
}

bool sub_has_appid(const struct sub_merchant *sub, struct view appid)
{
    for (size_t i = 0; i < sub->appid_count; i++)
        if (view_is(appid, sub->appid[i]))
            return true;
    return false;
}

void account_subs_clear(struct account *account)
{
    mem_free(account->sub);
    account->sub = NULL;
    account->sub_count = 0;
}

/* ---- the map --------------------------------------------------------------------------------- */

static bool made_of(struct view text, size_t min, size_t max, const char *set)
{
    if (text.len < min || text.len > max)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (!text.ptr[i] || !strchr(set, text.ptr[i]))
            return false;
    return true;
}

#define DIGITS  "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

static int read_sub(const char *number, const json_t *appids, struct sub_merchant *out)
{
    *out = (struct sub_merchant){};
    if (!made_of(view_str(number), 8, 10, DIGITS) || !json_is_array(appids) ||
        json_array_size(appids) > SUB_APPIDS_MAX ||
        view_copy(view_str(number), out->mch_id, sizeof(out->mch_id)))
        return ERR_SYNTAX;
    for (size_t i = 0; i < json_array_size(appids); i++) {
        const json_t *value = json_array_get(appids, i);
        struct view appid = { json_string_value(value), json_string_length(value) };
        if (!made_of(appid, 1, APPID_MAX, DIGITS LETTERS "_-") ||
            view_copy(appid, out->appid[out->appid_count++], sizeof(out->appid[0])))
            return ERR_SYNTAX;
    }
    return 0;
}

int account_set_subs(struct account *account, const json_t *map, const char **where)
{
    size_t count = json_object_size(map), at = 0;
    struct sub_merchant *subs = NULL;
    const char *number;
    json_t *appids;
    int err = count > SUBS_MAX ? ERR_LIMIT : 0;
    if (!err && count) {
        subs = mem_zalloc(count, sizeof(*subs));
        err = subs ? 0 : ERR_NOMEM;
    }
    json_object_foreach((json_t *)(uintptr_t)map, number, appids)
    {
        if (err || !subs)
            break;
        err = read_sub(number, appids, &subs[at++]);
        if (err && where)
            *where = number;
    }
    if (err) {
        mem_free(subs);
        return err;
    }
    account_subs_clear(account);
    account->sub = subs;
    account->sub_count = count;
    return 0;
}

static json_t *appids_json(const struct sub_merchant *sub)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < sub->appid_count; i++) {
        if (json_array_append_new(list, json_string(sub->appid[i])) == 0)
            continue;
        json_decref(list);
        list = NULL;
    }
    return list;
}

json_t *account_subs_json(const struct account *account)
{
    json_t *map = json_object();
    for (size_t i = 0; map && i < account->sub_count; i++) {
        if (json_object_set_new(map, account->sub[i].mch_id, appids_json(&account->sub[i])) == 0)
            continue;
        json_decref(map);
        map = NULL;
    }
    return map;
}
