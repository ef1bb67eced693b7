/* SPDX-License-Identifier: Apache-2.0 */
/* dialplane-load: see --help (options.c). One thread polls the device for as long as it runs; main waits. */
#include "bench/load/callee.h"
#include "bench/load/caller.h"
#include "bench/load/cpu.h"
#include "bench/load/later.h"
#include "bench/load/options.h"
#include "bench/load/stream.h"
#include "dataplane/core/tick.h"
#include "dataplane/pktio/pkt.h"
#include "dataplane/pktio/pktio_mem.h"
#include "dataplane/pktio/port.h"
#include "dataplane/pktio/port_eal.h"

#include <rte_eal.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S   1000000000ull
#define ASK_NS     200000000ull
#define ASK_FOR_NS (20 * NS_PER_S)
#define DRAIN_NS   (3 * NS_PER_S)
#define MEDIA_PORT 6000
#define ECHO_PORT  9
#define PKTS       16384u

struct load {
	struct options o;
	struct link link;
	struct caller caller;
	struct callee callee;
	struct later later;
	struct streams streams;
	char callee_at[64], media[40];
	uint64_t useful, idle; /* cycles */
	const char *failed;
	struct cpu_use from, to;
	struct caller_counts calls0, calls;
	struct callee_counts callee0, callees;
	uint64_t back0, back, sent0, sent, useful0, idle0, rx0, tx0;
};

static struct load load;
static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

/* ---- one datagram ---- */

static void send_text(struct load *l, const struct frame_udp *to, const char *text, uint32_t len)
{
	char *at;
	uint32_t room;
	struct pkt *p = link_alloc(&l->link, &at, &room);
	if (!p || len > room)
		return;
	memcpy(at, text, len);
	link_answer(&l->link, p, to, len);
}

/* Not every reply goes out at once: the 2xx after the ring time, the 487 only when the 2xx did not. */
static void to_callee(struct load *l, const struct frame_udp *in, uint64_t now)
{
	static char text[8192];
	uint32_t lens[CALLEE_REPLIES], at = 0;
	struct buf out = buf_on(text, sizeof text);
	struct callee *c = &l->callee;
	unsigned n = callee_on(c, (const char *)in->payload, in->len, &out, lens);
	if (l->o.rtp && !l->o.rtp_ports && c->answered)
		streams_add_sdp(&l->streams, c->offer);
	for (unsigned i = 0; i < n; at += lens[i], i++) {
		bool last = i + 1 == n;
		if (last && c->answered && l->later.size)
			later_put(&l->later, in, c->key, (struct span){text + at, lens[i]}, now);
		else if (!last || !c->cancelled || !l->later.size || later_drop(&l->later, c->key) ||
		         l->o.silent)
			send_text(l, in, text + at, lens[i]);
	}
}

static void datagram(struct load *l, const struct frame_udp *in, uint64_t now)
{
	if (l->o.caller && in->dst.port == l->o.port)
		caller_on(&l->caller, in, now);
	else if (l->o.callee && in->dst.port == l->o.callee_port)
		to_callee(l, in, now);
	else if (l->o.rtp && in->dst.port == MEDIA_PORT)
		streams_back(&l->streams, in->len, now);
}

static void frame(struct load *l, struct pkt *p, uint64_t now)
{
	struct frame_udp in;
	bool ours = link_input(&l->link, p, &in);
	if (l->o.echo &&
	    frame_read_udp(&in, p->data, p->len)) /* only the MACs are swapped: not to our address */
		streams_back(&l->streams, in.len, now);
	else if (ours)
		datagram(l, &in, now);
	pkt_put(p);
}

/* ---- the loop ---- */

static uint32_t turn(struct load *l, bool go, uint64_t now)
{
	struct pkt *in[LINK_BURST];
	uint32_t n = link_rx(&l->link, in), done = n;
	for (uint32_t i = 0; i < n; i++)
		frame(l, in[i], now);
	if (l->o.caller)
		done += caller_turn(&l->caller, go, now);
	if (l->later.size)
		done += later_turn(&l->later, &l->link, now);
	if (l->o.rtp && go)
		done += streams_turn(&l->streams, &l->link, now);
	link_flush(&l->link);
	return done;
}

/* Turn until `until`, or nobody is in a call any more when that is awaited. */
static void run(struct load *l, bool go, bool till_idle, uint64_t until)
{
	uint64_t now, c0 = tick_cycles();
	while (!stop && (now = tick_ns()) < until && !(till_idle && caller_live(&l->caller) == 0)) {
		uint32_t done = turn(l, go, now);
		uint64_t c1 = tick_cycles();
		*(done ? &l->useful : &l->idle) += c1 - c0;
		c0 = c1;
	}
}

static bool find_hop(struct load *l)
{
	uint64_t end = tick_ns() + ASK_FOR_NS;
	while (!stop && !l->link.hop_known && tick_ns() < end) {
		link_ask(&l->link);
		run(l, false, false, tick_ns() + ASK_NS);
	}
	return l->link.hop_known;
}

static void mark(struct load *l)
{
	cpu_now(&l->from, &l->o.watch);
	l->calls0 = l->caller.counts;
	l->callee0 = l->callee.counts;
	l->back0 = l->streams.back;
	l->sent0 = l->streams.sent;
	l->useful0 = l->useful;
	l->idle0 = l->idle;
	l->rx0 = l->link.rx;
	l->tx0 = l->link.tx;
	l->caller.measure = true;
}

static void read_off(struct load *l)
{
	l->caller.measure = false;
	l->calls = l->caller.counts;
	l->callees = l->callee.counts;
	l->back = l->streams.back - l->back0;
	l->sent = l->streams.sent - l->sent0;
	l->useful -= l->useful0;
	l->idle -= l->idle0;
	l->rx0 = l->link.rx - l->rx0;
	l->tx0 = l->link.tx - l->tx0;
	cpu_now(&l->to, &l->o.watch);
}

static int work(void *arg)
{
	struct load *l = arg;
	bool asks = (l->o.caller || l->o.rtp) && !l->o.loop && !l->o.echo;
	if (asks && !find_hop(l)) {
		l->failed = "the subject does not answer ARP";
		return 0;
	}
	run(l, true, false, tick_ns() + (uint64_t)(l->o.warm_s * 1e9));
	mark(l);
	run(l, true, false, l->o.seconds > 0 ? tick_ns() + (uint64_t)(l->o.seconds * 1e9) : UINT64_MAX);
	read_off(l);
	if (l->o.caller)
		run(l, false, true, tick_ns() + DRAIN_NS + (uint64_t)(l->o.length_s * 1e9));
	return 0;
}

/* ---- results ---- */

static void latency(const char *name, const struct hist *h)
{
	fprintf(stderr, "   %-9s p50 %8.0f  p90 %8.0f  p99 %8.0f  p99.9 %8.0f  p99.99 %8.0f us  (%lu)\n",
	    name, (double)hist_quantile(h, 0.5) / 1e3, (double)hist_quantile(h, 0.9) / 1e3,
	    (double)hist_quantile(h, 0.99) / 1e3, (double)hist_quantile(h, 0.999) / 1e3,
	    (double)hist_quantile(h, 0.9999) / 1e3, (unsigned long)h->n);
}

static void put_latency(const char *name, const struct hist *h)
{
	printf("\"%s_us\":{\"p50\":%.0f,\"p99\":%.0f,\"p9999\":%.0f},", name,
	    (double)hist_quantile(h, 0.5) / 1e3, (double)hist_quantile(h, 0.99) / 1e3,
	    (double)hist_quantile(h, 0.9999) / 1e3);
}

static void put_calls(const struct load *l)
{
	const struct caller_counts *a = &l->calls0, *b = &l->calls, *all = &l->caller.counts;
	latency("100", &l->caller.trying);
	latency("18x", &l->caller.ringing);
	latency("2xx", &l->caller.answered);
	latency("BYE", &l->caller.gone);
	put_latency("trying", &l->caller.trying);
	put_latency("ringing", &l->caller.ringing);
	put_latency("answered", &l->caller.answered);
	put_latency("bye", &l->caller.gone);
	printf(
	    "\"started\":%lu,\"completed\":%lu,\"busy\":%lu,\"cancelled\":%lu,\"failed\":%lu,\"resent\":%lu,"
	    "\"stray\":%lu,\"starved\":%lu,\"failed_all\":%lu,\"left\":%u,\"first_wrong\":\"%s\",",
	    b->started - a->started, b->completed - a->completed, b->busy - a->busy,
	    b->cancelled - a->cancelled, b->failed - a->failed, b->resent - a->resent, b->stray - a->stray,
	    b->starved - a->starved, all->failed + all->wrong, caller_live(&l->caller),
	    all->first_wrong ? all->first_wrong : "");
}

static int report(const struct load *l)
{
	struct cpu_use u = cpu_between(&l->from, &l->to);
	const struct callee_counts *c0 = &l->callee0, *c1 = &l->callees;
	printf("{");
	if (l->o.caller)
		put_calls(l);
	if (l->o.callee)
		printf("\"invites\":%lu,\"acks\":%lu,\"byes\":%lu,\"wrong\":%lu,\"callee_wrong\":\"%s\",",
		    c1->invites - c0->invites, c1->acks - c0->acks, c1->byes - c0->byes,
		    l->callee.counts.wrong, l->callee.counts.first_wrong ? l->callee.counts.first_wrong : "");
	if (l->o.rtp)
		printf("\"streams\":%u,\"sent\":%lu,\"back\":%lu,\"odd\":%lu,\"given_up\":%lu,", l->streams.n,
		    l->sent, l->back, l->streams.odd, l->streams.given_up);
	printf("\"seconds\":%.4f,\"useful\":%.4f,\"rx\":%lu,\"tx\":%lu,\"lost\":%lu,\"busy_s\":%.2f,\"self_"
	       "s\":%.2f,"
	       "\"watched_s\":%.2f}\n",
	    u.wall_s, (double)l->useful / (double)(l->useful + l->idle + 1), l->rx0, l->tx0, l->link.lost,
	    u.busy_s, u.self_s, u.pids_s);
	return l->caller.counts.failed || l->callee.counts.wrong ? 1 : 0;
}

/* ---- start ---- */

static void conf_fill(struct dp_conf *c, const struct options *o)
{
	*c = (struct dp_conf){
	    .workers = 1, .hugepages = true, .mtu = 1500, .pkts_max = PKTS, .memory_mb = 256};
	c->cores[0] = o->core;
	c->ip = o->ip;
	c->prefix = o->prefix;
	memcpy(c->device, o->device, sizeof c->device);
	memcpy(c->driver, o->driver, sizeof c->driver);
}

static int parts(struct load *l, uint64_t now)
{
	const struct options *o = &l->o;
	struct buf b = buf_on(l->media, sizeof l->media - 1);
	ip_addr_put(&b, &o->ip);
	snprintf(l->callee_at, sizeof l->callee_at, "%s:%u", l->media, o->callee_port);
	l->callee =
	    (struct callee){.address = l->callee_at, .media = l->media, .trying = true, .ringing = true};
	l->callee.busy = o->busy;
	l->callee.silent = o->silent;
	l->later.delay_ns = (uint64_t)(o->ring_s * 1e9);
	if (o->ring_s > 0 && later_init(&l->later, 65536) != 0)
		return -1;
	l->streams = (struct streams){.bytes = o->bytes, .window = o->rtp, .sport = MEDIA_PORT};
	if (streams_init(&l->streams, o->streams) != 0)
		return -1;
	if (o->echo)
		l->streams.list[l->streams.n++].to = (struct ip_sock){.a = o->to.a, .port = ECHO_PORT};
	if (o->rtp_ports && streams_read(&l->streams, o->rtp_ports) != 0)
		return -1;
	struct caller_conf *c = &l->caller.conf;
	*c = (struct caller_conf){
	    .calls_max = o->calls_max, .window = o->window, .rate = o->rate, .headers = o->headers};
	c->sdp_bytes = o->sdp_bytes;
	c->length_ns = (uint64_t)(o->length_s * 1e9);
	c->patience_ns = (uint64_t)(o->patience_s * 1e9);
	c->sport = o->port;
	c->dport = o->to.port;
	snprintf(c->ruri, sizeof c->ruri, "%s", o->ruri);
	snprintf(c->host, sizeof c->host, "%s:%u", l->media, o->port);
	return caller_init(&l->caller, &l->link, now);
}

static int over_memory(struct load *l)
{
	const struct pktio_mem_conf mem = {{2, 0, 0, 0, 0, 2}, 1500, 2048, PKTS, 4096};
	l->link.io = pktio_mem_new(&mem);
	l->link.loop = true;
	if (!l->link.io || parts(l, tick_ns()) != 0)
		return 2;
	memcpy(l->link.hop_mac, mem.mac, 6);
	work(l);
	return report(l);
}

static int over_device(struct load *l)
{
	static struct port_eal args;
	static struct dp_conf conf;
	struct port *port;
	char err[256] = "no memory";
	conf_fill(&conf, &l->o);
	if (port_eal_args(&args, &conf, err) != 0 || rte_eal_init(args.argc, args.argv) < 0 ||
	    port_open(&port, &conf, err) != 0 || parts(l, tick_ns()) != 0) {
		fprintf(stderr, "dialplane-load: %s\n", err);
		return 2;
	}
	l->link.io = port_queue(port, 0);
	fprintf(stderr, "   dialplane-load: %s\n", port_describe(port));
	rte_eal_remote_launch(work, l, 1);
	rte_eal_wait_lcore(1);
	if (l->failed)
		fprintf(stderr, "dialplane-load: %s\n", l->failed);
	int rc = l->failed ? 2 : report(l);
	fflush(stdout);
	port_close(port);
	rte_eal_cleanup();
	return rc;
}

int main(int argc, char **argv)
{
	int rc = options_read(&load.o, argc, argv);
	if (rc >= 0)
		return rc;
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	tick_init();
	load.link.ip = load.o.ip;
	load.link.hop_mac[0] = 2; /* any, until ARP tells: testpmd takes them all and answers none */
	load.link.hop = load.o.to.a;
	return load.o.loop ? over_memory(&load) : over_device(&load);
}
