/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/dataplane/media/media_bench.h"

/* ---- ports ---- */

static void ports_rest_before_they_are_used_again(void **state)
{
	struct bench b;
	struct dp_pool_gauge legs, ports;
	bench_open(&b, 3);
	uint32_t first = media_open(b.media, 4, b.now), second = media_open(b.media, 4, b.now);
	media_close(b.media, first, NULL, b.now);
	uint32_t third = media_open(b.media, 4, b.now);
	assert_int_not_equal(third, first);
	assert_int_equal(media_open(b.media, 4, b.now), MEDIA_NONE);
	assert_int_equal(bench_stat(&b, STAT_rtp_port_starved), 1);
	media_gauges(b.media, &legs, &ports, b.now);
	assert_int_equal(legs.used, 2);
	assert_int_equal(ports.used, 3);
	b.now += 999 * BENCH_MS;
	assert_int_equal(media_open(b.media, 4, b.now), MEDIA_NONE);
	b.now += 1 * BENCH_MS;
	media_gauges(b.media, &legs, &ports, b.now);
	assert_int_equal(ports.used, 2);
	assert_int_equal(media_open(b.media, 4, b.now), first);
	media_close(b.media, second, NULL, b.now);
	media_close(b.media, third, NULL, b.now + 5);
	media_close(b.media, first, NULL, b.now + 6);
	b.now += 2000 * BENCH_MS;
	assert_int_equal(media_open(b.media, 4, b.now), second);
	assert_int_equal(media_open(b.media, 4, b.now), third);
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
			legs[i] = media_open(b.media, 4, b.now);
			assert_in_range(legs[i], 0, 63);
			assert_false(seen >> legs[i] & 1);
			seen |= 1ull << legs[i];
			assert_int_equal(media_port(b.media, legs[i]), 10000 + 2 * legs[i]);
		}
		assert_int_equal(media_open(b.media, 4, b.now), MEDIA_NONE);
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
	uint32_t leg = media_open(b.media, 4, b.now);
	media_close(b.media, leg, NULL, b.now);
	b.now += 900 * BENCH_MS;
	assert_int_equal(media_open(b.media, 4, b.now), MEDIA_NONE);
	b.now += 100 * BENCH_MS;
	assert_int_equal(media_open(b.media, 4, b.now), leg);
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
		uint32_t x = media_open(b.media, 4, b.now), y = media_open(other, 4, b.now);
		same += x == y;
		in_order += x == i;
	}
	assert_in_range(same, 0, 20);
	assert_in_range(in_order, 0, 20);
	media_free(other);
	bench_close(&b);
}

static void ports_every_address_has_all_of_them(void **state)
{
	struct bench b;
	bool seen[3][2] = {0};
	bench_open_more(&b, 2, 2);
	for (uint32_t i = 0; i < 6; i++) {
		uint32_t leg = media_open(b.media, 4, b.now);
		struct ip_addr a = media_addr(b.media, leg);
		uint32_t own = net_own(b.net, &a), pair = (media_port(b.media, leg) - 10000u) / 2;
		assert_in_range(own, 0, 2);
		assert_in_range(pair, 0, 1);
		assert_false(seen[own][pair]);
		seen[own][pair] = true;
	}
	assert_int_equal(media_open(b.media, 4, b.now), MEDIA_NONE);
	for (uint32_t i = 0; i < 6; i++)
		media_close(b.media, i, NULL, b.now);
	bench_close(&b);
}

/* One port pair, three addresses: only the address tells the legs apart. */
static void ports_the_address_finds_the_leg_and_is_its_source(void **state)
{
	struct bench b;
	struct rtp r;
	struct frame_udp u;
	bench_open_more(&b, 1, 2);
	struct far f[3] = {
	    far_open(&b, "192.0.2.10", 0), far_open(&b, "192.0.2.11", 0), far_open(&b, "192.0.2.12", 0)};
	media_bridge(b.media, f[0].leg, f[1].leg);
	b.to = media_addr(b.media, f[0].leg);
	far_send(&b, &f[0]);
	assert_true(bench_get(&b, &r, &u));
	struct ip_addr from = media_addr(b.media, f[1].leg);
	assert_true(ip_addr_eq(&u.src.a, &from));
	assert_true(ip_sock_eq(&u.dst, &f[1].s));
	b.to = media_addr(b.media, f[2].leg);
	far_send(&b, &f[2]);
	assert_int_equal(bench_stat(&b, STAT_drop_rtp_no_peer), 1);
	far_send(&b, &f[0]);
	assert_int_equal(bench_stat(&b, STAT_drop_rtp_stranger), 1);
	must_be_silent(&b);
	for (uint32_t i = 0; i < 3; i++)
		close_leg(&b, &f[i]);
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

static void rtcp_learning_switched_off_hears_the_port_the_sdp_names(void **state)
{
	struct pair p;
	uint8_t d[96];
	struct frame_udp u;
	pair_open_unlearned(&p);
	struct media_agreed a = agreed(&p.x.s, 0);
	a.remote_rtcp_port = 5555;
	media_agree(p.b.media, p.x.leg, &a, p.b.now);
	uint32_t n = make_rtcp(d, 1, 2, 3, 4);
	struct ip_sock from = p.x.s;
	from.port = 4001;
	bench_in(&p.b, &from, (uint16_t)(p.x.port + 1), d, n);
	must_be_silent(&p.b);
	assert_int_equal(bench_stat(&p.b, STAT_drop_rtp_stranger), 1);
	from.port = 5555;
	bench_in(&p.b, &from, (uint16_t)(p.x.port + 1), d, n);
	assert_true(bench_out(&p.b, &u));
	pair_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ports_rest_before_they_are_used_again),
	    cmocka_unit_test(ports_starved_pool_serves_again_when_one_is_back),
	    cmocka_unit_test(ports_quarantine_works_across_the_clocks_wrap),
	    cmocka_unit_test(ports_start_in_an_order_that_depends_on_the_key),
	    cmocka_unit_test(ports_every_address_has_all_of_them),
	    cmocka_unit_test(ports_the_address_finds_the_leg_and_is_its_source),
	    cmocka_unit_test(ports_late_packets_of_a_closed_leg_are_nobodys),
	    cmocka_unit_test(ports_each_worker_owns_its_slice),
	    cmocka_unit_test(rfc3550_6_reports_are_mapped_into_the_other_sides_streams),
	    cmocka_unit_test(rfc3550_a_2_malformed_rtcp_is_dropped),
	    cmocka_unit_test(rtcp_of_a_stranger_is_dropped),
	    cmocka_unit_test(rtcp_learning_switched_off_hears_the_port_the_sdp_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
