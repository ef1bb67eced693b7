/* SPDX-License-Identifier: Apache-2.0 */
/* What only the widest vectors do in another way; included once by each other variant, behind sip_fast_lines.h. */

FAST uint32_t lines_whole(struct sip_msg *m, struct lines *l, struct carry *c, const char *buf, uint32_t len)
{
	(void)m, (void)l, (void)c, (void)buf, (void)len;
	return 0;
}

FAST bool hdrs_to(struct sip_hdr *h, const uint16_t *at, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++, at += 2) {
		uint16_t v = (uint16_t)(at[1] + 2);
		h[i] = (struct sip_hdr){at[0], (uint16_t)(at[1] - at[0]), v, (uint16_t)(at[2] - 2 - v)};
	}
	return true;
}

static bool index_names(struct sip_msg *m, const char *buf, const uint16_t *at)
{
	uint32_t n = m->n_hdrs;
	for (uint32_t i = 0; i < n; i++, at += 2) {
		if (!value_is_plain(buf + at[1], buf + at[2]))
			return false;
	}
	names_from(m, buf, at - 2 * n);
	return true;
}
