/* SPDX-License-Identifier: Apache-2.0 */
/* Suite `tcp`: tcp_bench CONNECTIONS REQUESTS-A-RUN RUNS. An OPTIONS of 391 bytes arrives on one of so many connections and is
 * answered by 300 bytes; 32 frames a turn, connections in shuffled order, 2.5 µs of the engine's time a request. The cycles
 * are those of the worker's network side from the frame to the frame: Ethernet, IP, TCP, timers, checksums both ways, output
 * kept for retransmission. A turn that took far longer than the others was interrupted and is left out. */
#include "bench/lib/bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/net/host.h"
#include "dataplane/net/ip4.h"
#include "dataplane/net/stream_own.h"
#include "dataplane/net/tcp_seg.h"
#include "dataplane/net/tcp_sum.h"

#define BURST      32u
#define REQUEST    391u
#define RESPONSE   300u
#define PKTS       1024u
#define ROOM       2048u
#define OUR_IP     0x0a000001u
#define FAR_IP     0x0a000010u
#define PORT       5060
#define PORTS_FROM 1024u
#define PORTS_EACH 60000u
#define TURN_NS    (BURST * 2500ull)
#define HEADERS    54u
#define DISTURBED  60000u /* cycles a request: a scheduler's slice in a turn of 32 */

struct far { /* one far end */
	uint32_t seq, ack, ip;
	uint16_t port;
	bool open;
};

static struct {
	struct pktio io;
	struct pkt pkt[PKTS];
	uint8_t mem[PKTS][PKT_HEADROOM + ROOM];
	struct pkt *idle[PKTS], *sent[PKTS];
	uint32_t n_idle, n_sent;
	struct dp_conf conf;
	struct dp_stats stats;
	struct wheel *wheel;
	struct net *net;
	struct stream *s;
	struct far *far;
	uint32_t *order, n;
	uint64_t now, answers;
	const char *wrong;
} b;

static const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 1}, far_mac[6] = {2, 0, 0, 0, 0, 2};

/* ---- the device ---- */

static struct pkt *io_alloc(struct pktio *io)
{
	if (!b.n_idle)
		return NULL;
	struct pkt *p = b.idle[--b.n_idle];
	pkt_reset(p, io, b.mem[p - b.pkt], ROOM);
	return p;
}

static void io_release(struct pktio *io, struct pkt *p)
{
	(void)io;
	b.idle[b.n_idle++] = p;
}

static uint32_t io_tx(struct pktio *io, struct pkt **in, uint32_t n)
{
	(void)io;
	memcpy(b.sent + b.n_sent, in, n * sizeof *in);
	b.n_sent += n;
	return n;
}

static const struct pktio_ops io_ops = {.alloc = io_alloc, .release = io_release, .tx = io_tx};

/* ---- the far side ---- */

static struct pkt *frame_of(const struct far *f, uint8_t flags, uint32_t bytes)
{
	struct pkt *p = io_alloc(&b.io);
	struct tcp_key key = {.lport = f->port, .rport = PORT, .fam = 4};
	struct tcp_seg s = {.sport = f->port,
	    .dport = PORT,
	    .seq = f->seq,
	    .ack = f->ack,
	    .flags = flags,
	    .wnd = 60000,
	    .scale = TCP_NO_SCALE};
	if (!p)
		abort();
	if (flags & TCP_SYN) {
		s.mss = 1460;
		s.sack_ok = true;
		s.scale = 0;
	}
	put32(key.local, f->ip);
	put32(key.remote, OUR_IP);
	uint32_t hdr = tcp_seg_hdr(&s);
	tcp_seg_write(&s, p->data);
	memset(p->data + hdr, 'o', bytes);
	p->len = hdr + bytes;
	cksum_store(p->data + 16, cksum_fold(cksum_add(tcp_pseudo(&key, p->len), p->data, p->len)));
	ip4_push(p, &(struct ip4_way){f->ip, OUR_IP, IP_PROTO_TCP, 0, true}, IP4_DF);
	uint8_t *eth = pkt_push(p, 14);
	memcpy(eth, our_mac, 6);
	memcpy(eth + 6, far_mac, 6);
	put16(eth + 12, 0x0800);
	return p;
}

/* Our question about a far address, answered by the same frame turned round. */
static void answer_arp(const struct pkt *p)
{
	struct pkt *a = io_alloc(&b.io);
	uint8_t *d = a->data;
	memcpy(d, p->data, p->len);
	a->len = p->len;
	memcpy(d, our_mac, 6);
	memcpy(d + 6, far_mac, 6);
	put16(d + 20, 2);
	memcpy(d + 22, far_mac, 6);
	memcpy(d + 28, p->data + 38, 4);
	memcpy(d + 32, p->data + 22, 10);
	net_input(b.net, a, b.now);
	net_flush(b.net, b.now);
}

static void hear(const struct pkt *p)
{
	struct tcp_seg s;
	if (p->len >= 42 && get16(p->data + 12) == 0x0806) {
		if (get32(p->data + 38) != OUR_IP)
			answer_arp(p);
		return;
	}
	if (p->len < HEADERS || !tcp_seg_read(&s, p->data + 34, get16(p->data + 16) - 20u)) {
		b.wrong = "a frame that is no TCP";
		return;
	}
	uint32_t i = (get32(p->data + 30) - FAR_IP) * PORTS_EACH + s.dport - PORTS_FROM;
	if (i >= b.n) {
		b.wrong = "a frame for nobody";
		return;
	}
	struct far *f = &b.far[i];
	if (s.flags & TCP_SYN) {
		f->ack = s.seq + 1;
		f->open = true;
	} else if (s.flags & (TCP_RST | TCP_FIN) || (s.len && (s.len != RESPONSE || s.seq != f->ack))) {
		b.wrong = "not the answer";
	}
	f->ack += s.len;
	b.answers += s.len == RESPONSE;
}

static void hear_all(void)
{
	for (uint32_t i = 0; i < b.n_sent; i++) {
		hear(b.sent[i]);
		pkt_put(b.sent[i]);
	}
	b.n_sent = 0;
}

/* ---- the engine ---- */

static uint64_t turn(struct pkt **in, uint32_t n)
{
	uint64_t from = bench_cycles();
	net_burst(b.net, in, n, b.now);
	(void)wheel_run(b.wheel, b.now);
	(void)b.s->ops->turn(b.s, b.now);
	net_flush(b.net, b.now);
	return bench_cycles() - from;
}

static bool on_accepted(void *ctx, uint32_t id, const struct ip_sock *remote, uint16_t port, uint64_t now)
{
	return true;
}

static void on_bytes(void *ctx, uint32_t id, const uint8_t *p, uint32_t n, uint64_t now)
{
	static const uint8_t answer[RESPONSE] = "SIP/2.0 200 OK\r\n";
	if (n != REQUEST || !b.s->ops->write(b.s, id, answer, sizeof answer, now))
		b.wrong = "the request came otherwise, or there is no room for an answer";
}

static void on_closed(void *ctx, uint32_t id, enum stream_end why, uint64_t now)
{
	b.wrong = stream_end_words(why);
}

static void on_tcp(void *ctx, struct ip_in *in, uint64_t now)
{
	b.s->ops->input(b.s, in, now);
}

static void on_tcp_soon(void *ctx, const uint8_t *ip)
{
	b.s->ops->soon(b.s, ip);
}

static void engine_open(void)
{
	const struct net_ops up = {.tcp = on_tcp, .tcp_soon = on_tcp_soon};
	const struct stream_user user = {.accepted = on_accepted, .bytes = on_bytes, .closed = on_closed};
	b.now = 1000000000;
	b.io = (struct pktio){.ops = &io_ops, .mtu = 1500, .buf_bytes = ROOM};
	memcpy(b.io.mac, our_mac, 6);
	for (uint32_t i = 0; i < PKTS; i++)
		b.idle[b.n_idle++] = &b.pkt[i];
	b.conf = (struct dp_conf){.workers = 1,
	    .ip = ip4_addr(OUR_IP),
	    .prefix = 24,
	    .mtu = 1500,
	    .check_l4_sums = true,
	    .sip_port = PORT,
	    .pkts_max = PKTS,
	    .conns_max = b.n,
	    .conns_peer_max = b.n,
	    .conn_setup_ms = 10000,
	    .key = {1, 2, 3}};
	b.wheel = wheel_new(b.now, NULL);
	if (!b.wheel || net_new(&b.net, &b.conf, &b.io, b.wheel, &b.stats, &up, b.now) != 0 ||
	    stream_own_new(&b.s, &b.conf, 0) != 0)
		abort();
	b.s->user = user;
	b.s->net = b.net;
	b.s->stats = &b.stats;
	if (b.s->ops->open(b.s, b.wheel, b.now) != 0)
		abort();
	net_flush(b.net, b.now);
	for (uint32_t i = 0; i < b.n_sent; i++) /* its announcement */
		pkt_put(b.sent[i]);
	b.n_sent = 0;
}

static void one(struct far *f, uint8_t flags)
{
	struct pkt *p = frame_of(f, flags, 0);
	(void)turn(&p, 1);
	b.now += 1000;
	hear_all();
}

static void far_open(void)
{
	b.far = calloc(b.n, sizeof *b.far);
	b.order = calloc(b.n, sizeof *b.order);
	for (uint32_t i = 0; i < b.n && !b.wrong; i++) {
		struct far *f = &b.far[i];
		*f = (struct far){.seq = i * 7919u,
		    .ip = FAR_IP + i / PORTS_EACH,
		    .port = (uint16_t)(PORTS_FROM + i % PORTS_EACH)};
		one(f, TCP_SYN);
		f->seq++;
		one(f, TCP_ACK);
		if (!f->open)
			b.wrong = "no SYN-ACK";
		b.order[i] = i;
	}
	uint64_t x = 88172645463325252ull;
	for (uint32_t i = b.n; i > 1; i--) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		uint32_t k = (uint32_t)(x % i), v = b.order[i - 1];
		b.order[i - 1] = b.order[k];
		b.order[k] = v;
	}
}

static double run_once(uint32_t requests, double *kept)
{
	static uint32_t next;
	struct pkt *in[BURST];
	uint64_t cycles = 0, n = 0;
	uint32_t size = b.n < BURST ? b.n : BURST;
	for (uint32_t done = 0; done < requests && !b.wrong; done += size) {
		for (uint32_t i = 0; i < size; i++) {
			struct far *f = &b.far[b.order[next++ % b.n]];
			in[i] = frame_of(f, TCP_ACK | TCP_PSH, REQUEST);
			f->seq += REQUEST;
		}
		b.answers = 0;
		uint64_t took = turn(in, size);
		hear_all();
		b.now += TURN_NS;
		if (b.answers != size)
			b.wrong = "answers are missing";
		if (took > (uint64_t)DISTURBED * size)
			continue;
		cycles += took;
		n += size;
	}
	*kept = 100.0 * (double)n / requests;
	return n ? (double)cycles / (double)n : 0;
}

int main(int argc, char **argv)
{
	b.n = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 5000;
	uint32_t requests = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 200000;
	unsigned runs = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 9;
	struct bench_sample s = {0};
	char name[32];
	double kept;
	engine_open();
	far_open();
	(void)run_once(requests, &kept);
	bench_count_on();
	for (unsigned i = 0; i < runs && !b.wrong; i++)
		bench_add(&s, run_once(requests, &kept));
	if (b.wrong) {
		fprintf(stderr, "tcp_bench: %s\n", b.wrong);
		for (int i = 1; i < STAT_COUNT; i++)
			if (b.stats.v[i])
				fprintf(stderr, "  %s %lu\n", stat_name((enum stat_id)i), b.stats.v[i]);
		return 1;
	}
	snprintf(name, sizeof name, "own, conns-%u", b.n);
	const struct bench_result r = {"tcp", name, "request", "cycles/request", "subject", &s, NULL, 0};
	bench_emit(stdout, &r);
	return 0;
}
