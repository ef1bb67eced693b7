/* SPDX-License-Identifier: Apache-2.0 */
/* dp_check: what dp_start would stumble over, said before it starts. */
#include "dataplane/api/dp.h"

#include "dataplane/offload/tls_ctx.h"
#include "dataplane/pktio/port.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

struct check {
	void (*say)(void *ctx, char level, const char *text);
	void *ctx;
	int problems;
};

__attribute__((format(printf, 3, 4))) static void say(struct check *c, char level, const char *fmt, ...)
{
	char text[256];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (level == 'E')
		c->problems++;
	c->say(c->ctx, level, text);
}

static void check_ports(struct check *c, const struct dp_conf *conf)
{
	uint32_t lo = conf->rtp_lo, hi = conf->rtp_hi, pairs = hi > lo ? (hi - lo + 1) / 2 : 0;
	if (lo == 0 || lo & 1 || !(hi & 1) || hi < lo)
		say(c, 'E', "RTP ports %u-%u: the first must be even and above 0, the last odd and larger",
		    lo, hi);
	if (conf->sip_port == 0)
		say(c, 'E', "SIP port 0 cannot be used");
	if (conf->sip_port >= lo && conf->sip_port <= hi)
		say(c, 'E', "SIP port %u lies inside the RTP ports %u-%u", conf->sip_port, lo, hi);
	if (conf->workers && pairs < conf->workers)
		say(c, 'E', "RTP ports %u-%u give %u pairs: fewer than the %u workers", lo, hi, pairs,
		    conf->workers);
	else if (conf->workers && pairs / conf->workers * (1 + conf->n_media_ips) < conf->legs_max)
		say(c, 'W', "%u RTP port pairs per worker for %u legs: further legs will be refused",
		    pairs / conf->workers * (1 + conf->n_media_ips), conf->legs_max);
}

static void check_core(struct check *c, const struct dp_conf *conf, uint16_t i, const cpu_set_t *may)
{
	uint16_t core = conf->cores[i];
	if (core == 0xffff)
		return;
	if (core >= CPU_SETSIZE || !CPU_ISSET(core, may))
		say(c, 'E', "worker %u: this process may not run on CPU %u", i, core);
	for (uint16_t j = 0; j < i; j++) {
		if (conf->cores[j] == core)
			say(c, 'W', "workers %u and %u share CPU %u", j, i, core);
	}
}

static void check_cores(struct check *c, const struct dp_conf *conf)
{
	cpu_set_t may;
	if (conf->workers == 0 || conf->workers > DP_WORKERS_MAX) {
		say(c, 'E', "%u workers: 1 to %u are possible", conf->workers, DP_WORKERS_MAX);
		return;
	}
	if (sched_getaffinity(0, sizeof may, &may) != 0) {
		say(c, 'W', "cannot tell which CPUs this process may use");
		return;
	}
	for (uint16_t i = 0; i < conf->workers; i++)
		check_core(c, conf, i, &may);
	if (conf->workers > CPU_COUNT(&may))
		say(c, 'W', "%u workers for %d CPUs", conf->workers, CPU_COUNT(&may));
}

static void check_pools(struct check *c, const struct dp_conf *conf)
{
	uint32_t slots = conf->ring_slots;
	if (slots < 2 || slots > 1u << 20 || slots & (slots - 1))
		say(c, 'E', "%u ring slots: a power of two from 2 to 1048576 is needed", slots);
	if (conf->legs_max == 0 || conf->txns_max == 0 || conf->pkts_max == 0)
		say(c, 'E', "the pools of legs, transactions and packets must not be empty");
}

/* Whether a namespace may be made is known when it is made. */
static void check_streams(struct check *c, const struct dp_conf *conf)
{
	char err[256];
	if (conf->tcp == DP_TCP_KERNEL && access("/dev/net/tun", R_OK | W_OK) != 0)
		say(c, 'E', "sip.tcp: kernel needs /dev/net/tun (modprobe tun), or say own or off");
	if (conf->tcp == DP_TCP_OFF || !conf->tls_port)
		return;
	struct tls_ctx *t = tls_ctx_new(conf, err);
	if (!t)
		say(c, 'E', "%s", err);
	tls_ctx_free(t);
}

int dp_check(const struct dp_conf *conf, void (*tell)(void *ctx, char level, const char *text), void *ctx)
{
	struct check c = {tell, ctx, 0};
	check_cores(&c, conf);
	check_ports(&c, conf);
	check_pools(&c, conf);
	check_streams(&c, conf);
	return c.problems + port_probe(conf, tell, ctx);
}
