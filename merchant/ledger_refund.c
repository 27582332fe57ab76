/* The ledger's refunds: which number, how much, how far. */
#include "ledger_priv.h"

#include "base/err.h"
#include "base/log.h"

int ledger_add_refund(struct ledger *ledger, const struct refund *refund)
{
    sqlite3_stmt *statement = ledger_take(ledger, SQL_ADD_REFUND);
    bind_str(statement, 1, refund->out_refund_no);
    bind_str(statement, 2, refund->order_id);
    sqlite3_bind_int64(statement, 3, refund->fen);
    bind_str(statement, 4, refund->notify_url);
    sqlite3_bind_int64(statement, 5, refund->created_ms);
    bind_str(statement, 6, refund_state_name(refund->state));
    bind_str(statement, 7, refund->refund_id);
    sqlite3_bind_int(statement, 8, refund->doubt);
    sqlite3_bind_int64(statement, 9, refund->due_ms);
    sqlite3_bind_int64(statement, 10, refund->tries);
    sqlite3_bind_int64(statement, 11, refund->fails);
    sqlite3_bind_int64(statement, 12, refund->asked_ms);
    return ledger_run(ledger, SQL_ADD_REFUND);
}

#define COLUMN(at, member) column_copy(statement, at, refund->member, sizeof(refund->member))

static int read_refund(sqlite3_stmt *statement, struct refund *refund)
{
    *refund = (struct refund){ .fen = sqlite3_column_int64(statement, 2),
                               .created_ms = sqlite3_column_int64(statement, 4),
                               .doubt = sqlite3_column_int(statement, 7) != 0,
                               .due_ms = sqlite3_column_int64(statement, 8),
                               .tries = sqlite3_column_int64(statement, 9),
                               .fails = sqlite3_column_int64(statement, 10),
                               .asked_ms = sqlite3_column_int64(statement, 11) };
    const char *state = (const char *)sqlite3_column_text(statement, 5);
    if (COLUMN(0, out_refund_no) || COLUMN(1, order_id) || COLUMN(3, notify_url) ||
        COLUMN(6, refund_id) || !state || !refund_state_parse(state, &refund->state)) {
        log_line(LOG_ERROR, "ledger", "the row of refund %s cannot be read", refund->out_refund_no);
        return ERR_STORE;
    }
    return 0;
}

/* The one row of a bound statement. */
static int read_one(struct ledger *ledger, enum statement which, struct refund *out)
{
    sqlite3_stmt *statement = ledger->statement[which];
    int code = sqlite3_step(statement);
    int err;
    if (code == SQLITE_ROW)
        err = read_refund(statement, out);
    else
        err = code == SQLITE_DONE ? ERR_NOT_FOUND : ledger_trouble(ledger, which);
    sqlite3_reset(statement);
    return err;
}

int ledger_get_refund(struct ledger *ledger, struct view out_refund_no, struct refund *out)
{
    bind_view(ledger_take(ledger, SQL_GET_REFUND), 1, out_refund_no);
    return read_one(ledger, SQL_GET_REFUND, out);
}

int ledger_refunds(struct ledger *ledger, const char *order_id,
                   void (*each)(void *owner, const struct refund *refund), void *owner)
{
    sqlite3_stmt *statement = ledger_take(ledger, SQL_REFUNDS);
    int code, err = 0;
    bind_str(statement, 1, order_id);
    while (!err && (code = sqlite3_step(statement)) != SQLITE_DONE) {
        struct refund refund;
        err = code == SQLITE_ROW ? read_refund(statement, &refund)
                                 : ledger_trouble(ledger, SQL_REFUNDS);
        if (!err)
            each(owner, &refund);
    }
    sqlite3_reset(statement);
    return err;
}

int ledger_refund_sum(struct ledger *ledger, const char *order_id, struct refund_sum *out)
{
    sqlite3_stmt *statement = ledger_take(ledger, SQL_REFUND_SUM);
    *out = (struct refund_sum){};
    bind_str(statement, 1, order_id);
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(statement, 0);
        enum refund_state state;
        if (!name || !refund_state_parse(name, &state) || !refund_counts(state))
            continue;
        int64_t fen = sqlite3_column_int64(statement, 2);
        out->count += sqlite3_column_int64(statement, 1);
        out->fen += fen;
        if (state == REFUND_SUCCESS)
            out->back_fen = fen;
    }
    int err = code == SQLITE_DONE ? 0 : ledger_trouble(ledger, SQL_REFUND_SUM);
    sqlite3_reset(statement);
    return err;
}

int ledger_move_refund(struct ledger *ledger, struct refund *refund, enum refund_state next)
{
    if (!refund_may(refund->state, next))
        return ERR_EXISTS;
    sqlite3_stmt *statement = ledger_take(ledger, SQL_MOVE_REFUND);
    bind_str(statement, 1, refund->out_refund_no);
    bind_str(statement, 2, refund_state_name(refund->state));
    bind_str(statement, 3, refund_state_name(next));
    bind_str(statement, 4, refund->refund_id);
    int err = ledger_run(ledger, SQL_MOVE_REFUND);
    if (!err && sqlite3_changes(ledger->db) != 1)
        err = ERR_EXISTS;
    if (!err)
        refund->state = next;
    return err;
}

int ledger_schedule_refund(struct ledger *ledger, const struct refund *refund)
{
    sqlite3_stmt *statement = ledger_take(ledger, SQL_SCHEDULE_REFUND);
    bind_str(statement, 1, refund->out_refund_no);
    sqlite3_bind_int(statement, 2, refund->doubt);
    sqlite3_bind_int64(statement, 3, refund->due_ms);
    sqlite3_bind_int64(statement, 4, refund->tries);
    sqlite3_bind_int64(statement, 5, refund->fails);
    sqlite3_bind_int64(statement, 6, refund->asked_ms);
    return ledger_run(ledger, SQL_SCHEDULE_REFUND);
}

int ledger_due_refund(struct ledger *ledger, int64_t until_ms, struct refund *out)
{
    sqlite3_bind_int64(ledger_take(ledger, SQL_DUE_REFUND), 1, until_ms);
    return read_one(ledger, SQL_DUE_REFUND, out);
}

int ledger_hurry_refunds(struct ledger *ledger, const char *order_id, int64_t now_ms,
                         int64_t pause_ms)
{
    sqlite3_stmt *statement = ledger_take(ledger, SQL_HURRY_REFUNDS);
    bind_str(statement, 1, order_id);
    sqlite3_bind_int64(statement, 2, now_ms);
    sqlite3_bind_int64(statement, 3, pause_ms);
    return ledger_run(ledger, SQL_HURRY_REFUNDS);
}

int ledger_resume_refunds(struct ledger *ledger, int64_t now_ms, int64_t soon_ms)
{
    sqlite3_stmt *statement = ledger_take(ledger, SQL_RESUME_REFUNDS);
    sqlite3_bind_int64(statement, 1, now_ms);
    sqlite3_bind_int64(statement, 2, soon_ms);
    return ledger_run(ledger, SQL_RESUME_REFUNDS);
}
