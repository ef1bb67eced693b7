/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_warning.h"

#include "sip-parser/sip_cseq.h"
#include "sip-parser/sip_lex.h"

static bool gap(struct lex *l)
{
	const char *from = l->p;
	lex_ws(l);
	return l->p > from;
}

static bool code(struct lex *l, struct sip_warning *w)
{
	const char *from = l->p;
	uint32_t n = 0;
	struct span digits = lex_run(l, ASCII_DIGIT);
	bool ok = digits.len == 3 && sip_number(digits, 999, &n) == 0;
	w->code = (uint16_t)n;
	l->p = ok ? l->p : from;
	return ok;
}

/* hostport / pseudonym: a token, or a host in brackets, with a port. */
static bool agent(struct lex *l, struct sip_warning *w)
{
	const char *from = l->p;
	while (lex_more(l) && (ascii_is(*l->p, ASCII_TOKEN) || *l->p == ':' || *l->p == '[' || *l->p == ']'))
		l->p++;
	w->agent = lex_since(l, from);
	return w->agent.len > 0;
}

static bool text(struct lex *l, struct sip_warning *w)
{
	struct span q;
	if (!lex_quoted(l, &q))
		return false;
	w->text = span_of(q.p + 1, q.len - 2);
	lex_ws(l);
	return !lex_more(l);
}

int sip_warning_parse(struct sip_warning *w, struct span s, uint32_t *err_off)
{
	struct lex l = lex_on(s);
	*w = (struct sip_warning){0};
	lex_ws(&l);
	if (code(&l, w) && gap(&l) && agent(&l, w) && gap(&l) && text(&l, w))
		return 0;
	*err_off = (uint32_t)(l.p - s.p);
	return -1;
}
