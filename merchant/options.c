#include "options.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/http_msg.h"
#include "options_file.h"
#include "options_keys.h"

#include <arpa/inet.h>
#include <popt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

/* Everything that can be said, with the names it goes by. Flag beats environment beats file. */
#define SETTING_MAP(X)                                                                             \
    X(host, "host", "WXPAY_MERCHANT_HOST", NULL, "numeric address to listen on (127.0.0.1)",       \
      "ADDRESS")                                                                                   \
    X(port_text, "port", "WXPAY_MERCHANT_PORT", NULL, "port to listen on (18090); 0: a free one",  \
      "PORT")                                                                                      \
    X(platform_url, "platform-url", "WXPAY_MERCHANT_PLATFORM_URL", "WXPAY_BASE_URL",               \
      "where the platform is (http://127.0.0.1:18080)", "URL")                                     \
    X(mch_id, "mch-id", "WXPAY_MERCHANT_MCH_ID", "WXPAY_MCH_ID", "our merchant number", "ID")      \
    X(appid, "appid", "WXPAY_MERCHANT_APPID", "WXPAY_APPID", "our appid", "ID")                    \
    X(api_key, "api-key", "WXPAY_MERCHANT_API_KEY", "WXPAY_API_KEY",                               \
      "our API key; better said by WXPAY_MERCHANT_API_KEY: others can see a command line", "KEY")  \
    X(sign_type_text, "sign-type", "WXPAY_MERCHANT_SIGN_TYPE", NULL, "MD5 (usual) or HMAC-SHA256", \
      "TYPE")                                                                                      \
    X(api_text, "api", "WXPAY_MERCHANT_API", NULL, "v2 (usual) or v3", "API")                      \
    X(apiv3_key, "apiv3-key", "WXPAY_MERCHANT_APIV3_KEY", "WXPAY_APIV3_KEY",                       \
      "our APIv3 key; better said by WXPAY_MERCHANT_APIV3_KEY", "KEY")                             \
    X(mch_serial, "mch-serial", "WXPAY_MERCHANT_MCH_SERIAL", "WXPAY_MCH_SERIAL",                   \
      "serial of our certificate, with --mch-key", "SERIAL")                                       \
    X(mch_key_file, "mch-key", "WXPAY_MERCHANT_MCH_KEY", "WXPAY_MCH_KEY_FILE",                     \
      "PEM of our private key (the test account's)", "FILE")                                       \
    X(platform_cert_file, "platform-cert", "WXPAY_MERCHANT_PLATFORM_CERT", NULL,                   \
      "PEM of a platform certificate to trust at start (downloaded when needed)", "FILE")          \
    X(public_key_file, "platform-public-key", "WXPAY_MERCHANT_PLATFORM_PUBLIC_KEY", NULL,          \
      "PEM of the platform's public key: key mode, no certificates", "FILE")                       \
    X(public_key_id, "platform-public-key-id", "WXPAY_MERCHANT_PLATFORM_PUBLIC_KEY_ID", NULL,      \
      "its id, PUB_KEY_ID_ and digits", "ID")                                                      \
    X(notify_base, "notify-base", "WXPAY_MERCHANT_NOTIFY_BASE", NULL,                              \
      "origin under which notify_url is announced (our own)", "URL")                               \
    X(ip, "ip", "WXPAY_MERCHANT_IP", NULL, "spbill_create_ip (an address of this host)",           \
      "ADDRESS")                                                                                   \
    X(ledger, "ledger", "WXPAY_MERCHANT_LEDGER", NULL, "SQLite file to keep (in memory)", "FILE")  \
    X(staff_token, "staff-token", "WXPAY_MERCHANT_STAFF_TOKEN", NULL,                              \
      "who shows it may give money back; better said by WXPAY_MERCHANT_STAFF_TOKEN", "TOKEN")      \
    X(log_level, "log-level", "WXPAY_MERCHANT_LOG_LEVEL", NULL,                                    \
      "debug, info (usual), warn, error, none", "LEVEL")                                           \
    X(ready_fd_text, "ready-fd", "WXPAY_MERCHANT_READY_FD", NULL,                                  \
      "descriptor that gets the ready line as well", "N")

static const struct setting {
    const char *flag, *environment, *environment2;
    size_t offset;
} settings[] = {
#define X(member, flag, environment, environment2, help, argument)                                 \
    { flag, environment, environment2, offsetof(struct options, member) },
    SETTING_MAP(X)
#undef X
};

static char **value_of(struct options *options, size_t at)
{
    return (char **)(void *)((char *)options + settings[at].offset);
}

static int usage(const char *format, const char *detail)
{
    fputs("wxpay-merchant: ", stderr);
    fprintf(stderr, "%s: %s\n", format, detail);
    return ERR_USAGE;
}

/* --- three sources -------------------------------------------------------------------------- */

static void warn_of_key(const struct setting *setting, const char *said)
{
    bool secret = setting->offset == offsetof(struct options, api_key) ||
                  setting->offset == offsetof(struct options, apiv3_key) ||
                  setting->offset == offsetof(struct options, staff_token);
    if (said && secret)
        fprintf(stderr, "wxpay-merchant: a key on the command line can be seen by others; say %s\n",
                setting->environment);
}

/* The strings are popt's blocks until they are copied. */
static int read_flags(struct options *options, int argc, char **argv)
{
    char *said[COUNT(settings)] = {};
    struct poptOption table[] = {
#define X(member, flag, environment, environment2, help, argument)                                 \
    { flag, '\0', POPT_ARG_STRING, NULL, 0, help, argument },
        SETTING_MAP(X)
#undef X
            { "test-clock", '\0', POPT_ARG_NONE, &options->test_clock, 0,
              "open POST /test/clock on loopback", NULL },
        { "config", '\0', POPT_ARG_STRING, NULL, 'c', "YAML file with the same names", "FILE" },
        { "steps", '\0', POPT_ARG_NONE, &options->show_steps, 0,
          "print the table of protective steps and end", NULL },
        { "version", '\0', POPT_ARG_NONE, &options->show_version, 0, "print the version and end",
          NULL },
        POPT_AUTOHELP POPT_TABLEEND
    };
    for (size_t i = 0; i < COUNT(settings); i++)
        table[i].arg = &said[i];
    char *config = NULL;
    table[COUNT(settings) + 1].arg = &config;

    poptContext context =
        poptGetContext("wxpay-merchant", argc, (const char **)(void *)argv, table, 0);
    int code, err = 0;
    while ((code = poptGetNextOpt(context)) > 0)
        ;
    if (code < -1)
        err = usage(poptStrerror(code), poptBadOption(context, POPT_BADOPTION_NOALIAS));
    else if (poptPeekArg(context))
        err = usage("not an option", poptPeekArg(context));
    for (size_t i = 0; !err && i < COUNT(settings); i++)
        warn_of_key(&settings[i], said[i]);
    for (size_t i = 0; i < COUNT(settings); i++) {
        if (!err && said[i] && !(*value_of(options, i) = mem_strdup(said[i])))
            err = ERR_NOMEM;
        free(said[i]); /* popt's own block */
    }
    if (!err && config && !(options->config = mem_strdup(config)))
        err = ERR_NOMEM;
    free(config); /* popt's own block */
    poptFreeContext(context);
    return err;
}

/* What the flags left open. */
static int set_if_open(struct options *options, size_t at, const char *value)
{
    char **place = value_of(options, at);
    if (*place || !value)
        return 0;
    *place = mem_strdup(value);
    return *place ? 0 : ERR_NOMEM;
}

static int read_environment(struct options *options)
{
    int err = 0;
    for (size_t i = 0; !err && i < COUNT(settings); i++) {
        err = set_if_open(options, i, getenv(settings[i].environment));
        if (!err && settings[i].environment2)
            err = set_if_open(options, i, getenv(settings[i].environment2));
    }
    const char *test_clock = getenv("WXPAY_MERCHANT_TEST_CLOCK");
    if (test_clock && strcmp(test_clock, "1") == 0)
        options->test_clock = 1;
    if (!err && !options->config && getenv("WXPAY_MERCHANT_CONFIG")) {
        options->config = mem_strdup(getenv("WXPAY_MERCHANT_CONFIG"));
        err = options->config ? 0 : ERR_NOMEM;
    }
    return err;
}

/* A line "port: 18090" of the file; names as the flags, with '_' for '-'. */
static int take_line(void *owner, const char *name, const char *value)
{
    struct options *options = owner;
    char flag[64];
    size_t len = strlen(name);
    if (len >= sizeof(flag))
        return ERR_NOT_FOUND;
    for (size_t i = 0; i <= len; i++)
        flag[i] = name[i] == '_' ? '-' : name[i];
    if (strcmp(flag, "test-clock") == 0) {
        options->test_clock = options->test_clock || strcmp(value, "true") == 0;
        return 0;
    }
    for (size_t i = 0; i < COUNT(settings); i++) {
        if (strcmp(flag, settings[i].flag) == 0)
            return set_if_open(options, i, value);
    }
    return ERR_NOT_FOUND;
}

/* --- what it means ---------------------------------------------------------------------------- */

static int number(const char *text, const char *name, int64_t max, int *out)
{
    int64_t value;
    if (view_to_i64(view_str(text), max, &value))
        return usage(name, text);
    *out = (int)value;
    return 0;
}

/* An origin, so that "/wxpay/notify" or "/pay/…" can follow; a last slash is taken off. */
static int origin(char *text, const char *name)
{
    struct http_url url;
    size_t len = strlen(text);
    if (len && text[len - 1] == '/')
        text[len - 1] = '\0';
    if (http_url_parse(view_str(text), &url) || url.has_query || url.has_fragment ||
        url.has_userinfo)
        return usage(name, text);
    return 0;
}

static int choose_wire(struct options *options)
{
    if (strcmp(options->api_text, "v3") == 0)
        options->api = WIRE_V3;
    else if (strcmp(options->api_text, "v2") != 0)
        return usage("api must be v2 or v3", options->api_text);
    return 0;
}

static int understand(struct options *options)
{
    enum log_level level = LOG_INFO;
    int err = 0;
    options->port = 18090;
    options->ready_fd = -1;
    if (options->port_text)
        err = number(options->port_text, "port must be 0 to 65535", 65535, &options->port);
    if (!err && options->ready_fd_text)
        err = number(options->ready_fd_text, "ready-fd must be a descriptor", 65535,
                     &options->ready_fd);
    if (!err)
        err = origin(options->platform_url, "platform-url must be an http URL");
    if (!err && options->notify_base)
        err = origin(options->notify_base, "notify-base must be an http URL");
    if (!err && options->ip) {
        unsigned char address[sizeof(struct in6_addr)];
        if (inet_pton(AF_INET, options->ip, address) != 1 &&
            inet_pton(AF_INET6, options->ip, address) != 1)
            err = usage("ip must be an address", options->ip);
    }
    if (!err && options->sign_type_text &&
        v2_sign_type_parse(view_str(options->sign_type_text), &options->sign_type))
        err = usage("sign-type must be MD5 or HMAC-SHA256", options->sign_type_text);
    if (!err && options->log_level && log_parse_level(view_str(options->log_level), &level))
        err = usage("no such log level", options->log_level);
    if (!err && strlen(options->api_key) != V2_KEY_LEN)
        err = usage("api-key must have 32 characters", "it has not");
    if (!err && options->api_text)
        err = choose_wire(options);
    if (!err && options->api == WIRE_V3)
        err = options_keys_read(options);
    log_set_level(level);
    return err;
}

/* The published test account and the sandbox's usual port: what a first try wants. */
static int fill_open(struct options *options)
{
    static const struct {
        const char *flag, *value;
    } usual[] = {
        { "platform-url", "http://127.0.0.1:18080" },
        { "mch-id", "1900000109" },
        { "appid", "wx8888888888888888" },
        { "api-key", "192006250b4c09247ec02edce69f6a2d" },
        { "apiv3-key", "0123456789abcdefFEDCBA9876543210" },
    };
    int err = 0;
    for (size_t i = 0; !err && i < COUNT(usual); i++)
        err = take_line(options, usual[i].flag, usual[i].value);
    return err;
}

int options_read(struct options *options, int argc, char **argv)
{
    *options = (struct options){};
    int err = read_flags(options, argc, argv);
    if (!err && options->show_version) {
        puts("wxpay-merchant " WXPAY_VERSION);
        return 1;
    }
    if (!err)
        err = read_environment(options);
    if (!err && options->config)
        err = options_file_read(options->config, take_line, options);
    if (!err)
        err = fill_open(options);
    return err ? err : understand(options);
}

void options_release(struct options *options)
{
    for (size_t i = 0; i < COUNT(settings); i++) {
        char **place = value_of(options, i);
        if (*place)
            mem_wipe(*place, strlen(*place));
        mem_free(*place);
        *place = NULL;
    }
    mem_free(options->config);
    options->config = NULL;
    options_keys_release(options);
}
