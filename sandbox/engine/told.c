#include "engine/told.h"

static int write_rows(struct engine *engine, struct told_row *told, struct notice_row *notice)
{
    int err = store_save(engine->store);
    if (err)
        return err;
    err = told_insert(engine->store, told);
    notice->about_id = told->id;
    if (!err)
        err = notice_insert(engine->store, notice);
    if (!err)
        return store_keep(engine->store);
    store_undo(engine->store);
    return err;
}

int told_open(struct engine *engine, struct account *account, enum notice_kind kind,
              struct view url, struct view body)
{
    static const enum notice_state by_mode[] = {
        [NOTICE_MODE_SEND] = NOTICE_WAITING,
        [NOTICE_MODE_HOLD] = NOTICE_HELD,
        [NOTICE_MODE_SUPPRESS] = NOTICE_SUPPRESSED,
    };
    int64_t now_ms = account_now_ms(account);
    struct told_row told = { .account_id = account->id,
                             .url = BUF_INIT(TOLD_URL_MAX),
                             .body = BUF_INIT(TOLD_BODY_MAX) };
    struct notice_row notice = { .account_id = account->id,
                                 .kind = kind,
                                 .state = by_mode[account->notice_mode],
                                 .created_ms = now_ms,
                                 .due_ms = now_ms };
    int err = buf_view_add(&told.url, url);
    if (!err)
        err = buf_view_add(&told.body, body);
    if (!err)
        err = write_rows(engine, &told, &notice);
    told_row_release(&told);
    if (!err && engine->on_notice)
        engine->on_notice(engine->owner, account, &notice);
    return err;
}
