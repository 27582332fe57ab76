/*
 * page_cache.h — inside the store: where SQLite keeps the pages it has read or made.
 *
 * SQLite's own cache finds pages by a hash table with chains through the pages themselves. Whenever
 * their number has doubled it goes through all of them to hang them up anew, and after most commits
 * too, to see whether there are pages behind the end: pauses that grow with the database, 20 ms at
 * a hundred thousand pages. Here a page's number is its place in an array, and nothing is ever
 * gone through.
 */
#ifndef STORE_PAGE_CACHE_H
#define STORE_PAGE_CACHE_H

/* Before SQLite's first use in the process; later calls do nothing. */
void page_cache_install(void);

#endif
