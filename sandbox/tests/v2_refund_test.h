/*
 * v2_refund_test.h — a door with a frozen clock, a merchant that is told, and refunds over V2.
 */
#ifndef V2_REFUND_TEST_H
#define V2_REFUND_TEST_H

#include "door_test.h"
#include "engine/refund.h"

extern struct door door;

/* A merchant that keeps what it was told last. */
struct told_merchant {
    struct http_server *server;
    struct buf body;
    char type[32];
    size_t count;
    const char *answer; /* what it says to a notification */
    bool stopped;
};
extern struct told_merchant merchant;

/* Its announced origin is https://merchant.example. */
void refund_open_door(void);
void refund_close_door(void);
struct account *refund_us(void);

/* An order of 88 fen, paid: with a coupon of @coupon_fen if above 0, and one of 10 if @second. */
void refund_pay(const char *number, int64_t coupon_fen, bool second);
void refund_transaction(const char *number, char out[33]);

/* A right request, to be notified at /refund. */
void refund_params(struct params *params, const char *number, const char *refund_no,
                   const char *fee);
/* It is accepted: the refund_id, until the next answer is read. */
const char *refund_accepted(const char *number, const char *refund_no, const char *fee);
/* It is refused with that err_code, signed. */
void refund_denied(const char *number, const char *refund_no, const char *fee, const char *code);

/* Asks by one number; @offset may be NULL. */
void refund_query(const char *name, const char *value, const char *offset, struct answer *out);
/* By whichever of both is not NULL; the answer is that err_code. */
void refund_refused(const char *number, const char *refund_no, const char *code);

/* Did the last call's record get that remark? */
bool refund_remarked(const char *id);

/* So much later on the account's frozen clock. */
void refund_later(int64_t ms);

/* Turns the loop until the merchant was told @count times, and nothing is under way. */
void refund_until_told(size_t count);

#endif
