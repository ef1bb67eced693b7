/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sdp_audio.h"

#include "sip-parser/base/ip.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define BLOCK     64u
#define BLOCKS    16u
#define BODY_MAX  (BLOCK * BLOCKS)
#define DTMF_NAME "telephone-event/8000"

struct walk {
	struct sdp_audio *a;
	uint64_t dtmf[2]; /* payload types that were named telephone-event */
	bool has_origin, has_addr, has_media, has_media_addr;
};

/* ---- lines */

#if defined(__SSE2__)
/* Bit i of *lf: byte i is LF; of *ctl: it is below 0x20. */
static void mask_block(const char *b, uint64_t *lf, uint64_t *ctl)
{
	*lf = *ctl = 0;
	for (unsigned i = 0; i < BLOCK; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(b + i));
		__m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);
		*lf |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8('\n'))) << i;
		*ctl |= (uint64_t)(uint32_t)_mm_movemask_epi8(low) << i;
	}
}
#else
static void mask_block(const char *b, uint64_t *lf, uint64_t *ctl)
{
	*lf = *ctl = 0;
	for (unsigned i = 0; i < BLOCK; i++) {
		*lf |= (uint64_t)(b[i] == '\n') << i;
		*ctl |= (uint64_t)((unsigned char)b[i] < 0x20) << i;
	}
}
#endif

/* Where lines end, a bit per byte. False: a control byte other than one in front of each LF, which is left to be looked
 * at as CR, or a last line without its end. */
static bool ends_of(struct span body, uint64_t lf[BLOCKS])
{
	uint64_t ctl, before = 0;
	bool even = true;
	uint32_t n = 0, whole = body.len / BLOCK;
	for (; n < whole; n++) {
		mask_block(body.p + n * BLOCK, &lf[n], &ctl);
		even &= ((ctl & ~lf[n]) << 1 | before) == lf[n];
		before = (ctl & ~lf[n]) >> 63;
	}
	if (body.len % BLOCK) {
		char last[BLOCK];
		memset(last, ' ', sizeof last);
		memcpy(last, body.p + n * BLOCK, body.len % BLOCK);
		mask_block(last, &lf[n], &ctl);
		even &= ((ctl & ~lf[n]) << 1 | before) == lf[n];
	}
	return even && body.p[body.len - 1] == '\n';
}

/* ---- words. Every line ends with CR, so whoever looks for digits or visible bytes finds an end. */

static bool is_digit(char c)
{
	return (unsigned char)(c - '0') < 10;
}

/* Up to five digits; NULL: none, or more, or above max. */
static const char *number(const char *p, uint32_t max, uint32_t *out)
{
	const char *from = p;
	uint32_t v = 0;
	for (; is_digit(*p) && p - from < 6; p++)
		v = v * 10 + (uint32_t)(*p - '0');
	*out = v;
	return p > from && p - from < 6 && v <= max ? p : NULL;
}

static const char *skip_digits(const char *p)
{
	const char *from = p;
	while (is_digit(*p))
		p++;
	return p > from ? p : NULL;
}

/* Behind the one space that must stand here. */
static const char *space(const char *p)
{
	return p && *p == ' ' ? p + 1 : NULL;
}

static bool starts(const char *p, const char *end, struct span what)
{
	return (size_t)(end - p) >= what.len && memcmp(p, what.p, what.len) == 0;
}

static bool is_text(const char *p, const char *end, struct span what)
{
	return (size_t)(end - p) == what.len && memcmp(p, what.p, what.len) == 0;
}

/* ---- lines by their letter; p behind "x=", end at the CR. False: not the usual. */

/* user SP id SP version SP "IN IP4" SP address */
static bool line_o(struct walk *w, const char *p, const char *end)
{
	if (*p == ' ')
		return false;
	while (p < end && *p != ' ')
		p++;
	if (!(p = space(p)) || !(p = space(skip_digits(p))) || !(p = space(skip_digits(p))))
		return false;
	w->has_origin = true;
	return starts(p, end, SPAN("IN IP4 ")) && end - p > 7 && p[7] != ' ';
}

static bool line_c(struct walk *w, const char *p, const char *end)
{
	bool *given = w->has_media ? &w->has_media_addr : &w->has_addr;
	if (*given || !starts(p, end, SPAN("IN IP4 ")))
		return false;
	*given = true;
	return ip4_parse(span_of(p + 7, (uint32_t)(end - p - 7)), w->a->ip);
}

static bool line_m(struct walk *w, const char *p, const char *end)
{
	struct sdp_audio *a = w->a;
	uint32_t v;
	if (w->has_media || !starts(p, end, SPAN("audio ")) || !(p = number(p + 6, 65535, &v)))
		return false;
	w->has_media = true;
	a->port = (uint16_t)v;
	if (!starts(p, end, SPAN(" RTP/AVP ")))
		return false;
	for (p += 8; *p == ' '; a->pts[a->n_pts++] = (uint8_t)v) {
		if (a->n_pts == SDP_FMTS_MAX || !(p = number(p + 1, 127, &v)))
			return false;
	}
	return p == end && a->n_pts;
}

/* rtpmap:PT name/rate. What may be a telephone-event in other words, and what takes a name back, is not the usual. */
static bool attr_rtpmap(struct walk *w, const char *p, const char *end)
{
	uint32_t pt;
	if (!(p = space(number(p, 127, &pt))))
		return false;
	uint64_t *set = &w->dtmf[pt >> 6], bit = 1ull << (pt & 63);
	if (is_text(p, end, SPAN(DTMF_NAME))) {
		*set |= bit;
		return true;
	}
	return *p != ' ' && (*p | 0x20) != 't' && !(*set & bit);
}

static bool attr_rtcp(struct walk *w, const char *p)
{
	uint32_t port;
	if (!(p = number(p, 65535, &port)) || (*p != ' ' && *p != '\r'))
		return false;
	w->a->rtcp_port = (uint16_t)port;
	return true;
}

/* A direction that the media part gives is read later than one of the session, and so wins. */
static void direction(struct sdp_audio *a, const char *p)
{
	static const char NAMES[][9] = {"sendrecv", "sendonly", "recvonly", "inactive"};
	for (uint8_t i = 0; i < 4; i++) {
		if (memcmp(p, NAMES[i], 8) == 0)
			a->dir = i;
	}
}

/* White space around a direction is tolerated elsewhere. Attributes of the session say nothing but a direction. */
static bool line_a(struct walk *w, const char *p, const char *end)
{
	if (p == end || *p == ' ' || end[-1] == ' ')
		return false;
	if (w->has_media && starts(p, end, SPAN("rtpmap:")))
		return attr_rtpmap(w, p + 7, end);
	if (w->has_media && starts(p, end, SPAN("rtcp:")))
		return attr_rtcp(w, p + 5);
	if (end - p == 8)
		direction(w->a, p);
	return true;
}

static bool line(struct walk *w, const char *p, const char *end)
{
	if (end - p < 2 || p[1] != '=' || *end != '\r')
		return false;
	switch (*p) {
	case 'o':
		return line_o(w, p + 2, end);
	case 'c':
		return line_c(w, p + 2, end);
	case 'm':
		return line_m(w, p + 2, end);
	case 'a':
		return line_a(w, p + 2, end);
	case 's':
	case 't':
	case 'b':
		return true; /* sdp_parse refuses none of them, whatever it says */
	default:
		return false;
	}
}

static uint8_t first_dtmf(const struct walk *w)
{
	for (uint8_t i = 0; (w->dtmf[0] | w->dtmf[1]) && i < w->a->n_pts; i++) {
		uint8_t pt = w->a->pts[i];
		if (w->dtmf[pt >> 6] >> (pt & 63) & 1)
			return pt;
	}
	return SDP_NO_PT;
}

static bool lines(struct walk *w, struct span body, const uint64_t lf[BLOCKS])
{
	const char *p = body.p + 5;
	for (uint32_t n = 0; n < (body.len + BLOCK - 1) / BLOCK; n++) {
		for (uint64_t m = n ? lf[n] : lf[n] & ~0x1full; m; m &= m - 1) {
			const char *at = body.p + n * BLOCK + (uint32_t)__builtin_ctzll(m);
			if (!line(w, p, at - 1))
				return false;
			p = at + 1;
		}
	}
	return true;
}

bool sdp_audio_read(struct sdp_audio *a, struct span body)
{
	struct walk w = {.a = a};
	uint64_t lf[BLOCKS];
	static const uint8_t ZERO[4];
	if (body.len < 16 || body.len > BODY_MAX || memcmp(body.p, "v=0\r\n", 5) != 0 || !ends_of(body, lf))
		return false;
	a->six = false;
	a->rtcp_port = 0;
	a->dir = SDP_SENDRECV;
	a->n_pts = 0;
	if (!lines(&w, body, lf) || !w.has_origin || !w.has_media || !(w.has_addr || w.has_media_addr) ||
	    memcmp(a->ip, ZERO, 4) == 0) /* hold: the direction is another one then */
		return false;
	a->dtmf_pt = first_dtmf(&w);
	return true;
}

/* ---- of a parsed stream */

/* Names are compared without case, but nearly everybody writes them in the same one. */
static bool is_dtmf(const struct sdp_fmt *f)
{
	struct span name = SPAN("telephone-event");
	return f->rate == 8000 && (span_eq(f->name, name) || span_ieq(f->name, name));
}

const char *sdp_audio_of(struct sdp_audio *a, const struct sdp_media *m)
{
	if (!span_ieq(m->type, SPAN("audio")) || !span_ieq(m->proto, SPAN("RTP/AVP")))
		return "answer has no audio stream in RTP/AVP";
	a->six = m->addr_is_v6;
	if (m->port && !(a->six ? ip6_parse(m->addr, a->ip) : ip4_parse(m->addr, a->ip)))
		return a->six ? "SDP connection address is not an IPv6 address"
		              : "SDP connection address is not an IPv4 address";
	a->port = m->port;
	a->rtcp_port = m->rtcp_port;
	a->dir = m->dir;
	a->dtmf_pt = SDP_NO_PT;
	a->n_pts = m->n_fmts;
	for (uint8_t i = 0; i < m->n_fmts; i++) {
		a->pts[i] = m->fmts[i].pt;
		if (a->dtmf_pt == SDP_NO_PT && is_dtmf(&m->fmts[i]))
			a->dtmf_pt = m->fmts[i].pt;
	}
	return NULL;
}
