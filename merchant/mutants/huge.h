/*
 * huge.h — the steps of the mutant no-body-limit: what else verifies ten megabytes?
 */
#ifndef MERCHANT_MUTANTS_HUGE_H
#define MERCHANT_MUTANTS_HUGE_H

#include "mutants/mutant.h"

void huge_limits(struct shop *shop, struct http_server_options *options);
enum step huge_parse(struct claim *c);
enum step huge_verify(struct claim *c);

#endif
