#include "http_answer.h"

#include "base/err.h"
#include "base/mem.h"

const char *http_answer_header(const struct http_answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->header_count; i++) {
        if (view_eq_nocase(view_str(answer->headers[i].name), view_str(name)))
            return answer->headers[i].value;
    }
    return NULL;
}

int http_answer_add(struct http_answer *answer, struct view name, struct view value)
{
    struct http_line *grown =
        mem_realloc(answer->headers, (answer->header_count + 1) * sizeof(*grown));
    if (!grown)
        return ERR_NOMEM;
    answer->headers = grown;
    struct http_line line = { mem_strndup(name.ptr, name.len), mem_strndup(value.ptr, value.len) };
    if (!line.name || !line.value) {
        mem_free(line.name);
        mem_free(line.value);
        return ERR_NOMEM;
    }
    grown[answer->header_count++] = line;
    return 0;
}

void http_answer_forget(struct http_answer *answer)
{
    for (size_t i = 0; i < answer->header_count; i++) {
        mem_free(answer->headers[i].name);
        mem_free(answer->headers[i].value);
    }
    answer->header_count = 0;
}

void http_answer_release(struct http_answer *answer)
{
    http_answer_forget(answer);
    mem_free(answer->headers);
    buf_release(&answer->body);
    *answer = (struct http_answer){};
}
