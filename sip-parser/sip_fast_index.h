/* SPDX-License-Identifier: Apache-2.0 */
/* The index pass over the lines of sip_fast_pairs.h; included once by each variant, which has defined
 *
 *   FAST bool index_lines(m, l, buf, len)              all lines up to the empty one, at least one header; m->due is what
 *                                                      it says of the marks. False: unusual
 *   FAST bool has_blank(m, at, n)                      SP or HTAB among n bytes from byte `at`
 *   FAST bool hdrs_to(struct sip_hdr *h, const uint16_t *at, uint32_t n)   n lines (at as in struct lines), each with one space
 *                                                      before its value and none behind it. May write any lines behind
 *                                                      them, up to SIP_HDRS_MAX; false: a name is too long for
 *                                                      index_names
 *   bool index_names(m, buf, at)                       name and chain the n_hdrs lines, from the last to the first, so that
 *                                                      each finds the next of its id in first[]; false, half done: a
 *                                                      value is not one space behind a colon and right before the line end
 */
#include <stddef.h>

FAST bool index_status(struct sip_msg *m, const char *buf, uint32_t e)
{
	uint32_t code;
	if (e < 12 || buf[11] != ' ' || e - 12 > SIP_REASON_MAX || !number_at(buf + 8, buf + 11, &code) ||
	    code - 100 > 599)
		return false;
	m->version = span_of(buf, 7);
	m->status = (uint16_t)code;
	m->reason = span_of(buf + 12, e - 12);
	return true;
}

/* The method ends at q, the line at e. */
FAST bool index_request(struct sip_msg *m, const char *buf, uint32_t q, uint32_t e)
{
	if (buf[q] != ' ' || q > SIP_METHOD_MAX || e < q + 10 || e - 9 - q > SIP_URI_MAX ||
	    load_8(buf + e - 8) != WORD(" SIP/2.0"))
		return false;
	if (has_blank(m, q + 1, e - 9 - q))
		return false;
	m->is_request = true;
	m->method_text = span_of(buf, q);
	m->method = method_at(buf, q);
	m->ruri = span_of(buf + q + 1, e - 9 - q);
	m->version = span_of(buf + e - 7, 7);
	return true;
}

/* The start line. */
FAST bool index_start(struct sip_msg *m, const char *buf, const struct lines *l)
{
	uint32_t e = l->at[2] - 2u;
	if (e < 10)
		return false;
	uint64_t w = load_8(buf);
	if (w == WORD("SIP/2.0 "))
		return index_status(m, buf, e);
	return ((uint32_t)w | 0x202020u) != (uint32_t)WORD("sip/") && index_request(m, buf, l->at[1], e);
}

FAST bool is_ws(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Lines with other white space around their values. False: a line has no colon. */
static __attribute__((noinline)) bool index_ragged(struct sip_msg *m, const char *buf, const uint16_t *at)
{
	struct sip_hdr *h = m->hdrs;
	for (uint32_t i = 0; i < m->n_hdrs; i++, h++, at += 2) {
		uint32_t v = at[1] + 1u, e = at[2] - 2u;
		if (buf[at[1]] != ':')
			return false;
		while (v < e && is_ws(buf[v]))
			v++;
		while (e > v && is_ws(buf[e - 1]))
			e--;
		*h = (struct sip_hdr){at[0], (uint16_t)(at[1] - at[0]), (uint16_t)v, (uint16_t)(e - v)};
	}
	memset(m->first, 0, sizeof m->first);
	return names_from(m, buf, at - 2 * m->n_hdrs, false);
}

/* All header lines. The vectors of hdrs_to read what other vectors have just stored in parts: names first, meanwhile it
 * arrives. */
FAST bool index_headers(struct sip_msg *m, const char *buf, const struct lines *l)
{
	uint32_t n = (l->n - 3) / 2;
	const uint16_t *at = l->at + 2;
	if (n > SIP_HDRS_MAX)
		return false;
	m->n_hdrs = (uint16_t)n;
	bool plain = index_names(m, buf, at);
	return hdrs_to(m->hdrs, at, n) && (plain || index_ragged(m, buf, at));
}

/* The body begins at byte `at`. */
FAST bool index_body(struct sip_msg *m, uint32_t at, uint32_t len, enum sip_framing framing)
{
	uint32_t have = len - at, want = have;
	const struct sip_hdr *h = sip_msg_hdr(m, SIP_H_CONTENT_LENGTH);
	if (h) {
		const char *v = m->base + h->val_off;
		if (!number_at(v, v + h->val_len, &want))
			return false;
	} else if (framing == SIP_STREAM) {
		return false;
	}
	if (want > have)
		return false;
	m->body = span_of(m->base + at, want);
	m->len = at + want;
	m->marked = true;
	return true;
}

static bool index_msg(struct sip_msg *m, const char *buf, uint32_t len, enum sip_framing framing)
{
	struct lines l;
	if (len < 32 || len > SIP_MSG_BYTES_MAX)
		return false;
	memset(m, 0, offsetof(struct sip_msg, hdrs));
	m->base = buf;
	if (!index_lines(m, &l, buf, len))
		return false;
	if (!index_start(m, buf, &l) || !index_headers(m, buf, &l))
		return false;
	uint32_t at = l.at[l.n - 1];
	return at + 1 < len && buf[at + 1] == '\n' && index_body(m, at + 2, len, framing);
}
