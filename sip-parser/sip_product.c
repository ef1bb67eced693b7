/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_product.h"

#include "sip-parser/sip_lex.h"

/* One byte of a comment or a quoted-pair; control characters other than white space are none. */
static bool comment_byte(struct lex *l)
{
	if (*l->p == '\\') {
		l->p++;
		if (!lex_more(l) || *l->p == '\r' || *l->p == '\n' || (unsigned char)*l->p > 0x7f)
			return false;
	} else if (ascii_is(*l->p, ASCII_CTL) && !ascii_is(*l->p, ASCII_WS)) {
		return false;
	}
	l->p++;
	return true;
}

bool sip_comment(struct lex *l, struct span *out)
{
	const char *from = l->p;
	uint32_t depth = 0;
	if (!lex_at(l, '('))
		return false;
	while (lex_more(l)) {
		if (*l->p == '(') {
			l->p++;
			if (++depth > SIP_COMMENT_DEPTH_MAX)
				return false;
		} else if (*l->p == ')') {
			l->p++;
			if (--depth == 0) {
				*out = lex_since(l, from);
				return true;
			}
		} else if (!comment_byte(l)) {
			return false;
		}
	}
	return false;
}

static bool product(struct lex *l, struct sip_product *p)
{
	if (lex_at(l, '('))
		return sip_comment(l, &p->comment);
	if (!lex_token(l, &p->name))
		return false;
	return !lex_sep(l, '/') || lex_token(l, &p->version);
}

int sip_product_next(struct span *rest, struct sip_product *p)
{
	struct lex l = lex_on(*rest);
	*p = (struct sip_product){0};
	lex_ws(&l);
	bool more = lex_more(&l), ok = !more || product(&l, p);
	/* LWS between two of them, which a parenthesis makes superfluous */
	if (ok && lex_more(&l) && !ascii_is(*l.p, ASCII_WS) && *l.p != '(' && !p->comment.p)
		ok = false;
	*rest = lex_rest(&l);
	return ok ? more : -1;
}
