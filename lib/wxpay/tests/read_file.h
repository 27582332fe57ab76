/* read_file.h — a fixture as bytes, for the tests of this room. */
#ifndef WXPAY_TESTS_READ_FILE_H
#define WXPAY_TESTS_READ_FILE_H

#include "base/buf.h"

#include <check.h>
#include <stdio.h>

/* The whole of FIXTURES_DIR/@path; the caller releases it. Fails the test when it is not there. */
static inline struct buf read_fixture(const char *path)
{
    char name[512], block[4096];
    struct buf bytes = BUF_INIT(1 << 20);
    snprintf(name, sizeof(name), "%s/%s", FIXTURES_DIR, path);
    FILE *file = fopen(name, "rb");
    ck_assert_msg(file != NULL, "%s is missing", name);
    size_t got;
    while ((got = fread(block, 1, sizeof(block), file)) > 0)
        ck_assert_int_eq(buf_add(&bytes, block, got), 0);
    fclose(file);
    return bytes;
}

#endif
