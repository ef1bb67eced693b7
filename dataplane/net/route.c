/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/route.h"

#include <errno.h>

#include "dataplane/net/host.h"

static uint32_t mask_of(uint8_t prefix)
{
	return prefix ? ~0u << (32 - prefix) : 0;
}

static int route_add(struct route_table *t, uint32_t net, uint32_t mask, uint32_t via)
{
	if (t->n == sizeof t->row / sizeof t->row[0])
		return -EINVAL;
	uint32_t i = t->n++;
	for (; i > 0 && t->row[i - 1].mask < mask; i--)
		t->row[i] = t->row[i - 1];
	t->row[i] = (struct route){net & mask, mask, via};
	return 0;
}

static int add_static(struct route_table *t, const struct dp_route *r)
{
	if (r->net.fam != 4 || r->prefix > 32)
		return -EINVAL;
	if (r->via.fam == 0)
		return route_add(t, ip4_of(&r->net), mask_of(r->prefix), 0);
	uint32_t via = ip4_of(&r->via);
	if (r->via.fam != 4 || !route_on_link(t, via) || via == t->ip)
		return -EINVAL;
	return route_add(t, ip4_of(&r->net), mask_of(r->prefix), via);
}

int route_init(struct route_table *t, const struct dp_conf *conf)
{
	*t = (struct route_table){0};
	if (conf->ip.fam != 4 || conf->prefix > 32 || conf->n_routes > DP_ROUTES_MAX)
		return -EINVAL;
	t->ip = ip4_of(&conf->ip);
	t->mask = mask_of(conf->prefix);
	int rc = route_add(t, t->ip, t->mask, 0);
	for (uint8_t i = 0; i < conf->n_routes && !rc; i++) {
		if (conf->routes[i].net.fam != 6) /* those are route6.h's */
			rc = add_static(t, &conf->routes[i]);
	}
	if (!rc && conf->gateway.fam) {
		const struct dp_route dflt = {.net = {.fam = 4}, .prefix = 0, .via = conf->gateway};
		rc = add_static(t, &dflt);
	}
	return rc;
}

bool route_lookup(const struct route_table *t, uint32_t dst, uint32_t *next_hop)
{
	for (uint32_t i = 0; i < t->n; i++) {
		if ((dst & t->row[i].mask) != t->row[i].net)
			continue;
		*next_hop = t->row[i].via ? t->row[i].via : dst;
		return true;
	}
	return false;
}
