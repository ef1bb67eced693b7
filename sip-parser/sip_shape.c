/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_shape.h"

#include "sip-parser/sip_lex.h"
#include "sip-parser/sip_product.h"

int sip_delta(struct span s, uint32_t *out)
{
	uint64_t v = 0;
	for (uint32_t i = 0; i < s.len; i++) {
		if (!ascii_is(s.p[i], ASCII_DIGIT))
			return -1;
		v = v * 10 + (uint64_t)(s.p[i] - '0');
		if (v >= SIP_ABSENT)
			v = SIP_ABSENT - 1;
	}
	*out = (uint32_t)v;
	return s.len ? 0 : -1;
}

int sip_qvalue(struct span s, uint16_t *thousandths)
{
	uint32_t v = 0, unit = 1000;
	if (s.len == 0 || (s.p[0] != '0' && s.p[0] != '1') || (s.len > 1 && s.p[1] != '.'))
		return -1;
	for (uint32_t i = 0; i < s.len; i++) {
		if (i == 1)
			continue;
		if (!ascii_is(s.p[i], ASCII_DIGIT))
			return -1;
		v += (uint32_t)(s.p[i] - '0') * unit;
		unit /= 10;
	}
	*thousandths = (uint16_t)v;
	return v <= 1000 ? 0 : -1;
}

static bool head_text(struct sip_value *v, struct lex *l)
{
	return lex_at(l, '"') ? lex_quoted(l, &v->value) : lex_token(l, &v->value);
}

static bool head_number(struct sip_value *v, struct lex *l)
{
	v->value = lex_run(l, ASCII_DIGIT);
	if (sip_delta(v->value, &v->number) < 0)
		return false;
	lex_ws(l);
	return !lex_at(l, '(') || sip_comment(l, &v->comment);
}

static bool head_callid(struct sip_value *v, struct lex *l)
{
	const char *from = l->p;
	bool ok = lex_run(l, ASCII_WORD).len > 0;
	if (ok && lex_at(l, '@')) {
		l->p++;
		ok = lex_run(l, ASCII_WORD).len > 0;
	}
	v->value = lex_since(l, from);
	return ok;
}

static bool head_base64(struct sip_value *v, struct lex *l)
{
	const char *from = l->p;
	if (lex_at(l, '"'))
		return lex_quoted(l, &v->value);
	while (lex_more(l) && (ascii_is(*l->p, ASCII_TOKEN) || *l->p == '/' || *l->p == '='))
		l->p++;
	v->value = lex_since(l, from);
	return v->value.len > 0;
}

static bool head(enum sip_head kind, struct sip_value *v, struct lex *l)
{
	switch (kind) {
	case SIP_HEAD_TOKEN:
		return lex_token(l, &v->value);
	case SIP_HEAD_TEXT:
		return head_text(v, l);
	case SIP_HEAD_MEDIA:
		return lex_token(l, &v->value) && lex_sep(l, '/') && lex_token(l, &v->subtype);
	case SIP_HEAD_NUMBER:
		return head_number(v, l);
	case SIP_HEAD_CALLID:
		return head_callid(v, l);
	case SIP_HEAD_BASE64:
		return head_base64(v, l);
	case SIP_HEAD_NONE:
	case SIP_HEAD_ADDR:
		break;
	}
	return kind == SIP_HEAD_NONE;
}

static const struct sip_field *field_of(const struct sip_shape *sh, struct span name)
{
	for (uint8_t i = 0; i < sh->n_fields; i++) {
		if (span_ieq(sh->fields[i].name, name))
			return &sh->fields[i];
	}
	return NULL;
}

static bool put_span(struct span *to, struct span value, bool quoted_too)
{
	if (to->p || !value.p || value.len == 0)
		return false;
	if (value.p[0] == '"') {
		if (!quoted_too)
			return false;
		value = span_of(value.p + 1, value.len - 2);
	}
	*to = value;
	return true;
}

static bool put_flag(bool *to)
{
	bool first = !*to;
	*to = true;
	return first;
}

static bool put_field(const struct sip_field *f, void *to, struct span value)
{
	void *at = (char *)to + f->offset;
	switch ((enum sip_field_type)f->type) {
	case SIP_FIELD_FLAG:
		return put_flag(at);
	case SIP_FIELD_TOKEN:
	case SIP_FIELD_URI:
		return put_span(at, value, false);
	case SIP_FIELD_TEXT:
		return put_span(at, value, true);
	case SIP_FIELD_NUMBER:
		return *(uint32_t *)at == SIP_ABSENT && sip_delta(value, at) == 0;
	case SIP_FIELD_Q:
		return *(uint16_t *)at == SIP_Q_ABSENT && sip_qvalue(value, at) == 0;
	}
	return false;
}

/* token EQUAL LAQUOT … RAQUOT: no generic-param, but what RFC 8224 §4 writes for `info`. */
static bool uri_param(struct lex *l, struct span *value)
{
	if (!lex_at(l, '<'))
		return false;
	const char *from = ++l->p;
	while (lex_more(l) && *l->p != '>')
		l->p++;
	*value = lex_since(l, from);
	if (!lex_more(l))
		return false;
	l->p++;
	return true;
}

static bool one_param(const struct sip_shape *sh, void *to, struct lex *l)
{
	struct lex at = *l;
	struct span name, value = {0};
	if (!lex_token(&at, &name))
		return false;
	const struct sip_field *f = field_of(sh, name);
	if (!f || f->type != SIP_FIELD_URI)
		return lex_param(l, &name, &value) && (!f || put_field(f, to, value));
	bool ok = lex_sep(&at, '=') && uri_param(&at, &value);
	*l = at;
	return ok && put_field(f, to, value);
}

/* generic-param *( SEMI generic-param ) to the end; *params is what was read. */
static bool read_params(const struct sip_shape *sh, void *to, struct lex *l, struct span *params)
{
	const char *from = l->p;
	do {
		if (!one_param(sh, to, l))
			return false;
	} while (lex_sep(l, ';'));
	*params = lex_since(l, from);
	lex_ws(l);
	return !lex_more(l);
}

static void clear(const struct sip_shape *sh, void *to)
{
	memset(to, 0, sh->size);
	for (uint8_t i = 0; i < sh->n_fields; i++) {
		void *at = (char *)to + sh->fields[i].offset;
		if (sh->fields[i].type == SIP_FIELD_NUMBER)
			*(uint32_t *)at = SIP_ABSENT;
		else if (sh->fields[i].type == SIP_FIELD_Q)
			*(uint16_t *)at = SIP_Q_ABSENT;
	}
}

static bool read_value(const struct sip_shape *sh, struct sip_value *v, struct lex *l)
{
	lex_ws(l);
	if (!head(sh->head, v, l))
		return false;
	if (sh->head == SIP_HEAD_NONE || lex_sep(l, ';'))
		return read_params(sh, v, l, &v->params);
	lex_ws(l);
	return !lex_more(l);
}

static int read_addr(const struct sip_shape *sh, struct sip_addr *a, struct span s, uint32_t *err_off)
{
	struct span params;
	if (sip_addr_parse(a, s, err_off) < 0)
		return -1;
	struct lex l = lex_on(a->params);
	if (a->params.len == 0 || read_params(sh, a, &l, &params))
		return 0;
	*err_off = (uint32_t)(l.p - s.p);
	return -1;
}

int sip_shape_read(const struct sip_shape *sh, void *to, struct span s, uint32_t *err_off)
{
	struct lex l = lex_on(s);
	clear(sh, to);
	if (sh->head == SIP_HEAD_ADDR && read_addr(sh, to, s, err_off) < 0)
		return -1;
	if (sh->head == SIP_HEAD_ADDR || read_value(sh, to, &l)) {
		*err_off = 0;
		return !sh->rule || sh->rule(to) ? 0 : -1;
	}
	*err_off = (uint32_t)(l.p - s.p);
	return -1;
}

int sip_value_parse(struct sip_value *v, enum sip_head head_kind, struct span s, uint32_t *err_off)
{
	const struct sip_shape sh = {NULL, sizeof *v, 0, (uint8_t)head_kind, NULL};
	*err_off = 0;
	return head_kind == SIP_HEAD_ADDR ? -1 : sip_shape_read(&sh, v, s, err_off);
}
