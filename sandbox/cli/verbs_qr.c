#include "base/err.h"
#include "cli/verbs.h"
#include "qr/qr.h"

#include <stdio.h>

/* Draws a code for a phone, or for whoever looks over one's shoulder; needs no sandbox. */
int run_qr(struct cli *cli)
{
    struct buf picture = BUF_INIT(64 * 1024);
    int err = qr_terminal(view_str(cli->options.arg[0]), &picture);
    if (!err)
        fwrite(picture.ptr, 1, picture.len, stdout);
    buf_release(&picture);
    return err ? cli_misused(cli, "the text cannot be drawn: %s", err_text(err)) : CLI_OK;
}
