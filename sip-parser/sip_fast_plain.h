/* SPDX-License-Identifier: Apache-2.0 */
/* What only the widest vectors do in another way; included once by each other variant, behind sip_fast_pairs.h. */

FAST bool hdrs_to(struct sip_hdr *h, const uint16_t *at, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++, at += 2) {
		uint64_t line = at[0], colon = at[1], next = at[2];
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		uint64_t w = line | (colon - line) << 16 | (colon + 2) << 32 | (next - 4 - colon) << 48;
		memcpy(&h[i], &w, 8); /* four stores in one */
#else
		h[i] = (struct sip_hdr){(uint16_t)line, (uint16_t)(colon - line), (uint16_t)(colon + 2),
		    (uint16_t)(next - 4 - colon)};
#endif
	}
	return true;
}

static bool index_names(struct sip_msg *m, const char *buf, const uint16_t *at)
{
	return names_from(m, buf, at, true);
}
