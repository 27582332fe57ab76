#include "base/err.h"
#include "control/handlers.h"
#include "control/show.h"
#include "engine/partner.h"

#include <stdio.h>

/* What a body may say about an account. */
struct account_in {
    struct view mch_id, api_key, name;
    json_t *appids, *products, *switches, *origins, *sub_merchants;
};

/* What comes of it, checked; nothing is written before all of it is. */
struct plan {
    struct account_in in;
    size_t appid_count, origin_count;
    struct view appid[APPIDS_MAX];
    unsigned products;
    struct switches switches;
    struct origin origin[ORIGINS_MAX];
};

#define CHANGEABLE                                                                                 \
    MEMBER(TEXT, struct account_in, api_key, .min = V2_KEY_LEN, .max = V2_KEY_LEN),                \
        MEMBER(TEXT, struct account_in, name, .max = 64),                                          \
        MEMBER(LIST, struct account_in, appids, .min = 1, .max = APPIDS_MAX),                      \
        MEMBER(LIST, struct account_in, products, .max = 16),                                      \
        MEMBER(MAP, struct account_in, switches, .max = SWITCH_COUNT),                             \
        MEMBER(MAP, struct account_in, origins, .max = ORIGINS_MAX),                               \
        MEMBER(MAP, struct account_in, sub_merchants, .max = SUBS_MAX)

static const struct member new_members[] = {
    MEMBER(TEXT, struct account_in, mch_id, .min = 8, .max = 10),
    CHANGEABLE,
};
static const struct member change_members[] = { CHANGEABLE };

static struct view text_of(const json_t *value)
{
    return (struct view){ json_string_value(value), json_string_length(value) };
}

static bool made_of(struct view text, const char *set)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!text.ptr[i] || !strchr(set, text.ptr[i]))
            return false;
    }
    return true;
}

#define DIGITS  "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static int plan_appids(struct plan *plan, struct json_trouble *trouble)
{
    char at[24];

    plan->appid_count = json_array_size(plan->in.appids);
    for (size_t i = 0; i < plan->appid_count; i++) {
        struct view appid = text_of(json_array_get(plan->in.appids, i));
        if (appid.len < 1 || appid.len > APPID_MAX || !made_of(appid, DIGITS LETTERS "_-")) {
            snprintf(trouble->base, sizeof(trouble->base), "/appids");
            snprintf(at, sizeof(at), "%zu", i);
            return json_in_blame(trouble, at, "must be 1 to %d letters and digits", APPID_MAX);
        }
        plan->appid[i] = appid;
    }
    return 0;
}

static int plan_products(struct plan *plan, struct json_trouble *trouble)
{
    char at[24], all[80];
    size_t i;
    json_t *value;

    plan->products = 0;
    json_array_foreach(plan->in.products, i, value)
    {
        size_t p = 0;
        while (product_names[p] && !view_is(text_of(value), product_names[p]))
            p++;
        if (!product_names[p]) {
            snprintf(trouble->base, sizeof(trouble->base), "/products");
            snprintf(at, sizeof(at), "%zu", i);
            json_in_choices(product_names, all, sizeof(all));
            return json_in_blame(trouble, at, "must be %s", all);
        }
        plan->products |= 1u << p;
    }
    return 0;
}

static int plan_switches(struct plan *plan, struct json_trouble *trouble)
{
    const char *name;
    json_t *value;

    snprintf(trouble->base, sizeof(trouble->base), "/switches");
    json_object_foreach(plan->in.switches, name, value)
    {
        int err = json_is_string(value)
                      ? switch_set(&plan->switches, view_str(name), text_of(value))
                      : ERR_SYNTAX;
        if (err == ERR_NOT_FOUND)
            return json_in_blame(trouble, name, "is no switch; GET /v1/switches lists them");
        if (err)
            return json_in_blame(trouble, name,
                                 "is no value of this switch; GET /v1/switches lists them");
    }
    return 0;
}

/* "http://host:port" and nothing behind it. */
static bool is_origin(struct view text)
{
    struct http_url url;
    return text.len <= ORIGIN_MAX && http_url_parse(text, &url) == 0 && !url.has_userinfo &&
           !url.has_fragment && url.origin.len == text.len;
}

static int plan_origins(struct plan *plan, const char *base, struct json_trouble *trouble)
{
    const char *name;
    json_t *value;

    snprintf(trouble->base, sizeof(trouble->base), "%s", base);
    json_object_foreach(plan->in.origins, name, value)
    {
        struct origin *origin = &plan->origin[plan->origin_count++];
        if (!is_origin(view_str(name)) || !is_origin(text_of(value)) ||
            view_copy(view_str(name), origin->announced, sizeof(origin->announced)) ||
            view_copy(text_of(value), origin->real, sizeof(origin->real)))
            return json_in_blame(trouble, name,
                                 "must map an origin to one: \"https://shop.example\" to "
                                 "\"http://127.0.0.1:18090\", at most %d bytes each, no path",
                                 ORIGIN_MAX);
    }
    return 0;
}

/* Tried on an account that nobody has. */
static int plan_subs(struct plan *plan, struct json_trouble *trouble)
{
    struct account nobody = {};
    const char *where = NULL;
    int err = account_set_subs(&nobody, plan->in.sub_merchants, &where);

    account_subs_clear(&nobody);
    if (err != ERR_SYNTAX)
        return err;
    snprintf(trouble->base, sizeof(trouble->base), "/sub_merchants");
    return json_in_blame(trouble, where,
                         "must map a number of 8 to 10 digits to a list of at most %d appids",
                         SUB_APPIDS_MAX);
}

/* Everything a table cannot say. False: refused. */
static bool plan_make(struct ask *ask, struct plan *plan)
{
    struct account_in *in = &plan->in;
    int err = 0;

    if (in->mch_id.ptr && !made_of(in->mch_id, DIGITS))
        err = json_in_blame(&ask->trouble, "mch_id", "must be 8 to 10 digits");
    if (!err && in->api_key.ptr && !made_of(in->api_key, DIGITS LETTERS))
        err = json_in_blame(&ask->trouble, "api_key", "must be 32 letters and digits");
    if (!err && in->appids)
        err = plan_appids(plan, &ask->trouble);
    if (!err && in->products)
        err = plan_products(plan, &ask->trouble);
    if (!err && in->switches)
        err = plan_switches(plan, &ask->trouble);
    if (!err && in->origins)
        err = plan_origins(plan, "/origins", &ask->trouble);
    if (!err && in->sub_merchants)
        err = plan_subs(plan, &ask->trouble);
    if (err)
        ask_blame(ask);
    return err == 0;
}

/* Members that were given, into the account; the key goes its own way. */
static int plan_apply(struct accounts *accounts, struct account *account, const struct plan *plan)
{
    int err = 0;

    if (plan->in.name.ptr)
        err = view_copy(plan->in.name, account->name, sizeof(account->name));
    if (plan->in.appids) {
        account->appid_count = plan->appid_count;
        for (size_t i = 0; i < plan->appid_count && !err; i++)
            err = view_copy(plan->appid[i], account->appid[i], sizeof(account->appid[i]));
    }
    if (plan->in.products)
        account->products = plan->products;
    account->switches = plan->switches;
    if (plan->in.origins) {
        account->origin_count = plan->origin_count;
        memcpy(account->origin, plan->origin, sizeof(plan->origin));
    }
    if (!err && plan->in.sub_merchants)
        err = account_set_subs(account, plan->in.sub_merchants, NULL);
    return err ? err : account_save(accounts, account);
}

int do_accounts(struct ask *ask)
{
    struct accounts *accounts = ask->control->sandbox->accounts;

    out_open(&ask->out, NULL, '{');
    out_open(&ask->out, "accounts", '[');
    for (size_t i = 0; i < accounts_count(accounts); i++)
        show_account(&ask->out, NULL, accounts_at(accounts, i));
    out_close(&ask->out, ']');
    out_close(&ask->out, '}');
    return ask_reply(ask, 200);
}

int do_account_new(struct ask *ask)
{
    struct accounts *accounts = ask->control->sandbox->accounts;
    struct account_spec spec = {};
    struct account *account;
    struct plan plan = {};
    int err;

    if (!ask_read(ask, new_members, COUNT(new_members), &plan.in) || !plan_make(ask, &plan))
        return 0;
    if (plan.in.mch_id.ptr && accounts_find(accounts, plan.in.mch_id))
        return ask_refuse(ask, 409, "CONFLICT", "/mch_id", "this account exists already");
    spec.mch_id = plan.in.mch_id;
    spec.api_key = plan.in.api_key;
    spec.name = plan.in.name;
    spec.appid_count = plan.appid_count;
    memcpy(spec.appid, plan.appid, sizeof(spec.appid));
    spec.switches = plan.switches;
    err = ask_begin(ask);
    if (err)
        return err;
    err = accounts_add(accounts, &spec, &account);
    if (!err)
        err = plan_apply(accounts, account, &plan);
    err = ask_end(ask, err);
    if (err == ERR_LIMIT)
        return ask_refuse(ask, 409, "CONFLICT", "", "%d accounts are the most", ACCOUNTS_MAX);
    if (err)
        return err;
    show_account(&ask->out, NULL, account);
    return ask_reply(ask, 201);
}

int do_account(struct ask *ask)
{
    show_account(&ask->out, NULL, ask->account);
    return ask_reply(ask, 200);
}

/* A change of what is already checked; the answer is the account as it is then. */
static int change(struct ask *ask, struct plan *plan)
{
    struct accounts *accounts = ask->control->sandbox->accounts;
    int err = ask_begin(ask);

    if (err)
        return err;
    if (plan->in.api_key.ptr)
        err = account_set_key(accounts, ask->account, plan->in.api_key);
    if (!err)
        err = plan_apply(accounts, ask->account, plan);
    err = ask_end(ask, err);
    if (err)
        return err;
    show_account(&ask->out, NULL, ask->account);
    return ask_reply(ask, 200);
}

int do_account_change(struct ask *ask)
{
    struct plan plan = { .switches = ask->account->switches };

    if (!ask_read(ask, change_members, COUNT(change_members), &plan.in) || !plan_make(ask, &plan))
        return 0;
    return change(ask, &plan);
}

/* The body is the map itself. */
int do_origins(struct ask *ask)
{
    struct plan plan = { .switches = ask->account->switches };

    plan.in.origins = ask->body;
    if (!json_is_object(ask->body) || json_object_size(ask->body) > ORIGINS_MAX)
        return ask_refuse(ask, 400, "BAD_MEMBER", "",
                          "the body must be a map of at most %d announced to real origins",
                          ORIGINS_MAX);
    if (plan_origins(&plan, "", &ask->trouble))
        return ask_blame(ask);
    return change(ask, &plan);
}

int do_account_delete(struct ask *ask)
{
    struct sandbox *sandbox = ask->control->sandbox;
    struct account *account = ask->account;
    int err;

    if (strcmp(account->mch_id, DEFAULT_MCH_ID) == 0)
        return ask_refuse(ask, 409, "CONFLICT", "", "the built-in account stays");
    if (notify_open(sandbox->notify, account->id))
        return ask_refuse(ask, 409, "CONFLICT", "",
                          "deliveries of this account are under way; try again when they ended");
    err = ask_begin(ask);
    if (err)
        return err;
    exchange_reset(sandbox->exchanges, view_str(account->mch_id));
    ask->account = NULL;
    err = ask_end(ask, accounts_remove(sandbox->accounts, account));
    return err ? err : ask_reply_nothing(ask);
}
