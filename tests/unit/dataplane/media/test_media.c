/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <spandsp.h>

#include "tests/unit/dataplane/media/media_bench.h"

/* One far side: what it told us in SDP, and what it sends. */
struct far {
	struct ip_sock s;
	uint32_t leg;
	uint16_t port; /* ours */
	struct rtp r;
};

static struct media_agreed agreed(const struct ip_sock *s, uint8_t pt)
{
	return (struct media_agreed){.remote_rtp = *s,
	    .pt = pt,
	    .dtmf_pt_send = 101,
	    .dtmf_pt_recv = 101,
	    .may_send = true,
	    .may_recv = true};
}

static struct far far_open(struct bench *b, const char *ip, uint8_t pt)
{
	struct far f = {.s = bench_sock(ip, 4000), .leg = media_open(b->media, b->now)};
	struct media_agreed a = agreed(&f.s, pt);
	assert_int_not_equal(f.leg, MEDIA_NONE);
	f.port = media_port(b->media, f.leg);
	f.r = (struct rtp){.pt = pt, .seq = 100, .ts = 1000, .ssrc = 0xabcd0000u + f.s.a.b[3], .fill = 0xd5};
	media_agree(b->media, f.leg, &a, b->now);
	return f;
}

/* 20 ms pass and f sends its next packet. */
static void far_send(struct bench *b, struct far *f)
{
	b->now += 20 * BENCH_MS;
	f->r.seq++;
	f->r.ts += 160;
	bench_rtp(b, &f->s, f->port, &f->r);
}

static struct rtp must_get(struct bench *b, const struct far *to)
{
	struct rtp r;
	struct frame_udp u;
	assert_true(bench_get(b, &r, &u));
	assert_true(ip_sock_eq(&u.dst, &to->s));
	assert_int_equal(u.src.port, to->port);
	return r;
}

static void must_be_silent(struct bench *b)
{
	struct frame_udp u;
	assert_false(bench_out(b, &u));
}

static void close_leg(struct bench *b, struct far *f)
{
	media_close(b->media, f->leg, NULL, b->now);
}

struct pair {
	struct bench b;
	struct far x, y;
};

static void pair_open(struct pair *p, uint8_t pt_x, uint8_t pt_y)
{
	bench_open(&p->b, 8);
	p->x = far_open(&p->b, "192.0.2.10", pt_x);
	p->y = far_open(&p->b, "192.0.2.20", pt_y);
	media_bridge(p->b.media, p->x.leg, p->y.leg);
}

static void pair_close(struct pair *p)
{
	close_leg(&p->b, &p->x);
	close_leg(&p->b, &p->y);
	bench_close(&p->b);
}

/* ---- relay ---- */

static void rtp_is_relayed_both_ways_with_our_own_ssrc(void **state)
{
	struct pair p;
	struct dp_media_counts c;
	pair_open(&p, 0, 0);
	far_send(&p.b, &p.x);
	struct rtp toy = must_get(&p.b, &p.y);
	far_send(&p.b, &p.y);
	struct rtp tox = must_get(&p.b, &p.x);
	assert_int_not_equal(toy.ssrc, p.x.r.ssrc);
	assert_int_not_equal(toy.ssrc, tox.ssrc);
	assert_int_equal(toy.fill, 0xd5);
	media_close(p.b.media, p.x.leg, &c, p.b.now);
	assert_int_equal(c.rx_packets, 1);
	assert_int_equal(c.rx_bytes, 172);
	assert_int_equal(c.tx_packets, 1);
	assert_int_equal(c.tx_bytes, 172);
	assert_int_equal(c.dropped, 0);
	close_leg(&p.b, &p.y);
	bench_close(&p.b);
}

static void rtp_keeps_gaps_and_order_of_its_feeder(void **state)
{
	struct pair p;
	pair_open(&p, 0, 0);
	far_send(&p.b, &p.x);
	struct rtp first = must_get(&p.b, &p.y), in = p.x.r, out;
	in.seq += 3;
	in.ts += 480;
	bench_rtp(&p.b, &p.x.s, p.x.port, &in);
	out = must_get(&p.b, &p.y);
	assert_int_equal((uint16_t)(out.seq - first.seq), 3);
	assert_int_equal(out.ts - first.ts, 480);
	in.seq -= 2;
	in.ts -= 320;
	bench_rtp(&p.b, &p.x.s, p.x.port, &in);
	out = must_get(&p.b, &p.y);
	assert_int_equal((uint16_t)(out.seq - first.seq), 1);
	assert_int_equal(out.ts - first.ts, 160);
	pair_close(&p);
}

static void rtp_numbering_goes_on_across_a_rebridge(void **state)
{
	struct pair p;
	struct rtp a, c;
	pair_open(&p, 0, 0);
	struct far z = far_open(&p.b, "192.0.2.30", 0);
	for (int i = 0; i < 5; i++) {
		far_send(&p.b, &p.x);
		a = must_get(&p.b, &p.y);
		assert_int_equal(a.mark, i == 0);
	}
	z.r.seq = 60000;
	z.r.ts = 0xfffffff0u;
	media_bridge(p.b.media, z.leg, p.y.leg);
	far_send(&p.b, &p.x);
	must_be_silent(&p.b);
	assert_int_equal(bench_stat(&p.b, STAT_drop_rtp_no_peer), 1);
	far_send(&p.b, &z);
	c = must_get(&p.b, &p.y);
	assert_int_equal(c.ssrc, a.ssrc);
	assert_int_equal((uint16_t)(c.seq - a.seq), 1);
	assert_int_equal(c.ts - a.ts, 320); /* 40 ms later */
	assert_true(c.mark);
	far_send(&p.b, &z);
	a = must_get(&p.b, &p.y);
	assert_int_equal((uint16_t)(a.seq - c.seq), 1);
	assert_int_equal(a.ts - c.ts, 160);
	assert_false(a.mark);
	close_leg(&p.b, &z);
	pair_close(&p);
}

static void rtp_a_rebridge_to_a_feeder_with_the_same_ssrc_is_continuous_too(void **state)
{
	struct pair p;
	pair_open(&p, 0, 0);
	struct far z = far_open(&p.b, "192.0.2.30", 0);
	far_send(&p.b, &p.x);
	struct rtp a = must_get(&p.b, &p.y), c;
	z.r = p.x.r;
	z.r.seq = 41;
	z.r.ts = 77;
	media_bridge(p.b.media, z.leg, p.y.leg);
	far_send(&p.b, &z);
	c = must_get(&p.b, &p.y);
	assert_int_equal((uint16_t)(c.seq - a.seq), 1);
	assert_int_equal(c.ts - a.ts, 160);
	close_leg(&p.b, &z);
	pair_close(&p);
}

static void rtp_feeder_with_a_new_ssrc_goes_on_in_our_stream(void **state)
{
	struct pair p;
	pair_open(&p, 0, 0);
	far_send(&p.b, &p.x);
	struct rtp a = must_get(&p.b, &p.y), c;
	p.x.r = (struct rtp){.pt = 0, .seq = 7, .ts = 0x80000000u, .ssrc = 0x1111, .fill = 1};
	far_send(&p.b, &p.x);
	c = must_get(&p.b, &p.y);
	assert_int_equal(c.ssrc, a.ssrc);
	assert_int_equal((uint16_t)(c.seq - a.seq), 1);
	assert_int_equal(c.ts - a.ts, 160);
	assert_true(c.mark);
	pair_close(&p);
}

static void rtp_of_an_unbridged_leg_goes_nowhere(void **state)
{
	struct pair p;
	pair_open(&p, 0, 0);
	media_unbridge(p.b.media, p.y.leg);
	far_send(&p.b, &p.x);
	far_send(&p.b, &p.y);
	must_be_silent(&p.b);
	assert_int_equal(bench_stat(&p.b, STAT_drop_rtp_no_peer), 2);
	pair_close(&p);
}

/* ---- codecs ---- */

static void rtp_is_transcoded_when_the_laws_differ(void **state)
{
	struct pair p;
	pair_open(&p, 0, 8);
	for (int v = 0; v < 256; v++) {
		p.x.r.fill = p.y.r.fill = (uint8_t)v;
		far_send(&p.b, &p.x);
		struct rtp toy = must_get(&p.b, &p.y);
		assert_int_equal(toy.pt, 8);
		assert_int_equal(toy.fill, ulaw_to_alaw((uint8_t)v));
		far_send(&p.b, &p.y);
		struct rtp tox = must_get(&p.b, &p.x);
		assert_int_equal(tox.pt, 0);
		assert_int_equal(tox.fill, alaw_to_ulaw((uint8_t)v));
	}
	pair_close(&p);
}

static void rfc4733_events_get_the_peers_number_and_stay_as_they_are(void **state)
{
	struct pair p;
	pair_open(&p, 0, 8);
	struct media_agreed a = agreed(&p.x.s, 0), b = agreed(&p.y.s, 8);
	a.dtmf_pt_recv = 101;
	b.dtmf_pt_send = 96;
	media_agree(p.b.media, p.x.leg, &a, p.b.now);
	media_agree(p.b.media, p.y.leg, &b, p.b.now);
	p.x.r.pt = 101;
	far_send(&p.b, &p.x);
	struct rtp r = must_get(&p.b, &p.y);
	assert_int_equal(r.pt, 96);
	assert_int_equal(r.fill, 0xd5);
	b.dtmf_pt_send = 0xff;
	media_agree(p.b.media, p.y.leg, &b, p.b.now);
	far_send(&p.b, &p.x);
	must_be_silent(&p.b);
	assert_int_equal(bench_stat(&p.b, STAT_drop_rtp_codec), 1);
	pair_close(&p);
}

static void rtp_payload_types_that_were_not_agreed_are_dropped(void **state)
{
	static const uint8_t types[] = {8, 13, 18, 96, 127};
	struct pair p;
	pair_open(&p, 0, 0);
	for (size_t i = 0; i < sizeof types; i++) {
		p.x.r.pt = types[i];
		far_send(&p.b, &p.x);
	}
	must_be_silent(&p.b);
	assert_int_equal(bench_stat(&p.b, STAT_drop_rtp_codec), sizeof types);
	pair_close(&p);
}

/* ---- hold ---- */

static void rfc3264_8_4_nothing_flows_against_the_agreed_direction(void **state)
{
	struct pair p;
	pair_open(&p, 0, 0);
	struct media_agreed a = agreed(&p.y.s, 0);
	a.may_send = false; /* y said sendonly: it wants to hear nothing */
	media_agree(p.b.media, p.y.leg, &a, p.b.now);
	far_send(&p.b, &p.x);
	must_be_silent(&p.b);
	far_send(&p.b, &p.y);
	(void)must_get(&p.b, &p.x);
	a.may_recv = false;
	media_agree(p.b.media, p.y.leg, &a, p.b.now);
	far_send(&p.b, &p.y);
	must_be_silent(&p.b);
	assert_int_equal(bench_stat(&p.b, STAT_drop_rtp_hold), 2);
	a = agreed(&p.y.s, 0);
	media_agree(p.b.media, p.y.leg, &a, p.b.now);
	far_send(&p.b, &p.x);
	(void)must_get(&p.b, &p.y);
	pair_close(&p);
}

static void rfc2543_hold_by_address_zero_keeps_the_lock(void **state)
{
	struct pair p;
	pair_open(&p, 0, 0);
	far_send(&p.b, &p.y);
	(void)must_get(&p.b, &p.x);
	struct ip_sock zero = bench_sock("0.0.0.0", 4000), stranger = bench_sock("192.0.2.9", 9);
	struct media_agreed a = agreed(&zero, 0);
	media_agree(p.b.media, p.y.leg, &a, p.b.now);
	far_send(&p.b, &p.x);
	must_be_silent(&p.b);
	a = agreed(&p.y.s, 0);
	media_agree(p.b.media, p.y.leg, &a, p.b.now);
	for (int i = 0; i < 10; i++)
		bench_rtp(&p.b, &stranger, p.y.port, &p.y.r);
	must_be_silent(&p.b);
	far_send(&p.b, &p.x);
	(void)must_get(&p.b, &p.y);
	pair_close(&p);
}

static void media_never_sends_where_it_must_not(void **state)
{
	static const char *const bad[] = {
	    "192.0.2.1", "192.0.2.255", "224.0.0.1", "255.255.255.255", "0.0.0.0"};
	struct pair p;
	pair_open(&p, 0, 0);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct ip_sock s = bench_sock(bad[i], p.x.port);
		struct media_agreed a = agreed(&s, 0);
		media_agree(p.b.media, p.y.leg, &a, p.b.now);
		far_send(&p.b, &p.x);
		must_be_silent(&p.b);
	}
	assert_int_equal(bench_stat(&p.b, STAT_drop_rtp_hold), sizeof bad / sizeof *bad);
	pair_close(&p);
}

/* ---- who may speak ---- */

static void learning_takes_another_source_after_three_in_a_row(void **state)
{
	struct pair p;
	pair_open(&p, 0, 0);
	p.x.s = bench_sock("192.0.2.11", 7777); /* not what its SDP said */
	far_send(&p.b, &p.x);
	far_send(&p.b, &p.x);
	must_be_silent(&p.b);
	assert_int_equal(bench_stat(&p.b, STAT_drop_rtp_stranger), 2);
	far_send(&p.b, &p.x);
	(void)must_get(&p.b, &p.y);
	far_send(&p.b, &p.x);
	(void)must_get(&p.b, &p.y);
	assert_int_equal(bench_stat(&p.b, STAT_rtp_learned), 1);
	far_send(&p.b, &p.y); /* and it is answered where it is */
	(void)must_get(&p.b, &p.x);
	pair_close(&p);
}

static void learning_needs_one_source_with_one_ssrc(void **state)
{
	struct pair p;
	pair_open(&p, 0, 0);
	struct ip_sock s = bench_sock("192.0.2.11", 7000);
	for (int i = 0; i < 12; i++) {
		s.port = (uint16_t)(7000 + i % 2);
		bench_rtp(&p.b, &s, p.x.port, &p.x.r);
		p.x.r.ssrc += (uint32_t)i;
	}
	s.port = 7000;
	for (int i = 0; i < 6; i++) {
		p.x.r.ssrc++;
		bench_rtp(&p.b, &s, p.x.port, &p.x.r);
	}
	must_be_silent(&p.b);
	assert_int_equal(bench_stat(&p.b, STAT_drop_rtp_stranger), 18);
	pair_close(&p);
}

static void learning_ends_with_its_window(void **state)
{
	struct pair p;
	pair_open(&p, 0, 0);
	struct far liar = p.x;
	liar.s = bench_sock("192.0.2.11", 7777);
	p.b.now += 10000 * BENCH_MS;
	for (int i = 0; i < 10; i++)
		far_send(&p.b, &liar);
	must_be_silent(&p.b);
	far_send(&p.b, &p.x); /* the SDP's address is good at any time */
	(void)must_get(&p.b, &p.y);
	pair_close(&p);
}

static void learning_gives_up_after_too_many_candidates(void **state)
{
	struct pair p;
	pair_open(&p, 0, 0);
	struct far liar = p.x;
	for (uint16_t i = 0; i < 50; i++) {
		liar.s = bench_sock("192.0.2.11", (uint16_t)(7000 + i));
		bench_rtp(&p.b, &liar.s, liar.port, &liar.r);
	}
	for (int i = 0; i < 10; i++)
		bench_rtp(&p.b, &liar.s, liar.port, &liar.r);
	must_be_silent(&p.b);
	pair_close(&p);
}

static void rtp_bleed_a_stranger_never_gets_in_once_locked(void **state)
{
	struct pair p;
	struct dp_media_counts c;
	pair_open(&p, 0, 0);
	far_send(&p.b, &p.x);
	(void)must_get(&p.b, &p.y);
	struct far liar = p.x;
	liar.s = bench_sock("192.0.2.11", 7777);
	for (int i = 0; i < 100; i++)
		far_send(&p.b, &liar);
	liar.s = p.x.s;
	liar.s.port++; /* same host, other port */
	for (int i = 0; i < 100; i++)
		far_send(&p.b, &liar);
	must_be_silent(&p.b);
	assert_int_equal(bench_stat(&p.b, STAT_drop_rtp_stranger), 200);
	far_send(&p.b, &p.y);
	(void)must_get(&p.b, &p.x);
	media_close(p.b.media, p.x.leg, &c, p.b.now);
	assert_int_equal(c.dropped, 200);
	close_leg(&p.b, &p.y);
	bench_close(&p.b);
}

static void learning_the_sdps_address_takes_over_from_a_learned_one(void **state)
{
	struct pair p;
	pair_open(&p, 0, 0);
	struct far liar = p.x;
	liar.s = bench_sock("192.0.2.11", 7777);
	for (int i = 0; i < 3; i++)
		far_send(&p.b, &liar);
	(void)must_get(&p.b, &p.y);
	far_send(&p.b, &p.x);
	(void)must_get(&p.b, &p.y);
	far_send(&p.b, &liar);
	must_be_silent(&p.b);
	far_send(&p.b, &p.y);
	(void)must_get(&p.b, &p.x);
	pair_close(&p);
}

static void learning_starts_again_when_the_address_changes(void **state)
{
	struct pair p;
	pair_open(&p, 0, 0);
	far_send(&p.b, &p.x);
	(void)must_get(&p.b, &p.y);
	struct far old = p.x;
	p.x.s = bench_sock("192.0.2.12", 4100);
	struct media_agreed a = agreed(&p.x.s, 0);
	media_agree(p.b.media, p.x.leg, &a, p.b.now);
	far_send(&p.b, &p.y);
	(void)must_get(&p.b, &p.x);
	far_send(&p.b, &p.x);
	(void)must_get(&p.b, &p.y);
	far_send(&p.b, &old);
	must_be_silent(&p.b);
	pair_close(&p);
}

static void learning_is_not_restarted_by_the_same_address(void **state)
{
	struct pair p;
	pair_open(&p, 0, 0);
	struct media_agreed a = agreed(&p.x.s, 0);
	struct far nat = p.x;
	nat.s = bench_sock("192.0.2.11", 7777);
	for (int i = 0; i < 3; i++)
		far_send(&p.b, &nat);
	(void)must_get(&p.b, &p.y);
	media_agree(p.b.media, p.x.leg, &a, p.b.now);
	far_send(&p.b, &nat);
	(void)must_get(&p.b, &p.y);
	far_send(&p.b, &p.y);
	(void)must_get(&p.b, &nat);
	pair_close(&p);
}

static void rtp_before_any_answer_is_nobodys(void **state)
{
	struct bench b;
	bench_open(&b, 4);
	struct far f = {.s = bench_sock("192.0.2.10", 4000), .leg = media_open(b.media, b.now)};
	f.port = media_port(b.media, f.leg);
	for (int i = 0; i < 10; i++)
		far_send(&b, &f);
	assert_int_equal(bench_stat(&b, STAT_drop_rtp_stranger), 10);
	close_leg(&b, &f);
	bench_close(&b);
}

/* ---- headers ---- */

static void rfc3550_5_1_headers_that_lie_are_dropped(void **state)
{
	static const struct {
		uint32_t len;
		uint8_t d[24];
	} bad[] = {
	    {0, {0}},
	    {1, {0x80}},
	    {11, {0x80}},
	    {12, {0x00}},                                                    /* version 0 */
	    {12, {0x40}},                                                    /* version 1 */
	    {12, {0xc0}},                                                    /* version 3 */
	    {12, {0x81}},                                                    /* one CSRC, no room */
	    {20, {0x8f}},                                                    /* fifteen */
	    {12, {0x90}},                                                    /* extension, no room */
	    {15, {0x90}},                                                    /* its header cut */
	    {16, {0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}},       /* its words cut */
	    {16, {0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}}, /* all of them */
	    {12, {0xa0}},                                                    /* padding 0 */
	    {13, {0xa0}},                                                    /* padding 0 */
	    {13, {0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}},                /* more than there is */
	    {13, {0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff}},
	};
	struct pair p;
	pair_open(&p, 0, 0);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		bench_in(&p.b, &p.x.s, p.x.port, bad[i].d, bad[i].len);
	must_be_silent(&p.b);
	assert_int_equal(bench_stat(&p.b, STAT_drop_rtp_bad), sizeof bad / sizeof *bad);
	assert_int_equal(bench_stat(&p.b, STAT_rtp_in), 0);
	pair_close(&p);
}

static void rfc3550_5_1_only_the_payload_is_transcoded(void **state)
{
	/* One CSRC, an extension of one word, two bytes of payload, three of padding. */
	static const uint8_t d[] = {0xb1, 0x80, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xc5, 0xc5, 0xc5, 0xc5, 0xbe,
	    0xde, 0, 1, 0xe0, 0xe1, 0xe2, 0xe3, 0x21, 0x22, 0xaa, 0xaa, 3};
	struct pair p;
	struct frame_udp u;
	pair_open(&p, 0, 8);
	bench_in(&p.b, &p.x.s, p.x.port, d, sizeof d);
	assert_true(bench_out(&p.b, &u));
	assert_int_equal(u.len, sizeof d);
	assert_int_equal(u.payload[1], 0x88);
	assert_memory_equal(u.payload + 12, d + 12, 12);
	assert_int_equal(u.payload[24], ulaw_to_alaw(0x21));
	assert_int_equal(u.payload[25], ulaw_to_alaw(0x22));
	assert_memory_equal(u.payload + 26, d + 26, 3);
	pair_close(&p);
}

/* ---- ports ---- */

static void ports_rest_before_they_are_used_again(void **state)
{
	struct bench b;
	struct dp_pool_gauge legs, ports;
	bench_open(&b, 3);
	uint32_t first = media_open(b.media, b.now), second = media_open(b.media, b.now);
	media_close(b.media, first, NULL, b.now);
	uint32_t third = media_open(b.media, b.now);
	assert_int_not_equal(third, first);
	assert_int_equal(media_open(b.media, b.now), MEDIA_NONE);
	assert_int_equal(bench_stat(&b, STAT_rtp_port_starved), 1);
	media_gauges(b.media, &legs, &ports, b.now);
	assert_int_equal(legs.used, 2);
	assert_int_equal(ports.used, 3);
	b.now += 999 * BENCH_MS;
	assert_int_equal(media_open(b.media, b.now), MEDIA_NONE);
	b.now += 1 * BENCH_MS;
	media_gauges(b.media, &legs, &ports, b.now);
	assert_int_equal(ports.used, 2);
	assert_int_equal(media_open(b.media, b.now), first);
	media_close(b.media, second, NULL, b.now);
	media_close(b.media, third, NULL, b.now + 5);
	media_close(b.media, first, NULL, b.now + 6);
	b.now += 2000 * BENCH_MS;
	assert_int_equal(media_open(b.media, b.now), second);
	assert_int_equal(media_open(b.media, b.now), third);
	media_close(b.media, second, NULL, b.now);
	media_close(b.media, third, NULL, b.now);
	bench_close(&b);
}

static void ports_starved_pool_serves_again_when_one_is_back(void **state)
{
	struct bench b;
	uint32_t legs[64];
	bench_open(&b, 64);
	for (uint32_t round = 0; round < 3; round++) {
		uint64_t seen = 0;
		for (uint32_t i = 0; i < 64; i++) {
			legs[i] = media_open(b.media, b.now);
			assert_in_range(legs[i], 0, 63);
			assert_false(seen >> legs[i] & 1);
			seen |= 1ull << legs[i];
			assert_int_equal(media_port(b.media, legs[i]), 10000 + 2 * legs[i]);
		}
		assert_int_equal(media_open(b.media, b.now), MEDIA_NONE);
		for (uint32_t i = 0; i < 64; i++)
			media_close(b.media, legs[i], NULL, b.now);
		b.now += 1000 * BENCH_MS;
	}
	bench_close(&b);
}

static void ports_quarantine_works_across_the_clocks_wrap(void **state)
{
	struct bench b;
	bench_open(&b, 1);
	b.now = UINT64_MAX - 500 * BENCH_MS;
	uint32_t leg = media_open(b.media, b.now);
	media_close(b.media, leg, NULL, b.now);
	b.now += 900 * BENCH_MS;
	assert_int_equal(media_open(b.media, b.now), MEDIA_NONE);
	b.now += 100 * BENCH_MS;
	assert_int_equal(media_open(b.media, b.now), leg);
	media_close(b.media, leg, NULL, b.now);
	bench_close(&b);
}

static void ports_start_in_an_order_that_depends_on_the_key(void **state)
{
	struct bench b;
	struct media *other;
	uint32_t same = 0, in_order = 0;
	bench_open(&b, 256);
	b.conf.key[3] ^= 1;
	assert_int_equal(media_new(&other, &b.conf, 0, b.net, b.wheel, &b.stats), 0);
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t x = media_open(b.media, b.now), y = media_open(other, b.now);
		same += x == y;
		in_order += x == i;
	}
	assert_in_range(same, 0, 20);
	assert_in_range(in_order, 0, 20);
	media_free(other);
	bench_close(&b);
}

static void ports_late_packets_of_a_closed_leg_are_nobodys(void **state)
{
	struct pair p;
	pair_open(&p, 0, 0);
	close_leg(&p.b, &p.x);
	far_send(&p.b, &p.x);
	assert_int_equal(bench_stat(&p.b, STAT_drop_rtp_no_leg), 1);
	far_send(&p.b, &p.y);
	assert_int_equal(bench_stat(&p.b, STAT_drop_rtp_no_peer), 1);
	must_be_silent(&p.b);
	close_leg(&p.b, &p.y);
	bench_close(&p.b);
}

static void ports_each_worker_owns_its_slice(void **state)
{
	struct dp_conf c = {.workers = 3, .rtp_lo = 20000, .rtp_hi = 20019}; /* 10 pairs: 3, 3, 4 */
	static const uint16_t want[] = {0, 0, 0, 1, 1, 1, 2, 2, 2, 2};
	for (uint16_t i = 0; i < 20; i++)
		assert_int_equal(media_port_owner(&c, (uint16_t)(20000 + i)), want[i / 2]);
	assert_int_equal(media_port_owner(&c, 19999), 0xffff);
	assert_int_equal(media_port_owner(&c, 20020), 0xffff);
	struct bench b;
	bench_open(&b, 4);
	c.rtp_lo = 20001;
	assert_int_equal(media_new(&b.media, &c, 0, b.net, b.wheel, &b.stats), -22);
	c.rtp_lo = 20000;
	c.workers = 11;
	assert_int_equal(media_new(&b.media, &c, 0, b.net, b.wheel, &b.stats), -22);
	bench_close(&b);
}

/* ---- RTCP ---- */

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* SR with one report block, SDES with a CNAME, BYE. */
static uint32_t make_rtcp(uint8_t d[96], uint32_t ssrc, uint32_t ts, uint32_t about, uint32_t seq)
{
	static const uint8_t sdes[] = {0x81, 202, 0, 3, 0, 0, 0, 0, 1, 4, 'n', 'a', 'm', 'e', 0, 0};
	static const uint8_t bye[] = {0x81, 203, 0, 1, 0, 0, 0, 0};
	memset(d, 0, 96);
	d[0] = 0x81;
	d[1] = 200;
	d[3] = 12;
	put32(d + 4, ssrc);
	put32(d + 8, 0x11111111);
	put32(d + 16, ts);
	put32(d + 28, about);
	put32(d + 36, seq);
	memcpy(d + 52, sdes, sizeof sdes);
	put32(d + 56, ssrc);
	memcpy(d + 68, bye, sizeof bye);
	put32(d + 72, ssrc);
	return 76;
}

static void rfc3550_6_reports_are_mapped_into_the_other_sides_streams(void **state)
{
	struct pair p;
	uint8_t d[96];
	struct frame_udp u;
	pair_open(&p, 0, 0);
	far_send(&p.b, &p.x);
	struct rtp toy = must_get(&p.b, &p.y);
	far_send(&p.b, &p.y);
	struct rtp tox = must_get(&p.b, &p.x);
	struct ip_sock from = p.x.s, to = p.y.s;
	from.port++;
	to.port++;
	/* x reports about what it hears from us: that is y's stream. */
	uint32_t n = make_rtcp(d, p.x.r.ssrc, p.x.r.ts + 40, tox.ssrc, 0x30000u | tox.seq);
	bench_in(&p.b, &from, (uint16_t)(p.x.port + 1), d, n);
	assert_true(bench_out(&p.b, &u));
	assert_true(ip_sock_eq(&u.dst, &to));
	assert_int_equal(u.src.port, p.y.port + 1);
	assert_int_equal(u.len, 68); /* the BYE stays here */
	assert_int_equal(get32(u.payload + 4), toy.ssrc);
	assert_int_equal(get32(u.payload + 8), 0x11111111);
	assert_int_equal(get32(u.payload + 16), toy.ts + 40);
	assert_int_equal(get32(u.payload + 28), p.y.r.ssrc);
	assert_int_equal(get32(u.payload + 36), 0x30000u | p.y.r.seq);
	assert_int_equal(get32(u.payload + 56), toy.ssrc);
	assert_int_equal(bench_stat(&p.b, STAT_rtcp_in), 1);
	assert_int_equal(bench_stat(&p.b, STAT_rtcp_out), 1);
	pair_close(&p);
}

static void rfc3550_a_2_malformed_rtcp_is_dropped(void **state)
{
	struct pair p;
	uint8_t good[96], d[96];
	pair_open(&p, 0, 0);
	struct ip_sock from = p.x.s;
	from.port++;
	uint32_t n = make_rtcp(good, 1, 2, 3, 4), bad = 0;
	const struct {
		uint32_t at, value, len;
	} cuts[] = {{0, 0x41, n}, {1, 202, n}, {1, 203, n}, {1, 199, n}, {3, 11, n}, {3, 200, n},
	    {0, 0xa1, n}, {53, 208, n}, {0, 0x81, 7}, {0, 0x81, n - 1}, {0, 0x81, n - 4}, {0, 0x81, 20},
	    {0, 0x9f, n}, {52, 0x85, n}, {0, 0x81, 0}};
	for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++, bad++) {
		memcpy(d, good, sizeof d);
		d[cuts[i].at] = (uint8_t)cuts[i].value;
		bench_in(&p.b, &from, (uint16_t)(p.x.port + 1), d, cuts[i].len);
	}
	must_be_silent(&p.b);
	assert_int_equal(bench_stat(&p.b, STAT_drop_rtcp_bad), bad);
	pair_close(&p);
}

static void rtcp_of_a_stranger_is_dropped(void **state)
{
	struct pair p;
	uint8_t d[96];
	struct frame_udp u;
	pair_open(&p, 0, 0);
	struct ip_sock from = p.x.s, liar = bench_sock("192.0.2.11", 4001);
	uint32_t n = make_rtcp(d, 1, 2, 3, 4);
	bench_in(&p.b, &liar, (uint16_t)(p.x.port + 1), d, n);
	must_be_silent(&p.b);
	from.port = 9999; /* the right host behind a NAT: learned */
	bench_in(&p.b, &from, (uint16_t)(p.x.port + 1), d, n);
	assert_true(bench_out(&p.b, &u));
	from.port = 9998;
	bench_in(&p.b, &from, (uint16_t)(p.x.port + 1), d, n);
	must_be_silent(&p.b);
	assert_int_equal(bench_stat(&p.b, STAT_drop_rtp_stranger), 2);
	pair_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rtp_is_relayed_both_ways_with_our_own_ssrc),
	    cmocka_unit_test(rtp_keeps_gaps_and_order_of_its_feeder),
	    cmocka_unit_test(rtp_numbering_goes_on_across_a_rebridge),
	    cmocka_unit_test(rtp_a_rebridge_to_a_feeder_with_the_same_ssrc_is_continuous_too),
	    cmocka_unit_test(rtp_feeder_with_a_new_ssrc_goes_on_in_our_stream),
	    cmocka_unit_test(rtp_of_an_unbridged_leg_goes_nowhere),
	    cmocka_unit_test(rtp_is_transcoded_when_the_laws_differ),
	    cmocka_unit_test(rfc4733_events_get_the_peers_number_and_stay_as_they_are),
	    cmocka_unit_test(rtp_payload_types_that_were_not_agreed_are_dropped),
	    cmocka_unit_test(rfc3264_8_4_nothing_flows_against_the_agreed_direction),
	    cmocka_unit_test(rfc2543_hold_by_address_zero_keeps_the_lock),
	    cmocka_unit_test(media_never_sends_where_it_must_not),
	    cmocka_unit_test(learning_takes_another_source_after_three_in_a_row),
	    cmocka_unit_test(learning_needs_one_source_with_one_ssrc),
	    cmocka_unit_test(learning_ends_with_its_window),
	    cmocka_unit_test(learning_gives_up_after_too_many_candidates),
	    cmocka_unit_test(rtp_bleed_a_stranger_never_gets_in_once_locked),
	    cmocka_unit_test(learning_the_sdps_address_takes_over_from_a_learned_one),
	    cmocka_unit_test(learning_starts_again_when_the_address_changes),
	    cmocka_unit_test(learning_is_not_restarted_by_the_same_address),
	    cmocka_unit_test(rtp_before_any_answer_is_nobodys),
	    cmocka_unit_test(rfc3550_5_1_headers_that_lie_are_dropped),
	    cmocka_unit_test(rfc3550_5_1_only_the_payload_is_transcoded),
	    cmocka_unit_test(ports_rest_before_they_are_used_again),
	    cmocka_unit_test(ports_starved_pool_serves_again_when_one_is_back),
	    cmocka_unit_test(ports_quarantine_works_across_the_clocks_wrap),
	    cmocka_unit_test(ports_start_in_an_order_that_depends_on_the_key),
	    cmocka_unit_test(ports_late_packets_of_a_closed_leg_are_nobodys),
	    cmocka_unit_test(ports_each_worker_owns_its_slice),
	    cmocka_unit_test(rfc3550_6_reports_are_mapped_into_the_other_sides_streams),
	    cmocka_unit_test(rfc3550_a_2_malformed_rtcp_is_dropped),
	    cmocka_unit_test(rtcp_of_a_stranger_is_dropped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
