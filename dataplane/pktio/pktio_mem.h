/* SPDX-License-Identifier: Apache-2.0 */
/* Packet I/O in memory: what a test pushes is received, what the engine sends can be pulled. Frames wait in
 * both queues as copies, so a buffer may be rewritten or given back right after tx, as with a real device.
 * No EAL, no clock. One thread. */
#ifndef DP_PKTIO_MEM_H
#define DP_PKTIO_MEM_H

#include <stdbool.h>

#include "dataplane/pktio/pktio.h"

struct pktio_mem_conf {
	uint8_t mac[6];
	uint16_t mtu;       /* IP bytes */
	uint16_t buf_bytes; /* room of one buffer behind PKT_HEADROOM, 256 … 16384 */
	uint32_t pkts;      /* buffers in the pool */
	uint32_t queue;     /* frames that may wait in each direction; power of two */
};

/* NULL: no memory. */
struct pktio *pktio_mem_new(const struct pktio_mem_conf *conf);
/* Every packet must be back: asserts that none is used. */
void pktio_mem_free(struct pktio *io);

/* A frame arrives. -ENOBUFS: the queue is full; -EMSGSIZE: longer than a buffer. When the pool is empty at
 * the time of rx, the frame is lost as in a NIC and counted (pktio_mem_lost). */
[[nodiscard]] int pktio_mem_push(struct pktio *io, const void *frame, uint32_t len);
/* The oldest frame that was sent: copied to `frame` (cap bytes of room), its length returned; 0: none.
 * A frame longer than cap is cut. */
uint32_t pktio_mem_pull(struct pktio *io, void *frame, uint32_t cap);
uint32_t pktio_mem_waiting(const struct pktio *io); /* sent and not yet pulled */
uint64_t pktio_mem_lost(const struct pktio *io);    /* arrived when the pool was empty */
/* While set, tx takes nothing: the device is full. */
void pktio_mem_block_tx(struct pktio *io, bool blocked);

#endif
