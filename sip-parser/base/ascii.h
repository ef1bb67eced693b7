/* SPDX-License-Identifier: Apache-2.0 */
/* Character classes of RFC 3261 §25.1, one table look-up each. '%' belongs to none of the URI classes: an
 * escape is three bytes and is checked by whoever walks them. Bytes above 0x7f are in no class. */
#ifndef SIP_BASE_ASCII_H
#define SIP_BASE_ASCII_H

#include <stdbool.h>
#include <stdint.h>

enum {
	ASCII_ALPHA = 1 << 0,
	ASCII_DIGIT = 1 << 1,
	ASCII_HEX = 1 << 2,
	ASCII_TOKEN = 1 << 3,      /* token: alphanum -.!%*_+`'~ */
	ASCII_UNRESERVED = 1 << 4, /* unreserved: alphanum mark */
	ASCII_USER = 1 << 5,       /* unreserved user-unreserved */
	ASCII_PASSWORD = 1 << 6,   /* unreserved &=+$, */
	ASCII_PARAM = 1 << 7,      /* unreserved param-unreserved */
	ASCII_HNV = 1 << 8,        /* unreserved hnv-unreserved: header names and values inside a URI */
	ASCII_WORD = 1 << 9,       /* word: Call-ID */
	ASCII_HOST = 1 << 10,      /* letters, digits, '-' and '_' of a host label */
	ASCII_URIC = 1 << 11,      /* reserved unreserved: URIs of other schemes */
	ASCII_WS = 1 << 12,        /* SP HTAB CR LF: inside a header value CR and LF can only be folds */
	ASCII_CTL = 1 << 13,       /* 00-1f 7f */
};

extern const uint16_t ascii_class[256];

static inline bool ascii_is(char c, uint16_t classes)
{
	return (ascii_class[(unsigned char)c] & classes) != 0;
}

static inline char ascii_lower(char c)
{
	return (unsigned char)(c - 'A') < 26 ? (char)(c | 0x20) : c;
}

/* Value of a hex digit; -1 for any other byte. */
static inline int ascii_hex(char c)
{
	if ((unsigned char)(c - '0') < 10)
		return c - '0';
	c = ascii_lower(c);
	return (unsigned char)(c - 'a') < 6 ? c - 'a' + 10 : -1;
}

#endif
