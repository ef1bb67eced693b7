/* SPDX-License-Identifier: Apache-2.0 */
/* An address of either family as the files of this folder hand it round: 128 bits in host order. IPv4 is written
 * ::ffff:a.b.c.d (RFC 4291 §2.5.5.2), a form that is never sent and never accepted from the network, so the two
 * families cannot be confused. */
#ifndef DP_HOST_IP_H
#define DP_HOST_IP_H

#include "dataplane/api/ip_addr.h"
#include "dataplane/net/wire.h"

#include <stdbool.h>

struct host_ip {
	uint64_t hi, lo;
};

#define HOST_IP4_TOP 0xffff00000000ull

static inline struct host_ip host_ip4(uint32_t ip)
{
	return (struct host_ip){0, HOST_IP4_TOP | ip};
}

static inline bool host_ip_is4(struct host_ip a)
{
	return a.hi == 0 && a.lo >> 32 == 0xffff;
}

static inline bool host_ip_eq(struct host_ip a, struct host_ip b)
{
	return a.lo == b.lo && a.hi == b.hi;
}

static inline bool host_ip_none(struct host_ip a)
{
	return (a.hi | a.lo) == 0;
}

/* From and to the 16 bytes of an IPv6 header. */
static inline struct host_ip host_ip_get(const uint8_t b[16])
{
	return (struct host_ip){
	    (uint64_t)get32(b) << 32 | get32(b + 4), (uint64_t)get32(b + 8) << 32 | get32(b + 12)};
}

static inline void host_ip_put(uint8_t b[16], struct host_ip a)
{
	put32(b, (uint32_t)(a.hi >> 32));
	put32(b + 4, (uint32_t)a.hi);
	put32(b + 8, (uint32_t)(a.lo >> 32));
	put32(b + 12, (uint32_t)a.lo);
}

static inline struct host_ip host_ip_of(const struct ip_addr *a)
{
	return a->fam == 4 ? host_ip4(get32(a->b)) : host_ip_get(a->b);
}

static inline struct ip_addr host_ip_addr(struct host_ip a)
{
	struct ip_addr out = {.fam = host_ip_is4(a) ? 4 : 6};
	if (out.fam == 4)
		put32(out.b, (uint32_t)a.lo);
	else
		host_ip_put(out.b, a);
	return out;
}

#endif
