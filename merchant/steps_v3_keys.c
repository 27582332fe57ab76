/* Chapter "v3_keys": whose signature counts. See steps_v3.h for the table. */
#include "base/err.h"
#include "base/mem.h"
#include "steps.h"
#include "wxpay/v3_seal.h"

#define REFRESH_S       (11 * 3600) /* of the twelve hours that are allowed */
#define SEEK_PER_MINUTE 10
#define SEEK_MINUTE_MS  60'000

const struct v3_public *step_v3_keys_choose(struct shop *shop, struct view serial)
{
    const struct options *options = shop->options;
    const struct trust_list *list = &shop->trust->list;
    if (options->public_key && view_is(serial, options->public_key_id))
        return options->public_key;
    for (size_t i = 0; i < list->count; i++) {
        if (view_is(serial, list->item[i].serial))
            return list->item[i].key;
    }
    return NULL;
}

bool step_v3_keys_seek(struct shop *shop, struct view serial)
{
    struct trust *trust = shop->trust;
    int64_t now = shop_now_ms(shop);
    if (!serial.len || view_starts(serial, VIEW("PUB_KEY_ID_")))
        return false; /* such a key is in no list */
    if (now < trust->sought_ms || now >= trust->sought_ms + SEEK_MINUTE_MS) {
        trust->sought_ms = now;
        trust->sought = 0;
    }
    return trust->sought++ < SEEK_PER_MINUTE;
}

int64_t step_v3_keys_gap_s(struct shop *shop, enum trust_end how)
{
    static const int64_t gaps_s[] = { 10, 60, 300, 1800, 3600 };
    size_t at = shop->trust->failed ? shop->trust->failed - 1 : 0;
    return how == TRUST_FAILED ? gaps_s[at < COUNT(gaps_s) ? at : COUNT(gaps_s) - 1] : REFRESH_S;
}

int step_v3_keys_open(struct shop *shop, const json_t *entry, struct buf *pem)
{
    const json_t *sealed = json_object_get(entry, "encrypt_certificate");
    struct v3_seal seal = {
        .key = view_str(shop->options->apiv3_key),
        .nonce = view_str(json_string_value(json_object_get(sealed, "nonce"))),
        .associated = view_str(json_string_value(json_object_get(sealed, "associated_data"))),
    };
    return v3_unseal(&seal, view_str(json_string_value(json_object_get(sealed, "ciphertext"))),
                     pem);
}

const char *step_v3_keys_verify(struct shop *shop, const struct trust_list *list,
                                const struct v3_proof *proof, struct view body)
{
    const struct v3_public *key = NULL;
    if (proof->fault)
        return proof->fault;
    if (v3_proof_age_s(proof, clock_real_ms()) > V3_SKEW_S)
        return "the stamp is more than five minutes away";
    for (size_t i = 0; !key && i < list->count; i++) {
        if (view_is(view_str(proof->serial), list->item[i].serial))
            key = list->item[i].key;
    }
    if (!key)
        key = shop->steps->v3_keys_choose(shop, view_str(proof->serial));
    if (!key)
        return "the list is signed by a certificate outside it";
    return v3_proof_verify(proof, key, body) ? "the signature does not hold" : NULL;
}

void step_v3_keys_keep(struct shop *shop, struct trust_list *list)
{
    struct trust_list old = shop->trust->list;
    if (!list->count)
        return; /* nothing readable is no reason to forget */
    shop->trust->list = *list;
    *list = (struct trust_list){};
    trust_list_release(&old);
}
