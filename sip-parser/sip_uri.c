/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_uri.h"

#include "sip-parser/sip_lex.h"

static int fail(const struct lex *l, struct span s, uint32_t *err_off)
{
	*err_off = (uint32_t)(l->p - s.p);
	return -1;
}

/* Bytes of the classes and %HH escapes; stops at the first other byte. False on a broken escape. */
static bool run_escaped(struct lex *l, uint16_t classes)
{
	for (; l->p < l->end; l->p++) {
		if (*l->p == '%') {
			if (l->end - l->p < 3 || ascii_hex(l->p[1]) < 0 || ascii_hex(l->p[2]) < 0)
				return false;
			l->p += 2;
		} else if (!ascii_is(*l->p, classes)) {
			return true;
		}
	}
	return true;
}

static bool scheme(struct lex *l, struct sip_uri *u)
{
	const char *from = l->p;
	if (!lex_more(l) || !ascii_is(*l->p, ASCII_ALPHA))
		return false;
	while (l->p < l->end &&
	       (ascii_is(*l->p, ASCII_ALPHA | ASCII_DIGIT) || *l->p == '+' || *l->p == '-' || *l->p == '.'))
		l->p++;
	u->scheme_text = lex_since(l, from);
	if (!lex_at(l, ':'))
		return false;
	l->p++;
	return true;
}

static uint8_t scheme_of(struct span s)
{
	if (span_ieq(s, SPAN("sip")))
		return SIP_URI_SIP;
	if (span_ieq(s, SPAN("sips")))
		return SIP_URI_SIPS;
	return span_ieq(s, SPAN("tel")) ? SIP_URI_TEL : SIP_URI_OTHER;
}

/* userinfo "@" when there is an '@': it cannot appear unescaped behind the user part. */
static bool userinfo(struct lex *l, struct sip_uri *u)
{
	const char *at = memchr(l->p, '@', (size_t)(l->end - l->p));
	if (!at)
		return true;
	struct lex part = {l->p, at};
	bool ok = run_escaped(&part, ASCII_USER) && part.p > l->p;
	u->user = lex_since(&part, l->p);
	if (ok && lex_at(&part, ':')) {
		const char *from = ++part.p;
		ok = run_escaped(&part, ASCII_PASSWORD);
		u->password = lex_since(&part, from);
	}
	ok = ok && part.p == at;
	l->p = ok ? at + 1 : part.p;
	return ok;
}

/* uri-parameters = *( ";" pname [ "=" pvalue ] ). A further '=' inside a value (the padding of base64) is let
 * through: proxies put such cookies into Record-Route, and where the value begins stays clear. */
static bool uri_params(struct lex *l, struct sip_uri *u)
{
	const char *from = l->p;
	while (lex_at(l, ';')) {
		const char *name = ++l->p;
		if (!run_escaped(l, ASCII_PARAM) || l->p == name)
			return false;
		const char *value = l->p + 1;
		while (lex_at(l, '=')) {
			l->p++;
			if (!run_escaped(l, ASCII_PARAM))
				return false;
		}
		if (l->p == value)
			return false;
	}
	if (l->p > from)
		u->params = lex_since(l, from + 1);
	return true;
}

/* headers = "?" hname "=" hvalue *( "&" hname "=" hvalue ) */
static bool uri_headers(struct lex *l, struct sip_uri *u)
{
	const char *from = l->p;
	if (!lex_at(l, '?'))
		return true;
	do {
		const char *name = ++l->p;
		if (!run_escaped(l, ASCII_HNV) || l->p == name || !lex_at(l, '='))
			return false;
		l->p++;
		if (!run_escaped(l, ASCII_HNV))
			return false;
	} while (lex_at(l, '&'));
	u->headers = lex_since(l, from + 1);
	return true;
}

static bool sip_rest(struct lex *l, struct sip_uri *u)
{
	if (!userinfo(l, u) || !lex_host(l, &u->host, &u->host_is_v6, &u->host_is_v4))
		return false;
	if (lex_at(l, ':')) {
		l->p++;
		if (!lex_port(l, &u->port))
			return false;
	}
	return uri_params(l, u) && uri_headers(l, u) && !lex_more(l);
}

/* telephone-subscriber (RFC 3966): the number goes to .user, parameters to .params. */
static bool tel_rest(struct lex *l, struct sip_uri *u)
{
	const char *from = l->p;
	bool digit = false;
	if (lex_at(l, '+'))
		l->p++;
	for (; l->p < l->end && *l->p != ';'; l->p++) {
		bool visual = *l->p == '-' || *l->p == '.' || *l->p == '(' || *l->p == ')';
		bool phone = ascii_is(*l->p, ASCII_HEX) || *l->p == '*' || *l->p == '#';
		if (!visual && !phone)
			return false;
		digit |= phone;
	}
	u->user = lex_since(l, from);
	return digit && uri_params(l, u) && !lex_more(l);
}

/* absoluteURI of a scheme we do not know: URI characters only, and at least one. */
static bool other_rest(struct lex *l)
{
	const char *from = l->p;
	return run_escaped(l, ASCII_URIC) && l->p > from && !lex_more(l);
}

int sip_uri_parse(struct sip_uri *u, struct span s, uint32_t *err_off)
{
	struct lex l = lex_on(s);
	*u = (struct sip_uri){.text = s};
	if (!scheme(&l, u))
		return fail(&l, s, err_off);
	u->scheme = scheme_of(u->scheme_text);
	bool ok;
	if (u->scheme == SIP_URI_OTHER)
		ok = other_rest(&l);
	else if (u->scheme == SIP_URI_TEL)
		ok = tel_rest(&l, u);
	else
		ok = sip_rest(&l, u);
	return ok ? 0 : fail(&l, s, err_off);
}

/* The next ';' that is not inside a quoted string. */
static const char *param_end(const char *p, const char *end)
{
	bool quoted = false;
	for (; p < end; p++) {
		if (quoted && *p == '\\' && p + 1 < end)
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (*p == ';' && !quoted)
			return p;
	}
	return end;
}

bool sip_param_next(struct span *rest, struct span *name, struct span *value)
{
	if (rest->len == 0)
		return false;
	const char *end = rest->p + rest->len, *stop = param_end(rest->p, end);
	struct span one = span_of(rest->p, (uint32_t)(stop - rest->p));
	const char *eq = memchr(one.p, '=', one.len);
	*value = (struct span){0};
	*name = one;
	if (eq) {
		name->len = (uint32_t)(eq - one.p);
		*value = lex_trim(span_of(eq + 1, (uint32_t)(stop - eq - 1)));
	}
	*name = lex_trim(*name);
	*rest = stop < end ? span_of(stop + 1, (uint32_t)(end - stop - 1)) : span_of(end, 0);
	return true;
}

bool sip_param_get(struct span params, struct span name, struct span *value)
{
	struct span n;
	while (sip_param_next(&params, &n, value)) {
		if (span_ieq(n, name))
			return true;
	}
	*value = (struct span){0};
	return false;
}

int sip_unescape(struct buf *out, struct span s)
{
	for (uint32_t i = 0; i < s.len; i++) {
		if (s.p[i] != '%') {
			buf_chr(out, s.p[i]);
			continue;
		}
		int hi = s.len - i < 3 ? -1 : ascii_hex(s.p[i + 1]);
		int lo = hi < 0 ? -1 : ascii_hex(s.p[i + 2]);
		if (lo < 0)
			return -1;
		buf_chr(out, (char)(hi << 4 | lo));
		i += 2;
	}
	return 0;
}
