/*
 * platform_client.h — what a client of one API does for platform.c. Private to platform*.c.
 */
#ifndef MERCHANT_PLATFORM_CLIENT_H
#define MERCHANT_PLATFORM_CLIENT_H

#include "platform.h"

/* One question under way. */
struct asking {
    struct answer answer;
    struct order order;   /* a copy: V3 may have to wait for certificates first */
    struct refund refund; /* the same */
    void (*on_answer)(struct answer *answer, void *owner);
    void *owner;
    struct buf kept; /* V3: the body, while a certificate is looked for */
};

struct platform_client {
    const char *names[5]; /* of enum api, for the log */
    /* platform_answered() follows, unless this returns an error. */
    int (*send)(struct asking *asking);
    /* Runs the steps of the chapter "answer", sets the outcome and what was told. */
    void (*judge)(struct answer *answer);
};

extern const struct platform_client platform_v2, platform_v3;

/* The answer is there, or @err says why not. Frees the asking. */
void platform_answered(struct asking *asking, int err, int status, struct view body);

#endif
