/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/pktio/pktio_mem.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/core/big.h"
#include "dataplane/pktio/pkt.h"

/* A ring as a device has it: every slot owns a buffer, and a packet that comes or goes changes buffers with its
 * slot, as a device's own writing and reading costs the processor nothing. */
struct slot {
	uint8_t *buf;
	uint32_t at, len; /* the frame in it */
};

struct frames {
	struct slot *slot;
	uint32_t mask, head, tail;
};

struct mem {
	struct pktio io;
	struct pkt *pkts;  /* n_pkts; each, even a free one, owns the buffer at its buf0 */
	struct pkt **free; /* the free ones, n_free; the last freed is taken next */
	uint32_t n_pkts, n_free;
	struct frames rx, tx;
	uint8_t *bufs; /* as many as packets and slots */
	uint64_t lost;
	bool blocked;
};

static int frames_init(struct frames *f, uint32_t slots)
{
	assert(slots && (slots & (slots - 1)) == 0);
	*f = (struct frames){.mask = slots - 1, .slot = calloc(slots, sizeof *f->slot)};
	return f->slot ? 0 : -ENOMEM;
}

static uint32_t frames_used(const struct frames *f)
{
	return f->head - f->tail;
}

/* The slot to fill next; NULL: full. */
static struct slot *frames_put(struct frames *f)
{
	return frames_used(f) > f->mask ? NULL : &f->slot[f->head++ & f->mask];
}

/* The oldest filled slot; NULL: empty. */
static struct slot *frames_get(struct frames *f)
{
	return frames_used(f) ? &f->slot[f->tail++ & f->mask] : NULL;
}

static void slot_write(struct slot *s, const void *p, uint32_t len)
{
	s->at = PKT_HEADROOM;
	s->len = len;
	memcpy(s->buf + s->at, p, len);
}

static void swap_bufs(struct slot *s, struct pkt *p)
{
	uint8_t *buf = s->buf;
	s->buf = p->buf0;
	p->buf0 = buf;
}

/* NULL: all are used. */
static struct pkt *take(struct mem *m)
{
	return m->n_free ? m->free[--m->n_free] : NULL;
}

static struct pkt *mem_alloc(struct pktio *io)
{
	struct pkt *p = take((struct mem *)io);
	if (p)
		pkt_reset(p, io, p->buf0, io->buf_bytes);
	return p;
}

static void mem_release(struct pktio *io, struct pkt *p)
{
	struct mem *m = (struct mem *)io;
	assert(m->n_free < m->n_pkts && p->refs == 0);
	m->free[m->n_free++] = p;
}

static uint32_t mem_rx(struct pktio *io, struct pkt **out, uint32_t n)
{
	struct mem *m = (struct mem *)io;
	struct slot *s;
	uint32_t got = 0;
	while (got < n && (s = frames_get(&m->rx))) {
		struct pkt *p = take(m);
		if (!p) {
			m->lost++;
			continue;
		}
		swap_bufs(s, p);
		pkt_reset(p, io, p->buf0, io->buf_bytes);
		p->len = s->len;
		out[got++] = p;
	}
	return got;
}

/* The bytes of a packet that somebody keeps must stay where they are: copied. */
static void send_one(struct slot *s, struct pkt *p)
{
	if (p->refs == 1) {
		s->at = pkt_headroom(p);
		s->len = p->len;
		swap_bufs(s, p);
	} else {
		slot_write(s, p->data, p->len);
	}
	pkt_put(p);
}

static uint32_t mem_tx(struct pktio *io, struct pkt **in, uint32_t n)
{
	struct mem *m = (struct mem *)io;
	struct slot *s;
	uint32_t i = 0;
	while (i < n && !m->blocked && (s = frames_put(&m->tx)))
		send_one(s, in[i++]);
	return i;
}

static uint32_t mem_fds(struct pktio *io, int *fds, uint32_t n)
{
	(void)io, (void)fds, (void)n;
	return 0;
}

static uint32_t mem_used(struct pktio *io)
{
	const struct mem *m = (struct mem *)io;
	return m->n_pkts - m->n_free;
}

static uint32_t mem_size(struct pktio *io)
{
	return ((struct mem *)io)->n_pkts;
}

static const struct pktio_ops mem_ops = {
    .rx = mem_rx,
    .tx = mem_tx,
    .alloc = mem_alloc,
    .release = mem_release,
    .fds = mem_fds,
    .pkts_used = mem_used,
    .pkts_size = mem_size,
};

static int pkts_init(struct mem *m, uint32_t n)
{
	m->n_pkts = n;
	m->pkts = big_new(n * sizeof *m->pkts);
	m->free = calloc(n, sizeof *m->free);
	return m->pkts && m->free ? 0 : -ENOMEM;
}

static void pkt_init(struct mem *m, uint32_t i, uint8_t *buf)
{
	m->pkts[i].buf0 = buf;
	m->free[m->n_free++] = &m->pkts[i];
}

/* A frame that was pushed in front of the headroom and copied behind it must fit, too. */
static int bufs_init(struct mem *m, uint32_t buf_bytes)
{
	uint32_t each = (2 * PKT_HEADROOM + buf_bytes + 63) & ~63u, slots = m->rx.mask + 1;
	m->bufs = big_new((size_t)each * (m->n_pkts + 2 * slots));
	if (!m->bufs)
		return -ENOMEM;
	uint8_t *b = m->bufs;
	for (uint32_t i = 0; i < m->n_pkts; i++, b += each)
		pkt_init(m, i, b);
	for (uint32_t i = 0; i < slots; i++, b += 2 * (size_t)each) {
		m->rx.slot[i].buf = b;
		m->tx.slot[i].buf = b + each;
	}
	return 0;
}

struct pktio *pktio_mem_new(const struct pktio_mem_conf *conf)
{
	assert(conf->buf_bytes >= 256 && conf->buf_bytes <= 16384);
	struct mem *m = calloc(1, sizeof *m);
	if (!m)
		return NULL;
	m->io = (struct pktio){.ops = &mem_ops, .mtu = conf->mtu, .buf_bytes = conf->buf_bytes};
	memcpy(m->io.mac, conf->mac, sizeof m->io.mac);
	if (pkts_init(m, conf->pkts) || frames_init(&m->rx, conf->queue) ||
	    frames_init(&m->tx, conf->queue) || bufs_init(m, conf->buf_bytes)) {
		pktio_mem_free(&m->io);
		return NULL;
	}
	return &m->io;
}

void pktio_mem_free(struct pktio *io)
{
	struct mem *m = (struct mem *)io;
	if (!m)
		return;
	assert(!m->bufs || m->n_free == m->n_pkts);
	free(m->pkts);
	free(m->free);
	free(m->rx.slot);
	free(m->tx.slot);
	free(m->bufs);
	free(m);
}

int pktio_mem_push(struct pktio *io, const void *frame, uint32_t len)
{
	if (len > io->buf_bytes)
		return -EMSGSIZE;
	struct slot *s = frames_put(&((struct mem *)io)->rx);
	if (!s)
		return -ENOBUFS;
	slot_write(s, frame, len);
	return 0;
}

uint32_t pktio_mem_pull(struct pktio *io, void *frame, uint32_t cap)
{
	const struct slot *s = frames_get(&((struct mem *)io)->tx);
	if (!s)
		return 0;
	uint32_t len = s->len < cap ? s->len : cap;
	memcpy(frame, s->buf + s->at, len);
	return len;
}

uint32_t pktio_mem_waiting(const struct pktio *io)
{
	return frames_used(&((const struct mem *)io)->tx);
}

uint64_t pktio_mem_lost(const struct pktio *io)
{
	return ((const struct mem *)io)->lost;
}

void pktio_mem_block_tx(struct pktio *io, bool blocked)
{
	((struct mem *)io)->blocked = blocked;
}
