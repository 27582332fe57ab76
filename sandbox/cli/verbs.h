/*
 * verbs.h — the verbs that talk to a running sandbox. Each returns an exit code (cli.h).
 */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include "cli/cli.h"

/* verbs_account.c */
int run_accounts(struct cli *cli);
int run_merchant(struct cli *cli);
/* verbs_v3.c */
int run_v3(struct cli *cli);
/* verbs_order.c */
int run_orders(struct cli *cli);
int run_order(struct cli *cli);
int run_scan(struct cli *cli);
int run_pay(struct cli *cli);
int run_callup(struct cli *cli);
/* verbs_qr.c */
int run_qr(struct cli *cli);
/* verbs_time.c */
int run_clock(struct cli *cli);
int run_wait(struct cli *cli);
/* verbs_notify.c */
int run_notify(struct cli *cli);
/* verbs_fault.c */
int run_fault(struct cli *cli);
/* verbs_look.c */
int run_exchanges(struct cli *cli);
int run_explain(struct cli *cli);
int run_events(struct cli *cli);
/* verbs_meta.c */
int run_reset(struct cli *cli);
int run_switches(struct cli *cli);
int run_health(struct cli *cli);
int run_version(struct cli *cli);

#endif
