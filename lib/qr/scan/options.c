#include "qr/scan/options.h"

#include "base/err.h"

#include <popt.h>
#include <stdio.h>
#include <stdlib.h>

struct given {
    int enlarge, shrink, quiet, invert, repair, version;
};

static int in_range(const char *name, int value, int max)
{
    if (value >= 0 && value <= max)
        return 0;
    fprintf(stderr, "wxpay-qrscan: %s must lie in 0 … %d\n", name, max);
    return ERR_USAGE;
}

static int parse(poptContext context)
{
    int code = poptGetNextOpt(context);

    if (code < -1) {
        fprintf(stderr, "wxpay-qrscan: %s: %s\n", poptBadOption(context, POPT_BADOPTION_NOALIAS),
                poptStrerror(code));
        return ERR_USAGE;
    }
    if (poptPeekArg(context)) {
        fprintf(stderr, "wxpay-qrscan: %s: the picture comes on standard input\n",
                poptPeekArg(context));
        return ERR_USAGE;
    }
    return 0;
}

int options_read(struct scan_options *options, int argc, const char **argv)
{
    struct given given = {};
    const struct poptOption table[] = {
        { "scale", '\0', POPT_ARG_INT, &given.enlarge, 0, "enlarge by a whole number", "N" },
        { "shrink", '\0', POPT_ARG_INT, &given.shrink, 0, "make smaller by a whole number", "N" },
        { "quiet-zone", '\0', POPT_ARG_INT, &given.quiet, 0, "add a white border", "PIXELS" },
        { "invert", '\0', POPT_ARG_NONE, &given.invert, 0, "swap black and white", NULL },
        { "repair", '\0', POPT_ARG_NONE, &given.repair, 0,
          "if nothing is found, try scaled, bordered and inverted", NULL },
        { "version", '\0', POPT_ARG_NONE, &given.version, 0, "print the version", NULL },
        POPT_AUTOHELP POPT_TABLEEND
    };
    poptContext context = poptGetContext("wxpay-qrscan", argc, argv, table, 0);
    poptSetOtherOptionHelp(context, "[OPTIONS] < PICTURE    prints one JSON object");
    int err = parse(context);
    poptFreeContext(context);
    if (!err && given.version) {
        puts("wxpay-qrscan " WXPAY_VERSION);
        exit(EXIT_SUCCESS);
    }
    if (!err)
        err = in_range("--scale", given.enlarge, CHANGE_FACTOR_MAX);
    if (!err)
        err = in_range("--shrink", given.shrink, CHANGE_FACTOR_MAX);
    if (!err)
        err = in_range("--quiet-zone", given.quiet, CHANGE_QUIET_MAX);
    if (err)
        return err;
    *options = (struct scan_options){
        .change = { .invert = given.invert,
                    .enlarge = (unsigned)given.enlarge,
                    .shrink = (unsigned)given.shrink,
                    .quiet = (unsigned)given.quiet },
        .repair = given.repair,
    };
    return 0;
}
