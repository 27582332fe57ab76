/*
 * options.h — the command line of wxpay-qrscan.
 */
#ifndef QR_SCAN_OPTIONS_H
#define QR_SCAN_OPTIONS_H

#include "qr/scan/scan.h"

/* 0; ERR_USAGE after an explanation on stderr. --help and --version end the process with 0. */
[[nodiscard]] int options_read(struct scan_options *options, int argc, const char **argv);

#endif
