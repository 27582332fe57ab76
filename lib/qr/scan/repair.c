#include "qr/scan/repair.h"

#include "base/mem.h"

/*
 * What goes wrong with codes on merchants' pages, most frequent first: no quiet zone, white on
 * black, too few pixels per module, halftone or noise from scaling. @quiet: with a border.
 */
static const struct attempt {
    const char *name;
    struct change change;
    bool quiet;
} attempts[] = {
    { "quiet-zone", {}, true },
    { "inverted", { .invert = true }, false },
    { "inverted+quiet-zone", { .invert = true }, true },
    { "scaled", { .enlarge = 2 }, false },
    { "scaled", { .enlarge = 3 }, false },
    { "scaled+quiet-zone", { .enlarge = 2 }, true },
    { "scaled+quiet-zone", { .enlarge = 3 }, true },
    { "scaled+inverted", { .invert = true, .enlarge = 2 }, false },
    { "scaled+inverted", { .invert = true, .enlarge = 3 }, false },
    { "scaled+inverted+quiet-zone", { .invert = true, .enlarge = 3 }, true },
    { "scaled", { .shrink = 2 }, false },
    { "scaled+quiet-zone", { .shrink = 2 }, true },
    { "scaled", { .shrink = 4 }, false },
    { "scaled+inverted+quiet-zone", { .invert = true, .shrink = 2 }, true },
};

/* At least the four modules of the standard, for any code that fills the picture. */
static unsigned border_of(const struct picture *picture, const struct change *change)
{
    unsigned longer = picture->width > picture->height ? picture->width : picture->height;
    unsigned scaled = longer * (change->enlarge ? change->enlarge : 1);

    return scaled / (change->shrink ? change->shrink : 1) / 5 + 4;
}

/* FAULT_NO_CODE is the usual answer. @left is what may still be spent, in pixels. */
static enum fault_id try_one(const struct picture *picture, const struct attempt *attempt,
                             uint64_t *left, struct codes *out, struct fault *fault)
{
    struct change change = attempt->change;
    struct picture changed;

    if (attempt->quiet)
        change.quiet = border_of(picture, &change);
    uint64_t cost = change_cost(picture, &change);
    if (cost > *left)
        return fault_set(fault, FAULT_NO_CODE, "too large for every repair to be tried");
    *left -= cost;

    if (picture_change(picture, &change, &changed, fault))
        return fault->id;
    int err = codes_find(&changed, out);
    picture_release(&changed);
    if (err)
        return fault_set(fault, FAULT_LIMIT, "out of memory");
    return out->count ? FAULT_NONE : FAULT_NO_CODE;
}

enum fault_id codes_find_repaired(const struct picture *picture, bool repair, struct codes *out,
                                  const char **helped, struct fault *fault)
{
    uint64_t left = REPAIR_PIXELS_MAX;

    *helped = "none";
    if (codes_find(picture, out))
        return fault_set(fault, FAULT_LIMIT, "out of memory");
    if (out->count)
        return FAULT_NONE;
    fault_set(fault, FAULT_NO_CODE, repair ? "no QR code, repaired or not" : "no QR code");
    for (size_t i = 0; repair && i < COUNT(attempts); i++) {
        enum fault_id id = try_one(picture, &attempts[i], &left, out, fault);
        if (id == FAULT_NO_CODE)
            continue;
        *helped = attempts[i].name;
        if (id == FAULT_NONE)
            *fault = (struct fault){};
        return id;
    }
    return FAULT_NO_CODE;
}
