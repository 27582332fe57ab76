/*
 * report.h — the results for people and for programs. Each writer appends to a buffer and touches
 * nothing else.
 */
#ifndef CONFORMANCE_REPORT_H
#define CONFORMANCE_REPORT_H

#include "results.h"

#define REPORT_MAX ((size_t)256 * 1024 * 1024)

struct report_picture {
    char file[200], sha256[65];
};

struct report {
    const struct results *results;
    const struct transcript *transcript;
    const char *profile_name, *profile_path, *profile_sha256;
    const char *api, *version, *today; /* today: yyyy-mm-dd */
    uint64_t seed;
    int64_t started_ms, took_ms;
    const struct waiver *waivers;
    size_t waiver_count;
    char transcript_sha256[65]; /* "" when no transcript is kept */
    const struct report_picture *pictures;
    size_t picture_count;
    const char *only;    /* what was selected; NULL: everything */
    const char *out_dir; /* NULL: nothing but text is written */
};

struct text_style {
    bool colour, verbose;
};

[[nodiscard]] int report_text(const struct report *report, const struct text_style *style,
                              struct buf *out);
[[nodiscard]] int report_json(const struct report *report, struct buf *out);
[[nodiscard]] int report_junit(const struct report *report, struct buf *out);
[[nodiscard]] int report_html(const struct report *report, struct buf *out);

/* What a report does not claim: printed in every format. Static. */
extern const char report_statement[];

/* One line about a fact: "POST http://… -> 200 (3 ms)". Appended. */
[[nodiscard]] int fact_summary(const struct fact *fact, struct buf *out);

/* Text for an element or attribute of XML and HTML; characters XML forbids become U+FFFD. */
[[nodiscard]] int markup_escape(struct view text, struct buf *out);

/* Why a rule has no verdict: the table's reason, or that this run left it out. Static. */
const char *not_tested_reason(const struct rule_result *row);

#endif
