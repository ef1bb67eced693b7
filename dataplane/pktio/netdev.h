/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel knows about a network interface, and the sockets a DPDK driver opened on it. Cold path. */
#ifndef DP_NETDEV_H
#define DP_NETDEV_H

#include <stdbool.h>
#include <stdint.h>

struct netdev {
	bool exists, up, running; /* up: switched on; running: and its other end is there */
	uint32_t index;           /* never given to another interface; 0: there is none of this name */
	uint16_t mtu;
	uint8_t mac[6];
	uint16_t channels, channels_max; /* receive queues in use, and possible; at least 1 */
};

void netdev_get(const char *name, struct netdev *out);
[[nodiscard]] int netdev_up(const char *name);
/* Use n receive (and transmit) queues, so that no packet lands on a queue nobody reads. */
[[nodiscard]] int netdev_set_channels(const char *name, uint16_t n);

/* File descriptors of this process that are sockets of one domain (AF_XDP, AF_PACKET), lowest first. */
#define NETDEV_SOCKS_MAX 64
struct netdev_socks {
	int fd[NETDEV_SOCKS_MAX];
	uint32_t n;
};
void netdev_socks(int domain, struct netdev_socks *out);
/* Those in `after` that are not in `before`. */
void netdev_socks_new(struct netdev_socks *after, const struct netdev_socks *before);

#endif
