/* SPDX-License-Identifier: Apache-2.0 */
/* Messages out of a stream (RFC 3261 §18.3, RFC 5626 §3.5.1). Those that came whole are read where they are; what is
 * left over waits in a buffer of one of two sizes. */
#include "dataplane/sip/conns_core.h"
#include "dataplane/sip/transport.h"

#include <errno.h>

#define SMALL_BYTES  4096u
#define LARGE_BYTES  (SIP_MSG_BYTES_MAX + 1u + 4096u)
#define BODY_MS      32000u /* from the first byte of a message to its last */
#define LONE_CRLF_MS 1000u  /* until a CRLF is known not to be half of a ping */

int conns_inputs_init(struct conns *cs)
{
	int rc = pool_init(&cs->small, "stream input", cs->max, SMALL_BYTES);
	return rc ? rc : pool_init(&cs->large, "long stream input", cs->max / 16 + 8, LARGE_BYTES);
}

void conns_inputs_fini(struct conns *cs)
{
	pool_fini(&cs->small);
	pool_fini(&cs->large);
}

void conns_input_put(struct conns *cs, struct conn *c)
{
	if (c->in)
		pool_put(c->large ? &cs->large : &cs->small, c->in);
	c->in = NULL;
	c->in_len = c->in_cap = 0;
}

static bool grow(struct conns *cs, struct conn *c, uint32_t need)
{
	bool large = need > SMALL_BYTES;
	uint8_t *old = c->in, *more;
	if (need <= c->in_cap)
		return true;
	more = need <= LARGE_BYTES ? pool_get(large ? &cs->large : &cs->small) : NULL;
	if (!more)
		return false;
	if (c->in_len)
		memcpy(more, old, c->in_len);
	if (old)
		pool_put(c->large ? &cs->large : &cs->small, old);
	c->in = more;
	c->in_cap = large ? LARGE_BYTES : SMALL_BYTES;
	c->large = large;
	return true;
}

/* ---- one message */

static void deliver(struct conn *c, const uint8_t *p, uint32_t n, uint64_t now)
{
	struct sip *s = c->conns->sip;
	const struct ip_sock src = c->remote;
	struct span msg = span_of((const char *)p, n);
	conns_heard(c);
	uint16_t owner = sip_owner(s, p, n);
	if (owner == s->env.worker)
		transport_stream(s, msg, &src, now);
	else if (!s->env.stream_in(s->env.ctx, owner, msg, &src))
		sip_count(s, STAT_drop_conn_handover);
}

/* Where the next message begins is lost: answer what can be answered, and close. */
static void refuse(struct conn *c, const uint8_t *p, uint32_t n, const struct sip_err *err, uint64_t now)
{
	const struct ip_sock src = c->remote;
	if (c->frame.head && c->frame.head < n)
		n = c->frame.head; /* what follows is nobody's, and must not change the answer */
	transport_refuse(c->conns->sip, span_of((const char *)p, n), &src, err, now);
	if (conn_works(c))
		conns_break(c, STAT_conn_bad, err->reason, now);
}

/* Take one thing off [p, p+n): how many bytes it has; 0: none is complete, or the connection has gone. */
static uint32_t next(struct conn *c, const uint8_t *p, uint32_t n, bool flush, uint64_t now)
{
	struct sip_err err;
	uint32_t used;
	switch (sip_frame_next(&c->frame, (const char *)p, n, flush, &used, &err)) {
	case SIP_FRAME_MSG:
		deliver(c, p, used, now);
		return used;
	case SIP_FRAME_PING:
		sip_count(c->conns->sip, STAT_sip_keepalives);
		(void)conns_write(c, "\r\n", 2, now);
		return used;
	case SIP_FRAME_PONG:
		return used;
	case SIP_FRAME_BAD:
		refuse(c, p, n, &err, now);
		return 0;
	case SIP_FRAME_MORE:
		return 0;
	}
	return 0;
}

/* How many bytes of [p, p+n) were used. */
static uint32_t drain(struct conn *c, const uint8_t *p, uint32_t n, bool flush, uint64_t now)
{
	uint32_t at = 0, used;
	while (at < n && conn_works(c) && (used = next(c, p + at, n - at, flush, now)))
		at += used;
	return at;
}

/* ---- what is left over */

static bool only_line_ends(const struct conn *c)
{
	return c->in_len < 4 && memcmp(c->in, "\r\n\r\n", c->in_len) == 0;
}

/* The clock of a message runs from its first byte: slowly coming ones are not worth waiting for. */
static void set_patience(struct conn *c, bool first, uint64_t now)
{
	const struct dp_conf *conf = c->conns->sip->env.conf;
	uint64_t passed_ms;
	if (first)
		c->began_at = now;
	passed_ms = (now - c->began_at) / 1000000;
	uint32_t ms = only_line_ends(c) ? LONE_CRLF_MS : c->frame.head ? BODY_MS : conf->conn_header_ms;
	conns_wait_more(c, passed_ms < ms ? ms - (uint32_t)passed_ms : 0, now);
}

static void keep(struct conn *c, const uint8_t *p, uint32_t n, uint64_t now)
{
	bool first = c->in_len == 0;
	if (!grow(c->conns, c, c->in_len + n)) {
		conns_break(c, STAT_conn_no_room, "connection closed: no buffer for so long a message", now);
		return;
	}
	memcpy(c->in + c->in_len, p, n);
	c->in_len += n;
	set_patience(c, first, now);
}

static void drop_front(struct conn *c, uint32_t n, uint64_t now)
{
	c->in_len -= n;
	if (c->in_len == 0) {
		conns_input_put(c->conns, c);
		conns_wait_no_more(c);
		return;
	}
	memmove(c->in, c->in + n, c->in_len);
	set_patience(c, n != 0, now);
}

/* In pieces, so that a buffer never holds more than one message and a piece. */
static void take(struct conn *c, const uint8_t *p, uint32_t n, uint64_t now)
{
	bool fresh = c->in_len == 0;
	uint32_t used = fresh ? drain(c, p, n, false, now) : 0;
	if (!conn_works(c) || used == n)
		return;
	keep(c, p + used, n - used, now);
	if (fresh || !conn_works(c))
		return;
	used = drain(c, c->in, c->in_len, false, now);
	if (conn_works(c))
		drop_front(c, used, now);
}

static void end_busy(struct conn *c)
{
	c->busy = false;
	if (conn_works(c))
		return;
	conns_input_put(c->conns, c);
	c->frame = (struct sip_frame){0};
}

void conns_input(struct conn *c, const uint8_t *p, uint32_t n, uint64_t now)
{
	if (!conn_works(c))
		return;
	c->busy = true;
	take(c, p, n, now);
	end_busy(c);
}

bool conns_input_late(struct conn *c, uint64_t now)
{
	if (!c->in_len || !only_line_ends(c) || c->in_len < 2)
		return false;
	c->busy = true;
	uint32_t used = drain(c, c->in, c->in_len, true, now);
	if (conn_works(c) && used)
		drop_front(c, used, now);
	end_busy(c);
	return used != 0;
}
