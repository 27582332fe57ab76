/*
 * run.h — one life of the shop: options, loop, signals, ready line, clean end.
 */
#ifndef MERCHANT_RUN_H
#define MERCHANT_RUN_H

struct steps;

/* Exit code of the program. */
int run_shop(int argc, char **argv, const struct steps *steps);

#endif
