/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/dataplane/net/rig.h"

#include <string.h>

#include "dataplane/net/neigh.h"

static struct rig r;
static struct frame f;

static int setup(void **state)
{
	rig_defaults(&r);
	rig_start(&r);
	return 0;
}

static int teardown(void **state)
{
	rig_stop(&r);
	return 0;
}

static bool is_request_for(const struct frame *x, uint32_t ip)
{
	return x->b[12] == 8 && x->b[13] == 6 && x->b[21] == 1 && memcmp(x->b + 38, sock4(ip, 0).a.b, 4) == 0;
}

static bool is_udp_to(const struct frame *x, const uint8_t mac[6])
{
	return x->b[12] == 8 && x->b[13] == 0 && x->b[23] == 17 && memcmp(x->b, mac, 6) == 0;
}

static void reply(uint32_t ip, const uint8_t mac[6])
{
	f_arp(&f, 2, mac, ip, RIG_IP);
	rig_in(&r, &f);
}

static void rfc826_answers_a_request_for_our_address(void **state)
{
	f_arp(&f, 1, peer_mac, RIG_PEER, RIG_IP);
	rig_in(&r, &f);
	assert_true(rig_out(&r, &f));
	assert_memory_equal(f.b, peer_mac, 6);
	assert_memory_equal(f.b + 6, rig_mac, 6);
	assert_int_equal(f.b[21], 2);
	assert_memory_equal(f.b + 22, rig_mac, 6);
	assert_memory_equal(f.b + 28, sock4(RIG_IP, 0).a.b, 4);
	assert_memory_equal(f.b + 32, peer_mac, 6);
	assert_memory_equal(f.b + 38, sock4(RIG_PEER, 0).a.b, 4);
	assert_int_equal(f.len, 60);
	assert_int_equal(rig_stat(&r, STAT_arp_requests), 1);
	assert_int_equal(rig_drops(&r), 0);
}

static void arp_requests_for_others_are_dropped(void **state)
{
	f_arp(&f, 1, peer_mac, RIG_PEER, RIG_PEER + 1);
	rig_in(&r, &f);
	rig_none(&r);
	assert_int_equal(rig_stat(&r, STAT_drop_arp_bad), 1);
}

static void rfc5227_a_probe_is_answered_and_teaches_nothing(void **state)
{
	f_arp(&f, 1, peer_mac, 0, RIG_IP);
	rig_in(&r, &f);
	assert_true(rig_out(&r, &f));
	assert_int_equal(rig_stat(&r, STAT_arp_learned), 0);
}

static void arp_resolves_and_sends_what_was_held_in_order(void **state)
{
	for (uint8_t i = 0; i < 5; i++)
		assert_int_equal(rig_send(&r, RIG_PEER, 5060, &i, 1), 0);
	assert_true(rig_out(&r, &f));
	assert_true(is_request_for(&f, RIG_PEER));
	rig_none(&r);
	reply(RIG_PEER, peer_mac);
	for (uint8_t i = 0; i < 5; i++) {
		assert_true(rig_out(&r, &f));
		assert_true(is_udp_to(&f, peer_mac));
		assert_int_equal(f.b[42], i);
	}
	rig_none(&r);
	assert_int_equal(r.n_neigh, 1);
	assert_int_equal(rig_send(&r, RIG_PEER, 5060, "x", 1), 0);
	assert_true(rig_out(&r, &f) && is_udp_to(&f, peer_mac));
}

static void arp_asks_the_gateway_for_addresses_off_link(void **state)
{
	assert_int_equal(rig_send(&r, 0x08080808, 5060, "x", 1), 0);
	assert_true(rig_out(&r, &f));
	assert_true(is_request_for(&f, RIG_GW));
	reply(RIG_GW, other_mac);
	assert_true(rig_out(&r, &f) && is_udp_to(&f, other_mac));
}

static void arp_retries_then_tells_the_senders(void **state)
{
	assert_int_equal(rig_send(&r, RIG_PEER, 5070, "a", 1), 0);
	assert_int_equal(rig_send(&r, RIG_PEER, 5080, "b", 1), 0);
	rig_pass(&r, NEIGH_TRIES * NEIGH_RETRY_NS - 20 * MS);
	assert_int_equal(r.n_err, 0);
	uint32_t asked = 0;
	while (rig_out(&r, &f))
		asked += is_request_for(&f, RIG_PEER);
	assert_int_equal(asked, NEIGH_TRIES);
	rig_pass(&r, 40 * MS);
	assert_int_equal(r.n_err, 2);
	assert_true(r.err.arp);
	assert_int_equal(r.err.remote.port, 5080);
	assert_int_equal(r.err.local.port, 5060);
	assert_int_equal(rig_stat(&r, STAT_drop_arp_unresolved), 2);
	assert_int_equal(r.io->ops->pkts_used(r.io), 0);
	rig_pass(&r, 5000 * MS);
	rig_none(&r);
}

static void send_again(struct rig *x)
{
	assert_int_equal(rig_send(x, RIG_PEER, 5060, "again", 5), 0);
}

static void arp_failure_may_be_answered_by_sending_again(void **state)
{
	r.on_error = send_again;
	assert_int_equal(rig_send(&r, RIG_PEER, 5060, "a", 1), 0);
	rig_pass(&r, (NEIGH_TRIES + 1) * NEIGH_RETRY_NS);
	assert_int_equal(r.n_err, 1);
	while (rig_out(&r, &f))
		;
	reply(RIG_PEER, peer_mac);
	assert_true(rig_out(&r, &f) && is_udp_to(&f, peer_mac));
}

static void arp_hold_is_bounded_for_one_neighbour_and_for_all(void **state)
{
	const uint32_t all = r.conf.pkts_max / 4;
	for (uint32_t i = 0; i < all + 3; i++)
		assert_int_equal(rig_send(&r, RIG_PEER + i % 2, 5060, "x", 1), 0);
	assert_int_equal(rig_stat(&r, STAT_drop_arp_hold_full), 3);
	assert_int_equal(r.io->ops->pkts_used(r.io), all);
	reply(RIG_PEER, peer_mac);
	reply(RIG_PEER + 1, peer_mac);
	assert_int_equal(r.io->ops->pkts_used(r.io), 0);
}

static void arp_hold_of_one_neighbour_leaves_room_for_others(void **state)
{
	rig_stop(&r);
	rig_defaults(&r);
	r.conf.pkts_max = r.mem.pkts = 1024;
	r.mem.queue = 1024;
	rig_start(&r);
	for (uint32_t i = 0; i < NEIGH_HOLD_EACH + 5; i++)
		assert_int_equal(rig_send(&r, RIG_PEER, 5060, "x", 1), 0);
	assert_int_equal(rig_stat(&r, STAT_drop_arp_hold_full), 5);
	assert_int_equal(rig_send(&r, RIG_GW, 5060, "x", 1), 0);
	assert_int_equal(rig_stat(&r, STAT_drop_arp_hold_full), 5);
}

static void arp_refreshes_an_old_neighbour_while_using_it(void **state)
{
	rig_know(&r, RIG_PEER, peer_mac);
	rig_pass(&r, NEIGH_FRESH_NS + 10 * MS);
	rig_none(&r);
	assert_int_equal(rig_send(&r, RIG_PEER, 5060, "x", 1), 0);
	assert_true(rig_out(&r, &f) && is_udp_to(&f, peer_mac));
	assert_true(rig_out(&r, &f) && is_request_for(&f, RIG_PEER));
	assert_memory_equal(f.b, peer_mac, 6); /* asked directly */
	reply(RIG_PEER, peer_mac);
	rig_pass(&r, 3000 * MS);
	rig_none(&r);
}

static void arp_forgets_an_old_neighbour_that_is_gone(void **state)
{
	rig_know(&r, RIG_PEER, peer_mac);
	rig_pass(&r, NEIGH_FRESH_NS + 10 * MS);
	assert_int_equal(rig_send(&r, RIG_PEER, 5060, "x", 1), 0);
	rig_pass(&r, (NEIGH_TRIES + 1) * NEIGH_RETRY_NS);
	while (rig_out(&r, &f))
		;
	assert_int_equal(rig_send(&r, RIG_PEER, 5060, "x", 1), 0);
	assert_true(rig_out(&r, &f) && is_request_for(&f, RIG_PEER));
	rig_none(&r);
}

static void spoof_an_unasked_reply_teaches_nothing(void **state)
{
	reply(RIG_PEER, other_mac);
	assert_int_equal(rig_stat(&r, STAT_arp_learned), 0);
	assert_int_equal(rig_send(&r, RIG_PEER, 5060, "x", 1), 0);
	assert_true(rig_out(&r, &f) && is_request_for(&f, RIG_PEER));
}

static void spoof_a_reply_does_not_change_a_known_neighbour(void **state)
{
	rig_know(&r, RIG_PEER, peer_mac);
	reply(RIG_PEER, other_mac);
	assert_int_equal(rig_send(&r, RIG_PEER, 5060, "x", 1), 0);
	assert_true(rig_out(&r, &f) && is_udp_to(&f, peer_mac));
}

/* A request with the victim's address makes us ask; the answer of the thief is not believed as long as the
 * victim may answer. */
static void spoof_a_request_cannot_take_a_neighbour_over(void **state)
{
	rig_know(&r, RIG_PEER, peer_mac);
	f_arp(&f, 1, other_mac, RIG_PEER, RIG_IP);
	rig_in(&r, &f);
	reply(RIG_PEER, other_mac);
	while (rig_out(&r, &f))
		;
	assert_int_equal(rig_send(&r, RIG_PEER, 5060, "x", 1), 0);
	assert_true(rig_out(&r, &f) && is_udp_to(&f, peer_mac));
	reply(RIG_PEER, peer_mac);
	reply(RIG_PEER, other_mac);
	assert_int_equal(rig_send(&r, RIG_PEER, 5060, "x", 1), 0);
	assert_true(rig_out(&r, &f) && is_udp_to(&f, peer_mac));
}

static void a_neighbour_that_really_moved_is_found_again(void **state)
{
	rig_know(&r, RIG_PEER, peer_mac);
	f_arp(&f, 1, other_mac, RIG_PEER, RIG_PEER); /* gratuitous */
	rig_in(&r, &f);
	rig_pass(&r, (NEIGH_TRIES - 1) * NEIGH_RETRY_NS + 20 * MS);
	reply(RIG_PEER, other_mac);
	while (rig_out(&r, &f))
		;
	assert_int_equal(rig_send(&r, RIG_PEER, 5060, "x", 1), 0);
	assert_true(rig_out(&r, &f) && is_udp_to(&f, other_mac));
}

static void arp_bad(void (*spoil)(void))
{
	uint64_t before = rig_stat(&r, STAT_drop_arp_bad);
	f_arp(&f, 1, peer_mac, RIG_PEER, RIG_IP);
	spoil();
	rig_in(&r, &f);
	rig_none(&r);
	assert_int_equal(rig_stat(&r, STAT_drop_arp_bad), before + 1);
}

static void spoil_hw(void)
{
	f.b[15] = 6;
}
static void spoil_proto(void)
{
	f.b[16] = 0x86;
}
static void spoil_hlen(void)
{
	f.b[18] = 8;
}
static void spoil_plen(void)
{
	f.b[19] = 16;
}
static void spoil_op(void)
{
	f.b[21] = 9;
}
static void spoil_sender_multicast(void)
{
	f.b[22] |= 1;
}
static void spoil_sender_zero(void)
{
	memset(f.b + 22, 0, 6);
}
static void spoil_sender_ours(void)
{
	memcpy(f.b + 22, rig_mac, 6);
}
static void spoil_sender_ip_ours(void)
{
	memcpy(f.b + 28, sock4(RIG_IP, 0).a.b, 4);
}
static void spoil_sender_off_link(void)
{
	f.b[28] = 172;
}
static void spoil_sender_broadcast(void)
{
	f.b[31] = 255;
}
static void spoil_short(void)
{
	f.len = 14 + 27;
}

static void arp_malformed_packets_are_counted_drops(void **state)
{
	void (*const spoil[])(void) = {spoil_hw, spoil_proto, spoil_hlen, spoil_plen, spoil_op,
	    spoil_sender_multicast, spoil_sender_zero, spoil_sender_ours, spoil_sender_ip_ours,
	    spoil_sender_off_link, spoil_sender_broadcast, spoil_short};
	for (size_t i = 0; i < sizeof spoil / sizeof spoil[0]; i++)
		arp_bad(spoil[i]);
	assert_int_equal(rig_stat(&r, STAT_arp_learned), 0);
}

static void arp_flood_is_limited_and_does_not_keep_answers_out(void **state)
{
	assert_int_equal(rig_send(&r, RIG_GW, 5060, "x", 1), 0);
	while (rig_out(&r, &f))
		;
	for (uint32_t i = 0; i < 1000; i++) {
		f_arp(&f, 1, peer_mac, RIG_PEER, RIG_IP);
		rig_in(&r, &f);
		while (rig_out(&r, &f))
			;
	}
	assert_int_equal(rig_stat(&r, STAT_arp_requests), NEIGH_BURST);
	assert_int_equal(rig_stat(&r, STAT_drop_arp_rate), 1000 - NEIGH_BURST);
	reply(RIG_GW, other_mac);
	assert_true(rig_out(&r, &f) && is_udp_to(&f, other_mac));
	rig_pass(&r, 1000 * MS);
	f_arp(&f, 1, peer_mac, RIG_PEER, RIG_IP);
	rig_in(&r, &f);
	assert_true(rig_out(&r, &f));
}

static void arp_table_is_bounded_and_askers_do_not_push_out_who_we_talk_to(void **state)
{
	rig_stop(&r);
	rig_defaults(&r);
	r.conf.prefix = 16;
	rig_start(&r);
	rig_know(&r, RIG_PEER, peer_mac);
	assert_int_equal(rig_send(&r, RIG_PEER, 5060, "x", 1), 0);
	assert_true(rig_out(&r, &f));
	for (uint32_t i = 0; i < 3 * NEIGH_MAX; i++) {
		rig_pass(&r, 10 * MS);
		rig_know(&r, 0x0a000200 + i, other_mac);
	}
	assert_int_equal(rig_send(&r, RIG_PEER, 5060, "x", 1), 0);
	assert_true(rig_out(&r, &f) && is_udp_to(&f, peer_mac));
	assert_int_equal(rig_drops(&r), 0);
}

static void arp_table_full_of_who_we_talk_to_learns_no_asker(void **state)
{
	rig_stop(&r);
	rig_defaults(&r);
	r.conf.prefix = 16;
	rig_start(&r);
	for (uint32_t i = 0; i < NEIGH_MAX; i++) {
		rig_pass(&r, 10 * MS);
		rig_know(&r, 0x0a000200 + i, peer_mac);
		assert_int_equal(rig_send(&r, 0x0a000200 + i, 5060, "x", 1), 0);
		assert_true(rig_out(&r, &f));
	}
	rig_know(&r, 0x0a000900, other_mac); /* is answered all the same */
	for (uint32_t i = 0; i < NEIGH_MAX; i++) {
		assert_int_equal(rig_send(&r, 0x0a000200 + i, 5060, "x", 1), 0);
		assert_true(rig_out(&r, &f) && is_udp_to(&f, peer_mac));
	}
	/* but whom we want to talk to gets a place */
	assert_int_equal(rig_send(&r, 0x0a000900, 5060, "x", 1), 0);
	assert_true(rig_out(&r, &f) && is_request_for(&f, 0x0a000900));
}

static void arp_table_full_of_questions_is_a_counted_drop(void **state)
{
	rig_stop(&r);
	rig_defaults(&r);
	r.conf.prefix = 16;
	r.conf.pkts_max = r.mem.pkts = 2048;
	r.mem.queue = 2048;
	rig_start(&r);
	for (uint32_t i = 0; i < NEIGH_MAX + 4; i++)
		assert_int_equal(rig_send(&r, 0x0a000200 + i, 5060, "x", 1), 0);
	assert_int_equal(rig_stat(&r, STAT_drop_arp_hold_full), 4);
	rig_pass(&r, (NEIGH_TRIES + 1) * NEIGH_RETRY_NS);
	assert_int_equal(r.n_err, NEIGH_MAX);
	assert_int_equal(r.io->ops->pkts_used(r.io), 0);
}

static void arp_learned_by_another_worker_counts_only_when_awaited(void **state)
{
	const struct ip_addr ip = sock4(RIG_PEER, 0).a;
	net_learn(r.net, &ip, other_mac, r.now);
	assert_int_equal(rig_stat(&r, STAT_arp_learned), 0);
	assert_int_equal(rig_send(&r, RIG_PEER, 5060, "x", 1), 0);
	assert_true(rig_out(&r, &f) && is_request_for(&f, RIG_PEER));
	net_learn(r.net, &ip, peer_mac, r.now);
	net_flush(r.net, r.now);
	assert_true(rig_out(&r, &f) && is_udp_to(&f, peer_mac));
}

static void a_retransmission_of_a_held_packet_leaves_once(void **state)
{
	const struct ip_sock to = sock4(RIG_PEER, 5060);
	struct pkt *p = net_alloc(r.net);
	memcpy(p->data, "hello", 5);
	p->len = 5;
	pkt_ref(p);
	assert_int_equal(net_udp_send(r.net, p, 5060, &to, r.now), 0);
	for (int i = 0; i < 3; i++) {
		pkt_ref(p);
		assert_int_equal(net_udp_resend(r.net, p, 5060, &to, r.now), 0);
	}
	net_flush(r.net, r.now);
	assert_true(rig_out(&r, &f) && is_request_for(&f, RIG_PEER));
	reply(RIG_PEER, peer_mac);
	assert_true(rig_out(&r, &f) && is_udp_to(&f, peer_mac));
	rig_none(&r);
	pkt_ref(p);
	assert_int_equal(net_udp_resend(r.net, p, 5060, &to, r.now), 0);
	net_flush(r.net, r.now);
	assert_true(rig_out(&r, &f) && is_udp_to(&f, peer_mac));
	assert_int_equal(f.len, 14 + 20 + 8 + 5);
	assert_int_equal(udp_sum(f.b + 14), 0);
	pkt_put(p);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(rfc826_answers_a_request_for_our_address),
	    T(arp_requests_for_others_are_dropped),
	    T(rfc5227_a_probe_is_answered_and_teaches_nothing),
	    T(arp_resolves_and_sends_what_was_held_in_order),
	    T(arp_asks_the_gateway_for_addresses_off_link),
	    T(arp_retries_then_tells_the_senders),
	    T(arp_failure_may_be_answered_by_sending_again),
	    T(arp_hold_is_bounded_for_one_neighbour_and_for_all),
	    T(arp_hold_of_one_neighbour_leaves_room_for_others),
	    T(arp_refreshes_an_old_neighbour_while_using_it),
	    T(arp_forgets_an_old_neighbour_that_is_gone),
	    T(spoof_an_unasked_reply_teaches_nothing),
	    T(spoof_a_reply_does_not_change_a_known_neighbour),
	    T(spoof_a_request_cannot_take_a_neighbour_over),
	    T(a_neighbour_that_really_moved_is_found_again),
	    T(arp_malformed_packets_are_counted_drops),
	    T(arp_flood_is_limited_and_does_not_keep_answers_out),
	    T(arp_table_is_bounded_and_askers_do_not_push_out_who_we_talk_to),
	    T(arp_table_full_of_who_we_talk_to_learns_no_asker),
	    T(arp_table_full_of_questions_is_a_counted_drop),
	    T(arp_learned_by_another_worker_counts_only_when_awaited),
	    T(a_retransmission_of_a_held_packet_leaves_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
