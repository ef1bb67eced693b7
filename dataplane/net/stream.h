/* SPDX-License-Identifier: Apache-2.0 */
/* Byte streams of one worker: the interface between those who speak TCP (stream_kernel.c: sockets of the kernel;
 * tcp.c: our own) and those who read messages from it (sip/conns.c). Framing and TLS stand above.
 *
 * A stream belongs to one worker for life. Everything here runs on that worker's thread: the operations, and what
 * the user is told, which happens inside of `turn` and `input` only, never inside of an operation. Nothing
 * allocates, blocks or locks.
 *
 * A stream is named by a number below `size`, so that the user keeps what belongs to it in an array. A number is in
 * use from `connect` or `accepted` until `closed` has been told, which is told exactly once for each and is the last thing told
 * of it; it is told for a stream that the user closed as well, since only then its number may come again.
 *
 * There is no back-pressure towards the far side here: the user takes all bytes that are told, and closes the
 * stream of whoever sends more than it wants to keep. */
#ifndef DP_STREAM_H
#define DP_STREAM_H

#include "dataplane/api/dp_conf.h"

#define STREAM_NONE 0xffffffffu

/* Why a stream ended. */
enum stream_end {
	STREAM_END_LOCAL = 0,   /* the user closed it */
	STREAM_END_FIN,         /* the far side closed it */
	STREAM_END_RESET,       /* the far side reset it */
	STREAM_END_REFUSED,     /* connect: nobody listens there */
	STREAM_END_TIMEOUT,     /* connect: no answer; later: what was sent is not acknowledged */
	STREAM_END_UNREACHABLE, /* connect: no route, or ICMP says so */
	STREAM_END_LIMIT,       /* no room: a pool, a ring, a limit of the backend */
	STREAM_ENDS
};

struct stream_user {
	void *ctx;
	/* A far side has connected to `port` of ours. False: it is closed again (closed is not told). */
	bool (*accepted)(void *ctx, uint32_t id, const struct ip_sock *remote, uint16_t port, uint64_t now);
	/* A connect has succeeded. */
	void (*opened)(void *ctx, uint32_t id, uint64_t now);
	/* n > 0 bytes came, in order; they may be read until this returns. */
	void (*bytes)(void *ctx, uint32_t id, const uint8_t *p, uint32_t n, uint64_t now);
	void (*closed)(void *ctx, uint32_t id, enum stream_end why, uint64_t now);
};

struct stream;
struct net;
struct ip_in;
struct dp_stats;
struct wheel;

struct stream_ops {
	/* Begin to connect to `to`. STREAM_NONE: no number is free. Bytes may be written at once; they leave when the
	 * connection is there. */
	uint32_t (*connect)(struct stream *s, const struct ip_sock *to, uint64_t now);
	/* Send n bytes, all of them or (false) none: there is no room for them, or the stream is over. */
	bool (*write)(struct stream *s, uint32_t id, const void *p, uint32_t n, uint64_t now);
	/* Bytes written that the far side has not acknowledged yet (or, kernel: that the kernel has not taken): how the user knows a
	 * peer that stopped reading. */
	uint32_t (*unsent)(const struct stream *s, uint32_t id);
	/* No more bytes are told from now on. abort false: what was written still leaves, then FIN; true: RST at once. */
	void (*close)(struct stream *s, uint32_t id, bool abort, uint64_t now);
	/* The worker has filled the head in and is about to start. -errno. NULL: nothing to do then. */
	int (*open)(struct stream *s, struct wheel *wheel, uint64_t now);
	/* The worker that a segment belongs to by its port; `here` when any may have it. NULL: always. */
	uint16_t (*owner)(const struct stream *s, const struct ip_in *in, uint16_t here);
	/* As net_ops.tcp_soon. NULL: there is nothing to fetch. */
	void (*soon)(struct stream *s, const uint8_t *ip);
	/* A TCP segment or an ICMP error about one (struct net_ops); takes the packet. NULL: none come this way. */
	void (*input)(struct stream *s, struct ip_in *in, uint64_t now);
	/* Once per turn of the worker, behind everything that may write. Returns how much was done. */
	uint32_t (*turn)(struct stream *s, uint64_t now);
	/* As worker_sleep, worker_awake; NULL: nothing but packets and timers concerns it. */
	bool (*sleep)(struct stream *s);
	void (*awake)(struct stream *s);
};

/* The head of each backend's own struct. Whoever makes a backend frees it when its worker has gone. */
struct stream {
	const struct stream_ops *ops;
	uint32_t size; /* numbers are below it */
	/* Filled by the worker before its first turn. */
	struct stream_user user;
	struct net *net;
	struct dp_stats *stats;
};

/* "connection refused", … : words for a person. */
const char *stream_end_words(enum stream_end e);

#endif
