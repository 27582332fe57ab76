#include "net/http_block.h"

#include "base/mem.h"

#define SPARE_MAX 256

struct http_block *http_block_new(struct http_blocks *pool, size_t size)
{
    struct http_block *block = pool->spare;
    if (block && size <= HTTP_BLOCK_SIZE) {
        pool->spare = block->next_spare;
        pool->spare_count--;
    } else {
        size_t cap = size < HTTP_BLOCK_SIZE ? HTTP_BLOCK_SIZE : size;
        block = mem_alloc(sizeof(*block) + cap);
        if (!block)
            return NULL;
        block->pool = pool;
        block->cap = cap;
    }
    block->next_spare = NULL;
    block->refs = 1;
    return block;
}

struct http_block *http_block_ref(struct http_block *block)
{
    block->refs++;
    return block;
}

void http_block_unref(struct http_block *block)
{
    if (!block || --block->refs)
        return;
    struct http_blocks *pool = block->pool;
    if (block->cap != HTTP_BLOCK_SIZE || pool->spare_count == SPARE_MAX) {
        mem_free(block);
        return;
    }
    block->next_spare = pool->spare;
    pool->spare = block;
    pool->spare_count++;
}

void http_blocks_release(struct http_blocks *pool)
{
    while (pool->spare) {
        struct http_block *block = pool->spare;
        pool->spare = block->next_spare;
        mem_free(block);
    }
    pool->spare_count = 0;
}
