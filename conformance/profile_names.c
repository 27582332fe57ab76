/*
 * profile_names.c — is every ${name} known where it stands?
 *
 * The merchant's own start knows what a run knows; a session knows its payer too; an order knows its
 * amount, and everything captured before.
 */
#include "base/err.h"
#include "base/mem.h"
#include "profile_reader.h"
#include "subst.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const run_names[] = { "api_url", "control_url", "merchant_port",
                                         "mch_id",  "appid",       "out_dir" };
/* What a merchant of one dialect is told, and one of the other has no use for. */
static const char *const v2_names[] = { "api_key" };
static const char *const v3_names[] = { "apiv3_key",
                                        "mch_serial",
                                        "mch_key_file",
                                        "mch_cert_file",
                                        "platform_public_key_file",
                                        "platform_public_key_id",
                                        "platform_cert_file",
                                        "platform_serial" };
static const char *const payer_names[] = { "payer" };
static const char *const order_names[] = { "amount_fen",  "amount_yuan", "sku",
                                           "description", "attach",      "nonce" };
static const char *const clock_names[] = { "advance_s" };
static const char *const refund_names[] = { "refund_fen" };
static const char *const later_names[] = {
    "https_url",
    "proxy_url",
    "ca_file",
    "mch_p12_file",
};

#define KNOWN_MAX 256

/* The names known at one place of the profile. */
struct known {
    const char *name[KNOWN_MAX];
    size_t count;
};

static int known_add(struct known *known, const char *name)
{
    if (known->count == KNOWN_MAX)
        return ERR_LIMIT;
    known->name[known->count++] = name;
    return 0;
}

static int known_add_all(struct known *known, const char *const *names, size_t count)
{
    int err = 0;
    for (size_t i = 0; !err && i < count; i++)
        err = known_add(known, names[i]);
    return err;
}

static bool has(const char *const *names, size_t count, struct view name)
{
    for (size_t i = 0; i < count; i++) {
        if (view_is(name, names[i]))
            return true;
    }
    return false;
}

static int remember(struct profile *profile, struct view name)
{
    char *copy = mem_strndup(name.ptr, name.len);
    if (!copy)
        return ERR_NOMEM;
    struct pairs *used = &profile->used;
    if (profile_uses(profile, copy)) {
        mem_free(copy);
        return 0;
    }
    struct pair *grown = mem_realloc(used->item, (used->count + 1) * sizeof(*grown));
    if (!grown) {
        mem_free(copy);
        return ERR_NOMEM;
    }
    used->item = grown;
    grown[used->count++] = (struct pair){ copy, NULL };
    return 0;
}

static int check_env(struct reader *reader, const struct yaml_node *node, struct view name)
{
    char variable[100];
    if (view_copy((struct view){ name.ptr + 4, name.len - 4 }, variable, sizeof(variable)))
        return complain(reader, node, "the name of the variable is too long");
    const char *value = getenv(variable);
    if (!value)
        return complain(reader, node, "the environment has no %s", variable);
    if (strlen(value) < 4)
        return complain(reader, node,
                        "%s is shorter than 4 characters: it could not be hidden in a report",
                        variable);
    return secrets_add(&reader->profile->secrets, variable, value);
}

static int check_name(struct reader *reader, const struct yaml_node *node, struct view name,
                      const struct known *known)
{
    char word[64];

    if (view_starts(name, VIEW("env:")))
        return check_env(reader, node, name);
    if (has(known->name, known->count, name))
        return remember(reader->profile, name);
    if (has(v2_names, COUNT(v2_names), name) || has(v3_names, COUNT(v3_names), name))
        return complain(reader, node, "${%.*s} is not for API %s", VIEW_ARG(name),
                        api_name(reader->profile->api));
    if (has(later_names, COUNT(later_names), name))
        return complain(reader, node, "${%.*s} is known, not yet available", VIEW_ARG(name));
    if (has(order_names, COUNT(order_names), name) || has(clock_names, COUNT(clock_names), name) ||
        has(refund_names, COUNT(refund_names), name) || has(payer_names, COUNT(payer_names), name))
        return complain(reader, node, "${%.*s} has no value here", VIEW_ARG(name));
    const char *near = NULL;
    if (view_copy(name, word, sizeof(word)) == 0)
        near = closest(word, known->name, known->count);
    if (near)
        return complain(reader, node, "unknown name ${%.*s}, did you mean ${%s}?", VIEW_ARG(name),
                        near);
    return complain(reader, node, "unknown name ${%.*s}", (int)(name.len > 60 ? 60 : name.len),
                    name.ptr);
}

static int check_scalar(struct reader *reader, const struct yaml_node *node,
                        const struct known *known)
{
    struct view rest = view_str(node->text);
    struct subst_piece piece;
    bool bad;

    while (subst_next(&rest, &piece, &bad)) {
        int err = piece.name.len ? check_name(reader, node, piece.name, known) : 0;
        if (err)
            return err;
    }
    if (bad)
        return complain(reader, node, "a ${ that is no ${name}; a literal one is written $${");
    return 0;
}

static int check_tree(struct reader *reader, const struct yaml_node *node,
                      const struct known *known)
{
    int err = 0;
    if (!node)
        return 0;
    if (node->kind == YAML_SCALAR)
        return check_scalar(reader, node, known);
    for (size_t i = 0; !err && i < node->count; i++) {
        char part[24];
        snprintf(part, sizeof(part), "[%zu]", i);
        size_t mark = key_push(reader, node->member[i].name ? node->member[i].name : part);
        err = check_tree(reader, node->member[i].value, known);
        if (!err)
            key_pop(reader, mark);
    }
    return err;
}

/* Steps in their order: what one captures, the next ones know. */
static int check_steps(struct reader *reader, const struct yaml_node *steps, const char *key,
                       struct known *known)
{
    int err = 0;
    if (!steps)
        return 0;
    size_t outer = key_push(reader, key);
    for (size_t i = 0; !err && i < steps->count; i++) {
        char part[24];
        snprintf(part, sizeof(part), "[%zu]", i);
        size_t mark = key_push(reader, part);
        const struct yaml_node *step = steps->member[i].value;
        const struct yaml_node *captures = tree_get(step, "capture");
        err = check_tree(reader, step, known);
        for (size_t j = 0; !err && captures && j < captures->count; j++)
            err = known_add(known, captures->member[j].name);
        if (err == ERR_LIMIT)
            err = complain(reader, step, "more than %d names", KNOWN_MAX);
        if (!err)
            key_pop(reader, mark);
    }
    if (!err)
        key_pop(reader, outer);
    return err;
}

/* Everything under order but create: knows all that was captured; the clock its advance, a refund
 * its amount too. */
static int check_doors(struct reader *reader, const struct yaml_node *order,
                       const struct known *known)
{
    int err = 0;
    for (size_t i = 0; !err && i < order->count; i++) {
        const struct yaml_member *member = &order->member[i];
        struct known here = *known;
        if (strcmp(member->name, "create") == 0)
            continue;
        if (strcmp(member->name, "clock") == 0)
            err = known_add_all(&here, clock_names, COUNT(clock_names));
        if (strcmp(member->name, "refund") == 0)
            err = known_add_all(&here, refund_names, COUNT(refund_names));
        size_t mark = key_push(reader, member->name);
        if (!err)
            err = check_tree(reader, member->value, &here);
        if (!err)
            key_pop(reader, mark);
    }
    return err;
}

int check_names(struct reader *reader, const struct yaml_node *root)
{
    struct known known = {};
    const struct yaml_node *order = tree_get(root, "order");
    int err = known_add_all(&known, run_names, COUNT(run_names));
    size_t mark = key_push(reader, "merchant");

    if (!err && reader->profile->api == API_V3)
        err = known_add_all(&known, v3_names, COUNT(v3_names));
    else if (!err)
        err = known_add_all(&known, v2_names, COUNT(v2_names));

    if (!err)
        err = check_tree(reader, tree_get(root, "merchant"), &known);
    if (err)
        return err;
    key_pop(reader, mark);
    err = known_add_all(&known, payer_names, COUNT(payer_names));
    if (!err)
        err = check_steps(reader, tree_get(root, "session"), "session", &known);
    if (!err)
        err = known_add_all(&known, order_names, COUNT(order_names));
    if (err)
        return err;
    mark = key_push(reader, "order");
    err = check_steps(reader, tree_get(order, "create"), "create", &known);
    if (!err)
        err = check_doors(reader, order, &known);
    if (!err)
        key_pop(reader, mark);
    return err;
}
