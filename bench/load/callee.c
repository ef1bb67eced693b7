/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/load/callee.h"

#include "sip-parser/sip_addr.h"
#include "sip-parser/sip_msg.h"
#include "sip-parser/sip_write.h"

/* The tag is the request's From tag, turned: known again without being kept. */
static void tag_of(struct buf *out, struct span from_tag)
{
	for (uint32_t i = from_tag.len; i > 0; i--)
		buf_chr(out, from_tag.p[i - 1]);
}

static unsigned wrong(struct callee *c, const char *why)
{
	if (c->counts.wrong++ == 0)
		c->counts.first_wrong = why;
	return 0;
}

static void head(struct buf *b, const struct sip_msg *m, uint16_t status, struct span tag)
{
	sip_write_response_head(b, m, status, (struct span){0}, tag, (struct span){0}, 0, true);
}

static void put_contact(const struct callee *c, struct buf *b)
{
	buf_lit(b, "Contact: <sip:callee@");
	buf_span(b, span_str(c->address));
	buf_lit(b, ">\r\n");
}

static void put_sdp(const struct callee *c, struct buf *b)
{
	char text[256];
	struct buf s = buf_on(text, sizeof text);
	struct span media = span_str(c->media);
	buf_lit(&s, "v=0\r\no=- 1 1 IN IP4 ");
	buf_span(&s, media);
	buf_lit(&s, "\r\ns=-\r\nc=IN IP4 ");
	buf_span(&s, media);
	buf_lit(&s, "\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\n"
	            "a=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n");
	sip_write_body(b, SPAN("application/sdp"), buf_view(&s));
}

/* FNV-1a */
static uint64_t key_of(struct span s)
{
	uint64_t h = 0xcbf29ce484222325ull;
	for (uint32_t i = 0; i < s.len; i++)
		h = (h ^ (uint8_t)s.p[i]) * 0x100000001b3ull;
	return h;
}

static unsigned end_reply(struct buf *out, uint32_t *from, uint32_t *len)
{
	*len = out->len - *from;
	*from = out->len;
	return 1;
}

static unsigned on_invite(
    struct callee *c, const struct sip_msg *m, struct span tag, struct buf *out, uint32_t *lens)
{
	uint32_t from = out->len;
	unsigned n = 0;
	uint32_t lot = (uint32_t)(c->key >> 20) % 1000;
	c->counts.invites++;
	c->offer = m->body;
	if (m->body.len == 0 || !m->first[SIP_H_CONTACT])
		return wrong(c, "INVITE without an offer or a Contact");
	if (c->trying) {
		head(out, m, 100, (struct span){0});
		sip_write_body(out, (struct span){0}, (struct span){0});
		n += end_reply(out, &from, &lens[n]);
	}
	if (c->ringing) {
		head(out, m, 180, tag);
		put_contact(c, out);
		sip_write_body(out, (struct span){0}, (struct span){0});
		n += end_reply(out, &from, &lens[n]);
	}
	if (lot >= c->busy && lot < c->busy + c->silent)
		return n;
	if (lot < c->busy) {
		c->counts.busy++;
		head(out, m, 486, tag);
		sip_write_body(out, (struct span){0}, (struct span){0});
		return n + end_reply(out, &from, &lens[n]);
	}
	head(out, m, 200, tag);
	put_contact(c, out);
	put_sdp(c, out);
	c->answered = true;
	return n + end_reply(out, &from, &lens[n]);
}

static unsigned ok(const struct sip_msg *m, struct buf *out, uint32_t *lens)
{
	uint32_t from = out->len;
	head(out, m, 200, (struct span){0});
	sip_write_body(out, (struct span){0}, (struct span){0});
	return end_reply(out, &from, &lens[0]);
}

static void copy(struct buf *b, const struct sip_msg *m, enum sip_hdr_id id, struct span name)
{
	sip_write_hdr(b, name, sip_msg_val(m, id));
}

/* 200 for the CANCEL, 487 for its INVITE: everything that says is in the CANCEL (RFC 3261 §9.1). */
static unsigned on_cancel(
    struct callee *c, const struct sip_msg *m, struct span tag, struct buf *out, uint32_t *lens)
{
	struct span cseq = sip_msg_val(m, SIP_H_CSEQ);
	unsigned n = ok(m, out, lens);
	uint32_t from = out->len;
	sip_write_status_line(out, 487, SPAN("Request Terminated"));
	copy(out, m, SIP_H_VIA, SPAN("Via"));
	copy(out, m, SIP_H_FROM, SPAN("From"));
	buf_lit(out, "To: ");
	buf_span(out, sip_msg_val(m, SIP_H_TO));
	buf_lit(out, ";tag=");
	buf_span(out, tag);
	buf_lit(out, "\r\n");
	copy(out, m, SIP_H_CALL_ID, SPAN("Call-ID"));
	buf_lit(out, "CSeq: ");
	buf_put(out, cseq.p, cseq.len - 6); /* "CANCEL" */
	buf_lit(out, "INVITE\r\n");
	sip_write_body(out, (struct span){0}, (struct span){0});
	c->counts.cancels++;
	c->cancelled = true;
	return n + end_reply(out, &from, &lens[n]);
}

static unsigned in_dialog(
    struct callee *c, const struct sip_msg *m, bool to_tag_ok, struct buf *out, uint32_t *lens)
{
	if (!to_tag_ok)
		return wrong(c, "To tag of a request in the dialog is not the one we gave");
	if (m->method == SIP_ACK) {
		c->counts.acks++;
		return 0;
	}
	c->counts.byes++;
	return ok(m, out, lens);
}

static unsigned on_request(struct callee *c, const struct sip_msg *m, struct buf *out, uint32_t *lens)
{
	struct sip_addr from, to;
	uint32_t off;
	char text[256];
	struct buf tag = buf_on(text, sizeof text);
	if (sip_addr_parse(&from, sip_msg_val(m, SIP_H_FROM), &off) < 0 ||
	    sip_addr_parse(&to, sip_msg_val(m, SIP_H_TO), &off) < 0 || from.tag.len == 0)
		return wrong(c, "From or To");
	tag_of(&tag, from.tag);
	if (m->method == SIP_INVITE && to.tag.len == 0)
		return on_invite(c, m, buf_view(&tag), out, lens);
	if (m->method == SIP_ACK || m->method == SIP_BYE)
		return in_dialog(c, m, span_eq(to.tag, buf_view(&tag)), out, lens);
	if (m->method != SIP_CANCEL)
		return wrong(c, "a method this call does not need");
	return on_cancel(c, m, buf_view(&tag), out, lens);
}

unsigned callee_on(
    struct callee *c, const char *msg, uint32_t len, struct buf *out, uint32_t lens[CALLEE_REPLIES])
{
	struct sip_msg m;
	struct sip_err err;
	c->answered = c->cancelled = false;
	c->offer = (struct span){0};
	if (sip_msg_parse(&m, msg, len, SIP_DATAGRAM, &err) < 0 || sip_msg_check(&m, &err) < 0)
		return wrong(c, err.reason);
	if (!m.is_request)
		return wrong(c, "a response that nobody asked for");
	c->key = key_of(sip_msg_val(&m, SIP_H_CALL_ID));
	unsigned n = on_request(c, &m, out, lens);
	return out->full ? wrong(c, "reply too long for its buffer") : n;
}
