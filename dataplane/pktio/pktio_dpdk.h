/* SPDX-License-Identifier: Apache-2.0 */
/* One RX/TX queue pair of an ethdev as a pktio. struct pkt sits in the private area of its mbuf, so nothing is
 * allocated or copied on the way in or out. */
#ifndef DP_PKTIO_DPDK_H
#define DP_PKTIO_DPDK_H

#include <stdbool.h>

#include "dataplane/pktio/pktio.h"

struct rte_mempool;

#define PKTIO_FDS_MAX  2
#define PKTIO_PRIV     64    /* bytes of an mbuf's private area that struct pkt takes */
#define PKTIO_HEADS    256u  /* in front of the data room: the pool's, the mbuf's and ours */
#define PKTIO_ROOM_XDP 3840u /* data room with headroom: the largest that AF_XDP takes, see pktio_dpdk_pool */

/* mbufs for one queue: object = header 64 + mbuf 128 + private 64 + room, without padding between objects.
 * With PKTIO_ROOM_XDP that is exactly one page: the kernel takes no larger UMEM chunks, and the driver
 * computes an object's place from its number, so there must be no gaps at page ends either. NULL: rte_errno. */
struct rte_mempool *pktio_dpdk_pool(const char *name, uint32_t mbufs, uint32_t room, int socket);

struct pktio_dpdk_conf {
	uint16_t port, queue, mtu;
	uint8_t mac[6];
	uint32_t pkts_max; /* packets the layers above may hold; the rest of the pool is the device's */
	struct rte_mempool *pool;
	int fds[PKTIO_FDS_MAX]; /* borrowed: the driver's */
	uint32_t n_fds;
	bool shared; /* several workers: packets of this pool are handed from one to another */
};

/* One thread uses a queue's rx and tx; alloc and release may come from any worker when `shared`. NULL: no
 * memory. */
struct pktio *pktio_dpdk_new(const struct pktio_dpdk_conf *conf);
void pktio_dpdk_free(struct pktio *io);

#endif
