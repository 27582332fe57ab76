/*
 * wal_file.h — inside the store: the frames of one commit go to the write-ahead log in one write.
 *
 * SQLite writes two pieces per page, a frame's header and its content: ninety calls for a turn with
 * thirty orders, half of the turn's time. This layer over the system's files keeps the pieces of a
 * transaction together until its last frame, which SQLite marks as the commit, and writes them
 * then. Whatever else is asked of the file comes after what is kept, so nothing can be seen out of
 * order; an error of the write is the error of the commit.
 */
#ifndef STORE_WAL_FILE_H
#define STORE_WAL_FILE_H

/* The name for sqlite3_open_v2(), or NULL (the system's own files) when it cannot be had. */
const char *wal_file_vfs(void);

#endif
