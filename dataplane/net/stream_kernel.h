/* SPDX-License-Identifier: Apache-2.0 */
/* Backend of stream.h: sockets of the kernel, which another thread (dataplane/offload/sockets.h) works. This is the worker's end: it
 * puts bytes, and where the sockets are behind a TUN device IP packets, into rings and takes them out. */
#ifndef DP_STREAM_KERNEL_H
#define DP_STREAM_KERNEL_H

#include "dataplane/net/stream.h"
#include "dataplane/net/stream_ring.h"

/* out_bytes: that one stream may have unsent. -ENOMEM: nothing is left behind. The rings stay the caller's. */
[[nodiscard]] int stream_kernel_new(
    struct stream **out, const struct stream_rings *rings, uint32_t out_bytes);
void stream_kernel_free(struct stream *s);

#endif
