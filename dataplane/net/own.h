/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses that are ours: number 0 is the host's own, the others are the further media addresses of the
 * config, in its order. A small hash table, because every received packet asks. */
#ifndef DP_OWN_H
#define DP_OWN_H

#include <assert.h>

#include "dataplane/api/dp_conf.h"

#define OWN_MAX   (1 + DP_MEDIA_IPS_MAX)
#define OWN_SLOTS 512u
#define OWN_NONE  0xffffffffu

struct own {
	uint32_t n;
	uint32_t ip[OWN_MAX];    /* host order */
	uint8_t slot[OWN_SLOTS]; /* number + 1; 0: empty */
};
static_assert(OWN_MAX < 255 && OWN_SLOTS >= 2 * OWN_MAX, "the numbers outgrew their table");

/* -EINVAL: too many, not IPv4, or one twice. */
[[nodiscard]] int own_init(struct own *o, const struct dp_conf *conf);
uint32_t own_search(const struct own *o, uint32_t ip);

/* Its number, or OWN_NONE. Mostly there is one address, and mostly it is meant. */
static inline uint32_t own_find(const struct own *o, uint32_t ip)
{
	if (ip == o->ip[0])
		return 0;
	return o->n > 1 ? own_search(o, ip) : OWN_NONE;
}

#endif
