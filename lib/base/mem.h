/*
 * mem.h — every block of this project comes from here, so that a test can refuse the n-th one.
 *
 * Sizes are checked for overflow; a zero-sized request yields a block of one byte, so that NULL
 * always means "no memory".
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The struct of type @type whose member @member lies at @ptr. */
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Uninitialised, or NULL. The caller frees with mem_free(). */
[[nodiscard]] void *mem_alloc(size_t size);

/* Zeroed array of @count elements of @size bytes, or NULL. */
[[nodiscard]] void *mem_zalloc(size_t count, size_t size);

/* Grown or shrunk; the old block stays valid when NULL comes back. */
[[nodiscard]] void *mem_realloc(void *old, size_t size);

/* NULL is allowed. */
void mem_free(void *block);

/* A NUL-terminated copy of @len bytes, or NULL. */
[[nodiscard]] char *mem_strndup(const char *text, size_t len);
[[nodiscard]] char *mem_strdup(const char *text);

#define mem_new(type) ((type *)mem_zalloc(1, sizeof(type)))

/* Overwrite secrets so that the compiler cannot leave it out. */
void mem_wipe(void *block, size_t len);

/*
 * Tests only. Refuse the @n-th allocation from now (1 = the next); 0 = refuse none.
 * mem_live() counts blocks not yet freed, mem_refused() tells whether the refusal happened.
 */
void mem_fail_at(int64_t n);
int mem_refused(void);
int64_t mem_live(void);

#endif
