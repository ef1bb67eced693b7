/* SPDX-License-Identifier: Apache-2.0 */
/* Any machine: line ends by words of eight bytes, names byte by byte. The decoders want the masks of the other variants; they
 * are made from a table, byte by byte, when they are wanted. */
#include "sip-parser/base/ascii.h"
#include "sip-parser/sip_fast_all.h"
#include "sip-parser/sip_fast_word.h"

struct block {
	uint64_t lf, cr, mark;
};

struct host {
	uint64_t dot, digit, hyphen;
};

#define ALNUM(c) (((c) >= '0' && (c) <= '9') || ((c) >= 'A' && (c) <= 'Z') || ((c) >= 'a' && (c) <= 'z'))
/* bit 0: a mark; bit 8: LF; bit 16: CR */
#define M1(c)                                                                                                \
	((ALNUM(c) || (c) == '-' || (c) == '.' || (c) == '_' ? 0u : 1u) | ((c) == '\n' ? 1u << 8 : 0u) |     \
	    ((c) == '\r' ? 1u << 16 : 0u))
#define M4(c)  M1(c), M1((c) + 1), M1((c) + 2), M1((c) + 3)
#define M16(c) M4(c), M4((c) + 4), M4((c) + 8), M4((c) + 12)
#define M64(c) M16(c), M16((c) + 16), M16((c) + 32), M16((c) + 48)

static const uint32_t kind_of[256] = {M64(0), M64(64), M64(128), M64(192)};

FAST struct block block_of(const char *p)
{
	const unsigned char *b = (const unsigned char *)p;
	struct block r = {0};
	for (unsigned int i = 0; i < 64; i += 8) {
		uint32_t k = kind_of[b[i]] | kind_of[b[i + 1]] << 1 | kind_of[b[i + 2]] << 2 |
		             kind_of[b[i + 3]] << 3 | kind_of[b[i + 4]] << 4 | kind_of[b[i + 5]] << 5 |
		             kind_of[b[i + 6]] << 6 | kind_of[b[i + 7]] << 7;
		r.mark |= (uint64_t)(k & 0xff) << i;
		r.lf |= (uint64_t)(k >> 8 & 0xff) << i;
		r.cr |= (uint64_t)(k >> 16) << i;
	}
	return r;
}

FAST struct block block_tail(const char *p, uint32_t n)
{
	char room[64] = {0};
	memcpy(room, p, n);
	return block_of(room);
}

FAST struct host host_bits(const char *p, uint32_t n, const char *limit)
{
	struct host h = {0};
	for (uint32_t i = 0; i < n; i++) {
		h.dot |= (uint64_t)(p[i] == '.') << i;
		h.hyphen |= (uint64_t)(p[i] == '-') << i;
		h.digit |= (uint64_t)((unsigned char)(p[i] - '0') < 10) << i;
	}
	return h;
}

/* Every label of 3 digits is at most 255. */
FAST bool bytes_ok(const struct host *h, const char *p, uint64_t three)
{
	(void)h;
	for (; three; three &= three - 1) {
		const char *d = p + __builtin_ctzll(three);
		if (d[0] * 100 + d[1] * 10 + d[2] - '0' * 111 > 255)
			return false;
	}
	return true;
}

#include "sip-parser/sip_fast_pairs.h"
#include "sip-parser/sip_fast_plain.h"

#define HIGH 0x8080808080808080u

/* The first byte from p on that is less than 14: CR, LF, HTAB and what should not be there; or `end`. */
FAST const char *control_at(const char *p, const char *end)
{
	for (; end - p >= 8; p += 8) {
		uint64_t x = load_8(p), hit = (x - 0x0e0e0e0e0e0e0e0eu) & ~x & HIGH;
		if (hit)
			return p + __builtin_ctzll(hit) / 8;
	}
	while (p < end && (unsigned char)*p >= 14)
		p++;
	return p;
}

/* The first mark from p on, or `end`. */
FAST const char *mark_at(const char *p, const char *end)
{
#define IS_MARK(i) (kind_of[(unsigned char)p[i]] & 1)
	for (; end - p >= 4; p += 4) {
		if (IS_MARK(0))
			return p;
		if (IS_MARK(1))
			return p + 1;
		if (IS_MARK(2))
			return p + 2;
		if (IS_MARK(3))
			return p + 3;
	}
	while (p < end && !IS_MARK(0))
		p++;
	return p;
#undef IS_MARK
}

/* The CR of the line end behind p, no CR or LF before it; NULL: unusual. */
FAST const char *crlf_at(const char *p, const char *end)
{
	for (;; p++) {
		p = control_at(p, end);
		if (end - p < 2)
			return NULL;
		if (USUAL(p[0] == '\r'))
			return p[1] == '\n' ? p : NULL;
		if (p[0] == '\n')
			return NULL;
	}
}

FAST bool index_lines(struct sip_msg *m, struct lines *l, const char *buf, uint32_t len)
{
	const char *p = buf, *end = buf + len;
	uint16_t *to = l->at;
	for (; p < end && *p != '\r'; to += 2) {
		const char *q = mark_at(p, end);
		if (q == p || to == l->at + 2 * (SIP_HDRS_MAX + 2))
			return false;
		to[0] = (uint16_t)(p - buf);
		to[1] = (uint16_t)(q - buf);
		p = crlf_at(q, end);
		if (!p)
			return false;
		p += 2;
	}
	*to = (uint16_t)(p - buf);
	l->n = (uint32_t)(to - l->at) + 1;
	m->due = true;
	return p < end && l->n > 3 && p + 2 - buf <= 64 * (SIP_MARKS_WORDS - 1);
}

/* Read by eights with the eight bytes behind them; the message goes on that far. */
FAST bool has_blank(const struct sip_msg *m, uint32_t at, uint32_t n)
{
	uint64_t hit = 0;
	for (uint32_t i = 0; i < n; i += 8) {
		uint64_t w = load_8(m->base + at + i), sp = w ^ FOLD_8, tab = w ^ 0x0909090909090909u;
		uint64_t keep = n - i < 8 ? (UINT64_C(1) << 8 * (n - i)) - 1 : ~UINT64_C(0);
		hit |=
		    (((sp - 0x0101010101010101u) & ~sp) | ((tab - 0x0101010101010101u) & ~tab)) & HIGH & keep;
	}
	return hit != 0;
}

#include "sip-parser/sip_fast_core.h"

const struct sip_fast sip_fast_scalar = {"scalar", index_msg, core_msg};
