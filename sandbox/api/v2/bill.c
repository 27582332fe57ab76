/* POST /pay/downloadbill, /pay/downloadfundflow — V2 3.7, 3.8 */
#include "engine/bill.h"

#include "api/v2/api_v2.h"
#include "base/err.h"
#include "base/mem.h"
#include "gzip.h"
#include "wxpay/v3_seal.h"

#include <stdio.h>

/* Of trades: the three that V3 has, and refunds from the recharged account, which nothing fills. */
static const char *const bill_types[] = { "ALL", "SUCCESS", "REFUND", "RECHARGE_REFUND" };
static const char *const account_types[] = { "Basic", "Operation", "Fees" };

static size_t index_of(struct view text, const char *const *names, size_t count)
{
    size_t i = 0;
    while (i < count && !view_is(text, names[i]))
        i++;
    return i;
}

/* "20261124" begins where? */
static int day_of(struct view date, int64_t *day_ms)
{
    char full[CN_TIME_LEN + 1];
    if (date.len != 8)
        return ERR_SYNTAX;
    snprintf(full, sizeof(full), "%.*s000000", VIEW_ARG(date));
    return cn_time_parse_14(full, CN_TIME_LEN, day_ms);
}

static const struct refusal *rule_bill_date(struct call *call, const struct field *field,
                                            struct view value)
{
    int64_t day_ms;
    return day_of(value, &day_ms) ? field_bad(call, field, "must be a day, yyyyMMdd") : NULL;
}

static const struct refusal *rule_bill_type(struct call *call, const struct field *field,
                                            struct view value)
{
    if (index_of(value, bill_types, COUNT(bill_types)) < COUNT(bill_types))
        return NULL;
    return call_refuse(call, REFUSE(BAD_BILL_TYPE), view_str(field->name),
                       "%s: ALL, SUCCESS, REFUND or RECHARGE_REFUND", field->clause);
}

static const struct refusal *rule_account_type(struct call *call, const struct field *field,
                                               struct view value)
{
    if (index_of(value, account_types, COUNT(account_types)) < COUNT(account_types))
        return NULL;
    return field_bad(call, field, "Basic, Operation or Fees");
}

static const struct refusal *rule_tar_type(struct call *call, const struct field *field,
                                           struct view value)
{
    return view_is(value, "GZIP") ? NULL : field_bad(call, field, "GZIP or absent");
}

const struct field v2_downloadbill_fields[V2_DOWNLOADBILL_FIELDS] = {
    V2_COMMON_FIELDS,
    { "V2 3.7 bill_date", "bill_date", FIELD_REQUIRED, 8, false, rule_bill_date },
    { "V2 3.7 bill_type", "bill_type", FIELD_OPTIONAL, 32, false, rule_bill_type },
    { "V2 3.7 tar_type", "tar_type", FIELD_OPTIONAL, 8, false, rule_tar_type },
    { "V2 3.7 device_info", "device_info", FIELD_OPTIONAL, 32, false, NULL },
};

const struct field v2_downloadfundflow_fields[V2_FUNDFLOW_FIELDS] = {
    V2_COMMON_FIELDS,
    { "V2 3.8 bill_date", "bill_date", FIELD_REQUIRED, 8, false, rule_bill_date },
    { "V2 3.8 account_type", "account_type", FIELD_REQUIRED, 32, false, rule_account_type },
    { "V2 3.8 tar_type", "tar_type", FIELD_OPTIONAL, 8, false, rule_tar_type },
};

/* Three months back; made from nine o'clock of the next day on, there at ten. */
static const struct refusal *check_day(struct call *call, int64_t day_ms)
{
    int64_t end_ms = day_ms + BILL_DAY_MS;
    if (day_ms + BILL_KEPT_DAYS * BILL_DAY_MS < call->now_ms)
        return call_refuse(call, REFUSE(BILL_NONE), VIEW("bill_date"),
                           "V2 3.7: bill_date is more than three months ago");
    if (call->now_ms < end_ms)
        return call_refuse(call, REFUSE(BILL_NONE), VIEW("bill_date"),
                           "V2 3.7: bill_date is not over yet (Beijing time)");
    if (call->now_ms < end_ms + BILL_READY_MS)
        return call_refuse(call, REFUSE(BILL_EARLY), VIEW("bill_date"),
                           "V2 3.7: a bill can be fetched from 10:00 of the next day on");
    return NULL;
}

/* @err and @rows of what was written. */
static const struct refusal *check_made(struct call *call, int err, size_t rows)
{
    if (err)
        return call_refuse(call, REFUSE(SYSTEM_ERROR), VIEW("bill_date"), "no bill was made: %s",
                           err_text(err));
    return rows ? NULL
                : call_refuse(call, REFUSE(BILL_NONE), VIEW("bill_date"),
                              "V2 3.7: nothing of that kind happened on that day");
}

/* The text, or the text packed, is the answer. */
static const struct refusal *send_file(struct call *call, struct buf *text)
{
    struct buf file = BUF_INIT(BILL_MAX);
    bool gzip = v2_msg_filled(&call->in, "tar_type");
    int err = gzip ? gzip_add(buf_view(text), &file) : 0;
    if (err) {
        buf_release(&file);
        return REFUSE(SYSTEM_ERROR);
    }
    buf_release(&call->body);
    call->body = gzip ? buf_take(&file) : buf_take(text);
    buf_release(&file);
    if (gzip)
        call->header[0] = (struct http_header){ VIEW("Content-Type"), VIEW("application/x-gzip") };
    return NULL;
}

const struct refusal *v2_downloadbill(struct call *call)
{
    struct view type = v2_msg_get(&call->in, "bill_type");
    size_t which = type.len ? index_of(type, bill_types, COUNT(bill_types)) : 0;
    struct buf text = BUF_INIT(BILL_MAX);
    int64_t day_ms = 0;
    size_t rows = 0;
    int err = day_of(v2_msg_get(&call->in, "bill_date"), &day_ms);
    const struct refusal *no = err ? REFUSE(BAD_FIELD) : check_day(call, day_ms);
    if (no)
        return no;
    err = buf_str(&text, "\xef\xbb\xbf"); /* interop: one client cuts off three bytes */
    if (!err && which < 3)
        err = bill_trade(&call->sandbox->engine, call->account,
                         &(struct bill_spec){ .day_ms = day_ms, .kind = (enum bill_kind)which },
                         &text, &rows);
    no = check_made(call, err, rows);
    if (!no)
        no = send_file(call, &text);
    buf_release(&text);
    return no;
}

/* V2 3.8: of the text, not of what it is packed into. */
static int add_digest(struct call *call, const struct buf *text)
{
    char hash[V3_SHA1_LEN + 1];
    int err = v3_sha1(buf_view(text), hash);
    if (err)
        return err;
    snprintf(call->header_text, sizeof(call->header_text), "SHA=%s", hash);
    call->header[1] = (struct http_header){ VIEW("Digest"), view_str(call->header_text) };
    return 0;
}

const struct refusal *v2_downloadfundflow(struct call *call)
{
    struct view type = v2_msg_get(&call->in, "account_type");
    struct buf text = BUF_INIT(BILL_MAX);
    int64_t day_ms = 0;
    size_t rows = 0;
    field_remark_certificate(call);
    if (call->sign_type != V2_HMAC_SHA256)
        return call_refuse(call, REFUSE(BAD_SIGN_TYPE), VIEW("sign_type"),
                           "V2 3.8: sign_type must be HMAC-SHA256");
    int err = day_of(v2_msg_get(&call->in, "bill_date"), &day_ms);
    const struct refusal *no = err ? REFUSE(BAD_FIELD) : check_day(call, day_ms);
    if (no)
        return no;
    err = buf_str(&text, "\xef\xbb\xbf");
    if (!err)
        err = bill_fund(&call->sandbox->engine, call->account, day_ms,
                        (enum bill_account)index_of(type, account_types, COUNT(account_types)),
                        &text, &rows);
    no = check_made(call, err, rows);
    if (!no && add_digest(call, &text))
        no = REFUSE(SYSTEM_ERROR);
    if (!no)
        no = send_file(call, &text);
    if (no)
        call->header[1] = (struct http_header){};
    buf_release(&text);
    return no;
}
