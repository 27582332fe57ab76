/*
 * wxpay-sandbox — a WeChat Pay on your own machine. Reading on: cli/cli.c has the verbs, routes.c
 * the API door, control/router.c the control door.
 */
#include "cli/cli.h"

int main(int argc, char **argv)
{
    return cli_main(argc, argv);
}
