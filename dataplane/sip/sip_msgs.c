/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sip/sip_msgs.h"

#include "dataplane/sip/call_leg.h"
#include "dataplane/sip/core.h"
#include "dataplane/sip/transport.h"
#include "sip-parser/sip_addr.h"
#include "sip-parser/sip_cseq.h"
#include "sip-parser/sip_write.h"

#define DTMF_TYPES  "application/dtmf-relay, application/dtmf"
#define TO_TAG_LEN  16
#define ROUTE_BYTES (DIALOG_LONG_BYTES + 64)

/* ---- packets */

static bool begin(struct sip *s, struct pkt **p, struct buf *b)
{
	*p = net_alloc(s->env.net);
	if (!*p)
		return false;
	*b = buf_on((*p)->data, (*p)->room);
	return true;
}

static struct pkt *finish(struct pkt *p, const struct buf *b)
{
	if (b->full) {
		pkt_put(p);
		return NULL;
	}
	p->len = b->len;
	return p;
}

static void end_without_body(struct buf *b)
{
	buf_lit(b, "Content-Length: 0\r\n\r\n");
}

/* ---- parts of requests */

/* Request line, Via, Max-Forwards, Route. What goes in is either ours and checked (uac_check.c) or was parsed, so nothing
 * of it is looked through again. An ACK for a 2xx belongs to no transaction (t NULL): its branch names no slot, and the
 * same ACK sent again has the same one. */
static void put_top(struct buf *b, struct sip *s, const struct ip_sock *hop, struct span method,
    struct span ruri, struct span route, const struct txn *t, struct span ack_token)
{
	buf_span(b, method);
	buf_chr(b, ' ');
	buf_span(b, ruri);
	buf_span(b, sip_face(s, hop)->via_head);
	if (t)
		buf_put(b, t->token, IDENT_LEN);
	else
		buf_span(b, ack_token);
	buf_lit(b, ";rport\r\nMax-Forwards: 70\r\n");
	if (route.len) {
		buf_lit(b, "Route: ");
		buf_span(b, route);
		buf_lit(b, "\r\n");
	}
}

void msgs_local_uri(const struct sip *s, const struct leg *l, struct buf *b)
{
	struct span user = dialog_span(&l->dialog, DIALOG_USER);
	if (l->dialog.uas) {
		buf_span(b, user);
		return;
	}
	buf_lit(b, "sip:");
	buf_span(b, user);
	buf_chr(b, '@');
	buf_span(b, leg_face(l)->host_port);
}

/* From up to our tag. */
static void put_from(struct buf *b, const struct sip *s, const struct leg *l)
{
	struct span user = dialog_span(&l->dialog, DIALOG_USER);
	if (l->dialog.uas) {
		buf_lit(b, "From: <");
		buf_span(b, user);
		buf_lit(b, ">;tag=");
		return;
	}
	buf_lit(b, "From: \"");
	buf_span(b, user);
	buf_lit(b, "\" <sip:");
	buf_span(b, user);
	buf_span(b, leg_face(l)->from_tail);
}

/* From, To and Call-ID, and CSeq up to its number. */
static void put_dialog(struct buf *b, const struct sip *s, const struct leg *l, struct span to_tag)
{
	char room[IDENT_LEN];
	put_from(b, s, l);
	buf_put(b, l->dialog.tag, IDENT_LEN);
	buf_lit(b, "\r\nTo: <");
	buf_span(b, dialog_span(&l->dialog, DIALOG_RURI));
	if (to_tag.len) {
		buf_lit(b, ">;tag=");
		buf_span(b, to_tag);
	} else {
		buf_chr(b, '>');
	}
	buf_lit(b, "\r\nCall-ID: ");
	buf_span(b, dialog_call_id(&l->dialog, room));
	buf_lit(b, "\r\nCSeq: ");
}

static void put_cseq(struct buf *b, uint32_t cseq, struct span method)
{
	buf_u32(b, cseq);
	buf_chr(b, ' ');
	buf_span(b, method);
	buf_lit(b, "\r\n");
}

static void put_contact(struct buf *b, struct sip *s, const struct leg *l)
{
	buf_lit(b, "Contact: <sip:");
	buf_put(b, l->dialog.tag, IDENT_LEN);
	buf_span(b, sip_face(s, &l->hop)->contact_tail);
}

static void put_body(struct buf *b, struct span sdp)
{
	buf_lit(b, "Content-Type: application/sdp\r\nContent-Length: ");
	buf_u32(b, sdp.len);
	buf_lit(b, "\r\n\r\n");
	buf_span(b, sdp);
}

/* A line of ours: name with colon and space; none when there is no value. */
static void put_line(struct buf *b, struct span name, struct span value)
{
	if (!value.len)
		return;
	buf_span(b, name);
	buf_span(b, value);
	buf_lit(b, "\r\n");
}

/* ---- requests */

static void put_auth(struct buf *b, const struct leg *l, struct span method, struct span ruri)
{
	if (l->auth)
		auth_put(l->auth, b, method, ruri);
}

struct pkt *msgs_invite(
    struct sip *s, const struct leg *l, const struct txn *t, const struct msgs_invite *say, uint32_t *limit)
{
	struct pkt *p;
	struct buf b;
	*limit = 0;
	if (!begin(s, &p, &b))
		return NULL;
	put_top(
	    &b, s, &t->remote, SPAN("INVITE"), dialog_span(&l->dialog, DIALOG_RURI), SPAN(""), t, SPAN(""));
	put_dialog(&b, s, l, SPAN(""));
	put_cseq(&b, t->cseq, SPAN("INVITE"));
	put_contact(&b, s, l);
	put_auth(&b, l, SPAN("INVITE"), dialog_span(&l->dialog, DIALOG_RURI));
	buf_span(&b, s->about);
	buf_span(&b, s->agent);
	put_line(&b, SPAN("X-Twilio-AccountSid: "), say->account);
	put_line(&b, SPAN("X-Twilio-CallSid: "), dialog_span(&l->dialog, DIALOG_SID));
	buf_lit(&b, "X-Twilio-ApiVersion: 2010-04-01\r\n");
	buf_span(&b, say->headers);
	put_body(&b, say->sdp);
	*limit = b.full ? b.cap : 0;
	return finish(p, &b);
}

bool msgs_say_udp(struct pkt *p)
{
	char *text = (char *)p->data;
	char *via = memmem(text, p->len, "\r\nVia: SIP/2.0/TCP ", 19);
	char *contact = memmem(text, p->len, "\r\nContact: ", 11);
	char *param =
	    contact ? memmem(contact, p->len - (uint32_t)(contact - text), ";transport=tcp>", 15) : NULL;
	if (!via || !param)
		return false;
	memcpy(via + 15, "UDP", 3);
	memcpy(param + 11, "udp", 3);
	return true;
}

/* The branch of an ACK for a 2xx: our tag, whose last digits say which INVITE of the dialog it is for. */
static void ack_token(char out[IDENT_LEN], const struct leg *l, uint32_t cseq)
{
	bool first = cseq == l->invite_cseq;
	memcpy(out, l->dialog.tag, IDENT_LEN);
	for (int i = IDENT_LEN - 1; !first && i >= IDENT_LEN - 8; i--, cseq >>= 4)
		out[i] = "0123456789abcdef"[cseq & 15];
}

static void put_in_dialog(
    struct buf *b, struct sip *s, const struct leg *l, const struct txn *t, uint32_t cseq, struct span method)
{
	char room[ROUTE_BYTES], token[IDENT_LEN];
	struct buf tmp = buf_on(room, sizeof room);
	struct dialog_route r;
	dialog_route(&r, dialog_span(&l->dialog, DIALOG_TARGET), dialog_span(&l->dialog, DIALOG_ROUTE), &tmp);
	ack_token(token, l, cseq);
	put_top(b, s, &l->hop, method, r.ruri, r.route, t, span_of(token, sizeof token));
	b->full |= tmp.full;
	put_dialog(b, s, l, dialog_span(&l->dialog, DIALOG_TAG));
	put_cseq(b, cseq, method);
	/* The ACK of the first INVITE answers for that one's URI (§13.2.2.4). */
	bool first = !t && cseq == l->invite_cseq;
	put_auth(b, l, method, first ? dialog_span(&l->dialog, DIALOG_RURI) : r.ruri);
}

struct pkt *msgs_options(struct sip *s, const struct txn *t, struct span ruri, struct span user)
{
	struct pkt *p;
	struct buf b;
	if (!begin(s, &p, &b))
		return NULL;
	put_top(&b, s, &t->remote, SPAN("OPTIONS"), ruri, SPAN(""), t, SPAN(""));
	buf_lit(&b, "From: <sip:");
	buf_span(&b, user);
	buf_span(&b, sip_face(s, &t->remote)->from_tail);
	buf_put(&b, t->token, IDENT_LEN);
	buf_lit(&b, "\r\nTo: <");
	buf_span(&b, ruri);
	buf_lit(&b, ">\r\nCall-ID: ");
	buf_put(&b, t->token, IDENT_LEN);
	buf_lit(&b, "\r\nCSeq: ");
	put_cseq(&b, t->cseq, SPAN("OPTIONS"));
	buf_lit(&b, "Accept: application/sdp\r\n");
	buf_span(&b, s->agent);
	end_without_body(&b);
	return finish(p, &b);
}

struct pkt *msgs_ack(struct sip *s, const struct leg *l, uint32_t cseq)
{
	struct pkt *p;
	struct buf b;
	if (!begin(s, &p, &b))
		return NULL;
	put_in_dialog(&b, s, l, NULL, cseq, SPAN("ACK"));
	end_without_body(&b);
	return finish(p, &b);
}

struct pkt *msgs_reinvite(
    struct sip *s, const struct leg *l, const struct txn *t, struct span more, struct span sdp)
{
	struct pkt *p;
	struct buf b;
	if (!begin(s, &p, &b))
		return NULL;
	put_in_dialog(&b, s, l, t, t->cseq, SPAN("INVITE"));
	put_contact(&b, s, l);
	buf_span(&b, s->about);
	buf_span(&b, s->agent);
	buf_span(&b, more);
	put_body(&b, sdp);
	return finish(p, &b);
}

struct pkt *msgs_bye(struct sip *s, const struct leg *l, const struct txn *t, struct span reason)
{
	struct pkt *p;
	struct buf b;
	if (!begin(s, &p, &b))
		return NULL;
	put_in_dialog(&b, s, l, t, t->cseq, SPAN("BYE"));
	buf_span(&b, s->agent);
	put_line(&b, SPAN("Reason: "), reason);
	put_line(&b, SPAN("X-Twilio-CallSid: "), dialog_span(&l->dialog, DIALOG_SID));
	end_without_body(&b);
	return finish(p, &b);
}

struct pkt *msgs_cancel(struct sip *s, const struct leg *l, const struct txn *invite, struct span reason)
{
	struct pkt *p;
	struct buf b;
	if (!begin(s, &p, &b))
		return NULL;
	put_top(&b, s, &invite->remote, SPAN("CANCEL"), dialog_span(&l->dialog, DIALOG_RURI), SPAN(""),
	    invite, SPAN(""));
	put_dialog(&b, s, l, SPAN(""));
	put_cseq(&b, invite->cseq, SPAN("CANCEL"));
	put_line(&b, SPAN("Reason: "), reason);
	end_without_body(&b);
	return finish(p, &b);
}

static void put_line_of(struct buf *b, struct span name, struct span value)
{
	buf_span(b, name);
	buf_lit(b, ": ");
	dialog_put_unfolded(b, value);
	buf_lit(b, "\r\n");
}

/* From, To and Call-ID as a response echoes them, and the CSeq number given. */
static void put_echo(struct buf *b, const struct sip_msg *m, uint32_t cseq, struct span method)
{
	put_line_of(b, SPAN("From"), sip_msg_val(m, SIP_H_FROM));
	put_line_of(b, SPAN("To"), sip_msg_val(m, SIP_H_TO));
	put_line_of(b, SPAN("Call-ID"), sip_msg_val(m, SIP_H_CALL_ID));
	buf_lit(b, "CSeq: ");
	put_cseq(b, cseq, method);
}

struct pkt *msgs_ack_failure(struct sip *s, const struct txn *invite, const struct sip_msg *m)
{
	struct pkt *p;
	struct buf b;
	if (!begin(s, &p, &b))
		return NULL;
	char room[ROUTE_BYTES];
	struct buf tmp = buf_on(room, sizeof room);
	struct dialog_route r = {.ruri = dialog_block_span(invite->text, DIALOG_RURI)};
	if (invite->in_dialog)
		dialog_route(&r, dialog_block_span(invite->text, DIALOG_TARGET),
		    dialog_block_span(invite->text, DIALOG_ROUTE), &tmp);
	b.full |= tmp.full;
	put_top(&b, s, &invite->remote, SPAN("ACK"), r.ruri, r.route, invite, SPAN(""));
	put_echo(&b, m, invite->cseq, SPAN("ACK"));
	end_without_body(&b);
	return finish(p, &b);
}

struct pkt *msgs_from_2xx(
    struct sip *s, const struct msg_in *h, struct span target, const struct ip_sock *hop, const struct txn *t)
{
	const struct sip_msg *m = h->m;
	struct pkt *p;
	struct buf b;
	char set[DIALOG_LONG_BYTES], room[ROUTE_BYTES];
	struct buf routes = buf_on(set, sizeof set), tmp = buf_on(room, sizeof room);
	struct dialog_route r;
	struct span method = t ? SPAN("BYE") : SPAN("ACK");
	if (!begin(s, &p, &b))
		return NULL;
	dialog_route_reverse(&routes, m);
	dialog_route(&r, target, buf_view(&routes), &tmp);
	put_top(&b, s, hop, method, r.ruri, r.route, t, msg_from_tag(h));
	b.full |= routes.full | tmp.full;
	put_echo(&b, m, t ? t->cseq : h->c->cseq, method);
	end_without_body(&b);
	return finish(p, &b);
}

/* ---- responses */

static void to_tag(const struct sip *s, const struct sip_msg *req, char out[TO_TAG_LEN])
{
	static const char HEX[] = "0123456789abcdef";
	uint64_t h[3] = {hash_span(&s->key, sip_msg_val(req, SIP_H_CALL_ID)),
	    hash_span(&s->key, sip_msg_val(req, SIP_H_FROM)),
	    hash_span(&s->key, sip_msg_val(req, SIP_H_VIA))};
	uint64_t v = hash_bytes(&s->key, h, sizeof h);
	for (int i = 0; i < TO_TAG_LEN; i++)
		out[i] = HEX[v >> (4 * i) & 15];
}

static void put_unsupported(struct buf *b, const struct sip_msg *req)
{
	for (const struct sip_hdr *h = sip_msg_hdr(req, SIP_H_REQUIRE); h; h = sip_msg_hdr_next(req, h)) {
		struct span rest = sip_hdr_val(req, h), elem;
		while (sip_list_next(&rest, &elem))
			if (!span_ieq(elem, SPAN("timer")))
				put_line_of(b, SPAN("Unsupported"), elem);
	}
}

static void put_extra(struct buf *b, const struct sip_msg *req, enum msgs_extra extra)
{
	switch (extra) {
	case MSGS_ALLOW:
		buf_lit(b, MSGS_ALLOW_LINE);
		break;
	case MSGS_OPTIONS:
		buf_lit(b, MSGS_ALLOW_LINE "Accept: application/sdp\r\n" MSGS_SUPPORTED_LINE);
		break;
	case MSGS_ACCEPT_SDP:
		buf_lit(b, "Accept: application/sdp\r\n");
		break;
	case MSGS_ACCEPT_DTMF:
		buf_lit(b, "Accept: " DTMF_TYPES "\r\n");
		break;
	case MSGS_RETRY:
		buf_lit(b, "Retry-After: 1\r\n");
		break;
	case MSGS_MIN_SE:
		buf_lit(b, "Min-SE: 90\r\n");
		break;
	case MSGS_UNSUPPORTED:
		put_unsupported(b, req);
		break;
	case MSGS_PLAIN:
	case MSGS_EXTRAS:
		break;
	}
}

static void put_head_tagged(struct buf *b, const struct sip_msg *req, const struct ip_sock *src,
    uint16_t status, struct span reason, struct span tag)
{
	char addr[48];
	struct buf received = buf_on(addr, sizeof addr);
	ip_addr_put(&received, &src->a);
	sip_write_response_head(b, req, status, reason, status == 100 ? SPAN("") : tag, buf_view(&received),
	    src->port, status > 100 && status < 300);
}

static void put_response_head(struct buf *b, struct sip *s, const struct sip_msg *req,
    const struct ip_sock *src, uint16_t status, struct span reason)
{
	char tag[TO_TAG_LEN];
	to_tag(s, req, tag);
	put_head_tagged(b, req, src, status, reason, span_of(tag, sizeof tag));
}

struct pkt *msgs_response(struct sip *s, const struct sip_msg *req, const struct ip_sock *src,
    uint16_t status, struct span reason, enum msgs_extra extra)
{
	struct pkt *p;
	struct buf b;
	if (!begin(s, &p, &b))
		return NULL;
	put_response_head(&b, s, req, src, status, reason);
	put_extra(&b, req, extra);
	end_without_body(&b);
	return finish(p, &b);
}

struct pkt *msgs_reply(struct sip *s, const struct leg *l, const struct sip_msg *req,
    const struct ip_sock *src, uint16_t status, struct span reason, struct span more, struct span sdp)
{
	struct pkt *p;
	struct buf b;
	if (!begin(s, &p, &b))
		return NULL;
	put_head_tagged(&b, req, src, status, reason, dialog_tag(&l->dialog));
	if (status > 100 && status < 300) {
		put_contact(&b, s, l);
		buf_span(&b, s->about);
	}
	buf_span(&b, more);
	if (sdp.len)
		put_body(&b, sdp);
	else
		end_without_body(&b);
	return finish(p, &b);
}

struct pkt *msgs_accept(
    struct sip *s, const struct leg *l, const struct sip_msg *req, const struct ip_sock *src, struct span more, struct span sdp)
{
	struct pkt *p;
	struct buf b;
	if (!begin(s, &p, &b))
		return NULL;
	put_response_head(&b, s, req, src, 200, SPAN(""));
	put_contact(&b, s, l);
	buf_span(&b, s->about);
	buf_span(&b, more);
	if (sdp.len)
		put_body(&b, sdp);
	else
		end_without_body(&b);
	return finish(p, &b);
}

void msgs_refuse(struct sip *s, const struct sip_msg *req, const struct ip_sock *src, uint16_t status,
    struct span reason, enum msgs_extra extra, uint64_t now)
{
	struct pkt *p = msgs_response(s, req, src, status, reason, extra);
	/* Words of ours must not make the answer to a spoofed request worth sending. */
	if (p && reason.len && p->len * 10 > req->len * 12) {
		pkt_put(p);
		p = msgs_response(s, req, src, status, SPAN(""), extra);
	}
	if (p)
		transport_respond(s, p, src, now);
}
