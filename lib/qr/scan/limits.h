/*
 * limits.h — what a hostile picture may use up: memory, processor time, no files, no network.
 *
 * Plain setrlimit(), so that it works on every POSIX system and asks for no privilege. Sanitizer
 * builds keep the address space unlimited, because their shadow memory needs it.
 */
#ifndef QR_SCAN_LIMITS_H
#define QR_SCAN_LIMITS_H

#define LIMIT_MEMORY    (1024ull << 20)
#define LIMIT_CPU_S     8
#define LIMIT_EXIT_CODE 3

/*
 * Before any input is read: address space, processor time, size of files written (0, unless
 * standard output is a file itself), no core file, no inherited descriptors above 2. When the
 * processor time is used up, the process prints the "limit" answer and ends with LIMIT_EXIT_CODE.
 * A negative errno if the system refuses.
 */
[[nodiscard]] int limits_set(void);

/*
 * After libraries are loaded and the input is read: from here on neither a file nor a socket nor
 * a pipe can be opened. What is open stays open. A negative errno if the system refuses.
 */
[[nodiscard]] int limits_seal(void);

#endif
