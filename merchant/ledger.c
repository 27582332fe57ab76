#include "ledger_priv.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <stdio.h>

/* clang-format off */
static const char schema[] =
    "CREATE TABLE IF NOT EXISTS orders ("
    " id TEXT PRIMARY KEY, out_trade_no TEXT NOT NULL UNIQUE, sku TEXT NOT NULL,"
    " quantity INTEGER NOT NULL, total_fen INTEGER NOT NULL, body TEXT NOT NULL,"
    " attach TEXT NOT NULL, product_id TEXT NOT NULL, notify_url TEXT NOT NULL,"
    " create_ip TEXT NOT NULL, time_start TEXT NOT NULL, time_expire TEXT NOT NULL,"
    " created_ms INTEGER NOT NULL, expire_ms INTEGER NOT NULL,"
    " state TEXT NOT NULL, code_url TEXT NOT NULL DEFAULT '',"
    " transaction_id TEXT NOT NULL DEFAULT '', held INTEGER NOT NULL DEFAULT 0,"
    " due_ms INTEGER NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0,"
    " fails INTEGER NOT NULL DEFAULT 0, asked_ms INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS orders_due ON orders(due_ms) WHERE due_ms > 0;"
    "CREATE TABLE IF NOT EXISTS payments ("
    " transaction_id TEXT PRIMARY KEY, order_id TEXT NOT NULL REFERENCES orders(id),"
    " out_trade_no TEXT NOT NULL, total_fen INTEGER NOT NULL, cash_fen INTEGER NOT NULL,"
    " currency TEXT NOT NULL, time_end TEXT NOT NULL, openid TEXT NOT NULL,"
    " bank_type TEXT NOT NULL, source TEXT NOT NULL, seen_ms INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS shipments ("
    " order_id TEXT NOT NULL REFERENCES orders(id), parcel INTEGER NOT NULL,"
    " shipped_ms INTEGER NOT NULL, PRIMARY KEY (order_id, parcel)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS alarms ("
    " nr INTEGER PRIMARY KEY, order_id TEXT NOT NULL REFERENCES orders(id), kind TEXT NOT NULL,"
    " detail TEXT NOT NULL, seen_ms INTEGER NOT NULL, UNIQUE (order_id, kind, detail));"
    "CREATE TABLE IF NOT EXISTS refunds ("
    " out_refund_no TEXT PRIMARY KEY, order_id TEXT NOT NULL REFERENCES orders(id),"
    " fen INTEGER NOT NULL, notify_url TEXT NOT NULL, created_ms INTEGER NOT NULL,"
    " state TEXT NOT NULL, refund_id TEXT NOT NULL, doubt INTEGER NOT NULL,"
    " due_ms INTEGER NOT NULL, tries INTEGER NOT NULL, fails INTEGER NOT NULL,"
    " asked_ms INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS refunds_order ON refunds(order_id, created_ms);"
    "CREATE INDEX IF NOT EXISTS refunds_due ON refunds(due_ms) WHERE due_ms > 0;";

#define ORDER_COLUMNS                                                                              \
    "id, out_trade_no, sku, quantity, total_fen, body, attach, product_id, notify_url, create_ip," \
    " time_start, time_expire, created_ms, expire_ms, state, code_url, transaction_id, held,"      \
    " due_ms, tries, fails, asked_ms"
#define REFUND_COLUMNS                                                                             \
    "out_refund_no, order_id, fen, notify_url, created_ms, state, refund_id, doubt, due_ms, tries," \
    " fails, asked_ms"
#define ORDER_SELECT                                                                               \
    "SELECT " ORDER_COLUMNS ", (SELECT count(*) FROM shipments s WHERE s.order_id = o.id)"         \
    " FROM orders o "

static const char *const texts[STATEMENTS] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_ADD] = "INSERT INTO orders (" ORDER_COLUMNS ") VALUES"
                " (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22)",
    [SQL_GET] = ORDER_SELECT "WHERE id = ?1",
    [SQL_FIND] = ORDER_SELECT "WHERE out_trade_no = ?1",
    [SQL_MOVE] = "UPDATE orders SET state = ?3, code_url = ?4, transaction_id = ?5, held = ?6,"
                 " due_ms = ?7, tries = ?8, fails = ?9, asked_ms = ?10 WHERE id = ?1 AND state = ?2",
    [SQL_SCHEDULE] = "UPDATE orders SET due_ms = ?2, tries = ?3, fails = ?4, asked_ms = ?5 WHERE id = ?1",
    [SQL_DUE] = ORDER_SELECT "WHERE due_ms > 0 AND due_ms <= ?1 ORDER BY due_ms LIMIT 1",
    [SQL_NEXT_DUE] = "SELECT min(due_ms) FROM (SELECT min(due_ms) AS due_ms FROM orders"
                     " WHERE due_ms > 0 UNION ALL SELECT min(due_ms) FROM refunds WHERE due_ms > 0)",
    [SQL_ADD_PAYMENT] = "INSERT INTO payments VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)",
    [SQL_PAYMENT_ORDER] = "SELECT order_id FROM payments WHERE transaction_id = ?1",
    [SQL_ADD_SHIPMENT] = "INSERT INTO shipments VALUES (?1, ?2, ?3)",
    [SQL_ALARM] = "INSERT OR IGNORE INTO alarms (order_id, kind, detail, seen_ms)"
                  " VALUES (?1, ?2, ?3, ?4)",
    [SQL_RESUME] = "UPDATE orders SET due_ms = min(iif(due_ms > 0, due_ms, ?2),"
                   " iif(state = 'pending', ?2, ?1)), fails = 0"
                   " WHERE state IN ('creating', 'pending', 'closing', 'paid') AND held = 0",
    [SQL_ALARMS] = "SELECT kind, detail, seen_ms FROM alarms WHERE order_id = ?1 ORDER BY nr",
    [SQL_ADD_REFUND] = "INSERT INTO refunds VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
    [SQL_GET_REFUND] = "SELECT " REFUND_COLUMNS " FROM refunds WHERE out_refund_no = ?1",
    [SQL_REFUNDS] = "SELECT " REFUND_COLUMNS " FROM refunds WHERE order_id = ?1"
                    " ORDER BY created_ms, out_refund_no",
    [SQL_REFUND_SUM] = "SELECT state, count(*), sum(fen) FROM refunds WHERE order_id = ?1"
                       " GROUP BY state",
    [SQL_MOVE_REFUND] = "UPDATE refunds SET state = ?3, refund_id = ?4,"
                        " due_ms = iif(?3 IN ('success', 'closed', 'refused'), 0, due_ms)"
                        " WHERE out_refund_no = ?1 AND state = ?2",
    [SQL_SCHEDULE_REFUND] = "UPDATE refunds SET doubt = ?2, due_ms = ?3, tries = ?4, fails = ?5,"
                            " asked_ms = ?6 WHERE out_refund_no = ?1",
    [SQL_DUE_REFUND] = "SELECT " REFUND_COLUMNS " FROM refunds WHERE due_ms > 0 AND due_ms <= ?1"
                       " ORDER BY due_ms LIMIT 1",
    [SQL_HURRY_REFUNDS] = "UPDATE refunds SET due_ms = min(due_ms, max(?2, asked_ms + ?3))"
                          " WHERE order_id = ?1 AND due_ms > 0"
                          " AND (state IN ('processing', 'abnormal')"
                          " OR (state = 'asking' AND doubt))",
    [SQL_RESUME_REFUNDS] = "UPDATE refunds SET due_ms = min(due_ms, iif(state = 'asking', ?1, ?2)),"
                           " fails = 0 WHERE due_ms > 0 AND (state <> 'asking' OR doubt)",
};
/* clang-format on */

static int trouble(struct ledger *ledger, const char *where)
{
    log_event(LOG_ERROR, "ledger", "refused", "where", view_str(where), "why",
              view_str(ledger->db ? sqlite3_errmsg(ledger->db) : "cannot open"), NULL);
    return ERR_STORE;
}

int ledger_trouble(struct ledger *ledger, enum statement which)
{
    return trouble(ledger, texts[which]);
}

static int prepare_all(struct ledger *ledger)
{
    for (size_t i = 0; i < STATEMENTS; i++) {
        if (sqlite3_prepare_v3(ledger->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &ledger->statement[i], NULL) != SQLITE_OK)
            return trouble(ledger, texts[i]);
    }
    return 0;
}

int ledger_open(struct ledger **out, const char *path)
{
    struct ledger *ledger = mem_new(struct ledger);
    if (!ledger)
        return ERR_NOMEM;

    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int err = 0;
    if (sqlite3_open_v2(path ? path : ":memory:", &ledger->db, flags, NULL) != SQLITE_OK ||
        sqlite3_exec(ledger->db,
                     "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                     "PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 500;",
                     NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(ledger->db, schema, NULL, NULL, NULL) != SQLITE_OK)
        err = trouble(ledger, "open");
    if (!err)
        err = prepare_all(ledger);
    if (err) {
        ledger_close(ledger);
        return err;
    }
    *out = ledger;
    return 0;
}

void ledger_close(struct ledger *ledger)
{
    if (!ledger)
        return;
    for (size_t i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(ledger->statement[i]);
    sqlite3_close(ledger->db);
    mem_free(ledger);
}

/* --- small helpers: bind in order, run, read in order ------------------------------------- */

sqlite3_stmt *ledger_take(struct ledger *ledger, enum statement which)
{
    sqlite3_stmt *statement = ledger->statement[which];
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return statement;
}

void bind_view(sqlite3_stmt *statement, int at, struct view text)
{
    sqlite3_bind_text64(statement, at, text.ptr ? text.ptr : "", text.len, SQLITE_TRANSIENT,
                        SQLITE_UTF8);
}

void bind_str(sqlite3_stmt *statement, int at, const char *text)
{
    bind_view(statement, at, view_str(text));
}

int ledger_run(struct ledger *ledger, enum statement which)
{
    sqlite3_stmt *statement = ledger->statement[which];
    int code = sqlite3_step(statement);
    int extended = sqlite3_extended_errcode(ledger->db);
    int err = 0;
    if (extended == SQLITE_CONSTRAINT_PRIMARYKEY || extended == SQLITE_CONSTRAINT_UNIQUE ||
        extended == SQLITE_CONSTRAINT_ROWID)
        err = code == SQLITE_DONE ? 0 : ERR_EXISTS;
    else if (code != SQLITE_DONE)
        err = ledger_trouble(ledger, which);
    sqlite3_reset(statement);
    return err;
}

/* Column text into a fixed array. A longer one was never written by us. */
int column_copy(sqlite3_stmt *statement, int at, char *out, size_t size)
{
    struct view text = { (const char *)sqlite3_column_text(statement, at),
                         (size_t)sqlite3_column_bytes(statement, at) };
    return view_copy(text, out, size);
}

#define COLUMN(at, member) column_copy(statement, at, order->member, sizeof(order->member))

static int read_order(sqlite3_stmt *statement, struct order *order)
{
    *order = (struct order){ .quantity = sqlite3_column_int64(statement, 3),
                             .total_fen = sqlite3_column_int64(statement, 4),
                             .created_ms = sqlite3_column_int64(statement, 12),
                             .expire_ms = sqlite3_column_int64(statement, 13),
                             .held = sqlite3_column_int(statement, 17) != 0,
                             .due_ms = sqlite3_column_int64(statement, 18),
                             .tries = sqlite3_column_int64(statement, 19),
                             .fails = sqlite3_column_int64(statement, 20),
                             .asked_ms = sqlite3_column_int64(statement, 21),
                             .shipments = sqlite3_column_int64(statement, 22) };
    const char *state = (const char *)sqlite3_column_text(statement, 14);
    if (COLUMN(0, id) || COLUMN(1, out_trade_no) || COLUMN(2, sku) || COLUMN(5, body) ||
        COLUMN(6, attach) || COLUMN(7, product_id) || COLUMN(8, notify_url) ||
        COLUMN(9, create_ip) || COLUMN(10, time_start) || COLUMN(11, time_expire) ||
        COLUMN(15, code_url) || COLUMN(16, transaction_id) || !state ||
        !order_state_parse(state, &order->state)) {
        log_line(LOG_ERROR, "ledger", "the row of order %s cannot be read", order->id);
        return ERR_STORE;
    }
    return 0;
}

/* The one row of a bound statement. */
static int read_one(struct ledger *ledger, enum statement which, struct order *out)
{
    sqlite3_stmt *statement = ledger->statement[which];
    int code = sqlite3_step(statement);
    int err;
    if (code == SQLITE_ROW)
        err = read_order(statement, out);
    else
        err = code == SQLITE_DONE ? ERR_NOT_FOUND : ledger_trouble(ledger, which);
    sqlite3_reset(statement);
    return err;
}

/* --- transactions -------------------------------------------------------------------------- */

int ledger_begin(struct ledger *ledger)
{
    assert(!ledger->in_transaction);
    ledger_take(ledger, SQL_BEGIN);
    int err = ledger_run(ledger, SQL_BEGIN);
    ledger->in_transaction = !err;
    return err;
}

int ledger_commit(struct ledger *ledger)
{
    assert(ledger->in_transaction);
    ledger_take(ledger, SQL_COMMIT);
    int err = ledger_run(ledger, SQL_COMMIT);
    if (err)
        ledger_rollback(ledger);
    ledger->in_transaction = false;
    return err;
}

void ledger_rollback(struct ledger *ledger)
{
    if (ledger->in_transaction && !sqlite3_get_autocommit(ledger->db)) {
        ledger_take(ledger, SQL_ROLLBACK);
        (void)ledger_run(ledger, SQL_ROLLBACK);
    }
    ledger->in_transaction = false;
}

bool ledger_is_open(const struct ledger *ledger)
{
    return ledger->in_transaction;
}

/* --- orders -------------------------------------------------------------------------------- */

int ledger_add(struct ledger *ledger, const struct order *order)
{
    sqlite3_stmt *statement = ledger_take(ledger, SQL_ADD);
    bind_str(statement, 1, order->id);
    bind_str(statement, 2, order->out_trade_no);
    bind_str(statement, 3, order->sku);
    sqlite3_bind_int64(statement, 4, order->quantity);
    sqlite3_bind_int64(statement, 5, order->total_fen);
    bind_str(statement, 6, order->body);
    bind_str(statement, 7, order->attach);
    bind_str(statement, 8, order->product_id);
    bind_str(statement, 9, order->notify_url);
    bind_str(statement, 10, order->create_ip);
    bind_str(statement, 11, order->time_start);
    bind_str(statement, 12, order->time_expire);
    sqlite3_bind_int64(statement, 13, order->created_ms);
    sqlite3_bind_int64(statement, 14, order->expire_ms);
    bind_str(statement, 15, order_state_name(order->state));
    bind_str(statement, 16, order->code_url);
    bind_str(statement, 17, order->transaction_id);
    sqlite3_bind_int(statement, 18, order->held);
    sqlite3_bind_int64(statement, 19, order->due_ms);
    sqlite3_bind_int64(statement, 20, order->tries);
    sqlite3_bind_int64(statement, 21, order->fails);
    sqlite3_bind_int64(statement, 22, order->asked_ms);
    return ledger_run(ledger, SQL_ADD);
}

int ledger_get(struct ledger *ledger, struct view id, struct order *out)
{
    bind_view(ledger_take(ledger, SQL_GET), 1, id);
    return read_one(ledger, SQL_GET, out);
}

int ledger_find(struct ledger *ledger, struct view out_trade_no, struct order *out)
{
    bind_view(ledger_take(ledger, SQL_FIND), 1, out_trade_no);
    return read_one(ledger, SQL_FIND, out);
}

int ledger_move(struct ledger *ledger, struct order *order, enum order_event event)
{
    enum order_state next;
    if (!order_next(order->state, event, &next))
        return ERR_EXISTS;

    sqlite3_stmt *statement = ledger_take(ledger, SQL_MOVE);
    bind_str(statement, 1, order->id);
    bind_str(statement, 2, order_state_name(order->state));
    bind_str(statement, 3, order_state_name(next));
    bind_str(statement, 4, order->code_url);
    bind_str(statement, 5, order->transaction_id);
    sqlite3_bind_int(statement, 6, order->held);
    sqlite3_bind_int64(statement, 7, order->due_ms);
    sqlite3_bind_int64(statement, 8, order->tries);
    sqlite3_bind_int64(statement, 9, order->fails);
    sqlite3_bind_int64(statement, 10, order->asked_ms);
    int err = ledger_run(ledger, SQL_MOVE);
    if (!err && sqlite3_changes(ledger->db) != 1)
        err = ERR_EXISTS;
    if (!err)
        order->state = next;
    return err;
}

int ledger_schedule(struct ledger *ledger, const struct order *order)
{
    sqlite3_stmt *statement = ledger_take(ledger, SQL_SCHEDULE);
    bind_str(statement, 1, order->id);
    sqlite3_bind_int64(statement, 2, order->due_ms);
    sqlite3_bind_int64(statement, 3, order->tries);
    sqlite3_bind_int64(statement, 4, order->fails);
    sqlite3_bind_int64(statement, 5, order->asked_ms);
    return ledger_run(ledger, SQL_SCHEDULE);
}

int ledger_due(struct ledger *ledger, int64_t until_ms, struct order *out)
{
    sqlite3_bind_int64(ledger_take(ledger, SQL_DUE), 1, until_ms);
    return read_one(ledger, SQL_DUE, out);
}

int ledger_next_due(struct ledger *ledger, int64_t *due_ms)
{
    sqlite3_stmt *statement = ledger_take(ledger, SQL_NEXT_DUE);
    if (sqlite3_step(statement) != SQLITE_ROW)
        return ledger_trouble(ledger, SQL_NEXT_DUE);
    *due_ms = sqlite3_column_int64(statement, 0); /* NULL reads as 0 */
    sqlite3_reset(statement);
    return 0;
}

int ledger_resume(struct ledger *ledger, int64_t now_ms, int64_t soon_ms)
{
    int err = ledger_resume_refunds(ledger, now_ms, soon_ms);
    if (err)
        return err;
    sqlite3_stmt *statement = ledger_take(ledger, SQL_RESUME);
    sqlite3_bind_int64(statement, 1, now_ms);
    sqlite3_bind_int64(statement, 2, soon_ms);
    return ledger_run(ledger, SQL_RESUME);
}

int ledger_exec(struct ledger *ledger, const char *sql)
{
    return sqlite3_exec(ledger->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0
                                                                        : trouble(ledger, "exec");
}
