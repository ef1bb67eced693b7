/* SPDX-License-Identifier: Apache-2.0 */
/* Suite `signal`, memory rings: one worker, control's side played by a stub that bridges at once, both callees
 * in the same thread. Only the cycles inside worker_turn are counted, and of those only the turns that did
 * work; generator and stub cost nothing of the figure (they cost cache, which is part of real life too).
 *
 * A call: originate A, A answers, originate B, B answers, bridge; when --up calls are up the oldest is hung up
 * for each new one. 14 messages: INVITE 100 180 200 ACK BYE 200 on each leg. */
#include "bench/lib/bench.h"
#include "bench/load/callee.h"
#include "bench/load/frame.h"
#include "dataplane/pktio/pktio_mem.h"
#include "dataplane/worker.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <unistd.h>

#define MESSAGES      14
#define IN_FLIGHT_MAX 64u /* calls being set up at a time */
#define TURN_NS       20000ull

static const uint8_t far_mac[6] = {2, 0, 0, 0, 0, 2};

struct call {
	dp_leg leg[2];
	uint8_t answered, ended;
};

struct bench {
	struct dp_conf conf;
	struct pktio *io;
	struct dp_ring *cmds, *events;
	struct worker *w;
	struct callee callee;
	uint64_t now;
	struct call *calls;
	uint32_t *up;   /* ring of call indices that are up, oldest first */
	uint32_t *idle; /* stack of free call indices */
	uint32_t n_calls, n_idle, up_head, up_n, up_max;
	uint64_t started, completed, failed, busy_cycles, turns;
	const char *why;
};

static struct ip_addr addr(const char *s)
{
	struct ip_addr a;
	if (ip_addr_parse(&a, span_str(s)) < 0)
		abort();
	return a;
}

static void conf_fill(struct dp_conf *c, uint32_t up)
{
	uint32_t legs = 2 * (up + 2 * IN_FLIGHT_MAX);
	*c = (struct dp_conf){.workers = 1,
	    .ip = addr("10.0.0.1"),
	    .prefix = 24,
	    .mtu = 1500,
	    .sip_port = 5060,
	    .t1_ms = 500,
	    .t2_ms = 4000,
	    .t4_ms = 5000,
	    .user_agent = "Dialplane/bench",
	    .rtp_lo = 6000,
	    .rtp_hi = 65535,
	    .legs_max = legs,
	    .txns_max = 1u << 20,
	    .pkts_max = 32768,
	    .ring_slots = 1024,
	    .mac = {2, 0, 0, 0, 0, 1},
	    .key = {1, 2, 3}};
}

static bool start(struct bench *b, uint32_t up)
{
	const struct pktio_mem_conf mem = {{2, 0, 0, 0, 0, 1}, 1500, 3072, 32768, 4096};
	conf_fill(&b->conf, up);
	b->n_calls = b->conf.legs_max / 2;
	b->up_max = up;
	b->io = pktio_mem_new(&mem);
	b->cmds = dp_ring_new(b->conf.ring_slots, sizeof(struct dp_cmd), -1);
	b->events = dp_ring_new(b->conf.ring_slots, sizeof(struct dp_event), -1);
	b->calls = calloc(b->n_calls, sizeof *b->calls);
	b->up = calloc(b->n_calls, sizeof *b->up);
	b->idle = calloc(b->n_calls, sizeof *b->idle);
	if (!b->io || !b->cmds || !b->events || !b->calls || !b->up || !b->idle)
		return false;
	while (b->n_idle < b->n_calls) {
		b->idle[b->n_idle] = b->n_idle;
		b->n_idle++;
	}
	b->now = 1000000000ull;
	b->callee =
	    (struct callee){.address = "10.0.0.2:5070", .media = "10.0.0.2", .trying = true, .ringing = true};
	const struct worker_env env = {
	    .conf = &b->conf, .io = b->io, .cmds = b->cmds, .events = b->events, .seed = 1};
	return worker_new(&b->w, &env, b->now) == 0;
}

static struct dp_cmd *command(struct bench *b, enum dp_cmd_type type, dp_leg leg)
{
	struct dp_cmd *c = dp_ring_claim(b->cmds);
	if (!c)
		return NULL;
	memset(c, 0, sizeof *c - DP_TEXT_MAX);
	c->type = type;
	c->leg = leg;
	return c;
}

static bool originate(struct bench *b, uint32_t call, unsigned side)
{
	bool bad = false;
	struct dp_cmd *c = command(b, DP_CMD_ORIGINATE, 0);
	if (!c)
		return false;
	c->cookie = (uint64_t)call << 1 | side;
	c->orig.target = (struct ip_sock){addr("10.0.0.2"), 5070};
	c->orig.ring_timeout_ms = 60000;
	c->orig.ruri = dp_cmd_text(c, SPAN("sip:kate@10.0.0.2:5070"), &bad);
	c->orig.from_user = dp_cmd_text(c, SPAN("jack"), &bad);
	c->orig.call_sid = dp_cmd_text(c, SPAN("CA0123456789abcdef0123456789abcdef"), &bad);
	c->orig.account_sid = dp_cmd_text(c, SPAN("AC0123456789abcdef0123456789abcdef"), &bad);
	dp_ring_publish(b->cmds);
	return true;
}

static void simple(struct bench *b, enum dp_cmd_type type, dp_leg leg, dp_leg peer)
{
	struct dp_cmd *c = command(b, type, leg);
	if (!c)
		abort(); /* the stub leaves room: see room_for_call */
	c->peer = peer;
	dp_ring_publish(b->cmds);
}

static void hang_up_oldest(struct bench *b)
{
	struct call *c = &b->calls[b->up[b->up_head]];
	b->up_head = (b->up_head + 1) % b->n_calls;
	b->up_n--;
	simple(b, DP_CMD_HANGUP, c->leg[0], 0);
	simple(b, DP_CMD_HANGUP, c->leg[1], 0);
}

static void on_answered(struct bench *b, uint32_t i, unsigned side)
{
	struct call *c = &b->calls[i];
	c->answered++;
	if (side == 0) {
		if (!originate(b, i, 1))
			abort();
		return;
	}
	simple(b, DP_CMD_BRIDGE, c->leg[0], c->leg[1]);
	b->up[(b->up_head + b->up_n++) % b->n_calls] = i;
	if (b->up_n > b->up_max)
		hang_up_oldest(b);
}

static void on_ended(struct bench *b, uint32_t i, const struct dp_event *e)
{
	struct call *c = &b->calls[i];
	if (e->cause != DP_END_LOCAL_HANGUP && b->failed++ == 0)
		b->why = dp_end_name(e->cause);
	if (++c->ended < 2 && c->answered == 2)
		return;
	b->completed += c->answered == 2;
	*c = (struct call){0};
	b->idle[b->n_idle++] = i;
}

static void on_event(struct bench *b, const struct dp_event *e)
{
	uint32_t i = (uint32_t)(e->cookie >> 1);
	unsigned side = e->cookie & 1;
	if (e->type == DP_EV_STARTED)
		b->calls[i].leg[side] = e->leg;
	else if (e->type == DP_EV_ANSWERED)
		on_answered(b, i, side);
	else if (e->type == DP_EV_ENDED)
		on_ended(b, i, e);
}

static void events(struct bench *b)
{
	struct dp_event *e;
	while (dp_ring_room(b->cmds) > 8 && (e = dp_ring_peek(b->events))) {
		on_event(b, e);
		dp_ring_release(b->events);
	}
}

static bool room_for_call(const struct bench *b)
{
	uint32_t setting_up = b->n_calls - b->n_idle - b->up_n;
	return b->n_idle > 0 && setting_up < IN_FLIGHT_MAX && dp_ring_room(b->cmds) > 8 * IN_FLIGHT_MAX;
}

static void reply(struct bench *b, const struct frame_udp *in)
{
	static uint8_t frame[FRAME_UDP_HEAD + 3072];
	static char text[8192];
	uint32_t lens[CALLEE_REPLIES], at = 0;
	struct buf out = buf_on(text, sizeof text);
	unsigned n = callee_on(&b->callee, (const char *)in->payload, in->len, &out, lens);
	for (unsigned i = 0; i < n; at += lens[i], i++) {
		frame_head_reply(frame, in, lens[i]);
		memcpy(frame + FRAME_UDP_HEAD, text + at, lens[i]);
		if (pktio_mem_push(b->io, frame, FRAME_UDP_HEAD + lens[i]) < 0)
			b->failed++;
	}
}

static void far_side(struct bench *b)
{
	static uint8_t frame[4096], arp[64];
	struct frame_udp in;
	struct ip_addr far = addr("10.0.0.2");
	uint32_t len;
	while ((len = pktio_mem_pull(b->io, frame, sizeof frame)) > 0) {
		uint32_t n = frame_arp_reply(arp, frame, len, &far, far_mac);
		if (n && pktio_mem_push(b->io, arp, n) < 0)
			b->failed++;
		if (frame_read_udp(&in, frame, len))
			reply(b, &in);
	}
}

/* One turn of the worker, timed; then everybody else. */
static void turn(struct bench *b, uint64_t more_until)
{
	while (b->started < more_until && room_for_call(b)) {
		uint32_t i = b->idle[--b->n_idle];
		b->started++;
		if (!originate(b, i, 0))
			abort();
	}
	uint64_t c0 = bench_cycles();
	uint32_t done = worker_turn(b->w, b->now);
	uint64_t c1 = bench_cycles();
	if (done) {
		b->busy_cycles += c1 - c0;
		b->turns++;
	}
	b->now += TURN_NS;
	far_side(b);
	events(b);
}

static bool run_calls(struct bench *b, uint64_t calls)
{
	uint64_t want = b->started + calls, idle = 0;
	while (b->started < want && b->failed == 0 && idle++ < calls * 1000)
		turn(b, want);
	return b->failed == 0 && b->started == want;
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

static void say_counters(const struct bench *b)
{
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

static int measure(struct bench *b, const char *name, uint64_t calls, unsigned runs)
{
	struct bench_sample cycles = {0}, message = {0}, us = {0}, rate = {0}, memory = {0};
	double hz = bench_cycles_hz();
	for (unsigned r = 0; r < runs; r++) {
		uint64_t c0 = b->busy_cycles;
		if (!run_calls(b, calls))
			return -1;
		double per = (double)(b->busy_cycles - c0) / (double)calls;
		bench_add(&cycles, per);
		bench_add(&message, per / MESSAGES);
		bench_add(&us, per / hz * 1e6);
		bench_add(&rate, hz / per);
	}
	bench_add(&memory, rss_bytes() / (double)(b->up_max ? b->up_max : 1));
	emit(name, "call", "cycles/call", &cycles);
	emit(name, "message", "cycles/message", &message);
	emit(name, "call_time", "us/call", &us);
	emit(name, "rate", "calls/s/core", &rate);
	emit(name, "memory", "bytes/call up", &memory);
	return 0;
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
	if (!run_calls(&b, up + 2000ull) || measure(&b, name, calls, runs) != 0) {
		fprintf(stderr, "signal_bench: a call failed (%s; callee: %s)\n",
		    b.why ? b.why : "no end event",
		    b.callee.counts.first_wrong ? b.callee.counts.first_wrong : "nothing wrong");
		say_counters(&b);
		return 1;
	}
	return 0;
}
