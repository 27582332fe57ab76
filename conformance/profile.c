#include "profile.h"

#include "base/err.h"
#include "base/mem.h"
#include "profile_reader.h"

#include <openssl/evp.h>
#include <stdio.h>

#define PROFILE_BYTES_MAX ((size_t)1024 * 1024)

static int hash_hex(struct view text, char out[65])
{
    unsigned char digest[32];
    unsigned len = 0;
    if (!EVP_Digest(text.ptr, text.len, digest, &len, EVP_sha256(), NULL))
        return ERR_CRYPTO;
    for (size_t i = 0; i < sizeof(digest); i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
    return 0;
}

int profile_parse(struct profile *profile, const char *path, struct view text,
                  struct profile_error *error)
{
    *profile = (struct profile){ .ready_timeout_ms = 20'000,
                                 .max_wait_ms = 120'000,
                                 .query_fallback_within_ms = 90'000 };
    *error = (struct profile_error){};
    struct reader reader = { .profile = profile, .error = error };
    struct yaml_node *root = NULL;

    profile->path = mem_strdup(path);
    if (!profile->path)
        return ERR_NOMEM;
    int err = hash_hex(text, profile->sha256);
    if (!err)
        err = tree_read(text, &root, error);
    if (err == ERR_SYNTAX && !root) {
        char what[300];
        snprintf(what, sizeof(what), "%.299s", error->text);
        snprintf(error->text, sizeof(error->text), "%.80s:%u:%u: %s", path, error->line,
                 error->column, what);
    } else if (!err) {
        static const struct yaml_node nothing = { .kind = YAML_MAP, .line = 1, .column = 1 };
        err = read_keys(&reader, root ? root : &nothing, &profile_keys, profile);
        if (!err)
            err = check_whole(&reader, root);
        if (!err)
            err = check_names(&reader, root);
    }
    tree_free(root);
    return err;
}

int profile_load(struct profile *profile, const char *path, struct profile_error *error)
{
    struct buf text = BUF_INIT(PROFILE_BYTES_MAX);
    char block[4096];
    int err = 0;

    *profile = (struct profile){};
    *error = (struct profile_error){};
    FILE *file = fopen(path, "rb");
    if (!file) {
        snprintf(error->text, sizeof(error->text), "%.200s: cannot be read", path);
        return ERR_IO;
    }
    for (size_t got; !err && (got = fread(block, 1, sizeof(block), file)) > 0;)
        err = buf_add(&text, block, got);
    if (!err && ferror(file))
        err = ERR_IO;
    fclose(file);
    if (err)
        snprintf(error->text, sizeof(error->text), "%.200s: %s", path, err_text(err));
    else
        err = profile_parse(profile, path, buf_view(&text), error);
    buf_release(&text);
    return err;
}

static void pairs_release(struct pairs *pairs)
{
    for (size_t i = 0; i < pairs->count; i++) {
        mem_free(pairs->item[i].name);
        mem_free(pairs->item[i].value);
    }
    mem_free(pairs->item);
}

static void argv_release(char **argv)
{
    for (size_t i = 0; argv && argv[i]; i++)
        mem_free(argv[i]);
    mem_free(argv);
}

static void step_release(struct step *step)
{
    mem_free(step->method);
    mem_free(step->path);
    pairs_release(&step->headers);
    pairs_release(&step->query);
    pairs_release(&step->form);
    json_decref(step->json);
    mem_free(step->text);
    argv_release(step->command);
    for (size_t i = 0; i < step->capture_count; i++) {
        mem_free(step->captures[i].name);
        extractor_release(&step->captures[i].from);
    }
    mem_free(step->captures);
}

static void steps_release(struct steps *steps)
{
    for (size_t i = 0; i < steps->count; i++)
        step_release(&steps->item[i]);
    mem_free(steps->item);
}

static void matchers_release(struct matchers *matchers)
{
    for (size_t i = 0; i < matchers->count; i++) {
        mem_free(matchers->item[i].text);
        pattern_free(matchers->item[i].pattern);
    }
    mem_free(matchers->item);
}

void profile_release(struct profile *profile)
{
    mem_free(profile->path);
    mem_free(profile->name);
    argv_release(profile->start);
    pairs_release(&profile->env);
    mem_free(profile->base_url);
    mem_free(profile->ready);
    pairs_release(&profile->notify_hosts);
    steps_release(&profile->session);
    steps_release(&profile->create);
    picture_source_release(&profile->qr);
    step_release(&profile->status.step);
    extractor_release(&profile->status.state);
    extractor_release(&profile->status.shipped);
    matchers_release(&profile->status.paid);
    matchers_release(&profile->status.pending);
    matchers_release(&profile->status.closed);
    matchers_release(&profile->status.refunded);
    step_release(&profile->refresh);
    step_release(&profile->close);
    step_release(&profile->refund);
    step_release(&profile->clock);
    for (size_t i = 0; i < profile->sku_count; i++)
        mem_free(profile->skus[i].name);
    mem_free(profile->skus);
    for (size_t i = 0; i < profile->waiver_count; i++) {
        mem_free(profile->waivers[i].rule);
        mem_free(profile->waivers[i].why);
        mem_free(profile->waivers[i].who);
    }
    mem_free(profile->waivers);
    secrets_release(&profile->secrets);
    pairs_release(&profile->used);
    *profile = (struct profile){};
}

static bool one_matches(const struct matcher *matcher, const char *shown)
{
    int64_t number;

    if (!shown)
        return matcher->kind == MATCH_ABSENT;
    switch (matcher->kind) {
    case MATCH_PRESENT: return true;
    case MATCH_ABSENT: return false;
    case MATCH_VALUE: return strcmp(matcher->text, shown) == 0;
    case MATCH_RANGE:
        return view_to_i64(view_trim(view_str(shown)), INT64_MAX, &number) == 0 &&
               number >= matcher->low && number <= matcher->high;
    case MATCH_REGEX: return pattern_find(matcher->pattern, view_str(shown), NULL) == 0;
    }
    return false;
}

bool matchers_match(const struct matchers *matchers, const char *shown)
{
    for (size_t i = 0; i < matchers->count; i++) {
        if (one_matches(&matchers->item[i], shown))
            return true;
    }
    return false;
}

bool profile_uses(const struct profile *profile, const char *name)
{
    for (size_t i = 0; i < profile->used.count; i++) {
        if (strcmp(profile->used.item[i].name, name) == 0)
            return true;
    }
    return false;
}
