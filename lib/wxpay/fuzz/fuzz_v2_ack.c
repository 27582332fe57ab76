/*
 * Any bytes as a merchant's answer: the first chooses the status, the rest is the body. Strict
 * must never take what lenient refuses, and an acknowledgement must name return_code.
 */
#include "wxpay/v2_ack.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int status[] = { 200, 200, 200, 201, 204, 302, 404, 500 };
    if (size < 1)
        return 0;
    struct view body = { (const char *)data + 1, size - 1 };
    struct v2_ack lenient = v2_ack_judge(status[data[0] % 8], body, V2_ACK_LENIENT);
    struct v2_ack strict = v2_ack_judge(status[data[0] % 8], body, V2_ACK_STRICT);
    if (strict.ok && !lenient.ok)
        abort();
    if (lenient.ok && view_find(body, VIEW("return_code")) == SIZE_MAX)
        abort();
    if (!lenient.row || !lenient.why || lenient.row != strict.row)
        abort();
    return 0;
}
