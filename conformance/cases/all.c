#include "base/mem.h"
#include "cases/v3/common.h"

/* The heart first, so that a merchant that cannot take one payment is told so at once. */
static const struct chapter *const chapters[] = {
    &chapter_notify,
    &chapter_notify_after,
    &chapter_qr,
    &chapter_create,
    &chapter_create_retry,
    &chapter_create_read,
    &chapter_transport,
    &chapter_signing,
    &chapter_signing_requests,
    &chapter_forged,
    &chapter_forged_content,
    &chapter_shape,
    &chapter_shape_text,
    &chapter_xml,
    &chapter_query,
    &chapter_query_answer,
    &chapter_query_fault,
    &chapter_query_polls,
    &chapter_close,
    &chapter_operation,
    &chapter_refund,
    &chapter_refund_forged,
    &chapter_v3_notify,
    &chapter_v3_notify_read,
    &chapter_v3_forged,
    &chapter_v3_forged_content,
    &chapter_v3_seal,
    &chapter_v3_request,
    &chapter_v3_answer,
    &chapter_v3_answer_error,
    &chapter_v3_create,
    &chapter_v3_query,
    &chapter_v3_close,
    &chapter_v3_certificate,
    &chapter_v3_refund,
    &chapter_v3_refund_forged,
    &chapter_v3_operation,
};

size_t case_count(void)
{
    size_t count = 0;

    for (size_t i = 0; i < COUNT(chapters); i++)
        count += chapters[i]->count;
    return count;
}

enum api case_api(const struct case_def *def)
{
    for (size_t i = 0; i < COUNT(chapters); i++) {
        /* every case is an element of its chapter's array */
        if (def >= chapters[i]->cases && def < chapters[i]->cases + chapters[i]->count)
            return chapters[i]->api;
    }
    return API_V2;
}

const struct case_def *case_at(size_t index)
{
    for (size_t i = 0; i < COUNT(chapters); i++) {
        if (index < chapters[i]->count)
            return &chapters[i]->cases[index];
        index -= chapters[i]->count;
    }
    return NULL;
}
