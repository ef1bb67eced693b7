/* SPDX-License-Identifier: Apache-2.0 */
/* TLS over streams, the worker's end. OpenSSL allocates memory with every handshake and, its buffers being released, with every record,
 * and a handshake takes most of a millisecond: neither is for a poll core. So both run on one helper thread (dataplane/offload/tls_thread.h), records before handshakes, and
 * a worker exchanges bytes with it by rings: what came from the stream goes there and comes back as plain text, what is to be
 * sent goes there and comes back as records. The stream stays the worker's.
 *
 * A session is named by the number of its stream. All functions run on the worker's thread; what is told is told inside of
 * tls_turn. */
#ifndef DP_TLS_H
#define DP_TLS_H

#include "dataplane/api/dp_ring.h"
#include "dataplane/api/stats.h"
#include "sip-parser/base/span.h"

#define TLS_CHUNK      2016u
#define TLS_RING_SLOTS 1024u

enum tls_msg {
	TLS_M_NONE = 0,
	/* worker → thread */
	TLS_M_CLIENT, /* bytes: the name that the certificate must have */
	TLS_M_SERVER,
	TLS_M_END,
	/* thread → worker */
	TLS_M_UP,     /* code: enum tls_up bits */
	TLS_M_FAILED, /* bytes: why, in words */
	TLS_M_EOF,    /* the far side has said close_notify */
	/* both */
	TLS_M_CIPHER, /* of or for the stream */
	TLS_M_PLAIN,
};

enum tls_up { TLS_UP_RESUMED = 1, TLS_UP_UNVERIFIED = 2 };

struct tls_slot {
	uint8_t type, code;
	uint16_t n;
	uint32_t id, gen; /* gen: which of the sessions of this number */
	uint8_t bytes[TLS_CHUNK];
};

struct tls_rings {
	struct dp_ring *down, *up;
	uint32_t size; /* numbers are below it */
};

struct tls_user {
	void *ctx;
	void (*up)(void *ctx, uint32_t id, uint8_t how, uint64_t now);
	void (*cipher)(void *ctx, uint32_t id, const uint8_t *p, uint32_t n, uint64_t now); /* to be sent */
	void (*plain)(void *ctx, uint32_t id, const uint8_t *p, uint32_t n, uint64_t now);
	/* The session is over: why, in words that live until this returns. eof: it ended as it should. */
	void (*over)(void *ctx, uint32_t id, bool eof, struct span words, uint64_t now);
};

struct tls;

/* The rings stay the caller's. -ENOMEM: nothing is left behind. */
[[nodiscard]] int tls_new(struct tls **out, const struct tls_rings *rings);
void tls_free(struct tls *t);
void tls_tell(struct tls *t, const struct tls_user *user);

/* Each: false, there is no room in the ring, and nothing was done. */
/* Begin as a client; name: 1 to 253 bytes, a DNS name or an address literal. */
bool tls_client(struct tls *t, uint32_t id, struct span name);
bool tls_server(struct tls *t, uint32_t id);
/* Bytes that the stream told. */
bool tls_cipher(struct tls *t, uint32_t id, const void *p, uint32_t n);
/* Bytes to be sent, before the handshake is over as well. */
bool tls_plain(struct tls *t, uint32_t id, const void *p, uint32_t n);
/* Nothing more is told of it. Told again and again until there is room (tls_turn). */
void tls_end(struct tls *t, uint32_t id);

uint32_t tls_turn(struct tls *t, uint64_t now);
bool tls_sleep(struct tls *t);
void tls_awake(struct tls *t);

#endif
