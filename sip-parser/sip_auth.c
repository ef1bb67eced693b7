/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_auth.h"

#include "sip-parser/sip_lex.h"

/* Values outside quotes that are no tokens but are seen (base64 of a nonce, a bare URI): anything up to a
 * comma or white space. Schemes other than Digest are free to do so. */
static bool loose_value(struct lex *l, struct span *value)
{
	const char *from = l->p;
	while (l->p < l->end && *l->p != ',' && *l->p != '"' && !ascii_is(*l->p, ASCII_WS | ASCII_CTL))
		l->p++;
	*value = lex_since(l, from);
	return value->len > 0;
}

static bool param(struct lex *l, struct span *name, struct span *value)
{
	if (!lex_token(l, name) || !lex_sep(l, '='))
		return false;
	return lex_at(l, '"') ? lex_quoted(l, value) : loose_value(l, value);
}

static bool param_list(struct lex *l)
{
	struct span name, value;
	uint32_t n = 0;
	do {
		if (++n > SIP_AUTH_PARAMS_MAX || !param(l, &name, &value))
			return false;
	} while (lex_sep(l, ','));
	lex_ws(l);
	return !lex_more(l);
}

static int list_from(struct sip_auth *a, struct lex *l, struct span s, uint32_t *err_off)
{
	lex_ws(l);
	a->params = lex_trim(lex_rest(l));
	if (param_list(l))
		return 0;
	*err_off = (uint32_t)(l->p - s.p);
	return -1;
}

int sip_auth_params(struct sip_auth *a, struct span s, uint32_t *err_off)
{
	struct lex l = lex_on(s);
	*a = (struct sip_auth){0};
	return list_from(a, &l, s, err_off);
}

int sip_auth_parse(struct sip_auth *a, struct span s, uint32_t *err_off)
{
	struct lex l = lex_on(s);
	*a = (struct sip_auth){0};
	lex_ws(&l);
	bool ok = lex_token(&l, &a->scheme);
	const char *gap = l.p;
	lex_ws(&l);
	if (ok && l.p > gap)
		return list_from(a, &l, s, err_off);
	*err_off = (uint32_t)(l.p - s.p);
	return -1;
}

bool sip_auth_next(struct span *rest, struct span *name, struct span *value)
{
	struct lex l = lex_on(*rest);
	lex_ws(&l);
	bool ok = param(&l, name, value);
	if (ok && !lex_sep(&l, ','))
		l.p = l.end;
	*rest = ok ? lex_rest(&l) : (struct span){0};
	return ok;
}

bool sip_auth_get(const struct sip_auth *a, struct span name, struct span *value)
{
	struct span rest = a->params, n;
	while (sip_auth_next(&rest, &n, value)) {
		if (!span_ieq(n, name))
			continue;
		if (value->len >= 2 && value->p[0] == '"')
			*value = span_of(value->p + 1, value->len - 2);
		return true;
	}
	*value = (struct span){0};
	return false;
}

void sip_unquote(struct buf *out, struct span s)
{
	if (s.len >= 2 && s.p[0] == '"' && s.p[s.len - 1] == '"')
		s = span_of(s.p + 1, s.len - 2);
	for (uint32_t i = 0; i < s.len; i++) {
		if (s.p[i] == '\\' && i + 1 < s.len)
			i++;
		buf_chr(out, s.p[i]);
	}
}
