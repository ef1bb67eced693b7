/* SPDX-License-Identifier: Apache-2.0 */
#include "control/dns_rr.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define JUMPS_MAX 32
#define CLASS_IN  1

/* A place in the message; bad once it ran over its end. */
struct cursor {
	const uint8_t *msg;
	size_t len, at;
	bool bad;
};

static uint8_t u8(struct cursor *c)
{
	if (c->bad || c->at >= c->len) {
		c->bad = true;
		return 0;
	}
	return c->msg[c->at++];
}

static uint16_t u16(struct cursor *c)
{
	uint16_t hi = u8(c);
	return (uint16_t)(hi << 8 | u8(c));
}

static uint32_t u32(struct cursor *c)
{
	uint32_t hi = u16(c);
	return hi << 16 | u16(c);
}

static void skip(struct cursor *c, size_t n)
{
	if (c->bad || n > c->len - c->at)
		c->bad = true;
	else
		c->at += n;
}

/* One label onto the name; bytes that no host name has are kept out: the record is not usable then. */
static bool put_label(struct cursor *c, char *out, size_t *used, uint8_t n)
{
	bool fine = *used + n + 2 <= DNS_NAME_MAX;
	if (fine && *used)
		out[(*used)++] = '.';
	for (uint8_t i = 0; i < n; i++) {
		uint8_t b = u8(c);
		fine = fine && (isalnum(b) || b == '-' || b == '_');
		if (fine)
			out[(*used)++] = (char)b;
	}
	return fine;
}

/* A domain name, wherever its pointers lead (RFC 1035 §4.1.4). False: not one that we would ask for. out NULL: skipped. */
static bool name(struct cursor *c, char out[DNS_NAME_MAX])
{
	struct cursor r = *c;
	size_t used = 0;
	bool fine = true, jumped = false;
	for (int jumps = 0;;) {
		uint8_t n = u8(&r);
		if (r.bad || (n & 0xc0) == 0x40 || (n & 0xc0) == 0x80) {
			c->bad = true;
			return false;
		}
		if ((n & 0xc0) == 0xc0) {
			size_t to = (size_t)(n & 0x3f) << 8 | u8(&r);
			if (!jumped)
				c->at = r.at;
			jumped = true;
			if (r.bad || ++jumps > JUMPS_MAX) {
				c->bad = true;
				return false;
			}
			r.at = to;
		} else if (n == 0) {
			break;
		} else if (!put_label(&r, out, &used, n)) {
			fine = false;
		}
	}
	if (!jumped)
		c->at = r.at;
	out[fine ? used : 0] = '\0';
	return fine;
}

/* A character-string in lower case. False: longer than the room. */
static bool text(struct cursor *c, char *out, size_t room)
{
	uint8_t n = u8(c);
	for (uint8_t i = 0; i < n; i++) {
		uint8_t b = u8(c);
		if (i + 1u < room)
			out[i] = (char)tolower(b);
	}
	out[n < room ? n : 0] = '\0';
	return n < room;
}

/* ---- keeping the best */

static uint32_t rank(const struct dns_rrset *s, uint32_t i, uint16_t type)
{
	return type == DNS_TYPE_SRV ? s->srv[i].priority
	                            : (uint32_t)s->naptr[i].order << 16 | s->naptr[i].preference;
}

static void put_at(struct dns_rrset *s, uint32_t i, uint16_t type, const void *rec)
{
	if (type == DNS_TYPE_SRV)
		s->srv[i] = *(const struct dns_srv *)rec;
	else
		s->naptr[i] = *(const struct dns_naptr *)rec;
}

static void move_up(struct dns_rrset *s, uint32_t i, uint16_t type)
{
	if (type == DNS_TYPE_SRV)
		s->srv[i + 1] = s->srv[i];
	else
		s->naptr[i + 1] = s->naptr[i];
}

/* Into its place, behind its equals; the last one gives way. */
static void insert(struct dns_rrset *s, uint16_t type, const void *rec, uint32_t order, uint32_t ttl)
{
	uint32_t i = s->n;
	if (s->n == DNS_RR_MAX) {
		s->left_out++;
		if (rank(s, s->n - 1, type) <= order)
			return;
		i = --s->n;
	}
	for (; i > 0 && rank(s, i - 1, type) > order; i--)
		move_up(s, i - 1, type);
	put_at(s, i, type, rec);
	s->n++;
	s->ttl_s = ttl < s->ttl_s ? ttl : s->ttl_s;
}

static bool read_srv(struct cursor *c, struct dns_srv *r)
{
	r->priority = u16(c);
	r->weight = u16(c);
	r->port = u16(c);
	return name(c, r->target);
}

static bool read_naptr(struct cursor *c, struct dns_naptr *r)
{
	r->order = u16(c);
	r->preference = u16(c);
	bool fine = text(c, r->flags, sizeof r->flags);
	fine &= text(c, r->service, sizeof r->service);
	uint8_t regexp = u8(c);
	r->has_regexp = regexp != 0;
	skip(c, regexp);
	return name(c, r->replacement) && fine;
}

static void take(struct dns_rrset *s, struct cursor *c, uint16_t type, uint32_t ttl)
{
	union {
		struct dns_srv srv;
		struct dns_naptr naptr;
	} r;
	bool fine = type == DNS_TYPE_SRV ? read_srv(c, &r.srv) : read_naptr(c, &r.naptr);
	if (c->bad)
		return;
	uint32_t order =
	    type == DNS_TYPE_SRV ? r.srv.priority : (uint32_t)r.naptr.order << 16 | r.naptr.preference;
	if (fine)
		insert(s, type, &r, order, ttl);
	else
		s->left_out++;
}

static void read_record(struct dns_rrset *s, struct cursor *c, uint16_t want)
{
	char owner[DNS_NAME_MAX];
	name(c, owner);
	uint16_t type = u16(c), cls = u16(c);
	uint32_t ttl = u32(c);
	uint16_t len = u16(c);
	struct cursor data = *c;
	skip(c, len);
	if (c->bad || type != want || cls != CLASS_IN)
		return;
	data.len = c->at;
	/* Names in it may point back to anywhere before, never beyond it. */
	take(s, &data, want, ttl);
	c->bad |= data.bad;
}

int dns_rr_parse(struct dns_rrset *out, const uint8_t *msg, size_t len, uint16_t type)
{
	struct cursor c = {msg, len, 4, false};
	char owner[DNS_NAME_MAX];
	*out = (struct dns_rrset){.ttl_s = UINT32_MAX};
	uint16_t questions = u16(&c), answers = u16(&c);
	skip(&c, 4);
	for (; questions && !c.bad; questions--) {
		name(&c, owner);
		skip(&c, 4);
	}
	for (; answers && !c.bad; answers--)
		read_record(out, &c, type);
	if (!c.bad)
		return 0;
	*out = (struct dns_rrset){0};
	return -1;
}
