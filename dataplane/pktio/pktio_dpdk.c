/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/pktio/pktio_dpdk.h"

#include <assert.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/pktio/pkt.h"

#define BURST 64u
#define CACHE 256u

static_assert(sizeof(struct pkt) <= PKTIO_PRIV, "a packet's head outgrew its area");
static_assert(RTE_PKTMBUF_HEADROOM >= PKT_HEADROOM, "DPDK was built with too little headroom");

struct queue {
	struct pktio io;
	uint16_t port, queue;
	uint32_t pkts_max, used;
	bool shared; /* other threads take from and give back to our pool: `used` is changed atomically */
	struct rte_mempool *pool;
	int fds[PKTIO_FDS_MAX];
	uint32_t n_fds;
};

static struct pkt *pkt_of(struct rte_mbuf *m)
{
	return rte_mbuf_to_priv(m);
}

static struct rte_mbuf *mbuf_of(struct pkt *p)
{
	return (void *)((char *)p - sizeof(struct rte_mbuf));
}

static void used_add(struct pktio *io, uint32_t n)
{
	struct queue *q = (struct queue *)io;
	if (q->shared)
		__atomic_fetch_add(&q->used, n, __ATOMIC_RELAXED);
	else
		q->used += n;
}

struct rte_mempool *pktio_dpdk_pool(const char *name, uint32_t mbufs, uint32_t room, int socket)
{
	struct rte_pktmbuf_pool_private priv = {
	    .mbuf_data_room_size = (uint16_t)room, .mbuf_priv_size = PKTIO_PRIV};
	uint32_t elt = (uint32_t)sizeof(struct rte_mbuf) + PKTIO_PRIV + room;
	struct rte_mempool *mp =
	    rte_mempool_create_empty(name, mbufs, elt, CACHE, sizeof priv, socket, RTE_MEMPOOL_F_NO_SPREAD);
	if (!mp)
		return NULL;
	rte_pktmbuf_pool_init(mp, &priv);
	if (rte_mempool_set_ops_byname(mp, "ring_mp_mc", NULL) || rte_mempool_populate_default(mp) < 0) {
		rte_mempool_free(mp);
		return NULL;
	}
	rte_mempool_obj_iter(mp, rte_pktmbuf_init, NULL);
	return mp;
}

/* In one piece, the tag in its place: false when it cannot be had, the frame is gone then. */
static bool make_plain(struct rte_mbuf **m)
{
	if ((*m)->nb_segs > 1 && rte_pktmbuf_linearize(*m) != 0) {
		rte_pktmbuf_free(*m);
		return false;
	}
	if (((*m)->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) && rte_vlan_insert(m) != 0) {
		rte_pktmbuf_free(*m);
		return false;
	}
	return true;
}

static struct pkt *wrap(struct queue *q, struct rte_mbuf *m)
{
	struct pkt *p = pkt_of(m);
	*p = (struct pkt){
	    .data = rte_pktmbuf_mtod(m, uint8_t *),
	    .len = m->data_len,
	    .room = (uint32_t)m->buf_len - m->data_off,
	    .refs = 1,
	    .buf0 = m->buf_addr,
	    .io = &q->io,
	};
	used_add(&q->io, 1);
	return p;
}

static uint32_t dpdk_rx(struct pktio *io, struct pkt **out, uint32_t n)
{
	struct queue *q = (struct queue *)io;
	struct rte_mbuf *m[BURST];
	uint16_t got = rte_eth_rx_burst(q->port, q->queue, m, (uint16_t)(n < BURST ? n : BURST));
	uint32_t k = 0;
	for (uint16_t i = 0; i < got; i++)
		if (make_plain(&m[i]))
			out[k++] = wrap(q, m[i]);
	return k;
}

/* The mbuf as the driver sends it. The driver frees one mbuf reference when it is done: ours when the packet
 * has no other user, else an extra one. */
static struct rte_mbuf *lend(struct pkt *p)
{
	struct rte_mbuf *m = mbuf_of(p);
	m->data_off = (uint16_t)(p->data - p->buf0);
	m->data_len = (uint16_t)p->len;
	m->pkt_len = p->len;
	m->ol_flags = 0;
	if (--p->refs)
		rte_mbuf_refcnt_update(m, 1);
	return m;
}

static void take_back(struct pkt *p)
{
	if (p->refs++)
		rte_mbuf_refcnt_update(mbuf_of(p), -1);
}

static uint32_t tx_burst(struct queue *q, struct pkt **in, uint32_t n)
{
	struct rte_mbuf *m[BURST];
	struct pktio *last[BURST]; /* whose packet leaves; once sent, an mbuf may be anybody's */
	for (uint32_t i = 0; i < n; i++) {
		m[i] = lend(in[i]);
		last[i] = in[i]->refs == 0 ? in[i]->io : NULL;
	}
	uint32_t sent = rte_eth_tx_burst(q->port, q->queue, m, (uint16_t)n);
	for (uint32_t i = 0; i < sent; i++)
		if (last[i])
			used_add(last[i], -1u);
	for (uint32_t i = sent; i < n; i++)
		take_back(in[i]);
	return sent;
}

static uint32_t dpdk_tx(struct pktio *io, struct pkt **in, uint32_t n)
{
	uint32_t done = 0;
	while (done < n) {
		uint32_t want = n - done < BURST ? n - done : BURST;
		uint32_t sent = tx_burst((struct queue *)io, in + done, want);
		done += sent;
		if (sent < want)
			break;
	}
	return done;
}

static uint32_t dpdk_used(struct pktio *io)
{
	return __atomic_load_n(&((struct queue *)io)->used, __ATOMIC_RELAXED);
}

static struct pkt *dpdk_alloc(struct pktio *io)
{
	struct queue *q = (struct queue *)io;
	struct rte_mbuf *m = dpdk_used(io) < q->pkts_max ? rte_pktmbuf_alloc(q->pool) : NULL;
	if (!m)
		return NULL;
	pkt_reset(pkt_of(m), io, m->buf_addr, (uint32_t)m->buf_len - PKT_HEADROOM);
	used_add(io, 1);
	return pkt_of(m);
}

static void dpdk_release(struct pktio *io, struct pkt *p)
{
	used_add(io, -1u);
	rte_pktmbuf_free(mbuf_of(p));
}

static uint32_t dpdk_fds(struct pktio *io, int *fds, uint32_t n)
{
	const struct queue *q = (struct queue *)io;
	uint32_t k = q->n_fds < n ? q->n_fds : n;
	memcpy(fds, q->fds, sizeof *fds * k);
	return k;
}

static uint32_t dpdk_size(struct pktio *io)
{
	return ((struct queue *)io)->pkts_max;
}

static const struct pktio_ops dpdk_ops = {
    .rx = dpdk_rx,
    .tx = dpdk_tx,
    .alloc = dpdk_alloc,
    .release = dpdk_release,
    .fds = dpdk_fds,
    .pkts_used = dpdk_used,
    .pkts_size = dpdk_size,
};

struct pktio *pktio_dpdk_new(const struct pktio_dpdk_conf *c)
{
	struct queue *q = calloc(1, sizeof *q);
	if (!q)
		return NULL;
	q->io = (struct pktio){.ops = &dpdk_ops, .mtu = c->mtu};
	q->io.buf_bytes = (uint16_t)(rte_pktmbuf_data_room_size(c->pool) - PKT_HEADROOM);
	memcpy(q->io.mac, c->mac, sizeof q->io.mac);
	q->port = c->port;
	q->queue = c->queue;
	q->pool = c->pool;
	q->pkts_max = c->pkts_max;
	q->shared = c->shared;
	q->n_fds = c->n_fds;
	memcpy(q->fds, c->fds, sizeof q->fds);
	return &q->io;
}

void pktio_dpdk_free(struct pktio *io)
{
	free(io);
}
