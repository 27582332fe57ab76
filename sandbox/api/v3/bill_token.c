/* What was asked for, by whom and until when, sealed: nothing of it needs to be kept — V3 4.5 */
#include "api/v3/bill_token.h"

#include "api/v3/fields.h"
#include "base/err.h"
#include "wxpay/v3_seal.h"

#include <stdio.h>

#define TOKEN_MAX 512

static struct v3_seal seal_of(const struct call *call)
{
    return (struct v3_seal){ view_str(call->sandbox->bill_key), VIEW("bill token 1"), {} };
}

int bill_token_write(struct call *call, const struct bill_asked *asked, struct buf *out)
{
    struct v3_seal seal = seal_of(call);
    struct buf plain = BUF_INIT(TOKEN_MAX), sealed = BUF_INIT(TOKEN_MAX);
    int err =
        buf_fmt(&plain, "%s %s %lld %d %d %d %lld %s", asked->serial, call->account->mch_id,
                (long long)asked->day_ms, asked->fund, asked->which, asked->gzip,
                (long long)(clock_real_ms() + TOKEN_LIFE_MS), asked->sub[0] ? asked->sub : "-");
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

const struct refusal *bill_token_read(struct call *call, struct bill_asked *out)
{
    struct buf plain = BUF_INIT(TOKEN_MAX);
    char token[2 * TOKEN_MAX], mch_id[MCH_ID_MAX + 1] = "";
    int fund = 0, which = 0, gzip = 0, read = 0;
    long long day_ms = 0, until_ms = 0;
    const struct refusal *no = NULL;
    *out = (struct bill_asked){};
    if (v3_query_get(call, "token", token, sizeof(token)) == 0 &&
        open_token(call, view_str(token), &plain) == 0)
        read = sscanf(buf_cstr(&plain), "%16s %32s %lld %d %d %d %lld %32s", out->serial, mch_id,
                      &day_ms, &fund, &which, &gzip, &until_ms, out->sub);
    if (read != 8 || until_ms < clock_real_ms())
        no = call_refuse(call, REFUSE(V3_BILL_TOKEN), VIEW("token"), "V3 4.5: %s",
                         read == 8 ? "the token lives for 5 minutes"
                                   : "this token was not given out here");
    else if (strcmp(mch_id, call->account->mch_id) != 0)
        no = call_refuse(call, REFUSE(V3_BILL_OTHERS), VIEW("token"),
                         "V3 4.5: it was given to another merchant");
    out->day_ms = day_ms;
    if (strcmp(out->sub, "-") == 0)
        out->sub[0] = '\0';
    out->fund = fund;
    out->which = which;
    out->gzip = gzip;
    buf_release(&plain);
    return no;
}
