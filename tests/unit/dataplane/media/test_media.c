/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <spandsp.h>

#include "tests/unit/dataplane/media/media_bench.h"

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

static void agree(struct pair *p, const struct far *f, uint8_t pt, bool pcmu, bool pcma)
{
	struct media_agreed a = agreed(&f->s, pt);
	a.pcmu = pcmu;
	a.pcma = pcma;
	media_agree(p->b.media, f->leg, &a, p->b.now);
}

/* f speaks in this codec: what the other side gets. */
static struct rtp speak(struct pair *p, struct far *f, uint8_t pt, uint8_t fill)
{
	f->r.pt = pt;
	f->r.fill = fill;
	far_send(&p->b, f);
	return must_get(&p->b, f == &p->x ? &p->y : &p->x);
}

static void rfc3264_7_an_agreed_codec_passes_when_the_peer_agreed_on_it_too(void **state)
{
	struct pair p;
	pair_open(&p, 0, 8);
	agree(&p, &p.x, 0, true, true);
	agree(&p, &p.y, 8, true, true);
	for (uint8_t i = 0; i < 8; i++) {
		uint8_t pt = i & 1 ? 8 : 0;
		struct rtp toy = speak(&p, &p.x, pt, (uint8_t)(0x20 + i)),
		           tox = speak(&p, &p.y, pt, (uint8_t)(0xa0 + i));
		assert_int_equal(toy.pt, pt);
		assert_int_equal(toy.fill, 0x20 + i);
		assert_int_equal(tox.pt, pt);
		assert_int_equal(tox.fill, 0xa0 + i);
	}
	assert_int_equal(bench_stat(&p.b, STAT_drop_rtp_codec), 0);
	pair_close(&p);
}

static void rfc3264_7_an_agreed_codec_becomes_the_only_one_of_the_peer(void **state)
{
	for (uint8_t only = 0; only <= 8; only += 8) {
		struct pair p;
		struct rtp first = {0};
		pair_open(&p, 0, only);
		agree(&p, &p.x, 0, true, true);
		for (int i = 0; i < 256; i++) {
			uint8_t v = (uint8_t)i, want = only ? ulaw_to_alaw(v) : alaw_to_ulaw(v);
			struct rtp same = speak(&p, &p.x, only, v), other = speak(&p, &p.x, only ? 0 : 8, v);
			assert_true(same.pt == only && same.fill == v);
			assert_true(other.pt == only && other.fill == want);
			/* one stream, whatever feeds it */
			assert_int_equal((uint16_t)(other.seq - same.seq), 1);
			assert_int_equal(other.ts - same.ts, 160);
			first = i ? first : same;
			assert_int_equal(other.ssrc, first.ssrc);
			assert_false(other.mark);
		}
		pair_close(&p);
	}
}

static void rfc3264_8_a_later_answer_takes_a_codec_away(void **state)
{
	struct pair p;
	pair_open(&p, 0, 0);
	agree(&p, &p.x, 0, true, true);
	(void)speak(&p, &p.x, 8, 1);
	agree(&p, &p.x, 0, true, false);
	(void)speak(&p, &p.x, 0, 1);
	p.x.r.pt = 8;
	far_send(&p.b, &p.x);
	must_be_silent(&p.b);
	assert_int_equal(bench_stat(&p.b, STAT_drop_rtp_codec), 1);
	/* and gives one to the peer: no more transcoding */
	agree(&p, &p.x, 0, true, true);
	agree(&p, &p.y, 0, true, true);
	struct rtp r = speak(&p, &p.x, 8, 0x21);
	assert_int_equal(r.pt, 8);
	assert_int_equal(r.fill, 0x21);
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

static void learning_switched_off_hears_the_sdps_address_only(void **state)
{
	struct pair p;
	pair_open_unlearned(&p);
	struct far nat = p.x;
	nat.s = bench_sock("192.0.2.11", 7777);
	for (int i = 0; i < 10; i++)
		far_send(&p.b, &nat);
	nat.s = bench_sock("192.0.2.10", 4002); /* same host, other port */
	for (int i = 0; i < 10; i++)
		far_send(&p.b, &nat);
	must_be_silent(&p.b);
	assert_int_equal(bench_stat(&p.b, STAT_drop_rtp_stranger), 20);
	assert_int_equal(bench_stat(&p.b, STAT_rtp_learned), 0);
	far_send(&p.b, &p.x);
	(void)must_get(&p.b, &p.y);
	far_send(&p.b, &p.y); /* and it is sent where its SDP says */
	(void)must_get(&p.b, &p.x);
	pair_close(&p);
}

static void rtp_before_any_answer_is_nobodys(void **state)
{
	struct bench b;
	bench_open(&b, 4);
	struct far f = {.s = bench_sock("192.0.2.10", 4000), .leg = media_open(b.media, 4, b.now)};
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
	    cmocka_unit_test(rfc3264_7_an_agreed_codec_passes_when_the_peer_agreed_on_it_too),
	    cmocka_unit_test(rfc3264_7_an_agreed_codec_becomes_the_only_one_of_the_peer),
	    cmocka_unit_test(rfc3264_8_a_later_answer_takes_a_codec_away),
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
	    cmocka_unit_test(learning_switched_off_hears_the_sdps_address_only),
	    cmocka_unit_test(rtp_before_any_answer_is_nobodys),
	    cmocka_unit_test(rfc3550_5_1_headers_that_lie_are_dropped),
	    cmocka_unit_test(rfc3550_5_1_only_the_payload_is_transcoded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
