#define PCRE2_CODE_UNIT_WIDTH 8
#include "pattern.h"

#include "base/err.h"
#include "base/mem.h"

#include <pcre2.h>
#include <stdio.h>

#define MATCH_STEPS 1'000'000
#define MATCH_KIB   (32 * 1024)
#define MATCH_DEPTH 10'000

struct pattern {
    pcre2_code *code; /* owned, as the next two */
    pcre2_match_data *found;
    pcre2_match_context *limits;
    uint32_t groups;
};

static int compile(struct pattern *pattern, struct view text, char *why, size_t why_size)
{
    int number;
    PCRE2_SIZE at;
    PCRE2_UCHAR said[160];
    pattern->code = pcre2_compile((PCRE2_SPTR)(text.len ? text.ptr : ""), text.len,
                                  PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF |
                                      PCRE2_NEVER_BACKSLASH_C,
                                  &number, &at, NULL);
    if (pattern->code)
        return 0;
    pcre2_get_error_message(number, said, sizeof(said));
    snprintf(why, why_size, "at its byte %zu: %s", (size_t)at + 1, (const char *)said);
    return ERR_SYNTAX;
}

static int prepare(struct pattern *pattern)
{
    pattern->found = pcre2_match_data_create_from_pattern(pattern->code, NULL);
    pattern->limits = pcre2_match_context_create(NULL);
    if (!pattern->found || !pattern->limits)
        return ERR_NOMEM;
    pcre2_set_match_limit(pattern->limits, MATCH_STEPS);
    pcre2_set_heap_limit(pattern->limits, MATCH_KIB);
    pcre2_set_depth_limit(pattern->limits, MATCH_DEPTH);
    pcre2_pattern_info(pattern->code, PCRE2_INFO_CAPTURECOUNT, &pattern->groups);
    return 0;
}

int pattern_new(struct pattern **out, struct view text, char *why, size_t why_size)
{
    *out = NULL;
    if (text.len > PATTERN_MAX) {
        snprintf(why, why_size, "is longer than %d bytes", PATTERN_MAX);
        return ERR_SYNTAX;
    }
    struct pattern *pattern = mem_new(struct pattern);
    if (!pattern)
        return ERR_NOMEM;
    int err = compile(pattern, text, why, why_size);
    if (!err)
        err = prepare(pattern);
    if (err) {
        pattern_free(pattern);
        return err;
    }
    *out = pattern;
    return 0;
}

void pattern_free(struct pattern *pattern)
{
    if (!pattern)
        return;
    pcre2_match_context_free(pattern->limits);
    pcre2_match_data_free(pattern->found);
    pcre2_code_free(pattern->code);
    mem_free(pattern);
}

size_t pattern_groups(const struct pattern *pattern)
{
    return pattern->groups;
}

int pattern_find(const struct pattern *pattern, struct view text, struct view *group)
{
    int got = pcre2_match(pattern->code, (PCRE2_SPTR)(text.len ? text.ptr : ""), text.len, 0, 0,
                          pattern->found, pattern->limits);
    if (group)
        *group = (struct view){};
    if (got == PCRE2_ERROR_NOMATCH)
        return ERR_NOT_FOUND;
    if (got < 0)
        return ERR_RANGE;
    const PCRE2_SIZE *edge = pcre2_get_ovector_pointer(pattern->found);
    if (group && got > 1 && edge[2] != PCRE2_UNSET)
        *group = (struct view){ text.ptr + edge[2], edge[3] - edge[2] };
    return 0;
}
