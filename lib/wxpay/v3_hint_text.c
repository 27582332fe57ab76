/*
 * Puts whole texts together and compares their digests with the one that was signed: one mistake
 * first, then two. No RSA is done here.
 */
#include "base/err.h"
#include "base/mem.h"
#include "wxpay/v3_hint_priv.h"

#include <openssl/err.h>
#include <openssl/evp.h>

/* Bytes hashed for one hint: some thousand texts of a usual request. */
#define BUDGET (2 * 1024 * 1024)

/* ---- lines ----------------------------------------------------------------------------------- */

/* How the parts are put together. */
struct layout {
    enum v3_cause_id cause;
    const char *detail;
    const char *between, *end;
    const char *order; /* digits: enum v3_part */
};

static const struct layout right = { V3_CAUSE_NONE, NULL, "\n", "\n", "01234" };

#define PAIRED 11 /* the first so many are tried together with a mistake in a part */

static const struct layout layouts[] = {
    { V3_CAUSE_NO_LAST_LF, NULL, "\n", "", "01234" },
    { V3_CAUSE_CRLF, "CR LF", "\r\n", "\r\n", "01234" },
    { V3_CAUSE_CRLF, "CR LF, none behind the last line", "\r\n", "", "01234" },
    { V3_CAUSE_BACKSLASH_N, NULL, "\\n", "\\n", "01234" },
    { V3_CAUSE_BACKSLASH_N, "none behind the last line", "\\n", "", "01234" },
    { V3_CAUSE_EXTRA_LF, NULL, "\n", "\n\n", "01234" },
    { V3_CAUSE_STAMP_NONCE, NULL, "\n", "\n", "01324" },
    { V3_CAUSE_STAMP_NONCE, "and no line feed behind the last line", "\n", "", "01324" },
    { V3_CAUSE_ANSWER_TEXT, NULL, "\n", "\n", "234" },
    { V3_CAUSE_ANSWER_TEXT, "and no line feed behind the last line", "\n", "", "234" },
    { V3_CAUSE_LINE_LEFT_OUT, "the body's", "\n", "\n", "0123" },
    { V3_CAUSE_LINE_LEFT_OUT, "the body's", "\n", "", "0123" },
    { V3_CAUSE_LINE_LEFT_OUT, "the method's", "\n", "\n", "1234" },
    { V3_CAUSE_LINE_LEFT_OUT, "the method's", "\n", "", "1234" },
    { V3_CAUSE_LINE_LEFT_OUT, "the target's", "\n", "\n", "0234" },
    { V3_CAUSE_LINE_LEFT_OUT, "the target's", "\n", "", "0234" },
    { V3_CAUSE_LINE_LEFT_OUT, "the timestamp's", "\n", "\n", "0134" },
    { V3_CAUSE_LINE_LEFT_OUT, "the timestamp's", "\n", "", "0134" },
    { V3_CAUSE_LINE_LEFT_OUT, "the nonce's", "\n", "\n", "0124" },
    { V3_CAUSE_LINE_LEFT_OUT, "the nonce's", "\n", "", "0124" },
    { V3_CAUSE_LINE_LEFT_OUT, "all but the body's", "\n", "\n", "4" },
    { V3_CAUSE_LINE_LEFT_OUT, "all but the body's", "\n", "", "4" },
    { V3_CAUSE_CRLF, "CR", "\r", "\r", "01234" },
    { V3_CAUSE_CRLF, "CR LF behind the last line", "\n", "\r\n", "01234" },
    { V3_CAUSE_NOT_LINES, "nothing between them", "", "", "01234" },
    { V3_CAUSE_NOT_LINES, "nothing between them", "", "\n", "01234" },
    { V3_CAUSE_NOT_LINES, "blanks between them", " ", "", "01234" },
    { V3_CAUSE_NOT_LINES, "blanks between them", " ", " ", "01234" },
    { V3_CAUSE_NOT_LINES, "blanks between them", " ", "\n", "01234" },
    { V3_CAUSE_NOT_LINES, "& between them", "&", "", "01234" },
    { V3_CAUSE_NOT_LINES, "commas between them", ",", "", "01234" },
    { V3_CAUSE_NOT_LINES, "/n between them", "/n", "/n", "01234" },
    { V3_CAUSE_NOT_LINES, "two line feeds between them", "\n\n", "\n", "01234" },
    { V3_CAUSE_NOT_LINES, "<br> between them", "<br>", "<br>", "01234" },
    { V3_CAUSE_LINE_BLANKS, "at the ends", " \n", " \n", "01234" },
    { V3_CAUSE_LINE_BLANKS, "at the ends", " \n", "\n", "01234" },
    { V3_CAUSE_LINE_BLANKS, "at the beginnings", "\n ", "\n", "01234" },
    { V3_CAUSE_LINE_BLANKS, "at the beginnings", "\n ", "\n ", "01234" },
    { V3_CAUSE_LINE_BLANKS, "2 at the beginnings", "\n  ", "\n", "01234" },
    { V3_CAUSE_LINE_BLANKS, "4 at the beginnings", "\n    ", "\n", "01234" },
    { V3_CAUSE_LINE_BLANKS, "4 at the beginnings", "\n    ", "\n    ", "01234" },
    { V3_CAUSE_LINE_BLANKS, "8 at the beginnings", "\n        ", "\n", "01234" },
    { V3_CAUSE_LINE_BLANKS, "8 at the beginnings", "\n        ", "\n        ", "01234" },
};

struct search {
    const struct v3_hint_input *in;
    const struct v3_proof *proof;
    struct v3_alts *alts;
    struct v3_found *found;
    struct buf *text; /* of the caller */
    EVP_MD *md;
    EVP_MD_CTX *pen;
    size_t budget;
    int err;
};

/* One text: a layout, and of each part the alternative at this index. */
struct choice {
    const struct layout *layout;
    size_t pick[PARTS];
};

#define PIECES_MAX (2 * PARTS)

static size_t pieces_of(const struct search *search, const struct choice *choice,
                        struct view out[PIECES_MAX])
{
    size_t count = 0;
    for (const char *at = choice->layout->order; *at; at++) {
        enum v3_part part = (enum v3_part)(*at - '0');
        out[count++] = v3_alt_view(search->alts, part, choice->pick[part]);
        out[count++] = view_str(at[1] ? choice->layout->between : choice->layout->end);
    }
    return count;
}

static bool hashes(struct search *search, const struct view *piece, size_t count)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    size_t total = 64; /* a text costs something even if it is short */
    for (size_t i = 0; i < count; i++)
        total += piece[i].len;
    if (total > search->budget) {
        search->budget = 0;
        return false;
    }
    search->budget -= total;
    bool ok = EVP_DigestInit_ex2(search->pen, search->md, NULL) == 1;
    for (size_t i = 0; ok && i < count; i++)
        ok = EVP_DigestUpdate(search->pen, piece[i].ptr, piece[i].len) == 1;
    if (!ok || EVP_DigestFinal_ex(search->pen, sum, &len) != 1) {
        search->err = ERR_CRYPTO;
        return false;
    }
    return v3_proof_fits(search->proof, sum, len);
}

static void tell(struct search *search, enum v3_cause_id cause, const char *detail)
{
    struct v3_found *found = search->found;
    size_t at = found->cause[0] == V3_CAUSE_NONE ? 0 : 1;
    if (cause == V3_CAUSE_NONE)
        return;
    found->cause[at] = cause;
    found->detail[at] = detail;
}

/* Does this text fit? Then it is told. */
static bool fits(struct search *search, const struct choice *choice)
{
    struct view piece[PIECES_MAX];
    size_t count = pieces_of(search, choice, piece);
    if (search->err || !search->budget || !hashes(search, piece, count))
        return false;
    for (size_t part = 0; part < PARTS; part++) {
        const struct v3_alt *alt = &search->alts->alt[part][choice->pick[part]];
        tell(search, alt->cause, alt->detail);
    }
    tell(search, choice->layout->cause, choice->layout->detail);
    for (size_t i = 0; !search->err && search->text && i < count; i++)
        search->err = buf_view_add(search->text, piece[i]);
    return true;
}

/* ---- one mistake ----------------------------------------------------------------------------- */

static bool find_right(struct search *search)
{
    struct choice choice = { .layout = &right };
    search->found->right = fits(search, &choice);
    return search->found->right;
}

static bool find_layout(struct search *search)
{
    for (size_t i = 0; i < COUNT(layouts); i++) {
        struct choice choice = { .layout = &layouts[i] };
        if (fits(search, &choice))
            return true;
    }
    return false;
}

static bool find_part(struct search *search)
{
    for (size_t part = 0; part < PARTS; part++)
        for (size_t i = 1; i < search->alts->count[part]; i++) {
            struct choice choice = { .layout = &right };
            choice.pick[part] = i;
            if (fits(search, &choice))
                return true;
        }
    return false;
}

/* All orders of the five lines; @at of them are chosen. */
static bool find_order(struct search *search, char order[PARTS + 1], size_t at)
{
    static const char *const ends[] = { "\n", "" };
    for (size_t i = 0; at == PARTS && i < COUNT(ends); i++) {
        struct layout layout = { V3_CAUSE_LINE_ORDER, NULL, "\n", ends[i], order };
        struct choice choice = { .layout = &layout };
        if (fits(search, &choice))
            return true;
    }
    for (size_t i = at; i < PARTS; i++) {
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

static bool find_any_order(struct search *search)
{
    char order[PARTS + 1] = "01234";
    return find_order(search, order, 0);
}

/* "1790000000" was sent, "1790000000123" signed: a thousand texts. */
static bool find_milliseconds(struct search *search)
{
    struct view stamp = search->in->request.timestamp, piece[PIECES_MAX];
    struct choice choice = { .layout = &right };
    size_t total = 64, count = pieces_of(search, &choice, piece);
    char text[32];
    for (size_t i = 0; i < count; i++)
        total += piece[i].len;
    if (stamp.len != 10 || total * 1000 > search->budget)
        return false;
    for (int i = 0; i < 1000; i++) {
        snprintf(text, sizeof(text), "%.*s%03d", VIEW_ARG(stamp), i);
        piece[2 * PART_STAMP] = view_str(text);
        if (!hashes(search, piece, count))
            continue;
        tell(search, V3_CAUSE_MILLISECONDS, "milliseconds in the signed text only");
        for (size_t at = 0; !search->err && search->text && at < count; at++)
            search->err = buf_view_add(search->text, piece[at]);
        return true;
    }
    return false;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool find_whole(struct search *search)
{
    struct buf made = BUF_INIT(V3_ALTS_BYTES);
    bool found = false;
    const struct v3_whole *whole;
    if (search->in->request.body.len * 32 > search->budget)
        return false; /* not even built: each of them is as long as the body */
    for (size_t i = 0; !found && !search->err && (whole = v3_whole_at(i)) != NULL; i++) {
        buf_clear(&made);
        int err = whole->make(search->in, whole->style, false, &made);
        struct view text = buf_view(&made);
        if (err == ERR_NOMEM)
            search->err = err;
        found = !err && hashes(search, &text, 1);
        mem_wipe(made.ptr, made.cap);
        if (!found)
            continue;
        tell(search, whole->cause, whole->detail);
        buf_clear(&made);
        search->err = whole->make(search->in, whole->style, true, &made);
        if (!search->err && search->text)
            search->err = buf_view_add(search->text, buf_view(&made));
    }
    buf_release(&made);
    return found;
}

/* ---- two mistakes ---------------------------------------------------------------------------- */

/* So many of each part's, the usual ones, take part in pairs. */
static const size_t paired[PARTS] = { 4, 24, 3, 4, 60 };

static size_t pairs_of(const struct search *search, enum v3_part part)
{
    size_t count = search->alts->count[part];
    return count < paired[part] ? count : paired[part];
}

static bool find_layout_and(struct search *search, enum v3_part part)
{
    for (size_t i = 0; i < PAIRED; i++)
        for (size_t at = 1; search->budget && at < pairs_of(search, part); at++) {
            struct choice choice = { .layout = &layouts[i] };
            choice.pick[part] = at;
            if (fits(search, &choice))
                return true;
        }
    return false;
}

static bool find_both(struct search *search, enum v3_part a, enum v3_part b)
{
    for (size_t i = 1; i < pairs_of(search, a); i++)
        for (size_t at = 1; search->budget && at < pairs_of(search, b); at++) {
            struct choice choice = { .layout = &right };
            choice.pick[a] = i;
            choice.pick[b] = at;
            if (fits(search, &choice))
                return true;
        }
    return false;
}

static bool find_two(struct search *search)
{
    static const enum v3_part alone[] = { PART_TARGET, PART_METHOD, PART_STAMP, PART_NONCE,
                                          PART_BODY };
    static const enum v3_part both[][2] = {
        { PART_METHOD, PART_TARGET }, { PART_METHOD, PART_BODY }, { PART_METHOD, PART_STAMP },
        { PART_METHOD, PART_NONCE },  { PART_STAMP, PART_NONCE }, { PART_STAMP, PART_TARGET },
        { PART_NONCE, PART_TARGET },  { PART_TARGET, PART_BODY }, { PART_STAMP, PART_BODY },
        { PART_NONCE, PART_BODY },
    };
    for (size_t i = 0; i < COUNT(alone); i++)
        if (find_layout_and(search, alone[i]))
            return true;
    for (size_t i = 0; i < COUNT(both); i++)
        if (find_both(search, both[i][0], both[i][1]))
            return true;
    return false;
}

static void find(struct search *search)
{
    static bool (*const step[])(struct search *) = { find_right, find_layout,    find_part,
                                                     find_whole, find_any_order, find_milliseconds,
                                                     find_two };
    for (size_t part = 0; part < PARTS; part++)
        if (!search->alts->count[part])
            return; /* too long even as it is */
    for (size_t i = 0; !search->err && i < COUNT(step); i++)
        if (step[i](search))
            return;
}

int v3_text_find(const struct v3_hint_input *in, const struct v3_proof *proof,
                 struct v3_found *found, struct buf *text)
{
    struct search search = { .in = in, .proof = proof, .found = found, .text = text };
    *found = (struct v3_found){ .cause = { V3_CAUSE_NONE, V3_CAUSE_NONE } };
    if (!proof->digest)
        return 0;
    search.budget = BUDGET;
    search.alts = mem_new(struct v3_alts);
    search.md = EVP_MD_fetch(NULL, proof->digest, NULL);
    search.pen = EVP_MD_CTX_new();
    if (!search.alts || !search.md || !search.pen) {
        search.err = ERR_NOMEM;
    } else {
        search.alts->in = in;
        v3_alts_fill(search.alts);
        search.err = search.alts->err;
    }
    if (!search.err)
        find(&search);
    if (search.alts)
        buf_release(&search.alts->store);
    mem_free(search.alts);
    EVP_MD_free(search.md);
    EVP_MD_CTX_free(search.pen);
    ERR_clear_error();
    return search.err;
}
