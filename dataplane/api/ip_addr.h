/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as values: an IP address and an address with a port. */
#ifndef DP_IP_ADDR_H
#define DP_IP_ADDR_H

#include "sip-parser/base/buf.h"

struct ip_addr {
	uint8_t fam; /* 0 none, 4, 6 */
	uint8_t b[16]; /* network order; IPv4 in b[0..3], the rest zero */
};

struct ip_sock {
	struct ip_addr a;
	uint16_t port; /* host order */
};

bool ip_addr_eq(const struct ip_addr *x, const struct ip_addr *y);
bool ip_sock_eq(const struct ip_sock *x, const struct ip_sock *y);
/* Dotted IPv4, or IPv6 without brackets. -1: not an address literal. */
[[nodiscard]] int ip_addr_parse(struct ip_addr *out, struct span s);
/* Write the literal (IPv6 without brackets); "-" when there is no address. */
void ip_addr_put(struct buf *b, const struct ip_addr *a);

#endif
