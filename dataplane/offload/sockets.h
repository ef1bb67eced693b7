/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that speaks TCP for the workers by sockets of the kernel. Where the engine has an address of its own the kernel knows
 * nothing of it, so the sockets live in a network namespace that has this address on a TUN device (tun.h), and the workers carry
 * the packets between that device and theirs.
 *
 * The thread waits in epoll: sockets that are ready are read straight into the slots of a ring, written from the slots. (io_uring was
 * slower in a trial: it saves system calls, which this thread may make, and costs a copy out of its buffers.) It may wait for a worker whose ring
 * is full; a worker never waits for it. */
#ifndef DP_SOCKETS_H
#define DP_SOCKETS_H

#include "dataplane/api/dp_conf.h"
#include "dataplane/net/stream_ring.h"

struct sockets;

/* Make the namespace, listen on sip_port and tls_port, run. wake[i]: eventfd of worker i, for its rings. Before privileges
 * are dropped: the thread keeps what it has opened. NULL with a sentence in err. */
struct sockets *sockets_start(const struct dp_conf *conf, const int wake[], char err[256]);
/* After the workers: connections that are still there are reset. */
void sockets_stop(struct sockets *t);

/* The rings of one worker, for stream_kernel_new. */
const struct stream_rings *sockets_rings(const struct sockets *t, uint16_t worker);

#endif
