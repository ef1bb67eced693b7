/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/dataplane/net/rig.h"

#include <string.h>

#include "dataplane/net/own.h"

#define FURTHER (RIG_IP + 0x20)

static struct rig r;
static struct frame f;

static int setup(void **state)
{
	rig_defaults(&r);
	r.conf.n_media_ips = 2;
	r.conf.media_ips[0] = sock4(FURTHER, 0).a;
	r.conf.media_ips[1] = sock4(0x0b000001, 0).a; /* routed to us */
	rig_start(&r);
	return 0;
}

static int teardown(void **state)
{
	rig_stop(&r);
	return 0;
}

static void rig_drain(void)
{
	while (rig_out(&r, &f))
		;
}

static void every_address_is_announced(void **state)
{
	assert_true(rig_out(&r, &f)); /* the first one was swallowed by rig_start */
	assert_memory_equal(f.b + 28, sock4(FURTHER, 0).a.b, 4);
	assert_memory_equal(f.b + 38, sock4(FURTHER, 0).a.b, 4);
	assert_true(rig_out(&r, &f));
	rig_none(&r);
}

static void rfc826_answers_for_a_further_address(void **state)
{
	rig_drain();
	f_arp(&f, 1, peer_mac, RIG_PEER, FURTHER);
	rig_in(&r, &f);
	assert_true(rig_out(&r, &f));
	assert_int_equal(f.b[21], 2);
	assert_memory_equal(f.b + 28, sock4(FURTHER, 0).a.b, 4);
	assert_memory_equal(f.b, peer_mac, 6);
	f_arp(&f, 1, peer_mac, RIG_PEER, FURTHER + 1);
	rig_in(&r, &f);
	rig_none(&r);
}

/* f_udp writes to RIG_IP: change the destination and set the sums again. */
static void redirect(uint32_t dst, uint32_t src)
{
	uint8_t *ip = f.b + 14;
	memcpy(ip + 16, sock4(dst, 0).a.b, 4);
	memcpy(ip + 12, sock4(src, 0).a.b, 4);
	ip[10] = ip[11] = 0;
	uint16_t s = sum16(ip, 20);
	ip[10] = (uint8_t)(s >> 8);
	ip[11] = (uint8_t)s;
	ip[26] = ip[27] = 0; /* UDP without a checksum */
}

static void a_datagram_to_a_further_address_arrives_there(void **state)
{
	rig_drain();
	f_udp(&f, RIG_PEER, 4000, 5000, "x", 1);
	redirect(FURTHER, RIG_PEER);
	rig_in(&r, &f);
	assert_int_equal(r.n_udp, 1);
	assert_memory_equal(r.dst.a.b, sock4(FURTHER, 0).a.b, 4);
	assert_int_equal(net_own(r.net, &r.dst.a), 1);
	f_udp(&f, RIG_PEER, 4000, 5000, "x", 1);
	redirect(FURTHER + 1, RIG_PEER);
	rig_in(&r, &f);
	assert_int_equal(rig_stat(&r, STAT_drop_ip_other), 1);
}

static void nobody_sends_from_an_address_of_ours(void **state)
{
	f_udp(&f, RIG_PEER, 4000, 5000, "x", 1);
	redirect(RIG_IP, FURTHER);
	rig_in(&r, &f);
	assert_int_equal(rig_stat(&r, STAT_drop_ip_source), 1);
	const struct ip_sock to = sock4(FURTHER, 4000);
	assert_true(net_forbidden(r.net, &to));
}

static void a_datagram_leaves_from_the_address_asked_for(void **state)
{
	const struct ip_sock to = sock4(RIG_PEER, 4000);
	rig_drain();
	rig_know(&r, RIG_PEER, peer_mac);
	rig_drain();
	struct pkt *p = net_alloc(r.net);
	memcpy(p->data, "hello", 5);
	p->len = 5;
	assert_int_equal(net_udp_send_from(r.net, p, 2, 5000, &to, r.now), 0);
	net_flush(r.net, r.now);
	assert_true(rig_out(&r, &f));
	assert_memory_equal(f.b + 26, sock4(0x0b000001, 0).a.b, 4);
	assert_int_equal(udp_sum(f.b + 14), 0);
}

static void own_finds_every_address_of_a_full_table(void **state)
{
	static struct own o;
	static struct dp_conf c;
	c.ip = sock4(RIG_IP, 0).a;
	for (uint32_t i = 0; i < DP_MEDIA_IPS_MAX; i++)
		c.media_ips[i] = sock4(0x0b000000 + i, 0).a;
	c.n_media_ips = DP_MEDIA_IPS_MAX;
	assert_int_equal(own_init(&o, &c), 0);
	assert_int_equal(own_find(&o, RIG_IP), 0);
	for (uint32_t i = 0; i < DP_MEDIA_IPS_MAX; i++)
		assert_int_equal(own_find(&o, 0x0b000000 + i), i + 1);
	for (uint32_t i = 0; i < 4096; i++)
		assert_int_equal(own_find(&o, 0x0c000000 + i), OWN_NONE);
}

static void own_refuses_what_is_twice_or_no_ipv4(void **state)
{
	static struct own o;
	static struct dp_conf c;
	c.ip = c.media_ips[0] = sock4(RIG_IP, 0).a;
	c.n_media_ips = 1;
	assert_int_equal(own_init(&o, &c), -22);
	c.media_ips[0].fam = 6;
	assert_int_equal(own_init(&o, &c), -22);
	c.n_media_ips = DP_MEDIA_IPS_MAX + 1;
	assert_int_equal(own_init(&o, &c), -22);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(every_address_is_announced),
	    T(rfc826_answers_for_a_further_address),
	    T(a_datagram_to_a_further_address_arrives_there),
	    T(nobody_sends_from_an_address_of_ours),
	    T(a_datagram_leaves_from_the_address_asked_for),
	    cmocka_unit_test(own_finds_every_address_of_a_full_table),
	    cmocka_unit_test(own_refuses_what_is_twice_or_no_ipv4),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
