/*
 * mutant.h — a merchant that breaks one thing, made to test the judge.
 *
 * A mutant is the right shop with one step (or the few that hang on one mistake) replaced. Linked
 * only into wxpay-merchant-mutant, which is never installed. The names are fixed: the judge's
 * kill table knows them.
 */
#ifndef MERCHANT_MUTANT_H
#define MERCHANT_MUTANT_H

#include "steps.h"

struct mutant {
    const char *name, *rules, *sentence;
    struct steps replaced; /* NULL: the right step stays */
};

/* One row; the steps that are not named stay the right ones. */
#define MUTANT(id, rules_, sentence_, ...)                                                         \
    {                                                                                              \
        .name = id, .rules = rules_, .sentence = sentence_, .replaced = { __VA_ARGS__ }            \
    }

/* By name; NULL when there is none. */
const struct mutant *mutant_find(const char *name);
/* One after the other, from 0; NULL after the last. */
const struct mutant *mutant_at(size_t index);
/* Does it break what only shops with --api v3 do? The others break V2, or what both share. */
bool mutant_is_v3(const struct mutant *mutant);
/* The right steps with the mutant's in their places. */
struct steps mutant_steps(const struct mutant *mutant);

/* One list per chapter of the table of steps; the last name is NULL. */
extern const struct mutant mutants_create[], mutants_request[], mutants_answer[], mutants_query[],
    mutants_close[], mutants_door[], mutants_notify[], mutants_settle[], mutants_show[],
    mutants_v3_request[], mutants_v3_answer[], mutants_v3_keys[], mutants_v3_notify[],
    mutants_refund[];

/* --- what several mutants need ----------------------------------------------------------------- */

/* A step that says one word, whatever it is asked: SAYS(never, int64_t, (arguments), -1). */
#define SAYS(function, type, arguments, word)                                                      \
    static type function arguments                                                                 \
    {                                                                                              \
        return word;                                                                               \
    }

/* A check that is left out when @when holds; @right calls the right step on @subject. */
#define SKIPS(function, subject, right, when)                                                      \
    static enum step function(subject)                                                             \
    {                                                                                              \
        return (when) ? STEP_GO : (right);                                                         \
    }

enum step mutant_go(struct claim *c); /* says STEP_GO */

/* Sets, adds or (value NULL) drops a field. */
[[nodiscard]] int mutant_alter(struct v2_msg *msg, const char *name, const char *value);

/* Verifies over the fields every SDK of 2017 knew, and over no others. */
[[nodiscard]] int mutant_verify_known(const struct v2_msg *msg, const struct shop *shop);
bool mutant_known_field(struct view name);

/* Resume with STEP_GO after @ms. */
enum step mutant_wait(struct claim *c, unsigned ms);

/* Paid without any proof. */
void mutant_mark_paid(struct shop *shop, struct order *order);

/* One more parcel, however many went out before. */
[[nodiscard]] int mutant_ship_again(struct shop *shop, struct order *order);

/* Takes a number for @order even if another order has it, in the ledger too. */
[[nodiscard]] int mutant_seize_number(struct shop *shop, struct order *order, const char *number);

#endif
