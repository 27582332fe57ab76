#include "base/err.h"
#include "store/sql.h"

#include <stdio.h>

#define APPLICATION_ID 0x77785031 /* "wxP1": whose file this is */
#define SCHEMA_VERSION 5

#define REFUND_TABLE                                                                               \
    "CREATE TABLE refund (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL,"                    \
    " order_id INTEGER NOT NULL, dialect INTEGER NOT NULL, state INTEGER NOT NULL,"                \
    " becomes INTEGER NOT NULL, refund_fen INTEGER NOT NULL, before_fen INTEGER NOT NULL,"         \
    " created_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL,"            \
    " out_refund_no TEXT NOT NULL, refund_id TEXT NOT NULL, funds_account TEXT NOT NULL,"          \
    " notify_url TEXT NOT NULL, reason TEXT NOT NULL) STRICT;"                                     \
    "CREATE UNIQUE INDEX refund_number ON refund (account_id, out_refund_no);"                     \
    "CREATE INDEX refund_order ON refund (order_id);"
#define REFUND_OWN_INDEX "CREATE INDEX refund_own ON refund (refund_id);"
#define NOTICE_INDICES                                                                             \
    "CREATE UNIQUE INDEX notice_order ON notice (order_id, kind, about_id);"                       \
    "CREATE INDEX notice_about ON notice (about_id, kind) WHERE about_id > 0;"
#define ORDER_INDICES                                                                              \
    "CREATE INDEX orders_unpaid_plain ON orders (account_id, created_ms)"                          \
    " WHERE state = 1 AND expire_ms = 0 AND combine_id = 0;"                                       \
    "CREATE INDEX orders_unpaid_expiring ON orders (account_id, created_ms)"                       \
    " WHERE state = 1 AND expire_ms > 0 AND combine_id = 0;"                                       \
    "CREATE INDEX orders_unpaid_expiry ON orders (account_id, expire_ms)"                          \
    " WHERE state = 1 AND expire_ms > 0 AND combine_id = 0;"                                       \
    "CREATE INDEX orders_combined ON orders (combine_id) WHERE combine_id > 0;"
#define COMBINE_TABLE                                                                              \
    "CREATE TABLE combine (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL,"                   \
    " state INTEGER NOT NULL, trade_type INTEGER NOT NULL, created_ms INTEGER NOT NULL,"           \
    " expire_ms INTEGER NOT NULL, closed_ms INTEGER NOT NULL, paid_ms INTEGER NOT NULL,"           \
    " out_trade_no TEXT NOT NULL, transaction_id TEXT NOT NULL, request BLOB NOT NULL) STRICT;"    \
    "CREATE UNIQUE INDEX combine_number ON combine (account_id, out_trade_no);"                    \
    "CREATE INDEX combine_unpaid_plain ON combine (account_id, created_ms)"                        \
    " WHERE state = 1 AND expire_ms = 0;"                                                          \
    "CREATE INDEX combine_unpaid_expiring ON combine (account_id, created_ms)"                     \
    " WHERE state = 1 AND expire_ms > 0;"                                                          \
    "CREATE INDEX combine_unpaid_expiry ON combine (account_id, expire_ms)"                        \
    " WHERE state = 1 AND expire_ms > 0;"

/*
 * For bills: what an account did on a day, found by both. A closed refund gives money back at
 * another moment than it took it, which for one that time has closed and nobody has seen yet is
 * when it was due (state 3 is CLOSED, 1 PROCESSING).
 */
#define BILL_TABLES                                                                                \
    "CREATE INDEX payment_day ON payment (account_id, paid_ms);"                                   \
    "CREATE INDEX refund_day ON refund (account_id, created_ms);"                                  \
    "CREATE INDEX refund_closed ON refund (account_id, " REFUND_CLOSED_MS ")"                      \
    " WHERE " REFUND_IS_CLOSED ";"                                                                 \
    "CREATE TABLE money (account_id INTEGER NOT NULL, day_ms INTEGER NOT NULL,"                    \
    " fen INTEGER NOT NULL, PRIMARY KEY (account_id, day_ms)) STRICT, WITHOUT ROWID;"
#define TOLD_TABLE                                                                                 \
    "CREATE TABLE told (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL,"                      \
    " url TEXT NOT NULL, body TEXT NOT NULL) STRICT;"                                              \
    "CREATE INDEX told_account ON told (account_id);"

/*
 * An open order is what there are many of, so nothing is kept twice: the number lies in one index
 * behind its account, a code leads to its order by itself (engine/code.h), and the indices for
 * closing by itself hold unpaid orders only.
 */
static const char schema[] =
    "CREATE TABLE counter (name TEXT PRIMARY KEY, next INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE account (id INTEGER PRIMARY KEY, mch_id TEXT NOT NULL UNIQUE,"
    " api_key TEXT NOT NULL, name TEXT NOT NULL, settings TEXT NOT NULL) STRICT;"
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL,"
    " dialect INTEGER NOT NULL, state INTEGER NOT NULL, trade_type INTEGER NOT NULL,"
    " sign_type INTEGER NOT NULL, total_fen INTEGER NOT NULL, created_ms INTEGER NOT NULL,"
    " expire_ms INTEGER NOT NULL, closed_ms INTEGER NOT NULL, prepay_ms INTEGER NOT NULL,"
    " out_trade_no TEXT NOT NULL, prepay_id TEXT NOT NULL, code TEXT NOT NULL,"
    " code_form INTEGER NOT NULL, combine_id INTEGER NOT NULL, request BLOB NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX orders_number ON orders (account_id, out_trade_no);" ORDER_INDICES
    "CREATE TABLE payment (order_id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL,"
    " transaction_id TEXT NOT NULL UNIQUE, openid TEXT NOT NULL, bank_type TEXT NOT NULL, paid_ms "
    "INTEGER NOT NULL,"
    " cash_fen INTEGER NOT NULL, coupons TEXT NOT NULL) STRICT;"
    "CREATE TABLE notice (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL,"
    " order_id INTEGER NOT NULL, kind INTEGER NOT NULL, state INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL, created_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL,"
    " about_id INTEGER NOT NULL) STRICT;" NOTICE_INDICES
    "CREATE INDEX notice_account ON notice (account_id);"
    "CREATE INDEX notice_waiting ON notice (account_id, due_ms) WHERE state = 1;"
    "CREATE TABLE delivery (id INTEGER PRIMARY KEY, notice_id INTEGER NOT NULL,"
    " attempt INTEGER NOT NULL, sent_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL,"
    " status INTEGER NOT NULL, error INTEGER NOT NULL, acknowledged INTEGER NOT NULL,"
    " row TEXT NOT NULL) STRICT;"
    "CREATE INDEX delivery_notice ON delivery (notice_id);"
    "CREATE TABLE fault (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL,"
    " spec TEXT NOT NULL, remaining INTEGER NOT NULL, skip INTEGER NOT NULL) STRICT;"
    "CREATE INDEX fault_account ON fault (account_id);" REFUND_TABLE COMBINE_TABLE BILL_TABLES
        TOLD_TABLE REFUND_OWN_INDEX;

/* From each version to the next. Money of before is not counted: a balance begins here. */
static const char *const upgrades[SCHEMA_VERSION] = {
    [1] = "ALTER TABLE notice ADD COLUMN refund_id INTEGER NOT NULL DEFAULT 0;"
          "DROP INDEX notice_order;"
          "CREATE UNIQUE INDEX notice_order ON notice (order_id, kind, refund_id);"
          "CREATE INDEX notice_refund ON notice (refund_id) WHERE refund_id > 0;" REFUND_TABLE
          "PRAGMA user_version = 2;",
    [2] = "DROP INDEX notice_order; DROP INDEX notice_refund;"
          "ALTER TABLE notice RENAME COLUMN refund_id TO about_id;" NOTICE_INDICES
          "ALTER TABLE orders ADD COLUMN combine_id INTEGER NOT NULL DEFAULT 0;"
          "DROP INDEX orders_unpaid_plain; DROP INDEX orders_unpaid_expiring;"
          "DROP INDEX orders_unpaid_expiry;" ORDER_INDICES COMBINE_TABLE "PRAGMA user_version = 3;",
    [3] = "ALTER TABLE payment ADD COLUMN account_id INTEGER NOT NULL DEFAULT 0;"
          "UPDATE payment SET account_id ="
          " (SELECT account_id FROM orders WHERE orders.id = order_id);" BILL_TABLES TOLD_TABLE
          "PRAGMA user_version = 4;",
    [4] = REFUND_OWN_INDEX "PRAGMA user_version = 5;",
};

/* The one integer that @text yields; 0 with an error. */
static int ask(struct store *store, const char *text, int64_t *out)
{
    sqlite3_stmt *stmt = NULL;
    *out = 0;
    int rc = sqlite3_prepare_v2(store->db, text, -1, &stmt, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(stmt);
        if (rc == SQLITE_ROW) {
            *out = sqlite3_column_int64(stmt, 0);
            rc = SQLITE_OK;
        }
    }
    int err = rc == SQLITE_OK ? 0 : store_fail(store, rc);
    sqlite3_finalize(stmt);
    return err;
}

static int run(struct store *store, const char *text)
{
    int rc = sqlite3_exec(store->db, text, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : store_fail(store, rc);
}

static int make(struct store *store)
{
    char mark[96];
    snprintf(mark, sizeof(mark), "PRAGMA application_id = %d; PRAGMA user_version = %d;",
             APPLICATION_ID, SCHEMA_VERSION);
    int err = run(store, schema);
    return err ? err : run(store, mark);
}

static int complain(struct store *store, const char *why, int64_t version)
{
    snprintf(store->trouble, sizeof(store->trouble), "%s (schema %lld, this program knows %d)", why,
             (long long)version, SCHEMA_VERSION);
    return ERR_STORE;
}

static int ensure(struct store *store)
{
    int64_t mark, version, objects;
    int err = ask(store, "PRAGMA application_id", &mark);
    if (!err)
        err = ask(store, "PRAGMA user_version", &version);
    if (!err)
        err = ask(store, "SELECT count(*) FROM sqlite_schema", &objects);
    if (err)
        return err;
    if (mark == 0 && version == 0 && objects == 0)
        return make(store);
    if (mark != APPLICATION_ID)
        return complain(store, "sandbox.db was not made by wxpay-sandbox", version);
    if (version > SCHEMA_VERSION)
        return complain(store, "sandbox.db was made by a newer wxpay-sandbox", version);
    if (version < 1)
        return complain(store, "sandbox.db was made by a wxpay-sandbox too old to read", version);
    for (; !err && version < SCHEMA_VERSION; version++)
        err = run(store, upgrades[version]);
    return err;
}

int schema_ensure(struct store *store)
{
    /* EXCLUSIVE takes the lock that locking_mode then keeps: a second process ends here */
    int err = run(store, "BEGIN EXCLUSIVE");
    if (err)
        return err;
    err = ensure(store);
    if (!err)
        err = run(store, "COMMIT");
    if (err)
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return err;
}
