/*
 * v3/notify_read.c — genuine notifications as proxies, other keys and later versions write them.
 */
#include "base/mem.h"
#include "cases/v3/common.h"

static void plain_run(struct bench *bench)
{
    static const struct note_how ways[] = { { .lower_case = true } };
    note_genuine(bench, ways, COUNT(ways));
}

static void plain_decide(const struct story *story, struct ruling *ruling)
{
    decide_genuine(story, ruling, "WX3-050",
                   "a notification with lower-case header names and no others");
}

static void bytes_run(struct bench *bench)
{
    static const struct note_how ways[] = { { .spaced = true } };
    note_genuine(bench, ways, COUNT(ways));
}

static void bytes_decide(const struct story *story, struct ruling *ruling)
{
    decide_genuine(story, ruling, "WX3-035",
                   "a notification whose body has line ends and blanks, signed as it is");
}

/* A merchant that was given one key and no way to fetch others cannot be asked for more. */
static void second_key_run(struct bench *bench)
{
    static const struct note_how ways[] = { { .sign = NOTE_SECOND } };
    static const struct order_wish any = {};

    if (strcmp(account_v3(bench_account(bench), "/mode"), "cert") != 0) {
        bench_skip(bench, "the merchant was given the public key, of which there is one only");
        return;
    }
    /* an order first, so that it has fetched its list before the new one is in it */
    if (!bench_create(bench, &any) || bench_second_key(bench))
        return;
    note_genuine(bench, ways, COUNT(ways));
}

static void second_key_decide(const struct story *story, struct ruling *ruling)
{
    if (story_first(story, "sent", NULL, "genuine"))
        decide_genuine(story, ruling, "WX3-013",
                       "a notification signed with another certificate in force");
}

static const struct case_def cases[] = {
    { .id = "v3/notify/plain-headers",
      .experiment = "A genuine notification comes with lower-case header names, as some proxies "
                    "write them.",
      .claims = { { "WX3-050", "it is acknowledged and the order settled" } },
      .needs = NEED_STATUS,
      .run = plain_run,
      .decide = plain_decide },
    { .id = "v3/notify/raw-bytes",
      .experiment = "A genuine notification's body has blanks and line ends, signed as they are.",
      .claims = { { "WX3-035", "it is acknowledged and the order settled" } },
      .needs = NEED_STATUS,
      .run = bytes_run,
      .decide = bytes_decide },
    { .id = "v3/notify/second-key",
      .experiment =
          "The platform lists a further certificate, and a genuine notification is signed "
          "with it.",
      .claims = { { "WX3-013", "it is acknowledged and the order settled" } },
      .needs = NEED_STATUS,
      .run = second_key_run,
      .decide = second_key_decide },
};

const struct chapter chapter_v3_notify_read = { cases, COUNT(cases), API_V3 };
