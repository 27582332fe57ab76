#include "wxpay/v3_hint.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "wxpay/v3_hint_priv.h"

#include <openssl/evp.h>

#define KEYS_MAX 256
#define TEXT_MAX (V3_ALTS_BYTES + 64 * 1024)

static const struct v3_cause causes[] = {
#define X(name, ...) [V3_CAUSE_##name] = { __VA_ARGS__ },
    V3_CAUSE_MAP(X)
#undef X
};

const struct v3_cause *v3_causes(size_t *count)
{
    *count = COUNT(causes);
    return causes;
}

/* NULL for V3_CAUSE_NONE. */
static const struct v3_cause *cause_of(enum v3_cause_id id)
{
    return id == V3_CAUSE_NONE ? NULL : &causes[id];
}

/* ---- the mistakes that were found ------------------------------------------------------------ */

#define MISTAKES_MAX 6

/* In the order in which a verifier would stumble over them. */
struct finding {
    size_t count;
    const struct v3_cause *cause[MISTAKES_MAX];
    char detail[MISTAKES_MAX][192];
    struct buf signed_text;
};

static void add_cause(struct finding *found, const struct v3_cause *cause, const char *detail)
{
    if (!cause || found->count == MISTAKES_MAX)
        return;
    snprintf(found->detail[found->count], sizeof(found->detail[0]), "%s", detail ? detail : "");
    found->cause[found->count++] = cause;
}

static void add(struct finding *found, enum v3_cause_id cause, const char *detail)
{
    add_cause(found, cause_of(cause), detail);
}

/* ---- the key --------------------------------------------------------------------------------- */

static bool open_other(const struct v3_hint_input *in, const struct v3_sig *sig,
                       struct v3_proof *proof, struct finding *found)
{
    for (size_t i = 0; in->other_key && i < KEYS_MAX; i++) {
        struct v3_hint_key whose = {};
        const struct v3_public *key = in->other_key(in->owner, i, &whose);
        if (!key)
            break;
        v3_proof_open(proof, key, sig->bytes);
        if (proof->form == V3_PROOF_NONE || proof->form == V3_PROOF_MAYBE)
            continue;
        char detail[192];
        snprintf(detail, sizeof(detail), "%.*s, serial %.*s", VIEW_ARG(whose.mchid),
                 VIEW_ARG(whose.serial));
        add(found, whose.own ? V3_CAUSE_OTHER_SERIAL : V3_CAUSE_OTHER_KEY, detail);
        return true;
    }
    return false;
}

static bool open_reversed(const struct v3_hint_input *in, const struct v3_sig *sig,
                          struct v3_proof *proof)
{
    unsigned char bytes[V3_RSA_BYTES];
    for (size_t i = 0; i < V3_RSA_BYTES; i++)
        bytes[i] = sig->bytes[V3_RSA_BYTES - 1 - i];
    v3_proof_open(proof, in->key, bytes);
    return proof->form != V3_PROOF_NONE && proof->form != V3_PROOF_MAYBE;
}

/* Which key opens it? The account's own one, by chance alone too, is taken when no other does. */
static void open_any(const struct v3_hint_input *in, const struct v3_sig *sig,
                     struct v3_proof *proof, struct finding *found)
{
    struct v3_proof own;
    v3_proof_open(&own, in->key, sig->bytes);
    *proof = own;
    if (own.form != V3_PROOF_NONE && own.form != V3_PROOF_MAYBE)
        return;
    v3_proof_open(proof, in->platform_key, sig->bytes);
    if (proof->form != V3_PROOF_NONE && proof->form != V3_PROOF_MAYBE) {
        add(found, V3_CAUSE_PLATFORM_KEY, NULL);
        return;
    }
    if (open_other(in, sig, proof, found))
        return;
    if (open_reversed(in, sig, proof)) {
        add(found, V3_CAUSE_REVERSED, NULL);
        return;
    }
    *proof = own;
}

/* ---- how it was made ------------------------------------------------------------------------- */

static enum v3_cause_id digest_cause(const char *digest)
{
    if (digest && strcmp(digest, "SHA256") == 0)
        return V3_CAUSE_NONE;
    if (digest && strcmp(digest, "SHA1") == 0)
        return V3_CAUSE_SHA1;
    return digest && strcmp(digest, "MD5") == 0 ? V3_CAUSE_MD5 : V3_CAUSE_OTHER_DIGEST;
}

static void add_made(struct finding *found, const struct v3_proof *proof)
{
    bool pss = proof->form == V3_PROOF_PSS || proof->form == V3_PROOF_MAYBE;
    char salt[64];
    snprintf(salt, sizeof(salt), "%zu bytes of salt", proof->salt_len);
    if (pss)
        add(found, V3_CAUSE_PSS, salt);
    if (proof->form == V3_PROOF_BARE)
        add(found, V3_CAUSE_NO_DIGEST_INFO, NULL);
    if (proof->form == V3_PROOF_BYTES)
        add(found, V3_CAUSE_NOT_HASHED, NULL);
    else
        add(found, digest_cause(proof->digest), proof->digest);
}

/* The digest that was signed beside the right one: whoever prints theirs finds it. */
static int tell_digests(const struct v3_proof *proof, struct view text, char *out, size_t size)
{
    struct buf hex = BUF_INIT(4 * EVP_MAX_MD_SIZE + 64);
    unsigned char sum[EVP_MAX_MD_SIZE];
    size_t len = 0;
    int err =
        EVP_Q_digest(NULL, "SHA256", NULL, text.ptr, text.len, sum, &len) == 1 ? 0 : ERR_CRYPTO;
    if (!err)
        err = buf_str(&hex, "SHA-256 of the signed text: ");
    if (!err)
        err = buf_hex(&hex, proof->sum, proof->len, false);
    if (!err)
        err = buf_str(&hex, ", of the five lines: ");
    if (!err)
        err = buf_hex(&hex, sum, len, false);
    if (!err)
        err = view_copy(buf_view(&hex), out, size);
    buf_release(&hex);
    return err;
}

static int add_text(const struct v3_hint_input *in, const struct v3_hint_subject *subject,
                    const struct v3_proof *proof, struct finding *found)
{
    struct v3_seen seen = {};
    char detail[192] = "";
    int err = subject->seek(subject->what, in, proof, &seen, &found->signed_text);
    bool known = seen.right || seen.cause[0];
    if (err)
        return err;
    if (proof->form == V3_PROOF_MAYBE && !known) {
        add(found, V3_CAUSE_WRONG_KEY, NULL); /* chance, after all */
        return 0;
    }
    add_made(found, proof);
    add_cause(found, seen.cause[0], seen.detail[0]);
    add_cause(found, seen.cause[1], seen.detail[1]);
    if (proof->form == V3_PROOF_BYTES)
        return buf_add(&found->signed_text, proof->sum, proof->len);
    if (known)
        return 0;
    if (proof->form == V3_PROOF_PKCS1 && digest_cause(proof->digest) == V3_CAUSE_NONE)
        err = tell_digests(proof, subject->right, detail, sizeof(detail));
    add_cause(found, subject->other_text, detail);
    return err;
}

/* ---- telling --------------------------------------------------------------------------------- */

static int explain(const struct v3_hint_input *in, const struct v3_hint_subject *subject,
                   struct finding *found)
{
    struct v3_proof proof;
    struct v3_sig sig;
    int err = v3_sig_read(&sig, in->signature);
    if (err)
        return err;
    char len[64] = "";
    if (sig.len)
        snprintf(len, sizeof(len), "%zu bytes", sig.len);
    add(found, sig.cause, sig.len == V3_RSA_BYTES ? NULL : len);
    add(found, sig.cause2, NULL);
    if (sig.len != V3_RSA_BYTES)
        return 0;
    open_any(in, &sig, &proof, found);
    if (proof.form != V3_PROOF_NONE)
        return add_text(in, subject, &proof, found);
    add(found, V3_CAUSE_WRONG_KEY, NULL);
    return 0;
}

static int tell_detail(const struct finding *found, struct buf *out)
{
    int err = buf_str(out, found->detail[0]);
    for (size_t i = 1; !err && i < found->count; i++) {
        err = buf_fmt(out, "%sbesides, %s", i > 1 || found->detail[0][0] ? "; " : "",
                      found->cause[i]->what);
        if (!err && found->detail[i][0])
            err = buf_fmt(out, " (%s)", found->detail[i]);
    }
    return err;
}

static int tell_text(const struct finding *found, struct buf *out)
{
    struct view text = buf_view(&found->signed_text);
    return utf8_broken_at(text) == SIZE_MAX ? buf_view_add(out, text) : 0;
}

const struct v3_cause *v3_hint_tell(const struct v3_hint_input *in,
                                    const struct v3_hint_subject *subject, struct buf *detail)
{
    struct finding found = { .signed_text = BUF_INIT(TEXT_MAX) };
    int err = 0;
    bool broken = v3_verify(in->key, subject->right, in->signature) == ERR_SIGNATURE;
    if (broken)
        err = explain(in, subject, &found);
    if (!err && broken && detail)
        err = tell_detail(&found, detail);
    if (!err && broken && in->signed_text)
        err = tell_text(&found, in->signed_text);
    buf_release(&found.signed_text);
    return err || !found.count ? NULL : found.cause[0];
}

/* ---- of a request ---------------------------------------------------------------------------- */

static int seek_request(const void *, const struct v3_hint_input *in, const struct v3_proof *proof,
                        struct v3_seen *seen, struct buf *text)
{
    struct v3_found what;
    int err = v3_text_find(in, proof, &what, text);
    *seen = (struct v3_seen){ .right = what.right,
                              .cause = { cause_of(what.cause[0]), cause_of(what.cause[1]) },
                              .detail = { what.detail[0], what.detail[1] } };
    return err;
}

const struct v3_cause *v3_hint_find(const struct v3_hint_input *in, struct buf *text,
                                    struct buf *detail)
{
    size_t from = text->len;
    if (v3_request_text(&in->request, text))
        return NULL;
    const struct v3_hint_subject subject = {
        .seek = seek_request,
        .right = { text->ptr + from, text->len - from },
        .other_text = &causes[V3_CAUSE_OTHER_TEXT],
    };
    return v3_hint_tell(in, &subject, detail);
}
