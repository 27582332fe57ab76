/*
 * ledger_priv.h — what ledger*.c share: the statements and how they are run.
 */
#ifndef MERCHANT_LEDGER_PRIV_H
#define MERCHANT_LEDGER_PRIV_H

#include "ledger.h"

#include <sqlite3.h>

/* clang-format off */
enum statement {
    SQL_BEGIN, SQL_COMMIT, SQL_ROLLBACK, SQL_ADD, SQL_GET, SQL_FIND, SQL_MOVE, SQL_SCHEDULE,
    SQL_DUE, SQL_NEXT_DUE, SQL_ADD_PAYMENT, SQL_PAYMENT_ORDER, SQL_ADD_SHIPMENT, SQL_ALARM,
    SQL_ALARMS, SQL_RESUME, SQL_ADD_REFUND, SQL_GET_REFUND, SQL_REFUNDS, SQL_REFUND_SUM,
    SQL_MOVE_REFUND, SQL_SCHEDULE_REFUND, SQL_DUE_REFUND, SQL_HURRY_REFUNDS, SQL_RESUME_REFUNDS,
    STATEMENTS
};
/* clang-format on */

struct ledger {
    sqlite3 *db;
    sqlite3_stmt *statement[STATEMENTS];
    bool in_transaction;
};

/* Ready to be bound, from 1. */
sqlite3_stmt *ledger_take(struct ledger *ledger, enum statement which);
void bind_view(sqlite3_stmt *statement, int at, struct view text);
void bind_str(sqlite3_stmt *statement, int at, const char *text);

/* A statement without rows. ERR_EXISTS when a key is taken. */
[[nodiscard]] int ledger_run(struct ledger *ledger, enum statement which);

/* Column text into an array of @size bytes. */
[[nodiscard]] int column_copy(sqlite3_stmt *statement, int at, char *out, size_t size);

/* SQLite's last words, logged with the statement; ERR_STORE. */
[[nodiscard]] int ledger_trouble(struct ledger *ledger, enum statement which);

#endif
