/* SPDX-License-Identifier: Apache-2.0 */
/* ICMPv6 echo, neighbour discovery, routers, start. */
#include "dataplane/net/neigh.h"

#include "tests/unit/dataplane/net/six.h"

#include <string.h>

/* ---- ICMPv6 and neighbour discovery ---- */

static void rfc4443_4_2_an_echo_is_answered(void **state)
{
	know(peer, peer_mac);
	f_icmp(&f, &(struct six){peer, ours, 58, 64}, 128, 0x12340001, "payload", 7);
	rig_in(&r, &f);
	assert_true(rig_out(&r, &f));
	check_sealed(&f, 58);
	assert_int_equal(f.b[AT + 40], 129);
	assert_memory_equal(f.b + AT + 44, "\x12\x34\0\1payload", 11);
	assert_memory_equal(f.b + AT + 8, ours, 16);
	assert_memory_equal(f.b + AT + 24, peer, 16);
	assert_memory_equal(f.b, peer_mac, 6);
}

static void rfc4443_an_echo_with_a_wrong_checksum_is_dropped(void **state)
{
	f_icmp(&f, &(struct six){peer, ours, 58, 64}, 128, 1, "payload", 7);
	f.b[f.len - 1] ^= 1;
	dropped(STAT_drop_icmp);
}

static void rfc4861_7_2_4_a_solicitation_is_answered(void **state)
{
	f_nd(&f, &(struct six){peer, ours_group, 58, 255}, 135, 0, ours, 1, peer_mac);
	rig_in(&r, &f);
	assert_true(rig_out(&r, &f));
	check_sealed(&f, 58);
	assert_int_equal(f.b[AT + 7], 255);
	assert_memory_equal(f.b, peer_mac, 6);
	assert_memory_equal(f.b + AT + 8, ours, 16);
	assert_memory_equal(f.b + AT + 24, peer, 16);
	assert_int_equal(f.b[AT + 40], 136);
	assert_int_equal(f.b[AT + 44], 0x60); /* solicited, override */
	assert_memory_equal(f.b + AT + 48, ours, 16);
	assert_memory_equal(f.b + AT + 64, "\2\1", 2);
	assert_memory_equal(f.b + AT + 66, rig_mac, 6);
	assert_int_equal(rig_stat(&r, STAT_ndp_solicits), 1);
}

static void rfc4862_5_4_a_probe_for_our_address_is_answered_to_all(void **state)
{
	f_nd(&f, &(struct six){nobody, ours_group, 58, 255}, 135, 0, ours, 0, peer_mac);
	rig_in(&r, &f);
	assert_true(rig_out(&r, &f));
	check_sealed(&f, 58);
	assert_memory_equal(f.b, "\x33\x33\0\0\0\1", 6);
	assert_memory_equal(f.b + AT + 24, all_nodes, 16);
	assert_int_equal(f.b[AT + 44], 0x20);
	/* one that claims a MAC is malformed (RFC 4861 §7.1.1) */
	f_nd(&f, &(struct six){nobody, ours_group, 58, 255}, 135, 0, ours, 1, peer_mac);
	dropped(STAT_drop_ndp_bad);
}

static void rfc4291_the_link_local_address_is_made_of_the_mac(void **state)
{
	static const uint8_t group[16] = {0xff, 2, [11] = 1, 0xff, 0, 0, 2};
	f_nd(&f, &(struct six){gate, group, 58, 255}, 135, 0, link_own, 1, other_mac);
	rig_in(&r, &f);
	assert_true(rig_out(&r, &f));
	assert_memory_equal(f.b + AT + 8, link_own, 16);
}

static void rfc4861_7_1_what_crossed_a_router_is_not_believed(void **state)
{
	f_nd(&f, &(struct six){peer, ours_group, 58, 254}, 135, 0, ours, 1, peer_mac);
	dropped(STAT_drop_ndp_bad);
	f_nd(&f, &(struct six){peer, ours, 58, 254}, 136, 0x60000000, peer, 2, peer_mac);
	dropped(STAT_drop_ndp_bad);
}

static void rfc4861_4_6_an_option_without_length_is_malformed(void **state)
{
	f_nd(&f, &(struct six){peer, ours_group, 58, 255}, 135, 0, ours, 1, peer_mac);
	uint8_t b[32];
	memcpy(b, f.b + AT + 40, 32);
	b[25] = 0;
	f_sealed(&f, &(struct six){peer, ours_group, 58, 255}, b, 32, 2);
	dropped(STAT_drop_ndp_bad);
	b[25] = 2; /* longer than the message */
	f_sealed(&f, &(struct six){peer, ours_group, 58, 255}, b, 32, 2);
	dropped(STAT_drop_ndp_bad);
}

static void a_solicitation_from_off_the_link_teaches_nothing(void **state)
{
	f_nd(&f, &(struct six){far_off, ours_group, 58, 255}, 135, 0, ours, 1, peer_mac);
	dropped(STAT_drop_ndp_bad);
}

static void a_neighbour_is_asked_for_and_what_waited_leaves_in_order(void **state)
{
	assert_int_equal(send6(peer, "one", 3), 0);
	assert_true(rig_out(&r, &f));
	check_sealed(&f, 58);
	assert_true(solicits(&f, peer));
	assert_memory_equal(f.b, "\x33\x33\xff\0\0\x09", 6);
	assert_memory_equal(f.b + AT + 24, peer_group, 16);
	assert_int_equal(f.b[AT + 7], 255);
	assert_int_equal(send6(peer, "two", 3), 0);
	rig_none(&r);
	advertise(peer, peer_mac);
	for (int i = 0; i < 2; i++) {
		assert_true(rig_out(&r, &f));
		assert_true(is_udp(&f, peer_mac));
		check_sealed(&f, 17);
		assert_memory_equal(f.b + AT + 48, i ? "two" : "one", 3);
	}
	rig_none(&r);
	assert_int_equal(rig_drops(&r), 0);
}

static void a_silent_neighbour_is_told_to_the_sender(void **state)
{
	assert_int_equal(send6(peer, "x", 1), 0);
	rig_pass(&r, (NEIGH_TRIES + 1) * NEIGH_RETRY_NS);
	assert_int_equal(r.n_err, 1);
	assert_true(r.err.arp);
	struct ip_sock to = sock6(peer, 5060), from = sock6(ours, 5060);
	assert_true(ip_sock_eq(&r.err.remote, &to) && ip_sock_eq(&r.err.local, &from));
	swallow();
}

static void spoof_an_unasked_advertisement_changes_nothing(void **state)
{
	know(peer, peer_mac);
	advertise(peer, other_mac);
	assert_int_equal(send6(peer, "x", 1), 0);
	assert_true(rig_out(&r, &f) && is_udp(&f, peer_mac));
	/* nor does one teach a neighbour that nobody asked for */
	static const uint8_t stranger[16] = {0xfd, 0, 0, 1, [15] = 77};
	advertise(stranger, other_mac);
	assert_int_equal(send6(stranger, "x", 1), 0);
	assert_true(rig_out(&r, &f) && solicits(&f, stranger));
}

static void somebody_with_our_address_is_counted(void **state)
{
	f_nd(&f, &(struct six){peer, all_nodes, 58, 255}, 136, 0x20000000, ours, 2, other_mac);
	rig_in(&r, &f);
	assert_int_equal(rig_stat(&r, STAT_ndp_conflicts), 1);
	rig_none(&r);
}

static void a_flood_of_solicitations_is_limited(void **state)
{
	for (int i = 0; i < 300; i++) {
		f_nd(&f, &(struct six){peer, ours_group, 58, 255}, 135, 0, ours, 1, peer_mac);
		rig_in(&r, &f);
		swallow();
	}
	assert_int_equal(rig_stat(&r, STAT_ndp_solicits), NEIGH_BURST);
	assert_int_equal(rig_stat(&r, STAT_drop_arp_rate), 300 - NEIGH_BURST);
}

/* ---- start ---- */

static void at_start_it_joins_probes_and_announces(void **state)
{
	int reports = 0, probes = 0, adverts = 0, router = 0;
	conf6(&r);
	r.conf.gateway6 = (struct ip_addr){0};
	rig_start(&r);
	while (rig_out(&r, &f)) {
		if (f.b[AT + 6] == 0) { /* hop-by-hop, then the report */
			reports++;
			assert_int_equal(f.b[AT + 40], 58);
			assert_int_equal(f.b[AT + 48], 143);
			assert_int_equal(sum6(f.b + AT, 58, f.b + AT + 48, f.len - AT - 48), 0);
			continue;
		}
		check_sealed(&f, 58);
		assert_int_equal(f.b[AT + 7], 255);
		probes += f.b[AT + 40] == 135 && memcmp(f.b + AT + 8, nobody, 16) == 0;
		adverts += f.b[AT + 40] == 136;
		router += f.b[AT + 40] == 133;
	}
	assert_int_equal(reports, 1);
	assert_int_equal(probes, 2);
	assert_int_equal(adverts, 2);
	assert_int_equal(router, 1);
	rig_stop(&r);
}

static void rfc3810_a_query_is_answered_within_a_rate(void **state)
{
	uint8_t b[8 + 28] = {58, 0, 5, 2, 0, 0, 1, 0, 130};
	for (int i = 0; i < 5; i++) {
		const struct six h = {gate, all_nodes, 0, 1};
		b[10] = b[11] = 0;
		f_six(&f, &h, b, sizeof b);
		uint16_t c = sum6(f.b + AT, 58, b + 8, 28);
		f.b[AT + 50] = (uint8_t)(c >> 8);
		f.b[AT + 51] = (uint8_t)c;
		rig_in(&r, &f);
	}
	int reports = 0;
	while (rig_out(&r, &f))
		reports += f.b[AT + 48] == 143;
	assert_int_equal(reports, 2);
}

static void a_config_that_cannot_work_is_refused(void **state)
{
	static const struct {
		uint8_t ip[16];
		uint8_t prefix, via[16];
		uint16_t mtu;
	} bad[] = {
	    {{0xff, 2, [15] = 1}, 64, {0}, 1500},
	    {{0xfe, 0x80, [15] = 9}, 64, {0}, 1500},
	    {{[15] = 1}, 64, {0}, 1500},
	    {{[10] = 0xff, 0xff, 1, 2, 3, 4}, 64, {0}, 1500},
	    {{0xfd, [15] = 2}, 129, {0}, 1500},
	    {{0xfd, [15] = 2}, 64, {0xfd, 1, [15] = 1}, 1500},
	    {{0xfd, [15] = 2}, 64, {0xfd, [15] = 2}, 1500},
	    {{0xfd, [15] = 2}, 64, {0}, 1279},
	};
	const struct net_ops ops = {0};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		rig_defaults(&r);
		r.conf.ip6 = sock6(bad[i].ip, 0).a;
		r.conf.prefix6 = bad[i].prefix;
		r.conf.mtu = bad[i].mtu;
		if (bad[i].via[0])
			r.conf.gateway6 = sock6(bad[i].via, 0).a;
		r.io = pktio_mem_new(&r.mem);
		r.wheel = wheel_new(r.now, &r);
		assert_int_not_equal(net_new(&r.net, &r.conf, r.io, r.wheel, &r.stats, &ops, r.now), 0);
		pktio_mem_free(r.io);
		wheel_free(r.wheel);
	}
}

/* ---- routers ---- */

static void what_is_off_the_link_goes_to_the_gateway(void **state)
{
	assert_int_equal(send6(far_off, "x", 1), 0);
	assert_true(rig_out(&r, &f) && solicits(&f, gate));
	assert_memory_equal(f.b + AT + 8, link_own, 16); /* asked for from our address of the same scope */
	advertise(gate, other_mac);
	assert_true(rig_out(&r, &f) && is_udp(&f, other_mac));
	assert_memory_equal(f.b + AT + 24, far_off, 16);
}

static void rfc4861_6_3_4_without_a_gateway_the_advertised_router_is_used(void **state)
{
	conf6(&r);
	r.conf.gateway6 = (struct ip_addr){0};
	rig_start(&r);
	swallow();
	assert_int_equal(send6(far_off, "x", 1), -101);
	f_router(&f, peer, 255, 1800); /* not link-local */
	dropped(STAT_drop_ndp_bad);
	f_router(&f, gate, 64, 1800); /* not from this link */
	dropped(STAT_drop_ndp_bad);
	assert_int_equal(send6(far_off, "x", 1), -101);
	f_router(&f, gate, 255, 1800);
	rig_in(&r, &f);
	assert_int_equal(send6(far_off, "x", 1), 0);
	assert_true(rig_out(&r, &f) && solicits(&f, gate));
	advertise(gate, other_mac);
	assert_true(rig_out(&r, &f) && is_udp(&f, other_mac));
	static const uint8_t second[16] = {0xfe, 0x80, [15] = 5};
	f_router(&f, second, 255, 9000); /* the first is kept while it lives */
	rig_in(&r, &f);
	assert_int_equal(send6(far_off, "x", 1), 0);
	assert_true(rig_out(&r, &f) && is_udp(&f, other_mac));
	f_router(&f, gate, 255, 0);
	rig_in(&r, &f);
	assert_int_equal(send6(far_off, "x", 1), -101);
	rig_stop(&r);
}

static void an_advertised_router_ends_with_its_lifetime(void **state)
{
	conf6(&r);
	r.conf.gateway6 = (struct ip_addr){0};
	rig_start(&r);
	swallow();
	f_router(&f, gate, 255, 2);
	rig_in(&r, &f);
	rig_pass(&r, 1900 * MS);
	assert_int_equal(send6(far_off, "x", 1), 0);
	rig_pass(&r, 200 * MS);
	assert_int_equal(send6(far_off, "x", 1), -101);
	swallow();
	rig_pass(&r, 3000 * MS);
	swallow();
	rig_stop(&r);
}

static void a_configured_gateway_is_not_replaced(void **state)
{
	f_router(&f, peer, 255, 1800);
	dropped(STAT_drop_ndp_bad);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(rfc4443_4_2_an_echo_is_answered),
	    T(rfc4443_an_echo_with_a_wrong_checksum_is_dropped),
	    T(rfc4861_7_2_4_a_solicitation_is_answered),
	    T(rfc4862_5_4_a_probe_for_our_address_is_answered_to_all),
	    T(rfc4291_the_link_local_address_is_made_of_the_mac),
	    T(rfc4861_7_1_what_crossed_a_router_is_not_believed),
	    T(rfc4861_4_6_an_option_without_length_is_malformed),
	    T(a_solicitation_from_off_the_link_teaches_nothing),
	    T(a_neighbour_is_asked_for_and_what_waited_leaves_in_order),
	    T(a_silent_neighbour_is_told_to_the_sender),
	    T(spoof_an_unasked_advertisement_changes_nothing),
	    T(somebody_with_our_address_is_counted),
	    T(a_flood_of_solicitations_is_limited),
	    cmocka_unit_test(at_start_it_joins_probes_and_announces),
	    T(rfc3810_a_query_is_answered_within_a_rate),
	    cmocka_unit_test(a_config_that_cannot_work_is_refused),
	    T(what_is_off_the_link_goes_to_the_gateway),
	    cmocka_unit_test(rfc4861_6_3_4_without_a_gateway_the_advertised_router_is_used),
	    cmocka_unit_test(an_advertised_router_ends_with_its_lifetime),
	    T(a_configured_gateway_is_not_replaced),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
