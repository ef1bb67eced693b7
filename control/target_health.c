/* SPDX-License-Identifier: Apache-2.0 */
#include "control/target_health.h"

#define WAYS 8

static uint32_t set_of(const struct ip_sock *hop)
{
	uint32_t h = 2166136261u ^ hop->port ^ (uint32_t)hop->transport << 16;
	for (int i = 0; i < 16; i++)
		h = (h ^ hop->a.b[i]) * 16777619u;
	return (h ^ h >> 15) % (TARGET_HEALTH_SLOTS / WAYS) * WAYS;
}

/* Its slot, or -1. */
static int find(const struct target_health *h, const struct ip_sock *hop)
{
	uint32_t from = set_of(hop);
	for (uint32_t i = from; i < from + WAYS; i++)
		if (h->slot[i].until_ns && ip_sock_eq(&h->slot[i].hop, hop))
			return (int)i;
	return -1;
}

static int oldest(const struct target_health *h, const struct ip_sock *hop)
{
	uint32_t from = set_of(hop), at = from;
	for (uint32_t i = from + 1; i < from + WAYS; i++)
		if (h->slot[i].until_ns < h->slot[at].until_ns)
			at = i;
	return (int)at;
}

void target_health_tell(struct target_health *h, const struct ip_sock *hop, bool reached, uint64_t now_ns)
{
	int at = find(h, hop);
	h->failures += !reached;
	if (reached) {
		if (at >= 0)
			h->slot[at].until_ns = 0;
		return;
	}
	if (!h->avoid_s)
		return;
	if (at < 0)
		at = oldest(h, hop);
	h->slot[at].hop = *hop;
	h->slot[at].until_ns = now_ns + h->avoid_s * UINT64_C(1000000000);
}

bool target_health_avoided(const struct target_health *h, const struct ip_sock *hop, uint64_t now_ns)
{
	int at = find(h, hop);
	return at >= 0 && h->slot[at].until_ns > now_ns;
}

uint32_t target_health_count(const struct target_health *h, uint64_t now_ns)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < TARGET_HEALTH_SLOTS; i++)
		n += h->slot[i].until_ns > now_ns;
	return n;
}

void target_health_sort(const struct target_health *h, struct ip_sock *hops, uint32_t n, uint64_t now_ns)
{
	uint32_t good = 0;
	for (uint32_t i = 0; i < n; i++) {
		struct ip_sock hop = hops[i];
		if (target_health_avoided(h, &hop, now_ns))
			continue;
		for (uint32_t k = i; k > good; k--)
			hops[k] = hops[k - 1];
		hops[good++] = hop;
	}
}
