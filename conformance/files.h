/*
 * files.h — what a run leaves in --out: report.json, report.html, junit.xml, transcript.jsonl, and
 * the pictures with their checksums.
 */
#ifndef CONFORMANCE_FILES_H
#define CONFORMANCE_FILES_H

#include "report.h"

/* The directory and those above it. */
[[nodiscard]] int files_make_dirs(const char *path);

/* The transcript first, then the reports, which name its checksum. Fills report->transcript_sha256. */
[[nodiscard]] int files_write_all(struct report *report, const struct buf *lines, size_t count);

/* Lower-case hex of a file's bytes. ERR_IO. */
[[nodiscard]] int files_sha256(const char *path, char out[65]);

/* The directory with everything in it; only below a name that holds "wxpay-conformance-". */
void files_remove_tree(const char *path);

/* Pictures an earlier run left there; files of other kinds stay. */
void files_clear_pictures(const char *directory);

/* The whole file, up to the buffer's ceiling. */
[[nodiscard]] int files_read(const char *path, struct buf *out);

#endif
