#include "engine/account.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/account_json.h"
#include "engine/fault_list.h"
#include "engine/keys.h"
#include "engine/notice_rule.h"
#include "engine/partner.h"
#include "engine/traffic.h"

#include <assert.h>
#include <stdlib.h>

#define FIRST_MADE_MCH_ID 1999000001
#define SETTINGS_MAX      (64 * 1024)

struct accounts {
    struct store *store; /* borrowed */
    struct rng *rng;     /* borrowed; may be seeded */
    struct rng key_rng;  /* of the system always: keys do not repeat */
    struct vclock default_clock;
    uint64_t code_salt;
    size_t count, cap;
    struct account **made;   /* owned, in order of making, so by id too */
    struct account **sorted; /* the same by mch_id */
    void (*on_leave)(void *owner, struct account *account);
    void *listener;
};

static void account_free(struct account *account)
{
    if (!account)
        return;
    fault_list_free(account->faults);
    traffic_free(account->traffic);
    notice_rules_clear(account);
    account_keys_forget(account);
    account_subs_clear(account);
    v2_key_free(account->v2_key);
    mem_free(account);
}

void accounts_free(struct accounts *accounts)
{
    if (!accounts)
        return;
    for (size_t i = 0; i < accounts->count; i++)
        account_free(accounts->made[i]);
    mem_free(accounts->made);
    mem_free(accounts->sorted);
    mem_free(accounts);
}

/* ---- the two arrays -------------------------------------------------------------------------- */

/* Where @mch_id is in sorted, or would be. */
static size_t place_of(const struct accounts *accounts, struct view mch_id)
{
    size_t low = 0, high = accounts->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (view_cmp(view_str(accounts->sorted[mid]->mch_id), mch_id) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

struct account *accounts_find(struct accounts *accounts, struct view mch_id)
{
    size_t at = place_of(accounts, mch_id);
    if (at < accounts->count && view_is(mch_id, accounts->sorted[at]->mch_id))
        return accounts->sorted[at];
    return NULL;
}

/* Where @id is in made, or would be. */
static size_t index_of(const struct accounts *accounts, int64_t id)
{
    size_t low = 0, high = accounts->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (accounts->made[mid]->id < id)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

struct account *accounts_by_id(struct accounts *accounts, int64_t id)
{
    size_t at = index_of(accounts, id);
    return at < accounts->count && accounts->made[at]->id == id ? accounts->made[at] : NULL;
}

size_t accounts_count(const struct accounts *accounts)
{
    return accounts->count;
}

struct account *accounts_at(struct accounts *accounts, size_t index)
{
    if (index >= accounts->count)
        return NULL;
    return accounts->made[index];
}

/* Room for one more in both arrays. */
static int reserve(struct accounts *accounts)
{
    if (accounts->count < accounts->cap)
        return 0;
    if (accounts->count >= ACCOUNTS_MAX)
        return ERR_LIMIT;
    size_t cap = accounts->cap ? accounts->cap * 2 : 8;
    struct account **made = mem_realloc(accounts->made, cap * sizeof(struct account *));
    if (!made)
        return ERR_NOMEM;
    accounts->made = made;
    struct account **sorted = mem_realloc(accounts->sorted, cap * sizeof(struct account *));
    if (!sorted)
        return ERR_NOMEM;
    accounts->sorted = sorted;
    accounts->cap = cap;
    return 0;
}

static void insert_at(struct account **list, size_t count, size_t at, struct account *account)
{
    memmove(list + at + 1, list + at, (count - at) * sizeof(struct account *));
    list[at] = account;
}

static void remove_at(struct account **list, size_t count, size_t at)
{
    memmove(list + at, list + at + 1, (count - at - 1) * sizeof(struct account *));
}

/* reserve() came before. Takes @account. */
static void join(struct accounts *accounts, struct account *account)
{
    size_t at = place_of(accounts, view_str(account->mch_id));
    insert_at(accounts->sorted, accounts->count, at, account);
    insert_at(accounts->made, accounts->count, index_of(accounts, account->id), account);
    accounts->count++;
}

static void leave(struct accounts *accounts, struct account *account)
{
    if (accounts->on_leave)
        accounts->on_leave(accounts->listener, account);
    remove_at(accounts->sorted, accounts->count, place_of(accounts, view_str(account->mch_id)));
    remove_at(accounts->made, accounts->count, index_of(accounts, account->id));
    accounts->count--;
    account_free(account);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static int row_of(const struct account *account, struct account_row *row)
{
    *row = (struct account_row){ .id = account->id, .settings = BUF_INIT(SETTINGS_MAX) };
    struct view key = v2_key_text(account->v2_key);
    if (view_copy(view_str(account->mch_id), row->mch_id, sizeof(row->mch_id)) ||
        view_copy(view_str(account->name), row->name, sizeof(row->name)) ||
        view_copy(key, row->api_key, sizeof(row->api_key)))
        return ERR_TOO_LONG;
    return account_settings_write(account, &row->settings);
}

static void row_release(struct account_row *row)
{
    mem_wipe(row->api_key, sizeof(row->api_key));
    buf_release(&row->settings);
}

/* Everything but the faults. The key is made anew only when it changed: others hold none of it. */
static int account_take_row(struct account *account, const struct account_row *row)
{
    struct view key = view_str(row->api_key);
    account->id = row->id;
    int err = view_copy(view_str(row->mch_id), account->mch_id, sizeof(account->mch_id));
    if (!err)
        err = view_copy(view_str(row->name), account->name, sizeof(account->name));
    if (!err)
        err = account_settings_read(account, buf_view(&row->settings));
    if (err || (account->v2_key && view_eq(v2_key_text(account->v2_key), key)))
        return err;
    struct v2_key *fresh = v2_key_new(key);
    if (!fresh)
        return ERR_NOMEM;
    v2_key_free(account->v2_key);
    account->v2_key = fresh;
    return 0;
}

static int add_row(struct accounts *accounts, const struct account_row *row)
{
    int err = reserve(accounts);
    if (err)
        return err;
    struct account *account = mem_new(struct account);
    if (!account)
        return ERR_NOMEM;
    err = account_take_row(account, row);
    if (err) {
        account_free(account);
        return err;
    }
    join(accounts, account);
    return 0;
}

struct reload {
    struct accounts *accounts;
    size_t seen; /* rows come by id, as made is sorted */
};

/* Accounts before the row's id that the store no longer has. */
static void forget_until(struct reload *reload, int64_t id)
{
    struct accounts *accounts = reload->accounts;
    while (reload->seen < accounts->count && accounts->made[reload->seen]->id < id)
        leave(accounts, accounts->made[reload->seen]);
}

static int reload_row(void *ctx, const struct account_row *row)
{
    struct reload *reload = ctx;
    forget_until(reload, row->id);
    struct account *known = accounts_by_id(reload->accounts, row->id);
    reload->seen++;
    return known ? account_take_row(known, row) : add_row(reload->accounts, row);
}

int accounts_reload(struct accounts *accounts)
{
    struct reload reload = { .accounts = accounts };
    int err = account_each(accounts->store, reload_row, &reload);
    if (err)
        return err;
    forget_until(&reload, INT64_MAX);
    for (size_t i = 0; !err && i < accounts->count; i++)
        err = fault_list_load(accounts->store, accounts->made[i]);
    return err;
}

/* ---- making and changing --------------------------------------------------------------------- */

static bool all_of(struct view text, size_t min, size_t max, const char *set)
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

static bool key_is_legal(struct view key)
{
    for (size_t i = 0; i < key.len; i++)
        if (key.ptr[i] <= ' ' || key.ptr[i] > '~')
            return false;
    return key.len == V2_KEY_LEN;
}

static int check_spec(const struct account_spec *spec)
{
    bool ok = (!spec->mch_id.len || all_of(spec->mch_id, 8, 10, DIGITS)) &&
              (!spec->api_key.len || key_is_legal(spec->api_key)) &&
              spec->name.len < sizeof(((struct account *)NULL)->name) &&
              spec->appid_count <= APPIDS_MAX;
    for (size_t i = 0; ok && i < spec->appid_count; i++)
        ok = all_of(spec->appid[i], 1, APPID_MAX, DIGITS LETTERS "_-");
    return ok ? 0 : ERR_SYNTAX;
}

/* The next free one; a caller may have taken some by name. */
static int make_mch_id(struct accounts *accounts, char out[MCH_ID_MAX + 1])
{
    struct buf text = BUF_INIT(MCH_ID_MAX);
    int64_t number;
    int err;
    do {
        buf_clear(&text);
        err = store_next(accounts->store, "mch_id", FIRST_MADE_MCH_ID, &number);
        if (!err)
            err = buf_fmt(&text, "%lld", (long long)number);
    } while (!err && accounts_find(accounts, buf_view(&text)));
    if (!err)
        err = view_copy(buf_view(&text), out, MCH_ID_MAX + 1);
    buf_release(&text);
    return err;
}

static int fill(struct accounts *accounts, const struct account_spec *spec, struct account *account)
{
    char key[V2_KEY_LEN + 1];
    rng_alnum(&accounts->key_rng, key, V2_KEY_LEN);
    account->v2_key = v2_key_new(spec->api_key.len ? spec->api_key : view_str(key));
    mem_wipe(key, sizeof(key));
    if (!account->v2_key)
        return ERR_NOMEM;

    account->products = PRODUCTS_ALL;
    account->switches = spec->switches;
    account->clock = accounts->default_clock;
    account->appid_count = spec->appid_count ? spec->appid_count : 1;
    int err = view_copy(spec->name, account->name, sizeof(account->name));
    for (size_t i = 0; !err && i < spec->appid_count; i++)
        err = view_copy(spec->appid[i], account->appid[i], sizeof(account->appid[i]));
    if (!err && !spec->appid_count) {
        memcpy(account->appid[0], "wx", 2);
        rng_hex(accounts->rng, account->appid[0] + 2, 16);
    }
    if (err)
        return err;
    return spec->mch_id.len ? view_copy(spec->mch_id, account->mch_id, sizeof(account->mch_id))
                            : make_mch_id(accounts, account->mch_id);
}

int accounts_add(struct accounts *accounts, const struct account_spec *spec, struct account **out)
{
    struct account_row row = {};
    *out = NULL;
    int err = check_spec(spec);
    if (!err && spec->mch_id.len && accounts_find(accounts, spec->mch_id))
        err = ERR_EXISTS;
    if (!err)
        err = reserve(accounts);
    if (err)
        return err;
    struct account *account = mem_new(struct account);
    if (!account)
        return ERR_NOMEM;
    err = fill(accounts, spec, account);
    if (!err)
        err = row_of(account, &row);
    if (!err)
        err = account_insert(accounts->store, &row);
    account->id = row.id;
    row_release(&row);
    if (err) {
        account_free(account);
        return err;
    }
    join(accounts, account);
    *out = account;
    return 0;
}

int accounts_remove(struct accounts *accounts, struct account *account)
{
    int err = account_delete(accounts->store, account->id);
    if (!err)
        leave(accounts, account);
    return err;
}

int account_save(struct accounts *accounts, struct account *account)
{
    struct account_row row;
    int err = row_of(account, &row);
    if (!err)
        err = account_update(accounts->store, &row);
    row_release(&row);
    return err;
}

int account_set_key(struct accounts *accounts, struct account *account, struct view api_key)
{
    if (!key_is_legal(api_key))
        return ERR_SYNTAX;
    struct v2_key *fresh = v2_key_new(api_key);
    if (!fresh)
        return ERR_NOMEM;
    struct v2_key *old = account->v2_key;
    account->v2_key = fresh;
    int err = account_save(accounts, account);
    if (err)
        account->v2_key = old;
    v2_key_free(err ? fresh : old);
    return err;
}

/* ---- life ------------------------------------------------------------------------------------ */

static int add_built_in(struct accounts *accounts)
{
    struct account_spec spec = {
        .mch_id = VIEW(DEFAULT_MCH_ID),
        .api_key = VIEW(DEFAULT_API_KEY),
        .name = VIEW("built-in"),
        .appid_count = 1,
        .appid = { VIEW(DEFAULT_APPID) },
    };
    struct account *account;
    return accounts_add(accounts, &spec, &account);
}

/* What a store has from its first day. */
static int settle_in(struct accounts *accounts)
{
    int64_t salt = 0;
    int err = store_begin(accounts->store);
    if (err)
        return err;
    err = store_constant(accounts->store, "code_salt", (int64_t)rng_u64(accounts->rng), &salt);
    if (!err && !accounts->count)
        err = add_built_in(accounts);
    if (!err)
        err = store_commit(accounts->store);
    else
        store_rollback(accounts->store);
    accounts->code_salt = (uint64_t)salt;
    return err;
}

int accounts_new(struct accounts **out, struct store *store, struct rng *rng)
{
    *out = NULL;
    struct accounts *accounts = mem_new(struct accounts);
    if (!accounts)
        return ERR_NOMEM;
    accounts->store = store;
    accounts->rng = rng;
    rng_init(&accounts->key_rng);
    int err = accounts_reload(accounts);
    if (!err)
        err = settle_in(accounts);
    if (err) {
        accounts_free(accounts);
        return err;
    }
    *out = accounts;
    return 0;
}

void accounts_listen(struct accounts *accounts,
                     void (*on_leave)(void *owner, struct account *account), void *owner)
{
    accounts->on_leave = on_leave;
    accounts->listener = owner;
}

uint64_t accounts_code_salt(const struct accounts *accounts)
{
    return accounts->code_salt;
}

struct store *accounts_store(struct accounts *accounts)
{
    return accounts->store;
}

struct vclock *accounts_default_clock(struct accounts *accounts)
{
    return &accounts->default_clock;
}

int64_t account_now_ms(const struct account *account)
{
    return vclock_ms(&account->clock);
}

bool account_has_appid(const struct account *account, struct view appid)
{
    for (size_t i = 0; i < account->appid_count; i++)
        if (view_is(appid, account->appid[i]))
            return true;
    return false;
}

bool accounts_knows_appid(const struct accounts *accounts, struct view appid)
{
    for (size_t i = 0; i < accounts->count; i++)
        if (account_has_appid(accounts->made[i], appid))
            return true;
    return false;
}
