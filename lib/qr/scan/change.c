#include "base/mem.h"
#include "qr/scan/repair.h"

/* Mean of a block of shrink × shrink pixels, or the one pixel behind an enlarged one. */
static unsigned char sample(const struct picture *from, const struct change *change, unsigned x,
                            unsigned y)
{
    unsigned shrink = change->shrink ? change->shrink : 1;
    unsigned enlarge = change->enlarge ? change->enlarge : 1;
    unsigned sum = 0;

    for (unsigned dy = 0; dy < shrink; dy++) {
        for (unsigned dx = 0; dx < shrink; dx++) {
            size_t row = (y * shrink + dy) / enlarge;
            sum += from->grey[row * from->width + (x * shrink + dx) / enlarge];
        }
    }
    unsigned char mean = (unsigned char)(sum / (shrink * shrink));
    return change->invert ? (unsigned char)(255 - mean) : mean;
}

/* @side enlarged, shrunk and bordered; 0 when nothing is left. */
static uint64_t side_after(unsigned side, const struct change *change)
{
    uint64_t inner = (uint64_t)side * (change->enlarge ? change->enlarge : 1) /
                     (change->shrink ? change->shrink : 1);

    return inner ? inner + 2 * (uint64_t)change->quiet : 0;
}

uint64_t change_cost(const struct picture *from, const struct change *change)
{
    uint64_t width = side_after(from->width, change), height = side_after(from->height, change);

    if (!width || !height || width > PICTURE_PIXELS_MAX || height > PICTURE_PIXELS_MAX)
        return UINT64_MAX;
    return width * height <= PICTURE_PIXELS_MAX ? width * height : UINT64_MAX;
}

enum fault_id picture_change(const struct picture *from, const struct change *change,
                             struct picture *to, struct fault *fault)
{
    unsigned quiet = change->quiet;

    *to = (struct picture){ .format = from->format };
    if (change_cost(from, change) == UINT64_MAX)
        return fault_set(fault, FAULT_TOO_LARGE, "too many pixels, or none, when changed");
    if (picture_alloc(to, (unsigned)side_after(from->width, change),
                      (unsigned)side_after(from->height, change), fault))
        return fault->id;

    memset(to->grey, 255, (size_t)to->width * to->height);
    for (unsigned y = quiet; y < to->height - quiet; y++)
        for (unsigned x = quiet; x < to->width - quiet; x++)
            to->grey[(size_t)y * to->width + x] = sample(from, change, x - quiet, y - quiet);
    return FAULT_NONE;
}
