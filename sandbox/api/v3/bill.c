/* GET /v3/bill/tradebill, /v3/bill/fundflowbill, /v3/billdownload/file — V3 4.5 */
#include "engine/bill.h"

#include "api/v3/bill_shelf.h"
#include "api/v3/bill_token.h"
#include "api/v3/partner.h"
#include "base/err.h"
#include "base/mem.h"
#include "gzip.h"

/* ---- what is asked for -------------------------------------------------------------------------- */

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

/* Index in @names; the first for "". -1: none of them. */
static int index_of(const char *text, const char *const *names)
{
    for (int i = 0; names[i]; i++)
        if (!text[0] || strcmp(names[i], text) == 0)
            return i;
    return -1;
}

static const struct refusal *read_asked(struct call *call, bool fund, struct bill_asked *out)
{
    const char *name = fund ? "account_type" : "bill_type";
    char date[16], which[32], tar[16];
    if (!get(call, "bill_date", date, sizeof(date)) || !get(call, name, which, sizeof(which)) ||
        !get(call, "tar_type", tar, sizeof(tar)))
        return bad(call, "query", "cannot be read");
    if (bill_day_parse(view_str(date), &out->day_ms))
        return bad(call, "bill_date", "must be a day, yyyy-MM-DD");
    out->fund = fund;
    out->which = index_of(which, fund ? bill_account_names : bill_kind_names);
    if (out->which < 0)
        return bad(call, name,
                   fund ? "must be BASIC, OPERATION or FEES" : "must be ALL, SUCCESS or REFUND");
    out->gzip = strcmp(tar, "GZIP") == 0;
    if (tar[0] && !out->gzip)
        return bad(call, "tar_type", "must be GZIP or absent");
    return check_day(call, out->day_ms);
}

/* V3 4.8: a provider may ask for one of its sub-merchants alone. */
static const struct refusal *read_sub(struct call *call, struct bill_asked *out)
{
    if (!get(call, "sub_mchid", out->sub, sizeof(out->sub)))
        return bad(call, "sub_mchid", "cannot be read");
    if (out->sub[0] && out->fund)
        return bad(call, "sub_mchid", "is for trade bills: the money flows through the provider");
    return out->sub[0] ? v3_check_sub(call, view_str(out->sub)) : NULL;
}

static int write_bill(struct call *call, const struct bill_asked *asked, struct buf *text,
                      size_t *rows)
{
    struct engine *engine = &call->sandbox->engine;
    static const char mark[] = "\xef\xbb\xbf";
    int err = call_chose(call, SWITCH_bill_mark, "present") ? buf_str(text, mark) : 0;
    if (err)
        return err;
    const struct bill_spec spec = { asked->day_ms, (enum bill_kind)asked->which,
                                    view_str(asked->sub) };
    return asked->fund ? bill_fund(engine, call->account, asked->day_ms,
                                   (enum bill_account)asked->which, text, rows)
                       : bill_trade(engine, call->account, &spec, text, rows);
}

static const struct refusal *make_bill(struct call *call, const struct bill_asked *asked,
                                       struct buf *text)
{
    size_t rows = 0;
    int err = write_bill(call, asked, text, &rows);
    if (err == ERR_LIMIT || err == ERR_TOO_LONG)
        return call_refuse(call, REFUSE(V3_BILL_TOO_LONG), VIEW("bill_date"),
                           "the sandbox makes bills of at most %d trades and %d MiB", BILL_ROWS_MAX,
                           BILL_MAX >> 20);
    if (err)
        return REFUSE(SYSTEM_ERROR);
    return rows ? NULL
                : call_refuse(call, REFUSE(BILL_NONE), VIEW("bill_date"),
                              "V3 4.5: nothing of that kind happened on that day");
}

/* ---- the calls ------------------------------------------------------------------------------ */

static int fill_answer(struct call *call, const struct bill_asked *asked, const struct buf *text)
{
    struct buf token = BUF_INIT(TOKEN_TEXT_MAX);
    char hash[V3_SHA1_LEN + 1];
    struct view host = http_header_get(http_call_request(call->http)->headers, "host");
    int err = v3_sha1(buf_view(text), hash);
    if (!err)
        err = bill_token_write(call, asked, &token);
    if (!err)
        call->v3->out =
            json_pack("{s:s, s:s, s:o}", "hash_type", "SHA1", "hash_value", hash, "download_url",
                      json_sprintf("http://%.*s/v3/billdownload/file?token=%s", VIEW_ARG(host),
                                   buf_cstr(&token)));
    buf_release(&token);
    return err ? err : call->v3->out ? 0 : ERR_NOMEM;
}

static const struct refusal *answer(struct call *call, bool fund)
{
    struct sandbox *sandbox = call->sandbox;
    struct bill_asked asked = {};
    struct buf text = BUF_INIT(BILL_MAX);
    const struct refusal *no = read_asked(call, fund, &asked);
    if (!no)
        no = read_sub(call, &asked);
    rng_hex(&sandbox->rng, asked.serial, TOKEN_SERIAL_LEN);
    if (!no)
        no = make_bill(call, &asked, &text);
    if (!no && fill_answer(call, &asked, &text))
        no = REFUSE(SYSTEM_ERROR);
    if (!no)
        bill_shelf_put(sandbox->bills, asked.serial, &text, clock_real_ms() + TOKEN_LIFE_MS);
    buf_release(&text);
    return no;
}

const struct refusal *v3_trade_bill(struct call *call)
{
    return answer(call, false);
}

const struct refusal *v3_fund_bill(struct call *call)
{
    return answer(call, true);
}

/* As it was hashed; made again when it is not kept any more. */
static const struct refusal *find_bill(struct call *call, const struct bill_asked *asked,
                                       struct buf *text)
{
    const struct buf *kept = bill_shelf_get(call->sandbox->bills, asked->serial);
    if (!kept)
        return make_bill(call, asked, text);
    return buf_view_add(text, buf_view(kept)) ? REFUSE(SYSTEM_ERROR) : NULL;
}

const struct refusal *v3_bill_file(struct call *call)
{
    struct bill_asked asked = {};
    struct call_v3 *v3 = call->v3;
    struct buf text = BUF_INIT(BILL_MAX);
    const struct refusal *no = bill_token_read(call, &asked);
    if (!no)
        no = find_bill(call, &asked, &text);
    if (!no && asked.gzip) {
        v3->file = BUF_INIT(BILL_MAX);
        no = gzip_add(buf_view(&text), &v3->file) ? REFUSE(SYSTEM_ERROR) : NULL;
    } else if (!no) {
        v3->file = buf_take(&text);
    }
    v3->file_type = no ? NULL : asked.gzip ? "application/x-gzip" : "text/plain";
    buf_release(&text);
    return no;
}
