/*
 * extract.h — where a value comes from: `json /pointer`, `header Name`, `regex (…)`, `xpath EXPR`,
 * `body`, followed by decoders `| html | js | percent | base64 | json`; and where a picture comes from.
 */
#ifndef CONFORMANCE_EXTRACT_H
#define CONFORMANCE_EXTRACT_H

#include "http.h"
#include "pattern.h"
#include "transcript.h"

enum extract_kind {
    EXTRACT_NONE,
    EXTRACT_JSON,
    EXTRACT_HEADER,
    EXTRACT_REGEX,
    EXTRACT_XPATH,
    EXTRACT_BODY,
};

enum decoder { DECODE_HTML, DECODE_JS, DECODE_PERCENT, DECODE_BASE64, DECODE_JSON };

#define DECODERS_MAX 8

/* A parsed source. EXTRACT_NONE when the profile has none. */
struct extractor {
    enum extract_kind kind;
    char *argument;          /* owned: the pointer, name, expression */
    struct pattern *pattern; /* owned; of EXTRACT_REGEX */
    enum decoder decoders[DECODERS_MAX];
    size_t decoder_count;
};

/*
 * Parses one source. ERR_SYNTAX with a sentence in *why (static or inside the extractor's own
 * buffer: @why_text of at least 200 bytes).
 */
[[nodiscard]] int extractor_parse(struct extractor *extractor, struct view text, char *why,
                                  size_t why_size);
void extractor_release(struct extractor *extractor);

/*
 * The value in @answer, appended to @out as text: a JSON string as it is, numbers, true and false
 * as written; null counts as nothing, an object or array as its JSON text. ERR_NOT_FOUND when the
 * place is empty, ERR_SYNTAX when the answer is not what the source reads (no JSON, no XML …), with
 * a sentence in @why.
 */
[[nodiscard]] int extractor_get(const struct extractor *extractor, const struct http_answer *answer,
                                struct buf *out, char *why, size_t why_size);

/* A JSON value as text, as extractor_get() says; ERR_NOT_FOUND for NULL and null. */
[[nodiscard]] int json_as_text(const json_t *value, struct buf *out);

enum picture_kind { PICTURE_NONE, PICTURE_GET, PICTURE_XPATH, PICTURE_JSON, PICTURE_BODY };

struct picture_source {
    enum picture_kind kind;
    char *argument; /* "/path", expression, pointer */
};

[[nodiscard]] int picture_source_parse(struct picture_source *source, struct view text, char *why,
                                       size_t why_size);
void picture_source_release(struct picture_source *source);

/*
 * Of the last create step's answer (kinds XPATH, JSON, BODY): either bytes of the picture into
 * @bytes, or a URL to fetch into @url. The same codes as extractor_get().
 */
[[nodiscard]] int picture_source_get(const struct picture_source *source,
                                     const struct http_answer *answer, struct buf *bytes,
                                     struct buf *url);

#endif
