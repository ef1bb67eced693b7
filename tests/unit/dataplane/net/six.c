/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/dataplane/net/six.h"

#include <string.h>

struct rig r;
struct frame f;

const uint8_t ours[16] = {0xfd, 0, 0, 1, [15] = 2}, peer[16] = {0xfd, 0, 0, 1, [15] = 9},
              gate[16] = {0xfe, 0x80, [15] = 1}, far_off[16] = {0xfd, 0, 0, 2, [15] = 7};
/* from 02:00:00:00:00:02 */
const uint8_t link_own[16] = {0xfe, 0x80, [11] = 0xff, 0xfe, 0, 0, 2};
const uint8_t all_nodes[16] = {0xff, 2, [15] = 1};
const uint8_t ours_group[16] = {0xff, 2, [11] = 1, 0xff, 0, 0, 2};
const uint8_t peer_group[16] = {0xff, 2, [11] = 1, 0xff, 0, 0, 9};
const uint8_t nobody[16];

struct ip_sock sock6(const uint8_t ip[16], uint16_t port)
{
	struct ip_sock s = {.a = {.fam = 6}, .port = port};
	memcpy(s.a.b, ip, 16);
	return s;
}

void conf6(struct rig *x)
{
	rig_defaults(x);
	x->conf.ip6 = sock6(ours, 0).a;
	x->conf.prefix6 = 64;
	x->conf.gateway6 = sock6(gate, 0).a;
}

void swallow(void)
{
	while (rig_out(&r, &f))
		;
}

int setup(void **state)
{
	conf6(&r);
	rig_start(&r);
	swallow();
	return 0;
}

int teardown(void **state)
{
	rig_stop(&r);
	return 0;
}

/* ---- building ---- */

uint16_t sum6(const uint8_t *ip, uint8_t proto, const uint8_t *p, uint32_t n)
{
	static uint8_t b[20000];
	memcpy(b, ip + 8, 32);
	memset(b + 32, 0, 8);
	b[34] = (uint8_t)(n >> 8);
	b[35] = (uint8_t)n;
	b[39] = proto;
	memcpy(b + 40, p, n);
	return sum16(b, 40 + n);
}

void f_six(struct frame *x, const struct six *h, const void *p, uint32_t n)
{
	uint8_t group[6] = {0x33, 0x33};
	memcpy(group + 2, h->dst + 12, 4);
	f_eth(x, h->dst[0] == 0xff ? group : rig_mac, peer_mac, 0x86dd);
	f_u32(x, 0x60000000);
	f_u16(x, (uint16_t)n);
	f_put(x, (const uint8_t[]){h->proto, h->hops}, 2);
	f_put(x, h->src, 16);
	f_put(x, h->dst, 16);
	f_put(x, p, n);
}

/* An upper layer whose checksum is at `at`. */
void f_sealed(struct frame *x, const struct six *h, uint8_t *p, uint32_t n, uint32_t at)
{
	p[at] = p[at + 1] = 0;
	f_six(x, h, p, n);
	uint16_t c = sum6(x->b + AT, h->proto, p, n);
	p[at] = x->b[AT + 40 + at] = (uint8_t)(c >> 8);
	p[at + 1] = x->b[AT + 40 + at + 1] = (uint8_t)c;
}

static uint32_t icmp(uint8_t *out, uint8_t type, uint32_t word, const void *p, uint32_t n)
{
	const uint8_t head[8] = {
	    type, 0, 0, 0, (uint8_t)(word >> 24), (uint8_t)(word >> 16), (uint8_t)(word >> 8), (uint8_t)word};
	memcpy(out, head, 8);
	memcpy(out + 8, p, n);
	return 8 + n;
}

void f_icmp(struct frame *x, const struct six *h, uint8_t type, uint32_t word, const void *p, uint32_t n)
{
	static uint8_t b[4000];
	f_sealed(x, h, b, icmp(b, type, word, p, n), 2);
}

void f_udp6(struct frame *x, const uint8_t *src, uint16_t sport, uint16_t dport, const void *p, uint32_t n)
{
	static uint8_t b[9000];
	const uint8_t head[8] = {(uint8_t)(sport >> 8), (uint8_t)sport, (uint8_t)(dport >> 8), (uint8_t)dport,
	    (uint8_t)((n + 8) >> 8), (uint8_t)(n + 8)};
	memcpy(b, head, 8);
	if (n)
		memcpy(b + 8, p, n);
	f_sealed(x, &(struct six){src, ours, 17, 64}, b, 8 + n, 6);
}

/* A solicitation or advertisement about `target` with one MAC option (0: none). */
void f_nd(struct frame *x, const struct six *h, uint8_t type, uint32_t flags, const uint8_t *target,
    uint8_t opt, const uint8_t *mac)
{
	uint8_t b[24];
	memcpy(b, target, 16);
	b[16] = opt;
	b[17] = 1;
	memcpy(b + 18, mac, 6);
	f_icmp(x, h, type, flags, b, opt ? 24 : 16);
}

void advertise(const uint8_t *who, const uint8_t *mac)
{
	f_nd(&f, &(struct six){who, ours, 58, 255}, 136, 0x60000000, who, 2, mac);
	rig_in(&r, &f);
}

void know(const uint8_t *who, const uint8_t *mac)
{
	f_nd(&f, &(struct six){who, ours_group, 58, 255}, 135, 0, ours, 1, mac);
	rig_in(&r, &f);
	assert_true(rig_out(&r, &f));
	rig_none(&r);
}

void check_sealed(const struct frame *x, uint8_t proto)
{
	uint32_t n = (uint32_t)(x->b[AT + 4] << 8 | x->b[AT + 5]);
	assert_int_equal(x->b[AT + 6], proto);
	assert_int_equal(x->len, AT + 40 + n);
	assert_int_equal(sum6(x->b + AT, proto, x->b + AT + 40, n), 0);
}

bool solicits(const struct frame *x, const uint8_t *target)
{
	return x->b[12] == 0x86 && x->b[AT + 6] == 58 && x->b[AT + 40] == 135 &&
	       memcmp(x->b + AT + 48, target, 16) == 0;
}

bool is_udp(const struct frame *x, const uint8_t mac[6])
{
	return x->b[12] == 0x86 && x->b[13] == 0xdd && x->b[AT + 6] == 17 && memcmp(x->b, mac, 6) == 0;
}

int send6(const uint8_t *to, const void *p, uint32_t n)
{
	struct ip_sock dst = sock6(to, 5060);
	struct pkt *k = net_alloc(r.net);
	assert_non_null(k);
	memcpy(k->data, p, n);
	k->len = n;
	int rc = net_udp_send(r.net, k, 5060, &dst, r.now);
	net_flush(r.net, r.now);
	return rc;
}

void dropped(enum stat_id why)
{
	uint64_t before = rig_stat(&r, why), all = rig_drops(&r);
	rig_in(&r, &f);
	rig_none(&r);
	assert_int_equal(rig_stat(&r, why), before + 1);
	assert_int_equal(rig_drops(&r), all + 1);
}

void f_router(struct frame *x, const uint8_t *from, uint8_t hops, uint16_t seconds)
{
	static const uint8_t b[8] = {0};
	f_icmp(x, &(struct six){from, all_nodes, 58, hops}, 134, 0x40000000u | seconds, b, 8);
}
