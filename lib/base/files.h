/*
 * files.h — how many files and sockets the process may have open.
 */
#ifndef BASE_FILES_H
#define BASE_FILES_H

#include <stddef.h>

#define FILES_ENOUGH 65536 /* a process that gets more may pay for it: some loops visit them all */

/*
 * Raises the soft limit, which is often 1 024, to the hard one, but not above FILES_ENOUGH; never
 * lowers it. For servers, before they listen; children inherit it. Returns what is allowed then.
 */
size_t files_raise(void);

#endif
