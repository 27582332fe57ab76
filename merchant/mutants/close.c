/* Mutants of the chapter "close": ending an unpaid order. */
#include "mutants/mutant.h"

static bool no(struct shop *, const struct order *)
{
    return false;
}

static int64_t at_once(struct shop *, const struct order *)
{
    return 0;
}

static enum move ended(struct shop *, struct order *, struct answer *)
{
    return MOVE_ENDED;
}

static bool pending(struct shop *, const struct order *order)
{
    return order->state == ORDER_PENDING;
}

#define M(id, rules, sentence, ...)                                                                \
    {                                                                                              \
        id, rules, sentence,                                                                       \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

/* clang-format off */
const struct mutant mutants_close[] = {
    M("close-blindly", "WX2-066 WX2-067", "Closed without a query, and ORDERPAID counts as closed.",
      .close_query_first = no, .close_orderpaid = ended),
    M("orderpaid-is-closed", "WX2-067", "ORDERPAID at close counts as closed.",
      .close_orderpaid = ended),
    M("close-error-is-closed", "WX2-068", "SYSTEMERROR or no answer at close counts as closed.",
      .close_unknown = ended),
    M("early-close", "WX2-063", "The platform is asked to close at once.",
      .close_not_before = at_once),
    M("no-close", "WX2-072", "An order ends here; the platform is never told.",
      .close_needed = no),
    M("code-after-two-hours", "WX2-075 WX2-092", "Orders never expire, their codes are shown for ever.",
      .expire_due = no, .qr_allowed = pending),
    { .name = NULL },
};
