/* SPDX-License-Identifier: Apache-2.0 */
/* IPv6 headers, fragments, UDP over it, and errors about what was sent. */
#include "tests/unit/dataplane/net/six.h"

#include <string.h>

/* ---- IP ---- */

static void udp_reaches_the_layer_above(void **state)
{
	f_udp6(&f, peer, 4444, 5060, "hello", 5);
	f_put(&f, "pad", 3);
	rig_in(&r, &f);
	assert_int_equal(r.n_udp, 1);
	struct ip_sock src = sock6(peer, 4444), dst = sock6(ours, 5060);
	assert_true(ip_sock_eq(&r.src, &src) && ip_sock_eq(&r.dst, &dst));
	assert_int_equal(r.got_len, 5);
	assert_memory_equal(r.got, "hello", 5);
}

static void udp_sent_is_right_to_the_bit(void **state)
{
	know(peer, peer_mac);
	assert_int_equal(send6(peer, "hello", 5), 0);
	assert_true(rig_out(&r, &f));
	check_sealed(&f, 17);
	assert_memory_equal(f.b + AT, "\x60\0\0\0\0\x0d\x11\x40", 8);
	assert_memory_equal(f.b + AT + 8, ours, 16);
	assert_memory_equal(f.b + AT + 24, peer, 16);
	assert_memory_equal(f.b + AT + 40, "\x13\xc4\x13\xc4\0\x0d", 6);
}

static void rfc8200_8_1_udp_without_a_checksum_is_dropped(void **state)
{
	f_udp6(&f, peer, 4444, 5060, "hello", 5);
	f.b[AT + 46] = f.b[AT + 47] = 0;
	dropped(STAT_drop_udp_bad);
	f_udp6(&f, peer, 4444, 5060, "hello", 5);
	f.b[f.len - 1] ^= 1;
	dropped(STAT_drop_udp_bad);
}

static void addresses_that_no_host_has_are_dropped(void **state)
{
	static const uint8_t bad[][16] = {{[15] = 1}, {[10] = 0xff, 0xff, 10, 0, 0, 9}, {[12] = 10, 0, 0, 9},
	    {0xff, 2, [15] = 1}, {0}, {0xfd, 0, 0, 1, [15] = 2}};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		f_udp6(&f, bad[i], 4444, 5060, "x", 1);
		dropped(STAT_drop_ip_source);
	}
	static uint8_t b[9] = {0x11, 0x5c, 0x13, 0xc4, 0, 9};
	f_sealed(&f, &(struct six){peer, far_off, 17, 64}, b, 9, 6);
	dropped(STAT_drop_ip_other);
	f_sealed(&f, &(struct six){peer, all_nodes, 17, 64}, b, 9, 6);
	dropped(STAT_drop_ip_other);
}

static void lengths_that_lie_are_dropped(void **state)
{
	f_udp6(&f, peer, 4444, 5060, "hello", 5);
	f.b[AT + 5]++;
	dropped(STAT_drop_ip_bad);
	f_udp6(&f, peer, 4444, 5060, "hello", 5);
	f.b[AT] = 0x40;
	dropped(STAT_drop_ip_bad);
	f_udp6(&f, peer, 4444, 5060, "hello", 5);
	f.len = AT + 39;
	dropped(STAT_drop_ip_bad);
}

static void off(uint8_t *ext, uint8_t next)
{
	memset(ext, 0, 8);
	ext[0] = next;
	ext[2] = 1; /* PadN */
	ext[3] = 4;
}

static uint32_t udp_bytes(uint8_t *out, const uint8_t *src)
{
	f_udp6(&f, src, 4444, 5060, "hello", 5);
	memcpy(out, f.b + AT + 40, 13);
	return 13;
}

static void rfc8200_4_extension_headers_are_walked(void **state)
{
	uint8_t b[64];
	off(b, 60);
	off(b + 8, 43);
	off(b + 16, 17); /* routing with no segments left */
	b[18] = 0;
	b[19] = 0;
	uint32_t n = 24 + udp_bytes(b + 24, peer);
	f_six(&f, &(struct six){peer, ours, 0, 64}, b, n);
	rig_in(&r, &f);
	assert_int_equal(r.n_udp, 1);
	assert_int_equal(r.got_len, 5);
	b[19] = 1; /* we are not a stop on somebody's way */
	f_six(&f, &(struct six){peer, ours, 0, 64}, b, n);
	dropped(STAT_drop_ip_bad);
	b[19] = 0;
	b[8 + 2] = 0xc1; /* an option that we do not know and may not skip */
	f_six(&f, &(struct six){peer, ours, 0, 64}, b, n);
	dropped(STAT_drop_ip_bad);
	b[8 + 2] = 0x1e; /* one that may be skipped */
	f_six(&f, &(struct six){peer, ours, 0, 64}, b, n);
	rig_in(&r, &f);
	assert_int_equal(r.n_udp, 2);
	off(b, 60);
	off(b + 8, 0); /* hop-by-hop not in front */
	f_six(&f, &(struct six){peer, ours, 0, 64}, b, n);
	dropped(STAT_drop_ip_bad);
}

static void too_many_extension_headers_are_dropped(void **state)
{
	uint8_t b[200];
	for (int i = 0; i < 9; i++)
		off(b + 8 * i, i == 8 ? 17 : 60);
	uint32_t n = 72 + udp_bytes(b + 72, peer);
	f_six(&f, &(struct six){peer, ours, 60, 64}, b, n);
	dropped(STAT_drop_ip_bad);
}

/* ---- fragments ---- */

static void f_frag(struct frame *x, uint32_t id, uint16_t at, bool more, const uint8_t *p, uint32_t n)
{
	static uint8_t b[9000];
	const uint8_t head[8] = {17, 0, (uint8_t)(at >> 8), (uint8_t)(at | more), (uint8_t)(id >> 24),
	    (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id};
	memcpy(b, head, 8);
	memcpy(b + 8, p, n);
	f_six(x, &(struct six){peer, ours, 44, 64}, b, 8 + n);
}

static void rfc8200_4_5_a_datagram_is_put_together(void **state)
{
	static uint8_t data[3000], whole[3008];
	fill(data, sizeof data, 5);
	f_udp6(&f, peer, 4444, 5060, data, sizeof data);
	memcpy(whole, f.b + AT + 40, sizeof whole);
	for (int i = 0; i < 3; i++) {
		int k = 2 - i; /* backwards */
		uint32_t n = k == 2 ? sizeof whole - 2400 : 1200;
		f_frag(&f, 0x01020304, (uint16_t)(1200 * k), k < 2, whole + 1200 * k, n);
		rig_in(&r, &f);
	}
	assert_int_equal(r.n_udp, 1);
	assert_int_equal(r.got_len, sizeof data);
	assert_memory_equal(r.got, data, sizeof data);
}

static void rfc8200_4_5_fragments_that_overlap_kill_the_datagram(void **state)
{
	static uint8_t whole[2400];
	fill(whole, sizeof whole, 6);
	f_frag(&f, 9, 0, true, whole, 1200);
	rig_in(&r, &f);
	f_frag(&f, 9, 600, true, whole + 601, 1200);
	dropped(STAT_drop_ip_frag_bad);
	f_frag(&f, 9, 1200, false, whole + 1200, 1200);
	dropped(STAT_drop_ip_frag_bad);
	assert_int_equal(r.n_udp, 0);
}

static void rfc6946_an_atomic_fragment_stands_alone(void **state)
{
	uint8_t whole[13];
	udp_bytes(whole, peer);
	f_frag(&f, 9, 0, false, whole, sizeof whole);
	rig_in(&r, &f);
	assert_int_equal(r.n_udp, 1);
	assert_int_equal(rig_stat(&r, STAT_ip_frags_in), 0);
}

static uint32_t collect(uint8_t *out, uint32_t mtu)
{
	uint32_t n = 0, count = 0, id = 0;
	while (rig_out(&r, &f)) {
		const uint8_t *h = f.b + AT;
		uint32_t len = (uint32_t)(h[4] << 8 | h[5]), at = (uint32_t)(h[42] << 8 | h[43]);
		assert_int_equal(h[6], 44);
		assert_int_equal(h[40], 17);
		assert_true(f.len - AT <= mtu);
		assert_int_equal(at & ~7u, n);
		uint32_t this = (uint32_t)(h[44] << 24 | h[45] << 16 | h[46] << 8 | h[47]);
		assert_true(count == 0 || this == id);
		id = this;
		memcpy(out + n, h + 48, len - 8);
		n += len - 8;
		count++;
		if (!(at & 1))
			break;
	}
	return n;
}

static void sent_is_cut_to_what_every_path_carries(void **state)
{
	static uint8_t data[3000], got[4000], ip[40];
	fill(data, sizeof data, 7);
	know(peer, peer_mac);
	assert_int_equal(send6(peer, data, sizeof data), 0); /* on the link: the MTU */
	assert_int_equal(collect(got, 1500), 3008);
	memcpy(ip + 8, ours, 16);
	memcpy(ip + 24, peer, 16);
	assert_int_equal(sum6(ip, 17, got, 3008), 0);
	assert_memory_equal(got + 8, data, sizeof data);
	assert_int_equal(send6(far_off, data, 1300), 0); /* beyond: 1,280 */
	assert_true(rig_out(&r, &f));
	advertise(gate, other_mac);
	assert_int_equal(collect(got, 1280), 1308);
	assert_memory_equal(got + 8, data, 1300);
}

/* ---- what did not arrive ---- */

static void rfc4443_3_1_an_unreachable_for_what_was_sent_is_told(void **state)
{
	static uint8_t quote[200];
	know(peer, peer_mac);
	assert_int_equal(send6(peer, "hello", 5), 0);
	assert_true(rig_out(&r, &f));
	uint32_t n = f.len - AT;
	memcpy(quote, f.b + AT, n);
	quote[7]--; /* a router counted a hop */
	f_icmp(&f, &(struct six){peer, ours, 58, 64}, 1, 0, quote, n);
	rig_in(&r, &f);
	assert_int_equal(r.n_err, 1);
	struct ip_sock to = sock6(peer, 5060);
	assert_true(ip_sock_eq(&r.err.remote, &to) && !r.err.arp && r.err.icmp_type == 1);
	quote[46] ^= 1; /* one that did not see the packet */
	f_icmp(&f, &(struct six){peer, ours, 58, 64}, 1, 0, quote, n);
	dropped(STAT_drop_icmp);
	quote[46] ^= 1;
	quote[41] ^= 1; /* another port */
	f_icmp(&f, &(struct six){peer, ours, 58, 64}, 1, 0, quote, n);
	dropped(STAT_drop_icmp);
	assert_int_equal(r.n_err, 1);
	for (uint32_t cut = 0; cut < 48; cut++) { /* too little of it */
		f_icmp(&f, &(struct six){peer, ours, 58, 64}, 1, 0, quote, cut);
		dropped(STAT_drop_icmp);
	}
}

static void every_beginning_of_every_packet_is_safe(void **state)
{
	static struct frame whole[5];
	uint8_t b[64];
	off(b, 60);
	off(b + 8, 17);
	uint32_t n = 16 + udp_bytes(b + 16, peer);
	f_six(&whole[0], &(struct six){peer, ours, 0, 64}, b, n);
	f_nd(&whole[1], &(struct six){peer, ours_group, 58, 255}, 135, 0, ours, 1, peer_mac);
	f_router(&whole[2], gate, 255, 5);
	f_frag(&whole[3], 3, 0, true, b, 64);
	f_icmp(&whole[4], &(struct six){peer, ours, 58, 64}, 1, 0, b, 64);
	for (int k = 0; k < 5; k++) {
		for (uint32_t len = 0; len < whole[k].len; len++) {
			f = whole[k];
			f.len = len;
			rig_in(&r, &f);
			if (len >= AT + 40) { /* the same with a length that fits */
				f = whole[k];
				f.len = len;
				f.b[AT + 4] = (uint8_t)((len - AT - 40) >> 8);
				f.b[AT + 5] = (uint8_t)(len - AT - 40);
				rig_in(&r, &f);
			}
		}
	}
	swallow();
	assert_int_equal(r.n_udp, 0);
}

static void without_an_address_ipv6_is_a_protocol_we_do_not_speak(void **state)
{
	rig_defaults(&r);
	rig_start(&r);
	f_udp6(&f, peer, 4444, 5060, "hello", 5);
	dropped(STAT_drop_eth_type);
	f_nd(&f, &(struct six){peer, ours_group, 58, 255}, 135, 0, ours, 1, peer_mac);
	dropped(STAT_drop_eth_other_mac);
	assert_int_equal(send6(peer, "x", 1), -101);
	rig_stop(&r);
}

static void groups_of_others_are_not_ours(void **state)
{
	f_nd(&f, &(struct six){peer, peer_group, 58, 255}, 135, 0, peer, 1, peer_mac);
	dropped(STAT_drop_eth_other_mac);
}

static void our_addresses_have_numbers(void **state)
{
	struct ip_addr six = sock6(ours, 0).a, four = sock4(RIG_IP, 0).a, link = sock6(link_own, 0).a;
	uint32_t own = net_own(r.net, &six);
	assert_int_equal(own, 1);
	assert_int_equal(net_own_for(r.net, 6), own);
	assert_int_equal(net_own_for(r.net, 4), 0);
	struct ip_addr back = net_own_addr(r.net, own);
	assert_true(ip_addr_eq(&back, &six));
	assert_int_equal(net_own(r.net, &four), 0);
	assert_int_equal(net_own(r.net, &link), 0xffffffff);
	struct ip_sock bad = sock6(ours, 5060), good = sock6(far_off, 5060);
	assert_true(net_forbidden(r.net, &bad));
	assert_false(net_forbidden(r.net, &good));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(udp_reaches_the_layer_above),
	    T(udp_sent_is_right_to_the_bit),
	    T(rfc8200_8_1_udp_without_a_checksum_is_dropped),
	    T(addresses_that_no_host_has_are_dropped),
	    T(lengths_that_lie_are_dropped),
	    T(rfc8200_4_extension_headers_are_walked),
	    T(too_many_extension_headers_are_dropped),
	    T(rfc8200_4_5_a_datagram_is_put_together),
	    T(rfc8200_4_5_fragments_that_overlap_kill_the_datagram),
	    T(rfc6946_an_atomic_fragment_stands_alone),
	    T(sent_is_cut_to_what_every_path_carries),
	    T(rfc4443_3_1_an_unreachable_for_what_was_sent_is_told),
	    T(every_beginning_of_every_packet_is_safe),
	    cmocka_unit_test(without_an_address_ipv6_is_a_protocol_we_do_not_speak),
	    T(groups_of_others_are_not_ours),
	    T(our_addresses_have_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
