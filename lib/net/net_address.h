/*
 * net_address.h — where an outgoing request may go.
 *
 * A notify_url is somebody else's text. Loopback and private addresses are where merchants under
 * test live and are allowed; what no merchant can have is refused: link-local and the metadata
 * services of clouds (whoever reaches them gets the machine's credentials), unspecified, multicast
 * and reserved addresses, and IPv6 forms that hide one of these.
 */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include "base/view.h"

#include <sys/socket.h>

bool net_address_allowed(const struct sockaddr *address);

/*
 * @host as a dotted IPv4 or an IPv6 address with @port. 0 or ERR_SYNTAX; other spellings of
 * numbers ("127.1", "0x7f000001") are left to the resolver, and checked after it.
 */
[[nodiscard]] int net_address_parse(struct view host, uint16_t port, struct sockaddr_storage *out);

/* Is @host written as one that only this machine or its own network can reach? For remarks. */
bool net_host_is_private(struct view host);

#endif
