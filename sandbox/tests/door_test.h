/*
 * door_test.h — a real sandbox on a loop, an HTTP client beside it, and a signer of its own.
 *
 * The signer goes straight to OpenSSL and knows nothing of lib/wxpay: what the sandbox signs or
 * accepts is judged from outside.
 */
#ifndef DOOR_TEST_H
#define DOOR_TEST_H

#include "base/mem.h"
#include "call.h"
#include "engine/payer.h"

#include <check.h>

struct door {
    uv_loop_t loop;
    struct sandbox sandbox;
    struct http_client *client; /* the merchant's */
    bool stopped, client_stopped;
};

/* @data_dir NULL: in memory. Both doors on free ports. */
void door_open(struct door *door, const char *data_dir);
void door_open_seeded(struct door *door, const char *data_dir, uint64_t seed);
/* Stops everything; demands that the loop is clean. */
void door_close(struct door *door);

/* Turns the loop until *done, bounded. */
void door_until(struct door *door, const bool *done);

/* One answer of the API door. */
struct answer {
    bool done;
    int err, status;
    struct buf body;
    char type[64], location[128], digest[64];
};
void answer_release(struct answer *answer);

/* Sends and waits. @method NULL: POST. */
void door_send(struct door *door, const char *method, const char *path, struct view body,
               struct answer *out);
/* Sends only; the caller waits for out->done. */
void door_begin(struct door *door, const char *method, const char *path, struct view body,
                struct answer *out);

/* A request under construction: names and values, at most 48. */
struct params {
    struct {
        char name[64];
        struct buf value;
    } item[48];
    size_t count;
};
void params_release(struct params *params);
/* value NULL: take the field out. */
void params_set(struct params *params, const char *name, const char *value);
/* The manual's S-3 order (V2 2.5) with a fresh number. */
void params_order(struct params *params, const char *number);
/* appid, mch_id, nonce_str. */
void params_common(struct params *params);
/* Signs with @key by the field sign_type (absent: MD5), appends the document to @xml. */
void params_sign(struct params *params, const char *key, struct buf *xml);

/* Sign by the built-in account's key, send, wait. */
void door_call(struct door *door, const char *path, struct params *params, struct answer *out);

/* Text of <name> in an answer, unpacked from CDATA; "" when absent. Static buffer, next call. */
const char *xml_text(const struct answer *answer, const char *name);

/* Does the answer's sign hold, MD5 or HMAC-SHA256 by @hmac? By the test's own signer. */
bool sign_holds(struct view xml, const char *key, bool hmac);

/* Order @number for 88 fen; the code_url lands in @code_url. */
void door_order(struct door *door, const char *number, char code_url[CODE_URL_MAX + 1]);
/* The payer pays it. */
enum phone_id door_pay(struct door *door, const char *code_url, const struct pay_spec *spec);

struct account *door_account(struct door *door);

int run_suite(Suite *suite);

#endif
