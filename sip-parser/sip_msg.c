/* SPDX-License-Identifier: Apache-2.0 */
/* The index pass. Where RFC 3261 leaves room or practice differs from it, this is what we take:
 *
 *   line ends     CR LF; a bare LF is taken for one too (many tools write it, and a B2BUA never forwards the
 *                 raw line, so nothing can be smuggled past it). A CR without LF is an error.
 *   before ':'    SP and HTAB are HCOLON's grammar (§25.1), in any amount.
 *   start line    exactly one SP between its parts and none at its end (§7.1, RFC 4475 §3.1.2.8-10).
 *   folds         as §7.3.1; a line of white space only is the end of the fold it continues.
 *   empty line    required: without it the header section was cut off.
 *   version       any SIP/n.m is understood far enough to be answered 505 (RFC 4475 §3.1.2.16).
 *
 * Errors do not stop the pass: the first one is kept, the rest of the lines is indexed so that an answer can
 * carry their Via, From, To, Call-ID and CSeq. What a UA decides on top of this is in sip_check.c. */
#include "sip-parser/sip_msg.h"

#include <stddef.h>

#include "sip-parser/base/ascii.h"
#include "sip-parser/sip_cseq.h"
#include "sip-parser/sip_fast.h"
#include "sip-parser/sip_hdr.h"
#include "sip-parser/sip_scan.h"

struct pass {
	struct sip_msg *m;
	const char *p, *end;
	const char *reason; /* of the first error; NULL = none so far */
	const char *at;
	uint16_t status;
	uint8_t last[SIP_H_COUNT]; /* index + 1 of the latest line with that id */
};

static void fault(struct pass *x, uint16_t status, const char *at, const char *reason)
{
	if (x->reason)
		return;
	x->status = status;
	x->at = at;
	x->reason = reason;
}

/* End of the line that begins at p (before its CR or LF); *next is behind the line end, or NULL when the
 * buffer ended first. */
static const char *line_end(struct pass *x, const char *p, const char **next)
{
	for (;;) {
		p = sip_scan2(p, x->end, '\r', '\n');
		*next = NULL;
		if (p == x->end)
			return p;
		if (*p == '\n') {
			*next = p + 1;
			return p;
		}
		if (p + 1 < x->end && p[1] == '\n') {
			*next = p + 2;
			return p;
		}
		fault(x, 400, p, "CR without LF (RFC 3261 7)");
		p++;
	}
}

static bool version_ok(struct span s)
{
	uint32_t i = 4, dot;
	if (s.len < 7 || !span_ieq(span_of(s.p, 4), SPAN("SIP/")))
		return false;
	while (i < s.len && ascii_is(s.p[i], ASCII_DIGIT))
		i++;
	dot = i;
	if (dot == 4 || dot >= s.len || s.p[dot] != '.')
		return false;
	for (i++; i < s.len && ascii_is(s.p[i], ASCII_DIGIT); i++)
		;
	return i == s.len && i > dot + 1;
}

static void check_version(struct pass *x, struct span v)
{
	x->m->version = v;
	if (!version_ok(v))
		fault(x, 400, v.p, "start line: no SIP-Version at its end (RFC 3261 7.1)");
	else if (!span_ieq(v, SPAN("SIP/2.0")))
		fault(x, 505, v.p, "start line: SIP version is not 2.0 (RFC 3261 21.5.6)");
}

static void status_line(struct pass *x, const char *p, const char *e)
{
	const char *sp = memchr(p, ' ', (size_t)(e - p));
	uint32_t code;
	if (!sp) {
		fault(x, 400, e, "status line: no status code (RFC 3261 7.2)");
		return;
	}
	check_version(x, span_of(p, (uint32_t)(sp - p)));
	p = sp + 1;
	if (e - p < 4 || p[3] != ' ' || sip_number(span_of(p, 3), 699, &code) < 0 || code < 100) {
		fault(x, 400, p, "status line: status code is not 3 digits from 100 to 699 (RFC 3261 7.2)");
		return;
	}
	x->m->status = (uint16_t)code;
	x->m->reason = span_of(p + 4, (uint32_t)(e - p - 4));
	if (x->m->reason.len > SIP_REASON_MAX)
		fault(x, 400, p + 4, "status line: reason phrase too long");
}

static const char *last_space(const char *p, const char *e)
{
	while (e > p && e[-1] != ' ')
		e--;
	return e > p ? e - 1 : NULL;
}

static void request_line(struct pass *x, const char *p, const char *e)
{
	const char *q = p;
	while (q < e && ascii_is(*q, ASCII_TOKEN))
		q++;
	x->m->method_text = span_of(p, (uint32_t)(q - p));
	x->m->method = (uint8_t)sip_method_of(x->m->method_text);
	if (q == p || q == e || *q != ' ') {
		fault(x, 400, q, "request line: no method token and SP (RFC 3261 7.1)");
		return;
	}
	if (q - p > SIP_METHOD_MAX)
		fault(x, 400, p, "request line: method too long");
	const char *sp = last_space(q + 1, e);
	if (!sp || sp == q + 1) {
		fault(x, 400, q + 1, "request line: no Request-URI and SP (RFC 3261 7.1)");
		return;
	}
	x->m->ruri = span_of(q + 1, (uint32_t)(sp - q - 1));
	if (memchr(x->m->ruri.p, ' ', x->m->ruri.len) || memchr(x->m->ruri.p, '\t', x->m->ruri.len))
		fault(x, 400, x->m->ruri.p,
		    "request line: white space in or around the Request-URI (RFC 3261 7.1)");
	check_version(x, span_of(sp + 1, (uint32_t)(e - sp - 1)));
	if (x->m->ruri.len > SIP_URI_MAX)
		fault(x, 414, x->m->ruri.p, "Request-URI: too long");
}

static bool start_line(struct pass *x)
{
	const char *next, *p = x->p, *e = line_end(x, p, &next);
	if (p == e) {
		fault(x, 400, p, "start line: empty message");
		return false;
	}
	x->m->is_request = !(e - p >= 4 && span_ieq(span_of(p, 4), SPAN("SIP/")));
	if (x->m->is_request)
		request_line(x, p, e);
	else
		status_line(x, p, e);
	if (!next)
		fault(x, 400, e, "start line: no line end");
	x->p = next ? next : x->end;
	return next != NULL;
}

/* Trim the value [v, e) and enter the line. */
static void enter(struct pass *x, struct span name, const char *v, const char *e)
{
	struct sip_msg *m = x->m;
	while (v < e && ascii_is(*v, ASCII_WS))
		v++;
	while (e > v && ascii_is(e[-1], ASCII_WS))
		e--;
	uint8_t id = (uint8_t)sip_hdr_of(name), idx = (uint8_t)(m->n_hdrs + 1);
	m->ids[m->n_hdrs] = id;
	m->next[m->n_hdrs] = 0;
	m->hdrs[m->n_hdrs++] = (struct sip_hdr){
	    (uint16_t)(name.p - m->base), (uint16_t)name.len, (uint16_t)(v - m->base), (uint16_t)(e - v)};
	if (x->last[id])
		m->next[x->last[id] - 1] = idx;
	else
		m->first[id] = idx;
	x->last[id] = idx;
}

/* The end of a header's value: the first line end that no white space follows. */
static const char *value_end(struct pass *x, const char *p, const char **next)
{
	const char *e = line_end(x, p, next);
	while (*next && *next < x->end && (**next == ' ' || **next == '\t'))
		e = line_end(x, *next, next);
	return e;
}

/* One header line at x->p. False when the header section ends here for want of bytes or room. */
static bool header(struct pass *x)
{
	const char *p = x->p, *q = p, *next;
	while (q < x->end && ascii_is(*q, ASCII_TOKEN))
		q++;
	struct span name = span_of(p, (uint32_t)(q - p));
	while (q < x->end && (*q == ' ' || *q == '\t'))
		q++;
	bool named = name.len && q < x->end && *q == ':';
	const char *e = value_end(x, named ? q + 1 : p, &next);
	x->p = next ? next : x->end;
	if (!named) {
		fault(x, 400, q, "header line: no name and colon (RFC 3261 7.3.1)");
		return next != NULL;
	}
	if (e - p > SIP_HDR_LINE_MAX)
		fault(x, 400, p, "header line: too long");
	if (x->m->n_hdrs == SIP_HDRS_MAX) {
		fault(x, 400, p, "too many header lines");
		return false;
	}
	enter(x, name, q + 1, e);
	return next != NULL;
}

/* True when the empty line was found. */
static bool headers(struct pass *x)
{
	while (x->p < x->end) {
		if (*x->p == '\n') {
			x->p++;
			return true;
		}
		if (x->end - x->p >= 2 && x->p[0] == '\r' && x->p[1] == '\n') {
			x->p += 2;
			return true;
		}
		if (!header(x))
			break;
	}
	fault(x, 400, x->p, "no empty line behind the headers (RFC 3261 7)");
	return false;
}

/* Body by Content-Length (§18.3, §20.14). */
static void body(struct pass *x, enum sip_framing framing)
{
	struct sip_msg *m = x->m;
	uint32_t have = (uint32_t)(x->end - x->p), want = have;
	struct span v = sip_msg_val(m, SIP_H_CONTENT_LENGTH);
	if (!v.p && framing == SIP_STREAM)
		fault(x, 400, x->p, "Content-Length: missing on a stream (RFC 3261 20.14)");
	if (v.p && sip_number(v, UINT32_MAX, &want) < 0) {
		fault(x, 400, v.p, "Content-Length: not a decimal number (RFC 3261 20.14)");
		want = have;
	}
	if (want > have) {
		fault(x, framing == SIP_STREAM && want > SIP_MSG_BYTES_MAX ? 413 : 400, v.p,
		    "Content-Length: more than the bytes received (RFC 3261 18.3)");
		want = have;
	}
	m->body = span_of(x->p, want);
	m->len = (uint32_t)(x->p + want - m->base);
}

/* Nobody is answered about a response, an ACK, or bytes that do not even have a Via (§8.2.6, §17.1.1.3). */
static int verdict(struct pass *x, struct sip_err *err)
{
	const struct sip_msg *m = x->m;
	if (!x->reason)
		return 0;
	bool drop = !m->is_request || m->method == SIP_ACK || !m->first[SIP_H_VIA];
	*err = (struct sip_err){drop ? 0 : x->status, (uint16_t)(x->at - m->base), x->reason};
	return -1;
}

int sip_msg_parse(
    struct sip_msg *m, const char *buf, uint32_t len, enum sip_framing framing, struct sip_err *err)
{
	if (!sip_fast()->index(m, buf, len, framing))
		return sip_msg_parse_plain(m, buf, len, framing, err);
	*err = (struct sip_err){0};
	return 0;
}

int sip_msg_parse_plain(
    struct sip_msg *m, const char *buf, uint32_t len, enum sip_framing framing, struct sip_err *err)
{
	struct pass x = {.m = m, .p = buf, .end = buf + len};
	memset(m, 0, offsetof(struct sip_msg, hdrs));
	m->base = buf;
	m->len = len;
	*err = (struct sip_err){0};
	if (len > SIP_MSG_BYTES_MAX) {
		x.end = buf + SIP_MSG_BYTES_MAX;
		fault(&x, 513, x.end, "message too large");
	}
	while (x.p < x.end && (*x.p == '\r' || *x.p == '\n'))
		x.p++;
	if (start_line(&x) && headers(&x))
		body(&x, framing);
	return verdict(&x, err);
}

/* Where the element that begins at p ends: the next comma outside quotes and angle brackets. */
static const char *elem_end(const char *p, const char *end)
{
	bool quoted = false, angle = false;
	for (; p < end; p++) {
		if (quoted) {
			if (*p == '\\' && p + 1 < end)
				p++;
			else if (*p == '"')
				quoted = false;
		} else if (*p == '"' && !angle) {
			quoted = true;
		} else if (*p == '<') {
			angle = true;
		} else if (*p == '>') {
			angle = false;
		} else if (*p == ',' && !angle) {
			return p;
		}
	}
	return end;
}

bool sip_list_next(struct span *rest, struct span *elem)
{
	if (rest->len == 0)
		return false;
	const char *p = rest->p, *end = p + rest->len, *stop = elem_end(p, end), *e = stop;
	*rest = stop < end ? span_of(stop + 1, (uint32_t)(end - stop - 1)) : span_of(end, 0);
	while (p < e && ascii_is(*p, ASCII_WS))
		p++;
	while (e > p && ascii_is(e[-1], ASCII_WS))
		e--;
	*elem = span_of(p, (uint32_t)(e - p));
	return true;
}
