/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_frame.h"

#include "sip-parser/base/ascii.h"
#include "sip-parser/sip_cseq.h"
#include "sip-parser/sip_hdr.h"
#include "sip-parser/sip_lex.h"

static enum sip_frame_kind bad(struct sip_err *err, uint16_t status, uint32_t off, const char *reason)
{
	*err = (struct sip_err){status, (uint16_t)off, reason};
	return SIP_FRAME_BAD;
}

static enum sip_frame_kind keepalive(const char *buf, uint32_t len, bool flush, uint32_t *used)
{
	if (len >= 4 && memcmp(buf, "\r\n\r\n", 4) == 0) {
		*used = 4;
		return SIP_FRAME_PING;
	}
	bool may_grow = len < 4 && memcmp(buf, "\r\n\r\n", len) == 0;
	if (may_grow && !(flush && len == 2))
		return SIP_FRAME_MORE;
	*used = len >= 2 && buf[0] == '\r' && buf[1] == '\n' ? 2 : 1;
	return SIP_FRAME_PONG;
}

/* Length up to and with the first empty line, 0 while there is none. Lines end with LF, with or without CR.
 */
static uint32_t find_head(struct sip_frame *f, const char *buf, uint32_t len)
{
	uint32_t i = f->scanned;
	while (i < len) {
		const char *lf = memchr(buf + i, '\n', len - i);
		if (!lf)
			break;
		i = (uint32_t)(lf - buf) + 1;
		f->scanned = i;
		if (i < len && buf[i] == '\n')
			return i + 1;
		if (i + 1 < len && buf[i] == '\r' && buf[i + 1] == '\n')
			return i + 2;
		if (i + 1 >= len) {
			f->scanned =
			    (uint32_t)(lf - buf); /* the line behind it has yet to come: look again */
			return 0;
		}
	}
	return 0;
}

/* The header name of the line [p, e) and its value; false when it has none or is a fold. */
static bool named(const char *p, const char *e, struct span *name, struct span *value)
{
	struct lex l = {p, e};
	if (!lex_token(&l, name))
		return false;
	while (lex_at(&l, ' ') || lex_at(&l, '\t'))
		l.p++;
	if (!lex_at(&l, ':'))
		return false;
	l.p++;
	*value = lex_trim(lex_rest(&l));
	return true;
}

/* The value continues on following lines that begin with white space. */
static const char *unfolded_end(const char *p, const char *end)
{
	const char *lf = memchr(p, '\n', (size_t)(end - p));
	while (lf && lf + 1 < end && (lf[1] == ' ' || lf[1] == '\t'))
		lf = memchr(lf + 1, '\n', (size_t)(end - lf - 1));
	return lf ? lf + 1 : end;
}

/* Every Content-Length line must say the same number, or the next message would start in two places. */
static enum sip_frame_kind body_length(struct sip_frame *f, const char *buf, struct sip_err *err)
{
	const char *p = buf, *end = buf + f->head;
	bool seen = false;
	for (const char *e; p < end; p = e) {
		struct span name, value;
		uint32_t n;
		e = unfolded_end(p, end);
		if (!named(p, e, &name, &value) || sip_hdr_of(name) != SIP_H_CONTENT_LENGTH)
			continue;
		if (sip_number(value, UINT32_MAX, &n) < 0 || (seen && n != f->body))
			return bad(err, 400, (uint32_t)(p - buf),
			    "Content-Length: not one decimal number (RFC 3261 20.14)");
		if (n > SIP_MSG_BYTES_MAX - f->head)
			return bad(err, 413, (uint32_t)(p - buf), "Content-Length: message too large");
		f->body = n;
		seen = true;
	}
	if (!seen)
		return bad(err, 400, 0, "Content-Length: missing on a stream (RFC 3261 20.14)");
	return SIP_FRAME_MSG;
}

enum sip_frame_kind sip_frame_next(
    struct sip_frame *f, const char *buf, uint32_t len, bool flush, uint32_t *used, struct sip_err *err)
{
	*used = 0;
	*err = (struct sip_err){0};
	if (len == 0)
		return SIP_FRAME_MORE;
	if (!f->head && !f->scanned && (buf[0] == '\r' || buf[0] == '\n'))
		return keepalive(buf, len, flush, used);
	if (!f->head) {
		uint32_t within = len < SIP_MSG_BYTES_MAX ? len : SIP_MSG_BYTES_MAX;
		f->head = find_head(f, buf, within);
		if (!f->head)
			return len >= SIP_MSG_BYTES_MAX ? bad(err, 513, 0, "headers too large")
			                                : SIP_FRAME_MORE;
		if (body_length(f, buf, err) == SIP_FRAME_BAD)
			return SIP_FRAME_BAD;
	}
	if (len - f->head < f->body)
		return SIP_FRAME_MORE;
	*used = f->head + f->body;
	*f = (struct sip_frame){0};
	return SIP_FRAME_MSG;
}
