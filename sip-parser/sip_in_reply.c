/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_in_reply.h"

#include "sip-parser/base/ascii.h"
#include "sip-parser/sip_shape.h"

static struct span trimmed(struct span s)
{
	while (s.len && ascii_is(*s.p, ASCII_WS))
		s = span_of(s.p + 1, s.len - 1);
	while (s.len && ascii_is(s.p[s.len - 1], ASCII_WS))
		s.len--;
	return s;
}

int sip_in_reply_next(struct span *rest, struct span *id)
{
	struct sip_value v;
	uint32_t off = 0;
	if (rest->len == 0)
		return 0;
	const char *comma = memchr(rest->p, ',', rest->len);
	struct span elem = trimmed(span_of(rest->p, comma ? (uint32_t)(comma - rest->p) : rest->len));
	struct span behind = comma ? span_of(comma + 1, rest->len - (uint32_t)(comma + 1 - rest->p))
	                           : span_of(rest->p + rest->len, 0);
	bool ends_open = comma && behind.len == 0;
	if (sip_value_parse(&v, SIP_HEAD_CALLID, elem, &off) < 0 || ends_open) {
		*rest = span_of(elem.p + off, (uint32_t)(rest->p + rest->len - (elem.p + off)));
		return -1;
	}
	*id = elem;
	*rest = behind;
	return 1;
}
