#include "dress_v3.h"

#include "base/err.h"
#include "base/mem.h"

#include <stdio.h>

#define STALE_S      3600
#define OTHER_SERIAL "5E5D4C3B2A0102F9E8D7C6B5A49382716F5E4D3C"

/* The faults that are about the five headers. */
static int apply(struct dress_v3 *dress, const struct fault *fault)
{
    switch (fault->kind) {
    case FAULT_WRONG_SIGN: dress->spoil = true; return 0;
    case FAULT_STALE_STAMP: dress->shift_s = -STALE_S; return 0;
    case FAULT_FUTURE_STAMP: dress->shift_s = STALE_S; return 0;
    case FAULT_ALTER: dress->spoil = fault->sign == FAULT_SIGN_WRONG; break;
    case FAULT_NO_SIGN: dress->left_out = ~0u; return 0;
    case FAULT_PROBE: dress->probe = true; return 0;
    case FAULT_MISSING_HEADER: dress->left_out = 1u << fault->header; return 0;
    case FAULT_UNKNOWN_SERIAL:
        snprintf(dress->serial, sizeof(dress->serial), "%s", OTHER_SERIAL);
        return 0;
    case FAULT_ROGUE_KEY:
        v3_private_free(dress->key);
        dress->key = keys_rogue();
        return dress->key ? 0 : ERR_NOMEM;
    default: break;
    }
    if (fault->kind == FAULT_ALTER && fault->sign == FAULT_SIGN_NONE)
        dress->left_out = ~0u;
    return 0;
}

int dress_v3_begin(struct dress_v3 *dress, const struct identity *identity, struct rng *rng,
                   const struct fault *fault)
{
    *dress =
        (struct dress_v3){ .key = v3_private_share(identity->private), .before = dress->before };
    if (!dress->key)
        return ERR_CRYPTO;
    memcpy(dress->serial, identity->serial, sizeof(dress->serial));
    rng_hex(rng, dress->nonce, sizeof(dress->nonce) - 1);
    return fault ? apply(dress, fault) : 0;
}

void dress_v3_clock(struct dress_v3 *dress, const struct account *account)
{
    if (switch_is(&account->switches, SWITCH_stamp_clock, "virtual"))
        dress->shift_s += (account_now_ms(account) - clock_real_ms()) / 1000;
}

void dress_v3_release(struct dress_v3 *dress)
{
    v3_private_free(dress->key);
    dress->key = NULL;
    buf_release(&dress->before);
}

void dress_v3_sign(struct dress_v3 *dress, struct view body)
{
    struct buf text = BUF_INIT(V3_SEAL_MAX * 2);
    if (!dress->key)
        return;
    snprintf(dress->timestamp, sizeof(dress->timestamp), "%lld",
             (long long)(clock_real_ms() / 1000 + dress->shift_s));
    dress->err = v3_answer_text(view_str(dress->timestamp), view_str(dress->nonce),
                                dress->before.len ? buf_view(&dress->before) : body, &text);
    if (!dress->err)
        dress->err = v3_sign(dress->key, buf_view(&text), dress->signature);
    if (!dress->err && dress->probe)
        v3_sign_probe(dress->signature);
    if (!dress->err && dress->spoil) /* still base64, still 256 bytes */
        dress->signature[7] = dress->signature[7] == 'A' ? 'B' : 'A';
    buf_release(&text);
}

size_t dress_v3_headers(const struct dress_v3 *dress, struct http_header out[DRESS_V3_HEADERS])
{
    const char *const values[DRESS_V3_HEADERS] = {
        dress->nonce, dress->signature, dress->timestamp, dress->serial, V3_SCHEME,
    };
    size_t count = 0;
    for (size_t i = 0; dress->key && i < DRESS_V3_HEADERS; i++)
        if (!(dress->left_out & 1u << i))
            out[count++] =
                (struct http_header){ view_str(fault_header_names[i]), view_str(values[i]) };
    return count;
}
