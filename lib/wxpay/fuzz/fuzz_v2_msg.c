/*
 * Any bytes as a document. What is taken must come back equal from both quotings, verify when
 * signed, and be explained when not; what is refused must say why.
 */
#include "base/err.h"
#include "wxpay/v2_hint.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(what)                                                                                 \
    do {                                                                                           \
        if (!(what))                                                                               \
            abort();                                                                               \
    } while (0)

static void must_be_equal(const struct v2_msg *a, const struct v2_msg *b)
{
    MUST(a->count == b->count);
    for (size_t i = 0; i < a->count; i++) {
        MUST(view_eq(a->field[i].name, b->field[i].name));
        MUST(view_eq(a->field[i].value, b->field[i].value));
    }
}

/* The longest value costs twelve bytes for each of its own, and the tags come on top. */
static void write_and_read(const struct v2_msg *msg, enum v2_quote quote, struct v2_msg *again)
{
    struct buf out = BUF_INIT(V2_XML_MAX * 32);
    MUST(v2_msg_write(msg, quote, &out) == 0);
    if (out.len <= V2_XML_MAX) {
        MUST(v2_msg_read(again, buf_view(&out), NULL, NULL) == 0);
        must_be_equal(msg, again);
    }
    buf_release(&out);
}

static void sign_and_explain(struct v2_msg *msg, struct view raw)
{
    static struct v2_key *key;
    struct buf text = BUF_INIT(V2_XML_MAX * 2), detail = BUF_INIT(V2_XML_MAX);
    if (!key)
        key = v2_key_new(VIEW("192006250b4c09247ec02edce69f6a2d"));
    struct v2_hint_input in = { .msg = msg, .raw = raw, .type = V2_MD5, .key = key };
    int err = v2_verify(msg, V2_MD5, key);
    MUST(err == 0 || err == ERR_SIGNATURE);
    MUST(!v2_hint_find(&in, &text, &detail) || err);
    err = v2_msg_sign(msg, V2_MD5, key);
    MUST(err == 0 || err == ERR_LIMIT); /* 256 fields without a sign */
    MUST(err || v2_verify(msg, V2_MD5, key) == 0);
    buf_release(&text);
    buf_release(&detail);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct v2_msg msg, again; /* reused, as a server does */
    struct view raw = { (const char *)data, size };
    struct v2_shape shape;
    struct v2_fault fault;
    int err = v2_msg_read(&msg, raw, &shape, &fault);
    MUST(err == 0 || err == ERR_SYNTAX);
    if (err) {
        MUST(fault.kind != V2_FAULT_NONE && fault.rule[0] && msg.count == 0);
        return 0;
    }
    MUST(fault.kind == V2_FAULT_NONE && msg.count <= V2_FIELDS_MAX);
    write_and_read(&msg, V2_QUOTE_CDATA, &again);
    write_and_read(&msg, V2_QUOTE_BARE, &again);
    if (size < 2048)
        sign_and_explain(&msg, raw);
    return 0;
}
