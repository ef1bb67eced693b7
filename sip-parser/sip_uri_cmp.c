/* SPDX-License-Identifier: Apache-2.0 */
/* Comparison of SIP URIs, RFC 3261 §19.1.4 and RFC 5954 §4.2: declared in sip_uri.h. */
#include "sip-parser/base/ip.h"
#include "sip-parser/sip_lex.h"
#include "sip-parser/sip_uri.h"

/* Comparison is quadratic in the number of parameters or headers: no further than a Request-URI may be long. */
#define COMPARE_MAX 2048

/* One character with its escape undone. *reserved says that it was written as an escape and would mean
 * something else unescaped ("characters other than those in the reserved set are equal to their encoding").
 */
static unsigned int next_char(struct lex *l, bool *escaped)
{
	unsigned char c = (unsigned char)*l->p++;
	*escaped = false;
	if (c != '%' || l->end - l->p < 2 || ascii_hex(l->p[0]) < 0 || ascii_hex(l->p[1]) < 0)
		return c;
	c = (unsigned char)(ascii_hex(l->p[0]) << 4 | ascii_hex(l->p[1]));
	l->p += 2;
	*escaped = !ascii_is((char)c, ASCII_UNRESERVED);
	return c;
}

static bool text_equal(struct span a, struct span b, bool fold)
{
	struct lex x = lex_on(a), y = lex_on(b);
	while (lex_more(&x) && lex_more(&y)) {
		bool ex, ey;
		unsigned int cx = next_char(&x, &ex), cy = next_char(&y, &ey);
		if (fold) {
			cx = (unsigned char)ascii_lower((char)cx);
			cy = (unsigned char)ascii_lower((char)cy);
		}
		if (cx != cy || ex != ey)
			return false;
	}
	return !lex_more(&x) && !lex_more(&y);
}

/* Parameters that must match when only one URI has them. */
static bool must_be_in_both(struct span name)
{
	return span_ieq(name, SPAN("user")) || span_ieq(name, SPAN("ttl")) ||
	       span_ieq(name, SPAN("method")) || span_ieq(name, SPAN("maddr")) ||
	       span_ieq(name, SPAN("transport"));
}

static bool find_param(struct span params, struct span name, struct span *value)
{
	struct span n;
	while (sip_param_next(&params, &n, value)) {
		if (text_equal(n, name, true))
			return true;
	}
	return false;
}

/* A parameter of that name and value; *named: one of that name at least. */
static bool has_param(struct span params, struct span name, struct span value, bool *named)
{
	struct span n, v;
	*named = false;
	while (sip_param_next(&params, &n, &v)) {
		bool same = text_equal(n, name, true);
		*named |= same;
		if (same && text_equal(v, value, true))
			return true;
	}
	return false;
}

/* What one URI has the other has too, or it is of no weight alone. Bounded: longer lists compare as bytes. */
static bool params_match(struct span a, struct span b)
{
	struct span rest = a, name, value;
	bool named;
	if (a.len > COMPARE_MAX || b.len > COMPARE_MAX)
		return span_eq(a, b);
	while (sip_param_next(&rest, &name, &value)) {
		if (!has_param(b, name, value, &named) && (named || must_be_in_both(name)))
			return false;
	}
	return true;
}

static bool next_header(struct span *rest, struct span *name, struct span *value)
{
	if (rest->len == 0)
		return false;
	const char *end = rest->p + rest->len, *amp = memchr(rest->p, '&', rest->len);
	const char *stop = amp ? amp : end, *eq = memchr(rest->p, '=', (size_t)(stop - rest->p));
	*name = span_of(rest->p, (uint32_t)((eq ? eq : stop) - rest->p));
	*value = eq ? span_of(eq + 1, (uint32_t)(stop - eq - 1)) : (struct span){0};
	*rest = amp ? span_of(amp + 1, (uint32_t)(end - amp - 1)) : span_of(end, 0);
	return true;
}

/* How many headers of the list are this one. */
static uint32_t header_count(struct span list, struct span name, struct span value)
{
	struct span n, v;
	uint32_t count = 0;
	while (next_header(&list, &n, &v))
		count += text_equal(n, name, true) && text_equal(v, value, false);
	return count;
}

/* Headers are never ignored: the same ones, as often, in any order. */
static bool headers_match(struct span a, struct span b)
{
	struct span rest = a, name, value;
	if (a.len > COMPARE_MAX || b.len > COMPARE_MAX)
		return span_eq(a, b);
	while (next_header(&rest, &name, &value)) {
		if (header_count(a, name, value) != header_count(b, name, value))
			return false;
	}
	return true;
}

static bool hosts_match(const struct sip_uri *a, const struct sip_uri *b)
{
	uint8_t x[16], y[16];
	if (a->host_is_v6 != b->host_is_v6)
		return false;
	if (a->host_is_v6 && ip6_parse(a->host, x) && ip6_parse(b->host, y))
		return memcmp(x, y, sizeof x) == 0;
	return span_ieq(a->host, b->host);
}

/* RFC 3966 §4: visual separators are not part of a number. */
static struct lex skip_visual(struct lex l)
{
	while (lex_more(&l) && (*l.p == '-' || *l.p == '.' || *l.p == '(' || *l.p == ')'))
		l.p++;
	return l;
}

static bool tel_equal(const struct sip_uri *a, const struct sip_uri *b)
{
	struct lex x = skip_visual(lex_on(a->user)), y = skip_visual(lex_on(b->user));
	while (lex_more(&x) && lex_more(&y)) {
		if (ascii_lower(*x.p) != ascii_lower(*y.p))
			return false;
		x.p++, y.p++;
		x = skip_visual(x);
		y = skip_visual(y);
	}
	struct span context = SPAN("phone-context"), va, vb;
	bool ca = find_param(a->params, context, &va), cb = find_param(b->params, context, &vb);
	return !lex_more(&x) && !lex_more(&y) && ca == cb && (!ca || text_equal(va, vb, true)) &&
	       params_match(a->params, b->params) && params_match(b->params, a->params);
}

bool sip_uri_equal(const struct sip_uri *a, const struct sip_uri *b)
{
	if (a->scheme != b->scheme)
		return false;
	if (a->scheme == SIP_URI_OTHER)
		return span_eq(a->text, b->text);
	if (a->scheme == SIP_URI_TEL)
		return tel_equal(a, b);
	return text_equal(a->user, b->user, false) && text_equal(a->password, b->password, false) &&
	       hosts_match(a, b) && a->port == b->port && params_match(a->params, b->params) &&
	       params_match(b->params, a->params) && headers_match(a->headers, b->headers) &&
	       headers_match(b->headers, a->headers);
}
