/* SPDX-License-Identifier: Apache-2.0 */
#include "control/utf8.h"

/* RFC 3629 section 4: what the lead byte allows as its second byte; the rest are 80-bf. */
static const struct lead {
	unsigned char lo, hi, second_lo, second_hi, len;
} leads[] = {
    {0x00, 0x7f, 0, 0, 1},
    {0xc2, 0xdf, 0x80, 0xbf, 2},
    {0xe0, 0xe0, 0xa0, 0xbf, 3},
    {0xe1, 0xec, 0x80, 0xbf, 3},
    {0xed, 0xed, 0x80, 0x9f, 3},
    {0xee, 0xef, 0x80, 0xbf, 3},
    {0xf0, 0xf0, 0x90, 0xbf, 4},
    {0xf1, 0xf3, 0x80, 0xbf, 4},
    {0xf4, 0xf4, 0x80, 0x8f, 4},
};

static bool follows(const struct lead *l, const unsigned char *u)
{
	if (l->len > 1 && (u[1] < l->second_lo || u[1] > l->second_hi))
		return false;
	for (size_t i = 2; i < l->len; i++)
		if ((u[i] & 0xc0) != 0x80)
			return false;
	return true;
}

size_t utf8_char(const char *s, size_t left)
{
	const unsigned char *u = (const unsigned char *)s;
	for (size_t i = 0; left && i < sizeof leads / sizeof *leads; i++)
		if (u[0] >= leads[i].lo && u[0] <= leads[i].hi)
			return leads[i].len <= left && follows(&leads[i], u) ? leads[i].len : 0;
	return 0;
}

bool utf8_valid(const char *s, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = s[i] > 0 ? 1 : utf8_char(s + i, len - i);
		if (!n)
			return false;
		i += n;
	}
	return true;
}
