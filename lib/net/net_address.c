#include "net/net_address.h"

#include "base/err.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <netinet/in.h>

struct range {
    unsigned char prefix[16];
    unsigned bits;
};

static const struct range refused_4[] = {
    { { 0 }, 8 },                   /* "this network", unspecified */
    { { 169, 254 }, 16 },           /* link-local; 169.254.169.254 is everybody's metadata */
    { { 100, 100, 100, 200 }, 32 }, /* metadata of Alibaba Cloud */
    { { 192, 0, 0, 192 }, 32 },     /* metadata of Oracle Cloud */
    { { 168, 63, 129, 16 }, 32 },   /* host services of Azure */
    { { 224 }, 4 },                 /* multicast */
    { { 240 }, 4 },                 /* reserved, and broadcast */
};

static const struct range refused_6[] = {
    { { 0 }, 128 },                                                /* unspecified */
    { { 0xfe, 0x80 }, 10 },                                        /* link-local */
    { { 0xff }, 8 },                                               /* multicast */
    { { 0xfd, 0x00, 0x0e, 0xc2, [15] = 0x54, [14] = 0x02 }, 128 }, /* metadata of AWS */
    { { 0xfd, 0x20, 0x00, 0xce, [15] = 0x54, [14] = 0x02 }, 128 }, /* metadata of GCP */
};

/* IPv6 forms that carry an IPv4 address, and where. */
static const struct {
    struct range range;
    size_t at;
} carriers[] = {
    { { { [10] = 0xff, [11] = 0xff }, 96 }, 12 }, /* ::ffff:a.b.c.d */
    { { { 0x00, 0x64, 0xff, 0x9b }, 96 }, 12 },   /* 64:ff9b::a.b.c.d, NAT64 */
    { { { 0x20, 0x02 }, 16 }, 2 },                /* 2002:ab:cd::, 6to4 */
};

static bool is_in(const unsigned char *address, const struct range *range)
{
    size_t bytes = range->bits / 8;
    unsigned rest = range->bits % 8;
    if (memcmp(address, range->prefix, bytes) != 0)
        return false;
    return !rest || ((address[bytes] ^ range->prefix[bytes]) >> (8 - rest)) == 0;
}

static bool is_refused_4(const unsigned char *address)
{
    for (size_t i = 0; i < COUNT(refused_4); i++)
        if (is_in(address, &refused_4[i]))
            return true;
    return false;
}

static bool is_refused_6(const unsigned char *address)
{
    static const struct range compatible = { { 0 }, 96 };
    static const unsigned char loopback[16] = { [15] = 1 };
    for (size_t i = 0; i < COUNT(refused_6); i++)
        if (is_in(address, &refused_6[i]))
            return true;
    for (size_t i = 0; i < COUNT(carriers); i++)
        if (is_in(address, &carriers[i].range))
            return is_refused_4(address + carriers[i].at);
    if (is_in(address, &compatible) && memcmp(address, loopback, sizeof(loopback)) != 0)
        return is_refused_4(address + 12);
    return false;
}

bool net_address_allowed(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
        return !is_refused_4((const unsigned char *)&in->sin_addr);
    }
    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)address;
        return !is_refused_6(in6->sin6_addr.s6_addr);
    }
    return false;
}

int net_address_parse(struct view host, uint16_t port, struct sockaddr_storage *out)
{
    char text[INET6_ADDRSTRLEN];
    struct sockaddr_in *in = (struct sockaddr_in *)(void *)out;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)out;
    if (view_copy(host, text, sizeof(text)))
        return ERR_SYNTAX;
    *out = (struct sockaddr_storage){};
    if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
        in->sin_port = htons(port);
        return 0;
    }
    if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1) {
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(port);
        return 0;
    }
    return ERR_SYNTAX;
}

bool net_host_is_private(struct view host)
{
    return view_is(host, "localhost") || view_starts(host, VIEW("127.")) ||
           view_starts(host, VIEW("10.")) || view_starts(host, VIEW("192.168.")) ||
           view_is(host, "::1");
}
