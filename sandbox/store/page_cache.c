#include "store/page_cache.h"

#include "base/mem.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>

#define PLACES_MIN 64
#define PLACES_MAX (1u << 26) /* 256 GiB of pages; what lies behind is found, but slowly */
#define BLOCK_MIN  4          /* pages allocated at once: twice as many each time, */
#define BLOCK_MAX  256        /* up to here */
#define ALIGNMENT  64

/*
 * A page is in use from the moment it is fetched until SQLite gives it back; then it rests, and the
 * one that has rested longest makes room for another. Pages of a database in memory never rest.
 */
struct page {
    sqlite3_pcache_page base;   /* first: what SQLite sees. The content lies before this struct */
    struct page *newer, *older; /* while it rests; NULL: it is in use */
    struct page *next;          /* while it is a stray or spare */
    unsigned key;
};

struct block {
    struct block *next;
    _Alignas(ALIGNMENT) char bytes[];
};

struct cache {
    size_t content, stride; /* bytes of a page; of a page and all that belongs to it */
    bool purgeable;
    unsigned max; /* pages, if purgeable */
    unsigned count, resting_count;
    struct page **place; /* owned, by key */
    size_t places;
    unsigned highest;     /* no page in a place above it */
    struct page *strays;  /* that have no place: see rekey() */
    struct page *spares;  /* that have no key */
    struct page resting;  /* head of a ring: its newer is the oldest, its older the newest */
    struct block *blocks; /* owned */
    size_t block_pages;   /* in the last block */
    char *unused;         /* in it */
    size_t unused_pages;
};

static struct cache *cache_of(sqlite3_pcache *outer)
{
    return (struct cache *)outer;
}

static struct page *page_of(sqlite3_pcache_page *outer)
{
    return (struct page *)outer;
}

/* ---- by key ------------------------------------------------------------------------------ */

/* Where the pointer to the page @key is or would be. */
static struct page **place_of(struct cache *cache, unsigned key)
{
    struct page **at = &cache->strays;
    while (*at && (*at)->key != key)
        at = &(*at)->next;
    return *at || key >= cache->places ? at : &cache->place[key];
}

/* False without memory. */
static bool make_place(struct cache *cache, unsigned key)
{
    if (key < cache->places || key >= PLACES_MAX)
        return true;
    size_t places = cache->places ? cache->places : PLACES_MIN;
    while (places <= key)
        places *= 2;
    struct page **grown = mem_realloc(cache->place, places * sizeof(*grown));
    if (!grown)
        return false;
    memset(grown + cache->places, 0, (places - cache->places) * sizeof(*grown));
    cache->place = grown;
    cache->places = places;
    return true;
}

static void put_in_place(struct cache *cache, struct page *page, unsigned key)
{
    page->key = key;
    page->next = NULL;
    *place_of(cache, key) = page;
    cache->count++;
    if (key < cache->places && key > cache->highest)
        cache->highest = key;
}

static void put_among_strays(struct cache *cache, struct page *page, unsigned key)
{
    page->key = key;
    page->next = cache->strays;
    cache->strays = page;
    cache->count++;
}

static void take_out(struct cache *cache, struct page *page)
{
    *place_of(cache, page->key) = page->next;
    cache->count--;
}

/* ---- in use, resting, spare -------------------------------------------------------------- */

static void rest(struct cache *cache, struct page *page)
{
    page->newer = &cache->resting;
    page->older = cache->resting.older;
    page->older->newer = page;
    cache->resting.older = page;
    cache->resting_count++;
}

static void wake(struct cache *cache, struct page *page)
{
    page->newer->older = page->older;
    page->older->newer = page->newer;
    page->newer = page->older = NULL;
    cache->resting_count--;
}

static void drop(struct cache *cache, struct page *page)
{
    if (page->newer)
        wake(cache, page);
    take_out(cache, page);
    page->next = cache->spares;
    cache->spares = page;
}

static bool is_full(const struct cache *cache)
{
    return cache->purgeable && cache->count >= cache->max;
}

static bool drop_oldest(struct cache *cache)
{
    if (!cache->resting_count)
        return false;
    drop(cache, cache->resting.newer);
    return true;
}

static bool add_block(struct cache *cache)
{
    size_t pages = cache->block_pages ? cache->block_pages * 2 : BLOCK_MIN;
    if (pages > BLOCK_MAX)
        pages = BLOCK_MAX;
    struct block *block = mem_alloc(sizeof(*block) + ALIGNMENT + pages * cache->stride);
    if (!block)
        return false;
    block->next = cache->blocks;
    cache->blocks = block;
    cache->block_pages = cache->unused_pages = pages;
    cache->unused = block->bytes + (-(uintptr_t)block->bytes & (ALIGNMENT - 1));
    return true;
}

/* A page without a key, or NULL without memory. */
static struct page *page_take(struct cache *cache)
{
    struct page *page = cache->spares;
    if (page) {
        cache->spares = page->next;
    } else {
        if (!cache->unused_pages && !add_block(cache))
            return NULL;
        page = (struct page *)(void *)(cache->unused + cache->content);
        *page = (struct page){ .base = { .pBuf = cache->unused, .pExtra = page + 1 } };
        cache->unused += cache->stride;
        cache->unused_pages--;
    }
    *(void **)page->base.pExtra = NULL; /* how SQLite knows a page that is new to it */
    return page;
}

/* ---- what SQLite calls ------------------------------------------------------------------- */

static int start(void *)
{
    return SQLITE_OK;
}

static sqlite3_pcache *create(int page_size, int extra_size, int purgeable)
{
    struct cache *cache = mem_new(struct cache);
    if (!cache)
        return NULL;
    size_t behind = sizeof(struct page) + (size_t)extra_size;
    cache->content = (size_t)page_size;
    cache->stride = (cache->content + behind + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    cache->purgeable = purgeable;
    cache->resting.newer = cache->resting.older = &cache->resting;
    return (sqlite3_pcache *)cache;
}

static void destroy(sqlite3_pcache *outer)
{
    struct cache *cache = cache_of(outer);
    while (cache->blocks) {
        struct block *block = cache->blocks;
        cache->blocks = block->next;
        mem_free(block);
    }
    mem_free(cache->place);
    mem_free(cache);
}

static void set_size(sqlite3_pcache *outer, int pages)
{
    struct cache *cache = cache_of(outer);
    cache->max = (unsigned)pages;
    while (is_full(cache) && drop_oldest(cache))
        ;
}

static int count(sqlite3_pcache *outer)
{
    return (int)cache_of(outer)->count;
}

/* @make 1: only while it is easy, else SQLite first writes some pages and gives them back. */
static sqlite3_pcache_page *fetch(sqlite3_pcache *outer, unsigned key, int make)
{
    struct cache *cache = cache_of(outer);
    struct page *page = *place_of(cache, key);
    if (page) {
        if (page->newer)
            wake(cache, page);
        return &page->base;
    }
    if (!make || !make_place(cache, key))
        return NULL;
    if (is_full(cache) && !drop_oldest(cache) && make == 1)
        return NULL;
    page = page_take(cache);
    if (!page)
        return NULL;
    put_in_place(cache, page, key);
    return &page->base;
}

static void unpin(sqlite3_pcache *outer, sqlite3_pcache_page *page, int discard)
{
    struct cache *cache = cache_of(outer);
    if (discard || (cache->purgeable && cache->count > cache->max))
        drop(cache, page_of(page));
    else
        rest(cache, page_of(page));
}

/*
 * When a B-tree is balanced, a page passes by way of a number far beyond the end (that of the lock
 * byte, at 1 GiB). It becomes a stray: that needs no memory, and places stay dense.
 */
static void rekey(sqlite3_pcache *outer, sqlite3_pcache_page *moving, unsigned, unsigned key)
{
    struct cache *cache = cache_of(outer);
    struct page *page = page_of(moving), *old = *place_of(cache, key);
    if (old)
        drop(cache, old);
    take_out(cache, page);
    if (key > cache->highest)
        put_among_strays(cache, page, key);
    else
        put_in_place(cache, page, key);
}

static void truncate_at(sqlite3_pcache *outer, unsigned limit)
{
    struct cache *cache = cache_of(outer);
    for (struct page *next, *page = cache->strays; page; page = next) {
        next = page->next;
        if (page->key >= limit)
            drop(cache, page);
    }
    for (unsigned key = limit; key <= cache->highest; key++)
        if (key < cache->places && cache->place[key])
            drop(cache, cache->place[key]);
    if (limit <= cache->highest)
        cache->highest = limit ? limit - 1 : 0;
}

/* Memory goes back with the cache, not before. */
static void shrink(sqlite3_pcache *)
{
}

void page_cache_install(void)
{
    static const sqlite3_pcache_methods2 methods = {
        .iVersion = 1,
        .xInit = start,
        .xCreate = create,
        .xCachesize = set_size,
        .xPagecount = count,
        .xFetch = fetch,
        .xUnpin = unpin,
        .xRekey = rekey,
        .xTruncate = truncate_at,
        .xDestroy = destroy,
        .xShrink = shrink,
    };
    (void)sqlite3_config(SQLITE_CONFIG_PCACHE2, &methods);
}
