/*
 * http_block.h — the memory that bytes are read into, shared by everything that looks at them.
 *
 * A connection reads into a block; a request found in it keeps views into the block and one
 * reference. Nothing is copied, and a connection that waits for its next request holds none.
 * One loop, one pool, no locks.
 */
#ifndef NET_HTTP_BLOCK_H
#define NET_HTTP_BLOCK_H

#include <stddef.h>

/* Large enough for a few pipelined requests, small enough for ten thousand slow ones. */
#define HTTP_BLOCK_SIZE 8192

struct http_blocks {
    struct http_block *spare;
    size_t spare_count;
};

struct http_block {
    struct http_blocks *pool;
    struct http_block *next_spare;
    size_t refs, cap;
    char bytes[];
};

/* A block of at least @size bytes with one reference, or NULL. */
[[nodiscard]] struct http_block *http_block_new(struct http_blocks *pool, size_t size);

struct http_block *http_block_ref(struct http_block *block);

/* NULL is allowed. The last reference gives the block back to its pool. */
void http_block_unref(struct http_block *block);

/* Frees the spare ones; every block must have come back. */
void http_blocks_release(struct http_blocks *pool);

#endif
