#include "control/door.h"
#include "control/handlers.h"

int do_health(struct ask *ask)
{
    out_open(&ask->out, NULL, '{');
    out_str(&ask->out, "status", "ok");
    out_int(&ask->out, "uptime_ms", (clock_mono_us() - ask->control->started_us) / 1000);
    out_close(&ask->out, '}');
    return ask_reply(ask, 200);
}

int do_version(struct ask *ask)
{
    out_open(&ask->out, NULL, '{');
    out_str(&ask->out, "version", WXPAY_VERSION);
    out_open(&ask->out, "apis", '[');
    out_str(&ask->out, NULL, "v2");
    out_str(&ask->out, NULL, "v3");
    out_close(&ask->out, ']');
    out_close(&ask->out, '}');
    return ask_reply(ask, 200);
}

int do_switches(struct ask *ask)
{
    struct json_out *out = &ask->out;

    out_open(out, NULL, '{');
    out_open(out, "switches", '[');
    for (size_t i = 0; i < SWITCH_COUNT; i++) {
        out_open(out, NULL, '{');
        out_str(out, "name", switch_rows[i].name);
        out_str(out, "clause", switch_rows[i].clause);
        out_str(out, "sentence", switch_rows[i].sentence);
        out_open(out, "values", '[');
        for (size_t v = 0; v < SWITCH_VALUES_MAX && switch_rows[i].values[v]; v++)
            out_str(out, NULL, switch_rows[i].values[v]);
        out_close(out, ']');
        out_str(out, "default", switch_rows[i].values[0]);
        out_close(out, '}');
    }
    out_close(out, ']');
    out_close(out, '}');
    return ask_reply(ask, 200);
}
