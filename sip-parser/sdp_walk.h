/* SPDX-License-Identifier: Apache-2.0 */
/* What sdp.c (lines) and sdp_attr.c (a= lines) share while a body is read. */
#ifndef SDP_WALK_H
#define SDP_WALK_H

#include "sip-parser/sdp.h"
#include "sip-parser/sip_cseq.h"
#include "sip-parser/sip_lex.h"

#define SDP_NO_BANDWIDTH ((struct sdp_bandwidth){SDP_ABSENT, SDP_ABSENT, SDP_ABSENT, SDP_ABSENT})

struct sdp_walk {
	struct sdp *s;
	struct sdp_media *m; /* NULL while in the session part */
	struct span addr;    /* session-level connection */
	bool addr_is_v6, has_origin, has_version, has_time;
	uint8_t dir;
	uint16_t ptime_ms, maxptime_ms;
	bool dir_given[SDP_MEDIA_MAX], conn_given[SDP_MEDIA_MAX];
	const char *reason;
};

static inline bool sdp_bad(struct sdp_walk *w, const char *reason)
{
	w->reason = reason;
	return false;
}

/* The next word of a line: words are separated by single spaces (RFC 8866 §9), more are tolerated. */
static inline struct span sdp_word(struct lex *l)
{
	while (lex_at(l, ' '))
		l->p++;
	const char *from = l->p;
	while (lex_more(l) && *l->p != ' ')
		l->p++;
	return lex_since(l, from);
}

/* Cut *s at its first c: *rest is what follows. False, and *s as it was, when there is no c. */
static inline bool sdp_cut(struct span *s, char c, struct span *rest)
{
	const char *at = s->len ? memchr(s->p, c, s->len) : NULL;
	if (!at)
		return false;
	*rest = span_of(at + 1, (uint32_t)(s->p + s->len - at - 1));
	s->len = (uint32_t)(at - s->p);
	return true;
}

/* One a= line behind its "a=". False with w->reason: the body is refused. */
bool sdp_attr(struct sdp_walk *w, struct lex *l);

#endif
