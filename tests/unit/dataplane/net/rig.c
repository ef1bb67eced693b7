/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/dataplane/net/rig.h"

#include <stdlib.h>
#include <string.h>

const uint8_t rig_mac[6] = {2, 0, 0, 0, 0, 2}, peer_mac[6] = {2, 0, 0, 0, 0, 9},
              other_mac[6] = {2, 0, 0, 0, 0, 7};

struct ip_sock sock4(uint32_t ip, uint16_t port)
{
	struct ip_sock s = {.a = {.fam = 4}, .port = port};
	for (int i = 0; i < 4; i++)
		s.a.b[i] = (uint8_t)(ip >> (24 - 8 * i));
	return s;
}

void fill(uint8_t *p, uint32_t n, uint32_t seed)
{
	for (uint32_t i = 0; i < n; i++)
		p[i] = (uint8_t)((i * 2654435761u + seed * 40503u) >> 11);
}

static void on_udp(void *ctx, struct udp_in *in, uint64_t now)
{
	struct rig *r = ctx;
	r->n_udp++;
	r->src = in->src;
	r->dst = in->dst;
	r->got_len = in->pkt->len;
	memcpy(r->got, in->pkt->data, in->pkt->len);
	pkt_put(in->pkt);
}

static void on_error(void *ctx, const struct udp_err *e, uint64_t now)
{
	struct rig *r = ctx;
	r->n_err++;
	r->err = *e;
	if (r->on_error)
		r->on_error(r);
}

static void on_neighbour(void *ctx, const struct ip_addr *ip, const uint8_t mac[6])
{
	((struct rig *)ctx)->n_neigh++;
}

void rig_defaults(struct rig *r)
{
	*r = (struct rig){.now = 1000 * MS};
	r->conf = (struct dp_conf){.prefix = 24, .mtu = 1500, .check_l4_sums = true, .pkts_max = 128};
	r->conf.ip = sock4(RIG_IP, 0).a;
	r->conf.gateway = sock4(RIG_GW, 0).a;
	memcpy(r->conf.key, "0123456789abcdef", 16);
	r->mem = (struct pktio_mem_conf){.mtu = 1500, .buf_bytes = 3712, .pkts = 128, .queue = 128};
	memcpy(r->mem.mac, rig_mac, 6);
}

void rig_start(struct rig *r)
{
	const struct net_ops ops = {
	    .ctx = r, .udp = on_udp, .udp_error = on_error, .neighbour = on_neighbour};
	struct frame f;
	r->io = pktio_mem_new(&r->mem);
	r->wheel = wheel_new(r->now, r);
	assert_non_null(r->io);
	assert_non_null(r->wheel);
	assert_int_equal(net_new(&r->net, &r->conf, r->io, r->wheel, &r->stats, &ops, r->now), 0);
	net_flush(r->net, r->now);
	assert_true(rig_out(r, &f));
}

void rig_stop(struct rig *r)
{
	net_free(r->net);
	assert_int_equal(r->io->ops->pkts_used(r->io), 0);
	pktio_mem_free(r->io);
	wheel_free(r->wheel);
}

static void turn(struct rig *r)
{
	struct pkt *in[16];
	for (uint32_t n; (n = r->io->ops->rx(r->io, in, 16));)
		for (uint32_t i = 0; i < n; i++)
			net_input(r->net, in[i], r->now);
	wheel_run(r->wheel, r->now);
	net_flush(r->net, r->now);
}

void rig_in(struct rig *r, const struct frame *f)
{
	/* from the heap and of exact size, so that ASan sees a read beyond the end on the way in */
	uint8_t *copy = malloc(f->len ? f->len : 1);
	assert_non_null(copy);
	memcpy(copy, f->b, f->len);
	assert_int_equal(pktio_mem_push(r->io, copy, f->len), 0);
	free(copy);
	turn(r);
}

bool rig_out(struct rig *r, struct frame *f)
{
	f->len = pktio_mem_pull(r->io, f->b, sizeof f->b);
	return f->len > 0;
}

void rig_none(struct rig *r)
{
	assert_int_equal(pktio_mem_waiting(r->io), 0);
}

void rig_pass(struct rig *r, uint64_t ns)
{
	for (uint64_t end = r->now + ns; (int64_t)(end - r->now) > 0;) {
		r->now += end - r->now < 10 * MS ? end - r->now : 10 * MS;
		turn(r);
	}
}

uint64_t rig_stat(const struct rig *r, enum stat_id id)
{
	return stat_get(&r->stats, id);
}

uint64_t rig_drops(const struct rig *r)
{
	uint64_t n = 0;
	for (int i = 1; i < STAT_COUNT; i++)
		if (strncmp(stat_name((enum stat_id)i), "drop_", 5) == 0)
			n += stat_get(&r->stats, (enum stat_id)i);
	return n;
}

void f_put(struct frame *f, const void *p, uint32_t n)
{
	assert_true(f->len + n <= sizeof f->b);
	if (n)
		memcpy(f->b + f->len, p, n);
	f->len += n;
}

void f_u16(struct frame *f, uint16_t v)
{
	const uint8_t b[2] = {(uint8_t)(v >> 8), (uint8_t)v};
	f_put(f, b, 2);
}

void f_u32(struct frame *f, uint32_t v)
{
	f_u16(f, (uint16_t)(v >> 16));
	f_u16(f, (uint16_t)v);
}

void f_eth(struct frame *f, const uint8_t dst[6], const uint8_t src[6], uint16_t type)
{
	f->len = 0;
	f_put(f, dst, 6);
	f_put(f, src, 6);
	f_u16(f, type);
}

void f_arp(struct frame *f, uint16_t op, const uint8_t sender[6], uint32_t sip, uint32_t tip)
{
	static const uint8_t all[6] = {255, 255, 255, 255, 255, 255};
	f_eth(f, op == 1 ? all : rig_mac, sender, 0x0806);
	f_u16(f, 1);
	f_u16(f, 0x0800);
	f_u16(f, 0x0604);
	f_u16(f, op);
	f_put(f, sender, 6);
	f_u32(f, sip);
	f_put(f, rig_mac, 6);
	f_u32(f, tip);
	while (f->len < 60)
		f_put(f, "", 1);
}

uint16_t sum16(const void *p, uint32_t n)
{
	const uint8_t *b = p;
	uint32_t s = 0;
	for (uint32_t i = 0; i < n; i++)
		s += i % 2 ? b[i] : (uint32_t)b[i] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

void f_ip(
    struct frame *f, uint8_t proto, uint32_t src, uint16_t id, uint16_t off_flags, const void *p, uint32_t n)
{
	f_eth(f, rig_mac, peer_mac, 0x0800);
	f_u16(f, 0x4500);
	f_u16(f, (uint16_t)(20 + n));
	f_u16(f, id);
	f_u16(f, off_flags);
	f_u16(f, (uint16_t)(64 << 8 | proto));
	f_u16(f, 0);
	f_u32(f, src);
	f_u32(f, RIG_IP);
	uint16_t c = sum16(f->b + 14, 20);
	f->b[24] = (uint8_t)(c >> 8);
	f->b[25] = (uint8_t)c;
	f_put(f, p, n);
}

uint16_t udp_sum(const uint8_t *ip)
{
	static uint8_t b[70000];
	const uint8_t *u = ip + (ip[0] & 15) * 4;
	uint32_t len = (uint32_t)(u[4] << 8 | u[5]);
	memcpy(b, ip + 12, 8);
	b[8] = 0;
	b[9] = 17;
	b[10] = u[4];
	b[11] = u[5];
	memcpy(b + 12, u, len);
	return sum16(b, 12 + len);
}

uint32_t make_udp(uint8_t *out, uint32_t src, uint16_t sport, uint16_t dport, const void *p, uint32_t n)
{
	static struct frame t;
	t.len = 0;
	f_u32(&t, 0x45000000);
	f_u32(&t, 0);
	f_u32(&t, 0);
	f_u32(&t, src);
	f_u32(&t, RIG_IP);
	f_u16(&t, sport);
	f_u16(&t, dport);
	f_u16(&t, (uint16_t)(8 + n));
	f_u16(&t, 0);
	f_put(&t, p, n);
	uint16_t c = udp_sum(t.b);
	t.b[26] = (uint8_t)(c >> 8);
	t.b[27] = (uint8_t)c;
	memcpy(out, t.b + 20, 8 + n);
	return 8 + n;
}

void f_udp(struct frame *f, uint32_t src, uint16_t sport, uint16_t dport, const void *p, uint32_t n)
{
	static uint8_t u[20000];
	uint32_t len = make_udp(u, src, sport, dport, p, n);
	f_ip(f, 17, src, 7, 0, u, len);
}

void rig_know(struct rig *r, uint32_t ip, const uint8_t mac[6])
{
	struct frame f;
	f_arp(&f, 1, mac, ip, RIG_IP);
	rig_in(r, &f);
	assert_true(rig_out(r, &f));
	rig_none(r);
}

int rig_send(struct rig *r, uint32_t dst, uint16_t port, const void *p, uint32_t n)
{
	struct ip_sock to = sock4(dst, port);
	struct pkt *k = net_alloc(r->net);
	assert_non_null(k);
	assert_true(n <= k->room);
	memcpy(k->data, p, n);
	k->len = n;
	int rc = net_udp_send(r->net, k, 5060, &to, r->now);
	net_flush(r->net, r->now);
	return rc;
}
