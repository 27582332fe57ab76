/*
 * Any bytes as a sealed resource. The input is nonce, associated data and text, split by NUL. What
 * does not hold leaves nothing behind; as plain text the same bytes come back out of their own
 * seal, and no other associated data opens that.
 */
#include "base/err.h"
#include "base/mem.h"
#include "wxpay/v3_seal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round(const struct v3_seal *seal, struct view plain)
{
    struct buf text = BUF_INIT(2 * V3_SEAL_MAX), back = BUF_INIT(V3_SEAL_MAX);
    struct v3_seal other = *seal;
    int err = v3_seal(seal, plain, &text);
    if (err && seal->nonce.len == V3_SEAL_NONCE_LEN)
        abort();
    if (!err) {
        if (v3_unseal(seal, buf_view(&text), &back) || !view_eq(buf_view(&back), plain))
            abort();
        other.associated = VIEW("something that a short input does not say");
        buf_clear(&back);
        if (!view_eq(seal->associated, other.associated) &&
            (v3_unseal(&other, buf_view(&text), &back) != ERR_SIGNATURE || back.len))
            abort();
    }
    buf_release(&text);
    buf_release(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view rest = { (const char *)data, size };
    struct v3_seal seal = { .key = VIEW("0123456789abcdefFEDCBA9876543210") };
    struct buf plain = BUF_INIT(V3_SEAL_MAX);
    seal.nonce = view_cut(rest, '\0', &rest);
    seal.associated = view_cut(rest, '\0', &rest);
    int err = v3_unseal(&seal, rest, &plain);
    if (err && plain.len)
        abort();
    check_round(&seal, rest);
    buf_release(&plain);
    return 0;
}
