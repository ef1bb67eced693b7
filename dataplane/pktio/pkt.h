/* SPDX-License-Identifier: Apache-2.0 */
/* One packet buffer as every layer sees it. The device backend owns the memory (for DPDK the struct sits in
 * the mbuf's private area, so a pkt and its mbuf are one thing).
 *
 * Receive: data/len shrink as layers strip their headers; `data` always points at the current layer.
 * Send: pkt_alloc leaves PKT_HEADROOM before data; the message is written at data once and each lower layer
 * pushes its header in front.
 *
 * References: a packet is born with one. Sending takes one reference, a retransmission buffer keeps another
 * (pkt_ref); whoever drops the last one gives the memory back. */
#ifndef DP_PKT_H
#define DP_PKT_H

#include "dataplane/pktio/pktio.h"

#define PKT_HEADROOM 128 /* ≥ ethernet 14 + VLAN 4 + IPv6 40 + TCP 60 */

/* flags: the net layer's own marks; a fresh or received packet has none */
#define PKT_F_QUEUED 1u /* in the send queue of this turn */
#define PKT_F_HELD   2u /* waits for ARP */

struct pkt {
	uint8_t *data;
	uint32_t len;
	uint32_t room; /* bytes from data to the end of the buffer */
	uint32_t refs;
	uint16_t
	    l4_off; /* send: where the payload starts from buf0, to resend without rebuilding; 0 = unset */
	uint16_t flags;
	uint8_t *buf0; /* first byte of the buffer */
	struct pktio *io;
};

static inline void pkt_ref(struct pkt *p)
{
	p->refs++;
}

/* Move `data` forward over n bytes of header; the caller has checked n ≤ len. */
static inline void pkt_pull(struct pkt *p, uint32_t n)
{
	p->data += n;
	p->len -= n;
	p->room -= n;
}

/* Move `data` back by n bytes; the caller knows that n bytes of headroom are there. */
static inline uint8_t *pkt_push(struct pkt *p, uint32_t n)
{
	p->data -= n;
	p->len += n;
	p->room += n;
	return p->data;
}

static inline uint32_t pkt_headroom(const struct pkt *p)
{
	return (uint32_t)(p->data - p->buf0);
}

/* What a backend does to a buffer that leaves its pool: one reference, empty, headroom in front. */
static inline void pkt_reset(struct pkt *p, struct pktio *io, uint8_t *buf0, uint32_t buf_bytes)
{
	*p = (struct pkt){.data = buf0 + PKT_HEADROOM, .room = buf_bytes, .refs = 1, .buf0 = buf0, .io = io};
}

#endif
