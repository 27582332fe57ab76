#include "engine/notice_rule.h"

#include "base/err.h"
#include "base/mem.h"

static struct notice_rule *find_rule(const struct account *account, struct view out_trade_no)
{
    for (size_t i = 0; i < account->notice_rule_count; i++)
        if (view_is(out_trade_no, account->notice_rule[i].out_trade_no))
            return &account->notice_rule[i];
    return NULL;
}

enum notice_mode notice_mode_for(const struct account *account, struct view out_trade_no)
{
    const struct notice_rule *rule = find_rule(account, out_trade_no);
    return rule ? rule->mode : account->notice_mode;
}

int notice_find(struct store *store, const struct account *account, struct view number,
                struct notice_row *notice)
{
    struct order_row order = {};
    struct combine_row combine = {};
    int err = order_get_by_number(store, account->id, number, &order);
    if (!err && order.combine_id)
        err = notice_get_about(store, NOTICE_COMBINE, order.combine_id, notice);
    else if (!err)
        err = notice_get_by_order(store, order.id, NOTICE_PAYMENT, notice);
    order_row_release(&order);
    if (err != ERR_NOT_FOUND)
        return err;
    err = combine_get_by_number(store, account->id, number, &combine);
    if (!err)
        err = notice_get_about(store, NOTICE_COMBINE, combine.id, notice);
    combine_row_release(&combine);
    return err;
}

static int is_spent(struct store *store, const struct account *account,
                    const struct notice_rule *rule, bool *spent)
{
    struct notice_row notice;
    int err = notice_find(store, account, view_str(rule->out_trade_no), &notice);
    *spent = err == 0;
    return err == ERR_NOT_FOUND ? 0 : err;
}

static int drop_spent(struct store *store, struct account *account)
{
    size_t kept = 0;
    int err = 0;
    for (size_t i = 0; i < account->notice_rule_count; i++) {
        bool spent = false;
        if (!err)
            err = is_spent(store, account, &account->notice_rule[i], &spent);
        if (!spent)
            account->notice_rule[kept++] = account->notice_rule[i];
    }
    account->notice_rule_count = kept;
    return err;
}

int notice_rule_set(struct store *store, struct account *account, struct view out_trade_no,
                    enum notice_mode mode)
{
    struct notice_rule *rule;
    int err = drop_spent(store, account);
    if (err)
        return err;
    rule = find_rule(account, out_trade_no);
    if (!rule) {
        size_t count = account->notice_rule_count;
        if (count == NOTICE_RULES_MAX)
            return ERR_LIMIT;
        struct notice_rule *grown =
            mem_realloc(account->notice_rule, (count + 1) * sizeof(struct notice_rule));
        if (!grown)
            return ERR_NOMEM;
        account->notice_rule = grown;
        rule = &grown[count];
        err = view_copy(out_trade_no, rule->out_trade_no, sizeof(rule->out_trade_no));
        if (err)
            return err;
        account->notice_rule_count++;
    }
    rule->mode = mode;
    return 0;
}

void notice_rules_clear(struct account *account)
{
    mem_free(account->notice_rule);
    account->notice_rule = NULL;
    account->notice_rule_count = 0;
}
