/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_via.h"

#include "sip-parser/base/ip.h"
#include "sip-parser/sip_cseq.h"
#include "sip-parser/sip_lex.h"

/* sent-protocol = protocol-name SLASH protocol-version SLASH transport */
static bool sent_protocol(struct sip_via *v, struct lex *l)
{
	return lex_token(l, &v->protocol) && lex_sep(l, '/') && lex_token(l, &v->version) &&
	       lex_sep(l, '/') && lex_token(l, &v->transport);
}

/* LWS sent-by, sent-by = host [ COLON port ] */
static bool sent_by(struct sip_via *v, struct lex *l)
{
	bool v4;
	const char *from = l->p;
	lex_ws(l);
	if (l->p == from || !lex_host(l, &v->host, &v->host_is_v6, &v4))
		return false;
	return !lex_sep(l, ':') || lex_port(l, &v->port);
}

static bool take(struct span *to, struct span value)
{
	if (to->p || value.len == 0)
		return false;
	*to = value;
	return true;
}

/* via-received = "received" EQUAL (IPv4address / IPv6address): IPv6 with and without brackets (RFC 5118
 * §4.5). Names are let through too: some elements put the sent-by name there, and nothing is decided from it.
 */
static bool received_ok(struct span s)
{
	bool v6, v4;
	struct span host;
	struct lex l = lex_on(s);
	return ip6_parse(s, NULL) || (lex_host(&l, &host, &v6, &v4) && !lex_more(&l));
}

static bool rport(struct sip_via *v, struct span value)
{
	uint32_t n = 0;
	if (v->has_rport || (value.p && sip_number(value, 65535, &n) < 0))
		return false;
	v->has_rport = true;
	v->rport = (uint16_t)n;
	return true;
}

static bool ttl(struct sip_via *v, struct span value)
{
	uint32_t n;
	if (v->ttl != 0xffff || sip_number(value, 255, &n) < 0)
		return false;
	v->ttl = (uint16_t)n;
	return true;
}

static bool known_param(struct sip_via *v, struct span name, struct span value)
{
	if (span_ieq(name, SPAN("branch")))
		return take(&v->branch, value) && value.p[0] != '"' && value.p[0] != '[';
	if (span_ieq(name, SPAN("received")))
		return take(&v->received, value) && received_ok(value);
	if (span_ieq(name, SPAN("maddr")))
		return take(&v->maddr, value) && received_ok(value);
	if (span_ieq(name, SPAN("rport")))
		return rport(v, value);
	return !span_ieq(name, SPAN("ttl")) || ttl(v, value);
}

/* A parameter whose value may be a bare IPv6 address, which is no generic-param value. */
static bool via_param(struct lex *l, struct span *name, struct span *value)
{
	struct lex at = *l;
	if (lex_token(&at, name) && lex_sep(&at, '=') && span_ieq(*name, SPAN("received"))) {
		*value = (struct span){at.p, 0};
		while (at.p < at.end && (ascii_is(*at.p, ASCII_HEX) || *at.p == ':' || *at.p == '.'))
			at.p++;
		*value = lex_since(&at, value->p);
		if (ip6_parse(*value, NULL)) {
			*l = at;
			return true;
		}
	}
	return lex_param(l, name, value);
}

static bool params(struct sip_via *v, struct lex *l)
{
	struct span name, value;
	lex_ws(l);
	const char *from = l->p;
	while (lex_sep(l, ';')) {
		if (!via_param(l, &name, &value) || !known_param(v, name, value))
			return false;
	}
	if (l->p > from)
		v->params = lex_trim(span_of(from + 1, (uint32_t)(l->p - from - 1)));
	lex_ws(l);
	return !lex_more(l);
}

int sip_via_parse(struct sip_via *v, struct span s, uint32_t *err_off)
{
	struct lex l = lex_on(s);
	*v = (struct sip_via){.text = s, .ttl = 0xffff};
	lex_ws(&l);
	const char *from = l.p;
	bool ok = sent_protocol(v, &l) && sent_by(v, &l);
	v->sent = lex_since(&l, from);
	if (ok && params(v, &l))
		return 0;
	*err_off = (uint32_t)(l.p - s.p);
	return -1;
}
