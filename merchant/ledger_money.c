/* The ledger's payments, shipments and alarms: what is written once and never changed. */
#include "ledger_priv.h"

#include "base/err.h"
#include "base/log.h"

int ledger_add_payment(struct ledger *ledger, const struct order *order,
                       const struct payment *payment, const char *source, int64_t now_ms)
{
    sqlite3_stmt *statement = ledger_take(ledger, SQL_ADD_PAYMENT);
    bind_view(statement, 1, payment->transaction_id);
    bind_str(statement, 2, order->id);
    bind_view(statement, 3, payment->out_trade_no);
    sqlite3_bind_int64(statement, 4, payment->total_fen);
    sqlite3_bind_int64(statement, 5, payment->cash_fen);
    bind_view(statement, 6, payment->currency);
    bind_view(statement, 7, payment->time_end);
    bind_view(statement, 8, payment->openid);
    bind_view(statement, 9, payment->bank_type);
    bind_str(statement, 10, source);
    sqlite3_bind_int64(statement, 11, now_ms);
    return ledger_run(ledger, SQL_ADD_PAYMENT);
}

int ledger_payment_order(struct ledger *ledger, struct view transaction_id,
                         char id[ORDER_ID_LEN + 1])
{
    sqlite3_stmt *statement = ledger_take(ledger, SQL_PAYMENT_ORDER);
    bind_view(statement, 1, transaction_id);
    int code = sqlite3_step(statement);
    int err;
    if (code == SQLITE_ROW)
        err = column_copy(statement, 0, id, ORDER_ID_LEN + 1);
    else
        err = code == SQLITE_DONE ? ERR_NOT_FOUND : ledger_trouble(ledger, SQL_PAYMENT_ORDER);
    sqlite3_reset(statement);
    return err;
}

int ledger_add_shipment(struct ledger *ledger, const char *id, int64_t parcel, int64_t now_ms)
{
    sqlite3_stmt *statement = ledger_take(ledger, SQL_ADD_SHIPMENT);
    bind_str(statement, 1, id);
    sqlite3_bind_int64(statement, 2, parcel);
    sqlite3_bind_int64(statement, 3, now_ms);
    return ledger_run(ledger, SQL_ADD_SHIPMENT);
}

int ledger_alarm(struct ledger *ledger, const char *id, const char *kind, struct view detail,
                 int64_t now_ms)
{
    sqlite3_stmt *statement = ledger_take(ledger, SQL_ALARM);
    bind_str(statement, 1, id);
    bind_str(statement, 2, kind);
    bind_view(statement, 3, detail);
    sqlite3_bind_int64(statement, 4, now_ms);
    log_event(LOG_WARN, "alarm", kind, "order", view_str(id), "detail", detail, NULL);
    return ledger_run(ledger, SQL_ALARM);
}

int ledger_alarms(struct ledger *ledger, const char *id,
                  void (*each)(void *owner, const char *kind, const char *detail, int64_t seen_ms),
                  void *owner)
{
    sqlite3_stmt *statement = ledger_take(ledger, SQL_ALARMS);
    bind_str(statement, 1, id);
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW)
        each(owner, (const char *)sqlite3_column_text(statement, 0),
             (const char *)sqlite3_column_text(statement, 1), sqlite3_column_int64(statement, 2));
    int err = code == SQLITE_DONE ? 0 : ledger_trouble(ledger, SQL_ALARMS);
    sqlite3_reset(statement);
    return err;
}
