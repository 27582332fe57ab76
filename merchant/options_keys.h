/*
 * options_keys.h — what API V3 needs beside names: keys, from PEM files.
 */
#ifndef MERCHANT_OPTIONS_KEYS_H
#define MERCHANT_OPTIONS_KEYS_H

#include "options.h"

/*
 * Checks apiv3_key, mch_serial and public_key_id, and reads the files. Without mch_key_file it is
 * the published test account's key. 0; ERR_USAGE after a sentence on stderr; ERR_NOMEM.
 */
[[nodiscard]] int options_keys_read(struct options *options);
void options_keys_release(struct options *options);

#endif
