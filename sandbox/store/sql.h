/*
 * sql.h — inside the store: every statement in one list, and how rows get in and out of them.
 *
 * A statement is used from sql_start() to sql_end() or to the end of its rows; binding and reading
 * go from left to right, and the first error is remembered until somebody asks for it.
 */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include "store/store.h"

#include <sqlite3.h>

#define ORDER_COLUMNS                                                                              \
    "id, account_id, dialect, state, trade_type, sign_type, total_fen, created_ms, expire_ms, "    \
    "closed_ms, prepay_ms, out_trade_no, prepay_id, code, code_form, combine_id, request"
#define NOTICE_COLUMNS                                                                             \
    "id, account_id, order_id, kind, state, attempts, created_ms, due_ms, about_id"
#define REFUND_COLUMNS                                                                             \
    "id, account_id, order_id, dialect, state, becomes, refund_fen, before_fen, created_ms, "      \
    "due_ms, ended_ms, out_refund_no, refund_id, funds_account, notify_url, reason"
#define COMBINE_COLUMNS                                                                            \
    "id, account_id, state, trade_type, created_ms, expire_ms, closed_ms, paid_ms, out_trade_no, " \
    "transaction_id, request"
/* As the index of both says it, or SQLite does not use it. */
#define REFUND_IS_CLOSED "(state = 3 OR (state = 1 AND becomes = 3 AND due_ms > 0))"
#define REFUND_CLOSED_MS "(CASE WHEN state = 3 THEN ended_ms ELSE due_ms END)"
#define PAYMENT_COLUMNS                                                                            \
    "order_id, account_id, transaction_id, openid, bank_type, paid_ms, cash_fen, coupons"
#define DELIVERY_COLUMNS                                                                           \
    "id, notice_id, attempt, sent_ms, ended_ms, status, error, acknowledged, row"

/* Combined orders in which an account has a part, and all orders that belong to one of these. */
#define COMBINED                                                                                   \
    "(SELECT id FROM combine WHERE account_id = ?1 UNION"                                          \
    " SELECT combine_id FROM orders WHERE combine_id > 0 AND account_id = ?1)"
#define OF_COMBINED "(SELECT id FROM orders WHERE combine_id > 0 AND combine_id IN " COMBINED ")"

#define SQL_MAP(X)                                                                                 \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                    \
    X(COMMIT, "COMMIT")                                                                            \
    X(ROLLBACK, "ROLLBACK")                                                                        \
    X(SAVE_1, "SAVEPOINT s1")                                                                      \
    X(SAVE_2, "SAVEPOINT s2")                                                                      \
    X(SAVE_3, "SAVEPOINT s3")                                                                      \
    X(SAVE_4, "SAVEPOINT s4")                                                                      \
    X(KEEP_1, "RELEASE s1")                                                                        \
    X(KEEP_2, "RELEASE s2")                                                                        \
    X(KEEP_3, "RELEASE s3")                                                                        \
    X(KEEP_4, "RELEASE s4")                                                                        \
    X(UNDO_1, "ROLLBACK TO s1")                                                                    \
    X(UNDO_2, "ROLLBACK TO s2")                                                                    \
    X(UNDO_3, "ROLLBACK TO s3")                                                                    \
    X(UNDO_4, "ROLLBACK TO s4")                                                                    \
    X(LAST_IDS, "SELECT (SELECT max(id) FROM account), (SELECT max(id) FROM orders),"              \
                " (SELECT max(id) FROM notice), (SELECT max(id) FROM delivery),"                   \
                " (SELECT max(id) FROM fault), (SELECT max(id) FROM refund),"                      \
                " (SELECT max(id) FROM combine), (SELECT max(id) FROM told)")                      \
    X(COUNTER_GET, "SELECT next FROM counter WHERE name = ?")                                      \
    X(COUNTER_SET, "INSERT INTO counter (name, next) VALUES (?1, ?2)"                              \
                   " ON CONFLICT DO UPDATE SET next = ?2")                                         \
    X(ACCOUNT_INSERT, "INSERT INTO account (id, mch_id, api_key, name, settings)"                  \
                      " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING")                            \
    X(ACCOUNT_UPDATE, "UPDATE account SET mch_id = ?, api_key = ?, name = ?, settings = ?"         \
                      " WHERE id = ?")                                                             \
    X(ACCOUNT_DELETE, "DELETE FROM account WHERE id = ?")                                          \
    X(ACCOUNT_EACH, "SELECT id, mch_id, api_key, name, settings FROM account ORDER BY id")         \
    X(CLEAR_DELIVERIES, "DELETE FROM delivery WHERE notice_id IN"                                  \
                        " (SELECT id FROM notice WHERE account_id = ?)")                           \
    X(CLEAR_NOTICES, "DELETE FROM notice WHERE account_id = ?")                                    \
    X(CLEAR_PAYMENTS, "DELETE FROM payment WHERE account_id = ?")                                  \
    X(CLEAR_REFUNDS, "DELETE FROM refund WHERE account_id = ?")                                    \
    X(CLEAR_MONEY, "DELETE FROM money WHERE account_id = ?")                                       \
    X(CLEAR_TOLD, "DELETE FROM told WHERE account_id = ?")                                         \
    X(CLEAR_FAULTS, "DELETE FROM fault WHERE account_id = ?")                                      \
    X(CLEAR_ORDERS, "DELETE FROM orders WHERE account_id = ?")                                     \
    X(CLEAR_COMBINED_DELIVERIES, "DELETE FROM delivery WHERE notice_id IN (SELECT id FROM notice"  \
                                 " WHERE order_id IN " OF_COMBINED " OR (kind = 3 AND"             \
                                 " about_id IN " COMBINED "))")                                    \
    X(CLEAR_COMBINED_NOTICES, "DELETE FROM notice WHERE order_id IN " OF_COMBINED                  \
                              " OR (kind = 3 AND about_id IN " COMBINED ")")                       \
    X(CLEAR_COMBINED_PAYMENTS, "DELETE FROM payment WHERE order_id IN " OF_COMBINED)               \
    X(CLEAR_COMBINED_REFUNDS, "DELETE FROM refund WHERE order_id IN " OF_COMBINED)                 \
    X(CLEAR_COMBINES, "DELETE FROM combine WHERE id IN " COMBINED)                                 \
    X(CLEAR_COMBINED_ORDERS, "DELETE FROM orders WHERE ?1 > 0 AND combine_id > 0 AND NOT EXISTS"   \
                             " (SELECT 1 FROM combine WHERE combine.id = combine_id)")             \
    X(CLEAR_ALL_DELIVERIES, "DELETE FROM delivery")                                                \
    X(CLEAR_ALL_NOTICES, "DELETE FROM notice")                                                     \
    X(CLEAR_ALL_PAYMENTS, "DELETE FROM payment")                                                   \
    X(CLEAR_ALL_REFUNDS, "DELETE FROM refund")                                                     \
    X(CLEAR_ALL_MONEY, "DELETE FROM money")                                                        \
    X(CLEAR_ALL_TOLD, "DELETE FROM told")                                                          \
    X(CLEAR_ALL_FAULTS, "DELETE FROM fault")                                                       \
    X(CLEAR_ALL_ORDERS, "DELETE FROM orders")                                                      \
    X(CLEAR_ALL_COMBINES, "DELETE FROM combine")                                                   \
    X(ORDER_INSERT, "INSERT INTO orders (" ORDER_COLUMNS ")"                                       \
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"                  \
                    " ON CONFLICT DO NOTHING")                                                     \
    X(ORDER_SET_STATE, "UPDATE orders SET state = ?, closed_ms = ? WHERE id = ?")                  \
    X(ORDER_SET_PREPAY, "UPDATE orders SET prepay_ms = ?, prepay_id = ?, code = ?,"                \
                        " code_form = ? WHERE id = ?")                                             \
    X(ORDER_GET, "SELECT " ORDER_COLUMNS " FROM orders WHERE id = ?")                              \
    X(ORDER_BY_NUMBER,                                                                             \
      "SELECT " ORDER_COLUMNS " FROM orders WHERE account_id = ? AND out_trade_no = ?")            \
    X(ORDER_BY_TRANSACTION, "SELECT " ORDER_COLUMNS " FROM orders WHERE account_id = ? AND id ="   \
                            " (SELECT order_id FROM payment WHERE transaction_id = ?)")            \
    X(ORDER_EACH, "SELECT " ORDER_COLUMNS " FROM orders"                                           \
                  " WHERE account_id = ? AND id > ? ORDER BY id")                                  \
    X(UNPAID_PLAIN, "SELECT id, created_ms FROM orders INDEXED BY orders_unpaid_plain"             \
                    " WHERE account_id = ? AND state = 1 AND expire_ms = 0 AND combine_id = 0"     \
                    " ORDER BY created_ms LIMIT 1")                                                \
    X(UNPAID_EXPIRING, "SELECT id, created_ms FROM orders INDEXED BY orders_unpaid_expiring"       \
                       " WHERE account_id = ? AND state = 1 AND expire_ms > 0 AND combine_id = 0"  \
                       " ORDER BY created_ms LIMIT 1")                                             \
    X(UNPAID_EXPIRY, "SELECT id, expire_ms FROM orders INDEXED BY orders_unpaid_expiry"            \
                     " WHERE account_id = ? AND state = 1 AND expire_ms > 0 AND combine_id = 0"    \
                     " ORDER BY expire_ms LIMIT 1")                                                \
    X(ORDER_COMBINED, "SELECT " ORDER_COLUMNS " FROM orders INDEXED BY orders_combined"            \
                      " WHERE combine_id = ? AND combine_id > 0 ORDER BY id")                      \
    X(COMBINE_INSERT, "INSERT INTO combine (" COMBINE_COLUMNS ")"                                  \
                      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING")          \
    X(COMBINE_SET_STATE, "UPDATE combine SET state = ?, closed_ms = ?, paid_ms = ?,"               \
                         " transaction_id = ? WHERE id = ?")                                       \
    X(COMBINE_GET, "SELECT " COMBINE_COLUMNS " FROM combine WHERE id = ?")                         \
    X(COMBINE_BY_NUMBER,                                                                           \
      "SELECT " COMBINE_COLUMNS " FROM combine WHERE account_id = ? AND out_trade_no = ?")         \
    X(COMBINE_EACH, "SELECT " COMBINE_COLUMNS " FROM combine"                                      \
                    " WHERE account_id = ? AND id > ? ORDER BY id")                                \
    X(COMBINE_UNPAID_PLAIN,                                                                        \
      "SELECT id, created_ms FROM combine INDEXED BY combine_unpaid_plain"                         \
      " WHERE account_id = ? AND state = 1 AND expire_ms = 0 ORDER BY created_ms LIMIT 1")         \
    X(COMBINE_UNPAID_EXPIRING,                                                                     \
      "SELECT id, created_ms FROM combine INDEXED BY combine_unpaid_expiring"                      \
      " WHERE account_id = ? AND state = 1 AND expire_ms > 0 ORDER BY created_ms LIMIT 1")         \
    X(COMBINE_UNPAID_EXPIRY,                                                                       \
      "SELECT id, expire_ms FROM combine INDEXED BY combine_unpaid_expiry"                         \
      " WHERE account_id = ? AND state = 1 AND expire_ms > 0 ORDER BY expire_ms LIMIT 1")          \
    X(PAYMENT_INSERT, "INSERT INTO payment (" PAYMENT_COLUMNS ")"                                  \
                      " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING")                   \
    X(PAYMENT_EACH, "SELECT " PAYMENT_COLUMNS " FROM payment INDEXED BY payment_day"               \
                    " WHERE account_id = ? AND paid_ms >= ? AND paid_ms < ?"                       \
                    " ORDER BY paid_ms, order_id")                                                 \
    X(PAYMENT_GET, "SELECT " PAYMENT_COLUMNS " FROM payment WHERE order_id = ?")                   \
    X(REFUND_INSERT, "INSERT INTO refund (" REFUND_COLUMNS ")"                                     \
                     " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"                    \
                     " ON CONFLICT DO NOTHING")                                                    \
    X(REFUND_SET_STATE, "UPDATE refund SET state = ?, becomes = ?, due_ms = ?, ended_ms = ?"       \
                        " WHERE id = ?")                                                           \
    X(REFUND_GET, "SELECT " REFUND_COLUMNS " FROM refund WHERE id = ?")                            \
    X(REFUND_BY_NUMBER,                                                                            \
      "SELECT " REFUND_COLUMNS " FROM refund WHERE account_id = ? AND out_refund_no = ?")          \
    X(REFUND_BY_OWN,                                                                               \
      "SELECT " REFUND_COLUMNS " FROM refund WHERE refund_id = ? AND account_id = ?")              \
    X(REFUND_OF_ORDER, "SELECT " REFUND_COLUMNS " FROM refund WHERE order_id = ? ORDER BY id")     \
    X(REFUND_SUM, "SELECT count(*), ifnull(sum(refund_fen), 0) FROM refund WHERE order_id = ?"     \
                  " AND state <> 3 AND NOT (state = 1 AND becomes = 3 AND due_ms > 0"              \
                  " AND due_ms <= ?)")                                                             \
    X(REFUND_BETWEEN,                                                                              \
      "SELECT " REFUND_COLUMNS " FROM refund INDEXED BY refund_day"                                \
      " WHERE account_id = ? AND created_ms >= ? AND created_ms < ? ORDER BY created_ms, id")      \
    X(REFUND_CLOSED_BETWEEN, "SELECT " REFUND_COLUMNS " FROM refund INDEXED BY refund_closed"      \
                             " WHERE account_id = ?1 AND " REFUND_IS_CLOSED                        \
                             " AND " REFUND_CLOSED_MS " >= ?2 AND " REFUND_CLOSED_MS " < ?3"       \
                             " ORDER BY " REFUND_CLOSED_MS ", id")                                 \
    X(REFUND_EACH, "SELECT " REFUND_COLUMNS " FROM refund"                                         \
                   " WHERE account_id = ? AND id > ? ORDER BY id")                                 \
    X(MONEY_GET, "SELECT fen FROM money WHERE account_id = ? AND day_ms = ?")                      \
    X(MONEY_SET, "INSERT INTO money (account_id, day_ms, fen) VALUES (?1, ?2, ?3)"                 \
                 " ON CONFLICT DO UPDATE SET fen = ?3")                                            \
    X(MONEY_BEFORE, "SELECT fen FROM money WHERE account_id = ? AND day_ms < ?")                   \
    X(MONEY_EACH, "SELECT paid_ms, 1, order_id FROM payment INDEXED BY payment_day"                \
                  " WHERE account_id = ?1 AND paid_ms >= ?2 AND paid_ms < ?3"                      \
                  " UNION ALL SELECT created_ms, 2, id FROM refund INDEXED BY refund_day"          \
                  " WHERE account_id = ?1 AND created_ms >= ?2 AND created_ms < ?3"                \
                  " UNION ALL SELECT " REFUND_CLOSED_MS ", 3, id FROM refund"                      \
                  " INDEXED BY refund_closed WHERE account_id = ?1 AND " REFUND_IS_CLOSED          \
                  " AND " REFUND_CLOSED_MS " >= ?2 AND " REFUND_CLOSED_MS " < ?3"                  \
                  " ORDER BY 1, 2, 3")                                                             \
    X(TOLD_INSERT, "INSERT INTO told (id, account_id, url, body) VALUES (?, ?, ?, ?)")             \
    X(TOLD_GET, "SELECT id, account_id, url, body FROM told WHERE id = ?")                         \
    X(NOTICE_INSERT, "INSERT INTO notice (" NOTICE_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  \
                     " ON CONFLICT DO NOTHING")                                                    \
    X(NOTICE_UPDATE, "UPDATE notice SET state = ?, attempts = ?, due_ms = ? WHERE id = ?")         \
    X(NOTICE_GET, "SELECT " NOTICE_COLUMNS " FROM notice WHERE id = ?")                            \
    X(NOTICE_BY_ORDER, "SELECT " NOTICE_COLUMNS " FROM notice WHERE order_id = ? AND kind = ?")    \
    X(NOTICE_ABOUT, "SELECT " NOTICE_COLUMNS " FROM notice INDEXED BY notice_about"                \
                    " WHERE about_id = ? AND about_id > 0 AND kind = ?")                           \
    X(NOTICE_NEXT, "SELECT " NOTICE_COLUMNS " FROM notice INDEXED BY notice_waiting"               \
                   " WHERE account_id = ? AND state = 1 ORDER BY due_ms, id LIMIT 1")              \
    X(NOTICE_EACH, "SELECT " NOTICE_COLUMNS " FROM notice"                                         \
                   " WHERE account_id = ? AND id > ? ORDER BY id")                                 \
    X(NOTICE_RECOVER, "UPDATE notice SET state = 1 WHERE state = 2")                               \
    X(DELIVERY_INSERT, "INSERT INTO delivery (" DELIVERY_COLUMNS ")"                               \
                       " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")                                      \
    X(DELIVERY_UPDATE, "UPDATE delivery SET ended_ms = ?, status = ?, error = ?,"                  \
                       " acknowledged = ?, row = ? WHERE id = ?")                                  \
    X(DELIVERY_EACH, "SELECT " DELIVERY_COLUMNS " FROM delivery WHERE notice_id = ? ORDER BY id")  \
    X(FAULT_INSERT, "INSERT INTO fault (id, account_id, spec, remaining, skip)"                    \
                    " VALUES (?, ?, ?, ?, ?)")                                                     \
    X(FAULT_SET_COUNTS, "UPDATE fault SET remaining = ?, skip = ? WHERE id = ?")                   \
    X(FAULT_DELETE, "DELETE FROM fault WHERE id = ?")                                              \
    X(FAULT_EACH, "SELECT id, account_id, spec, remaining, skip FROM fault"                        \
                  " WHERE account_id = ? ORDER BY id")

enum sql_id {
#define X(id, text) SQL_##id,
    SQL_MAP(X)
#undef X
        SQL_COUNT,
    SQL_CONTROL_LAST = SQL_UNDO_4 /* up to here: what opens, closes and takes back transactions */
};

/*
 * Tables whose ids count up and are never used again: not while the process lives, and not after a
 * restart either, because whatever deletes rows keeps the count with store_keep_ids().
 */
enum id_table {
    ID_ACCOUNT,
    ID_ORDER,
    ID_NOTICE,
    ID_DELIVERY,
    ID_FAULT,
    ID_REFUND,
    ID_COMBINE,
    ID_TOLD,
    ID_TABLES
};

#define SAVES_MAX   4
#define TROUBLE_MAX 256

struct store {
    sqlite3 *db;                   /* owned */
    sqlite3_stmt *stmt[SQL_COUNT]; /* owned; NULL until its first use */
    int64_t last_id[ID_TABLES];    /* last one given away */
    unsigned saves;                /* savepoints open */
    bool began;                    /* a transaction is open, as far as we know */
    char trouble[TROUBLE_MAX];
};

/* Note SQLite's complaint and turn @rc into an error of ours. */
int store_fail(struct store *store, int rc);

/*
 * Before rows are deleted, in the same transaction: where each table's ids have got to. Without
 * deletions the rows themselves tell it, so that an insert costs nothing more.
 */
[[nodiscard]] int store_keep_ids(struct store *store);

/* schema.c: make the tables, or see that those found are ours. */
[[nodiscard]] int schema_ensure(struct store *store);

/* sql.c */
/* Statements are prepared at their first use, but those that must not fail for memory at once. */
[[nodiscard]] int sql_prepare_control(struct store *store);
void sql_finalize_all(struct store *store);

struct sql {
    struct store *store; /* borrowed */
    sqlite3_stmt *stmt;  /* borrowed; NULL with an err */
    int column;          /* next to bind or to read */
    int err;             /* first error while binding or reading */
};

/*
 * Asserts that the statement is not in use: lists do not nest in themselves. An error of preparing
 * it is remembered as one of binding is.
 */
struct sql sql_start(struct store *store, enum sql_id id);

void sql_put_int(struct sql *sql, int64_t value);
/* Borrowed until the statement ends. */
void sql_put_view(struct sql *sql, struct view text);
void sql_put_text(struct sql *sql, const char *text);
void sql_put_blob(struct sql *sql, const struct buf *bytes);

/* 1: a row can be read from its first column. 0: no more, statement ended. Negative: ended. */
[[nodiscard]] int sql_next(struct sql *sql);
int64_t sql_get_int(struct sql *sql);
void sql_get_text(struct sql *sql, char *out, size_t size);
void sql_get_buf(struct sql *sql, struct buf *out, size_t max); /* replaces the content */

/* Give the statement back. Returns @err, or the first error of binding and reading. */
int sql_end(struct sql *sql, int err);

/* Run to the end; no rows expected. ERR_EXISTS when a constraint said no. */
[[nodiscard]] int sql_run(struct sql *sql);
/* The same for a statement without parameters. */
[[nodiscard]] int sql_do(struct store *store, enum sql_id id);
/* sql_run() that must touch a row: @none is returned when it did not. */
[[nodiscard]] int sql_change(struct sql *sql, int none);

#endif
