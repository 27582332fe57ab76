#include "base/err.h"
#include "cli/verbs.h"
#include "qr/qr.h"

#include <stdio.h>

static int write_file(const char *path, struct view bytes)
{
    FILE *file = fopen(path, "wb");
    bool whole = file && fwrite(bytes.ptr, 1, bytes.len, file) == bytes.len;

    if (file && fclose(file))
        whole = false;
    return whole ? 0 : ERR_IO;
}

/* A picture by the ending of its name, or half blocks for the terminal. */
static int draw(struct view text, const char *path, struct buf *out)
{
    if (!path)
        return qr_terminal(text, out);
    if (view_ends(view_str(path), VIEW(".svg")))
        return qr_svg(text, NULL, out);
    if (view_ends(view_str(path), VIEW(".png")))
        return qr_png(text, NULL, out);
    return ERR_USAGE;
}

/* Draws a code for a phone, or for whoever looks over one's shoulder; needs no sandbox. */
int run_qr(struct cli *cli)
{
    const char *path = cli->options.output;
    struct buf picture = BUF_INIT(256 * 1024);
    int err = draw(view_str(cli->options.arg[0]), path, &picture);

    if (!err && path)
        err = write_file(path, buf_view(&picture));
    else if (!err)
        fwrite(picture.ptr, 1, picture.len, stdout);
    buf_release(&picture);
    return err ? cli_misused(cli, "the text cannot be drawn: %s", err_text(err)) : CLI_OK;
}
