/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/route6.h"

#include <errno.h>

static struct host_ip masked(struct host_ip a, uint8_t prefix)
{
	const uint64_t all = ~0ull;
	if (prefix >= 64)
		return (struct host_ip){a.hi, prefix == 64 ? 0 : a.lo & all << (128 - prefix)};
	return (struct host_ip){prefix ? a.hi & all << (64 - prefix) : 0, 0};
}

static bool inside(struct host_ip a, struct host_ip net, uint8_t prefix)
{
	return host_ip_eq(masked(a, prefix), net);
}

static int route6_add(struct route6_table *t, struct host_ip net, uint8_t prefix, struct host_ip via)
{
	if (t->n == sizeof t->row / sizeof t->row[0])
		return -EINVAL;
	uint32_t i = t->n++;
	for (; i > 0 && t->row[i - 1].prefix < prefix; i--)
		t->row[i] = t->row[i - 1];
	t->row[i] = (struct route6){masked(net, prefix), via, prefix};
	return 0;
}

bool route6_on_link(const struct route6_table *t, struct host_ip a)
{
	return ip6_link_local(a) || inside(a, masked(t->ip, t->prefix), t->prefix);
}

static int add_static(struct route6_table *t, const struct dp_route *r)
{
	struct host_ip via = {0, 0};
	if (r->net.fam != 6 || r->prefix > 128 || (r->via.fam && r->via.fam != 6))
		return -EINVAL;
	if (r->via.fam) {
		via = host_ip_of(&r->via);
		if (!ip6_unicast(via) || !route6_on_link(t, via) || host_ip_eq(via, t->ip))
			return -EINVAL;
	}
	return route6_add(t, host_ip_of(&r->net), r->prefix, via);
}

int route6_init(struct route6_table *t, const struct dp_conf *conf)
{
	const struct host_ip link = {0xfe80000000000000ull, 0};
	*t = (struct route6_table){0};
	if (conf->ip6.fam != 6 || conf->prefix6 > 128 || conf->n_routes > DP_ROUTES_MAX)
		return -EINVAL;
	t->ip = host_ip_of(&conf->ip6);
	t->prefix = conf->prefix6;
	t->fixed = conf->gateway6.fam != 0;
	int rc = ip6_unicast(t->ip) && !ip6_link_local(t->ip)
	             ? route6_add(t, t->ip, t->prefix, (struct host_ip){0, 0})
	             : -EINVAL;
	if (!rc)
		rc = route6_add(t, link, 10, (struct host_ip){0, 0});
	for (uint8_t i = 0; i < conf->n_routes && !rc; i++) {
		if (conf->routes[i].net.fam == 6)
			rc = add_static(t, &conf->routes[i]);
	}
	if (!rc && t->fixed) {
		const struct dp_route dflt = {.net = {.fam = 6}, .prefix = 0, .via = conf->gateway6};
		rc = add_static(t, &dflt);
	}
	return rc;
}

bool route6_lookup(const struct route6_table *t, struct host_ip dst, uint64_t now, struct host_ip *next_hop)
{
	for (uint32_t i = 0; i < t->n; i++) {
		if (!inside(dst, t->row[i].net, t->row[i].prefix))
			continue;
		*next_hop = host_ip_none(t->row[i].via) ? dst : t->row[i].via;
		return true;
	}
	*next_hop = t->router;
	return !host_ip_none(t->router) && (int64_t)(t->router_until - now) > 0;
}

void route6_router(struct route6_table *t, struct host_ip router, uint16_t seconds, uint64_t now)
{
	bool there = !host_ip_none(t->router) && (int64_t)(t->router_until - now) > 0;
	if (t->fixed || (there && !host_ip_eq(router, t->router)))
		return;
	t->router = seconds ? router : (struct host_ip){0, 0};
	t->router_until = now + seconds * 1000000000ull;
}
