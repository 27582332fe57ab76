/*
 * options_file.h — a flat YAML file of "name: value" lines.
 */
#ifndef MERCHANT_OPTIONS_FILE_H
#define MERCHANT_OPTIONS_FILE_H

/*
 * Calls @take for each line, in order; ERR_NOT_FOUND from it means an unknown name. Says on
 * stderr which line is wrong. 0, ERR_USAGE, or what @take returned.
 */
[[nodiscard]] int options_file_read(const char *path,
                                    int (*take)(void *owner, const char *name, const char *value),
                                    void *owner);

#endif
