/* SPDX-License-Identifier: Apache-2.0 */
/* XDP programs on an interface: a killed engine leaves its own behind, which still diverts packets to a
 * socket that is gone. Cold path, main thread. */
#ifndef DP_XDP_LINK_H
#define DP_XDP_LINK_H

#include <stdbool.h>
#include <stdint.h>

struct xdp_link {
	uint32_t prog_id; /* 0: no program */
	uint8_t mode;     /* XDP_ATTACHED_… of linux/if_link.h */
	char name[16];    /* of the program, empty when it may not be asked for */
};

/* -errno when the interface does not exist or the kernel does not answer. */
[[nodiscard]] int xdp_link_get(const char *ifname, struct xdp_link *out);
/* Take the program off, as `ip link set X xdp off`. Nothing there: 0. */
[[nodiscard]] int xdp_link_off(const char *ifname);
/* The program was put there for AF_XDP sockets by libxdp or libbpf. */
bool xdp_link_is_xsk(const struct xdp_link *l);

#endif
