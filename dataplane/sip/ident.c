/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sip/ident.h"

#include <endian.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define COOKIE_LEN (sizeof(IDENT_COOKIE) - 1)
#define EACH(byte) ((byte)*0x0101010101010101ull)

/* Worker and index as the four bytes that stand in front. */
static uint32_t place_of(const struct ident *i)
{
	return htobe32((uint32_t)i->worker << 24 | i->index);
}

/* Of the bytes in front of it and the kind, which keeps the kinds apart. */
static uint32_t mac_of(const struct hash_key *key, const struct ident *i)
{
	uint32_t place = le32toh(place_of(i)), low = (uint32_t)i->rand, high = (uint32_t)(i->rand >> 32);
	return (uint32_t)hash_short(
	    key, (uint64_t)low << 32 | place, (uint64_t)(uint8_t)i->kind << 32 | high, 13);
}

/* Four bytes, the first one lowest, as eight digits: a nibble per byte, then '0' or, above 9, 'a' - 10 added. */
static uint64_t hex_of(uint32_t v)
{
	uint64_t x = v;
	x = (x | x << 16) & 0x0000ffff0000ffffull;
	x = (x | x << 8) & 0x00ff00ff00ff00ffull;
	x = (x >> 4 | x << 8) & EACH(0x0full);
	uint64_t above9 = (x + EACH(6ull)) >> 4 & EACH(1ull);
	return x + EACH((uint64_t)'0') + above9 * ('a' - 10 - '0');
}

/* And back. What comes of anything but [0-9a-f] is not what hex_of makes of the result. */
static uint32_t of_hex(uint64_t d)
{
	uint64_t x = (d & EACH(0x0full)) + (d >> 6 & EACH(1ull)) * 9;
	x &= EACH(0x0full);
	x = (x << 4 | x >> 8) & 0x00ff00ff00ff00ffull;
	x = (x | x >> 8) & 0x0000ffff0000ffffull;
	return (uint32_t)(x | x >> 16);
}

/* All digits of a token at once: 16 bytes in memory order become 32 digits. */
#if defined(__SSE2__)
static void put_digits(char to[32], const uint32_t words[4])
{
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)words), low = _mm_set1_epi8(0x0f);
	__m128i hi = _mm_and_si128(_mm_srli_epi16(v, 4), low), lo = _mm_and_si128(v, low);
	for (int i = 0; i < 2; i++) {
		__m128i d = i ? _mm_unpackhi_epi8(hi, lo) : _mm_unpacklo_epi8(hi, lo);
		__m128i letter =
		    _mm_and_si128(_mm_cmpgt_epi8(d, _mm_set1_epi8(9)), _mm_set1_epi8('a' - 10 - '0'));
		d = _mm_add_epi8(_mm_add_epi8(d, _mm_set1_epi8('0')), letter);
		_mm_storeu_si128((__m128i *)(void *)(to + 16 * i), d);
	}
}
#else
static void put_digits(char to[32], const uint32_t words[4])
{
	for (int i = 0; i < 4; i++) {
		uint64_t d = htole64(hex_of(le32toh(words[i])));
		memcpy(to + 8 * i, &d, 8);
	}
}
#endif

void ident_write(char out[IDENT_LEN], const struct hash_key *key, const struct ident *i)
{
	const uint32_t words[4] = {place_of(i), htole32((uint32_t)i->rand),
	    htole32((uint32_t)(i->rand >> 32)), htole32(mac_of(key, i))};
	out[0] = i->kind;
	put_digits(out + 1, words);
}

/* What wrote these digits; *wrong stays 0 when they are some. */
static uint32_t get_hex(const char *p, uint64_t *wrong)
{
	uint64_t d;
	memcpy(&d, p, 8);
	d = le64toh(d);
	uint32_t v = of_hex(d);
	*wrong |= d ^ hex_of(v);
	return v;
}

static void read_place(struct ident *out, const char *p, uint64_t *wrong)
{
	uint32_t place = be32toh(htole32(get_hex(p, wrong)));
	out->worker = (uint8_t)(place >> 24);
	out->index = place & IDENT_INDEX_MAX;
}

static bool parse(struct ident *out, uint32_t *mac, enum ident_kind kind, struct span text)
{
	uint64_t wrong = 0;
	if (text.len != IDENT_LEN || text.p[0] != (char)kind)
		return false;
	out->kind = (char)kind;
	read_place(out, text.p + 1, &wrong);
	out->rand = get_hex(text.p + 9, &wrong);
	out->rand |= (uint64_t)get_hex(text.p + 17, &wrong) << 32;
	*mac = get_hex(text.p + 25, &wrong);
	return wrong == 0;
}

bool ident_place(struct ident *out, const char token[IDENT_LEN])
{
	uint64_t wrong = 0;
	read_place(out, token + 1, &wrong);
	return wrong == 0;
}

uint64_t ident_rand(const char token[IDENT_LEN])
{
	uint64_t wrong = 0;
	return get_hex(token + 9, &wrong) | (uint64_t)get_hex(token + 17, &wrong) << 32;
}

bool ident_parse(struct ident *out, enum ident_kind kind, struct span text)
{
	uint32_t mac;
	return parse(out, &mac, kind, text);
}

bool ident_read(struct ident *out, const struct hash_key *key, enum ident_kind kind, struct span text)
{
	uint32_t mac;
	return parse(out, &mac, kind, text) && mac == mac_of(key, out);
}

void ident_write_branch(char out[IDENT_BRANCH_LEN], const struct hash_key *key, const struct ident *i)
{
	memcpy(out, IDENT_COOKIE, COOKIE_LEN);
	ident_write(out + COOKIE_LEN, key, i);
}

const char *ident_of_branch(struct span branch)
{
	bool ours = branch.len == IDENT_BRANCH_LEN && memcmp(branch.p, IDENT_COOKIE, COOKIE_LEN) == 0;
	return ours ? branch.p + COOKIE_LEN : NULL;
}

bool ident_read_branch(struct ident *out, const struct hash_key *key, struct span branch)
{
	const char *token = ident_of_branch(branch);
	return token && ident_read(out, key, IDENT_BRANCH, span_of(token, IDENT_LEN));
}
