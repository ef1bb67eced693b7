/* SPDX-License-Identifier: Apache-2.0 */
/* Where a packet goes next: the connected prefix, static routes, the default gateway; longest prefix wins. */
#ifndef DP_ROUTE_H
#define DP_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/api/dp_conf.h"

struct route {
	uint32_t net, mask, via; /* via 0: on link */
};

struct route_table {
	struct route row[DP_ROUTES_MAX + 2]; /* longest mask first */
	uint32_t n;
	uint32_t ip, mask; /* ours */
};

/* -EINVAL: not IPv4, a prefix over 32, a gateway that is not in the connected prefix, too many routes. */
[[nodiscard]] int route_init(struct route_table *t, const struct dp_conf *conf);
/* The neighbour to hand a packet for dst to. False: no route. */
bool route_lookup(const struct route_table *t, uint32_t dst, uint32_t *next_hop);
/* The network or broadcast address of our prefix. RFC 3021: a /31 (and a /32) has neither. */
static inline bool route_edge(const struct route_table *t, uint32_t ip)
{
	if (~t->mask < 2 || (ip & t->mask) != (t->ip & t->mask))
		return false;
	return (ip & ~t->mask) == 0 || (ip | t->mask) == ~0u;
}

/* In our own prefix and not its network or broadcast address. */
static inline bool route_on_link(const struct route_table *t, uint32_t ip)
{
	return (ip & t->mask) == (t->ip & t->mask) && !route_edge(t, ip);
}

/* An address that one other host may have: not ours, loopback, broadcast, multicast, reserved or 0/8. */
static inline bool route_unicast(const struct route_table *t, uint32_t ip)
{
	uint32_t top = ip >> 24;
	return top != 0 && top != 127 && top < 224 && ip != t->ip && !route_edge(t, ip);
}

#endif
