/*
 * bench_keys.c — what an account needs for API V3: asked from the sandbox, written into files for the
 * merchant, and changed by experiments.
 *
 * The keys are the sandbox's throw-away ones; the judge has all of them, the platform's private ones
 * too, because it forges notifications.
 */
#include "bench_priv.h"

#include "base/err.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

const char *account_v3(const struct account *account, const char *pointer)
{
    const char *text = json_string_value(json_pointer(account->v3, pointer));
    return text ? text : "";
}

/* The platform's certificate that signs; the public key in key mode has no place in this list. */
static const json_t *signing(const struct account *account)
{
    const json_t *list = json_object_get(account->v3, "platform");
    size_t i;
    json_t *row;

    json_array_foreach(list, i, row)
    {
        if (json_is_true(json_object_get(row, "signs")))
            return row;
    }
    return json_array_get(list, 0);
}

const char *account_signer(const struct account *account, bool second, const char **serial)
{
    const json_t *list = json_object_get(account->v3, "platform");
    const json_t *row = signing(account);

    if (!second && strcmp(account_v3(account, "/mode"), "pubkey") == 0)
        row = json_object_get(account->v3, "wechatpay");
    for (size_t i = 0; second && i < json_array_size(list); i++) {
        if (json_array_get(list, i) != row) {
            row = json_array_get(list, i);
            break;
        }
    }
    const char *name = json_string_value(json_object_get(row, "serial"));
    if (!name)
        name = json_string_value(json_object_get(row, "id"));
    const char *key = json_string_value(json_object_get(row, "private_key"));
    *serial = name ? name : "";
    return key ? key : "";
}

/* What the merchant's profile shows that it was given. */
static const char *mode_of(const struct profile *profile)
{
    bool key = profile_uses(profile, "platform_public_key_file") ||
               profile_uses(profile, "platform_public_key_id");
    bool certificate =
        profile_uses(profile, "platform_cert_file") || profile_uses(profile, "platform_serial");
    if (!key)
        return "cert";
    return certificate ? "switching" : "pubkey";
}

static void keep(struct bench *bench, json_t *keys)
{
    json_decref(bench->platform.account.v3);
    bench->platform.account.v3 = keys;
}

int bench_fetch_keys(struct bench *bench)
{
    json_t *keys = NULL;
    struct control_call get = { "GET", "/v1/accounts/{mch_id}/v3", NULL, 60'000 };
    int err = platform_do(&bench->platform, &get, &keys);

    if (!err) {
        keep(bench, keys);
        struct control_call set = {
            "PATCH", "/v1/accounts/{mch_id}/v3",
            json_pack("{s:s, s:i}", "mode", mode_of(bench->profile), "share_permille", 1000), 0
        };
        err = platform_do(&bench->platform, &set, &keys);
    }
    if (!err)
        keep(bench, keys);
    return err;
}

static int write_file(const char *path, const char *text)
{
    size_t len = strlen(text);
    unlink(path); /* of an earlier account */
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return ERR_IO;
    bool ok = write(fd, text, len) == (ssize_t)len;
    if (close(fd))
        ok = false;
    return ok ? 0 : ERR_IO;
}

/* A file in the work directory, and the name that leads to it. */
static int give_file(struct bench *bench, struct scope *run, const char *name, const char *text)
{
    char path[1200];

    snprintf(path, sizeof(path), "%.1000s/%s.pem", bench->options.work_dir, name);
    int err = write_file(path, text);
    return err ? err : scope_set(run, name, path, NAME_TEXT);
}

int bench_give_keys(struct bench *bench, struct scope *run)
{
    const struct account *account = &bench->platform.account;
    const json_t *row = signing(account);
    const char *certificate = json_string_value(json_object_get(row, "certificate"));
    const char *serial = json_string_value(json_object_get(row, "serial"));
    const struct {
        const char *name, *value;
    } texts[] = { { "apiv3_key", account_v3(account, "/apiv3_key") },
                  { "mch_serial", account_v3(account, "/merchant/serial") },
                  { "platform_public_key_id", account_v3(account, "/wechatpay/id") },
                  { "platform_serial", serial ? serial : "" } },
      files[] = { { "mch_key_file", account_v3(account, "/merchant/private_key") },
                  { "mch_cert_file", account_v3(account, "/merchant/certificate") },
                  { "platform_public_key_file", account_v3(account, "/wechatpay/public_key") },
                  { "platform_cert_file", certificate ? certificate : "" } };
    int err = 0;

    for (size_t i = 0; !err && i < COUNT(texts); i++)
        err = scope_set(run, texts[i].name, texts[i].value, NAME_TEXT);
    for (size_t i = 0; !err && i < COUNT(files); i++)
        err = give_file(bench, run, files[i].name, files[i].value);
    return err;
}

/* Private keys of the platform stay out of the record: a verdict needs none of them. */
json_t *bench_keys_fact(const struct bench *bench)
{
    const struct account *account = &bench->platform.account;
    json_t *serials = json_array();
    size_t i;
    json_t *row;

    json_array_foreach(json_object_get(account->v3, "platform"), i, row)
        json_array_append(serials, json_object_get(row, "serial"));
    return json_pack("{s:s, s:s, s:{s:s, s:s, s:s}, s:o, s:s}", "apiv3_key",
                     account_v3(account, "/apiv3_key"), "mode", account_v3(account, "/mode"),
                     "merchant", "serial", account_v3(account, "/merchant/serial"), "certificate",
                     account_v3(account, "/merchant/certificate"), "private_key",
                     account_v3(account, "/merchant/private_key"), "platform", serials,
                     "public_key_id", account_v3(account, "/wechatpay/id"));
}

int bench_second_key(struct bench *bench)
{
    json_t *keys = NULL;
    int err = bench_go(bench);

    if (err || json_array_size(json_object_get(bench->platform.account.v3, "platform")) > 1)
        return err;
    struct control_call add = { "POST", "/v1/accounts/{mch_id}/v3/platform",
                                json_pack("{s:b}", "sign", 0), 60'000 };
    if (platform_do(&bench->platform, &add, &keys))
        return bench_platform_trouble(bench, "a second platform certificate");
    keep(bench, keys);
    bench_note(bench, NULL, "second-key", "a further platform certificate is listed");
    return 0;
}
