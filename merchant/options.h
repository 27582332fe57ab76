/*
 * options.h — what the operator said: flag beats environment beats file.
 */
#ifndef MERCHANT_OPTIONS_H
#define MERCHANT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "wxpay/v2_sign.h"

struct options {
    char *host, *platform_url, *mch_id, *appid, *api_key; /* owned */
    char *notify_base, *ip, *ledger, *log_level, *config, *sign_type_text;
    int port;     /* 0: a free one */
    int ready_fd; /* the ready line goes there as well; -1: nowhere */
    int test_clock;
    int show_version, show_steps;
    char *port_text, *ready_fd_text; /* as said */
    enum v2_sign_type sign_type;
};

/*
 * 0; 1 when everything was said (--help, --version, --steps) and the program ends with success;
 * ERR_USAGE after a sentence on stderr.
 */
[[nodiscard]] int options_read(struct options *options, int argc, char **argv);
void options_release(struct options *options);

#endif
