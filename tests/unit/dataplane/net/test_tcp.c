/* SPDX-License-Identifier: Apache-2.0 */
/* Single rules of our TCP: one host of ours, and a far side whose segments are made by hand; for the flood two hosts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dataplane/net/cksum.h"
#include "dataplane/net/tcp_conn.h"
#include "dataplane/net/tcp_sum.h"
#include "dataplane/net/wire.h"
#include "tests/sim/tcp_world.h"

#define PORT  5060
#define FAR   4000
#define MS    TW_MS
#define FLOOD 40000u

static struct tw w;
static struct tcp_seg last; /* what our host said last, and how often it said something */
static uint32_t said, told, closed;
static struct tcp_conn *conn;
static enum tcp_why why;

static void on_far(struct tw_host *h, const uint8_t *seg, uint32_t len, uint64_t now)
{
	assert_true(tcp_seg_read(&last, seg, len));
	said++;
}

static bool on_open(void *ctx, struct tcp_conn *c, uint64_t now)
{
	conn = c;
	return true;
}

static void on_bytes(void *ctx, struct tcp_conn *c, const uint8_t *p, uint32_t n, uint64_t now)
{
	told += n;
}

static void on_closed(void *ctx, struct tcp_conn *c, enum tcp_why y, uint64_t now)
{
	closed++;
	why = y;
	conn = NULL;
}

static const struct tcp_ops quiet = {.open = on_open, .bytes = on_bytes, .closed = on_closed};

static int up(void **state)
{
	struct tw_wire wire = {.delay_ns = MS};
	struct tcp_conf k;
	tw_init(&w, 1, &wire);
	w.host[0].input = on_far;
	tcp_conf_defaults(&k, 16, 1500);
	tw_tcp(&w, 1, &k, &quiet);
	assert_int_equal(tcp_listen(w.host[1].tcp, PORT), 0);
	said = told = closed = 0;
	conn = NULL;
	return 0;
}

static int down(void **state)
{
	tw_fini(&w);
	return 0;
}

static void say(uint8_t flags, uint32_t seq, uint32_t ack, uint16_t n)
{
	static uint8_t b[2048];
	struct ip_addr us = TW_IP(1), them = TW_IP(0);
	struct tcp_key k;
	struct tcp_seg s = {.sport = FAR,
	    .dport = PORT,
	    .seq = seq,
	    .ack = ack,
	    .flags = flags,
	    .wnd = 60000,
	    .scale = TCP_NO_SCALE,
	    .mss = flags & TCP_SYN ? 1460 : 0,
	    .sack_ok = flags & TCP_SYN};
	uint32_t hdr = tcp_seg_hdr(&s);
	tcp_seg_write(&s, b);
	memset(b + hdr, 'x', n);
	tcp_key_make(&k, &us, PORT, &them, FAR);
	cksum_store(b + 16, cksum_fold(cksum_add(tcp_pseudo(&k, hdr + n), b, hdr + n)));
	tw_arrive(&w, 1, b, hdr + n);
	tw_flush(&w);
}

static void pass(uint64_t ns)
{
	uint64_t end = w.now + ns;
	while (tw_step(&w, end))
		;
}

/* Their numbers begin at 1000; the next of theirs is 1001, of ours *nxt. */
static void establish(uint32_t *nxt)
{
	say(TCP_SYN, 1000, 0, 0);
	pass(2 * MS);
	assert_int_equal(last.flags, TCP_SYN | TCP_ACK);
	*nxt = last.seq + 1;
	say(TCP_ACK, 1001, *nxt, 0);
	assert_non_null(conn);
}

static void rfc9293_3_10_7_1_a_segment_for_nobody_is_reset(void **state)
{
	say(TCP_ACK, 5, 77, 0);
	pass(2 * MS);
	assert_int_equal(last.flags, TCP_RST);
	assert_int_equal(last.seq, 77);
	say(TCP_RST, 5, 77, 0);
	pass(2 * MS);
	assert_int_equal(said, 1);
}

static void rfc5961_3_only_the_exact_number_resets(void **state)
{
	uint32_t nxt;
	establish(&nxt);
	said = 0;
	say(TCP_RST, 1001 + 500, 0, 0);
	pass(2 * MS);
	assert_int_equal(closed, 0);
	assert_int_equal(said, 1); /* a challenge */
	assert_int_equal(last.ack, 1001);
	say(TCP_RST, 1001, 0, 0);
	pass(2 * MS);
	assert_int_equal(closed, 1);
	assert_int_equal(why, TCP_WHY_RESET);
}

static void rfc5961_4_a_syn_in_the_window_is_challenged_at_a_limited_rate(void **state)
{
	uint32_t nxt;
	establish(&nxt);
	said = 0;
	for (uint32_t i = 0; i < 50; i++) {
		say(TCP_SYN, 1001 + i, 0, 0);
		pass(MS);
	}
	assert_non_null(conn);
	assert_int_equal(said, 1);
}

static void rfc5961_5_an_ack_of_what_was_never_sent_is_dropped(void **state)
{
	uint32_t nxt;
	establish(&nxt);
	say(TCP_ACK, 1001, nxt + 1, 10);
	assert_int_equal(told, 0);
	say(TCP_ACK, 1001, nxt, 10);
	assert_int_equal(told, 10);
}

static void rfc9293_3_8_6_3_an_ack_waits_less_than_half_a_second(void **state)
{
	uint32_t nxt;
	establish(&nxt);
	said = 0;
	say(TCP_ACK, 1001, nxt, 10);
	pass(10 * MS);
	assert_int_equal(said, 0);
	pass(60 * MS);
	assert_int_equal(said, 1);
	assert_int_equal(last.ack, 1011);
}

static void rfc2018_4_what_is_out_of_order_is_told_at_once_the_newest_first(void **state)
{
	uint32_t nxt;
	establish(&nxt);
	say(TCP_ACK, 1101, nxt, 100);
	say(TCP_ACK, 1301, nxt, 100);
	pass(2 * MS);
	assert_int_equal(last.ack, 1001);
	assert_int_equal(last.n_sack, 2);
	assert_int_equal(last.sack[0].from, 1301);
	assert_int_equal(last.sack[0].to, 1401);
	assert_int_equal(last.sack[1].from, 1101);
	say(TCP_ACK, 1001, nxt, 300);
	pass(2 * MS);
	assert_int_equal(last.ack, 1401);
	assert_int_equal(told, 400);
}

static void rfc2883_a_duplicate_is_reported(void **state)
{
	uint32_t nxt;
	establish(&nxt);
	say(TCP_ACK, 1001, nxt, 50);
	say(TCP_ACK, 1001, nxt, 50);
	pass(2 * MS);
	assert_int_equal(last.n_sack, 1);
	assert_int_equal(last.sack[0].from, 1001);
	assert_int_equal(last.sack[0].to, 1051);
	assert_int_equal(told, 50);
}

static void rfc6298_5_5_the_timeout_doubles_until_the_user_timeout(void **state)
{
	uint32_t nxt, before;
	establish(&nxt);
	pass(2 * MS);
	assert_int_equal(tcp_write(conn, "hello", 5, w.now), 0);
	tw_flush(&w);
	said = 0;
	pass(1900 * MS); /* no round trip was measured: 1 s, then 2 */
	before = said;
	pass(2000 * MS);
	assert_int_equal(before, 2);
	assert_int_equal(said, 3);
	pass(62000 * MS);
	assert_int_equal(closed, 1);
	assert_int_equal(why, TCP_WHY_TIMEOUT);
}

static void rfc1337_a_reset_does_not_end_time_wait(void **state)
{
	uint32_t nxt;
	establish(&nxt);
	tcp_close(conn, w.now);
	tw_flush(&w);
	say(TCP_ACK, 1001, nxt + 1, 0);
	say(TCP_FIN | TCP_ACK, 1001, nxt + 1, 0);
	pass(2 * MS);
	assert_int_equal(closed, 1);
	assert_int_equal(tcp_use(w.host[1].tcp).waits, 1);
	say(TCP_RST, 1002, 0, 0);
	assert_int_equal(tcp_use(w.host[1].tcp).waits, 1);
	pass(61000 * MS);
	assert_int_equal(tcp_use(w.host[1].tcp).waits, 0);
}

static void the_longest_idle_makes_room_for_a_new_connection(void **state)
{
	struct tw_wire wire = {.delay_ns = MS};
	struct ip_sock to = {.a = TW_IP(1), .port = PORT};
	struct ip_addr me = TW_IP(0);
	struct tcp_conn *c[3];
	struct tcp_conf k;
	tw_fini(&w);
	tw_init(&w, 1, &wire);
	tcp_conf_defaults(&k, 8, 1500);
	tw_tcp(&w, 0, &k, &quiet);
	k.conns_max = k.peer_conns_max = 2;
	tw_tcp(&w, 1, &k, &quiet);
	assert_int_equal(tcp_listen(w.host[1].tcp, PORT), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(tcp_connect(w.host[0].tcp, &c[i], &me, &to, NULL, w.now), 0);
		tw_flush(&w);
		pass(2000 * MS);
	}
	assert_int_equal(w.host[1].stats.v[STAT_tcp_swept], 1);
	assert_int_equal(tcp_use(w.host[1].tcp).conns, 2);
	assert_int_equal(c[0]->state, TCP_CLOSED); /* the first: reset */
	assert_int_equal(c[2]->state, TCP_ESTABLISHED);
}

/* ---- 40,000 spoofed SYNs at 10,000 a second ---- */

static bool only_live(struct tw *x, int from, const uint8_t *seg, uint32_t len)
{
	return from == 0 || get16(seg + 2) >= 32768; /* whoever never asked gets an answer and is not there */
}

static void on_echo(void *ctx, struct tcp_conn *c, const uint8_t *p, uint32_t n, uint64_t now)
{
	struct tw_host *h = ctx;
	told += h->side == 0 ? n : 0;
	if (h->side == 1)
		assert_int_equal(tcp_write(c, p, n, now), 0);
}

static void spoof(uint32_t i)
{
	uint8_t b[TCP_HDR];
	struct ip_addr us = TW_IP(1), them = TW_IP(0);
	struct tcp_key k;
	struct tcp_seg s = {.sport = (uint16_t)(1 + i % 20000),
	    .dport = (uint16_t)(PORT + i / 20000),
	    .seq = i * 77,
	    .flags = TCP_SYN,
	    .scale = TCP_NO_SCALE};
	tcp_seg_write(&s, b);
	tcp_key_make(&k, &us, s.dport, &them, s.sport);
	cksum_store(b + 16, cksum_fold(cksum_add(tcp_pseudo(&k, sizeof b), b, sizeof b)));
	tw_arrive(&w, 1, b, sizeof b);
	tw_flush(&w);
}

static void spoofed_syns_do_not_touch_live_connections(void **state)
{
	struct tcp_ops echo = quiet;
	struct ip_sock to = {.a = TW_IP(1), .port = PORT};
	struct ip_addr me = TW_IP(0);
	struct tcp_conn *live, *later;
	struct tw_wire wire = {.delay_ns = MS};
	struct tcp_conf k;
	tw_fini(&w);
	tw_init(&w, 1, &wire);
	w.watch = only_live;
	echo.bytes = on_echo;
	tcp_conf_defaults(&k, 16, 1500);
	tw_tcp(&w, 0, &k, &echo);
	tw_tcp(&w, 1, &k, &echo);
	assert_int_equal(tcp_listen(w.host[1].tcp, PORT) | tcp_listen(w.host[1].tcp, PORT + 1), 0);
	assert_int_equal(tcp_connect(w.host[0].tcp, &live, &me, &to, NULL, w.now), 0);
	tw_flush(&w);
	pass(10 * MS);
	for (uint32_t i = 0; i < FLOOD; i++) {
		spoof(i);
		if (i % 100 == 0) { /* each answered within the round trip */
			assert_int_equal(told, i);
			assert_int_equal(tcp_write(live, (uint8_t[100]){0}, 100, w.now), 0);
			tw_flush(&w);
		}
		if (i == FLOOD / 2)
			assert_int_equal(tcp_connect(w.host[0].tcp, &later, &me, &to, NULL, w.now), 0);
		pass(MS / 10);
	}
	assert_int_equal(told, FLOOD);
	assert_int_equal(closed, 0);
	assert_int_equal(later->state, TCP_ESTABLISHED); /* by a cookie */
	assert_int_equal(tcp_use(w.host[1].tcp).conns, 2);
	assert_true(tcp_use(w.host[1].tcp).syns <= k.syns_max);
	assert_true(w.host[1].stats.v[STAT_tcp_cookies_out] > FLOOD / 2);
	assert_int_equal(w.host[0].stats.v[STAT_tcp_retransmits] + w.host[0].stats.v[STAT_tcp_rtos], 0);
}

int main(void)
{
#define RULE(f) cmocka_unit_test_setup_teardown(f, up, down)
	const struct CMUnitTest tests[] = {
	    RULE(rfc9293_3_10_7_1_a_segment_for_nobody_is_reset),
	    RULE(rfc5961_3_only_the_exact_number_resets),
	    RULE(rfc5961_4_a_syn_in_the_window_is_challenged_at_a_limited_rate),
	    RULE(rfc5961_5_an_ack_of_what_was_never_sent_is_dropped),
	    RULE(rfc9293_3_8_6_3_an_ack_waits_less_than_half_a_second),
	    RULE(rfc2018_4_what_is_out_of_order_is_told_at_once_the_newest_first),
	    RULE(rfc2883_a_duplicate_is_reported),
	    RULE(rfc6298_5_5_the_timeout_doubles_until_the_user_timeout),
	    RULE(rfc1337_a_reset_does_not_end_time_wait),
	    RULE(the_longest_idle_makes_room_for_a_new_connection),
	    RULE(spoofed_syns_do_not_touch_live_connections),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
