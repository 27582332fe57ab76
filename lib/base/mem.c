#include "base/mem.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static _Atomic int64_t fail_in; /* 0: never */
static _Atomic int64_t live;
static _Atomic int refused;

/* The count-down runs only while a test asked for it: one relaxed load otherwise. */
static int refuse_now(void)
{
    if (atomic_load_explicit(&fail_in, memory_order_relaxed) == 0)
        return 0;
    if (atomic_fetch_sub(&fail_in, 1) != 1)
        return 0;
    atomic_store(&refused, 1);
    return 1;
}

static void *counted(void *block)
{
    if (block)
        atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
    return block;
}

void *mem_alloc(size_t size)
{
    return refuse_now() ? NULL : counted(malloc(size ? size : 1));
}

void *mem_zalloc(size_t count, size_t size)
{
    return refuse_now() ? NULL : counted(calloc(count ? count : 1, size ? size : 1));
}

void *mem_realloc(void *old, size_t size)
{
    if (!old)
        return mem_alloc(size);
    return refuse_now() ? NULL : realloc(old, size ? size : 1);
}

void mem_free(void *block)
{
    if (!block)
        return;
    atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
    free(block);
}

char *mem_strndup(const char *text, size_t len)
{
    char *copy = len < SIZE_MAX ? mem_alloc(len + 1) : NULL;
    if (!copy)
        return NULL;
    if (len)
        memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *mem_strdup(const char *text)
{
    return mem_strndup(text, strlen(text));
}

void mem_wipe(void *block, size_t len)
{
    if (block)
        explicit_bzero(block, len);
}

void mem_fail_at(int64_t n)
{
    atomic_store(&refused, 0);
    atomic_store(&fail_in, n);
}

int mem_refused(void)
{
    return atomic_load(&refused);
}

int64_t mem_live(void)
{
    return atomic_load(&live);
}
