/* SPDX-License-Identifier: Apache-2.0 */
/* Words of up to eight bytes at once: names, methods, numbers. The first byte of the text is the lowest of the word on
 * any machine. Part of the vector code; nothing here reads outside what its comment says. */
#ifndef SIP_FAST_WORD_H
#define SIP_FAST_WORD_H

#include "sip-parser/sip_hdr.h"

struct hdr_key {
	char text[32];
	uint64_t first, last;
	uint8_t len, id, single;
} __attribute__((aligned(64)));

struct method_key {
	uint64_t text;
	uint8_t len, id;
};

#include "sip-parser/sip_hdr_hash.h"

#define FAST static inline __attribute__((always_inline))
/* The way most messages go: its instructions follow each other. */
#define USUAL(is) __builtin_expect(is, 1)
#define FOLD_8    0x2020202020202020u

FAST uint64_t load_8(const char *p)
{
	uint64_t w;
	memcpy(&w, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	w = __builtin_bswap64(w);
#endif
	return w;
}

FAST uint32_t load_4(const char *p)
{
	uint32_t w;
	memcpy(&w, p, 4);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	w = __builtin_bswap32(w);
#endif
	return w;
}

/* The word of a literal of up to 8 bytes; the compiler makes it a constant. */
#define WORD_1(s, i)                                                                                         \
	((uint64_t)(unsigned char)(i < sizeof(s) - 1 ? (s)[i < sizeof(s) ? i : 0] : 0) << (8 * i))
#define WORD(s)                                                                                              \
	(WORD_1(s, 0) | WORD_1(s, 1) | WORD_1(s, 2) | WORD_1(s, 3) | WORD_1(s, 4) | WORD_1(s, 5) |           \
	    WORD_1(s, 6) | WORD_1(s, 7))

/* The middle of a long name. The last row's length is at most 32. */
static inline bool middle_equal(const char *p, uint32_t len, enum sip_hdr_id id)
{
	return span_ieq(span_of(p, len), sip_hdr_long(id));
}

/* The row a listed name would have, from its first eight bytes, folded, and its last three and the colon. `table` is
 * hdr_table. */
FAST const struct hdr_key *hdr_row(const char *table, uint64_t first, uint32_t last)
{
	uint64_t hash = (first + ((uint64_t)(last | (uint32_t)FOLD_8) << 24)) * HDR_HASH_K;
	uint16_t at;
	memcpy(&at, table + (hash >> (64 - HDR_HASH_BITS)) * 2, 2);
	return (const struct hdr_key *)(const void *)(table + at);
}

/* The row of the name [p, p + len), made of letters, digits, '-', '.' and '_', between a line end and a colon; the
 * empty row when it is not listed. Reads p - 8 up to the colon. */
FAST const struct hdr_key *hdr_key_of(const char *p, uint32_t len)
{
	unsigned int shift = len < 8 ? 64 - 8 * len : 0;
	const char *from = len < 8 ? p + len - 8 : p;
	uint64_t first = load_8(from) >> shift | FOLD_8, last = load_8(p + len - 8) >> shift | FOLD_8;
	const struct hdr_key *k = hdr_row((const char *)&hdr_table, first, load_4(p + len - 3));
	if (((k->first ^ first) | (k->last ^ last) | (k->len ^ len)) != 0)
		return &hdr_table.key[0];
	return len <= 16 || middle_equal(p, len, k->id) ? k : &hdr_table.key[0];
}

/* Method of the token [p, p + len), len > 0. Reads p up to p + 8. */
FAST uint8_t method_at(const char *p, uint32_t len)
{
	uint64_t text = len < 8 ? load_8(p) & ((UINT64_C(1) << 8 * (len & 7)) - 1) : load_8(p);
	uint64_t hash = (text + ((uint64_t)len << 56)) * METHOD_HASH_K;
	const struct method_key *k = &method_key[method_slot[hash >> (64 - METHOD_HASH_BITS)]];
	if (((k->text ^ text) | (k->len ^ len)) != 0 || (len == 9 && p[8] != 'E'))
		return SIP_UNKNOWN;
	return k->id;
}

/* The decimal number of the 1 to 8 bytes [p, e); false: another length or byte. Reads e - 8 up to e. */
FAST bool number_at(const char *p, const char *e, uint32_t *out)
{
	uint32_t n = (uint32_t)(e - p);
	if (n - 1 >= 8)
		return false;
	unsigned int pad = 64 - 8 * n;
	uint64_t w = (load_8(e - 8) ^ 0x3030303030303030u) >> pad << pad;
	if (((w + 0x7676767676767676u) | w) & 0x8080808080808080u)
		return false;
	w = w * 10 + (w >> 8);
	w = ((w & 0x000000ff000000ffu) * 0x000f424000000064u +
	        (w >> 16 & 0x000000ff000000ffu) * 0x0000271000000001u) >>
	    32;
	*out = (uint32_t)w;
	return true;
}

#endif
