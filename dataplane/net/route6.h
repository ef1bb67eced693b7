/* SPDX-License-Identifier: Apache-2.0 */
/* Where an IPv6 packet goes next: the connected prefix, static routes, the gateway of the config or else the router
 * that advertises itself (RFC 4861 §6.3.4); longest prefix wins. */
#ifndef DP_ROUTE6_H
#define DP_ROUTE6_H

#include "dataplane/api/dp_conf.h"
#include "dataplane/net/host_ip.h"

struct route6 {
	struct host_ip net, via; /* via none: on link */
	uint8_t prefix;
};

struct route6_table {
	struct route6 row[DP_ROUTES_MAX + 3]; /* longest prefix first */
	uint32_t n;
	struct host_ip ip; /* ours */
	uint8_t prefix;
	bool fixed;            /* the config names the gateway: advertisements are not wanted */
	struct host_ip router; /* advertised; none: nobody */
	uint64_t router_until; /* ns */
};

/* -EINVAL: not IPv6, a prefix over 128, a gateway that is neither in the connected prefix nor link-local. */
[[nodiscard]] int route6_init(struct route6_table *t, const struct dp_conf *conf);
/* The neighbour to hand a packet for dst to. False: no route. */
bool route6_lookup(const struct route6_table *t, struct host_ip dst, uint64_t now, struct host_ip *next_hop);
/* A router says that it may be used for so many seconds; 0: no longer. The first that came is kept until then. */
void route6_router(struct route6_table *t, struct host_ip router, uint16_t seconds, uint64_t now);
bool route6_on_link(const struct route6_table *t, struct host_ip a);

static inline bool ip6_link_local(struct host_ip a)
{
	return a.hi >> 54 == 0xfe80u >> 6;
}

static inline bool ip6_multicast(struct host_ip a)
{
	return a.hi >> 56 == 0xff;
}

/* An address that one host may have on the wire: not unspecified, loopback, IPv4-mapped or -compatible (RFC 4291
 * §2.5.5), multicast. */
static inline bool ip6_unicast(struct host_ip a)
{
	return !ip6_multicast(a) && (a.hi || a.lo >> 48);
}

#endif
