/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sdp.h"

#include "sip-parser/base/ip.h"
#include "sip-parser/sip_cseq.h"
#include "sip-parser/sip_lex.h"

struct walk {
	struct sdp *s;
	struct sdp_media *m; /* NULL while in the session part */
	struct span addr;    /* session-level connection */
	bool addr_is_v6, has_origin, has_version;
	uint8_t dir;
	uint16_t ptime_ms;
	bool dir_given[SDP_MEDIA_MAX], conn_given[SDP_MEDIA_MAX];
	const char *reason;
};

static const struct sdp_fmt static_types[] = {
    {0, {"PCMU", 4}, 8000, {0}},
    {3, {"GSM", 3}, 8000, {0}},
    {4, {"G723", 4}, 8000, {0}},
    {5, {"DVI4", 4}, 8000, {0}},
    {6, {"DVI4", 4}, 16000, {0}},
    {7, {"LPC", 3}, 8000, {0}},
    {8, {"PCMA", 4}, 8000, {0}},
    {9, {"G722", 4}, 8000, {0}},
    {10, {"L16", 3}, 44100, {0}},
    {11, {"L16", 3}, 44100, {0}},
    {12, {"QCELP", 5}, 8000, {0}},
    {13, {"CN", 2}, 8000, {0}},
    {14, {"MPA", 3}, 90000, {0}},
    {15, {"G728", 4}, 8000, {0}},
    {16, {"DVI4", 4}, 11025, {0}},
    {17, {"DVI4", 4}, 22050, {0}},
    {18, {"G729", 4}, 8000, {0}},
    {25, {"CelB", 4}, 90000, {0}},
    {26, {"JPEG", 4}, 90000, {0}},
    {28, {"nv", 2}, 90000, {0}},
    {31, {"H261", 4}, 90000, {0}},
    {32, {"MPV", 3}, 90000, {0}},
    {33, {"MP2T", 4}, 90000, {0}},
    {34, {"H263", 4}, 90000, {0}},
};

static bool bad(struct walk *w, const char *reason)
{
	w->reason = reason;
	return false;
}

/* The next word of a line: words are separated by single spaces (RFC 8866 §9), more are tolerated. */
static struct span word(struct lex *l)
{
	while (lex_at(l, ' '))
		l->p++;
	const char *from = l->p;
	while (lex_more(l) && *l->p != ' ')
		l->p++;
	return lex_since(l, from);
}

/* A decimal number of any length; what does not fit 64 bits is UINT64_MAX. */
static bool number64(struct span s, uint64_t *out)
{
	uint64_t v = 0;
	bool over = false;
	for (uint32_t i = 0; i < s.len; i++) {
		if (!ascii_is(s.p[i], ASCII_DIGIT))
			return false;
		over |= __builtin_mul_overflow(v, 10, &v) ||
		        __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v);
	}
	*out = over ? UINT64_MAX : v;
	return s.len > 0;
}

/* "IN" SP ("IP4"/"IP6") SP address ["/" ttl…]. The address may be a name. */
static bool connection(struct lex *l, struct span *addr, bool *is_v6)
{
	struct span net = word(l), type = word(l), a = word(l);
	const char *slash = memchr(a.p, '/', a.len);
	bool v6, v4;
	if (slash)
		a.len = (uint32_t)(slash - a.p);
	*is_v6 = span_eq(type, SPAN("IP6"));
	*addr = a;
	if (!span_eq(net, SPAN("IN")) || (!*is_v6 && !span_eq(type, SPAN("IP4"))))
		return false;
	struct span host;
	struct lex h = lex_on(a);
	if (ip6_parse(a, NULL))
		return *is_v6;
	return lex_host(&h, &host, &v6, &v4) && !v6 && !lex_more(&h) && !(v4 && *is_v6);
}

static bool line_v(struct walk *w, struct lex *l)
{
	w->has_version = true;
	return span_eq(lex_rest(l), SPAN("0")) || bad(w, "v=: version is not 0");
}

/* o=user sess-id sess-version nettype addrtype address. The address only makes the name unique (RFC 8866 §5.2):
 * nobody sends there, so it need not fit its type. */
static bool line_o(struct walk *w, struct lex *l)
{
	w->s->origin_user = word(l);
	bool ok = number64(word(l), &w->s->session_id) && number64(word(l), &w->s->session_version);
	ok = ok && word(l).len && word(l).len;
	w->s->origin_addr = word(l);
	w->has_origin = true;
	return (ok && w->s->origin_addr.len) || bad(w, "o=: malformed");
}

static bool line_c(struct walk *w, struct lex *l)
{
	struct span addr;
	bool v6;
	if (!connection(l, &addr, &v6))
		return bad(w, "c=: malformed");
	if (!w->m) {
		w->addr = addr;
		w->addr_is_v6 = v6;
	} else if (!w->conn_given[w->s->n_media - 1]) {
		w->m->addr = addr;
		w->m->addr_is_v6 = v6;
		w->conn_given[w->s->n_media - 1] = true;
	}
	return true;
}

static void static_fmt(struct sdp_fmt *f)
{
	for (unsigned int i = 0; i < sizeof static_types / sizeof *static_types; i++) {
		if (static_types[i].pt == f->pt)
			*f = static_types[i];
	}
}

static bool is_rtp(struct span proto)
{
	for (uint32_t i = 0; i + 4 <= proto.len; i++) {
		if (span_eq(span_of(proto.p + i, 4), SPAN("RTP/")))
			return true;
	}
	return false;
}

static bool formats(struct walk *w, struct lex *l)
{
	struct sdp_media *m = w->m;
	uint32_t pt, words = 0;
	for (struct span f = word(l); f.len; f = word(l), words++) {
		if (!is_rtp(m->proto))
			continue; /* formats of other protocols are not numbers */
		if (sip_number(f, 127, &pt) < 0)
			return bad(w, "m=: payload type is not a number from 0 to 127");
		if (m->n_fmts == SDP_FMTS_MAX)
			return bad(w, "m=: too many formats");
		struct sdp_fmt *to = &m->fmts[m->n_fmts++];
		*to = (struct sdp_fmt){.pt = (uint8_t)pt};
		static_fmt(to);
	}
	return words > 0 || bad(w, "m=: no format");
}

/* m=media port["/" count] proto fmt … */
static bool line_m(struct walk *w, struct lex *l)
{
	uint32_t port;
	if (w->s->n_media == SDP_MEDIA_MAX)
		return bad(w, "m=: too many media");
	w->m = &w->s->media[w->s->n_media++];
	*w->m = (struct sdp_media){0};
	w->m->type = word(l);
	struct span p = word(l);
	const char *slash = memchr(p.p, '/', p.len);
	if (slash)
		p.len = (uint32_t)(slash - p.p);
	w->m->proto = word(l);
	if (w->m->type.len == 0 || w->m->proto.len == 0 || sip_number(p, 65535, &port) < 0)
		return bad(w, "m=: malformed");
	w->m->port = (uint16_t)port;
	return formats(w, l);
}

static struct sdp_fmt *find_fmt(struct walk *w, struct span number)
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
static bool attr_rtpmap(struct walk *w, struct lex *l)
{
	struct sdp_fmt *f = find_fmt(w, word(l));
	struct span enc = word(l);
	const char *slash = memchr(enc.p, '/', enc.len);
	if (!f || !slash || slash == enc.p)
		return true;
	struct span name = span_of(enc.p, (uint32_t)(slash - enc.p));
	struct span rate = span_of(slash + 1, (uint32_t)(enc.p + enc.len - slash - 1));
	const char *chan = memchr(rate.p, '/', rate.len);
	uint32_t hz;
	if (chan)
		rate.len = (uint32_t)(chan - rate.p);
	if (sip_number(rate, 1000000000, &hz) == 0) {
		f->name = name;
		f->rate = hz;
	}
	return true;
}

static bool attr_fmtp(struct walk *w, struct lex *l)
{
	struct sdp_fmt *f = find_fmt(w, word(l));
	while (lex_at(l, ' '))
		l->p++;
	if (f)
		f->fmtp = lex_rest(l);
	return true;
}

/* Some endpoints write a fraction: whole milliseconds count. */
static bool attr_ptime(struct walk *w, struct lex *l)
{
	uint32_t ms;
	struct span s = lex_run(l, ASCII_DIGIT);
	if (sip_number(s, 65535, &ms) < 0)
		return true;
	*(w->m ? &w->m->ptime_ms : &w->ptime_ms) = (uint16_t)ms;
	return true;
}

static bool attr_rtcp(struct walk *w, struct lex *l)
{
	uint32_t port;
	if (!w->m)
		return true;
	if (sip_number(word(l), 65535, &port) < 0)
		return bad(w, "a=rtcp: port is not a number");
	w->m->rtcp_port = (uint16_t)port;
	return true;
}

static bool direction(struct walk *w, uint8_t dir)
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
	bool (*fn)(struct walk *w, struct lex *l);
} attrs[] = {
    {{"rtpmap", 6}, attr_rtpmap},
    {{"fmtp", 4}, attr_fmtp},
    {{"ptime", 5}, attr_ptime},
    {{"rtcp", 4}, attr_rtcp},
};

/* a=name or a=name:value; attributes not in the tables are ignored (RFC 8866 §5.13). */
static bool line_a(struct walk *w, struct lex *l)
{
	const char *from = l->p;
	while (lex_more(l) && *l->p != ':')
		l->p++;
	struct span name = lex_since(l, from);
	bool has_value = lex_at(l, ':');
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

static bool line(struct walk *w, struct lex *l)
{
	if (l->end - l->p < 2 || !ascii_is(l->p[0], ASCII_ALPHA) || l->p[1] != '=')
		return bad(w, "line is not <letter>=<value>");
	char type = l->p[0];
	l->p += 2;
	if (!w->has_version && type != 'v')
		return bad(w, "v= is not the first line");
	switch (type) {
	case 'v':
		return line_v(w, l);
	case 'o':
		return line_o(w, l);
	case 'c':
		return line_c(w, l);
	case 'm':
		return line_m(w, l);
	case 'a':
		return line_a(w, l);
	default:
		return true; /* s=, t=, b=, …: nothing offer/answer needs, and RFC 4475's own bodies leave
		                them out */
	}
}

static bool is_zero(struct span addr)
{
	return span_eq(addr, SPAN("0.0.0.0"));
}

/* Put session-level values into the streams that have none of their own. */
static bool inherit(struct walk *w)
{
	for (uint8_t i = 0; i < w->s->n_media; i++) {
		struct sdp_media *m = &w->s->media[i];
		if (!w->conn_given[i]) {
			m->addr = w->addr;
			m->addr_is_v6 = w->addr_is_v6;
		}
		if (!w->dir_given[i])
			m->dir = w->dir;
		if (m->ptime_ms == 0)
			m->ptime_ms = w->ptime_ms;
		if (!m->addr.p && m->port != 0)
			return bad(w, "c=: no connection address for a stream");
		if (is_zero(m->addr))
			m->dir =
			    m->dir == SDP_SENDRECV || m->dir == SDP_SENDONLY ? SDP_SENDONLY : SDP_INACTIVE;
	}
	return true;
}

static bool lines(struct walk *w, const char **p, const char *end)
{
	while (*p < end) {
		const char *lf = memchr(*p, '\n', (size_t)(end - *p));
		uint32_t n = (uint32_t)((lf ? lf : end) - *p);
		if (n && (*p)[n - 1] == '\r')
			n--;
		struct lex l = lex_on(span_of(*p, n));
		if (memchr(*p, '\0', n))
			return bad(w, "NUL in a line");
		if (n && !line(w, &l))
			return false;
		*p = lf ? lf + 1 : end;
	}
	return true;
}

int sdp_parse(struct sdp *s, struct span body, uint32_t *err_off, const char **reason)
{
	struct walk w = {.s = s};
	const char *p = body.p, *end = body.p + body.len;
	s->origin_user = s->origin_addr = (struct span){0};
	s->session_id = s->session_version = 0;
	s->n_media = 0;
	bool ok = body.len <= SDP_BYTES_MAX || bad(&w, "body too large");
	ok = ok && lines(&w, &p, end);
	if (ok && !w.has_version)
		ok = bad(&w, "no v= line");
	if (ok && !w.has_origin)
		ok = bad(&w, "no o= line");
	ok = ok && inherit(&w);
	if (ok)
		return 0;
	*err_off = (uint32_t)(p - body.p);
	*reason = w.reason;
	return -1;
}
