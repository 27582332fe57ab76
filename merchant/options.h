/*
 * options.h — what the operator said: flag beats environment beats file.
 */
#ifndef MERCHANT_OPTIONS_H
#define MERCHANT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "wxpay/v2_sign.h"
#include "wxpay/v3_key.h"

enum wire { WIRE_V2, WIRE_V3 };

struct options {
    char *host, *platform_url, *mch_id, *appid, *api_key; /* owned, as all below */
    char *notify_base, *ip, *ledger, *log_level, *config, *sign_type_text;
    char *staff_token; /* who may give money back; NULL: nobody */
    char *api_text, *apiv3_key, *mch_serial, *mch_key_file; /* API V3 */
    char *platform_cert_file, *public_key_file, *public_key_id;
    enum wire api;
    struct v3_private *mch_key;      /* with API V3, as all below */
    struct v3_public *platform_cert; /* trusted before any was downloaded, or NULL */
    char platform_cert_serial[V3_SERIAL_MAX + 1];
    struct v3_public *public_key; /* not NULL: the platform is known by it, as public_key_id */
    int port;                     /* 0: a free one */
    int ready_fd;                 /* the ready line goes there as well; -1: nowhere */
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
