/* Mutants of the chapter "close": ending an unpaid order. */
#include "mutants/mutant.h"

SAYS(no, bool, (struct shop *, const struct order *), false)

SAYS(at_once, int64_t, (struct shop *, const struct order *), 0)

SAYS(ended, enum move, (struct shop *, struct order *, struct answer *), MOVE_ENDED)

static bool pending(struct shop *, const struct order *order)
{
    return order->state == ORDER_PENDING;
}

/* clang-format off */
const struct mutant mutants_close[] = {
    MUTANT("close-blindly", "WX2-066 WX2-067",
      "Closed without a query, and ORDERPAID counts as closed.",
      .close_query_first = no, .close_orderpaid = ended),
    MUTANT("orderpaid-is-closed", "WX2-067", "ORDERPAID at close counts as closed.",
      .close_orderpaid = ended),
    MUTANT("close-error-is-closed", "WX2-068",
      "SYSTEMERROR or no answer at close counts as closed.",
      .close_unknown = ended),
    MUTANT("early-close", "WX2-063", "The platform is asked to close at once.",
      .close_not_before = at_once),
    MUTANT("no-close", "WX2-072", "An order ends here; the platform is never told.",
      .close_needed = no),
    MUTANT("code-after-two-hours", "WX2-075 WX2-092",
      "Orders never expire, their codes are shown for ever.",
      .expire_due = no, .qr_allowed = pending),
    { .name = NULL },
};
