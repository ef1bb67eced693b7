/* SPDX-License-Identifier: Apache-2.0 */
/* net_burst takes what is plain by a short way: it must accept, deliver, answer and count what net_input does. */
#include "tests/unit/dataplane/net/rig.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/net/eth.h"

#define ROUNDS 20000u

static uint32_t state;

static uint32_t draw(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % n;
}

static void base_frame(struct frame *f)
{
	uint8_t body[600], udp[700];
	uint32_t n = draw(sizeof body);
	fill(body, n, state);
	f->len = 0;
	if (draw(16) == 0) {
		f_arp(f, 1, peer_mac, RIG_PEER, RIG_IP);
		return;
	}
	uint16_t off = draw(12) ? 0 : (uint16_t)(draw(2) ? 0x2000 : draw(90));
	uint32_t len = make_udp(udp, RIG_PEER, (uint16_t)(1 + draw(9)), (uint16_t)(5060 + draw(3)), body, n);
	f_ip(f, draw(12) ? 17 : 1, draw(12) ? RIG_PEER : draw(0xffffffff), (uint16_t)draw(65536), off, udp,
	    len);
}

static void spoil(struct frame *f)
{
	for (uint32_t i = draw(4); i > 1; i--)
		f->b[draw(draw(3) ? 46 : f->len)] ^= (uint8_t)(1u << draw(8));
	if (draw(8) == 0)
		f->len = draw(f->len + 1);
	else if (draw(8) == 0)
		f->len += draw(20);
	if (draw(8) == 0 && f->len > 41) /* no UDP checksum */
		memset(f->b + 40, 0, 2);
}

/* The IP checksum made right again, so that what lies behind it decides. */
static void mend(struct frame *f)
{
	if (f->len < 34 || draw(3) == 0)
		return;
	memset(f->b + 24, 0, 2);
	uint16_t c = sum16(f->b + 14, 20);
	f->b[24] = (uint8_t)(c >> 8);
	f->b[25] = (uint8_t)c;
}

static void take(struct rig *r, bool burst)
{
	struct pkt *in[NET_BURST];
	uint32_t n = r->io->ops->rx(r->io, in, NET_BURST);
	if (burst)
		net_burst(r->net, in, n, r->now);
	for (uint32_t i = 0; i < n && !burst; i++)
		net_input(r->net, in[i], r->now);
	net_flush(r->net, r->now);
}

static void same(struct rig *a, struct rig *b)
{
	static struct frame x, y;
	assert_int_equal(a->n_udp, b->n_udp);
	assert_int_equal(a->got_len, b->got_len);
	assert_memory_equal(a->got, b->got, a->got_len);
	assert_memory_equal(&a->src, &b->src, sizeof a->src);
	assert_memory_equal(&a->dst, &b->dst, sizeof a->dst);
	assert_memory_equal(&a->stats, &b->stats, sizeof a->stats);
	while (rig_out(a, &x)) {
		assert_true(rig_out(b, &y));
		assert_int_equal(x.len, y.len);
		assert_memory_equal(x.b, y.b, x.len);
	}
	rig_none(b);
}

static void check(uint16_t vlan, bool sums)
{
	static struct rig a, b;
	static struct frame f;
	struct rig *both[] = {&a, &b};
	for (int i = 0; i < 2; i++) {
		rig_defaults(both[i]);
		both[i]->conf.vlan = vlan;
		both[i]->conf.check_l4_sums = sums;
		rig_start(both[i]);
	}
	state = 0x5eed0001u + vlan + sums;
	for (uint32_t i = 0; i < ROUNDS; i++) {
		for (uint32_t k = 1 + draw(6); k > 0; k--) {
			base_frame(&f);
			spoil(&f);
			mend(&f);
			assert_int_equal(pktio_mem_push(a.io, f.b, f.len), 0);
			assert_int_equal(pktio_mem_push(b.io, f.b, f.len), 0);
		}
		take(&a, false);
		take(&b, true);
		same(&a, &b);
	}
	assert_true(vlan || a.n_udp > ROUNDS / 2);
	assert_true(rig_drops(&a) > ROUNDS / 8);
	rig_stop(&a);
	rig_stop(&b);
}

static void a_burst_is_taken_like_its_frames(void **s)
{
	(void)s;
	check(0, true);
}

static void without_checking_sums_too(void **s)
{
	(void)s;
	check(0, false);
}

static void on_a_vlan_too(void **s)
{
	(void)s;
	check(5, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_burst_is_taken_like_its_frames),
	    cmocka_unit_test(without_checking_sums_too),
	    cmocka_unit_test(on_a_vlan_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
