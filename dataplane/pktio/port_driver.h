/* SPDX-License-Identifier: Apache-2.0 */
/* The drivers we know, one row each: what differs between them. */
#ifndef DP_PORT_DRIVER_H
#define DP_PORT_DRIVER_H

#include <stdbool.h>
#include <stddef.h>

#include "dataplane/api/dp_conf.h"

/* One page per packet with all heads (pktio_dpdk_pool), and 256 bytes that XDP keeps in front: what is left
 * for a frame, less ethernet and a tag. */
#define PORT_XDP_MTU_MAX 3438u

struct port_vdev {
	const char *device;
	uint16_t first, queues; /* of the interface's queues */
	uint16_t mtu;
};

struct port_driver {
	const char *name;      /* in the config */
	const char *dpdk_name; /* of the virtual device; NULL: the user names the device */
	/* Arguments of the virtual device; NULL: the device is there already (PCI). */
	void (*make_args)(char *out, size_t room, const struct port_vdev *v);
	bool kernel_iface;  /* the device is an interface of the kernel that must exist */
	bool kernel_queues; /* its queues are the interface's channels */
	bool
	    dev_per_queue; /* an ethdev for each queue: one with several wants combined channels, which veth lacks */
	bool page_packets;  /* AF_XDP: chunk limit, and a program to take off */
	bool kernel_defrag; /* whole datagrams arrive, above the MTU */
	bool peer_has_mac;  /* tap: the kernel's end has the device's address, ours must differ */
	bool rx_interrupts; /* the fd to sleep on comes from the ethdev */
	int sock_domain;    /* or it is a socket of this domain; 0: neither */
};

#define PORT_DRIVERS_MAX 4
/* The drivers to try for this config, in order. 0: the config names one that does not exist. */
uint32_t port_driver_candidates(const struct dp_conf *conf, const struct port_driver *out[PORT_DRIVERS_MAX]);

/* The data room of an mbuf (with headroom) for this driver: a frame of the MTU, and for messages longer than
 * the MTU about a page. */
uint32_t port_driver_room(const struct port_driver *d, uint16_t mtu);

#endif
