/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/handover.h"

#include <errno.h>

int handover_init(struct handover *h, uint16_t self, uint16_t workers, int wake_fd)
{
	*h = (struct handover){.self = self, .workers = workers};
	for (uint16_t i = 0; i < workers; i++) {
		if (i == self)
			continue;
		h->in[i] = dp_ring_new(HANDOVER_SLOTS, sizeof(struct handover_msg), wake_fd);
		if (!h->in[i]) {
			handover_fini(h);
			return -ENOMEM;
		}
	}
	return 0;
}

static void drain(struct handover *h, uint16_t from)
{
	for (struct handover_msg *m; (m = handover_peek(h, from)); handover_release(h, from)) {
		if (m->pkt)
			pkt_put(m->pkt);
	}
}

void handover_fini(struct handover *h)
{
	for (uint16_t i = 0; i < h->workers; i++) {
		if (!h->in[i])
			continue;
		drain(h, i);
		dp_ring_free(h->in[i]);
		h->in[i] = NULL;
	}
}

bool handover_push(struct handover *to, uint16_t from, const struct handover_msg *msg)
{
	struct handover_msg *slot = dp_ring_claim(to->in[from]);
	if (!slot)
		return false;
	*slot = *msg;
	dp_ring_publish(to->in[from]);
	return true;
}

void handover_wake(struct handover *to, uint16_t from)
{
	dp_ring_wake(to->in[from]);
}

struct handover_msg *handover_peek(struct handover *h, uint16_t from)
{
	return h->in[from] ? dp_ring_peek(h->in[from]) : NULL;
}

void handover_release(struct handover *h, uint16_t from)
{
	dp_ring_release(h->in[from]);
}

bool handover_sleep(struct handover *h)
{
	for (uint16_t i = 0; i < h->workers; i++) {
		if (h->in[i] && !dp_ring_sleep(h->in[i])) {
			handover_awake(h);
			return false;
		}
	}
	return true;
}

void handover_awake(struct handover *h)
{
	for (uint16_t i = 0; i < h->workers; i++) {
		if (h->in[i])
			dp_ring_awake(h->in[i]);
	}
}

static struct handover_io *via(struct pktio *io)
{
	return (struct handover_io *)io;
}

static uint32_t via_rx(struct pktio *io, struct pkt **out, uint32_t n)
{
	return 0;
}

static struct pkt *via_alloc(struct pktio *io)
{
	struct pktio *real = via(io)->real;
	return real->ops->alloc(real);
}

/* A packet that somebody keeps for retransmission cannot travel: its count would be changed by two threads.
 */
static struct pkt *sole(struct pktio *io, struct pkt *p)
{
	if (p->refs == 1)
		return p;
	struct pkt *q = via_alloc(io);
	uint32_t at = (uint32_t)(p->data - p->buf0);
	if (!q)
		return NULL;
	q->data = q->buf0 + at;
	q->room = p->room;
	q->len = p->len;
	memcpy(q->data, p->data, p->len);
	return q;
}

static bool via_tx_one(struct pktio *io, struct pkt *p)
{
	struct handover_io *v = via(io);
	struct handover_msg m = {.kind = HANDOVER_FRAME, .pkt = sole(io, p)};
	if (!m.pkt)
		return false;
	if (!handover_push(v->to, v->self, &m)) {
		if (m.pkt != p)
			pkt_put(m.pkt);
		return false;
	}
	if (m.pkt != p)
		pkt_put(p);
	v->pushed = true;
	return true;
}

static uint32_t via_tx(struct pktio *io, struct pkt **in, uint32_t n)
{
	uint32_t done = 0;
	while (done < n && via_tx_one(io, in[done]))
		done++;
	return done;
}

static void via_release(struct pktio *io, struct pkt *p)
{
	struct pktio *real = via(io)->real;
	real->ops->release(real, p);
}

static uint32_t via_fds(struct pktio *io, int *fds, uint32_t n)
{
	return 0;
}

static uint32_t via_none(struct pktio *io)
{
	return 0; /* the owner's pool: counted there */
}

static const struct pktio_ops via_ops = {via_rx, via_tx, via_alloc, via_release, via_fds, via_none, via_none};

void handover_io_init(struct handover_io *v, struct pktio *real, struct handover *to, uint16_t self)
{
	*v = (struct handover_io){.io = *real, .real = real, .to = to, .self = self};
	v->io.ops = &via_ops;
}
