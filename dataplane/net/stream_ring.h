/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker and the thread of the sockets tell each other, by rings with one producer and one consumer each: values, no
 * pointers. Of a worker's numbers the lower half is for connections it opens, the upper half for those the thread
 * accepts; whoever gives a number out takes it back.
 *
 * Both sides say once that they are through with a stream: the worker by CLOSE, the thread by CLOSED. Rings keep the
 * order, so a number is free for the side that gives it out when it has said its last word and heard the other's. */
#ifndef DP_STREAM_RING_H
#define DP_STREAM_RING_H

#include "dataplane/api/dp_ring.h"
#include "dataplane/api/ip_addr.h"

#define STREAM_CHUNK      2016u /* bytes of a stream in one slot */
#define STREAM_RING_SLOTS 1024u
#define STREAM_IP_SLOTS   1024u

enum stream_msg {
	STREAM_M_NONE = 0,
	/* worker → thread */
	STREAM_M_OPEN,  /* remote */
	STREAM_M_CLOSE, /* arg: abort */
	/* thread → worker */
	STREAM_M_ACCEPTED, /* remote; port */
	STREAM_M_OPENED,
	STREAM_M_SENT,   /* n: bytes that the kernel has taken */
	STREAM_M_CLOSED, /* arg: enum stream_end */
	STREAM_M_FULL,   /* somebody connected and there was no number for it */
	/* both */
	STREAM_M_DATA, /* n bytes */
};

struct stream_slot {
	uint8_t type, arg;
	uint16_t port;
	uint32_t id, n;
	struct ip_sock remote;
	uint8_t bytes[STREAM_CHUNK];
};

/* An IP packet, whole. */
struct stream_ip_slot {
	uint32_t n;
	uint8_t bytes[];
};

/* One worker's rings; ip_…: only where the sockets live behind a TUN device. */
struct stream_rings {
	struct dp_ring *down, *up; /* to the thread, to the worker */
	struct dp_ring *ip_down, *ip_up;
	uint32_t size;     /* of the numbers: even */
	uint32_t ip_bytes; /* longest packet */
};

#endif
