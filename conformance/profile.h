/*
 * profile.h — how to talk to the merchant under test: the YAML file people write by hand.
 *
 * profile_yaml.c reads the text into a tree that knows its lines and refuses anchors, aliases,
 * tags and duplicate keys; profile_schema.c types it by a table. Every error names line, column
 * and key. Names that later versions will know are refused as such.
 */
#ifndef CONFORMANCE_PROFILE_H
#define CONFORMANCE_PROFILE_H

#include "extract.h"
#include "rules.h"

struct pair {
    char *name, *value; /* owned */
};

struct pairs {
    struct pair *item;
    size_t count;
};

enum body_kind { BODY_NONE, BODY_JSON, BODY_FORM, BODY_TEXT };

/* One request to the merchant, or one command. Values are templates with ${name}. */
struct step {
    unsigned line;       /* in the profile, 0 when absent */
    char *method, *path; /* NULL for a command */
    struct pairs headers, query;
    enum body_kind body_kind;
    json_t *json;      /* BODY_JSON: the template */
    struct pairs form; /* BODY_FORM */
    char *text;        /* BODY_TEXT */
    char **command;    /* NULL-terminated; NULL unless a command: JSON in, JSON out */
    struct capture {
        char *name;
        struct extractor from;
    } * captures;
    size_t capture_count;
};

struct steps {
    struct step *item;
    size_t count;
};

/* How a state is told: a value, a range, a regular expression, present, absent. */
struct matcher {
    enum { MATCH_VALUE, MATCH_RANGE, MATCH_REGEX, MATCH_PRESENT, MATCH_ABSENT } kind;
    char *text;
    int64_t low, high;
    struct pattern *pattern; /* owned */
};

struct matchers {
    struct matcher *item;
    size_t count;
};

/* @shown NULL: the source found nothing (only "absent" matches). */
bool matchers_match(const struct matchers *matchers, const char *shown);

enum price_kind { PRICE_FEN, PRICE_YUAN, PRICE_SKUS };

struct sku {
    char *name;
    int64_t price_fen;
};

struct waiver {
    char *rule, *why, *who;
    char until[11]; /* yyyy-mm-dd; "" = for ever */
    unsigned line;
};

struct profile {
    char *path;
    char sha256[65]; /* of the file */
    char *name;
    enum api api;

    char **start; /* NULL-terminated argv; NULL: the merchant runs already */
    struct pairs env;
    char *base_url;
    char *ready; /* "GET /path" or NULL */
    int64_t ready_timeout_ms;
    struct pairs notify_hosts;

    struct steps session, create;
    struct picture_source qr; /* kind PICTURE_NONE when absent */
    struct {
        struct step step; /* line 0 when there is no status */
        struct extractor state, shipped;
        struct matchers paid, pending, closed, refunded;
    } status;
    struct step refresh, close, refund, clock; /* line 0 when absent */

    enum price_kind price;
    struct sku *skus;
    size_t sku_count;
    int64_t max_wait_ms, query_fallback_within_ms;
    bool status_asks_platform, reuses_open_orders;

    struct waiver *waivers;
    size_t waiver_count;
    struct secrets secrets; /* what ${env:NAME} gave */
    struct pairs used;      /* every ${name}, value unused */
};

/* One sentence: "corner-shop.yaml:12:3: order.statsu: unknown key, did you mean \"status\"?" */
struct profile_error {
    char text[520];
    unsigned line, column; /* from 1; 0 when it has no place */
    char key[120];         /* dotted: "order.create[0].capture" */
};

/*
 * Reads and checks the whole file. 0, or ERR_IO / ERR_SYNTAX / ERR_NOMEM with *error filled.
 * profile_release() accepts a zeroed and a half-read one.
 */
[[nodiscard]] int profile_load(struct profile *profile, const char *path,
                               struct profile_error *error);
/* The same from memory; @path is for messages. */
[[nodiscard]] int profile_parse(struct profile *profile, const char *path, struct view text,
                                struct profile_error *error);
void profile_release(struct profile *profile);

/* Does any template of the profile use ${name}? */
bool profile_uses(const struct profile *profile, const char *name);

#endif
