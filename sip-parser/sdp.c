/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sdp.h"

#include "sip-parser/base/ip.h"
#include "sip-parser/sdp_walk.h"

static const struct sdp_fmt static_types[] = {
    {0, {"PCMU", 4}, 8000, 1, {0}},
    {3, {"GSM", 3}, 8000, 1, {0}},
    {4, {"G723", 4}, 8000, 1, {0}},
    {5, {"DVI4", 4}, 8000, 1, {0}},
    {6, {"DVI4", 4}, 16000, 1, {0}},
    {7, {"LPC", 3}, 8000, 1, {0}},
    {8, {"PCMA", 4}, 8000, 1, {0}},
    {9, {"G722", 4}, 8000, 1, {0}},
    {10, {"L16", 3}, 44100, 2, {0}},
    {11, {"L16", 3}, 44100, 1, {0}},
    {12, {"QCELP", 5}, 8000, 1, {0}},
    {13, {"CN", 2}, 8000, 1, {0}},
    {14, {"MPA", 3}, 90000, 1, {0}},
    {15, {"G728", 4}, 8000, 1, {0}},
    {16, {"DVI4", 4}, 11025, 1, {0}},
    {17, {"DVI4", 4}, 22050, 1, {0}},
    {18, {"G729", 4}, 8000, 1, {0}},
    {25, {"CelB", 4}, 90000, 1, {0}},
    {26, {"JPEG", 4}, 90000, 1, {0}},
    {28, {"nv", 2}, 90000, 1, {0}},
    {31, {"H261", 4}, 90000, 1, {0}},
    {32, {"MPV", 3}, 90000, 1, {0}},
    {33, {"MP2T", 4}, 90000, 1, {0}},
    {34, {"H263", 4}, 90000, 1, {0}},
};

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
	struct span net = sdp_word(l), type = sdp_word(l), a = sdp_word(l);
	struct span ttl;
	bool v6, v4;
	(void)sdp_cut(&a, '/', &ttl);
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

static bool line_v(struct sdp_walk *w, struct lex *l)
{
	w->has_version = true;
	return span_eq(lex_rest(l), SPAN("0")) || sdp_bad(w, "v=: version is not 0");
}

/* o=user sess-id sess-version nettype addrtype address. The address only makes the name unique (RFC 8866 §5.2):
 * nobody sends there, so it need not fit its type. */
static bool line_o(struct sdp_walk *w, struct lex *l)
{
	w->s->origin_user = sdp_word(l);
	bool ok = number64(sdp_word(l), &w->s->session_id) && number64(sdp_word(l), &w->s->session_version);
	ok = ok && sdp_word(l).len && sdp_word(l).len;
	w->s->origin_addr = sdp_word(l);
	w->has_origin = true;
	return (ok && w->s->origin_addr.len) || sdp_bad(w, "o=: malformed");
}

static bool line_c(struct sdp_walk *w, struct lex *l)
{
	struct span addr;
	bool v6;
	if (!connection(l, &addr, &v6))
		return sdp_bad(w, "c=: malformed");
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

static void add_fmt(struct sdp_media *m, uint8_t pt)
{
	struct sdp_fmt *to = &m->fmts[m->n_fmts++];
	*to = (struct sdp_fmt){.pt = pt, .channels = 1};
	static_fmt(to);
}

static bool is_rtp(struct span proto)
{
	for (uint32_t i = 0; i + 4 <= proto.len; i++) {
		if (span_eq(span_of(proto.p + i, 4), SPAN("RTP/")))
			return true;
	}
	return false;
}

static bool formats(struct sdp_walk *w, struct lex *l)
{
	struct sdp_media *m = w->m;
	uint32_t pt, words = 0;
	for (struct span f = sdp_word(l); f.len; f = sdp_word(l), words++) {
		if (!is_rtp(m->proto))
			continue; /* formats of other protocols are not numbers */
		if (sip_number(f, 127, &pt) < 0)
			return sdp_bad(w, "m=: payload type is not a number from 0 to 127");
		if (m->n_fmts == SDP_FMTS_MAX)
			m->fmts_more++;
		else
			add_fmt(m, (uint8_t)pt);
	}
	return words > 0 || sdp_bad(w, "m=: no format");
}

/* m=media port["/" count] proto fmt … */
static bool line_m(struct sdp_walk *w, struct lex *l)
{
	uint32_t port, n_ports;
	if (w->s->n_media == SDP_MEDIA_MAX)
		return sdp_bad(w, "m=: too many media");
	w->m = &w->s->media[w->s->n_media++];
	*w->m = (struct sdp_media){.bw = SDP_NO_BANDWIDTH};
	w->m->type = sdp_word(l);
	struct span p = sdp_word(l), count = SPAN("1");
	(void)sdp_cut(&p, '/', &count);
	w->m->proto = sdp_word(l);
	if (w->m->type.len == 0 || w->m->proto.len == 0 || sip_number(p, 65535, &port) < 0)
		return sdp_bad(w, "m=: malformed");
	if (sip_number(count, 65535, &n_ports) < 0 || n_ports == 0)
		return sdp_bad(w, "m=: malformed number of ports");
	w->m->port = (uint16_t)port;
	w->m->n_ports = (uint16_t)n_ports;
	return formats(w, l);
}

/* t=start stop, in NTP seconds. Only the first line is kept. */
static bool line_t(struct sdp_walk *w, struct lex *l)
{
	uint64_t start, stop;
	bool ok = number64(sdp_word(l), &start) && number64(sdp_word(l), &stop);
	if (ok && !w->has_time) {
		w->s->start_ntp = start;
		w->s->stop_ntp = stop;
		w->has_time = true;
	}
	return true;
}

/* b=type:number */
static bool line_b(struct sdp_walk *w, struct lex *l)
{
	struct sdp_bandwidth *bw = w->m ? &w->m->bw : &w->s->bw;
	const struct {
		struct span name;
		uint32_t *to;
	} rows[] = {{SPAN("AS"), &bw->as_kbps}, {SPAN("TIAS"), &bw->tias_bps}, {SPAN("RS"), &bw->rs_bps},
	    {SPAN("RR"), &bw->rr_bps}};
	struct span type = lex_trim(lex_rest(l)), value;
	uint32_t n;
	if (!sdp_cut(&type, ':', &value) || sip_number(value, SDP_ABSENT - 1, &n) < 0)
		return true;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (span_eq(rows[i].name, type) && *rows[i].to == SDP_ABSENT)
			*rows[i].to = n;
	}
	return true;
}

static bool line_s(struct sdp_walk *w, struct lex *l)
{
	if (!w->m)
		w->s->name = lex_rest(l);
	return true;
}

static const struct {
	char type;
	bool (*fn)(struct sdp_walk *w, struct lex *l);
} line_types[] = {
    {'v', line_v},
    {'o', line_o},
    {'s', line_s},
    {'c', line_c},
    {'b', line_b},
    {'t', line_t},
    {'m', line_m},
    {'a', sdp_attr},
};

static bool line(struct sdp_walk *w, struct lex *l)
{
	if (l->end - l->p < 2 || !ascii_is(l->p[0], ASCII_ALPHA) || l->p[1] != '=')
		return sdp_bad(w, "line is not <letter>=<value>");
	char type = l->p[0];
	l->p += 2;
	if (!w->has_version && type != 'v')
		return sdp_bad(w, "v= is not the first line");
	for (size_t i = 0; i < sizeof line_types / sizeof *line_types; i++) {
		if (line_types[i].type == type)
			return line_types[i].fn(w, l);
	}
	return true; /* i=, u=, r=, …: nothing offer/answer needs. None of them, s= and t= included, has to be
	                there: RFC 4475's own bodies leave them out */
}

static bool is_zero(struct span addr)
{
	return span_eq(addr, SPAN("0.0.0.0"));
}

/* Put session-level values into the streams that have none of their own. */
static bool inherit(struct sdp_walk *w)
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
		if (m->maxptime_ms == 0)
			m->maxptime_ms = w->maxptime_ms;
		if (!m->addr.p && m->port != 0)
			return sdp_bad(w, "c=: no connection address for a stream");
		if (is_zero(m->addr))
			m->dir =
			    m->dir == SDP_SENDRECV || m->dir == SDP_SENDONLY ? SDP_SENDONLY : SDP_INACTIVE;
	}
	return true;
}

static bool lines(struct sdp_walk *w, const char **p, const char *end)
{
	while (*p < end) {
		const char *lf = memchr(*p, '\n', (size_t)(end - *p));
		uint32_t n = (uint32_t)((lf ? lf : end) - *p);
		if (n && (*p)[n - 1] == '\r')
			n--;
		struct lex l = lex_on(span_of(*p, n));
		if (memchr(*p, '\0', n))
			return sdp_bad(w, "NUL in a line");
		if (n && !line(w, &l))
			return false;
		*p = lf ? lf + 1 : end;
	}
	return true;
}

int sdp_parse(struct sdp *s, struct span body, uint32_t *err_off, const char **reason)
{
	struct sdp_walk w = {.s = s};
	const char *p = body.p, *end = body.p + body.len;
	s->origin_user = s->origin_addr = s->name = s->bundle = (struct span){0};
	s->session_id = s->session_version = s->start_ntp = s->stop_ntp = 0;
	s->bw = SDP_NO_BANDWIDTH;
	s->n_media = 0;
	bool ok = body.len <= SDP_BYTES_MAX || sdp_bad(&w, "body too large");
	ok = ok && lines(&w, &p, end);
	if (ok && !w.has_version)
		ok = sdp_bad(&w, "no v= line");
	if (ok && !w.has_origin)
		ok = sdp_bad(&w, "no o= line");
	ok = ok && inherit(&w);
	if (ok)
		return 0;
	*err_off = (uint32_t)(p - body.p);
	*reason = w.reason;
	return -1;
}
