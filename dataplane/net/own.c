/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/own.h"

#include <errno.h>

#include "dataplane/net/host.h"

static uint32_t place(uint32_t ip)
{
	return (ip * 0x9e3779b1u) >> 23;
}

static int own_add(struct own *o, const struct ip_addr *a)
{
	if (a->fam != 4 || own_search(o, ip4_of(a)) != OWN_NONE)
		return -EINVAL;
	uint32_t ip = ip4_of(a), i = place(ip);
	while (o->slot[i])
		i = (i + 1) % OWN_SLOTS;
	o->ip[o->n++] = ip;
	o->slot[i] = (uint8_t)o->n;
	return 0;
}

int own_init(struct own *o, const struct dp_conf *conf)
{
	*o = (struct own){0};
	if (conf->n_media_ips > DP_MEDIA_IPS_MAX)
		return -EINVAL;
	int rc = own_add(o, &conf->ip);
	for (uint32_t i = 0; i < conf->n_media_ips && !rc; i++)
		rc = own_add(o, &conf->media_ips[i]);
	return rc;
}

uint32_t own_search(const struct own *o, uint32_t ip)
{
	for (uint32_t i = place(ip); o->slot[i]; i = (i + 1) % OWN_SLOTS) {
		if (o->ip[o->slot[i] - 1] == ip)
			return o->slot[i] - 1u;
	}
	return OWN_NONE;
}
