/*
 * v3/seal.c — what is inside the seal, and whether it opens.
 */
#include "base/mem.h"
#include "cases/v3/common.h"

static void given_run(struct bench *bench)
{
    static const struct note_how ways[] = { { .aad = "" },
                                            { .no_aad = true },
                                            { .aad = "other words" },
                                            { .nonce = "000000000000" },
                                            { .nonce = "+/=._-AZaz09" } };
    note_genuine(bench, ways, COUNT(ways));
}

static void given_decide(const struct story *story, struct ruling *ruling)
{
    decide_genuine(story, ruling, "WX3-046",
                   "a notification sealed with other nonce or associated data");
}

static void tag_run(struct bench *bench)
{
    static const struct note_how ways[] = { { .spoil = NOTE_TAG }, { .spoil = NOTE_CIPHER } };
    note_forge(bench, "a rightly signed notification whose seal is broken", ways, COUNT(ways));
}

static void aad_run(struct bench *bench)
{
    static const struct note_how ways[] = { { .spoil = NOTE_WRONG_AAD } };
    note_forge(bench, "a rightly signed notification whose associated data are not the sealed ones",
               ways, COUNT(ways));
}

static void unreadable_run(struct bench *bench)
{
    static const struct note_how ways[] = { { .spoil = NOTE_WRONG_KEY },
                                            { .spoil = NOTE_NO_BASE64 } };
    note_forge(bench, "a rightly signed notification that cannot be decrypted", ways, COUNT(ways));
}

static void extended_run(struct bench *bench)
{
    static const struct note_how ways[] = { { .extended = true } };
    note_genuine(bench, ways, COUNT(ways));
}

static void extended_decide(const struct story *story, struct ruling *ruling)
{
    decide_genuine(story, ruling, "WX3-048", "a notification with new members in another order");
}

#define UNPAID "the order stays unpaid and nothing is shipped"

static const struct case_def cases[] = {
    { .id = "v3/seal/given",
      .experiment =
          "Genuine notifications are sealed with empty, absent and other associated data, "
          "and with other nonces.",
      .claims = { { "WX3-046", "each is acknowledged and its order settled" } },
      .needs = NEED_STATUS,
      .run = given_run,
      .decide = given_decide },
    { .id = "v3/seal/tag",
      .experiment = "Rightly signed notifications with a letter of tag or cipher text changed.",
      .claims = { { "WX3-047", UNPAID }, { "WX3-040", "the answer is 4xx or 5xx" } },
      .needs = NEED_STATUS,
      .run = tag_run,
      .decide = decide_note_forged },
    { .id = "v3/seal/associated-data",
      .experiment = "A rightly signed notification says other associated data than were sealed.",
      .claims = { { "WX3-047", UNPAID } },
      .needs = NEED_STATUS,
      .run = aad_run,
      .decide = decide_note_forged },
    { .id = "v3/seal/unreadable",
      .experiment = "Rightly signed notifications that cannot be decrypted at all.",
      .claims = { { "WX3-040", "the answer is 4xx or 5xx" } },
      .needs = NEED_STATUS,
      .run = unreadable_run,
      .decide = decide_note_forged },
    { .id = "v3/seal/new-members",
      .experiment = "A genuine notification has members nobody knows yet, in another order.",
      .claims = { { "WX3-048", "it is acknowledged and the order settled" } },
      .needs = NEED_STATUS,
      .run = extended_run,
      .decide = extended_decide },
};

const struct chapter chapter_v3_seal = { cases, COUNT(cases), API_V3 };
