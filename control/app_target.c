/* SPDX-License-Identifier: Apache-2.0 */
/* The call logic's targets: found by name, checked against the policy, those that failed lately last. */
#include "control/app_ops.h"
#include "control/locate.h"
#include "control/log.h"
#include "control/mem.h"
#include "control/sip_target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

/* A target that is looked up, and who wants to know. */
struct wanted {
	struct app *app;
	locate_fn fn;
	void *ctx;
	uint64_t tag; /* of a call */
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

static void on_call_located(void *ctx, const struct ip_sock *hops, uint32_t n, const char *why);

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
	p->fn(p->fn == on_call_located ? p : p->ctx, good, kept, kept ? NULL : reason);
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

static void look_for(struct app *a, const struct sip_target *t, const struct wanted *who)
{
	struct locate_conf conf = {a->conf->dns_naptr, a->conf->dns_srv, chance, NULL};
	struct locate_want want = {.host = t->host,
	    .port = t->port,
	    .transport_given = t->transport_given,
	    .transport = t->transport,
	    .sips = t->sips,
	    .can = app_transports(a->conf),
	    .ip6 = a->conf->dp.ip6.fam != 0};
	struct wanted *p = mem_zalloc(sizeof *p);
	*p = *who;
	locate(a->loop, a->dns, &conf, &want, on_located, p);
}

/* ---- calls */

static void on_call_located(void *ctx, const struct ip_sock *hops, uint32_t n, const char *why)
{
	struct wanted *p = ctx;
	struct ip_sock sorted[LOCATE_HOPS_MAX];
	if (n)
		memcpy(sorted, hops, n * sizeof *hops);
	target_health_sort(&p->app->health, sorted, n, loop_now_ns());
	calls_resolved(p->app->calls, p->tag, sorted, n, why);
}

void app_resolve(void *ctx, const struct sip_target *t, uint64_t tag)
{
	struct app *a = ctx;
	if (!a->dns)
		return;
	struct wanted who = {.app = a, .fn = on_call_located, .tag = tag};
	look_for(a, t, &who);
}

void app_hop_done(void *ctx, const struct ip_sock *hop, bool reached)
{
	struct app *a = ctx;
	target_health_tell(&a->health, hop, reached, loop_now_ns());
}

/* ---- the targets that are watched */

static void op_locate(void *ctx, const struct sip_target *t, locate_fn fn, void *fn_ctx)
{
	struct app *a = ctx;
	struct wanted who = {.app = a, .fn = fn, .ctx = fn_ctx};
	if (a->dns)
		look_for(a, t, &who);
}

static void op_ping(void *ctx, const struct dp_cmd *c)
{
	struct app *a = ctx;
	if (!a->ending)
		bridge_command(a->bridge, c);
}

static void op_said(void *ctx, const char *uri, const char *text, bool up)
{
	log_line(up ? LOG_INFO : LOG_WARN, "keepalive", "", "%s is %s: %s", uri, up ? "up" : "down", text);
}

struct keepalive *app_keepalive_new(struct app *a, char err[256])
{
	const struct config *c = a->conf;
	const struct keepalive_ops ops = {a, op_locate, op_ping, app_hop_done, op_said};
	const struct keepalive_conf conf = {
	    c->keepalive_every_s, c->keepalive_wait_ms, c->n_keepalive_targets, c->keepalive_targets};
	return keepalive_new(a->loop, &conf, &ops, err);
}
