/* SPDX-License-Identifier: Apache-2.0 */
/* a= lines. */
#include "sip-parser/sdp_walk.h"

static struct sdp_fmt *find_fmt(struct sdp_walk *w, struct span number)
{
	uint32_t pt;
	for (uint8_t i = 0; w->m && sip_number(number, 127, &pt) == 0 && i < w->m->n_fmts; i++) {
		if (w->m->fmts[i].pt == pt)
			return &w->m->fmts[i];
	}
	return NULL;
}

/* a=rtpmap:PT name/rate[/channels]. A type that is not offered is ignored, and so is a malformed value (RFC 8866
 * §5.13: an attribute that is not understood is): the format then has no name and nobody can choose it. */
static bool attr_rtpmap(struct sdp_walk *w, struct lex *l)
{
	struct sdp_fmt *f = find_fmt(w, sdp_word(l));
	struct span name = sdp_word(l), rate, channels;
	uint32_t hz, n = 1;
	if (!f || !sdp_cut(&name, '/', &rate) || name.len == 0)
		return true;
	if (sdp_cut(&rate, '/', &channels) && sip_number(channels, 255, &n) < 0)
		n = 255;
	if (sip_number(rate, 1000000000, &hz) == 0) {
		f->name = name;
		f->rate = hz;
		f->channels = (uint8_t)n;
	}
	return true;
}

static bool attr_fmtp(struct sdp_walk *w, struct lex *l)
{
	struct sdp_fmt *f = find_fmt(w, sdp_word(l));
	while (lex_at(l, ' '))
		l->p++;
	if (f)
		f->fmtp = lex_rest(l);
	return true;
}

/* Some endpoints write a fraction: whole milliseconds count. */
static bool milliseconds(struct lex *l, uint16_t *to)
{
	uint32_t ms;
	if (sip_number(lex_run(l, ASCII_DIGIT), 65535, &ms) == 0)
		*to = (uint16_t)ms;
	return true;
}

static bool attr_ptime(struct sdp_walk *w, struct lex *l)
{
	return milliseconds(l, w->m ? &w->m->ptime_ms : &w->ptime_ms);
}

static bool attr_maxptime(struct sdp_walk *w, struct lex *l)
{
	return milliseconds(l, w->m ? &w->m->maxptime_ms : &w->maxptime_ms);
}

/* a=rtcp:port [IN IP4|IP6 address] */
static bool attr_rtcp(struct sdp_walk *w, struct lex *l)
{
	uint32_t port;
	if (!w->m)
		return true;
	if (sip_number(sdp_word(l), 65535, &port) < 0)
		return sdp_bad(w, "a=rtcp: port is not a number");
	w->m->rtcp_port = (uint16_t)port;
	bool has_type = sdp_word(l).len && sdp_word(l).len;
	w->m->rtcp_addr = has_type ? sdp_word(l) : (struct span){0};
	return true;
}

static bool attr_mid(struct sdp_walk *w, struct lex *l)
{
	if (w->m)
		w->m->mid = sdp_word(l);
	return true;
}

static bool attr_group(struct sdp_walk *w, struct lex *l)
{
	bool first = !w->m && !w->s->bundle.p && span_eq(sdp_word(l), SPAN("BUNDLE"));
	if (first)
		w->s->bundle = lex_trim(lex_rest(l));
	return true;
}

/* a=crypto:tag suite key-params [session-params] (RFC 4568 §9.1). One that is malformed is not counted. */
static bool attr_crypto(struct sdp_walk *w, struct lex *l)
{
	struct sdp_crypto c = {0};
	struct span tag = sdp_word(l);
	c.suite = sdp_word(l);
	c.key_params = sdp_word(l);
	c.session_params = lex_trim(lex_rest(l));
	bool ok = sip_number(tag, 999999999, &c.tag) == 0 && c.suite.len &&
	          memchr(c.key_params.p, ':', c.key_params.len);
	if (ok && w->m && w->m->n_crypto < SDP_CRYPTO_MAX)
		w->m->crypto[w->m->n_crypto++] = c;
	return true;
}

static bool direction(struct sdp_walk *w, uint8_t dir)
{
	if (w->m) {
		w->m->dir = dir;
		w->dir_given[w->s->n_media - 1] = true;
	} else {
		w->dir = dir;
	}
	return true;
}

static const struct {
	struct span name;
	uint8_t dir;
} directions[] = {
    {{"sendrecv", 8}, SDP_SENDRECV},
    {{"sendonly", 8}, SDP_SENDONLY},
    {{"recvonly", 8}, SDP_RECVONLY},
    {{"inactive", 8}, SDP_INACTIVE},
};

static const struct {
	struct span name;
	bool (*fn)(struct sdp_walk *w, struct lex *l);
} attrs[] = {
    {{"rtpmap", 6}, attr_rtpmap},
    {{"fmtp", 4}, attr_fmtp},
    {{"ptime", 5}, attr_ptime},
    {{"maxptime", 8}, attr_maxptime},
    {{"rtcp", 4}, attr_rtcp},
    {{"mid", 3}, attr_mid},
    {{"group", 5}, attr_group},
    {{"crypto", 6}, attr_crypto},
};

/* a=name or a=name:value; attributes not in the tables are ignored (RFC 8866 §5.13). */
bool sdp_attr(struct sdp_walk *w, struct lex *l)
{
	const char *from = l->p;
	while (lex_more(l) && *l->p != ':')
		l->p++;
	struct span name = lex_since(l, from);
	bool has_value = lex_at(l, ':');
	if (!has_value && w->m && span_eq(lex_trim(name), SPAN("rtcp-mux")))
		w->m->rtcp_mux = true;
	for (unsigned int i = 0; !has_value && i < sizeof directions / sizeof *directions; i++) {
		if (span_eq(directions[i].name, lex_trim(name)))
			return direction(w, directions[i].dir);
	}
	for (unsigned int i = 0; has_value && i < sizeof attrs / sizeof *attrs; i++) {
		if (span_eq(attrs[i].name, name)) {
			l->p++;
			return attrs[i].fn(w, l);
		}
	}
	return true;
}

/* "|" lifetime and "|" MKI ":" length, both optional and in this order. */
static bool key_rest(struct span rest, struct sdp_key *k)
{
	struct span next = {0}, len;
	uint32_t n;
	(void)sdp_cut(&rest, '|', &next);
	if (!memchr(rest.p, ':', rest.len)) {
		k->lifetime = rest;
		rest = next;
		next = (struct span){0};
		if (!rest.p)
			return k->lifetime.len > 0;
	}
	k->mki = rest;
	bool ok =
	    !next.p && sdp_cut(&k->mki, ':', &len) && k->mki.len && sip_number(len, 128, &n) == 0 && n > 0;
	if (ok)
		k->mki_len = (uint8_t)n;
	return ok;
}

int sdp_key_next(struct span *rest, struct sdp_key *k)
{
	static const struct span method = {"inline:", 7};
	struct span one = *rest, tail = {0};
	*k = (struct sdp_key){0};
	if (rest->len == 0)
		return 0;
	(void)sdp_cut(&one, ';', &tail);
	*rest = tail;
	if (one.len < method.len || !span_ieq(span_of(one.p, method.len), method))
		return -1;
	k->key_salt = span_of(one.p + method.len, one.len - method.len);
	bool more = sdp_cut(&k->key_salt, '|', &tail);
	return k->key_salt.len && (!more || key_rest(tail, k)) ? 1 : -1;
}
