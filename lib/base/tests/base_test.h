/* base_test.h — the parts of this room's test program, one per file of the room. */
#ifndef BASE_TEST_H
#define BASE_TEST_H

#include "base/mem.h"

#include <check.h>

TCase *base64_tests(void);
TCase *buf_tests(void);
TCase *clock_tests(void);
TCase *err_tests(void);
TCase *files_tests(void);
TCase *log_tests(void);
TCase *mem_tests(void);
TCase *rng_tests(void);
TCase *utf8_tests(void);
TCase *view_tests(void);

#endif
