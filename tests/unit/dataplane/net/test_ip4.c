/* SPDX-License-Identifier: Apache-2.0 */
/* Ethernet, IPv4, ICMP and UDP without fragments. */
#include "tests/unit/dataplane/net/rig.h"

#include <errno.h>
#include <string.h>

#include "dataplane/net/icmp.h"

static struct rig r;
static struct frame f;

static int setup(void **state)
{
	rig_defaults(&r);
	rig_start(&r);
	rig_know(&r, RIG_PEER, peer_mac);
	return 0;
}

static int teardown(void **state)
{
	rig_stop(&r);
	return 0;
}

static void restart(void)
{
	struct rig keep = r;
	rig_stop(&r);
	rig_defaults(&r);
	r.conf = keep.conf;
	r.mem = keep.mem;
	rig_start(&r);
}

/* The frame ends in this row, and nowhere else. */
static void dropped_as(enum stat_id id)
{
	uint64_t one = rig_stat(&r, id), all = rig_drops(&r);
	rig_in(&r, &f);
	assert_int_equal(rig_stat(&r, id), one + 1);
	assert_int_equal(rig_drops(&r), all + 1);
	assert_int_equal(r.n_udp, 0);
	assert_int_equal(r.io->ops->pkts_used(r.io), 0);
	rig_none(&r);
}

static void fix_ip_sum(uint32_t hlen)
{
	f.b[24] = f.b[25] = 0;
	uint16_t c = sum16(f.b + 14, hlen);
	f.b[24] = (uint8_t)(c >> 8);
	f.b[25] = (uint8_t)c;
}

static void good_udp(void)
{
	f_udp(&f, RIG_PEER, 5062, 5060, "OPTIONS", 7);
}

static void udp_reaches_the_layer_above(void **state)
{
	good_udp();
	f_put(&f, "\0\0\0\0\0\0\0\0\0\0\0", 11); /* ethernet padding */
	rig_in(&r, &f);
	assert_int_equal(r.n_udp, 1);
	assert_int_equal(r.got_len, 7);
	assert_memory_equal(r.got, "OPTIONS", 7);
	const struct ip_sock src = sock4(RIG_PEER, 5062), dst = sock4(RIG_IP, 5060);
	assert_true(ip_sock_eq(&r.src, &src));
	assert_true(ip_sock_eq(&r.dst, &dst));
}

static void udp_sent_is_right_to_the_bit(void **state)
{
	for (uint32_t n = 0; n < 50; n++) {
		uint8_t b[64];
		fill(b, n, n);
		assert_int_equal(rig_send(&r, RIG_PEER, 5070, b, n), 0);
		assert_true(rig_out(&r, &f));
		assert_int_equal(f.len, 14 + 28 + n);
		assert_int_equal(f.b[14], 0x45);
		assert_int_equal(f.b[16] << 8 | f.b[17], 28 + n);
		assert_int_equal(f.b[22], 64); /* TTL */
		assert_int_equal(sum16(f.b + 14, 20), 0);
		assert_int_equal(udp_sum(f.b + 14), 0);
		assert_int_equal(f.b[34] << 8 | f.b[35], 5060);
		assert_int_equal(f.b[36] << 8 | f.b[37], 5070);
		assert_memory_equal(f.b + 42, b, n);
	}
}

/* The one payload in 65536 whose sum is 0 must not be sent as "no checksum". */
static void rfc768_a_checksum_of_zero_is_sent_as_ones(void **state)
{
	uint8_t b[2] = {0, 0};
	assert_int_equal(rig_send(&r, RIG_PEER, 5070, b, 2), 0);
	assert_true(rig_out(&r, &f));
	memcpy(b, f.b + 40, 2); /* adding the complement makes the sum all ones */
	assert_int_equal(rig_send(&r, RIG_PEER, 5070, b, 2), 0);
	assert_true(rig_out(&r, &f));
	assert_int_equal(f.b[40], 0xff);
	assert_int_equal(f.b[41], 0xff);
}

static void eth_short_frames(void **state)
{
	for (uint32_t n = 0; n < 14; n++) {
		good_udp();
		f.len = n;
		dropped_as(STAT_drop_eth_short);
	}
	good_udp();
	f.b[12] = 0x81;
	f.b[13] = 0;
	f.len = 17;
	dropped_as(STAT_drop_eth_short);
}

static void eth_other_destinations(void **state)
{
	good_udp();
	f.b[5] ^= 1;
	dropped_as(STAT_drop_eth_other_mac);
	good_udp();
	memset(f.b, 0xff, 6);
	dropped_as(STAT_drop_ip_other); /* RFC 1122 §3.3.6: unicast IP in a broadcast frame */
	good_udp();
	f.b[12] = 0x86;
	f.b[13] = 0xdd;
	dropped_as(STAT_drop_eth_type);
}

static void tag(uint16_t tpid, uint16_t tci)
{
	memmove(f.b + 16, f.b + 12, f.len - 12);
	f.len += 4;
	f.b[12] = (uint8_t)(tpid >> 8);
	f.b[13] = (uint8_t)tpid;
	f.b[14] = (uint8_t)(tci >> 8);
	f.b[15] = (uint8_t)tci;
}

static void vlan_untagged_host_takes_only_untagged_and_priority_frames(void **state)
{
	good_udp();
	tag(0x8100, 5);
	dropped_as(STAT_drop_eth_vlan);
	good_udp();
	tag(0x88a8, 5);
	dropped_as(STAT_drop_eth_vlan);
	good_udp();
	tag(0x8100, 0xe000);
	rig_in(&r, &f);
	assert_int_equal(r.n_udp, 1);
}

static void vlan_tagged_host_takes_only_its_own_and_tags_what_it_sends(void **state)
{
	r.conf.vlan = 42;
	restart();
	f_arp(&f, 1, peer_mac, RIG_PEER, RIG_IP);
	dropped_as(STAT_drop_eth_vlan);
	f_arp(&f, 1, peer_mac, RIG_PEER, RIG_IP);
	tag(0x8100, 42);
	rig_in(&r, &f);
	assert_true(rig_out(&r, &f));
	assert_memory_equal(f.b + 12, "\x81\x00\x00\x2a\x08\x06", 6);
	good_udp();
	tag(0x8100, 43);
	dropped_as(STAT_drop_eth_vlan);
	good_udp();
	tag(0x8100, 0x202a); /* priority bits are not the number */
	rig_in(&r, &f);
	assert_int_equal(r.n_udp, 1);
	assert_int_equal(rig_send(&r, RIG_PEER, 5060, "x", 1), 0);
	assert_true(rig_out(&r, &f));
	assert_memory_equal(f.b + 12, "\x81\x00\x00\x2a\x08\x00\x45", 7);
	assert_int_equal(udp_sum(f.b + 18), 0);
}

static void ip_every_wrong_header_is_dropped(void **state)
{
	static const struct {
		uint32_t at;
		uint8_t value;
	} bad[] = {
	    {14, 0x65}, /* version 6 */
	    {14, 0x44}, /* header of 16 bytes */
	    {14, 0x4f}, /* header longer than the packet */
	    {16, 0x01}, /* total length beyond the frame */
	    {17, 19},   /* total length shorter than the header */
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		good_udp();
		f.b[bad[i].at] = bad[i].value;
		fix_ip_sum(20);
		dropped_as(STAT_drop_ip_bad);
	}
	good_udp();
	f.b[24] ^= 0x10;
	dropped_as(STAT_drop_ip_bad);
}

static void ip_every_truncation_is_dropped(void **state)
{
	good_udp();
	uint32_t whole = f.len;
	for (uint32_t n = 14; n < whole; n++) {
		good_udp();
		f.len = n;
		dropped_as(STAT_drop_ip_bad);
	}
}

static void ip_for_another_address(void **state)
{
	good_udp();
	f.b[33]++;
	fix_ip_sum(20);
	dropped_as(STAT_drop_ip_other);
	good_udp();
	memset(f.b + 30, 0xff, 4);
	fix_ip_sum(20);
	dropped_as(STAT_drop_ip_other);
}

static void ip_from_addresses_that_no_host_has(void **state)
{
	static const uint32_t bad[] = {
	    RIG_IP, 0, 0x7f000001, 0xe0000001, 0xffffffff, 0xf0000001, 0x0a0000ff, 0x0a000000};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		f_udp(&f, bad[i], 5060, 5060, "x", 1);
		dropped_as(STAT_drop_ip_source);
	}
}

static void ip_unknown_protocol(void **state)
{
	f_ip(&f, 132, RIG_PEER, 1, 0, "abcdefgh", 8);
	dropped_as(STAT_drop_ip_proto);
}

static void with_options(const void *opt, uint8_t n)
{
	good_udp();
	memmove(f.b + 34 + n, f.b + 34, f.len - 34);
	memcpy(f.b + 34, opt, n);
	f.len += n;
	f.b[14] = (uint8_t)(0x40 | (5 + n / 4));
	f.b[17] = (uint8_t)(f.b[17] + n);
	fix_ip_sum(20u + n);
}

static void ip_options_are_skipped(void **state)
{
	with_options("\x94\x04\x00\x00", 4); /* router alert */
	rig_in(&r, &f);
	with_options("\x01\x01\x00\x07", 4); /* no operation, end: what follows is padding */
	rig_in(&r, &f);
	with_options(
	    "\x07\x27\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 40);
	rig_in(&r, &f);
	assert_int_equal(r.n_udp, 3);
	assert_int_equal(r.got_len, 7);
	assert_int_equal(rig_drops(&r), 0);
}

static void ip_malformed_options_and_source_routes_are_dropped(void **state)
{
	static const char *const bad[] = {
	    "\x94\x05\x00\x00", /* beyond the header */
	    "\x94\x00\x00\x00", /* no length: would loop */
	    "\x94\x01\x00\x00", /* shorter than itself */
	    "\x01\x01\x01\x94", /* no room for its length */
	    "\x83\x03\x04\x00", /* loose source route */
	    "\x89\x03\x04\x00", /* strict source route */
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		with_options(bad[i], 4);
		dropped_as(STAT_drop_ip_bad);
	}
}

static void udp_wrong_lengths_are_dropped(void **state)
{
	for (uint8_t len = 0; len < 8; len++) {
		good_udp();
		f.b[39] = len;
		dropped_as(STAT_drop_udp_bad);
	}
	good_udp();
	f.b[39] = 16; /* one more than there is */
	dropped_as(STAT_drop_udp_bad);
	for (uint32_t n = 0; n < 8; n++) {
		f_ip(&f, 17, RIG_PEER, 1, 0, "abcdefgh", n);
		dropped_as(STAT_drop_udp_bad);
	}
}

static void udp_shorter_than_its_ip_packet_is_cut(void **state)
{
	good_udp();
	f.b[39] = 8 + 3;
	f.b[40] = f.b[41] = 0;
	rig_in(&r, &f);
	assert_int_equal(r.n_udp, 1);
	assert_int_equal(r.got_len, 3);
}

static void udp_checksums_are_verified_when_asked_for(void **state)
{
	good_udp();
	f.b[f.len - 1] ^= 1;
	dropped_as(STAT_drop_udp_bad);
	good_udp();
	f.b[40] = f.b[41] = 0; /* none was made */
	rig_in(&r, &f);
	assert_int_equal(r.n_udp, 1);
	r.conf.check_l4_sums = false;
	restart();
	good_udp();
	f.b[f.len - 1] ^= 1;
	rig_in(&r, &f);
	assert_int_equal(r.n_udp, 1);
}

static void make_echo(uint32_t n, bool good)
{
	static uint8_t m[4096];
	memcpy(m, "\x08\x00\x00\x00\x12\x34\x00\x07", 8);
	fill(m + 8, n, 3);
	uint16_t c = sum16(m, 8 + n);
	m[2] = (uint8_t)(c >> 8);
	m[3] = (uint8_t)(good ? c : c ^ 1);
	f_ip(&f, 1, RIG_PEER, 9, 0, m, 8 + n);
}

static void icmp_echo_is_answered(void **state)
{
	uint8_t body[56];
	fill(body, 56, 3);
	make_echo(56, true);
	rig_in(&r, &f);
	assert_true(rig_out(&r, &f));
	assert_memory_equal(f.b, peer_mac, 6);
	assert_int_equal(f.b[34], 0);
	assert_memory_equal(f.b + 38, "\x12\x34\x00\x07", 4);
	assert_memory_equal(f.b + 42, body, 56);
	assert_int_equal(sum16(f.b + 34, 64), 0);
	assert_int_equal(sum16(f.b + 14, 20), 0);
	assert_int_equal(rig_stat(&r, STAT_icmp_echo), 1);
}

static void icmp_bad_messages_are_dropped(void **state)
{
	make_echo(8, false);
	dropped_as(STAT_drop_icmp);
	f_ip(&f, 1, RIG_PEER, 9, 0, "\x08\x00\xf7\xff\x00\x00\x00", 7);
	dropped_as(STAT_drop_icmp);
	f_ip(&f, 1, RIG_PEER, 9, 0, "\x00\x00\xff\xff\x00\x00\x00\x00", 8); /* a reply nobody asked for */
	dropped_as(STAT_drop_icmp);
	f_ip(&f, 1, RIG_PEER, 9, 0, "\x05\x00\xfa\xff\x00\x00\x00\x00", 8); /* redirects are not obeyed */
	dropped_as(STAT_drop_icmp);
}

static void icmp_echo_is_rate_limited(void **state)
{
	for (int i = 0; i < ICMP_ECHO_BURST + 50; i++) {
		make_echo(8, true);
		rig_in(&r, &f);
		while (rig_out(&r, &f))
			;
	}
	assert_int_equal(rig_stat(&r, STAT_icmp_echo), ICMP_ECHO_BURST);
	assert_int_equal(rig_stat(&r, STAT_drop_icmp), 50);
}

/* An error about the packet in `sent` (from its IP header on), quoting `quote` bytes. */
static void make_unreachable(uint8_t type, uint8_t code, const struct frame *sent, uint32_t quote)
{
	uint8_t m[8 + 1500] = {type, code};
	memcpy(m + 8, sent->b + 14, quote);
	uint16_t c = sum16(m, 8 + quote);
	m[2] = (uint8_t)(c >> 8);
	m[3] = (uint8_t)c;
	f_ip(&f, 1, RIG_PEER, 9, 0, m, 8 + quote);
}

static struct frame send_one(void)
{
	static struct frame s;
	assert_int_equal(rig_send(&r, RIG_PEER, 5070, "INVITE", 6), 0);
	assert_true(rig_out(&r, &s));
	return s;
}

static void icmp_unreachable_is_told_with_both_addresses(void **state)
{
	const struct ip_sock local = sock4(RIG_IP, 5060), remote = sock4(RIG_PEER, 5070);
	for (uint8_t code = 0; code < 5; code++) {
		struct frame s = send_one();
		make_unreachable(3, code, &s, 28);
		rig_in(&r, &f);
		assert_int_equal(r.n_err, code + 1u);
		assert_true(ip_sock_eq(&r.err.local, &local));
		assert_true(ip_sock_eq(&r.err.remote, &remote));
		assert_int_equal(r.err.icmp_type, 3);
		assert_int_equal(r.err.icmp_code, code);
		assert_false(r.err.arp);
	}
	assert_int_equal(rig_stat(&r, STAT_icmp_unreachable), 5);
}

static void icmp_unreachable_is_believed_though_routers_changed_the_quoted_header(void **state)
{
	struct frame s = send_one();
	s.b[22] = 3; /* TTL */
	s.b[24] ^= 0x55;
	make_unreachable(3, 1, &s, 28);
	rig_in(&r, &f);
	assert_int_equal(r.n_err, 1);
}

static void rfc5927_made_up_unreachables_are_dropped(void **state)
{
	static const uint32_t spoil[] = {
	    18, 19, /* identification */
	    26,     /* source is not us */
	    33,     /* destination */
	    23,     /* protocol */
	    35, 37, /* ports */
	    40, 41, /* checksum */
	    14,     /* version */
	};
	for (size_t i = 0; i < sizeof spoil / sizeof spoil[0]; i++) {
		struct frame s = send_one();
		s.b[spoil[i]] ^= 0x10;
		make_unreachable(3, 3, &s, 28);
		dropped_as(STAT_drop_icmp);
	}
	struct frame s = send_one();
	s.b[21] = 1; /* a later fragment */
	make_unreachable(3, 3, &s, 28);
	dropped_as(STAT_drop_icmp);
	for (uint32_t quote = 0; quote < 28; quote++) {
		make_unreachable(3, 3, &s, quote);
		dropped_as(STAT_drop_icmp);
	}
	assert_int_equal(r.n_err, 0);
}

static void route_static_beats_default_and_the_longest_wins(void **state)
{
	r.conf.n_routes = 2;
	r.conf.routes[0] = (struct dp_route){sock4(0xc0a80000, 0).a, 16, sock4(0x0a000005, 0).a};
	r.conf.routes[1] = (struct dp_route){sock4(0xc0a80700, 0).a, 24, sock4(0x0a000006, 0).a};
	restart();
	rig_know(&r, 0x0a000005, (const uint8_t[6]){2, 0, 0, 0, 0, 5});
	rig_know(&r, 0x0a000006, (const uint8_t[6]){2, 0, 0, 0, 0, 6});
	rig_know(&r, RIG_GW, (const uint8_t[6]){2, 0, 0, 0, 0, 1});
	const struct {
		uint32_t ip;
		uint8_t mac;
	} want[] = {{0xc0a80101, 5}, {0xc0a80701, 6}, {0x08080808, 1}};
	for (int i = 0; i < 3; i++) {
		assert_int_equal(rig_send(&r, want[i].ip, 5060, "x", 1), 0);
		assert_true(rig_out(&r, &f));
		assert_int_equal(f.b[5], want[i].mac);
	}
}

static void route_missing_is_an_error_and_a_counted_drop(void **state)
{
	r.conf.gateway.fam = 0;
	restart();
	assert_int_equal(rig_send(&r, 0x08080808, 5060, "x", 1), -ENETUNREACH);
	assert_int_equal(rig_stat(&r, STAT_drop_ip_no_route), 1);
	rig_none(&r);
}

static void addresses_that_must_not_be_sent_to_are_refused(void **state)
{
	static const uint32_t bad[] = {RIG_IP, 0, 0x7f000001, 0xe0000001, 0xffffffff, 0x0a0000ff};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		const struct ip_sock s = sock4(bad[i], 5060);
		assert_true(net_forbidden(r.net, &s));
		assert_int_equal(rig_send(&r, bad[i], 5060, "x", 1), -ENETUNREACH);
	}
	const struct ip_sock zero = sock4(RIG_PEER, 0), good = sock4(RIG_PEER, 1);
	assert_true(net_forbidden(r.net, &zero));
	assert_false(net_forbidden(r.net, &good));
	rig_none(&r);
}

static void net_new_refuses_a_config_that_cannot_work(void **state)
{
	const struct net_ops ops = {0};
	struct net *n = NULL;
	struct dp_conf c = r.conf;
	c.prefix = 33;
	assert_int_equal(net_new(&n, &c, r.io, r.wheel, &r.stats, &ops, r.now), -EINVAL);
	c = r.conf;
	c.gateway = sock4(0x0b000001, 0).a; /* not on link */
	assert_int_equal(net_new(&n, &c, r.io, r.wheel, &r.stats, &ops, r.now), -EINVAL);
	c = r.conf;
	c.mtu = 500;
	assert_int_equal(net_new(&n, &c, r.io, r.wheel, &r.stats, &ops, r.now), -EINVAL);
	c = r.conf;
	c.ip.fam = 6;
	assert_int_equal(net_new(&n, &c, r.io, r.wheel, &r.stats, &ops, r.now), -EINVAL);
	assert_int_equal(net_new(&n, &r.conf, NULL, r.wheel, &r.stats, &ops, r.now), -EINVAL);
	assert_null(n);
}

static void a_device_that_takes_nothing_is_a_counted_drop(void **state)
{
	pktio_mem_block_tx(r.io, true);
	for (int i = 0; i < 100; i++)
		assert_int_equal(rig_send(&r, RIG_PEER, 5060, "x", 1), 0);
	assert_int_equal(rig_stat(&r, STAT_drop_tx_full), 100);
	assert_int_equal(r.io->ops->pkts_used(r.io), 0);
	pktio_mem_block_tx(r.io, false);
	assert_int_equal(rig_send(&r, RIG_PEER, 5060, "x", 1), 0);
	assert_true(rig_out(&r, &f));
}

static void an_empty_packet_pool_is_a_counted_drop(void **state)
{
	struct pkt *all[128];
	for (int i = 0; i < 128; i++)
		assert_non_null(all[i] = net_alloc(r.net));
	assert_null(net_alloc(r.net));
	assert_int_equal(rig_stat(&r, STAT_drop_no_pkt), 1);
	good_udp();
	rig_in(&r, &f); /* as a NIC without buffers */
	assert_int_equal(pktio_mem_lost(r.io), 1);
	pkt_put(all[0]);
	/* one buffer: the ARP request is taken in, its answer has none */
	f_arp(&f, 1, other_mac, RIG_PEER + 1, RIG_IP);
	rig_in(&r, &f);
	assert_int_equal(rig_stat(&r, STAT_drop_no_pkt), 2);
	make_echo(8, true); /* is answered in its own buffer */
	rig_in(&r, &f);
	assert_true(rig_out(&r, &f));
	for (int i = 1; i < 128; i++)
		pkt_put(all[i]);
	assert_int_equal(r.io->ops->pkts_used(r.io), 0);
}

static void a_retransmission_in_the_same_turn_does_not_spoil_the_first(void **state)
{
	const struct ip_sock a = sock4(RIG_PEER, 5060), b = sock4(RIG_PEER, 5062);
	struct pkt *p = net_alloc(r.net);
	memcpy(p->data, "hello", 5);
	p->len = 5;
	pkt_ref(p);
	assert_int_equal(net_udp_send(r.net, p, 5060, &a, r.now), 0);
	assert_int_equal(net_udp_resend(r.net, p, 5061, &b, r.now), 0);
	net_flush(r.net, r.now);
	for (int i = 0; i < 2; i++) {
		assert_true(rig_out(&r, &f));
		assert_int_equal(f.len, 47);
		assert_int_equal(udp_sum(f.b + 14), 0);
		assert_int_equal(f.b[37], (i ? 5062 : 5060) & 255);
		assert_memory_equal(f.b + 42, "hello", 5);
	}
	assert_int_equal(r.io->ops->pkts_used(r.io), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(udp_reaches_the_layer_above),
	    T(udp_sent_is_right_to_the_bit),
	    T(rfc768_a_checksum_of_zero_is_sent_as_ones),
	    T(eth_short_frames),
	    T(eth_other_destinations),
	    T(vlan_untagged_host_takes_only_untagged_and_priority_frames),
	    T(vlan_tagged_host_takes_only_its_own_and_tags_what_it_sends),
	    T(ip_every_wrong_header_is_dropped),
	    T(ip_every_truncation_is_dropped),
	    T(ip_for_another_address),
	    T(ip_from_addresses_that_no_host_has),
	    T(ip_unknown_protocol),
	    T(ip_options_are_skipped),
	    T(ip_malformed_options_and_source_routes_are_dropped),
	    T(udp_wrong_lengths_are_dropped),
	    T(udp_shorter_than_its_ip_packet_is_cut),
	    T(udp_checksums_are_verified_when_asked_for),
	    T(icmp_echo_is_answered),
	    T(icmp_bad_messages_are_dropped),
	    T(icmp_echo_is_rate_limited),
	    T(icmp_unreachable_is_told_with_both_addresses),
	    T(icmp_unreachable_is_believed_though_routers_changed_the_quoted_header),
	    T(rfc5927_made_up_unreachables_are_dropped),
	    T(route_static_beats_default_and_the_longest_wins),
	    T(route_missing_is_an_error_and_a_counted_drop),
	    T(addresses_that_must_not_be_sent_to_are_refused),
	    T(net_new_refuses_a_config_that_cannot_work),
	    T(a_device_that_takes_nothing_is_a_counted_drop),
	    T(an_empty_packet_pool_is_a_counted_drop),
	    T(a_retransmission_in_the_same_turn_does_not_spoil_the_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
