/* SPDX-License-Identifier: Apache-2.0 */
/* TCP under any sequence of segments, ICMP errors, pauses, and doings of the application. The input is a list of steps of
 * twelve bytes: what, which of four connections, then values. Segments are made relative to what the connection expects,
 * so that every state is reached; packets are single allocations of exact size. After each step the scoreboard and the
 * store of every connection must add up; at the end every packet must be back. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "dataplane/net/pkt.h"
#include "dataplane/net/tcp_sum.h"
#include "dataplane/net/tcp_syn.h"
#include "dataplane/net/wire.h"
#include "tests/sim/tcp_check.h"

#define CONNS 4u
#define STEP  12u
#define ROOM  1600u
#define PORT  5060

enum what { SEGMENT, SEGMENT_OPTIONS, RAW, TIME, WRITE, CLOSE, ABORT, PAUSE, CONNECT, ICMP, STARVE, WHATS };

static const struct ip_addr local = {.fam = 4, .b = {10, 0, 0, 1}}, far = {.fam = 4, .b = {10, 0, 0, 2}};
static struct tcp *tcp;
static struct wheel *wheel;
static struct dp_stats stats;
static uint32_t pkts;
static bool starved;
static uint64_t now;
static struct tcp_conn *conn[CONNS]; /* known to the application */
static uint16_t connected[CONNS];    /* our port of those we opened */

static void release(struct pktio *io, struct pkt *p)
{
	free(p->buf0);
	free(p);
	pkts--;
}

static const struct pktio_ops io_ops = {.release = release};
static struct pktio io = {.ops = &io_ops};

static struct pkt *make(uint32_t room)
{
	uint8_t *buf = malloc(PKT_HEADROOM + room);
	struct pkt *p = malloc(sizeof *p);
	if (!buf || !p)
		abort();
	pkt_reset(p, &io, buf, room);
	pkts++;
	return p;
}

static struct pkt *on_alloc(void *ctx)
{
	return starved ? NULL : make(ROOM);
}

/* What leaves is well-formed and right. */
static void on_output(void *ctx, struct pkt *p, const struct tcp_key *k, bool df, uint64_t t)
{
	struct tcp_seg s;
	struct tcp_key key;
	struct ip_addr src = tcp_key_local(k), dst = tcp_key_remote(k);
	MUST(ip_addr_eq(&src, &local) && ip_addr_eq(&dst, &far) && p->len <= ROOM);
	MUST(tcp_seg_read(&s, p->data, p->len) && s.sport && s.dport);
	tcp_key_make(&key, &src, s.sport, &dst, s.dport);
	MUST(cksum_fold(cksum_add(tcp_pseudo(&key, p->len), p->data, p->len)) == 0);
	MUST(s.len <= 1460 || !df);
	pkt_put(p);
}

static uint32_t slot(const struct tcp_conn *c)
{
	uint16_t r = tcp_remote(c).port, l = tcp_local(c).port;
	for (uint32_t i = 0; i < CONNS; i++)
		if (l == PORT ? r == 1000 + i : l == connected[i])
			return i;
	MUST(!"a connection of the four");
	return 0;
}

static bool on_open(void *ctx, struct tcp_conn *c, uint64_t t)
{
	uint32_t i = slot(c);
	MUST(!conn[i] || conn[i] == c);
	conn[i] = c;
	return true;
}

static void on_bytes(void *ctx, struct tcp_conn *c, const uint8_t *p, uint32_t n, uint64_t t)
{
	uint32_t sum = 0;
	MUST(n > 0 && conn[slot(c)] == c && !(c->flags & (CF_PAUSED | CF_CLOSE)));
	for (uint32_t i = 0; i < n; i++)
		sum += p[i];
	if (sum % 13 == 0)
		(void)tcp_write(c, p, n, t);
	if (sum % 29 == 0)
		tcp_pause(c, true, t);
	if (sum % 61 == 0)
		tcp_close(c, t);
	else if (sum % 127 == 0)
		tcp_abort(c, t);
}

static void on_eof(void *ctx, struct tcp_conn *c, uint64_t t)
{
	MUST(conn[slot(c)] == c);
	if (now & 1)
		tcp_close(c, t);
}

static void on_closed(void *ctx, struct tcp_conn *c, enum tcp_why why, uint64_t t)
{
	uint32_t i = slot(c);
	MUST(conn[i] == c);
	conn[i] = NULL;
	connected[i] = 0;
}

/* ---- steps ---- */

struct expected { /* of the far side, by what we expect of it */
	uint32_t seq, ack, wnd;
};

static struct tcp_key key_of(uint32_t i)
{
	struct tcp_key k;
	tcp_key_make(&k, &local, connected[i] ? connected[i] : PORT, &far, (uint16_t)(1000 + i));
	return k;
}

static struct expected expect(const struct tcp_key *k, uint8_t how)
{
	uint64_t h = tcp_key_hash(&tcp->hash, k);
	const struct tcp_conn *c = tcp_conn_find(tcp, k, h);
	const struct tcp_syn *y = tcp_syn_find(tcp, k, h);
	if (c && c->state != TCP_SYN_SENT)
		return (struct expected){
		    how & 1 ? c->rcv_adv : c->rcv_nxt, how & 2 ? c->snd_una : c->snd_nxt, 1};
	if (c)
		return (struct expected){7777, c->iss + 1, 1};
	if (y)
		return (struct expected){y->offer.irs + 1, y->offer.iss + 1, 1};
	return (struct expected){1000000, 1, 1};
}

static void arrive(const uint8_t *seg, uint32_t len, bool sums)
{
	struct pkt *p = make(len);
	memcpy(p->data, seg, len);
	p->len = len;
	tcp_input(tcp, p, &far, &local, sums, now);
}

/* b[1] which, b[2] flags, b[3] how numbers are chosen, b[4,5] seq, b[6,7] ack, b[8,9] window, b[10] length, b[11] data. */
static void segment(const uint8_t *b, bool options)
{
	struct tcp_key k = key_of(b[1] % CONNS);
	struct expected e = expect(&k, b[3]);
	uint8_t seg[TCP_HDR_MAX + 255 * 6];
	uint32_t len = b[10] * (b[3] & 4 ? 6u : 1u);
	struct tcp_seg s = {.sport = k.rport,
	    .dport = k.lport,
	    .flags = b[2] & 0x1f,
	    .wnd = get16(b + 8),
	    .scale = TCP_NO_SCALE};
	s.seq = e.seq + (uint32_t)(int8_t)b[4] * (b[3] & 8 ? 97u : 1u) + (b[3] & 16 ? b[5] : 0);
	s.ack = e.ack + (uint32_t)(int8_t)b[6] * (b[3] & 32 ? 97u : 1u) + (b[3] & 64 ? b[7] : 0);
	if (options && s.flags & TCP_SYN) {
		s.mss = (uint16_t)(b[7] * 8);
		s.scale = b[5];
		s.sack_ok = b[3] & 128;
	} else if (options) {
		s.n_sack = (uint8_t)(1 + b[11] % TCP_SACKS);
		for (uint32_t i = 0; i < s.n_sack; i++)
			s.sack[i] = (struct tcp_range){
			    s.ack + b[4] * (i + 1u) * 8, s.ack + b[4] * (i + 1u) * 8 + b[5] * 8u};
	}
	uint32_t hdr = tcp_seg_hdr(&s);
	tcp_seg_write(&s, seg);
	memset(seg + hdr, b[11], len);
	if (options && b[11] & 0x80) /* an option that lies */
		seg[hdr - 1 - b[11] % 8] ^= b[9];
	cksum_store(seg + 16, cksum_fold(cksum_add(tcp_pseudo(&k, hdr + len), seg, hdr + len)));
	arrive(seg, hdr + len, !(options && b[11] & 0x80));
}

static void icmp(const uint8_t *b)
{
	struct tcp_key k = key_of(b[1] % CONNS);
	struct tcp_unreachable u = {.local = local, .remote = far, .too_big = b[2] & 1, .mtu = get16(b + 3)};
	put16(u.quote, k.lport);
	put16(u.quote + 2, k.rport);
	put32(u.quote + 4, expect(&k, b[5]).ack - b[6]);
	(void)tcp_icmp(tcp, &u, now);
}

static void open_one(uint32_t i)
{
	struct ip_sock to = {.a = far, .port = (uint16_t)(1000 + i)};
	struct tcp_conn *c;
	if (conn[i] || tcp_connect(tcp, &c, &local, &to, NULL, now) != 0)
		return;
	connected[i] = tcp_local(c).port;
	conn[i] = c;
}

static void step(const uint8_t *b)
{
	static const uint8_t bytes[4096];
	struct tcp_conn *c = conn[b[1] % CONNS];
	switch ((enum what)(b[0] % WHATS)) {
	case SEGMENT:
	case SEGMENT_OPTIONS:
		segment(b, b[0] % WHATS == SEGMENT_OPTIONS);
		break;
	case RAW:
		arrive(b + 2, STEP - 2, b[1] & 1);
		break;
	case TIME:
		now += (uint64_t)get16(b + 2) << (b[1] % 28);
		break;
	case WRITE:
		if (c)
			(void)tcp_write(c, bytes, get16(b + 2) % sizeof bytes, now);
		break;
	case CLOSE:
		if (c)
			tcp_close(c, now);
		break;
	case ABORT:
		if (c)
			tcp_abort(c, now);
		break;
	case PAUSE:
		if (c)
			tcp_pause(c, b[2] & 1, now);
		break;
	case CONNECT:
		open_one(b[1] % CONNS);
		break;
	case ICMP:
		icmp(b);
		break;
	case STARVE:
		starved = b[2] & 1;
		break;
	case WHATS:
		break;
	}
}

static void settle(void)
{
	(void)wheel_run(wheel, now);
	tcp_flush(tcp, now);
	for (uint32_t i = 0; i < CONNS; i++)
		MUST(!conn[i] || tcp_check(conn[i]) == NULL);
	MUST(stats.v[STAT_tcp_illegal_event] == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct tcp_ops ops = {.alloc = on_alloc,
	    .output = on_output,
	    .open = on_open,
	    .bytes = on_bytes,
	    .eof = on_eof,
	    .closed = on_closed};
	struct tcp_conf k;
	tcp_conf_defaults(&k, CONNS, 1500);
	k.syns_max = size && data[0] & 0x80 ? 1 : 4; /* cookies, or none */
	k.waits_max = 2;
	k.chunks_max = 24;
	k.in_chunks_max = k.out_chunks_max = 16;
	k.conn_in_chunks_max = k.conn_out_chunks_max = 12;
	k.peer_chunks_max = 20;
	k.peer_conns_max = CONNS;
	now = 1000000000;
	starved = false;
	memset(conn, 0, sizeof conn);
	memset(connected, 0, sizeof connected);
	memset(&stats, 0, sizeof stats);
	wheel = wheel_new(now, NULL);
	MUST(wheel && tcp_new(&tcp, &k, &ops, wheel, &stats, now) == 0 && tcp_listen(tcp, PORT) == 0);
	for (; size >= STEP; data += STEP, size -= STEP) {
		step(data);
		settle();
	}
	tcp_free(tcp);
	wheel_free(wheel);
	MUST(pkts == 0);
	return 0;
}
