/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_cseq.h"

#include "sip-parser/sip_lex.h"

int sip_number(struct span s, uint32_t max, uint32_t *out)
{
	uint64_t v = 0;
	if (s.len == 0)
		return -1;
	for (uint32_t i = 0; i < s.len; i++) {
		if (!ascii_is(s.p[i], ASCII_DIGIT))
			return -1;
		v = v * 10 + (uint64_t)(s.p[i] - '0');
		if (v > max)
			return -1;
	}
	*out = (uint32_t)v;
	return 0;
}

int sip_cseq_parse(struct sip_cseq *c, struct span s, uint32_t *err_off)
{
	struct lex l = lex_on(s);
	*c = (struct sip_cseq){0};
	lex_ws(&l);
	struct span digits = lex_run(&l, ASCII_DIGIT);
	*err_off = (uint32_t)(digits.p - s.p);
	if (sip_number(digits, UINT32_MAX, &c->number) < 0)
		return -1;
	const char *gap = l.p;
	lex_ws(&l);
	*err_off = (uint32_t)(l.p - s.p);
	if (l.p == gap || !lex_token(&l, &c->method_text))
		return -1;
	lex_ws(&l);
	*err_off = (uint32_t)(l.p - s.p);
	if (lex_more(&l) || c->method_text.len > SIP_METHOD_MAX)
		return -1;
	c->method = (uint8_t)sip_method_of(c->method_text);
	return 0;
}
