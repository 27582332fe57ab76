#include "wxpay/v2_ack.h"

#include "base/mem.h"
#include "wxpay/v2_msg.h"

/* What the rows look at: the answer and what the one parse made of it. */
struct answer {
    int status;
    struct view body;
    struct view text; /* the body without byte order mark and blanks in front */
    struct v2_shape shape;
    struct v2_fault fault;
    struct view code; /* return_code, untrimmed */
};

static bool is_redirect(const struct answer *a)
{
    return a->status >= 300 && a->status <= 399;
}

static bool is_no_content(const struct answer *a)
{
    return a->status == 204;
}

static bool is_error_status(const struct answer *a)
{
    return a->status < 200 || a->status > 299;
}

static bool is_empty(const struct answer *a)
{
    return a->fault.kind == V2_FAULT_EMPTY;
}

static bool is_json(const struct answer *a)
{
    return view_starts(a->text, VIEW("{")) || view_starts(a->text, VIEW("["));
}

static bool is_plain_text(const struct answer *a)
{
    return !view_starts(a->text, VIEW("<"));
}

static bool is_html(const struct answer *a)
{
    static const struct view front[] = { { "<!doctype html", 14 }, { "<html", 5 } };
    for (size_t i = 0; i < COUNT(front); i++) {
        struct view head = { a->text.ptr, front[i].len };
        if (a->text.len >= head.len && view_eq_nocase(head, front[i]))
            return true;
    }
    return false;
}

static bool is_doctype(const struct answer *a)
{
    return a->fault.kind == V2_FAULT_DOCTYPE;
}

static bool is_wrong_encoding(const struct answer *a)
{
    return a->fault.kind == V2_FAULT_ENCODING;
}

static bool is_literal_newline(const struct answer *a)
{
    return a->fault.kind == V2_FAULT_NESTED && view_find(a->body, VIEW("\\n")) != SIZE_MAX;
}

static bool is_twice(const struct answer *a)
{
    return a->fault.kind == V2_FAULT_DUPLICATE;
}

static bool is_too_big(const struct answer *a)
{
    return a->fault.kind == V2_FAULT_LIMIT;
}

static bool is_unread(const struct answer *a)
{
    return a->fault.kind == V2_FAULT_NOMEM;
}

static bool is_malformed(const struct answer *a)
{
    return a->fault.kind != V2_FAULT_NONE;
}

static bool has_no_code(const struct answer *a)
{
    return a->code.len == 0;
}

static bool is_fail(const struct answer *a)
{
    return view_is(a->code, "FAIL");
}

static bool has_blanks(const struct answer *a)
{
    return !view_is(a->code, "SUCCESS") && view_is(view_trim(a->code), "SUCCESS");
}

static bool is_other_case(const struct answer *a)
{
    return !view_is(a->code, "SUCCESS") && view_eq_nocase(a->code, VIEW("SUCCESS"));
}

static bool is_other_code(const struct answer *a)
{
    return !view_is(a->code, "SUCCESS");
}

static bool is_other_2xx(const struct answer *a)
{
    return a->status != 200;
}

static bool has_bom(const struct answer *a)
{
    return a->shape.bom;
}

static bool has_leading_space(const struct answer *a)
{
    return a->shape.leading_space;
}

static bool has_declaration(const struct answer *a)
{
    return a->shape.declaration;
}

static bool is_root_root(const struct answer *a)
{
    return a->shape.root_is_root;
}

static bool is_bare(const struct answer *a)
{
    return !a->shape.cdata;
}

static bool is_any(const struct answer *)
{
    return true;
}

#define NACK(name, reason, fits)                                                                   \
    {                                                                                              \
        { .id = name, .why = reason }, fits                                                        \
    }
#define LENIENT(name, reason, remark, fits)                                                        \
    {                                                                                              \
        { .id = name, .why = reason, .lenient = true, .warn = remark }, fits                       \
    }
#define ACK(name, reason, fits)                                                                    \
    {                                                                                              \
        { .id = name, .why = reason, .lenient = true, .strict = true }, fits                       \
    }

/* The decision table of V2 6.3: what is wrong from the outside in, then what is right. */
static const struct {
    struct v2_ack_row shown;
    bool (*fits)(const struct answer *a);
} table[] = {
    NACK("redirect", "a redirect is a failed delivery and is not followed", is_redirect),
    NACK("no-content", "204 has no body; the XML is the acknowledgement", is_no_content),
    NACK("error-status", "the status is not 200", is_error_status),
    NACK("unread", "the sandbox had no memory to read the answer", is_unread),
    NACK("empty", "the body is empty; a bare 200 is no acknowledgement", is_empty),
    NACK("json", "the body is JSON, which acknowledges V3 notifications only", is_json),
    NACK("plain-text", "the body is plain text, or begins with some; it must be the XML alone",
         is_plain_text),
    NACK("html", "the body is a web page", is_html),
    NACK("doctype", "the body has a DOCTYPE", is_doctype),
    NACK("encoding", "the body is not UTF-8", is_wrong_encoding),
    NACK("literal-newline", "the body has backslash and n where a line feed was meant",
         is_literal_newline),
    NACK("duplicate", "an element occurs twice", is_twice),
    NACK("too-big", "the body is larger than any acknowledgement", is_too_big),
    NACK("malformed", "the body is not a flat <xml> document", is_malformed),
    NACK("no-return-code", "return_code is absent or empty", has_no_code),
    NACK("fail", "return_code is FAIL: deliver again", is_fail),
    NACK("blanks", "return_code has blanks around SUCCESS", has_blanks),
    NACK("letter-case", "return_code is not SUCCESS in upper case", is_other_case),
    NACK("other-code", "return_code is neither SUCCESS nor FAIL", is_other_code),
    LENIENT("other-2xx", "the XML is right, the status is not 200",
            "answer 200: other statuses are not documented", is_other_2xx),
    LENIENT("bom", "the XML is right, a byte order mark stands in front of it",
            "leave out the byte order mark", has_bom),
    LENIENT("leading-space", "the XML is right, white space stands in front of it",
            "begin the body with <xml>", has_leading_space),
    LENIENT("declaration", "the XML is right, a declaration stands in front of it",
            "leave out the XML declaration: merchants who sent one reported endless repeats",
            has_declaration),
    LENIENT("root", "the XML is right, its root is <root>", "the documented root is <xml>",
            is_root_root),
    ACK("bare", "return_code is SUCCESS, written without CDATA", is_bare),
    ACK("canonical", "return_code is SUCCESS", is_any),
};

const struct v2_ack_row *v2_ack_row(size_t index)
{
    return index < COUNT(table) ? &table[index].shown : NULL;
}

static struct view without_front(struct view body)
{
    if (view_starts(body, VIEW("\xef\xbb\xbf")))
        body = (struct view){ body.ptr + 3, body.len - 3 };
    return view_trim(body);
}

struct v2_ack v2_ack_judge(int status, struct view body, enum v2_ack_mode mode)
{
    struct answer answer = { .status = status, .body = body, .text = without_front(body) };
    struct v2_msg msg = {};
    size_t at = 0;

    if (!v2_msg_read(&msg, body, &answer.shape, &answer.fault))
        answer.code = v2_msg_get(&msg, "return_code");
    while (!table[at].fits(&answer)) /* the last row fits everything */
        at++;
    v2_msg_release(&msg);

    const struct v2_ack_row *row = &table[at].shown;
    bool ok = mode == V2_ACK_STRICT ? row->strict : row->lenient;
    return (
        struct v2_ack){ .ok = ok, .row = row->id, .why = row->why, .warn = ok ? row->warn : NULL };
}
