/*
 * xml_attack.c — documents that attack the parser, spec V2 9.1, 9.2 and 9.9.
 *
 * All go to the announced notify_url about an order that is unpaid at the platform.
 */
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "cases/common.h"

#include <stdio.h>

#define ANSWER_LIMIT_MS 5000

/* ---- external entities ---------------------------------------------------------------------- */

/* @before holds the DOCTYPE; &a; stands in attach, and out_trade_no when @in_number. */
static int send_entity(struct bench *bench, const struct order *order, const char *before,
                       bool in_number)
{
    struct oracle_msg msg = {};
    const struct oracle_shape shape = { .before = before };

    notice_fields(bench, order, &msg);
    oracle_drop(&msg, "attach");
    int err = notice_seal(bench, order, &msg);
    if (in_number)
        oracle_drop(&msg, "out_trade_no");
    oracle_add_markup(&msg, in_number ? "out_trade_no" : "attach", "", "&a;");
    if (!err)
        err = notice_send(bench, order, &msg, &shape, "entity");
    oracle_release(&msg);
    return err;
}

static void external_run(struct bench *bench)
{
    static const struct {
        const char *head, *tail; /* the listener's address stands between them */
    } doctypes[] = {
        { "<!DOCTYPE xml SYSTEM \"", "doctype.dtd\">" },
        { "<!DOCTYPE xml [<!ENTITY % r SYSTEM \"", "parameter.dtd\">%r;]>" },
        { "<!DOCTYPE xml [<!ENTITY a SYSTEM \"", "entity\">]>" },
        { "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!DOCTYPE xml PUBLIC \"-//x//y\" \"",
          "public.dtd\">" },
    };
    struct order *order = victim(bench, NULL);
    unsigned port = 0;
    int err = order ? bench_trap(bench, "<!ENTITY a \"x\">", &port) : ERR_NOT_FOUND;

    for (size_t i = 0; i < COUNT(doctypes) && !err; i++) {
        char before[300];
        snprintf(before, sizeof(before), "%shttp://127.0.0.1:%u/%s", doctypes[i].head, port,
                 doctypes[i].tail);
        err = send_entity(bench, order, before, i % 2);
    }
    if (!err)
        err = send_entity(bench, order,
                          "<!DOCTYPE xml [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>", true);
    if (err || look_after(bench, order) || bench_trap_read(bench))
        return;
}

static void external_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *trap = story_first(story, "trap", NULL, NULL);
    const struct fact *sent = story_last(story, "sent", "o1", "entity");

    if (trap)
        rule_broken(ruling, "WX2-104", trap,
                    "the merchant fetched what a notification's DTD or entity pointed at");
    for (const struct fact *f = NULL; (f = story_next(story, f, "sent", "o1", "entity"));)
        if (view_find(view_str(fact_str(f, "/answer/body")), VIEW("root:")) != SIZE_MAX)
            rule_broken(ruling, "WX2-104", f, "the answer holds a file of the merchant's machine");
    if (sent && story_last(story, "status", "o1", "after"))
        rule_holds(ruling, "WX2-104", sent, "nothing was fetched and no file came back");
}

/* ---- document types ------------------------------------------------------------------------- */

/* Everything is right but for the document type. */
static int send_with(struct bench *bench, const struct order *order, const char *before,
                     const char *label)
{
    struct oracle_msg msg = {};
    const struct oracle_shape shape = { .before = before };

    notice_fields(bench, order, &msg);
    int err = notice_seal(bench, order, &msg);
    if (!err)
        err = notice_send(bench, order, &msg, &shape, label);
    oracle_release(&msg);
    return err;
}

/* The amount is an entity: signed is what it stands for. */
static int send_amount_entity(struct bench *bench, const struct order *order)
{
    struct oracle_msg msg = {};
    char before[160], total[24];
    const struct oracle_shape shape = { .before = before };

    snprintf(total, sizeof(total), "%lld", (long long)order->total_fen);
    snprintf(before, sizeof(before), "<!DOCTYPE xml [<!ENTITY t \"%s\">]>\n", total);
    notice_fields(bench, order, &msg);
    oracle_drop(&msg, "total_fee");
    oracle_add_markup(&msg, "total_fee", total, "&t;");
    int err = notice_seal(bench, order, &msg);
    if (!err)
        err = notice_send(bench, order, &msg, &shape, "doctype");
    oracle_release(&msg);
    return err;
}

static void doctype_run(struct bench *bench)
{
    struct order *order = victim(bench, NULL);

    if (!order || send_with(bench, order, "<!DOCTYPE xml>\n", "doctype") ||
        send_amount_entity(bench, order) || look_after(bench, order))
        return;
}

static void doctype_decide(const struct story *story, struct ruling *ruling)
{
    if (decide_alive(story, ruling, "WX2-105"))
        decide_unsettled(story, ruling, "WX2-105", "messages with a DOCTYPE, otherwise right");
    for (const struct fact *f = NULL; (f = story_next(story, f, "sent", "o1", "doctype"));)
        if (oracle_ack_counts(answer_ack(f)))
            rule_broken(ruling, "WX2-105", f, "a message with a DOCTYPE was answered SUCCESS");
}

/* ---- expansion ------------------------------------------------------------------------------ */

#define BOMB                                                                                       \
    "<!DOCTYPE xml [<!ENTITY a0 \"ha\">"                                                           \
    "<!ENTITY a1 \"&a0;&a0;&a0;&a0;&a0;&a0;&a0;&a0;&a0;&a0;\">"                                    \
    "<!ENTITY a2 \"&a1;&a1;&a1;&a1;&a1;&a1;&a1;&a1;&a1;&a1;\">"                                    \
    "<!ENTITY a3 \"&a2;&a2;&a2;&a2;&a2;&a2;&a2;&a2;&a2;&a2;\">"                                    \
    "<!ENTITY a4 \"&a3;&a3;&a3;&a3;&a3;&a3;&a3;&a3;&a3;&a3;\">"                                    \
    "<!ENTITY a5 \"&a4;&a4;&a4;&a4;&a4;&a4;&a4;&a4;&a4;&a4;\">"                                    \
    "<!ENTITY a6 \"&a5;&a5;&a5;&a5;&a5;&a5;&a5;&a5;&a5;&a5;\">"                                    \
    "<!ENTITY a7 \"&a6;&a6;&a6;&a6;&a6;&a6;&a6;&a6;&a6;&a6;\">"                                    \
    "<!ENTITY a8 \"&a7;&a7;&a7;&a7;&a7;&a7;&a7;&a7;&a7;&a7;\">"                                    \
    "<!ENTITY a \"&a8;&a8;&a8;&a8;&a8;&a8;&a8;&a8;&a8;&a8;\">]>\n"

static void expansion_run(struct bench *bench)
{
    struct order *order = victim(bench, NULL);
    bool quick = false;

    /* A quick refusal says it all; a slow one must be slow three times. */
    for (int i = 0; i < 3 && order && !quick; i++) {
        int64_t from_us = clock_mono_us();
        if (send_entity(bench, order, BOMB, false))
            return;
        quick = clock_mono_us() - from_us < (int64_t)ANSWER_LIMIT_MS * 1000;
    }
    if (order && look_after(bench, order))
        return;
}

static void expansion_decide(const struct story *story, struct ruling *ruling)
{
    const struct timed timed = { "sent", "entity", "/took_ms", ANSWER_LIMIT_MS };
    const struct fact *worst = NULL, *sent = story_last(story, "sent", "o1", "entity");

    if (!sent || !decide_alive(story, ruling, "WX2-105"))
        return;
    decide_unsettled(story, ruling, "WX2-105", "nested entities");
    if (story_timing(story, &timed, &worst) == TIMING_MISSED)
        rule_broken(ruling, "WX2-105", worst, "nested entities kept it busy for %lld ms, each time",
                    (long long)fact_int(worst, "/took_ms", 0));
}

/* ---- one message, two readings -------------------------------------------------------------- */

/* Signed over one amount; the order's own stands beside it, in front or behind. */
static int doubled_amount(struct bench *bench, const struct order *order, struct oracle_msg *msg,
                          bool signed_first)
{
    char total[24];
    int64_t other = order->total_fen == 1 ? 2 : 1;

    snprintf(total, sizeof(total), "%lld", (long long)order->total_fen);
    oracle_drop(msg, "total_fee");
    if (signed_first)
        oracle_add_i64(msg, "total_fee", other);
    oracle_add(msg, "total_fee", total)->unsigned_ = true;
    if (!signed_first)
        oracle_add_i64(msg, "total_fee", other);
    return notice_seal(bench, order, msg);
}

static int signed_then_used(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    return doubled_amount(bench, order, msg, true);
}

static int used_then_signed(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    return doubled_amount(bench, order, msg, false);
}

static int doubled_number(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    oracle_drop(msg, "out_trade_no");
    oracle_add(msg, "out_trade_no", "another-order");
    oracle_add(msg, "out_trade_no", order->out_trade_no)->unsigned_ = true;
    return notice_seal(bench, order, msg);
}

static void doubled_run(struct bench *bench)
{
    static forge_fn *const kinds[] = { signed_then_used, used_then_signed, doubled_number };

    forge_each(bench, "messages with a doubled field, of which one is signed", kinds, COUNT(kinds));
}

/* @signed_value is what a reader of the first piece sees; the whole is the order's amount. */
static int split_amount(struct bench *bench, const struct order *order, struct oracle_msg *msg,
                        const char *around[3])
{
    char total[24], head[24], markup[128];

    snprintf(total, sizeof(total), "%lld", (long long)order->total_fen);
    snprintf(head, sizeof(head), "%.*s", (int)(strlen(total) / 2), total);
    snprintf(markup, sizeof(markup), "%s%s%s%s%s", around[0], head, around[1], total + strlen(head),
             around[2]);
    oracle_drop(msg, "total_fee");
    oracle_add_markup(msg, "total_fee", head, markup);
    return notice_seal(bench, order, msg);
}

static int split_by_comment(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    return split_amount(bench, order, msg, (const char *[]){ "", "<!-- -->", "" });
}

static int split_by_cdata(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    return split_amount(bench, order, msg, (const char *[]){ "<![CDATA[", "]]>", "" });
}

static int split_by_instruction(struct bench *bench, const struct order *order,
                                struct oracle_msg *msg)
{
    return split_amount(bench, order, msg, (const char *[]){ "", "<?x y?>", "" });
}

static int split_by_element(struct bench *bench, const struct order *order, struct oracle_msg *msg)
{
    return split_amount(bench, order, msg, (const char *[]){ "", "<b>", "</b>" });
}

static void split_run(struct bench *bench)
{
    static forge_fn *const kinds[] = { split_by_comment, split_by_cdata, split_by_instruction,
                                       split_by_element };

    forge_each(bench, "messages whose total_fee is in pieces, of which the first is signed", kinds,
               COUNT(kinds));
}

/* ---- too much ------------------------------------------------------------------------------- */

#define HUGE_LEN ((size_t)10 << 20)

/* Rightly signed over all of it: who accepts it, has no limit. */
static int send_huge(struct bench *bench, const struct order *order)
{
    struct oracle_msg msg = {};
    char *filler = mem_alloc(HUGE_LEN + 1);
    struct buf body = BUF_INIT(HUGE_LEN + ORACLE_XML_MAX);
    int err = filler ? 0 : ERR_NOMEM;

    if (!err) {
        memset(filler, 'x', HUGE_LEN);
        filler[HUGE_LEN] = '\0';
        notice_fields(bench, order, &msg);
        oracle_add(&msg, "zz_filler", filler);
        err = notice_seal(bench, order, &msg);
    }
    if (!err)
        err = oracle_write(&msg, NULL, &body);
    if (!err) {
        const struct sending sending = { .label = "huge", .body = buf_view(&body) };
        err = bench_send(bench, order, &sending);
    }
    buf_release(&body);
    oracle_release(&msg);
    mem_free(filler);
    return err;
}

static void huge_run(struct bench *bench)
{
    struct order *order = victim(bench, NULL);

    if (!order || send_huge(bench, order) || look_after(bench, order))
        return;
}

static void huge_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *sent = story_last(story, "sent", "o1", "huge");

    if (!sent || !decide_alive(story, ruling, "WX2-106"))
        return;
    if (oracle_ack_counts(answer_ack(sent)))
        rule_broken(ruling, "WX2-106", sent, "a message of 10 MiB was read and acknowledged");
    decide_unsettled(story, ruling, "WX2-106", "a message of 10 MiB");
}

static const struct case_def cases[] = {
    { .id = "xml/external-entity",
      .experiment =
          "Notifications with DTDs and entities that point at a listener of the judge and "
          "at a file.",
      .claims = { { "WX2-104", "nothing is fetched, no file comes back" } },
      .needs = NEED_STATUS,
      .run = external_run,
      .decide = external_decide },
    { .id = "xml/doctype",
      .experiment = "Rightly signed notifications that have a document type.",
      .claims = { { "WX2-105", "they are refused, and the merchant lives on" } },
      .needs = NEED_STATUS,
      .run = doctype_run,
      .decide = doctype_decide },
    { .id = "xml/entity-expansion",
      .experiment = "A notification whose nested entities would expand to gigabytes.",
      .claims = { { "WX2-105", "it is refused within 5 s, and the merchant lives on" } },
      .needs = NEED_STATUS,
      .run = expansion_run,
      .decide = expansion_decide },
    { .id = "xml/doubled-fields",
      .experiment = "Messages with total_fee or out_trade_no twice, of which one is signed and the "
                    "other is the order's.",
      .claims = { { "WX2-107", "the order stays unpaid" } },
      .needs = NEED_STATUS,
      .run = doubled_run,
      .decide = decide_forged },
    { .id = "xml/split-values",
      .experiment =
          "Messages whose total_fee is split by comments, CDATA, instructions or elements, "
          "signed over the first piece.",
      .claims = { { "WX2-107", "the order stays unpaid" } },
      .needs = NEED_STATUS,
      .run = split_run,
      .decide = decide_forged },
    { .id = "xml/huge-body",
      .experiment = "A rightly signed notification of 10 MiB.",
      .claims = { { "WX2-106", "it is refused, and the merchant lives on" } },
      .needs = NEED_STATUS,
      .run = huge_run,
      .decide = huge_decide },
};

const struct chapter chapter_xml = { cases, COUNT(cases), API_V2 };
