/*
 * oracle_v3_priv.h — what a key of the oracle is made of; for oracle_v3*.c only.
 */
#ifndef CONFORMANCE_ORACLE_V3_PRIV_H
#define CONFORMANCE_ORACLE_V3_PRIV_H

#include "oracle_v3.h"

#include <openssl/evp.h>

/* The only member is OpenSSL's: a key of ours is a name for theirs. */
struct oracle3_key {
    EVP_PKEY *pkey;
};

#endif
