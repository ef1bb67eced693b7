/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/pktio/pktio_mem.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/core/pool.h"
#include "dataplane/pktio/pkt.h"

/* Frames by value: a ring of equal slots, `len` in front of the bytes. */
struct frames {
	uint8_t *mem;
	uint32_t slot_bytes, mask, head, tail;
};

struct mem {
	struct pktio io;
	struct pool pool; /* struct pkt, then the buffer */
	struct frames rx, tx;
	uint64_t lost;
	bool blocked;
};

#define PKT_AREA 64u /* struct pkt at the front of a pool object */
static_assert(sizeof(struct pkt) <= PKT_AREA, "a packet's head outgrew its area");

static int frames_init(struct frames *f, uint32_t slots, uint32_t bytes)
{
	assert(slots && (slots & (slots - 1)) == 0);
	*f = (struct frames){.slot_bytes = sizeof(uint32_t) + ((bytes + 3) & ~3u), .mask = slots - 1};
	f->mem = malloc((size_t)slots * f->slot_bytes);
	return f->mem ? 0 : -ENOMEM;
}

static uint32_t frames_used(const struct frames *f)
{
	return f->head - f->tail;
}

static uint8_t *frames_slot(const struct frames *f, uint32_t i)
{
	return f->mem + (size_t)(i & f->mask) * f->slot_bytes;
}

static bool frames_put(struct frames *f, const void *p, uint32_t len)
{
	if (frames_used(f) > f->mask)
		return false;
	uint8_t *s = frames_slot(f, f->head++);
	memcpy(s, &len, sizeof len);
	memcpy(s + sizeof len, p, len);
	return true;
}

static const uint8_t *frames_get(struct frames *f, uint32_t *len)
{
	if (!frames_used(f))
		return NULL;
	const uint8_t *s = frames_slot(f, f->tail++);
	memcpy(len, s, sizeof *len);
	return s + sizeof *len;
}

static struct pkt *mem_alloc(struct pktio *io)
{
	struct mem *m = (struct mem *)io;
	void *obj = pool_get(&m->pool);
	if (!obj)
		return NULL;
	pkt_reset(obj, io, (uint8_t *)obj + PKT_AREA, io->buf_bytes);
	return obj;
}

static void mem_release(struct pktio *io, struct pkt *p)
{
	pool_put(&((struct mem *)io)->pool, p);
}

static uint32_t mem_rx(struct pktio *io, struct pkt **out, uint32_t n)
{
	struct mem *m = (struct mem *)io;
	const uint8_t *s;
	uint32_t got = 0, len;
	while (got < n && (s = frames_get(&m->rx, &len))) {
		struct pkt *p = mem_alloc(io);
		if (!p) {
			m->lost++;
			continue;
		}
		memcpy(p->data, s, len);
		p->len = len;
		out[got++] = p;
	}
	return got;
}

static uint32_t mem_tx(struct pktio *io, struct pkt **in, uint32_t n)
{
	struct mem *m = (struct mem *)io;
	uint32_t i = 0;
	while (i < n && !m->blocked && frames_put(&m->tx, in[i]->data, in[i]->len))
		pkt_put(in[i++]);
	return i;
}

static uint32_t mem_fds(struct pktio *io, int *fds, uint32_t n)
{
	(void)io, (void)fds, (void)n;
	return 0;
}

static uint32_t mem_used(struct pktio *io)
{
	return ((struct mem *)io)->pool.used;
}

static uint32_t mem_size(struct pktio *io)
{
	return ((struct mem *)io)->pool.size;
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

struct pktio *pktio_mem_new(const struct pktio_mem_conf *conf)
{
	assert(conf->buf_bytes >= 256 && conf->buf_bytes <= 16384);
	struct mem *m = calloc(1, sizeof *m);
	if (!m)
		return NULL;
	uint32_t buf = PKT_HEADROOM + conf->buf_bytes;
	m->io = (struct pktio){.ops = &mem_ops, .mtu = conf->mtu, .buf_bytes = conf->buf_bytes};
	memcpy(m->io.mac, conf->mac, sizeof m->io.mac);
	if (pool_init(&m->pool, "packets", conf->pkts, PKT_AREA + buf) ||
	    frames_init(&m->rx, conf->queue, buf) || frames_init(&m->tx, conf->queue, buf)) {
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
	assert(m->pool.used == 0);
	pool_fini(&m->pool);
	free(m->rx.mem);
	free(m->tx.mem);
	free(m);
}

int pktio_mem_push(struct pktio *io, const void *frame, uint32_t len)
{
	if (len > io->buf_bytes)
		return -EMSGSIZE;
	return frames_put(&((struct mem *)io)->rx, frame, len) ? 0 : -ENOBUFS;
}

uint32_t pktio_mem_pull(struct pktio *io, void *frame, uint32_t cap)
{
	uint32_t len;
	const uint8_t *s = frames_get(&((struct mem *)io)->tx, &len);
	if (!s)
		return 0;
	if (len > cap)
		len = cap;
	memcpy(frame, s, len);
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
