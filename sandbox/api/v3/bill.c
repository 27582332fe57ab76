/* GET /v3/bill/tradebill, /v3/billdownload/file — V3 4.5 */
#include "engine/bill.h"

#include "api/v3/api_v3.h"
#include "base/err.h"
#include "base/mem.h"

#include <stdio.h>
#include <zlib.h>

#define TOKEN_LIFE_MS (5 * 60 * 1000LL)
#define TOKEN_MAX     512
#define GZIP_WINDOW   (15 + 16) /* zlib.h: a gzip header instead of its own */

/* ---- what is asked for -------------------------------------------------------------------------- */

struct asked {
    int64_t day_ms;
    enum bill_kind kind;
    bool gzip;
};

/* A parameter that may be absent: then @out is "". False: it cannot be read. */
static bool get(struct call *call, const char *name, char *out, size_t size)
{
    out[0] = '\0';
    int err = v3_query_get(call, name, out, size);
    return !err || err == ERR_NOT_FOUND;
}

static const struct refusal *bad(struct call *call, const char *name, const char *rule)
{
    return call_refuse(call, REFUSE(V3_BILL_DATE), view_str(name), "V3 4.5: %s %s", name, rule);
}

/* Three months back, and not today; at nine the next day it is begun, at ten it is there. */
static const struct refusal *check_day(struct call *call, int64_t day_ms)
{
    int64_t end_ms = day_ms + BILL_DAY_MS;
    if (day_ms + BILL_KEPT_DAYS * BILL_DAY_MS < call->now_ms)
        return bad(call, "bill_date", "is more than three months ago");
    if (call->now_ms < end_ms)
        return bad(call, "bill_date", "is not over yet (Beijing time)");
    if (call->now_ms < end_ms + BILL_READY_MS)
        return call_refuse(call, REFUSE(BILL_EARLY), VIEW("bill_date"),
                           "V3 4.5: a bill can be fetched from 10:00 of the next day on");
    return NULL;
}

static bool kind_of(const char *text, enum bill_kind *out)
{
    *out = BILL_ALL;
    for (int i = 0; text[0] && bill_kind_names[i]; i++) {
        if (strcmp(text, bill_kind_names[i]) != 0)
            continue;
        *out = (enum bill_kind)i;
        return true;
    }
    return !text[0];
}

static const struct refusal *read_asked(struct call *call, struct asked *out)
{
    char date[16], kind[32], tar[16];
    if (!get(call, "bill_date", date, sizeof(date)) ||
        !get(call, "bill_type", kind, sizeof(kind)) || !get(call, "tar_type", tar, sizeof(tar)))
        return bad(call, "query", "cannot be read");
    if (bill_day_parse(view_str(date), &out->day_ms))
        return bad(call, "bill_date", "must be a day, yyyy-MM-DD");
    if (!kind_of(kind, &out->kind))
        return bad(call, "bill_type", "must be ALL, SUCCESS or REFUND");
    out->gzip = strcmp(tar, "GZIP") == 0;
    if (tar[0] && !out->gzip)
        return bad(call, "tar_type", "must be GZIP or absent");
    return check_day(call, out->day_ms);
}

static const struct refusal *make_bill(struct call *call, const struct asked *asked,
                                       struct buf *text)
{
    static const char mark[] = "\xef\xbb\xbf";
    size_t rows = 0;
    int err = call_chose(call, SWITCH_bill_mark, "present") ? buf_str(text, mark) : 0;
    if (!err)
        err = bill_trade(&call->sandbox->engine, call->account, asked->day_ms, asked->kind, text,
                         &rows);
    if (err)
        return REFUSE(SYSTEM_ERROR);
    return rows ? NULL
                : call_refuse(call, REFUSE(BILL_NONE), VIEW("bill_date"),
                              "V3 4.5: nothing of that kind happened on that day");
}

/* ---- the token: what was asked for, by whom and until when, sealed -------------------------------- */

static struct v3_seal seal_of(const struct call *call)
{
    return (struct v3_seal){ view_str(call->sandbox->bill_key), VIEW("bill token 1"), {} };
}

static int write_token(struct call *call, const struct asked *asked, struct buf *out)
{
    struct v3_seal seal = seal_of(call);
    struct buf plain = BUF_INIT(TOKEN_MAX), sealed = BUF_INIT(TOKEN_MAX);
    char serial[17]; /* two tokens for the same bill differ */
    rng_hex(&call->sandbox->rng, serial, 16);
    int err = buf_fmt(&plain, "%s %s %lld %d %d %lld", serial, call->account->mch_id,
                      (long long)asked->day_ms, asked->kind, asked->gzip,
                      (long long)(clock_real_ms() + TOKEN_LIFE_MS));
    if (!err)
        err = v3_seal(&seal, buf_view(&plain), &sealed);
    if (!err)
        err = buf_hex(out, sealed.ptr, sealed.len, false); /* base64 would need escapes */
    buf_release(&plain);
    buf_release(&sealed);
    return err;
}

static int nibble(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static int unhex(struct view text, struct buf *out)
{
    int err = text.len % 2 ? ERR_SYNTAX : 0;
    for (size_t i = 0; !err && i < text.len; i += 2) {
        int high = nibble(text.ptr[i]), low = nibble(text.ptr[i + 1]);
        err = high < 0 || low < 0 ? ERR_SYNTAX : buf_byte(out, (char)(high << 4 | low));
    }
    return err;
}

static int open_token(const struct call *call, struct view token, struct buf *plain)
{
    struct v3_seal seal = seal_of(call);
    struct buf sealed = BUF_INIT(TOKEN_MAX);
    int err = unhex(token, &sealed);
    if (!err)
        err = v3_unseal(&seal, buf_view(&sealed), plain);
    buf_release(&sealed);
    return err;
}

static const struct refusal *read_token(struct call *call, struct asked *out)
{
    struct buf plain = BUF_INIT(TOKEN_MAX);
    char token[2 * TOKEN_MAX], mch_id[MCH_ID_MAX + 1] = "";
    int kind = 0, gzip = 0, read = 0;
    long long day_ms = 0, until_ms = 0;
    const struct refusal *no = NULL;
    if (get(call, "token", token, sizeof(token)) && open_token(call, view_str(token), &plain) == 0)
        read = sscanf(buf_cstr(&plain), "%*16s %32s %lld %d %d %lld", mch_id, &day_ms, &kind, &gzip,
                      &until_ms);
    if (read != 5 || until_ms < clock_real_ms())
        no = call_refuse(call, REFUSE(V3_BILL_TOKEN), VIEW("token"), "V3 4.5: %s",
                         read == 5 ? "the token lives for 5 minutes"
                                   : "this token was not given out here");
    else if (strcmp(mch_id, call->account->mch_id) != 0)
        no = call_refuse(call, REFUSE(V3_BILL_OTHERS), VIEW("token"),
                         "V3 4.5: it was given to another merchant");
    *out = (struct asked){ day_ms, (enum bill_kind)kind, gzip };
    buf_release(&plain);
    return no;
}

/* ---- the two calls ------------------------------------------------------------------------------ */

static int fill_answer(struct call *call, const struct asked *asked, const struct buf *text)
{
    struct buf token = BUF_INIT(2 * TOKEN_MAX);
    char hash[V3_SHA1_LEN + 1];
    struct view host = http_header_get(http_call_request(call->http)->headers, "host");
    int err = v3_sha1(buf_view(text), hash);
    if (!err)
        err = write_token(call, asked, &token);
    if (!err)
        call->v3->out =
            json_pack("{s:s, s:s, s:o}", "hash_type", "SHA1", "hash_value", hash, "download_url",
                      json_sprintf("http://%.*s/v3/billdownload/file?token=%s", VIEW_ARG(host),
                                   buf_cstr(&token)));
    buf_release(&token);
    return err ? err : call->v3->out ? 0 : ERR_NOMEM;
}

const struct refusal *v3_trade_bill(struct call *call)
{
    struct asked asked = {};
    struct buf text = BUF_INIT(BILL_MAX);
    const struct refusal *no = read_asked(call, &asked);
    if (!no)
        no = make_bill(call, &asked, &text);
    if (!no && fill_answer(call, &asked, &text))
        no = REFUSE(SYSTEM_ERROR);
    buf_release(&text);
    return no;
}

/* As one gzip member, appended. */
static int compress_into(struct view text, struct buf *out)
{
    z_stream stream = {};
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return ERR_NOMEM;
    size_t bound = deflateBound(&stream, text.len);
    int err = buf_reserve(out, bound);
    if (!err) {
        stream.next_in = (unsigned char *)(uintptr_t)text.ptr;
        stream.avail_in = (unsigned)text.len;
        stream.next_out = (unsigned char *)out->ptr + out->len;
        stream.avail_out = (unsigned)bound;
        err = deflate(&stream, Z_FINISH) == Z_STREAM_END ? 0 : ERR_NOMEM;
        out->len += stream.total_out;
        out->ptr[out->len] = '\0';
    }
    deflateEnd(&stream);
    return err;
}

const struct refusal *v3_bill_file(struct call *call)
{
    struct asked asked = {};
    struct call_v3 *v3 = call->v3;
    struct buf text = BUF_INIT(BILL_MAX);
    const struct refusal *no = read_token(call, &asked);
    if (!no)
        no = make_bill(call, &asked, &text);
    if (!no && asked.gzip) {
        v3->file = BUF_INIT(BILL_MAX);
        no = compress_into(buf_view(&text), &v3->file) ? REFUSE(SYSTEM_ERROR) : NULL;
    } else if (!no) {
        v3->file = buf_take(&text);
    }
    v3->file_type = no ? NULL : asked.gzip ? "application/x-gzip" : "text/plain";
    buf_release(&text);
    return no;
}
