/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_stamp.h"

#include "sip-parser/sip_lex.h"

static int done(bool ok, struct lex *l, struct span s, uint32_t *err_off)
{
	if (ok)
		lex_ws(l);
	*err_off = (uint32_t)(l->p - s.p);
	return ok && !lex_more(l) ? 0 : -1;
}

static struct span decimal(struct lex *l)
{
	const char *from = l->p;
	lex_run(l, ASCII_DIGIT);
	if (lex_at(l, '.')) {
		l->p++;
		lex_run(l, ASCII_DIGIT);
	}
	return lex_since(l, from);
}

int sip_stamp_parse(struct sip_stamp *t, struct span s, uint32_t *err_off)
{
	struct lex l = lex_on(s);
	lex_ws(&l);
	bool ok = lex_more(&l) && ascii_is(*l.p, ASCII_DIGIT);
	t->time = decimal(&l);
	const char *gap = l.p;
	lex_ws(&l);
	t->delay = l.p > gap ? decimal(&l) : span_of(l.p, 0);
	return done(ok, &l, s, err_off);
}

static bool number(struct lex *l, uint32_t *out)
{
	const char *from = l->p;
	if (sip_number(lex_run(l, ASCII_DIGIT), UINT32_MAX, out) == 0)
		return true;
	l->p = from;
	return false;
}

int sip_mime_version_parse(struct sip_mime_version *v, struct span s, uint32_t *err_off)
{
	struct lex l = lex_on(s);
	*v = (struct sip_mime_version){0};
	lex_ws(&l);
	bool ok = number(&l, &v->major) && lex_at(&l, '.');
	l.p += ok;
	return done(ok && number(&l, &v->minor), &l, s, err_off);
}

int sip_rack_parse(struct sip_rack *r, struct span s, uint32_t *err_off)
{
	struct lex l = lex_on(s);
	*r = (struct sip_rack){0};
	lex_ws(&l);
	bool ok = number(&l, &r->rseq);
	const char *gap = l.p;
	lex_ws(&l);
	if (!ok || l.p == gap)
		return done(false, &l, s, err_off);
	int rc = sip_cseq_parse(&r->cseq, lex_rest(&l), err_off);
	*err_off += (uint32_t)(l.p - s.p);
	return rc;
}
