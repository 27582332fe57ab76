/*
 * small_mem.h — inside the store: memory for SQLite, whose blocks are small, many and soon free.
 *
 * Debian builds SQLite without its lookaside, and its journal of a turn in memory is made of pieces
 * of 1 KiB: ten to fifteen allocations per order, a tenth of its time in the C library. Here a
 * freed block waits in a list of its size for the next one who wants as much. What the busiest
 * moment took is kept.
 */
#ifndef STORE_SMALL_MEM_H
#define STORE_SMALL_MEM_H

/* Before SQLite's first use in the process; later calls do nothing. */
void small_mem_install(void);

#endif
