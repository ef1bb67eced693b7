/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_write.h"

#include "sip-parser/sip_addr.h"
#include "sip-parser/sip_hdr.h"
#include "sip-parser/sip_lex.h"
#include "sip-parser/sip_via.h"

bool sip_write_clean(struct span s)
{
	bool bad = false;
	for (uint32_t i = 0; i < s.len; i++)
		bad |= s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == '\0';
	return !bad;
}

static void put_clean(struct buf *b, struct span s)
{
	if (sip_write_clean(s))
		buf_span(b, s);
	else
		b->full = true;
}

/* A value as received: each fold becomes one space (§7.3.1), other bytes stay. A bare NUL in it stays data.
 */
static void put_unfolded(struct buf *b, struct span s)
{
	for (uint32_t i = 0; i < s.len;) {
		uint32_t from = i;
		while (i < s.len && s.p[i] != '\r' && s.p[i] != '\n')
			i++;
		buf_put(b, s.p + from, i - from);
		if (i == s.len)
			return;
		while (i < s.len && ascii_is(s.p[i], ASCII_WS))
			i++;
		buf_chr(b, ' ');
	}
}

void sip_write_request_line(struct buf *b, struct span method, struct span uri)
{
	put_clean(b, method);
	buf_chr(b, ' ');
	put_clean(b, uri);
	buf_lit(b, " SIP/2.0\r\n");
}

void sip_write_status_line(struct buf *b, uint16_t status, struct span reason)
{
	buf_lit(b, "SIP/2.0 ");
	buf_u32(b, status);
	buf_chr(b, ' ');
	put_clean(b, reason.len ? reason : sip_reason_of(status));
	buf_lit(b, "\r\n");
}

static bool is_token(struct span s)
{
	struct lex l = lex_on(s);
	struct span t;
	return lex_token(&l, &t) && !lex_more(&l);
}

void sip_write_hdr(struct buf *b, struct span name, struct span value)
{
	if (!is_token(name) || !sip_write_clean(value)) {
		b->full = true;
		return;
	}
	buf_span(b, name);
	buf_lit(b, ": ");
	buf_span(b, value);
	buf_lit(b, "\r\n");
}

static void copy_hdr(struct buf *b, struct span name, struct span value)
{
	buf_span(b, name);
	buf_lit(b, ": ");
	put_unfolded(b, value);
	buf_lit(b, "\r\n");
}

static void copy_all(struct buf *b, const struct sip_msg *req, enum sip_hdr_id id)
{
	for (const struct sip_hdr *h = sip_msg_hdr(req, id); h; h = sip_msg_hdr_next(req, h))
		copy_hdr(b, sip_hdr_long(id), sip_hdr_val(req, h));
}

static void put_param(struct buf *b, struct span name, struct span value)
{
	buf_chr(b, ';');
	put_unfolded(b, name);
	if (value.p) {
		buf_chr(b, '=');
		put_unfolded(b, value);
	}
}

/* The top Via with what the server transport adds (§18.2.1, RFC 3581 §4). What the sender put into `received`
 * itself is not repeated, nor is a value in `rport`. */
static void top_via(struct buf *b, const struct sip_via *v, struct span received, uint16_t rport)
{
	struct span rest = v->params, name, value;
	put_unfolded(b, v->sent);
	while (sip_param_next(&rest, &name, &value)) {
		if (span_ieq(name, SPAN("received")) || span_ieq(name, SPAN("rport")))
			continue;
		put_param(b, name, value);
	}
	if (v->has_rport) {
		buf_lit(b, ";rport=");
		buf_u32(b, rport);
	}
	if (v->has_rport || !span_eq(v->host, received)) {
		buf_lit(b, ";received=");
		put_clean(b, received);
	}
}

static void first_via_line(struct buf *b, struct span line, struct span received, uint16_t rport)
{
	struct span rest = line, e = line;
	struct sip_via v;
	uint32_t off;
	bool ok = received.len && sip_list_next(&rest, &e) && sip_via_parse(&v, e, &off) == 0;
	if (!ok) {
		copy_hdr(b, SPAN("Via"), line);
		return;
	}
	buf_lit(b, "Via: ");
	top_via(b, &v, received, rport);
	if (rest.len) {
		buf_lit(b, ", ");
		put_unfolded(b, lex_trim(rest));
	}
	buf_lit(b, "\r\n");
}

static void vias(struct buf *b, const struct sip_msg *req, struct span received, uint16_t rport)
{
	const struct sip_hdr *h = sip_msg_hdr(req, SIP_H_VIA);
	if (!h)
		return;
	first_via_line(b, sip_hdr_val(req, h), received, rport);
	while ((h = sip_msg_hdr_next(req, h)))
		copy_hdr(b, SPAN("Via"), sip_hdr_val(req, h));
}

static void to_with_tag(struct buf *b, const struct sip_msg *req, struct span tag)
{
	struct span v = sip_msg_val(req, SIP_H_TO);
	struct sip_addr a;
	uint32_t off;
	if (!v.p)
		return;
	bool add = tag.len && sip_addr_parse(&a, v, &off) == 0 && a.tag.len == 0;
	buf_lit(b, "To: ");
	put_unfolded(b, v);
	if (add) {
		buf_lit(b, ";tag=");
		put_clean(b, tag);
	}
	buf_lit(b, "\r\n");
}

static void copy_first(struct buf *b, const struct sip_msg *req, enum sip_hdr_id id)
{
	struct span v = sip_msg_val(req, id);
	if (v.p)
		copy_hdr(b, sip_hdr_long(id), v);
}

void sip_write_response_head(struct buf *b, const struct sip_msg *req, uint16_t status, struct span reason,
    struct span to_tag, struct span received, uint16_t rport, bool with_rr)
{
	sip_write_status_line(b, status, reason);
	vias(b, req, received, rport);
	if (with_rr)
		copy_all(b, req, SIP_H_RECORD_ROUTE);
	copy_first(b, req, SIP_H_FROM);
	to_with_tag(b, req, to_tag);
	copy_first(b, req, SIP_H_CALL_ID);
	copy_first(b, req, SIP_H_CSEQ);
}

void sip_write_body(struct buf *b, struct span content_type, struct span body)
{
	if (body.len && content_type.len)
		sip_write_hdr(b, SPAN("Content-Type"), content_type);
	buf_lit(b, "Content-Length: ");
	buf_u32(b, body.len);
	buf_lit(b, "\r\n\r\n");
	buf_span(b, body);
}
