/* SPDX-License-Identifier: Apache-2.0 */
/* The masks from a table, byte by byte: any machine. */
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

/* off + each bit. */
FAST uint32_t bits_to(uint16_t *to, uint64_t bits, uint32_t off)
{
	uint32_t n = 0;
	for (; bits; bits &= bits - 1)
		to[n++] = (uint16_t)(off + (uint32_t)__builtin_ctzll(bits));
	return n;
}

#define BITS_OFF(off) (off)
#include "sip-parser/sip_fast_lines.h"
#include "sip-parser/sip_fast_plain.h"

#include "sip-parser/sip_fast_core.h"

const struct sip_fast sip_fast_scalar = {"scalar", index_msg, core_msg};
