/* SPDX-License-Identifier: Apache-2.0 */
/* Suite `relay`, memory rings: relay_bench STREAMS PACKETS-A-RUN RUNS. A stream is one direction of a bridged
 * call: half as many calls as streams are set up by SIP as in real life, then G.711 packets of 20 ms arrive on
 * the streams in turn, 32 at a time, and each must leave for the other far side. The cycles of a packet are
 * those of the worker's turn: in and out of the memory rings (buffers change hands as with a device, nothing is
 * copied), checks, rewriting, checksums. */
#include "bench/lib/bench.h"
#include "bench/load/stream.h"
#include "bench/signal/rings.h"

#include <stdlib.h>
#include <string.h>

#define BURST   32u
#define PAYLOAD 172u

struct relay {
	struct rings b;
	struct streams s;
	uint64_t sent, back, odd;
};

static void offered(void *ctx, struct span sdp)
{
	struct relay *r = ctx;
	streams_add_sdp(&r->s, sdp);
}

static void datagram(void *ctx, const struct frame_udp *in)
{
	struct relay *r = ctx;
	r->back++;
	r->odd += in->len != PAYLOAD || in->dst.port != 6000 || in->payload[0] != 0x80;
}

static void send(struct relay *r)
{
	static const uint8_t far_mac[6] = {2, 0, 0, 0, 0, 2}, our_mac[6] = {2, 0, 0, 0, 0, 1};
	static uint8_t frame[FRAME_UDP_HEAD + PAYLOAD];
	struct stream *x = streams_next(&r->s, frame + FRAME_UDP_HEAD);
	struct frame_udp from = {.src = x->to, .dst = {.a = r->b.far, .port = 6000}};
	memcpy(from.src_mac, our_mac, 6);
	memcpy(from.dst_mac, far_mac, 6);
	frame_head_reply(frame, &from, PAYLOAD);
	frame_sum(frame, sizeof frame);
	rings_push(&r->b, frame, sizeof frame);
	r->sent++;
}

static void turn(void *ctx)
{
	struct relay *r = ctx;
	for (unsigned i = 0; i < BURST; i++)
		send(r);
	rings_turn(&r->b);
}

static bool run(struct relay *r, uint64_t packets)
{
	uint64_t until = r->sent + packets;
	r->b.kept_cycles = r->b.kept_work = 0;
	while (r->sent < until && r->odd == 0)
		rings_batch(&r->b, turn, r, &r->back);
	return r->back == r->sent && r->odd == 0;
}

static void emit(const char *name, const char *metric, const char *unit, const struct bench_sample *s)
{
	const struct bench_result x = {"relay", name, metric, unit, "subject", s, NULL, 0};
	bench_emit(stdout, &x);
}

static int measure(struct relay *r, const char *name, uint64_t packets, unsigned runs)
{
	struct bench_sample cycles = {0}, rate = {0};
	double hz = bench_cycles_hz();
	for (unsigned i = 0; i < runs; i++) {
		if (!run(r, packets) || r->b.kept_work == 0)
			return -1;
		bench_add(&cycles, (double)r->b.kept_cycles / (double)r->b.kept_work);
		bench_add(&rate, hz * (double)r->b.kept_work / (double)r->b.kept_cycles);
	}
	emit(name, "packet", "cycles/packet", &cycles);
	emit(name, "rate", "packets/s/core", &rate);
	return 0;
}

static bool start(struct relay *r, uint32_t streams)
{
	uint32_t calls = streams > 1 ? streams / 2 : 1;
	r->s.bytes = PAYLOAD;
	if (streams_init(&r->s, 2 * calls) != 0 || !rings_start(&r->b, calls))
		return false;
	r->b.ctx = r;
	r->b.offered = offered;
	r->b.datagram = datagram;
	if (!rings_run(&r->b, calls))
		return false;
	for (unsigned i = 0; i < 100 && r->b.stub.up_n < calls; i++)
		rings_settle(&r->b);
	if (streams == 1)
		r->s.n = 1;
	return r->b.stub.up_n == calls && r->s.n == streams;
}

int main(int argc, char **argv)
{
	static struct relay r;
	uint32_t streams = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000;
	uint64_t packets = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000;
	unsigned runs = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 5;
	char name[32];
	snprintf(name, sizeof name, "streams-%u", streams);
	fprintf(stderr, "   %u streams\n", streams);
	if (streams == 0 || !start(&r, streams)) {
		rings_complain(&r.b, "relay_bench");
		return 2;
	}
	if (run(&r, packets / 4) && measure(&r, name, packets, runs) == 0)
		return 0;
	fprintf(stderr, "relay_bench: %lu of %lu packets came, %lu of them odd\n", (unsigned long)r.back,
	    (unsigned long)r.sent, (unsigned long)r.odd);
	rings_complain(&r.b, "relay_bench");
	return 1;
}
