/* SPDX-License-Identifier: Apache-2.0 */
/* The generator's wire: frames in and out of one queue of a device (any that DPDK has) or of memory that loops
 * back, an address, and the MAC of the next hop. One thread. */
#ifndef BENCH_LINK_H
#define BENCH_LINK_H

#include "bench/load/frame.h"
#include "dataplane/pktio/pktio.h"

#define LINK_BURST 32u

struct link {
	struct pktio *io;
	struct ip_addr ip;  /* ours */
	struct ip_addr hop; /* who gets what is not an answer: the subject */
	uint8_t hop_mac[6];
	bool hop_known, loop; /* loop: what is sent comes back (pktio_mem) */
	uint32_t n_out;
	struct pkt *out[LINK_BURST];
	uint64_t rx, tx, lost; /* frames; lost: no buffer, or the device took none */
};

/* A place for a UDP payload in a fresh packet, room bytes long; NULL: counted lost. */
struct pkt *link_alloc(struct link *l, char **payload, uint32_t *room);
/* Send what link_alloc gave, len payload bytes: as the answer to a datagram, or from a port of ours to the
 * next hop. */
void link_answer(struct link *l, struct pkt *p, const struct frame_udp *to, uint32_t len);
void link_send(struct link *l, struct pkt *p, uint16_t sport, uint16_t dport, uint32_t len);
/* To another address behind the same next hop. */
void link_send_to(struct link *l, struct pkt *p, uint16_t sport, const struct ip_sock *to, uint32_t len);
void link_flush(struct link *l);
/* Ask who has `hop`; the answer is taken by link_input. */
void link_ask(struct link *l);
/* Up to LINK_BURST received packets; each is given to pkt_put after use. */
uint32_t link_rx(struct link *l, struct pkt **in);
/* True: a UDP datagram, in *u. ARP is dealt with. */
bool link_input(struct link *l, struct pkt *p, struct frame_udp *u);

#endif
