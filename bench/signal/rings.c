/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/signal/rings.h"

#include "bench/lib/bench.h"

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
	    .check_l4_sums = true,
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
	    .txns_max = 64 * WINDOW, /* no answered call leaves one behind; a fourth is for BYE alone */
	    .pkts_max = 8192,
	    .ring_slots = 1024,
	    .mac = {2, 0, 0, 0, 0, 1},
	    .key = {1, 2, 3}};
	media_addresses(c, c->legs_max + 2 * pace * (QUARANTINE_S + 1));
}

bool rings_start(struct rings *b, uint32_t up)
{
	const struct pktio_mem_conf mem = {{2, 0, 0, 0, 0, 1}, 1500, 2048, 8192, 1024};
	uint32_t pace = up / CALL_S > PACE ? up / CALL_S : PACE;
	conf_fill(&b->conf, up, pace);
	b->pace_ns = 1000000000ull / pace;
	b->far = addr("10.0.0.2");
	b->io = pktio_mem_new(&mem);
	b->stub = (struct stub){
	    .target = {.a = b->far, .port = 5070}, .ruri = "sip:kate@10.0.0.2:5070", .window = WINDOW};
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

void rings_push(struct rings *b, const uint8_t *frame, uint32_t len)
{
	if (pktio_mem_push(b->io, frame, len) < 0)
		b->wrong++;
}

static void reply(struct rings *b, const struct frame_udp *in)
{
	static uint8_t frame[FRAME_UDP_HEAD + 2048];
	static char text[8192];
	uint32_t lens[CALLEE_REPLIES], at = 0;
	struct buf out = buf_on(text, sizeof text);
	unsigned n = callee_on(&b->callee, (const char *)in->payload, in->len, &out, lens);
	if (b->offered && b->callee.answered)
		b->offered(b->ctx, b->callee.offer);
	for (unsigned i = 0; i < n; at += lens[i], i++) {
		frame_head_reply(frame, in, lens[i]);
		memcpy(frame + FRAME_UDP_HEAD, text + at, lens[i]);
		frame_sum(frame, FRAME_UDP_HEAD + lens[i]);
		rings_push(b, frame, FRAME_UDP_HEAD + lens[i]);
	}
}

static void far_side(struct rings *b)
{
	static uint8_t frame[4096], arp[64];
	struct frame_udp in;
	uint32_t len;
	while ((len = pktio_mem_pull(b->io, frame, sizeof frame)) > 0) {
		uint32_t n = frame_arp_reply(arp, frame, len, &b->far, far_mac);
		if (n)
			rings_push(b, arp, n);
		if (!frame_read_udp(&in, frame, len))
			continue;
		if (in.dst.port == b->stub.target.port)
			reply(b, &in);
		else if (b->datagram)
			b->datagram(b->ctx, &in);
	}
}

void rings_turn(struct rings *b)
{
	uint64_t c0 = bench_cycles();
	uint32_t done = worker_turn(b->w, b->now);
	uint64_t c1 = bench_cycles();
	if (done)
		b->busy_cycles += c1 - c0;
	far_side(b);
	b->now += TURN_NS;
}

static bool all_well(const struct rings *b)
{
	return b->stub.failed == 0 && b->wrong == 0 && b->callee.counts.wrong == 0;
}

static long disturbed(void)
{
	struct rusage u;
	getrusage(RUSAGE_THREAD, &u);
	return u.ru_nivcsw;
}

void rings_batch(struct rings *b, void (*f)(void *ctx), void *ctx, const uint64_t *work)
{
	uint64_t cycles = b->busy_cycles, done = *work;
	long before = disturbed();
	for (unsigned i = 0; i < BATCH; i++)
		f(ctx);
	if (disturbed() != before)
		return;
	b->kept_cycles += b->busy_cycles - cycles;
	b->kept_work += *work - done;
}

static void call_turn(void *ctx)
{
	struct rings *b = ctx;
	uint64_t before = b->stub.started;
	rings_turn(b);
	stub_turn(&b->stub, b->until);
	b->now += b->pace_ns * (b->stub.started - before);
}

void rings_settle(struct rings *b)
{
	b->until = b->stub.started;
	call_turn(b);
}

bool rings_run(struct rings *b, uint64_t calls)
{
	uint64_t batches = 0;
	b->until = b->stub.started + calls;
	b->kept_cycles = b->kept_work = 0;
	while (b->stub.started < b->until && all_well(b) && batches++ < calls * 100)
		rings_batch(b, call_turn, b, &b->stub.started);
	return all_well(b) && b->stub.started == b->until;
}

uint64_t rings_warm_calls(const struct rings *b)
{
	uint64_t linger = 1000000000ull / b->pace_ns * LINGER_S;
	return linger > b->stub.up_max ? linger : b->stub.up_max;
}

double rings_bytes(const struct rings *b)
{
	return rss_bytes() - b->rss_before;
}

static void say_counters(const struct rings *b)
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

void rings_complain(const struct rings *b, const char *who)
{
	const struct callee_counts *c = &b->callee.counts;
	fprintf(stderr, "%s: a call failed (%s; callee: %s; frames lost: %lu)\n", who,
	    b->stub.why ? b->stub.why : "no end event", c->first_wrong ? c->first_wrong : "nothing wrong",
	    (unsigned long)b->wrong);
	say_counters(b);
}
