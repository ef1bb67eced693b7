/* SPDX-License-Identifier: Apache-2.0 */
/* Included once by each variant with registers of HALF bytes: blocks of 64 bytes from them, and the algorithm over them; see
 * sip_fast_half.h. */

FAST struct block block_of(const char *p)
{
	struct block b = {0};
	for (unsigned int i = 0; i < 64; i += HALF) {
		half x = half_load(p + i);
		b.lf |= half_eq(x, '\n') << i;
		b.cr |= half_eq(x, '\r') << i;
		b.mark |= half_mark(x) << i;
	}
	return b;
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
	uint64_t keep = ~UINT64_C(0) >> (64 - n);
	char room[64];
	if (limit - p < 64) {
		memcpy(room, p, n);
		memset(room + n, 0, 64 - n);
		p = room;
	}
	for (unsigned int i = 0; i < n; i += HALF) {
		half x = half_load(p + i);
		h.dot |= half_eq(x, '.') << i;
		h.digit |= half_digit(x) << i;
		h.hyphen |= half_eq(x, '-') << i;
	}
	return (struct host){h.dot & keep, h.digit & keep, h.hyphen & keep};
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

FAST uint32_t lines_whole(struct sip_msg *m, struct lines *l, struct carry *c, const char *buf, uint32_t len)
{
	(void)m, (void)l, (void)c, (void)buf, (void)len;
	return 0;
}

#include "sip-parser/sip_fast_masks.h"
#include "sip-parser/sip_fast_plain.h"

#include "sip-parser/sip_fast_core.h"
