/* Mutants of the chapter "v3_keys": whose signature counts. */
#include "mutants/mutant.h"

#include <stdlib.h>

static const struct v3_public *first(struct shop *shop, struct view)
{
    const struct trust_list *list = &shop->trust->list;
    return list->count ? list->item[0].key : shop->options->public_key;
}

static const struct v3_public *first_if_unknown(struct shop *shop, struct view serial)
{
    const struct v3_public *key = step_v3_keys_choose(shop, serial);
    return key ? key : first(shop, serial);
}

static const struct v3_public *never_public(struct shop *shop, struct view serial)
{
    return view_starts(serial, VIEW("PUB_KEY_ID_")) ? NULL : step_v3_keys_choose(shop, serial);
}

SAYS(never_seek, bool, (struct shop *, struct view), false)

static int64_t never(struct shop *, enum trust_end)
{
    return INT64_C(10) * 366 * 86400;
}

static int64_t daily(struct shop *shop, enum trust_end how)
{
    return how == TRUST_FAILED ? step_v3_keys_gap_s(shop, how) : 24 * 3600;
}

static int64_t none_is_the_end(struct shop *shop, enum trust_end how)
{
    if (how == TRUST_NONE)
        exit(1); /* "no certificates: cannot start" */
    return step_v3_keys_gap_s(shop, how);
}

static int64_t none_again(struct shop *shop, enum trust_end how)
{
    return how == TRUST_NONE ? 1 : step_v3_keys_gap_s(shop, how);
}

static const char *unverified(struct shop *, const struct trust_list *, const struct v3_proof *,
                              struct view)
{
    return NULL;
}

static const char *outside_too(struct shop *shop, const struct trust_list *list,
                               const struct v3_proof *proof, struct view body)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(proof->serial, list->item[i].serial) == 0)
            return step_v3_keys_verify(shop, list, proof, body);
    }
    return NULL;
}

/* One certificate is enough, it thinks: the list's first. */
static void only_first(struct shop *shop, struct trust_list *list)
{
    while (list->count > 1)
        v3_public_free(list->item[--list->count].key);
    step_v3_keys_keep(shop, list);
}

/* clang-format off */
const struct mutant mutants_v3_keys[] = {
    MUTANT("v3-serial-ignored", "WX3-013", "The first certificate verifies everything.",
      .v3_keys_choose = first),
    MUTANT("v3-unknown-serial-any-key", "WX3-014", "An unknown serial is verified with the first certificate.",
      .v3_keys_choose = first_if_unknown, .v3_keys_seek = never_seek),
    MUTANT("v3-public-key-ignored", "WX3-013", "Only certificates are looked at, never the public key.",
      .v3_keys_choose = never_public),
    MUTANT("v3-keys-never-sought", "WX3-013", "A new certificate is noticed half a day later.",
      .v3_keys_seek = never_seek),
    MUTANT("v3-keys-once", "WX3-019", "Certificates are downloaded once for all time.",
      .v3_keys_gap_s = never, .v3_keys_seek = never_seek),
    MUTANT("v3-keys-daily", "WX3-019", "Certificates are downloaded once a day.",
      .v3_keys_gap_s = daily),
    MUTANT("v3-keys-only-first", "WX3-019 WX3-013", "Of several certificates one is kept.",
      .v3_keys_keep = only_first),
    MUTANT("v3-keys-unverified", "WX3-020", "The signature of the certificate list is not looked at.",
      .v3_keys_verify = unverified),
    MUTANT("v3-keys-outside-signer", "WX3-020", "The certificate list may be signed by anybody unknown.",
      .v3_keys_verify = outside_too),
    MUTANT("v3-no-certificates-exit", "WX3-022", "404 at the certificates ends the process.",
      .v3_keys_gap_s = none_is_the_end),
    MUTANT("v3-no-certificates-hammer", "WX3-022", "After 404 the certificates are asked for every second.",
      .v3_keys_gap_s = none_again),
    { .name = NULL },
};
