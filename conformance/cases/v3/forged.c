/*
 * v3/forged.c — notifications that are not what they say they are; they must settle nothing.
 *
 * The order is unpaid at the platform, so that a shop which asks there before it believes anything
 * is told the truth and passes.
 */
#include "base/mem.h"
#include "cases/v3/common.h"

#define UNPAID  "the order stays unpaid and nothing is shipped"
#define REFUSED "the answer is 4xx or 5xx"

static void signature_run(struct bench *bench)
{
    static const struct note_how ways[] = { { .sign = NOTE_FLIPPED }, { .sign = NOTE_EMPTY } };
    note_forge(bench, "a notification with a wrong signature", ways, COUNT(ways));
}

static void body_run(struct bench *bench)
{
    static const struct note_how ways[] = { { .sign = NOTE_BODY_CHANGED } };
    note_forge(bench, "a notification with one byte changed after signing", ways, COUNT(ways));
}

static void other_key_run(struct bench *bench)
{
    static const struct note_how ways[] = { { .sign = NOTE_OTHER_KEY } };
    note_forge(bench, "a notification signed with a stranger's key under the platform's serial",
               ways, COUNT(ways));
}

static void other_serial_run(struct bench *bench)
{
    static const struct note_how ways[] = { { .sign = NOTE_OTHER_SERIAL } };
    note_forge(bench, "a notification signed with a stranger's key under a serial of his own", ways,
               COUNT(ways));
}

/* Whoever parses and writes the body again before verifying takes this for right. */
static void spelling_run(struct bench *bench)
{
    static const struct note_how ways[] = { { .sign = NOTE_COMPACTED, .spaced = true } };
    note_forge(bench, "a notification whose signature covers another spelling of its body", ways,
               COUNT(ways));
}

static void headers_run(struct bench *bench)
{
    static const struct note_how ways[] = { { .drop = "*" },
                                            { .drop = "Wechatpay-Signature" },
                                            { .drop = "Wechatpay-Serial" },
                                            { .drop = "Wechatpay-Timestamp" },
                                            { .drop = "Wechatpay-Nonce" } };
    note_forge(bench, "a notification without its signature headers", ways, COUNT(ways));
}

static void stale_run(struct bench *bench)
{
    static const struct note_how ways[] = { { .stamp_s = -3600 } };
    note_forge(bench, "a rightly signed notification with a stamp an hour old", ways, COUNT(ways));
}

static void future_run(struct bench *bench)
{
    static const struct note_how ways[] = { { .stamp_s = 3600 } };
    note_forge(bench, "a rightly signed notification with a stamp an hour ahead", ways,
               COUNT(ways));
}

/* ---- probes ---------------------------------------------------------------------------------- */

/* V3 2.8: the probe, then the same payment rightly signed. */
static void probe_run(struct bench *bench)
{
    static const struct note_how probe = { .sign = NOTE_PROBE, .label = "forged" };
    static const struct note_how right = { .label = "real" };
    struct order *order = paid_hidden(bench, "NOTPAY");

    if (!order)
        return;
    bench_note(bench, order, "what", "a signature probe");
    if (bench_status(bench, order, "before") ||
        note_send(bench, order, note_plain(bench, order), &probe) || bench_alive(bench, "after") ||
        bench_status(bench, order, "probed") || bench_faults_off(bench) ||
        note_send(bench, order, note_plain(bench, order), &right) ||
        bench_await_state(bench, order, ORDER_PAID, 0) || bench_status(bench, order, "after"))
        return;
}

static void probe_decide(const struct story *story, struct ruling *ruling)
{
    const struct fact *before = story_first(story, "status", "o1", "before");
    const struct fact *probed = story_last(story, "status", "o1", "probed");
    const struct fact *real = story_last(story, "sent", "o1", "real");

    if (!decide_alive(story, ruling, "WX3-038") || !probed)
        return;
    decide_not_taken(story, ruling, "WX3-038", "forged", "a signature probe");
    if (status_settled(before))
        rule_undecided(ruling, "WX3-038", before, "the order was \"%s\" before the probe",
                       status_shown(before));
    else if (status_settled(probed))
        rule_broken(ruling, "WX3-038", probed, "the order was \"%s\" after a signature probe",
                    status_shown(probed));
    else if (real && answered(real) && !note_acked(real))
        rule_broken(ruling, "WX3-038", real,
                    "after the probe the right notification was answered %lld",
                    (long long)fact_int(real, "/answer/status", 0));
}

#define FORGED3(name, run_, experiment_, ...)                                                      \
    {                                                                                              \
        .id = "v3/forged/" name, .experiment = experiment_, .claims = { __VA_ARGS__ },             \
        .needs = NEED_STATUS, .run = run_, .decide = decide_note_forged                            \
    }

static const struct case_def cases[] = {
    FORGED3("signature", signature_run,
            "Notifications with one letter of the signature changed, and with an empty one, for an "
            "unpaid order.",
            { "WX3-035", UNPAID }, { "WX3-040", REFUSED }),
    FORGED3("body", body_run, "A notification with one byte of its body changed after signing.",
            { "WX3-035", UNPAID }, { "WX3-040", REFUSED }),
    FORGED3("other-key", other_key_run,
            "A notification signed with a stranger's key, under the platform's serial.",
            { "WX3-035", UNPAID }, { "WX3-040", REFUSED }),
    FORGED3("other-serial", other_serial_run,
            "A notification signed with a stranger's key, under a serial nobody knows.",
            { "WX3-035", UNPAID }, { "WX3-040", REFUSED }),
    FORGED3("spelling", spelling_run,
            "A notification whose signature covers its body without blanks, but not as it was "
            "sent.",
            { "WX3-035", UNPAID }),
    FORGED3("headers", headers_run,
            "Notifications without one of the signature headers, each in turn, and without all.",
            { "WX3-036", UNPAID }, { "WX3-040", REFUSED }),
    FORGED3("stale", stale_run, "A rightly signed notification with a stamp an hour old.",
            { "WX3-037", UNPAID }),
    FORGED3("future", future_run, "A rightly signed notification with a stamp an hour ahead.",
            { "WX3-037", UNPAID }),
    { .id = "v3/forged/probe",
      .experiment = "A paid order's notification comes as a signature probe, then rightly signed.",
      .claims = { { "WX3-038", "the probe is answered 4xx or 5xx and changes nothing; the next is "
                               "acknowledged" } },
      .needs = NEED_STATUS,
      .run = probe_run,
      .decide = probe_decide },
};

const struct chapter chapter_v3_forged = { cases, COUNT(cases), API_V3 };
