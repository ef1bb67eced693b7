/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/frag.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/core/pool.h"
#include "dataplane/net/neigh.h"

#define UNIT              8u /* fragment offsets count in these */
#define HAVE_WORDS        (FRAG_BYTES_MAX / UNIT / 64)
#define OUT_MAX           64u
#define FRAG6_HDR         8u
#define IP_PROTO_FRAGMENT 44

struct datagram {
	struct wtimer timer; /* first: the callback gets here from it */
	struct net *net;
	struct host_ip src, dst;
	uint32_t id;
	uint8_t proto;
	uint8_t pieces;
	uint64_t started_at;
	struct pkt *pkt; /* NULL: killed, only remembered */
	uint32_t total;  /* payload bytes; 0: last fragment not seen */
	uint32_t end;    /* highest byte seen */
	uint32_t got;    /* bytes */
	uint64_t have[HAVE_WORDS];
};

struct frag {
	struct pool pool;
};

/* Where a fragment's bytes belong. */
struct piece {
	uint32_t from, to; /* bytes */
	bool last;
};

int frag_new(struct frag **out, const struct dp_conf *conf)
{
	uint32_t size = conf->pkts_max / 8;
	if (size > FRAG_DATAGRAMS)
		size = FRAG_DATAGRAMS;
	struct frag *f = calloc(1, sizeof *f);
	if (!f)
		return -ENOMEM;
	*out = f;
	return pool_init(&f->pool, "datagrams", size ? size : 1, sizeof(struct datagram));
}

uint32_t frag_used(const struct net *n)
{
	return n->frag->pool.used;
}

static void forget(struct net *n, struct datagram *d)
{
	wheel_cancel(n->wheel, &d->timer);
	if (d->pkt)
		pkt_put(d->pkt);
	pool_put(&n->frag->pool, d);
}

static void on_timeout(void *ctx, struct wtimer *t, uint64_t now)
{
	struct datagram *d = (struct datagram *)t;
	(void)ctx, (void)now;
	if (d->pkt)
		stat_inc(d->net->stats, STAT_drop_ip_frag_timeout);
	forget(d->net, d);
}

/* What has come is given back, what still comes is not believed. */
static void kill_datagram(struct datagram *d)
{
	pkt_put(d->pkt);
	d->pkt = NULL;
}

static bool same(const struct datagram *d, const struct frag_piece *f)
{
	return d->id == f->id && d->proto == f->proto && host_ip_eq(d->src, f->src) &&
	       host_ip_eq(d->dst, f->dst);
}

static struct datagram *find(const struct frag *t, const struct frag_piece *f)
{
	for (uint32_t i = 0; i < t->pool.size; i++) {
		struct datagram *d = pool_at(&t->pool, i);
		if (d && same(d, f))
			return d;
	}
	return NULL;
}

static void evict_oldest(struct net *n)
{
	struct datagram *old = NULL;
	for (uint32_t i = 0; i < n->frag->pool.size; i++) {
		struct datagram *d = pool_at(&n->frag->pool, i);
		if (d && (!old || (int64_t)(d->started_at - old->started_at) < 0))
			old = d;
	}
	if (!old)
		return;
	if (old->pkt)
		stat_inc(n->stats, STAT_drop_ip_frag_full);
	forget(n, old);
}

/* NULL: no packet buffer. */
static struct datagram *begin(struct net *n, const struct frag_piece *h, uint64_t now)
{
	struct pkt *p = n->io->ops->alloc(n->io);
	if (!p)
		return NULL;
	struct datagram *d = pool_get(&n->frag->pool);
	if (!d) {
		evict_oldest(n);
		d = pool_get(&n->frag->pool);
	}
	*d = (struct datagram){.net = n,
	    .src = h->src,
	    .dst = h->dst,
	    .id = h->id,
	    .proto = h->proto,
	    .started_at = now,
	    .pkt = p};
	wheel_arm(n->wheel, &d->timer, now + FRAG_TIMEOUT_NS, on_timeout);
	return d;
}

/* STAT_NONE: the fragment makes sense by itself and with what is known of its datagram. */
static enum stat_id check_piece(const struct datagram *d, const struct piece *c)
{
	uint32_t room = d->pkt->room < FRAG_BYTES_MAX ? d->pkt->room : FRAG_BYTES_MAX;
	if (c->to == c->from || (!c->last && (c->to - c->from) % UNIT))
		return STAT_drop_ip_frag_bad;
	if (c->to > room)
		return STAT_drop_ip_frag_big;
	if (d->total && c->to > d->total)
		return STAT_drop_ip_frag_bad;
	if ((c->last && d->end > c->to) || d->pieces == FRAG_PIECES)
		return STAT_drop_ip_frag_bad;
	return STAT_NONE;
}

static uint32_t units_there(const struct datagram *d, const struct piece *c)
{
	uint32_t n = 0;
	for (uint32_t u = c->from / UNIT; u < (c->to + UNIT - 1) / UNIT; u++)
		n += d->have[u / 64] >> (u % 64) & 1;
	return n;
}

static void mark(struct datagram *d, const struct piece *c)
{
	for (uint32_t u = c->from / UNIT; u < (c->to + UNIT - 1) / UNIT; u++)
		d->have[u / 64] |= 1ull << (u % 64);
}

static enum stat_id add_piece(struct datagram *d, const struct piece *c, const uint8_t *bytes)
{
	enum stat_id bad = check_piece(d, c);
	if (bad)
		return bad;
	uint32_t units = (c->to - c->from + UNIT - 1) / UNIT, there = units_there(d, c);
	uint8_t *at = d->pkt->data + c->from;
	if (there == units && memcmp(at, bytes, c->to - c->from) == 0)
		return STAT_drop_ip_frag_dup;
	if (there)
		return STAT_drop_ip_frag_bad;
	memcpy(at, bytes, c->to - c->from);
	mark(d, c);
	d->pieces++;
	d->got += c->to - c->from;
	if (c->to > d->end)
		d->end = c->to;
	if (c->last)
		d->total = c->to;
	return STAT_NONE;
}

static struct pkt *finish(struct net *n, struct datagram *d)
{
	struct pkt *whole = d->pkt;
	whole->len = d->total;
	d->pkt = NULL;
	forget(n, d);
	stat_inc(n->stats, STAT_ip_reassembled);
	return whole;
}

struct pkt *frag_input(struct net *n, const struct frag_piece *h, struct pkt *p, uint64_t now)
{
	const struct piece c = {h->off, h->off + p->len, !h->more};
	struct datagram *d = find(n->frag, h);
	stat_inc(n->stats, STAT_ip_frags_in);
	if (!d && !(d = begin(n, h, now))) {
		net_drop(n, p, STAT_drop_ip_frag_full);
		return NULL;
	}
	enum stat_id bad = d->pkt ? add_piece(d, &c, p->data) : STAT_drop_ip_frag_bad;
	if (bad) {
		net_drop(n, p, bad);
		if (d->pkt && bad != STAT_drop_ip_frag_dup)
			kill_datagram(d);
		return NULL;
	}
	pkt_put(p);
	return d->total && d->got == d->total ? finish(n, d) : NULL;
}

void frag_free(struct net *n)
{
	struct frag *f = n->frag;
	if (!f)
		return;
	for (uint32_t i = 0; f->pool.mem && i < f->pool.size; i++) {
		struct datagram *d = pool_at(&f->pool, i);
		if (d)
			forget(n, d);
	}
	pool_fini(&f->pool);
	free(f);
	n->frag = NULL;
}

/* Packets for all fragments, or none. */
static uint32_t alloc_all(struct net *n, struct pkt **out, uint32_t want)
{
	uint32_t i = 0;
	while (i < want && (out[i] = n->io->ops->alloc(n->io)))
		i++;
	if (i == want)
		return want;
	while (i > 0)
		pkt_put(out[--i]);
	return 0;
}

void frag_output(struct net *n, struct pkt *p, const struct ip4_way *way, uint32_t hop, uint64_t now)
{
	uint32_t step = (n->mtu - IP4_HDR) & ~(UNIT - 1);
	uint32_t count = (p->len + step - 1) / step;
	struct pkt *out[OUT_MAX];
	if (count > OUT_MAX || !alloc_all(n, out, count)) {
		net_drop(n, p, STAT_drop_no_pkt);
		return;
	}
	for (uint32_t i = 0, off = 0; i < count; i++, off += step) {
		uint32_t len = p->len - off < step ? p->len - off : step;
		memcpy(out[i]->data, p->data + off, len);
		out[i]->len = len;
		ip4_push(out[i], way, (uint16_t)(off / UNIT | (i + 1 < count ? IP4_MORE : 0)));
		neigh_output(n, out[i], host_ip4(hop), now);
	}
	stat_add(n->stats, STAT_ip_frags_out, count);
	pkt_put(p);
}

/* Push a fragment header: what it carries is `proto`. */
static void push_frag6(struct pkt *p, uint8_t proto, uint16_t off_more, uint32_t id)
{
	uint8_t *h = pkt_push(p, FRAG6_HDR);
	h[0] = proto;
	h[1] = 0;
	put16(h + 2, off_more);
	put32(h + 4, id);
}

void frag_output6(
    struct net *n, struct pkt *p, const struct ip6_way *way, uint32_t mtu, struct host_ip hop, uint64_t now)
{
	uint32_t step = (mtu - IP6_HDR - FRAG6_HDR) & ~(UNIT - 1);
	uint32_t count = (p->len + step - 1) / step, id = n->six.frag_id++;
	struct pkt *out[OUT_MAX];
	if (count > OUT_MAX || !alloc_all(n, out, count)) {
		net_drop(n, p, STAT_drop_no_pkt);
		return;
	}
	for (uint32_t i = 0, off = 0; i < count; i++, off += step) {
		uint32_t len = p->len - off < step ? p->len - off : step;
		memcpy(out[i]->data, p->data + off, len);
		out[i]->len = len;
		push_frag6(out[i], way->proto, (uint16_t)(off | (i + 1 < count)), id);
		ip6_push(out[i], way, IP_PROTO_FRAGMENT);
		neigh_output(n, out[i], hop, now);
	}
	stat_add(n->stats, STAT_ip_frags_out, count);
	pkt_put(p);
}
