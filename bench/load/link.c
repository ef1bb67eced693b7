/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/load/link.h"

#include "dataplane/pktio/pkt.h"
#include "dataplane/pktio/pktio_mem.h"

#include <string.h>

struct pkt *link_alloc(struct link *l, char **payload, uint32_t *room)
{
	struct pkt *p = l->io->ops->alloc(l->io);
	if (!p) {
		l->lost++;
		return NULL;
	}
	*payload = (char *)p->data + FRAME_UDP_HEAD;
	*room = p->room - FRAME_UDP_HEAD;
	return p;
}

/* What was sent is received: over memory the far end is ourselves. */
static void loop_back(struct link *l)
{
	uint8_t frame[2048];
	uint32_t len;
	while ((len = pktio_mem_pull(l->io, frame, sizeof frame)) > 0)
		l->lost += pktio_mem_push(l->io, frame, len) != 0;
}

void link_flush(struct link *l)
{
	uint32_t n = l->n_out ? l->io->ops->tx(l->io, l->out, l->n_out) : 0;
	l->tx += n;
	l->lost += l->n_out - n;
	while (n < l->n_out)
		pkt_put(l->out[n++]);
	l->n_out = 0;
	if (l->loop)
		loop_back(l);
}

static void queue(struct link *l, struct pkt *p, uint32_t len)
{
	p->len = FRAME_UDP_HEAD + len;
	l->out[l->n_out++] = p;
	if (l->n_out == LINK_BURST)
		link_flush(l);
}

void link_answer(struct link *l, struct pkt *p, const struct frame_udp *to, uint32_t len)
{
	frame_head_reply(p->data, to, len);
	queue(l, p, len);
}

void link_send(struct link *l, struct pkt *p, uint16_t sport, uint16_t dport, uint32_t len)
{
	const struct ip_sock to = {.a = l->hop, .port = dport};
	link_send_to(l, p, sport, &to, len);
}

void link_send_to(struct link *l, struct pkt *p, uint16_t sport, const struct ip_sock *to, uint32_t len)
{
	/* what we would have received, had they written to us */
	struct frame_udp from = {.src = *to, .dst = {l->ip, sport}};
	memcpy(from.src_mac, l->hop_mac, 6);
	memcpy(from.dst_mac, l->io->mac, 6);
	link_answer(l, p, &from, len);
}

void link_ask(struct link *l)
{
	struct pkt *p = l->io->ops->alloc(l->io);
	if (!p)
		return;
	memset(p->data, 0, 60);
	frame_arp_request(p->data, &l->ip, l->io->mac, &l->hop);
	p->len = 60;
	l->out[l->n_out++] = p;
	link_flush(l);
}

uint32_t link_rx(struct link *l, struct pkt **in)
{
	uint32_t n = l->io->ops->rx(l->io, in, LINK_BURST);
	l->rx += n;
	return n;
}

static void answer_arp(struct link *l, const struct pkt *in)
{
	struct pkt *p = l->io->ops->alloc(l->io);
	if (!p)
		return;
	memset(p->data, 0, 60);
	if (frame_arp_reply(p->data, in->data, in->len, &l->ip, l->io->mac) == 0) {
		pkt_put(p);
		return;
	}
	p->len = 60;
	l->out[l->n_out++] = p;
	link_flush(l);
}

bool link_input(struct link *l, struct pkt *p, struct frame_udp *u)
{
	if (frame_read_udp(u, p->data, p->len))
		return ip_addr_eq(&u->dst.a, &l->ip);
	if (frame_arp_is(p->data, p->len)) {
		l->hop_known |= frame_arp_from(p->data, &l->hop, l->hop_mac);
		answer_arp(l, p);
	}
	return false;
}
