#include "engine/keys.h"

#include "base/embed.h"
#include "base/err.h"
#include "base/mem.h"
#include "engine/json_write.h"

#include <jansson.h>
#include <stdio.h>

#define KEYS_TEXT_MAX (48 * 1024)
#define NUMBER_LEN    20
#define FIVE_YEARS_MS (5 * 365 * 86400000LL)
#define PUBLIC_KEY_ID "PUB_KEY_ID_01%.10s2026112400000000000001"

extern const struct embedded key_files[]; /* made from fixtures/keys */

const char *const signing_mode_names[] = { "cert", "switching", "pubkey", NULL };

static void identity_release(struct identity *identity)
{
    v3_private_free(identity->private);
    v3_public_free(identity->public);
    buf_release(&identity->certificate);
    *identity = (struct identity){};
}

static void keys_free(struct keys *keys)
{
    if (!keys)
        return;
    identity_release(&keys->merchant);
    identity_release(&keys->wechatpay);
    for (size_t i = 0; i < keys->platform_count; i++)
        identity_release(&keys->platform[i]);
    mem_wipe(keys->apiv3_key, sizeof(keys->apiv3_key));
    mem_free(keys);
}

/* ---- one identity ------------------------------------------------------------------------------- */

/* @private may be empty. @out is released by the caller, also after an error. */
static int identity_read(struct identity *out, struct view private, struct view certificate)
{
    struct v3_certificate read;
    *out = (struct identity){ .certificate = BUF_INIT(V3_PEM_MAX) };
    int err = buf_view_add(&out->certificate, certificate);
    if (!err)
        err = v3_certificate_read(&read, certificate);
    if (!err)
        err = v3_public_read(&out->public, certificate);
    if (!err && private.len)
        err = v3_private_read(&out->private, private);
    if (err)
        return err;
    memcpy(out->serial, read.serial, sizeof(out->serial));
    out->from_ms = read.from_ms;
    out->until_ms = read.until_ms;
    return 0;
}

static struct view built_in(const char *name)
{
    return embedded_find(key_files, name);
}

struct view keys_authority(void)
{
    return built_in("authority_cert.pem");
}

struct v3_private *keys_rogue(void)
{
    struct v3_private *key;
    return v3_private_read(&key, built_in("authority_key.pem")) ? NULL : key;
}

/* The one key, under a name of the account's own (V3 2.10: one per merchant). */
static int wechatpay_read(struct identity *out, const char *mch_id)
{
    snprintf(out->serial, sizeof(out->serial), PUBLIC_KEY_ID, mch_id);
    int err = v3_private_read(&out->private, built_in("wechatpay_key.pem"));
    return err ? err : v3_public_of(&out->public, out->private);
}

static int add_built_in_platform(struct keys *keys)
{
    return identity_read(&keys->platform[keys->platform_count++], built_in("platform_key.pem"),
                         built_in("platform_cert.pem"));
}

/* A certificate for @key, signed by the sandbox's authority; @key is taken. */
static int certify(struct identity *out, struct v3_private *key, const char *name)
{
    unsigned char number[NUMBER_LEN];
    struct rng rng;
    struct v3_private *authority = NULL;
    *out = (struct identity){ .private = key, .certificate = BUF_INIT(V3_PEM_MAX) };
    rng_init(&rng);
    rng_bytes(&rng, number, sizeof(number));
    number[0] = (unsigned char)(0x40 | (number[0] & 0x3f)); /* 40 digits, and not negative */
    int err = v3_public_of(&out->public, key);
    if (!err)
        err = v3_private_read(&authority, built_in("authority_key.pem"));
    if (err)
        return err;
    struct v3_certificate_spec spec = { .subject_key = out->public,
                                        .authority_key = authority,
                                        .authority_pem = keys_authority(),
                                        .name = name,
                                        .number = number,
                                        .from_ms = clock_real_ms() - 86400000,
                                        .until_ms = clock_real_ms() + FIVE_YEARS_MS };
    struct v3_certificate read;
    err = v3_certificate_make(&spec, &out->certificate);
    v3_private_free(authority);
    if (!err)
        err = v3_certificate_read(&read, buf_view(&out->certificate));
    if (err)
        return err;
    memcpy(out->serial, read.serial, sizeof(out->serial));
    out->from_ms = read.from_ms;
    out->until_ms = read.until_ms;
    return 0;
}

/* ---- as the store has them ---------------------------------------------------------------------- */

static json_t *text_of(struct view text)
{
    return json_stringn(text.ptr ? text.ptr : "", text.len);
}

static struct view view_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return (struct view){ json_string_value(value), json_string_length(value) };
}

static json_t *identity_json(const struct identity *identity)
{
    struct buf pem = BUF_INIT(V3_PEM_MAX);
    json_t *json = NULL;
    if (!identity->private || v3_private_pem(identity->private, &pem) == 0)
        json = json_pack("{s:o?, s:o?}", "private", text_of(buf_view(&pem)), "certificate",
                         text_of(buf_view(&identity->certificate)));
    if (pem.ptr)
        mem_wipe(pem.ptr, pem.cap);
    buf_release(&pem);
    return json;
}

static bool is_built_in_platform(const struct identity *identity)
{
    return view_eq(buf_view(&identity->certificate), built_in("platform_cert.pem"));
}

static json_t *platform_json(const struct keys *keys)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < keys->platform_count; i++) {
        const struct identity *identity = &keys->platform[i];
        json_t *json = is_built_in_platform(identity) ? json_null() : identity_json(identity);
        if (json && json_array_append_new(list, json) == 0)
            continue;
        json_decref(list);
        list = NULL;
    }
    return list;
}

/* The built-in account's own key needs no place in the store. */
static int write_keys(const struct keys *keys, struct buf *out)
{
    bool own = !view_eq(buf_view(&keys->merchant.certificate), built_in("merchant_cert.pem"));
    json_t *root = json_pack("{s:s, s:s, s:i, s:i, s:o?, s:o?}", "apiv3_key", keys->apiv3_key,
                             "mode", signing_mode_names[keys->mode], "signing", (int)keys->signing,
                             "share_permille", keys->share_permille, "merchant",
                             own ? identity_json(&keys->merchant) : json_null(), "platform",
                             platform_json(keys));
    int err = root ? json_write(root, out) : ERR_NOMEM;
    json_decref(root);
    return err;
}

static int read_merchant(struct keys *keys, const json_t *json)
{
    if (!json_is_object(json))
        return identity_read(&keys->merchant, built_in("merchant_key.pem"),
                             built_in("merchant_cert.pem"));
    return identity_read(&keys->merchant, view_of(json, "private"), view_of(json, "certificate"));
}

static int read_platform(struct keys *keys, const json_t *list)
{
    int err = json_array_size(list) > PLATFORM_KEYS_MAX ? ERR_STORE : 0;
    for (size_t i = 0; !err && i < json_array_size(list); i++) {
        const json_t *json = json_array_get(list, i);
        err = json_is_object(json)
                  ? identity_read(&keys->platform[keys->platform_count++], view_of(json, "private"),
                                  view_of(json, "certificate"))
                  : add_built_in_platform(keys);
    }
    if (!err && !keys->platform_count)
        err = add_built_in_platform(keys);
    return err;
}

static enum signing_mode mode_of(struct view text)
{
    for (int i = 0; signing_mode_names[i]; i++)
        if (view_is(text, signing_mode_names[i]))
            return (enum signing_mode)i;
    return SIGNING_CERT;
}

static int read_keys(struct keys *keys, const json_t *root)
{
    int err = view_copy(view_of(root, "apiv3_key"), keys->apiv3_key, sizeof(keys->apiv3_key));
    if (!err)
        err = read_merchant(keys, json_object_get(root, "merchant"));
    if (!err)
        err = read_platform(keys, json_object_get(root, "platform"));
    keys->mode = mode_of(view_of(root, "mode"));
    keys->share_permille = (int)json_integer_value(json_object_get(root, "share_permille"));
    keys->signing = (size_t)json_integer_value(json_object_get(root, "signing"));
    return err || keys->signing >= keys->platform_count ? (err ? err : ERR_STORE) : 0;
}

/* ---- an account's keys -------------------------------------------------------------------------- */

static bool is_built_in(const struct account *account)
{
    return strcmp(account->mch_id, DEFAULT_MCH_ID) == 0;
}

bool account_has_keys(const struct account *account)
{
    return account->keys_text || is_built_in(account);
}

static int load(const struct account *account, struct keys *keys)
{
    json_t *root = account->keys_text ? json_loads(account->keys_text, JSON_REJECT_DUPLICATES, NULL)
                                      : json_pack("{s:s}", "apiv3_key", DEFAULT_APIV3_KEY);
    int err = root ? read_keys(keys, root) : ERR_STORE;
    json_decref(root);
    return err ? err : wechatpay_read(&keys->wechatpay, account->mch_id);
}

const struct keys *account_keys(struct account *account, int *err)
{
    *err = account_has_keys(account) ? 0 : ERR_NOT_FOUND;
    if (*err || account->keys)
        return account->keys;
    struct keys *keys = mem_new(struct keys);
    *err = keys ? load(account, keys) : ERR_NOMEM;
    if (*err)
        keys_free(keys);
    else
        account->keys = keys;
    return account->keys;
}

void account_keys_forget(struct account *account)
{
    keys_free(account->keys);
    account->keys = NULL;
    if (account->keys_text)
        mem_wipe(account->keys_text, strlen(account->keys_text));
    mem_free(account->keys_text);
    account->keys_text = NULL;
}

int account_keys_keep(struct account *account, const char *text)
{
    bool same = text && account->keys_text ? strcmp(text, account->keys_text) == 0
                                           : !text && !account->keys_text;
    if (same)
        return 0;
    char *copy = text ? mem_strdup(text) : NULL;
    if (text && !copy)
        return ERR_NOMEM;
    account_keys_forget(account);
    account->keys_text = copy;
    return 0;
}

/* Memory and store become @keys; on an error both are as before. */
static int save(struct accounts *accounts, struct account *account, const struct keys *keys)
{
    struct buf text = BUF_INIT(KEYS_TEXT_MAX);
    char *before = account->keys_text, *now = NULL;
    int err = write_keys(keys, &text);
    if (!err) {
        now = mem_strdup(buf_cstr(&text));
        err = now ? 0 : ERR_NOMEM;
    }
    if (!err) {
        account->keys_text = now;
        err = account_save(accounts, account);
        if (err)
            account->keys_text = before;
    }
    if (text.ptr)
        mem_wipe(text.ptr, text.cap);
    buf_release(&text);
    mem_free(err ? now : before);
    return err;
}

int account_make_keys(struct accounts *accounts, struct account *account,
                      struct v3_private *merchant_key)
{
    char name[64];
    struct keys *keys = mem_new(struct keys);
    if (!keys || account->keys) {
        v3_private_free(merchant_key);
        mem_free(keys);
        return keys ? ERR_EXISTS : ERR_NOMEM;
    }
    struct rng rng;
    rng_init(&rng); /* keys do not repeat by --seed */
    rng_alnum(&rng, keys->apiv3_key, V3_APIV3_KEY_LEN);
    snprintf(name, sizeof(name), "sandbox merchant %s", account->mch_id);
    int err = certify(&keys->merchant, merchant_key, name);
    if (!err)
        err = add_built_in_platform(keys);
    if (!err)
        err = wechatpay_read(&keys->wechatpay, account->mch_id);
    if (!err)
        err = save(accounts, account, keys);
    if (err)
        keys_free(keys);
    else
        account->keys = keys;
    return err;
}

static bool apiv3_key_is_legal(const char *key)
{
    static const char set[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    return !key[0] || (strlen(key) == V3_APIV3_KEY_LEN && strspn(key, set) == V3_APIV3_KEY_LEN);
}

int account_change_keys(struct accounts *accounts, struct account *account,
                        const struct keys_change *change)
{
    int err;
    if (!account_keys(account, &err))
        return err;
    if (change->apiv3_key && !apiv3_key_is_legal(change->apiv3_key))
        return ERR_SYNTAX;
    struct keys wanted = *account->keys; /* shares what it does not change */
    if (change->apiv3_key)
        snprintf(wanted.apiv3_key, sizeof(wanted.apiv3_key), "%s", change->apiv3_key);
    if (change->mode)
        wanted.mode = *change->mode;
    if (change->share_permille)
        wanted.share_permille = *change->share_permille;
    err = save(accounts, account, &wanted);
    if (!err)
        *account->keys = wanted;
    return err;
}

int account_add_platform(struct accounts *accounts, struct account *account, struct v3_private *key,
                         bool sign)
{
    int err;
    struct identity fresh = {};
    if (!account_keys(account, &err)) {
        v3_private_free(key);
        return err;
    }
    err = certify(&fresh, key, "sandbox platform");
    struct keys wanted = *account->keys;
    struct identity gone = {};
    if (!err && wanted.platform_count == PLATFORM_KEYS_MAX) {
        gone = wanted.platform[0];
        memmove(wanted.platform, wanted.platform + 1,
                (PLATFORM_KEYS_MAX - 1) * sizeof(wanted.platform[0]));
        wanted.platform_count--;
        wanted.signing -= wanted.signing > 0;
    }
    if (!err) {
        wanted.platform[wanted.platform_count++] = fresh;
        if (sign)
            wanted.signing = wanted.platform_count - 1;
        err = save(accounts, account, &wanted);
    }
    if (err) {
        identity_release(&fresh);
        return err;
    }
    *account->keys = wanted;
    identity_release(&gone);
    return 0;
}

/* ---- who signs ---------------------------------------------------------------------------------- */

const struct identity *keys_platform(const struct keys *keys, struct view serial)
{
    for (size_t i = 0; i < keys->platform_count; i++)
        if (view_is(serial, keys->platform[i].serial))
            return &keys->platform[i];
    return view_is(serial, keys->wechatpay.serial) ? &keys->wechatpay : NULL;
}

const struct identity *keys_signer_of_response(const struct keys *keys, struct view asked)
{
    bool named = view_is(asked, keys->wechatpay.serial);
    if (keys->mode == SIGNING_PUBKEY || (keys->mode == SIGNING_SWITCHING && named))
        return &keys->wechatpay;
    return &keys->platform[keys->signing];
}

const struct identity *keys_signer_of_notification(const struct keys *keys, int chance)
{
    if (keys->mode == SIGNING_PUBKEY ||
        (keys->mode == SIGNING_SWITCHING && chance < keys->share_permille))
        return &keys->wechatpay;
    return &keys->platform[keys->signing];
}
