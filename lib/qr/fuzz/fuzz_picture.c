/*
 * Any bytes as a picture: decoded, looked at, and answered in this process. The size check in the
 * headers must keep the decoders from unfolding a small input into gigabytes, so libFuzzer's own
 * limits of memory and time guard that too.
 */
#include "qr/scan/scan.h"

#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
const char *__lsan_default_suppressions(void);

/*
 * Not ours, and harmless in a process per picture: fontconfig's caches, and the entities of a
 * document that librsvg refuses.
 */
const char *__lsan_default_suppressions(void)
{
    return "leak:libfontconfig.so\nleak:xmlParseEntityValue\n";
}

/* Without fonts, as in wxpay-qrscan, which can open no file by then. */
int LLVMFuzzerInitialize(int *, char ***)
{
    return setenv("FONTCONFIG_FILE", "/dev/null", 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct buf answer = BUF_INIT(ANSWER_MAX);
    struct view picture = { (const char *)bytes, len };

    int said = scan_picture(picture, &(struct scan_options){}, &answer);
    if (said < 0 || answer.ptr[answer.len - 1] != '\n')
        abort();
    buf_release(&answer);
    return 0;
}
