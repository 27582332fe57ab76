/*
 * handlers.h — one function per row of the router's table; docs/control-api.md says what each
 * does. All return 0 or a negative code (door.h, struct ask).
 */
#ifndef CONTROL_HANDLERS_H
#define CONTROL_HANDLERS_H

struct ask;

/* meta.c */
int do_health(struct ask *ask);
int do_version(struct ask *ask);
int do_switches(struct ask *ask);
/* reset.c */
int do_reset(struct ask *ask);
/* accounts.c */
int do_accounts(struct ask *ask);
int do_account_new(struct ask *ask);
int do_account(struct ask *ask);
int do_account_change(struct ask *ask);
int do_account_delete(struct ask *ask);
int do_origins(struct ask *ask);
/* keys.c */
int do_keys(struct ask *ask);
int do_keys_change(struct ask *ask);
int do_keys_platform(struct ask *ask);
/* orders.c */
int do_orders(struct ask *ask);
int do_order(struct ask *ask);
/* combines.c */
int do_combines(struct ask *ask);
int do_combine(struct ask *ask);
/* refunds.c */
int do_refunds(struct ask *ask);
int do_refund(struct ask *ask);
int do_refund_end(struct ask *ask);
/* phone.c */
int do_scan(struct ask *ask);
int do_pay(struct ask *ask);
/* callup.c */
int do_callup(struct ask *ask);
/* clock.c */
int do_clock(struct ask *ask);
int do_clock_freeze(struct ask *ask);
int do_clock_advance(struct ask *ask);
int do_clock_real(struct ask *ask);
/* notifications.c */
int do_notifications(struct ask *ask);
int do_resend(struct ask *ask);
int do_notice_mode(struct ask *ask);
int do_release(struct ask *ask);
/* exchanges.c */
int do_exchanges(struct ask *ask);
int do_exchange(struct ask *ask);
int do_explain(struct ask *ask);
/* faults.c */
int do_faults(struct ask *ask);
int do_fault_new(struct ask *ask);
int do_faults_clear(struct ask *ask);
int do_fault_delete(struct ask *ask);
/* wait.c */
int do_wait(struct ask *ask);
/* events.c */
int do_events(struct ask *ask);

#endif
