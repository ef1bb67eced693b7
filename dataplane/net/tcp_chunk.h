/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of a connection's bytes: what was written and is not yet acknowledged, each piece as it was or will be sent in
 * one segment; and what has arrived and cannot be told yet. */
#ifndef DP_TCP_CHUNK_H
#define DP_TCP_CHUNK_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/net/tcp.h"

#define TCP_CHUNK_DATA 1504u

/* Marks of the scoreboard (RFC 6675, RFC 8985). FLIGHT: counted in tcp_conn.pipe. */
#define CHUNK_SENT   1u
#define CHUNK_FLIGHT 2u
#define CHUNK_SACKED 4u
#define CHUNK_LOST   8u  /* given up; FLIGHT as well: sent again */
#define CHUNK_AGAIN  16u /* was sent more than once: no RTT from it (Karn) */

struct tcp_chunk {
	struct tcp_chunk *next;
	uint64_t sent_ns;
	uint32_t seq; /* of the first byte at off, or of SYN or FIN */
	uint16_t off, len;
	uint8_t bits;  /* TCP_SYN, TCP_FIN */
	uint8_t marks; /* CHUNK_… */
	uint8_t data[TCP_CHUNK_DATA];
};
static_assert(sizeof(struct tcp_chunk) <= TCP_CHUNK_BYTES, "a chunk outgrew its size");

struct tcp_chunks {
	uint8_t *mem;
	struct tcp_chunk *free;
	uint32_t in, out; /* in use for either direction */
};

[[nodiscard]] int tcp_chunks_init(struct tcp_chunks *k, uint32_t count); /* -ENOMEM */
void tcp_chunks_fini(struct tcp_chunks *k);

/* Sequence number behind the chunk. */
static inline uint32_t chunk_end(const struct tcp_chunk *k)
{
	return k->seq + k->len + (k->bits != 0);
}

/* An empty one charged to the connection, its far address and the whole; NULL: one of the four has no more. */
struct tcp_chunk *tcp_chunk_get_out(struct tcp_conn *c);
struct tcp_chunk *tcp_chunk_get_in(struct tcp_conn *c);
void tcp_chunk_put_out(struct tcp_conn *c, struct tcp_chunk *k);
void tcp_chunk_put_in(struct tcp_conn *c, struct tcp_chunk *k);

#endif
