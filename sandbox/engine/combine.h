/*
 * combine.h — orders of several merchants that are paid by one payment (V3 4.7).
 *
 * A combined order belongs to the account that combines. Its parts, the wire's sub_orders, are
 * orders of their own accounts, of which each is refunded, listed and billed by itself. What moves
 * all of them at once is here: they come into being, are paid, fail, are closed and expire
 * together, in one savepoint.
 *
 * The combined order lives on the clock of the account that combines. A part's stored moments are
 * the same ones on its own account's clock, because its bills and refunds are measured by that.
 *
 * Functions return NULL when it happened, else the refusal, and then nothing was changed.
 */
#ifndef ENGINE_COMBINE_H
#define ENGINE_COMBINE_H

#include "engine/order.h"

#define COMBINE_LEAST 2
#define COMBINE_MOST  50

struct combine_part {
    struct account *account; /* borrowed */
    struct order_row order;
    struct payment_row payment; /* order_id 0: not paid */
};

struct combine {
    struct combine_row row;
    struct account *account; /* borrowed: who combines */
    size_t count;
    struct combine_part *part; /* owned; in the order in which they were sent */
};

/* Accepts a zeroed one, and leaves one. */
void combine_release(struct combine *combine);

/* Views into the caller's message. */
struct combine_part_spec {
    struct account *account;
    struct view out_trade_no, description, attach;
    int64_t total_fen;
};

struct combine_spec {
    struct view out_trade_no;
    enum trade_type trade_type;
    int64_t expire_ms; /* 0: none */
    struct view appid, notify_url, openid, device_id;
    struct view body; /* as sent, keys sorted: what a repeat is compared by (V3 5.3) */
    size_t count;     /* COMBINE_LEAST … COMBINE_MOST */
    const struct combine_part_spec *part;
};

/*
 * New, or repeated per state of a known number (V3 5.3): then all parts have a new prepay. @out is
 * the caller's to release, filled on success. *taken is the index of the part whose number its
 * account knows already, when V3_NUMBER_USED comes back for that; else count.
 */
[[nodiscard]] const struct refusal *combine_open(struct engine *engine, struct account *account,
                                                 const struct combine_spec *spec,
                                                 struct combine *out, size_t *taken);

/* By the number of the account that combines; what time has done is settled first. */
[[nodiscard]] const struct refusal *combine_find(struct engine *engine, struct account *account,
                                                 struct view number, struct combine *out);

/* By its id. 0, ERR_NOT_FOUND or an error; settled too. */
[[nodiscard]] int combine_load(struct engine *engine, int64_t id, struct combine *out);

[[nodiscard]] const struct refusal *combine_close(struct engine *engine, struct combine *combine);

/* What all parts cost together. */
int64_t combine_total_fen(const struct combine *combine);

/* The state that @row is in by now, whether or not it has been written. True: time has closed it. */
bool combine_see_time(const struct account *account, struct combine_row *row);

/* The same for one part. An error of the store leaves it as it is. */
bool combine_see_part(struct engine *engine, struct order_row *order);

/* Move all parts and the combined order, in memory and in the store: all of it or nothing. */
[[nodiscard]] int combine_move(struct engine *engine, struct combine *combine,
                               enum trade_state state, int64_t at_ms);

#endif
