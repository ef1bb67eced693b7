/* SPDX-License-Identifier: Apache-2.0 */
/* Suite `signal`, memory rings: one worker, control's side played by a stub that bridges at once, both callees
 * in the same thread. Only the cycles inside worker_turn are counted, and of those only the turns that did
 * work; generator and stub cost nothing of the figure (they cost cache, which is part of real life too).
 *
 * On a machine that others use too, the scheduler takes the core away in the middle of a turn. Turns are looked
 * at BATCH at a time, and a batch in which that happened is not counted: neither its cycles nor its calls.
 *
 * Time is virtual and passes by the calls that are started, PACE calls a second: so the timers of RFC 3261
 * (32 s for the transactions of each answered call) fire and are part of the cost, and measuring begins after
 * the first of them have. With N calls up the pace is at least N calls in 180 s. */
#include "bench/lib/bench.h"
#include "bench/load/callee.h"
#include "bench/load/frame.h"
#include "bench/signal/stub.h"
#include "dataplane/pktio/pktio_mem.h"
#include "dataplane/worker.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define WINDOW       64u
#define TURN_NS      20000ull
#define BATCH        16u
#define PACE         1000u
#define LINGER_S     33u  /* longer than any transaction lives */
#define CALL_S       180u /* length of a call with many up */
#define RTP_LO       6000u
#define PORT_PAIRS   ((65536u - RTP_LO) / 2)
#define QUARANTINE_S 2u

static const uint8_t far_mac[6] = {2, 0, 0, 0, 0, 2};

struct bench {
	struct dp_conf conf;
	struct pktio *io;
	struct worker *w;
	struct callee callee;
	struct stub stub;
	struct ip_addr far;
	uint64_t now, pace_ns;
	uint64_t wrong, busy_cycles;
	uint64_t kept_cycles, kept_calls; /* of the batches that nobody disturbed */
	double rss_before;
};

static struct ip_addr addr(const char *s)
{
	struct ip_addr a;
	if (ip_addr_parse(&a, span_str(s)) < 0)
		abort();
	return a;
}

static double rss_bytes(void)
{
	unsigned long size = 0, rss = 0;
	FILE *f = fopen("/proc/self/statm", "r");
	if (!f || fscanf(f, "%lu %lu", &size, &rss) != 2)
		rss = 0;
	if (f)
		fclose(f);
	return (double)rss * (double)sysconf(_SC_PAGESIZE);
}

/* As many media addresses as the legs need ports. */
static void media_addresses(struct dp_conf *c, uint32_t ports)
{
	while ((1u + c->n_media_ips) * PORT_PAIRS < ports && c->n_media_ips < DP_MEDIA_IPS_MAX) {
		c->media_ips[c->n_media_ips] = addr("10.0.1.0");
		c->media_ips[c->n_media_ips].b[3] = (uint8_t)(c->n_media_ips + 1);
		c->n_media_ips++;
	}
}

static void conf_fill(struct dp_conf *c, uint32_t up, uint32_t pace)
{
	*c = (struct dp_conf){.workers = 1,
	    .ip = addr("10.0.0.1"),
	    .prefix = 16,
	    .mtu = 1500,
	    .sip_port = 5060,
	    .t1_ms = 500,
	    .t2_ms = 4000,
	    .t4_ms = 5000,
	    .user_agent = "Dialplane/bench",
	    .rtp_lo = RTP_LO,
	    .rtp_hi = 65535,
	    .rtp_quarantine_ms = QUARANTINE_S * 1000,
	    .legs_max = 2 * (up + 2 * WINDOW + 2),
	    .txns_max = 2 * (2 * pace * LINGER_S + 8 * WINDOW), /* texts are half as many */
	    .pkts_max = 8192,
	    .ring_slots = 1024,
	    .mac = {2, 0, 0, 0, 0, 1},
	    .key = {1, 2, 3}};
	media_addresses(c, c->legs_max + 2 * pace * (QUARANTINE_S + 1));
}

static bool start(struct bench *b, uint32_t up)
{
	const struct pktio_mem_conf mem = {{2, 0, 0, 0, 0, 1}, 1500, 2048, 8192, 1024};
	uint32_t pace = up / CALL_S > PACE ? up / CALL_S : PACE;
	conf_fill(&b->conf, up, pace);
	b->pace_ns = 1000000000ull / pace;
	b->far = addr("10.0.0.2");
	b->io = pktio_mem_new(&mem);
	b->stub = (struct stub){.target = {b->far, 5070}, .ruri = "sip:kate@10.0.0.2:5070", .window = WINDOW};
	b->stub.up_max = up;
	b->stub.cmds = dp_ring_new(b->conf.ring_slots, sizeof(struct dp_cmd), -1);
	b->stub.events = dp_ring_new(b->conf.ring_slots, sizeof(struct dp_event), -1);
	if (!b->io || !b->stub.cmds || !b->stub.events || stub_init(&b->stub) != 0)
		return false;
	b->now = 1000000000ull;
	b->callee =
	    (struct callee){.address = "10.0.0.2:5070", .media = "10.0.0.2", .trying = true, .ringing = true};
	b->rss_before = rss_bytes();
	const struct worker_env env = {
	    .conf = &b->conf, .io = b->io, .cmds = b->stub.cmds, .events = b->stub.events, .seed = 1};
	return worker_new(&b->w, &env, b->now) == 0;
}

static void push(struct bench *b, const uint8_t *frame, uint32_t len)
{
	if (pktio_mem_push(b->io, frame, len) < 0)
		b->wrong++;
}

static void reply(struct bench *b, const struct frame_udp *in)
{
	static uint8_t frame[FRAME_UDP_HEAD + 2048];
	static char text[8192];
	uint32_t lens[CALLEE_REPLIES], at = 0;
	struct buf out = buf_on(text, sizeof text);
	unsigned n = callee_on(&b->callee, (const char *)in->payload, in->len, &out, lens);
	for (unsigned i = 0; i < n; at += lens[i], i++) {
		frame_head_reply(frame, in, lens[i]);
		memcpy(frame + FRAME_UDP_HEAD, text + at, lens[i]);
		push(b, frame, FRAME_UDP_HEAD + lens[i]);
	}
}

static void far_side(struct bench *b)
{
	static uint8_t frame[4096], arp[64];
	struct frame_udp in;
	uint32_t len;
	while ((len = pktio_mem_pull(b->io, frame, sizeof frame)) > 0) {
		uint32_t n = frame_arp_reply(arp, frame, len, &b->far, far_mac);
		if (n)
			push(b, arp, n);
		if (frame_read_udp(&in, frame, len))
			reply(b, &in);
	}
}

/* One turn of the worker, timed; then everybody else. */
static void turn(struct bench *b, uint64_t until)
{
	uint64_t before = b->stub.started;
	uint64_t c0 = bench_cycles();
	uint32_t done = worker_turn(b->w, b->now);
	uint64_t c1 = bench_cycles();
	if (done)
		b->busy_cycles += c1 - c0;
	far_side(b);
	stub_turn(&b->stub, until);
	b->now += TURN_NS + b->pace_ns * (b->stub.started - before);
}

static bool all_well(const struct bench *b)
{
	return b->stub.failed == 0 && b->wrong == 0 && b->callee.counts.wrong == 0;
}

static long disturbed(void)
{
	struct rusage u;
	getrusage(RUSAGE_THREAD, &u);
	return u.ru_nivcsw;
}

static void batch(struct bench *b, uint64_t until)
{
	uint64_t cycles = b->busy_cycles, calls = b->stub.started;
	long before = disturbed();
	for (unsigned i = 0; i < BATCH; i++)
		turn(b, until);
	if (disturbed() != before)
		return;
	b->kept_cycles += b->busy_cycles - cycles;
	b->kept_calls += b->stub.started - calls;
}

static bool run_calls(struct bench *b, uint64_t calls)
{
	uint64_t want = b->stub.started + calls, turns = 0;
	b->kept_cycles = b->kept_calls = 0;
	while (b->stub.started < want && all_well(b) && turns++ < calls * 1000)
		batch(b, want);
	return all_well(b) && b->stub.started == want;
}

static void say_counters(const struct bench *b)
{
	struct dp_pool_gauge g[DP_POOLS_MAX];
	worker_count(b->w, b->now);
	uint32_t n = worker_gauges(b->w, g);
	for (uint32_t i = 0; i < n; i++)
		fprintf(stderr, "  pool %s: %u of %u\n", g[i].name, g[i].used, g[i].size);
	const struct dp_stats *st = worker_stats(b->w);
	for (int i = 1; i < STAT_COUNT; i++) {
		if (st->v[i])
			fprintf(stderr, "  %s %lu\n", stat_name((enum stat_id)i), (unsigned long)st->v[i]);
	}
}

static void emit(const char *name, const char *metric, const char *unit, const struct bench_sample *s)
{
	const struct bench_result r = {"signal", name, metric, unit, "subject", s, NULL, 0};
	bench_emit(stdout, &r);
}

static void emit_one(const char *name, const char *metric, const char *unit, double v)
{
	struct bench_sample s = {0};
	bench_add(&s, v);
	emit(name, metric, unit, &s);
}

/* What the worker took, with its pools for the transactions that linger. */
static void emit_sizes(const struct bench *b, const char *name)
{
	double bytes = rss_bytes() - b->rss_before;
	emit_one(name, "memory", "bytes", bytes);
	emit_one(name, "memory_call", "bytes/call up", bytes / (double)(b->stub.up_max ? b->stub.up_max : 1));
}

static int measure(struct bench *b, const char *name, uint64_t calls, unsigned runs)
{
	struct bench_sample cycles = {0}, message = {0}, us = {0}, rate = {0};
	double hz = bench_cycles_hz(), kept = 0;
	for (unsigned r = 0; r < runs; r++) {
		if (!run_calls(b, calls) || b->kept_calls == 0)
			return -1;
		double per = (double)b->kept_cycles / (double)b->kept_calls;
		kept += (double)b->kept_calls;
		bench_add(&cycles, per);
		bench_add(&message, per / STUB_MESSAGES);
		bench_add(&us, per / hz * 1e6);
		bench_add(&rate, hz / per);
	}
	emit(name, "call", "cycles/call", &cycles);
	emit(name, "message", "cycles/message", &message);
	emit(name, "call_time", "us/call", &us);
	emit(name, "rate", "calls/s/core", &rate);
	emit_sizes(b, name);
	emit_one(name, "undisturbed", "%", 100 * kept / (double)(calls * runs));
	return 0;
}

static int failed(const struct bench *b)
{
	const struct callee_counts *c = &b->callee.counts;
	fprintf(stderr, "signal_bench: a call failed (%s; callee: %s; frames lost: %lu)\n",
	    b->stub.why ? b->stub.why : "no end event", c->first_wrong ? c->first_wrong : "nothing wrong",
	    (unsigned long)b->wrong);
	say_counters(b);
	return 1;
}

int main(int argc, char **argv)
{
	static struct bench b;
	uint32_t up = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000;
	uint64_t calls = argc > 2 ? strtoull(argv[2], NULL, 10) : 20000;
	unsigned runs = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 5;
	char name[32];
	snprintf(name, sizeof name, "up-%u", up);
	if (!start(&b, up)) {
		fprintf(stderr, "signal_bench: no memory for %u calls\n", up);
		return 2;
	}
	uint64_t warm = 1000000000ull / b.pace_ns * LINGER_S;
	fprintf(stderr, "   %u up: warming up by %lu calls\n", up, (unsigned long)(warm > up ? warm : up));
	if (!run_calls(&b, warm > up ? warm : up) || measure(&b, name, calls, runs) != 0)
		return failed(&b);
	return 0;
}
