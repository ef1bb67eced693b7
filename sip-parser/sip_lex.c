/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_lex.h"

#include "sip-parser/base/ip.h"

struct span lex_run(struct lex *l, uint16_t classes)
{
	const char *from = l->p;
	while (l->p < l->end && ascii_is(*l->p, classes))
		l->p++;
	return lex_since(l, from);
}

bool lex_token(struct lex *l, struct span *out)
{
	*out = lex_run(l, ASCII_TOKEN);
	return out->len > 0;
}

bool lex_sep(struct lex *l, char c)
{
	struct lex t = *l;
	lex_ws(&t);
	if (!lex_at(&t, c))
		return false;
	t.p++;
	lex_ws(&t);
	*l = t;
	return true;
}

bool lex_quoted(struct lex *l, struct span *out)
{
	const char *from = l->p;
	if (!lex_at(l, '"'))
		return false;
	for (l->p++; l->p < l->end; l->p++) {
		char c = *l->p;
		if (c == '"') {
			l->p++;
			*out = lex_since(l, from);
			return true;
		}
		if (c == '\\') {
			/* quoted-pair: any byte up to 0x7f but CR and LF */
			if (l->end - l->p < 2 || l->p[1] == '\r' || l->p[1] == '\n' ||
			    (unsigned char)l->p[1] > 0x7f)
				return false;
			l->p++;
		} else if (ascii_is(c, ASCII_CTL) && !ascii_is(c, ASCII_WS)) {
			return false;
		}
	}
	return false;
}

static bool all_digits(struct span s)
{
	for (uint32_t i = 0; i < s.len; i++) {
		if (!ascii_is(s.p[i], ASCII_DIGIT))
			return false;
	}
	return s.len > 0;
}

/* hostname = *( domainlabel "." ) toplabel [ "." ]. Labels may begin with a digit (RFC 1123 §2.1: container
 * and host names do), but a last label of digits only makes it an IPv4 address, which must then be one. */
static bool hostname_ok(struct span s, bool *is_v4)
{
	struct span label = {0};
	*is_v4 = ip4_parse(s, NULL);
	if (*is_v4)
		return true;
	if (s.len && s.p[s.len - 1] == '.')
		s.len--;
	if (s.len == 0 || s.len > 255)
		return false;
	for (uint32_t i = 0, from = 0; i <= s.len; i++) {
		if (i < s.len && s.p[i] != '.')
			continue;
		label = span_of(s.p + from, i - from);
		if (label.len == 0 || label.p[0] == '-' || label.p[label.len - 1] == '-')
			return false;
		from = i + 1;
	}
	return !all_digits(label);
}

static bool ip6_reference(struct lex *l, struct span *out)
{
	const char *from = ++l->p;
	while (l->p < l->end && *l->p != ']')
		l->p++;
	if (!lex_more(l) || !ip6_parse(lex_since(l, from), NULL)) {
		l->p = from;
		return false;
	}
	*out = lex_since(l, from);
	l->p++;
	return true;
}

bool lex_host(struct lex *l, struct span *out, bool *is_v6, bool *is_v4)
{
	*is_v6 = lex_at(l, '[');
	*is_v4 = false;
	if (*is_v6)
		return ip6_reference(l, out);
	const char *from = l->p;
	while (l->p < l->end && (ascii_is(*l->p, ASCII_HOST) || *l->p == '.'))
		l->p++;
	*out = lex_since(l, from);
	if (out->len && hostname_ok(*out, is_v4))
		return true;
	l->p = from;
	return false;
}

bool lex_port(struct lex *l, uint16_t *port)
{
	const char *from = l->p;
	uint32_t v = 0;
	for (; l->p < l->end && ascii_is(*l->p, ASCII_DIGIT); l->p++) {
		v = v * 10 + (uint32_t)(*l->p - '0');
		if (v > 65535)
			return false;
	}
	*port = (uint16_t)v;
	return l->p > from;
}

static bool param_value(struct lex *l, struct span *value)
{
	bool v6, v4;
	if (lex_at(l, '"'))
		return lex_quoted(l, value);
	if (!lex_at(l, '['))
		return lex_token(l, value);
	const char *from = l->p;
	if (!lex_host(l, value, &v6, &v4))
		return false;
	*value = lex_since(l, from); /* as written: a parameter keeps its brackets */
	return true;
}

bool lex_param(struct lex *l, struct span *name, struct span *value)
{
	*value = (struct span){0};
	if (!lex_token(l, name))
		return false;
	return !lex_sep(l, '=') || param_value(l, value);
}

bool lex_params(struct lex *l)
{
	struct span name, value;
	while (lex_sep(l, ';')) {
		if (!lex_param(l, &name, &value))
			return false;
	}
	lex_ws(l);
	return !lex_more(l);
}

struct span lex_trim(struct span s)
{
	while (s.len && ascii_is(s.p[0], ASCII_WS))
		s.p++, s.len--;
	while (s.len && ascii_is(s.p[s.len - 1], ASCII_WS))
		s.len--;
	return s;
}
