/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_addr.h"

#include "sip-parser/sip_lex.h"

static bool uri_in(struct sip_addr *a, struct lex *l, struct span text)
{
	uint32_t off;
	a->uri_text = text;
	if (sip_uri_parse(&a->uri, text, &off) == 0)
		return true;
	l->p = text.p + off;
	return false;
}

/* LAQUOT addr-spec RAQUOT: nothing but the URI between the brackets (RFC 4475 §3.1.2.14). */
static bool bracketed(struct sip_addr *a, struct lex *l)
{
	const char *from = ++l->p, *close = memchr(from, '>', (size_t)(l->end - from));
	if (!close) {
		l->p = l->end;
		return false;
	}
	if (!uri_in(a, l, span_of(from, (uint32_t)(close - from))))
		return false;
	l->p = close + 1;
	return true;
}

/* display-name = *( token LWS ): LWS before '<' may be missing (§3.1.1.6). */
static bool token_display(struct sip_addr *a, struct lex *l)
{
	const char *from = l->p;
	lex_run(l, ASCII_TOKEN | ASCII_WS);
	a->display = lex_trim(lex_since(l, from));
	return lex_at(l, '<') && bracketed(a, l);
}

static bool quoted_display(struct sip_addr *a, struct lex *l)
{
	if (!lex_quoted(l, &a->display))
		return false;
	lex_ws(l);
	return lex_at(l, '<') && bracketed(a, l);
}

/* addr-spec without brackets: ends at the first ';' or white space; '?' and ',' are not allowed in it
 * (RFC 3261 §20, RFC 4475 §3.1.2.13). */
static bool bare(struct sip_addr *a, struct lex *l)
{
	const char *from = l->p;
	while (l->p < l->end && *l->p != ';' && !ascii_is(*l->p, ASCII_WS)) {
		if (*l->p == '?' || *l->p == ',')
			return false;
		l->p++;
	}
	return uri_in(a, l, lex_since(l, from));
}

/* A name-addr without quotes has its '<' before any ';' or '"'. */
static bool has_bracket(const struct lex *l)
{
	for (const char *p = l->p; p < l->end && *p != ';' && *p != '"'; p++) {
		if (*p == '<')
			return true;
	}
	return false;
}

/* Header parameters; `tag` at most once and a token. */
static bool params(struct sip_addr *a, struct lex *l)
{
	struct span name, value;
	lex_ws(l);
	const char *from = l->p;
	while (lex_sep(l, ';')) {
		if (!lex_param(l, &name, &value))
			return false;
		if (!span_ieq(name, SPAN("tag")))
			continue;
		if (a->tag.len || value.len == 0 || value.p[0] == '"' || value.p[0] == '[')
			return false;
		a->tag = value;
	}
	if (l->p > from)
		a->params = lex_trim(span_of(from + 1, (uint32_t)(l->p - from - 1)));
	lex_ws(l);
	return !lex_more(l);
}

static bool address(struct sip_addr *a, struct lex *l)
{
	if (lex_at(l, '"'))
		return quoted_display(a, l);
	if (lex_at(l, '<'))
		return bracketed(a, l);
	return has_bracket(l) ? token_display(a, l) : bare(a, l);
}

int sip_addr_parse(struct sip_addr *a, struct span s, uint32_t *err_off)
{
	struct lex l = lex_on(s);
	*a = (struct sip_addr){0};
	*err_off = 0;
	if (!s.p)
		return -1;
	lex_ws(&l);
	if (span_eq(lex_trim(s), SPAN("*"))) {
		a->star = true;
		return 0;
	}
	if (address(a, &l) && params(a, &l))
		return 0;
	*err_off = (uint32_t)(l.p - s.p);
	return -1;
}
