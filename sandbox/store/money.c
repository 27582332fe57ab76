#include "base/err.h"
#include "store/sql.h"

static void sum_up(int64_t *sum, int64_t fen)
{
    if (__builtin_add_overflow(*sum, fen, sum))
        *sum = fen < 0 ? INT64_MIN + 1 : INT64_MAX;
}

static int money_get(struct store *store, int64_t account_id, int64_t day_ms, int64_t *fen)
{
    *fen = 0;
    struct sql sql = sql_start(store, SQL_MONEY_GET);
    sql_put_int(&sql, account_id);
    sql_put_int(&sql, day_ms);
    int rows = sql_next(&sql);
    if (rows <= 0)
        return rows;
    *fen = sql_get_int(&sql);
    return sql_end(&sql, 0);
}

int money_add(struct store *store, int64_t account_id, int64_t day_ms, int64_t fen)
{
    int64_t sum;
    int err = money_get(store, account_id, day_ms, &sum);
    if (err)
        return err;
    sum_up(&sum, fen);
    struct sql sql = sql_start(store, SQL_MONEY_SET);
    sql_put_int(&sql, account_id);
    sql_put_int(&sql, day_ms);
    sql_put_int(&sql, sum);
    return sql_run(&sql);
}

int money_before(struct store *store, int64_t account_id, int64_t day_ms, int64_t *fen)
{
    *fen = 0;
    struct sql sql = sql_start(store, SQL_MONEY_BEFORE);
    sql_put_int(&sql, account_id);
    sql_put_int(&sql, day_ms);
    int rows;
    while ((rows = sql_next(&sql)) == 1)
        sum_up(fen, sql_get_int(&sql));
    return rows;
}

int money_each(struct store *store, int64_t account_id, int64_t from_ms, int64_t until_ms,
               int (*visit)(void *ctx, enum money_kind kind, int64_t id, int64_t at_ms), void *ctx)
{
    struct sql sql = sql_start(store, SQL_MONEY_EACH);
    int err;
    sql_put_int(&sql, account_id);
    sql_put_int(&sql, from_ms);
    sql_put_int(&sql, until_ms);
    while ((err = sql_next(&sql)) == 1) {
        int64_t at_ms = sql_get_int(&sql);
        enum money_kind kind = (enum money_kind)sql_get_int(&sql);
        err = visit(ctx, kind, sql_get_int(&sql), at_ms);
        if (err)
            return sql_end(&sql, err);
    }
    return err;
}
