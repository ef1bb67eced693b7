/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by conns.c (which connections there are) and conns_in.c (messages out of what they bring). */
#ifndef DP_SIP_CONNS_CORE_H
#define DP_SIP_CONNS_CORE_H

#include "dataplane/core/pool.h"
#include "dataplane/core/table.h"
#include "dataplane/sip/conns.h"
#include "dataplane/sip/core.h"
#include "sip-parser/sip_frame.h"

#include <stddef.h>

/* Idle for less than this a connection is not closed to make room: one that has never sent a message; the others. */
#define CONN_FRESH_IDLE_NS 1000000000ull
#define CONN_IDLE_NS       32000000000ull

enum conn_state {
	CONN_NONE = 0, /* its number may still be taken */
	CONN_OPENING,  /* connect or TLS handshake */
	CONN_UP,
	CONN_ENDING, /* TLS: the last answer is on its way through the thread; nothing else goes or comes */
};

struct conn {
	struct conn *prev, *next; /* of its list, the longest idle first */
	struct conns *conns;
	struct wtimer timer; /* connect and handshake; a message that has begun */
	struct ip_sock remote;
	uint64_t name; /* TLS client: conns_name */
	uint64_t used_at;
	uint64_t began_at; /* of the message that is not complete */
	struct sip_frame frame;
	uint8_t *in; /* the bytes of it; NULL: none */
	uint32_t in_len, in_cap, gen;
	uint8_t state; /* enum conn_state */
	uint8_t name_len;
	bool inbound;
	bool proven; /* it has brought a message */
	bool busy;   /* conns_input is at work with its bytes */
	bool large;  /* which pool `in` is of */
};

struct conn_list {
	struct conn head;
};

struct conns {
	struct sip *sip;
	struct stream *stream;
	struct conn *all; /* by number of the stream */
	char (*names)[DP_TLS_NAME_MAX];
	struct conn_list fresh, proven;
	struct table *by_remote;
	uint32_t
	    *peers; /* connections by keyed hash of the address: two that share a place share the limit */
	uint32_t peers_mask, used, max;
	struct wtimer timer;
	struct pool small, large; /* input */
};

static inline uint32_t conn_id(const struct conn *c)
{
	return (uint32_t)(c - c->conns->all);
}

static inline bool conn_works(const struct conn *c)
{
	return c->state == CONN_OPENING || c->state == CONN_UP;
}

/* conns_in.c */
[[nodiscard]] int conns_inputs_init(struct conns *cs);
void conns_inputs_fini(struct conns *cs);
void conns_input_put(struct conns *cs, struct conn *c);
/* Plain bytes that came. The connection may be gone afterwards. */
void conns_input(struct conn *c, const uint8_t *p, uint32_t n, uint64_t now);
/* The deadline of a message that has begun. False: there is no more patience. */
bool conns_input_late(struct conn *c, uint64_t now);

/* conns.c */
bool conns_write(struct conn *c, const void *p, uint32_t n, uint64_t now);
void conns_break(struct conn *c, enum stat_id why, const char *words, uint64_t now);
void conns_wait_more(struct conn *c, uint32_t ms, uint64_t now);
void conns_wait_no_more(struct conn *c);
void conns_heard(struct conn *c); /* a whole message */

#endif
