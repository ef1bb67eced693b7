/* SPDX-License-Identifier: Apache-2.0 */
/* The lines from the masks of all blocks; included once by each variant with vectors, which has defined
 *
 *   struct block, FAST struct block block_of(const char *p)           of 64 bytes
 *   FAST struct block block_tail(const char *p, uint32_t n)   of n < 64 bytes; the bits behind them are 0 in lf, cr
 *   FAST uint32_t lines_whole(m, l, c, buf, len)       lines_in for as many whole blocks without the empty line as it likes;
 *                                                      where it stopped. len >= 64
 */

/* The marks at and behind byte `at`, 57 of them at least. */
FAST uint64_t marks_at(const uint64_t *marks, uint32_t at)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return load_8((const char *)marks + (at >> 3)) >> (at & 7);
#else
	uint32_t w = at >> 6, s = at & 63;
	return marks[w] >> s | marks[w + 1] << 1 << (63 - s);
#endif
}

/* SP or HTAB at one of the marks of n bytes from byte `at`. */
FAST bool has_blank(const struct sip_msg *m, uint32_t at, uint32_t n)
{
	uint32_t e = at + n;
	while (at < e) {
		uint64_t bits = marks_at(m->marks, at);
		uint32_t step = e - at < 56 ? e - at : 56;
		for (bits &= (UINT64_C(1) << step) - 1; bits; bits &= bits - 1) {
			char c = m->base[at + (uint32_t)__builtin_ctzll(bits)];
			if (c == ' ' || c == '\t')
				return true;
		}
		at += step;
	}
	return false;
}

/* All marks and lines up to the empty one. */
FAST bool index_lines(struct sip_msg *m, struct lines *l, const char *buf, uint32_t len)
{
	struct carry c = {.lf = 1};
	uint32_t most = len < 64 * (SIP_MARKS_WORDS - 1) ? len : 64 * (SIP_MARKS_WORDS - 1);
	uint32_t off = 0;
	bool found = false;
	l->n = 0;
	if (len >= 64)
		off = lines_whole(m, l, &c, buf, most);
	while (!found && off < most) {
		bool whole = most - off >= 64;
		found =
		    lines_in(m, l, &c, whole ? block_of(buf + off) : block_tail(buf + off, most - off), off);
		off += 64;
	}
	m->marks[off >> 6] = ~UINT64_C(0);
	return found && !c.unusual && l->n > 3;
}
