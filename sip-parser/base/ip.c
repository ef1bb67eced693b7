/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/base/ip.h"

#include "sip-parser/base/ascii.h"

bool ip4_parse(struct span s, uint8_t out[4])
{
	uint32_t i = 0;
	for (int part = 0; part < 4; part++) {
		uint32_t v = 0, n = 0;
		for (; i < s.len && ascii_is(s.p[i], ASCII_DIGIT) && n < 3; i++, n++)
			v = v * 10 + (uint32_t)(s.p[i] - '0');
		if (n == 0 || v > 255 || (part < 3 && (i >= s.len || s.p[i++] != '.')))
			return false;
		if (out)
			out[part] = (uint8_t)v;
	}
	return i == s.len;
}

struct ip6 {
	uint8_t bytes[16];
	int n;   /* bytes read */
	int gap; /* where "::" stood, -1 without one */
};

static bool tail_is_ip4(struct span rest, uint8_t b[4])
{
	return rest.len <= 15 && ip4_parse(rest, b);
}

/* One hex group at *i. */
static bool group(struct ip6 *a, struct span s, uint32_t *i)
{
	unsigned int v = 0, digits = 0;
	for (; *i < s.len && ascii_is(s.p[*i], ASCII_HEX) && digits < 4; (*i)++, digits++)
		v = v << 4 | (unsigned int)ascii_hex(s.p[*i]);
	if (digits == 0)
		return false;
	a->bytes[a->n++] = (uint8_t)(v >> 8);
	a->bytes[a->n++] = (uint8_t)v;
	return true;
}

/* "::" at *i. RFC 3261's own ABNF makes ":::" before an IPv4 tail, which RFC 5118 §4.10 wants tolerated. */
static bool double_colon(struct ip6 *a, struct span s, uint32_t *i)
{
	uint8_t b[4];
	if (a->gap >= 0)
		return false;
	a->gap = a->n;
	*i += 2;
	if (*i < s.len && s.p[*i] == ':' && tail_is_ip4(span_of(s.p + *i + 1, s.len - *i - 1), b))
		(*i)++;
	return true;
}

static bool ip6_read(struct ip6 *a, struct span s)
{
	uint32_t i = 0;
	if (s.len >= 2 && s.p[0] == ':' && (s.p[1] != ':' || !double_colon(a, s, &i)))
		return false;
	while (i < s.len) {
		if (a->n <= 12 && tail_is_ip4(span_of(s.p + i, s.len - i), a->bytes + a->n)) {
			a->n += 4;
			return true;
		}
		if (a->n == 16 || !group(a, s, &i))
			return false;
		if (i == s.len)
			return true;
		if (s.p[i] != ':')
			return false;
		if (i + 1 < s.len && s.p[i + 1] == ':') {
			if (!double_colon(a, s, &i))
				return false;
		} else if (++i == s.len) {
			return false;
		}
	}
	return a->gap >= 0;
}

bool ip6_parse(struct span s, uint8_t out[16])
{
	struct ip6 a = {.gap = -1};
	if (s.len < 2 || s.len > 46 || !ip6_read(&a, s))
		return false;
	if (a.gap < 0 ? a.n != 16 : a.n > 14)
		return false;
	if (!out)
		return true;
	int gap = a.gap < 0 ? a.n : a.gap;
	memset(out, 0, 16);
	memcpy(out, a.bytes, (size_t)gap);
	memcpy(out + 16 - (a.n - gap), a.bytes + gap, (size_t)(a.n - gap));
	return true;
}
