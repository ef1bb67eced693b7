/* SPDX-License-Identifier: Apache-2.0 */
/* A network namespace of the calling thread's own with nothing in it but a TUN device that has the engine's address: packets that the
 * kernel sends from that address are read from the device, packets for it are written to it. The host's
 * namespace keeps no trace of it. Needs CAP_SYS_ADMIN, CAP_NET_ADMIN and /dev/net/tun. */
#ifndef DP_TUN_H
#define DP_TUN_H

#include "dataplane/api/dp_conf.h"

/* What the kernel puts in front of each packet: struct virtio_net_hdr. */
#define TUN_HDR 10u

/* The device's descriptor, non-blocking; -1 with a sentence in err (what failed, what to try). The thread stays in the
 * namespace; the namespace ends with the last thread and socket in it. */
[[nodiscard]] int tun_open(const struct dp_conf *conf, char err[256]);
/* The header of a packet we write. */
void tun_hdr(uint8_t hdr[TUN_HDR], const struct dp_conf *conf);

#endif
