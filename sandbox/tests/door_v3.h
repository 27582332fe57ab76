/*
 * door_v3.h — API V3 at the door of a real sandbox, by a signer of its own: it goes straight to
 * OpenSSL and to fixtures/keys and knows nothing of lib/wxpay.
 */
#ifndef DOOR_V3_H
#define DOOR_V3_H

#include "door_test.h"

#include <jansson.h>

/* A request; what is NULL is made rightly. Files are of fixtures/keys, or absolute. */
struct v3_send {
    const char *method, *target, *body;
    const char *sign_target, *sign_body; /* signed instead of what is sent */
    const char *authorization;           /* sent as it is; "": no header */
    const char *serial, *mchid, *nonce, *key_file;
    int64_t shift_s;                             /* of the timestamp */
    const char *sign_method, *digest;            /* "sha1" */
    bool pss;                                    /* the padding */
    void (*edit_text)(struct buf *text);         /* before it is signed */
    void (*edit_signature)(char signature[400]); /* before it is sent */
    const char *asked_serial;                    /* Wechatpay-Serial */
    bool no_agent, spaced;
};

struct v3_answer {
    bool done;
    int err, status;
    struct buf body;
    json_t *json;
    char request_id[96], type[64];
    char nonce[64], signature[400], timestamp[32], serial[96], scheme[64]; /* "": absent */
};
void v3_answer_release(struct v3_answer *answer);

/* SHA256withRSA by the key of a file, in base64. */
void v3_sign_text(const char *key_file, const char *text, char out[400]);

/* The value of Authorization that @send asks for. */
void v3_authorization(const struct v3_send *send, struct buf *out);
/* Sends only; wait for out->done. */
void v3_begin(struct door *door, const struct v3_send *send, struct v3_answer *out);
/* Send and wait. */
void v3_send(struct door *door, const struct v3_send *send, struct v3_answer *out);
/* Of the answer's body, by a path with slashes; "" when there is none. */
const char *v3_text(const struct v3_answer *answer, const char *path);
int64_t v3_int(const struct v3_answer *answer, const char *path);

/* Do timestamp, nonce, body and signature hold by the certificate in @file? */
bool v3_holds(const char *timestamp, const char *nonce, struct view body, const char *signature,
              const char *file);
/* The answer's, by the built-in platform certificate. */
bool v3_answer_holds(const struct v3_answer *answer);

/* The body of a native order of 88 fen, in a static buffer; @more goes behind, ",\"attach\":…". */
const char *v3_order_body(const char *number, const char *more);
/* Order it; the code_url lands in @code_url. */
void v3_order(struct door *door, const char *number, const char *more,
              char code_url[CODE_URL_MAX + 1]);

/* AES-256-GCM by the default APIv3 key; the plain text as JSON. NULL: it does not open. */
json_t *v3_open(const json_t *resource);
/* The same for what is no JSON; it must open. */
void v3_open_text(const json_t *resource, char *out, size_t size);

#endif
