/* Any bytes as a profile: read or refused with a place, nothing leaked, nothing crashed. */
#include "base/err.h"
#include "profile.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct profile profile;
    struct profile_error error;
    int err = profile_parse(&profile, "fuzz", (struct view){ (const char *)data, size }, &error);

    if (err == ERR_SYNTAX && !error.text[0])
        abort(); /* a refusal without a sentence */
    profile_release(&profile);
    return 0;
}
