/*
 * Why a call-up's signature does not hold: the four lines as clients and servers that do it wrongly
 * write them. The signature is opened as that of a request is (v3_hint.c), so what is named has
 * been proved.
 */
#include "base/err.h"
#include "base/mem.h"
#include "wxpay/v3_callup_priv.h"

static const struct v3_cause causes[] = {
#define X(name, ...) [CALLUP_CAUSE_##name] = { __VA_ARGS__ },
    CALLUP_CAUSE_MAP(X)
#undef X
};

const struct v3_cause *v3_callup_causes(size_t *count)
{
    *count = COUNT(causes);
    return causes;
}

/* ---- texts ----------------------------------------------------------------------------------- */

struct layout {
    enum callup_cause cause;
    const char *detail, *between, *end;
    const char *order; /* digits: enum callup_part */
};

static const struct layout right = { CALLUP_CAUSE_NONE, NULL, "\n", "\n", "0123" };

#define PAIRED 5 /* the first so many are tried together with a mistake in a line */

static const struct layout layouts[] = {
    { CALLUP_CAUSE_NO_LAST_LF, NULL, "\n", "", "0123" },
    { CALLUP_CAUSE_CRLF, "CR LF", "\r\n", "\r\n", "0123" },
    { CALLUP_CAUSE_BACKSLASH_N, NULL, "\\n", "\\n", "0123" },
    { CALLUP_CAUSE_SIGN_TYPE, "behind the fourth line", "\n", "\n", "01234" },
    { CALLUP_CAUSE_EXTRA_LF, NULL, "\n", "\n\n", "0123" },
    { CALLUP_CAUSE_CRLF, "CR LF, none behind the last line", "\r\n", "", "0123" },
    { CALLUP_CAUSE_CRLF, "CR", "\r", "\r", "0123" },
    { CALLUP_CAUSE_BACKSLASH_N, "none behind the last line", "\\n", "", "0123" },
    { CALLUP_CAUSE_SIGN_TYPE, "and no line feed behind it", "\n", "", "01234" },
    { CALLUP_CAUSE_SIGN_TYPE, "in front of the fourth line", "\n", "\n", "01243" },
    { CALLUP_CAUSE_SIGN_TYPE, "in front", "\n", "\n", "40123" },
    { CALLUP_CAUSE_NOT_LINES, "nothing between them", "", "", "0123" },
    { CALLUP_CAUSE_NOT_LINES, "& between them", "&", "", "0123" },
    { CALLUP_CAUSE_NOT_LINES, "commas between them", ",", "", "0123" },
    { CALLUP_CAUSE_NOT_LINES, "blanks between them", " ", "", "0123" },
    { CALLUP_CAUSE_LINE_LEFT_OUT, "the appid's", "\n", "\n", "123" },
    { CALLUP_CAUSE_LINE_LEFT_OUT, "the timestamp's", "\n", "\n", "023" },
    { CALLUP_CAUSE_LINE_LEFT_OUT, "the nonce's", "\n", "\n", "013" },
    { CALLUP_CAUSE_LINE_LEFT_OUT, "the prepay_id's", "\n", "\n", "012" },
    { CALLUP_CAUSE_ALL_SIGNED, "in the order of the manual", "\n", "\n", "053621" },
    { CALLUP_CAUSE_ALL_SIGNED, "sorted", "\n", "\n", "026531" },
    { CALLUP_CAUSE_ALL_SIGNED, "the four and the partnerid", "\n", "\n", "01235" },
    { CALLUP_CAUSE_ALL_SIGNED, "appid, partnerid, prepay_id", "\n", "\n", "05312" },
};

#define PIECES_MAX 16

static bool hashes(struct callup_search *search, const struct view *piece, size_t count)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    bool ok = EVP_DigestInit_ex2(search->pen, search->md, NULL) == 1;
    for (size_t i = 0; ok && i < count; i++)
        ok = EVP_DigestUpdate(search->pen, piece[i].ptr, piece[i].len) == 1;
    if (!ok || EVP_DigestFinal_ex(search->pen, sum, &len) != 1) {
        search->err = ERR_CRYPTO;
        return false;
    }
    return v3_proof_fits(search->proof, sum, len);
}

static void tell(struct callup_search *search, enum callup_cause cause, const char *detail)
{
    size_t at = search->seen->cause[0] ? 1 : 0;
    if (cause == CALLUP_CAUSE_NONE)
        return;
    search->seen->cause[at] = &causes[cause];
    search->seen->detail[at] = detail;
}

static void keep(struct callup_search *search, const struct view *piece, size_t count)
{
    for (size_t i = 0; !search->err && search->text && i < count; i++)
        search->err = buf_view_add(search->text, piece[i]);
}

/* Does this text fit? Then it is told. @pick: of each line the alternative at this index. */
static bool fits(struct callup_search *search, const struct layout *layout,
                 const size_t pick[CALLUP_PARTS])
{
    struct view piece[PIECES_MAX];
    size_t count = 0;
    for (const char *at = layout->order; *at; at++) {
        size_t part = (size_t)(*at - '0');
        piece[count++] = search->alt[part][pick[part]].text;
        piece[count++] = view_str(at[1] ? layout->between : layout->end);
    }
    if (search->err || !hashes(search, piece, count))
        return false;
    for (size_t part = 0; part < CALLUP_LINES; part++)
        tell(search, search->alt[part][pick[part]].cause, search->alt[part][pick[part]].detail);
    tell(search, layout->cause, layout->detail);
    keep(search, piece, count);
    return true;
}

static bool find_right(struct callup_search *search)
{
    size_t pick[CALLUP_PARTS] = {};
    search->seen->right = fits(search, &right, pick);
    return search->seen->right;
}

static bool find_line(struct callup_search *search, const struct layout *layout)
{
    for (size_t part = 0; part < CALLUP_LINES; part++)
        for (size_t i = 1; i < search->count[part]; i++) {
            size_t pick[CALLUP_PARTS] = {};
            pick[part] = i;
            if (fits(search, layout, pick))
                return true;
        }
    return false;
}

static bool find_one(struct callup_search *search)
{
    size_t pick[CALLUP_PARTS] = {};
    for (size_t i = 0; i < COUNT(layouts); i++)
        if (fits(search, &layouts[i], pick))
            return true;
    return find_line(search, &right);
}

/* All orders of the four lines; @at of them are chosen. */
static bool find_order(struct callup_search *search, char order[CALLUP_LINES + 1], size_t at)
{
    static const char *const ends[] = { "\n", "" };
    size_t pick[CALLUP_PARTS] = {};
    for (size_t i = 0; at == CALLUP_LINES && i < COUNT(ends); i++) {
        struct layout layout = { CALLUP_CAUSE_LINE_ORDER, NULL, "\n", ends[i], order };
        if (fits(search, &layout, pick))
            return true;
    }
    for (size_t i = at; i < CALLUP_LINES; i++) {
        char kept = order[at];
        order[at] = order[i];
        order[i] = kept;
        bool found = find_order(search, order, at + 1);
        order[i] = order[at];
        order[at] = kept;
        if (found)
            return true;
    }
    return false;
}

static bool find_any_order(struct callup_search *search)
{
    char order[CALLUP_LINES + 1] = "0123";
    return find_order(search, order, 0);
}

/* "1790000000" is handed over, "1790000000123" was signed: a thousand texts. */
static bool find_milliseconds(struct callup_search *search)
{
    struct view lf = VIEW("\n"), stamp = search->alt[CALLUP_STAMP][0].text;
    struct view piece[] = {
        search->alt[CALLUP_APPID][0].text, lf, stamp, {}, lf, search->alt[CALLUP_NONCE][0].text, lf,
        search->alt[CALLUP_WHAT][0].text,  lf
    };
    char text[8];
    for (int i = 0; stamp.len == 10 && i < 1000; i++) {
        snprintf(text, sizeof(text), "%03d", i);
        piece[3] = view_str(text);
        if (!hashes(search, piece, COUNT(piece)))
            continue;
        tell(search, CALLUP_CAUSE_MILLISECONDS, "milliseconds were signed");
        keep(search, piece, COUNT(piece));
        return true;
    }
    return false;
}

static bool find_two(struct callup_search *search)
{
    for (size_t i = 0; i < PAIRED; i++)
        if (find_line(search, &layouts[i]))
            return true;
    for (size_t a = 0; a < CALLUP_LINES; a++)
        for (size_t b = a + 1; b < CALLUP_LINES; b++)
            for (size_t i = 1; i < search->count[a]; i++)
                for (size_t j = 1; j < search->count[b]; j++) {
                    size_t pick[CALLUP_PARTS] = {};
                    pick[a] = i;
                    pick[b] = j;
                    if (fits(search, &right, pick))
                        return true;
                }
    return false;
}

/* ---- V2's text ------------------------------------------------------------------------------- */

/* Names in byte order, as each kind spells them. */
static bool find_v2(struct callup_search *search)
{
    static const char *const jsapi[] = { "appId=", "&nonceStr=", "&package=", "&signType=",
                                         "&timeStamp=" };
    static const char *const app[] = { "appid=",      "&noncestr=", "&package=",
                                       "&partnerid=", "&prepayid=", "&timestamp=" };
    static const enum callup_part of_jsapi[] = { CALLUP_APPID, CALLUP_NONCE, CALLUP_PACKAGE,
                                                 CALLUP_TYPE, CALLUP_STAMP };
    static const enum callup_part of_app[] = { CALLUP_APPID,   CALLUP_NONCE, CALLUP_PACKAGE,
                                               CALLUP_PARTNER, CALLUP_WHAT,  CALLUP_STAMP };
    bool is_app = search->hint->callup->kind == CALLUP_APP;
    const struct view keys[] = { {}, search->in->api_key, search->in->apiv3_key };
    struct view piece[PIECES_MAX];
    size_t count = 0, names = is_app ? COUNT(app) : COUNT(jsapi);
    for (size_t i = 0; i < names; i++) {
        piece[count++] = view_str(is_app ? app[i] : jsapi[i]);
        piece[count++] = search->alt[is_app ? of_app[i] : of_jsapi[i]][0].text;
    }
    for (size_t i = 0; i < COUNT(keys); i++) {
        piece[count] = VIEW("&key=");
        piece[count + 1] = keys[i];
        if (!hashes(search, piece, keys[i].len ? count + 2 : count))
            continue;
        tell(search, CALLUP_CAUSE_V2_TEXT, keys[i].len ? "with a key behind it" : NULL);
        keep(search, piece, count);
        if (!search->err && search->text && keys[i].len)
            search->err = buf_str(search->text, "&key=(key)"); /* never shown */
        return true;
    }
    return false;
}

/* ---- the search ------------------------------------------------------------------------------ */

static int seek(const void *subject, const struct v3_hint_input *in, const struct v3_proof *proof,
                struct v3_seen *seen, struct buf *text)
{
    static bool (*const step[])(struct callup_search *) = { find_right,        find_one,
                                                            find_v2,           find_any_order,
                                                            find_milliseconds, find_two };
    struct callup_search *search;
    if (!proof->digest)
        return 0;
    search = mem_new(struct callup_search);
    if (!search)
        return ERR_NOMEM;
    search->hint = subject;
    search->in = in;
    search->proof = proof;
    search->seen = seen;
    search->text = text;
    search->md = EVP_MD_fetch(NULL, proof->digest, NULL);
    search->pen = EVP_MD_CTX_new();
    search->err = search->md && search->pen ? v3_callup_fill(search) : ERR_NOMEM;
    for (size_t i = 0; !search->err && i < COUNT(step); i++)
        if (step[i](search))
            break;
    int err = search->err;
    buf_release(&search->store);
    EVP_MD_free(search->md);
    EVP_MD_CTX_free(search->pen);
    mem_free(search);
    return err;
}

const struct v3_cause *v3_callup_hint_find(const struct v3_callup_hint *hint,
                                           const struct v3_hint_input *in, struct buf *text,
                                           struct buf *detail)
{
    struct v3_hint_input own = *in;
    size_t from = text->len;
    own.signature = hint->callup->sign;
    if (v3_callup_lines(hint->callup, hint->appid, text))
        return NULL;
    const struct v3_hint_subject subject = {
        .seek = seek,
        .what = hint,
        .right = { text->ptr + from, text->len - from },
        .other_text = &causes[CALLUP_CAUSE_OTHER_TEXT],
    };
    return v3_hint_tell(&own, &subject, detail);
}
