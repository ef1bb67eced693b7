/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 fragments, in and out. */
#include "tests/unit/dataplane/net/rig.h"

#include <string.h>

#include "dataplane/net/frag.h"
#include "dataplane/net/host.h"

#define BODY 3000u

static struct rig r;
static struct frame f;
static uint8_t body[16384], udp[16384 + 8];
static uint32_t udp_len;

static int setup(void **state)
{
	rig_defaults(&r);
	rig_start(&r);
	rig_know(&r, RIG_PEER, peer_mac);
	fill(body, sizeof body, 5);
	udp_len = make_udp(udp, RIG_PEER, 5062, 5060, body, BODY);
	return 0;
}

static int teardown(void **state)
{
	rig_stop(&r);
	return 0;
}

/* Bytes [from, to) of the datagram as a fragment. */
static void piece(uint16_t id, uint32_t from, uint32_t to, bool more)
{
	f_ip(&f, 17, RIG_PEER, id, (uint16_t)(from / 8 | (more ? 0x2000 : 0)), udp + from, to - from);
	rig_in(&r, &f);
}

static void whole_came(uint32_t times)
{
	assert_int_equal(r.n_udp, times);
	assert_int_equal(r.got_len, BODY);
	assert_memory_equal(r.got, body, BODY);
	assert_int_equal(r.io->ops->pkts_used(r.io), 0);
	assert_int_equal(frag_used(r.net), 0);
}

static void frag_in_order(void **state)
{
	piece(1, 0, 1480, true);
	piece(1, 1480, 2960, true);
	assert_int_equal(r.n_udp, 0);
	piece(1, 2960, udp_len, false);
	whole_came(1);
	assert_int_equal(rig_stat(&r, STAT_ip_frags_in), 3);
	assert_int_equal(rig_stat(&r, STAT_ip_reassembled), 1);
	assert_int_equal(rig_drops(&r), 0);
}

static void frag_reversed(void **state)
{
	piece(1, 2960, udp_len, false);
	piece(1, 1480, 2960, true);
	piece(1, 0, 1480, true);
	whole_came(1);
}

static void frag_every_order_of_four(void **state)
{
	static const uint32_t cut[5] = {0, 800, 808, 2000, 3008};
	for (int n = 0; n < 256; n++) {
		int o[4] = {n & 3, n >> 2 & 3, n >> 4 & 3, n >> 6 & 3};
		if ((1 << o[0] | 1 << o[1] | 1 << o[2] | 1 << o[3]) != 15)
			continue;
		r.n_udp = 0;
		for (int i = 0; i < 4; i++)
			piece((uint16_t)n, cut[o[i]], cut[o[i] + 1], o[i] < 3);
		whole_came(1);
	}
	assert_int_equal(rig_drops(&r), 0);
}

static void frag_two_datagrams_at_once_do_not_mix(void **state)
{
	piece(1, 0, 1480, true);
	piece(2, 0, 1480, true);
	piece(2, 1480, udp_len, false);
	assert_int_equal(r.n_udp, 1);
	piece(1, 1480, udp_len, false);
	whole_came(2);
}

static void frag_an_exact_copy_is_ignored(void **state)
{
	piece(1, 0, 1480, true);
	piece(1, 0, 1480, true);
	piece(1, 1480, 2960, true);
	piece(1, 1480, 2960, true);
	piece(1, 2960, udp_len, false);
	whole_came(1);
	assert_int_equal(rig_stat(&r, STAT_drop_ip_frag_dup), 2);
}

/* Killed: nothing comes up, even when the rest is right; the place is free again after the timeout. */
static void killed(void)
{
	assert_int_equal(rig_stat(&r, STAT_drop_ip_frag_bad), 1);
	assert_int_equal(r.io->ops->pkts_used(r.io), 0);
	piece(1, 0, 1480, true);
	piece(1, 1480, 2960, true);
	piece(1, 2960, udp_len, false);
	assert_int_equal(r.n_udp, 0);
	assert_int_equal(rig_stat(&r, STAT_drop_ip_frag_bad), 4);
	assert_int_equal(frag_used(r.net), 1);
	rig_pass(&r, FRAG_TIMEOUT_NS + 10 * MS);
	assert_int_equal(frag_used(r.net), 0);
	assert_int_equal(rig_stat(&r, STAT_drop_ip_frag_timeout), 0);
}

static void rfc5722_overlap_kills_the_datagram(void **state)
{
	piece(1, 0, 1480, true);
	piece(1, 1472, 2960, true);
	killed();
}

static void rfc5722_a_copy_with_other_bytes_kills_the_datagram(void **state)
{
	piece(1, 0, 1480, true);
	udp[100] ^= 1;
	piece(1, 0, 1480, true);
	udp[100] ^= 1;
	killed();
}

static void frag_inside_another_kills_the_datagram(void **state)
{
	piece(1, 0, 1480, true);
	udp[80] ^= 1;
	piece(1, 80, 160, true);
	udp[80] ^= 1;
	killed();
}

static void frag_beyond_the_last_kills_the_datagram(void **state)
{
	piece(1, 1480, 2000, false);
	piece(1, 2000, 2960, true);
	killed();
}

static void frag_two_different_ends_kill_the_datagram(void **state)
{
	piece(1, 2000, 2960, false);
	piece(1, 1480, 2000, false);
	killed();
}

static void frag_last_before_what_was_seen_kills_the_datagram(void **state)
{
	piece(1, 2000, 2960, true);
	piece(1, 1480, 2000, false);
	killed();
}

static void frag_not_a_multiple_of_eight_kills_the_datagram(void **state)
{
	piece(1, 0, 1479, true);
	killed();
}

static void frag_empty_kills_the_datagram(void **state)
{
	piece(1, 1480, 1480, true);
	killed();
}

static void frag_too_many_pieces_kill_the_datagram(void **state)
{
	for (uint32_t i = 0; i <= FRAG_PIECES; i++)
		piece(1, 8 * i, 8 * i + 8, true);
	assert_int_equal(rig_stat(&r, STAT_drop_ip_frag_bad), 1);
	assert_int_equal(r.io->ops->pkts_used(r.io), 0);
}

static void frag_larger_than_a_buffer_is_dropped(void **state)
{
	piece(1, 0, 1480, true);
	piece(1, 3200, 3200 + 600, false);
	assert_int_equal(rig_stat(&r, STAT_drop_ip_frag_big), 1);
	assert_int_equal(r.io->ops->pkts_used(r.io), 0);
	f_ip(&f, 17, RIG_PEER, 2, 0x1fff, udp, 1400); /* ping of death: ends beyond 65535 */
	rig_in(&r, &f);
	assert_int_equal(rig_stat(&r, STAT_drop_ip_frag_big), 2);
	assert_int_equal(r.io->ops->pkts_used(r.io), 0);
}

static void frag_exactly_a_buffer_is_taken(void **state)
{
	uint32_t n = r.mem.buf_bytes - 8u;
	uint32_t len = make_udp(udp, RIG_PEER, 5062, 5060, body, n);
	piece(1, 0, 1480, true);
	piece(1, 1480, 2960, true);
	piece(1, 2960, len, false);
	assert_int_equal(r.n_udp, 1);
	assert_int_equal(r.got_len, n);
	assert_memory_equal(r.got, body, n);
}

static void frag_missing_is_given_up_in_time(void **state)
{
	piece(1, 0, 1480, true);
	piece(1, 2960, udp_len, false);
	rig_pass(&r, FRAG_TIMEOUT_NS - 20 * MS);
	assert_int_equal(frag_used(r.net), 1);
	rig_pass(&r, 40 * MS);
	assert_int_equal(frag_used(r.net), 0);
	assert_int_equal(rig_stat(&r, STAT_drop_ip_frag_timeout), 1);
	assert_int_equal(r.io->ops->pkts_used(r.io), 0);
	piece(1, 1480, 2960, true); /* too late */
	assert_int_equal(r.n_udp, 0);
}

static void frag_table_full_gives_up_the_oldest(void **state)
{
	uint32_t places = r.conf.pkts_max / 8;
	for (uint32_t i = 0; i < places + 5; i++) {
		piece((uint16_t)i, 0, 1480, true);
		rig_pass(&r, 10 * MS);
	}
	assert_int_equal(frag_used(r.net), places);
	assert_int_equal(rig_stat(&r, STAT_drop_ip_frag_full), 5);
	piece(100, 0, 1480, true); /* a real one gets through the flood */
	piece(100, 1480, udp_len, false);
	assert_int_equal(r.n_udp, 1);
	rig_pass(&r, FRAG_TIMEOUT_NS + 10 * MS);
	assert_int_equal(frag_used(r.net), 0);
	assert_int_equal(r.io->ops->pkts_used(r.io), 0);
}

static void frag_without_buffers_is_a_counted_drop(void **state)
{
	struct pkt *all[127];
	for (int i = 0; i < 127; i++)
		assert_non_null(all[i] = net_alloc(r.net));
	piece(1, 0, 1480, true);
	assert_int_equal(rig_stat(&r, STAT_drop_ip_frag_full), 1);
	assert_int_equal(
	    rig_send(&r, RIG_PEER, 5060, body, 3000), 0); /* takes the last, has none for fragments */
	assert_int_equal(rig_stat(&r, STAT_drop_no_pkt), 1);
	rig_none(&r);
	for (int i = 0; i < 127; i++)
		pkt_put(all[i]);
	assert_int_equal(r.io->ops->pkts_used(r.io), 0);
}

static void frag_of_a_reassembled_datagram_has_its_checksum_verified(void **state)
{
	udp[2000] ^= 1;
	piece(1, 0, 1480, true);
	piece(1, 1480, udp_len, false);
	assert_int_equal(rig_stat(&r, STAT_drop_udp_bad), 1);
	assert_int_equal(r.n_udp, 0);
	assert_int_equal(r.io->ops->pkts_used(r.io), 0);
}

/* ---- out ---- */

/* Turn what the rig sent into frames for the rig: swap addresses, repair the checksums that notice. */
static void back_in(struct frame *x)
{
	memcpy(x->b, rig_mac, 6);
	memcpy(x->b + 6, peer_mac, 6);
	uint8_t src[4];
	memcpy(src, x->b + 26, 4); /* the sums stay right: the same words in another order */
	memcpy(x->b + 26, x->b + 30, 4);
	memcpy(x->b + 30, src, 4);
	rig_in(&r, x);
}

static uint32_t take_all(struct frame out[16])
{
	uint32_t n = 0;
	while (n < 16 && rig_out(&r, &out[n]))
		n++;
	return n;
}

static void check_fragments(const struct frame *out, uint32_t n, uint16_t mtu)
{
	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *ip = out[i].b + 14;
		assert_true(out[i].len <= 14u + mtu);
		assert_int_equal(sum16(ip, 20), 0);
		assert_int_equal(ip[6] & 0x40, 0); /* may be fragmented further */
		assert_int_equal(!!(ip[6] & 0x20), i + 1 < n);
		assert_memory_equal(ip + 4, out[0].b + 18, 2);
	}
}

static void frag_sent_is_put_together_to_the_same(void **state)
{
	static struct frame out[16];
	static const uint16_t mtus[] = {1500, 1400, 576, 1003};
	for (int m = 0; m < 4; m++) {
		rig_stop(&r);
		rig_defaults(&r);
		r.conf.mtu = mtus[m];
		rig_start(&r);
		rig_know(&r, RIG_PEER, peer_mac);
		for (uint32_t n = mtus[m] - 28u - 20; n < 3704; n += n < mtus[m] ? 1 : 97) {
			r.n_udp = 0;
			assert_int_equal(rig_send(&r, RIG_PEER, 5060, body, n), 0);
			uint32_t k = take_all(out);
			check_fragments(out, k, mtus[m]);
			assert_int_equal(k > 1, n + 28 > mtus[m]);
			for (uint32_t i = 0; i < k; i++)
				back_in(&out[i]);
			assert_int_equal(r.n_udp, 1);
			assert_int_equal(r.got_len, n);
			assert_memory_equal(r.got, body, n);
			rig_none(&r);
		}
		assert_int_equal(rig_drops(&r), 0);
		assert_int_equal(r.io->ops->pkts_used(r.io), 0);
	}
}

static void frag_a_retransmission_is_fragmented_again(void **state)
{
	static struct frame out[16];
	const struct ip_sock to = sock4(RIG_PEER, 5060);
	struct pkt *p = net_alloc(r.net);
	memcpy(p->data, body, 3000);
	p->len = 3000;
	pkt_ref(p);
	assert_int_equal(net_udp_send(r.net, p, 5060, &to, r.now), 0);
	for (int i = 0; i < 3; i++) {
		net_flush(r.net, r.now);
		uint32_t k = take_all(out);
		assert_int_equal(k, 3);
		for (uint32_t j = 0; j < k; j++)
			back_in(&out[j]);
		assert_int_equal(r.n_udp, i + 1u);
		assert_int_equal(r.got_len, 3000);
		assert_memory_equal(r.got, body, 3000);
		pkt_ref(p);
		assert_int_equal(net_udp_resend(r.net, p, 5060, &to, r.now), 0);
	}
	net_flush(r.net, r.now);
	pkt_put(p);
}

static void frag_the_first_names_the_sender_when_arp_fails(void **state)
{
	assert_int_equal(rig_send(&r, RIG_PEER + 1, 5066, body, 3000), 0);
	rig_pass(&r, 5000 * MS);
	assert_int_equal(r.n_err, 1);
	assert_int_equal(r.err.remote.port, 5066);
	assert_int_equal(rig_stat(&r, STAT_drop_arp_unresolved), 3);
	assert_int_equal(r.io->ops->pkts_used(r.io), 0);
}

static void frag_an_echo_above_the_mtu_is_answered_in_fragments(void **state)
{
	static struct frame out[16];
	static uint8_t m[3008];
	memset(m, 0, 8);
	m[0] = 8;
	fill(m + 8, 3000, 1);
	uint16_t c = sum16(m, sizeof m);
	m[2] = (uint8_t)(c >> 8);
	m[3] = (uint8_t)c;
	for (uint32_t off = 0; off < sizeof m; off += 1480) {
		uint32_t n = sizeof m - off < 1480 ? (uint32_t)sizeof m - off : 1480;
		f_ip(&f, 1, RIG_PEER, 3, (uint16_t)(off / 8 | (off + n < sizeof m ? 0x2000 : 0)), m + off, n);
		rig_in(&r, &f);
	}
	uint32_t k = take_all(out);
	assert_int_equal(k, 3);
	check_fragments(out, k, 1500);
	assert_int_equal(out[0].b[34], 0);
	assert_memory_equal(out[1].b + 34, m + 1480, 1480);
}

static void net_free_gives_back_what_is_under_way(void **state)
{
	piece(1, 0, 1480, true);
	assert_int_equal(rig_send(&r, RIG_PEER + 1, 5066, body, 3000), 0);
	assert_true(r.io->ops->pkts_used(r.io) >= 4);
	/* teardown asserts that nothing is missing */
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(frag_in_order),
	    T(frag_reversed),
	    T(frag_every_order_of_four),
	    T(frag_two_datagrams_at_once_do_not_mix),
	    T(frag_an_exact_copy_is_ignored),
	    T(rfc5722_overlap_kills_the_datagram),
	    T(rfc5722_a_copy_with_other_bytes_kills_the_datagram),
	    T(frag_inside_another_kills_the_datagram),
	    T(frag_beyond_the_last_kills_the_datagram),
	    T(frag_two_different_ends_kill_the_datagram),
	    T(frag_last_before_what_was_seen_kills_the_datagram),
	    T(frag_not_a_multiple_of_eight_kills_the_datagram),
	    T(frag_empty_kills_the_datagram),
	    T(frag_too_many_pieces_kill_the_datagram),
	    T(frag_larger_than_a_buffer_is_dropped),
	    T(frag_exactly_a_buffer_is_taken),
	    T(frag_missing_is_given_up_in_time),
	    T(frag_table_full_gives_up_the_oldest),
	    T(frag_without_buffers_is_a_counted_drop),
	    T(frag_of_a_reassembled_datagram_has_its_checksum_verified),
	    T(frag_sent_is_put_together_to_the_same),
	    T(frag_a_retransmission_is_fragmented_again),
	    T(frag_the_first_names_the_sender_when_arp_fails),
	    T(frag_an_echo_above_the_mtu_is_answered_in_fragments),
	    T(net_free_gives_back_what_is_under_way),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
