#include "base/err.h"
#include "store/sql.h"

/* Coupons lie in one column: "CASH 10 2000000001;NO_CASH 5 2000000002". */
#define COUPONS_TEXT_MAX 512

static int write_coupons(const struct payment_row *row, struct buf *out)
{
    int err = 0;
    for (size_t i = 0; !err && i < row->coupon_count; i++) {
        const struct coupon *coupon = &row->coupon[i];
        err = buf_fmt(out, "%s%s %lld %s", i ? ";" : "", coupon->cash ? "CASH" : "NO_CASH",
                      (long long)coupon->fee_fen, coupon->id);
    }
    return err;
}

static int read_coupons(struct view text, struct payment_row *out)
{
    out->coupon_count = 0;
    while (text.len) {
        struct view fee, id;
        struct view kind = view_cut(view_cut(text, ';', &text), ' ', &fee);
        if (out->coupon_count == COUPONS_MAX)
            return ERR_STORE;
        struct coupon *coupon = &out->coupon[out->coupon_count++];
        coupon->cash = view_eq(kind, VIEW("CASH"));
        if (view_to_i64(view_cut(fee, ' ', &id), INT64_MAX, &coupon->fee_fen) ||
            view_copy(id, coupon->id, sizeof(coupon->id)))
            return ERR_STORE;
    }
    return 0;
}

int payment_insert(struct store *store, const struct payment_row *row)
{
    struct buf coupons = BUF_INIT(COUPONS_TEXT_MAX);
    int err = write_coupons(row, &coupons);
    if (err)
        goto out;
    struct sql sql = sql_start(store, SQL_PAYMENT_INSERT);
    sql_put_int(&sql, row->order_id);
    sql_put_int(&sql, row->account_id);
    sql_put_text(&sql, row->transaction_id);
    sql_put_text(&sql, row->openid);
    sql_put_text(&sql, row->bank_type);
    sql_put_int(&sql, row->paid_ms);
    sql_put_int(&sql, row->cash_fen);
    sql_put_view(&sql, buf_view(&coupons));
    err = sql_change(&sql, ERR_EXISTS);
out:
    buf_release(&coupons);
    return err;
}

/* Columns in the order of PAYMENT_COLUMNS. */
static int read_payment(struct sql *sql, struct payment_row *out)
{
    struct buf coupons = {};
    *out = (struct payment_row){};
    out->order_id = sql_get_int(sql);
    out->account_id = sql_get_int(sql);
    sql_get_text(sql, out->transaction_id, sizeof(out->transaction_id));
    sql_get_text(sql, out->openid, sizeof(out->openid));
    sql_get_text(sql, out->bank_type, sizeof(out->bank_type));
    out->paid_ms = sql_get_int(sql);
    out->cash_fen = sql_get_int(sql);
    sql_get_buf(sql, &coupons, COUPONS_TEXT_MAX);
    int err = read_coupons(buf_view(&coupons), out);
    buf_release(&coupons);
    return err ? err : sql->err;
}

int payment_get(struct store *store, int64_t order_id, struct payment_row *out)
{
    *out = (struct payment_row){};
    struct sql sql = sql_start(store, SQL_PAYMENT_GET);
    sql_put_int(&sql, order_id);
    int rows = sql_next(&sql);
    if (rows <= 0)
        return rows ? rows : ERR_NOT_FOUND;
    return sql_end(&sql, read_payment(&sql, out));
}

int payment_each(struct store *store, int64_t account_id, int64_t from_ms, int64_t until_ms,
                 int (*visit)(void *ctx, const struct payment_row *row), void *ctx)
{
    struct sql sql = sql_start(store, SQL_PAYMENT_EACH);
    struct payment_row row;
    int err;
    sql_put_int(&sql, account_id);
    sql_put_int(&sql, from_ms);
    sql_put_int(&sql, until_ms);
    while ((err = sql_next(&sql)) == 1) {
        err = read_payment(&sql, &row);
        if (!err)
            err = visit(ctx, &row);
        if (err)
            return sql_end(&sql, err);
    }
    return err;
}
