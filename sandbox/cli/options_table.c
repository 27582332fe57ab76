#include "cli/options_priv.h"

#include "base/mem.h"

#include <assert.h>

const char *const option_outcomes[] = { "paid", "wrong_password", "not_enough_money", "cancelled",
                                        NULL };
const char *const option_waits[] = { "deliveries", "none", NULL };
static const char *const durabilities[] = { "normal", "full", NULL };
static const char *const levels[] = { "debug", "info", "warn", "error", "none", NULL };

#define TEXT(name, field, arg, help)                                                               \
    {                                                                                              \
        name, 0, OPTION_TEXT, offsetof(struct options, field), 0, 4096, NULL, arg, help            \
    }
#define FLAG(name, field, help)                                                                    \
    {                                                                                              \
        name, 0, OPTION_FLAG, offsetof(struct options, field), 0, 1, NULL, NULL, help              \
    }
#define NUMBER(name, field, max, arg, help)                                                        \
    {                                                                                              \
        name, 0, OPTION_NUMBER, offsetof(struct options, field), 0, max, NULL, arg, help           \
    }
#define CHOICE(name, field, choices, arg, help)                                                    \
    {                                                                                              \
        name, 0, OPTION_CHOICE, offsetof(struct options, field), 0, 0, choices, arg, help          \
    }
#define LIST(name, field, arg, help)                                                               \
    {                                                                                              \
        name, 0, OPTION_LIST, offsetof(struct options, field), 0, 4096, NULL, arg, help            \
    }

#define WAIT_MAX 600'000

static const struct option_row table[] = {
    TEXT("config", config, "FILE", "YAML file with any of these settings (host: 0.0.0.0)"),
    TEXT("host", host, "ADDRESS", "address of the API door (127.0.0.1)"),
    NUMBER("port", port, 65535, "PORT", "port of the API door, 0: a free one (18080)"),
    TEXT("control-host", control_host, "ADDRESS", "address of the control door (127.0.0.1)"),
    NUMBER("control-port", control_port, 65535, "PORT",
           "port of the control door, 0: a free one (18081)"),
    TEXT("control-token", control_token, "TOKEN",
         "asked for by the control door; made up when it is not on loopback"),
    TEXT("data", data, "DIR", "keep the state in DIR/sandbox.db (in memory)"),
    CHOICE("durability", durability, durabilities, "normal|full",
           "with --data: survive a killed process, or a power loss too (normal)"),
    NUMBER("seed", seed, INT64_MAX, "N", "make ids and nonces repeat"),
    NUMBER("exchange-ring", exchange_ring, 1'000'000, "N",
           "how many exchanges are kept per account (1000)"),
    TEXT("exchanges", exchanges, "FILE", "append every exchange as a JSON line"),
    TEXT("qrscan", qrscan, "PROGRAM", "wxpay-qrscan (beside this program, then on PATH)"),
    CHOICE("log-level", log_level, levels, "LEVEL", "debug, info, warn, error or none (info)"),
    NUMBER("ready-fd", ready_fd, 1'000'000, "N", "write the ready line to this descriptor too"),

    TEXT("control-url", control_url, "URL", "of the running sandbox (http://127.0.0.1:18081)"),
    TEXT("mch-id", mch_id, "MCH_ID", "the merchant account (1900000109)"),
    FLAG("json", json, "print what the control door answers"),

    TEXT("state", state, "STATE", "only orders in this trade_state"),
    TEXT("api", api, "API", "only calls of this API: unifiedorder, v3/native, …"),
    TEXT("order", order, "NUMBER", "only of this out_trade_no"),
    NUMBER("limit", limit, 1000, "N", "at most so many (100)"),
    NUMBER("after", after, INT64_MAX, "ID", "only those with a greater id"),
    NUMBER("count", count, 1'000'000, "N", "how many must have been seen (1)"),
    NUMBER("timeout-ms", timeout_ms, WAIT_MAX, "MS", "how long to wait (10000)"),
    NUMBER("wait-ms", wait_ms, WAIT_MAX, "MS", "wait so long for the delivery's end"),
    CHOICE("wait", wait, option_waits, "deliveries|none",
           "what to wait for after the jump (deliveries)"),

    CHOICE("outcome", outcome, option_outcomes, "OUTCOME",
           "paid, wrong_password, not_enough_money or cancelled (paid)"),
    TEXT("openid", openid, "OPENID", "who pays"),
    TEXT("bank-type", bank_type, "TYPE", "what it is paid with (OTHERS)"),
    LIST("coupon", coupon, "TYPE:FEN[:ID]", "CASH or NO_CASH coupon; may be repeated"),

    TEXT("output", output, "FILE", "write a picture: FILE.png or FILE.svg"),

    TEXT("name", name, "NAME", "the merchant's name"),
    TEXT("api-key", api_key, "KEY", "its API key, 32 letters and digits"),
    LIST("appid", appid, "APPID", "an appid bound to it; may be repeated"),
    LIST("product", product, "PRODUCT", "an enabled product (NATIVE); may be repeated"),
    LIST("set", set, "SWITCH=VALUE", "a switch (see the verb switches); may be repeated"),
    LIST("origin", origin, "ANNOUNCED=REAL", "where a notify_url really leads; may be repeated"),

    TEXT("apiv3-key", apiv3_key, "KEY", "its APIv3 key, 32 letters and digits; \"\": none"),
    TEXT("mode", mode, "MODE", "what the platform signs with: cert, switching or pubkey"),
    NUMBER("share-permille", share_permille, 1000, "N",
           "mode switching: notifications of 1000 signed with the public key"),
    FLAG("sign", sign, "the new platform certificate signs from now on"),
};

static_assert(COUNT(table) <= 64, "options.given has a bit per row");

const struct option_row *option_at(size_t index)
{
    return index < COUNT(table) ? &table[index] : NULL;
}

size_t option_index(const struct option_row *row)
{
    return (size_t)(row - table);
}

const struct option_row *option_find(const char *name)
{
    for (size_t i = 0; i < COUNT(table); i++) {
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    }
    return NULL;
}

bool option_is_taken(const struct options_usage *usage, const struct option_row *row)
{
    struct view rest = view_str(usage->options), name;

    while (rest.len) {
        name = view_cut(rest, ' ', &rest);
        if (view_is(name, row->name))
            return true;
    }
    return false;
}

bool options_given(const struct options *options, const char *name)
{
    const struct option_row *row = option_find(name);

    assert(row && "an option of the table");
    return options->given & (uint64_t)1 << option_index(row);
}
