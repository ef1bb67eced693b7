/* SPDX-License-Identifier: Apache-2.0 */
/* The call logic's targets: found by name, checked against the policy, those that failed lately last. */
#include "control/app_ops.h"
#include "control/locate.h"
#include "control/mem.h"
#include "control/sip_target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

struct wanted {
	struct app *app;
	uint64_t tag;
};

static uint64_t chance(void *ctx)
{
	uint64_t r = 0;
	while (getrandom(&r, sizeof r, 0) != sizeof r)
		;
	return r;
}

const char *app_refusal(const struct config *c, const struct ip_addr *a)
{
	if (a->fam == 6 && !c->dp.ip6.fam)
		return "IPv6, and network.ip6 is not set";
	if (ip_addr_eq(a, &c->dp.ip) || ip_addr_eq(a, &c->dp.ip6))
		return "the engine's own address";
	if (a->fam == 6)
		return a->b[0] == 0xff ? "multicast" : target_refusal(&c->policy, a);
	if (a->b[0] >= 224)
		return "multicast or broadcast";
	if (a->b[0] == 0)
		return "unspecified 0.0.0.0/8";
	return target_refusal(&c->policy, a);
}

static void say_refused(const struct ip_addr *a, const char *refusal, char *why, size_t n)
{
	char t[64];
	struct buf b = buf_on(t, sizeof t - 1);
	ip_addr_put(&b, a);
	t[b.len] = '\0';
	snprintf(why, n, "%s is refused: %s", t, refusal);
}

static void on_located(void *ctx, const struct ip_sock *hops, uint32_t n, const char *why)
{
	struct wanted *p = ctx;
	struct app *a = p->app;
	struct ip_sock good[LOCATE_HOPS_MAX];
	uint32_t kept = 0;
	char reason[200];
	snprintf(reason, sizeof reason, "%s", why ? why : "no address");
	for (uint32_t i = 0; i < n; i++) {
		const char *refusal = app_refusal(a->conf, &hops[i].a);
		if (refusal)
			say_refused(&hops[i].a, refusal, reason, sizeof reason);
		else
			good[kept++] = hops[i];
	}
	target_health_sort(&a->health, good, kept, loop_now_ns());
	calls_resolved(a->calls, p->tag, good, kept, kept ? NULL : reason);
	free(p);
}

uint8_t app_transports(const struct config *c)
{
	uint8_t can = 1u << DP_UDP;
	if (c->dp.tcp != DP_TCP_OFF)
		can |= 1u << DP_TCP;
	if (c->dp.tcp != DP_TCP_OFF && c->dp.tls_port)
		can |= 1u << DP_TLS;
	return can;
}

static struct wanted *wanted(struct app *a, uint64_t tag)
{
	struct wanted *p = mem_zalloc(sizeof *p);
	*p = (struct wanted){a, tag};
	return p;
}

void app_resolve(void *ctx, const struct sip_target *t, uint64_t tag)
{
	struct app *a = ctx;
	struct locate_conf conf = {a->conf->dns_naptr, a->conf->dns_srv, chance, NULL};
	struct locate_want want = {.host = t->host,
	    .port = t->port,
	    .transport_given = t->transport_given,
	    .transport = t->transport,
	    .sips = t->sips,
	    .can = app_transports(a->conf),
	    .ip6 = a->conf->dp.ip6.fam != 0};
	if (a->dns)
		locate(a->loop, a->dns, &conf, &want, on_located, wanted(a, tag));
}

void app_hop_done(void *ctx, const struct ip_sock *hop, bool reached)
{
	struct app *a = ctx;
	target_health_tell(&a->health, hop, reached, loop_now_ns());
}
