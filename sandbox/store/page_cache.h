/*
 * page_cache.h — inside the store: SQLite's page cache without its walk at each commit.
 *
 * When a B-tree is balanced, SQLite gives pages new numbers by way of one far beyond the end (that
 * of the lock byte, at 1 GiB). Its cache then believes that it holds such a page, and so the next
 * commit, which truncates the cache to the size of the database, looks at every page there is: a
 * pause that grows with the database. This layer around the same cache knows better.
 */
#ifndef STORE_PAGE_CACHE_H
#define STORE_PAGE_CACHE_H

/* Before SQLite's first use in the process; later calls do nothing. */
void page_cache_install(void);

#endif
