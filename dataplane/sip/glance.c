/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sip/glance.h"

#define START "SIP/2.0 "
#define VIA   "Via: "
#define CSEQ  "CSeq: "

/* Up to the next CR LF, which a line with more of this value must not follow. False: there is none. */
static bool line_at(const char *p, const char *end, struct span *line)
{
	const char *cr = memchr(p, '\r', (size_t)(end - p));
	if (!cr || end - cr < 3 || cr[1] != '\n' || cr[2] == ' ' || cr[2] == '\t')
		return false;
	*line = span_of(p, (uint32_t)(cr - p));
	return true;
}

static bool status_of(const char *p, uint16_t *status)
{
	unsigned a = (unsigned char)p[0] - '0', b = (unsigned char)p[1] - '0', c = (unsigned char)p[2] - '0';
	*status = (uint16_t)(100 * a + 10 * b + c);
	return a - 1 < 6 && b < 10 && c < 10 && p[3] == ' ';
}

bool glance_at(struct glance *g, struct span m)
{
	struct span start;
	g->end = m.p + m.len;
	if (m.len < 64 || memcmp(m.p, START, sizeof START - 1) != 0 ||
	    !status_of(m.p + sizeof START - 1, &g->status) || !line_at(m.p, g->end, &start))
		return false;
	const char *p = start.p + start.len + 2;
	return g->end - p >= 8 && memcmp(p, VIA, sizeof VIA - 1) == 0 &&
	       line_at(p + sizeof VIA - 1, g->end, &g->via);
}

bool glance_cseq(const struct glance *g, struct span *value)
{
	const char *p = g->via.p + g->via.len + 2, *lf;
	for (; g->end - p > 8 && *p != '\r'; p = lf + 1) {
		if (memcmp(p, CSEQ, sizeof CSEQ - 1) == 0)
			return line_at(p + sizeof CSEQ - 1, g->end, value);
		lf = memchr(p, '\n', (size_t)(g->end - p));
		if (!lf)
			return false;
	}
	return false;
}

static bool is_letter(char c)
{
	return (unsigned char)((c | 0x20) - 'a') < 26;
}

/* A length of 0, or something else than a length. */
static bool is_no_body(struct span line)
{
	struct span name = SPAN("content-length");
	if ((line.p[0] | 0x20) == 'l' && line.len > 1 && !is_letter(line.p[1]))
		return false; /* the compact form */
	if ((line.p[0] | 0x20) != 'c' || line.len < name.len || !span_ieq(span_of(line.p, name.len), name))
		return true;
	return span_eq(line, SPAN("Content-Length: 0"));
}

bool glance_bare(const struct glance *g)
{
	const char *p = g->via.p + g->via.len + 2, *lf;
	for (; g->end - p > 2 && is_letter(*p); p = lf + 1) {
		lf = memchr(p, '\n', (size_t)(g->end - p));
		if (!lf || lf[-1] != '\r' || !is_no_body(span_of(p, (uint32_t)(lf - 1 - p))))
			return false;
	}
	return g->end - p == 2 && p[0] == '\r' && p[1] == '\n';
}
