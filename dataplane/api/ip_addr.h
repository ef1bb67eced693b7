/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as values: an IP address and an address with a port. */
#ifndef DP_IP_ADDR_H
#define DP_IP_ADDR_H

#include "sip-parser/base/buf.h"

struct ip_addr {
	uint8_t fam;   /* 0 none, 4, 6 */
	uint8_t b[16]; /* network order; IPv4 in b[0..3], the rest zero */
};

/* How SIP reaches an address. */
enum dp_transport { DP_UDP = 0, DP_TCP, DP_TLS, DP_TRANSPORTS };

struct ip_sock {
	struct ip_addr a;
	/* For SIP; media and everything below leave both 0. */
	uint8_t transport : 2; /* enum dp_transport */
	uint8_t via : 6;       /* TCP, TLS: 1 + the worker that has the connection; 0: whoever asks */
	uint16_t port;         /* host order */
};

static inline bool ip_addr_eq(const struct ip_addr *x, const struct ip_addr *y)
{
	return x->fam == y->fam && memcmp(x->b, y->b, sizeof x->b) == 0;
}

/* a begins with `prefix` bits of net (and is of its family). */
bool ip_addr_in(const struct ip_addr *a, const struct ip_addr *net, uint8_t prefix);

/* Address, port and transport; whose connection it is makes no difference. */
static inline bool ip_sock_eq(const struct ip_sock *x, const struct ip_sock *y)
{
	return x->port == y->port && x->transport == y->transport && ip_addr_eq(&x->a, &y->a);
}

/* Dotted IPv4, or IPv6 without brackets. -1: not an address literal. */
[[nodiscard]] int ip_addr_parse(struct ip_addr *out, struct span s);
/* Write the literal (IPv6 without brackets); "-" when there is no address. */
void ip_addr_put(struct buf *b, const struct ip_addr *a);
/* The same as the host of a URI: IPv6 in brackets. */
void ip_addr_put_host(struct buf *b, const struct ip_addr *a);

#endif
