/*
 * wxpay-merchant — the reference merchant. Reads what the operator said, opens the shop, runs the
 * loop. The doors are in routes.c, the protective steps in steps.h.
 */
#include "run.h"
#include "steps.h"

int main(int argc, char **argv)
{
    return run_shop(argc, argv, &steps_right);
}
