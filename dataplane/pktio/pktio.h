/* SPDX-License-Identifier: Apache-2.0 */
/* Packet I/O as a small table: one queue pair of one device, used by one worker. Two implementations: DPDK
 * (pktio_dpdk.c) and memory (pktio_mem.c: queues in memory for simulations and unit tests, no EAL). */
#ifndef DP_PKTIO_H
#define DP_PKTIO_H

#include <stdint.h>

struct pkt;
struct pktio;

struct pktio_ops {
	/* Up to n received packets, each with one reference that now is the caller's. */
	uint32_t (*rx)(struct pktio *io, struct pkt **out, uint32_t n);
	/* Hand over n packets (data at the ethernet header), taking one reference of each. Returns how many
	 * were taken; the rest still belong to the caller. */
	uint32_t (*tx)(struct pktio *io, struct pkt **in, uint32_t n);
	/* A fresh packet with PKT_HEADROOM before data, len 0; NULL when the pool is empty. */
	struct pkt *(*alloc)(struct pktio *io);
	/* Give back the memory of a packet whose last reference is gone (called by pkt_put only). */
	void (*release)(struct pktio *io, struct pkt *p);
	/* File descriptors that become readable when packets arrive: fills fds, returns the count. */
	uint32_t (*fds)(struct pktio *io, int *fds, uint32_t n);
	uint32_t (*pkts_used)(struct pktio *io); /* buffers out of the pool, for gauges and leak checks */
	uint32_t (*pkts_size)(struct pktio *io);
};

struct pktio {
	const struct pktio_ops *ops;
	uint8_t mac[6];
	uint16_t mtu;
	uint16_t buf_bytes; /* payload room of one buffer behind PKT_HEADROOM */
};

/* Drop one reference. */
void pkt_put(struct pkt *p);

#endif
