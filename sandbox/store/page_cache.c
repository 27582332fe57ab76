#include "store/page_cache.h"

#include "base/mem.h"

#include <sqlite3.h>

static sqlite3_pcache_methods2 inner;

struct cache {
    sqlite3_pcache *inner; /* owned */
    unsigned highest;      /* no page above it but one that is being renumbered */
    unsigned passing;      /* where that one is; 0: there is none */
};

static struct cache *cache_of(sqlite3_pcache *outer)
{
    return (struct cache *)outer;
}

static sqlite3_pcache *create(int page_size, int extra_size, int purgeable)
{
    struct cache *cache = mem_new(struct cache);
    if (!cache)
        return NULL;
    cache->inner = inner.xCreate(page_size, extra_size, purgeable);
    if (cache->inner)
        return (sqlite3_pcache *)cache;
    mem_free(cache);
    return NULL;
}

static void destroy(sqlite3_pcache *outer)
{
    inner.xDestroy(cache_of(outer)->inner);
    mem_free(cache_of(outer));
}

static void set_size(sqlite3_pcache *outer, int pages)
{
    inner.xCachesize(cache_of(outer)->inner, pages);
}

static int count(sqlite3_pcache *outer)
{
    return inner.xPagecount(cache_of(outer)->inner);
}

static sqlite3_pcache_page *fetch(sqlite3_pcache *outer, unsigned key, int make)
{
    struct cache *cache = cache_of(outer);
    if (make && key > cache->highest)
        cache->highest = key;
    return inner.xFetch(cache->inner, key, make);
}

static void unpin(sqlite3_pcache *outer, sqlite3_pcache_page *page, int discard)
{
    inner.xUnpin(cache_of(outer)->inner, page, discard);
}

static void rekey(sqlite3_pcache *outer, sqlite3_pcache_page *page, unsigned old_key,
                  unsigned new_key)
{
    struct cache *cache = cache_of(outer);
    inner.xRekey(cache->inner, page, old_key, new_key);
    if (old_key == cache->passing)
        cache->passing = 0;
    if (new_key <= cache->highest)
        return;
    if (cache->passing)
        cache->highest = new_key; /* two at once: no longer the case we know */
    else
        cache->passing = new_key;
}

static void truncate_at(sqlite3_pcache *outer, unsigned limit)
{
    struct cache *cache = cache_of(outer);
    if (cache->highest < limit && !cache->passing)
        return;
    inner.xTruncate(cache->inner, limit);
    cache->highest = limit ? limit - 1 : 0;
    cache->passing = 0;
}

static void shrink(sqlite3_pcache *outer)
{
    inner.xShrink(cache_of(outer)->inner);
}

void page_cache_install(void)
{
    static const sqlite3_pcache_methods2 outer = {
        .iVersion = 1,
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
    sqlite3_pcache_methods2 layered = outer;
    if (inner.xCreate || sqlite3_config(SQLITE_CONFIG_GETPCACHE2, &inner) != SQLITE_OK)
        return;
    layered.xInit = inner.xInit;
    layered.xShutdown = inner.xShutdown;
    layered.pArg = inner.pArg;
    if (sqlite3_config(SQLITE_CONFIG_PCACHE2, &layered) != SQLITE_OK)
        inner = (sqlite3_pcache_methods2){ 0 };
}
