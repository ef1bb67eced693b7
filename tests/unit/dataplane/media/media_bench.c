/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/dataplane/media/media_bench.h"

static const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 1}, far_mac[6] = {2, 0, 0, 0, 0, 9};

static void on_udp(void *ctx, struct udp_in *in, uint64_t now)
{
	struct bench *b = ctx;
	media_udp_in(b->media, in, now);
}

static void conf_fill(struct dp_conf *c, uint32_t pairs)
{
	*c = (struct dp_conf){.workers = 1,
	    .prefix = 24,
	    .mtu = 1500,
	    .check_l4_sums = true,
	    .sip_port = 5060,
	    .rtp_lo = 10000,
	    .rtp_hi = (uint16_t)(10000 + 2 * pairs - 1),
	    .rtp_quarantine_ms = 1000,
	    .rtp_learn_source = true,
	    .legs_max = 16,
	    .txns_max = 16,
	    .pkts_max = 64,
	    .ring_slots = 16,
	    .key = "0123456789abcde"};
	c->ip = bench_sock("192.0.2.1", 1).a;
	memcpy(c->mac, our_mac, 6);
}

void bench_open(struct bench *b, uint32_t pairs)
{
	bench_open_more(b, pairs, 0);
}

void bench_open_more(struct bench *b, uint32_t pairs, uint8_t n)
{
	struct pktio_mem_conf mem = {.mtu = 1500, .buf_bytes = 2048, .pkts = 64, .queue = 64};
	struct net_ops ops = {.ctx = b, .udp = on_udp};
	memset(b, 0, sizeof *b);
	memcpy(mem.mac, our_mac, 6);
	conf_fill(&b->conf, pairs);
	b->to = b->conf.ip;
	for (; b->conf.n_media_ips < n; b->conf.n_media_ips++) {
		b->conf.media_ips[b->conf.n_media_ips] = b->conf.ip;
		b->conf.media_ips[b->conf.n_media_ips].b[3] = (uint8_t)(101 + b->conf.n_media_ips);
	}
	b->now = 5000 * BENCH_MS;
	b->io = pktio_mem_new(&mem);
	b->wheel = wheel_new(b->now, NULL);
	assert_non_null(b->io);
	assert_non_null(b->wheel);
	assert_int_equal(net_new(&b->net, &b->conf, b->io, b->wheel, &b->stats, &ops, b->now), 0);
	assert_int_equal(media_new(&b->media, &b->conf, 0, b->net, b->wheel, &b->stats), 0);
}

void bench_close(struct bench *b)
{
	net_flush(b->net, b->now);
	media_free(b->media);
	net_free(b->net);
	wheel_free(b->wheel);
	pktio_mem_free(b->io);
}

struct ip_sock bench_sock(const char *ip, uint16_t port)
{
	struct ip_sock s = {.port = port};
	assert_int_equal(ip_addr_parse(&s.a, span_str(ip)), 0);
	return s;
}

static void arrive(struct bench *b, const uint8_t *frame, uint32_t len)
{
	struct pkt *p;
	assert_int_equal(pktio_mem_push(b->io, frame, len), 0);
	assert_int_equal(b->io->ops->rx(b->io, &p, 1), 1);
	net_input(b->net, p, b->now);
	net_flush(b->net, b->now);
}

void bench_in(struct bench *b, const struct ip_sock *src, uint16_t port, const void *data, uint32_t len)
{
	uint8_t f[FRAME_MAX];
	struct ip_sock dst = {.a = b->to, .port = port};
	arrive(b, f, frame_udp(f, far_mac, our_mac, src, &dst, data, len));
}

/* Everybody answers ARP; 0: nothing else waits. */
static uint32_t pull(struct bench *b)
{
	uint8_t answer[FRAME_MAX];
	for (uint32_t n; (n = pktio_mem_pull(b->io, b->frame, sizeof b->frame));) {
		if (b->frame[12] != 8 || b->frame[13] != 6)
			return n;
		uint32_t a = frame_arp_reply(answer, b->frame, n, far_mac);
		if (a)
			arrive(b, answer, a);
	}
	return 0;
}

bool bench_out(struct bench *b, struct frame_udp *out)
{
	uint32_t n = pull(b);
	if (n == 0)
		return false;
	assert_int_equal(frame_read_udp(out, b->frame, n), 1);
	assert_int_not_equal(net_own(b->net, &out->src.a), 0xffffffff);
	return true;
}

void bench_rtp(struct bench *b, const struct ip_sock *src, uint16_t port, const struct rtp *r)
{
	uint8_t d[172] = {0x80, (uint8_t)(r->mark << 7 | r->pt), (uint8_t)(r->seq >> 8), (uint8_t)r->seq};
	for (int i = 0; i < 4; i++) {
		d[4 + i] = (uint8_t)(r->ts >> (24 - 8 * i));
		d[8 + i] = (uint8_t)(r->ssrc >> (24 - 8 * i));
	}
	memset(d + 12, r->fill, 160);
	bench_in(b, src, port, d, sizeof d);
}

bool bench_get(struct bench *b, struct rtp *r, struct frame_udp *u)
{
	if (!bench_out(b, u))
		return false;
	const uint8_t *d = u->payload;
	assert_int_equal(u->len, 172);
	assert_int_equal(d[0], 0x80);
	*r = (struct rtp){.pt = d[1] & 0x7f, .mark = d[1] >> 7, .fill = d[12]};
	r->seq = (uint16_t)(d[2] << 8 | d[3]);
	for (int i = 0; i < 4; i++) {
		r->ts = r->ts << 8 | d[4 + i];
		r->ssrc = r->ssrc << 8 | d[8 + i];
	}
	for (int i = 13; i < 172; i++)
		assert_int_equal(d[i], r->fill);
	return true;
}

/* ---- far sides ---- */

struct media_agreed agreed(const struct ip_sock *s, uint8_t pt)
{
	return (struct media_agreed){.remote_rtp = *s,
	    .pt = pt,
	    .dtmf_pt_send = 101,
	    .dtmf_pt_recv = 101,
	    .may_send = true,
	    .may_recv = true};
}

struct far far_open(struct bench *b, const char *ip, uint8_t pt)
{
	struct far f = {.s = bench_sock(ip, 4000), .leg = media_open(b->media, 4, b->now)};
	struct media_agreed a = agreed(&f.s, pt);
	assert_int_not_equal(f.leg, MEDIA_NONE);
	f.port = media_port(b->media, f.leg);
	f.r = (struct rtp){.pt = pt, .seq = 100, .ts = 1000, .ssrc = 0xabcd0000u + f.s.a.b[3], .fill = 0xd5};
	media_agree(b->media, f.leg, &a, b->now);
	return f;
}

/* 20 ms pass and f sends its next packet. */
void far_send(struct bench *b, struct far *f)
{
	b->now += 20 * BENCH_MS;
	f->r.seq++;
	f->r.ts += 160;
	bench_rtp(b, &f->s, f->port, &f->r);
}

struct rtp must_get(struct bench *b, const struct far *to)
{
	struct rtp r;
	struct frame_udp u;
	assert_true(bench_get(b, &r, &u));
	assert_true(ip_sock_eq(&u.dst, &to->s));
	assert_int_equal(u.src.port, to->port);
	return r;
}

void must_be_silent(struct bench *b)
{
	struct frame_udp u;
	assert_false(bench_out(b, &u));
}

void close_leg(struct bench *b, struct far *f)
{
	media_close(b->media, f->leg, NULL, b->now);
}

static void pair_fill(struct pair *p, uint8_t pt_x, uint8_t pt_y)
{
	p->x = far_open(&p->b, "192.0.2.10", pt_x);
	p->y = far_open(&p->b, "192.0.2.20", pt_y);
	media_bridge(p->b.media, p->x.leg, p->y.leg);
}

void pair_open(struct pair *p, uint8_t pt_x, uint8_t pt_y)
{
	bench_open(&p->b, 8);
	pair_fill(p, pt_x, pt_y);
}

void pair_open_unlearned(struct pair *p)
{
	bench_open(&p->b, 8);
	media_free(p->b.media);
	p->b.conf.rtp_learn_source = false;
	assert_int_equal(media_new(&p->b.media, &p->b.conf, 0, p->b.net, p->b.wheel, &p->b.stats), 0);
	pair_fill(p, 0, 0);
}

void pair_close(struct pair *p)
{
	close_leg(&p->b, &p->x);
	close_leg(&p->b, &p->y);
	bench_close(&p->b);
}
