/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/callee_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void put(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void put(struct buf *b, const char *fmt, ...)
{
	char t[CALLEE_TEXT];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(t, sizeof t, fmt, ap);
	va_end(ap);
	if (n < 0 || n >= (int)sizeof t)
		abort();
	buf_put(b, t, (uint32_t)n);
}

static uint32_t done(const struct buf *b)
{
	if (b->full)
		abort(); /* the texts of this test fit */
	return b->len;
}

static void put_sdp(struct callee *c, struct buf *b, enum callee_sdp kind)
{
	char t[512];
	const uint8_t *ip = c->rtp.a.b;
	unsigned last = kind == SDP_HOLD_ZERO ? 0 : ip[3];
	unsigned pt = kind == SDP_FOREIGN ? 18 : c->pt;
	const char *name = kind == SDP_FOREIGN ? "G729" : c->pt ? "PCMA" : "PCMU";
	/* The other law after the preferred one. It needs no rtpmap: its number is static. */
	const char *second = kind == SDP_ANSWER && c->both ? (c->pt ? " 0" : " 8") : "";
	c->sdp_version++;
	int n = snprintf(t, sizeof t,
	    "v=0\r\no=callee 1 %u IN IP4 192.0.2.%u\r\ns=-\r\nc=IN IP4 %s%u\r\nt=0 0\r\n"
	    "m=audio %u RTP/AVP %u%s 101\r\na=rtpmap:%u %s/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
	    "a=fmtp:101 0-15\r\na=%s\r\n",
	    c->sdp_version, ip[3], kind == SDP_HOLD_ZERO ? "0.0.0." : "192.0.2.", last, c->rtp.port, pt,
	    second, pt, name, kind == SDP_HOLD ? "sendonly" : "sendrecv");
	put(b, "Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", n, t);
}

static void end(struct callee *c, struct buf *b, enum callee_sdp sdp)
{
	if (sdp == SDP_NONE)
		buf_lit(b, "Content-Length: 0\r\n\r\n");
	else
		put_sdp(c, b, sdp);
}

uint32_t callee_respond(
    struct callee *c, char out[CALLEE_TEXT], uint16_t status, const char *tag, enum callee_sdp sdp)
{
	struct buf b = buf_on(out, CALLEE_TEXT);
	put(&b, "SIP/2.0 %u Said\r\n%sFrom: %s\r\nTo: %s%s%s\r\nCall-ID: %s\r\nCSeq: %u INVITE\r\n", status,
	    c->vias, c->from_hdr, c->to_hdr, *tag ? ";tag=" : "", tag, c->call_id, c->cseq);
	if (status > 100 && status < 300) {
		if (c->record_route)
			put(&b, "Record-Route: <sip:192.0.2.%u:%u;lr>\r\n", c->sip.a.b[3], c->sip.port);
		put(&b, "Contact: <sip:%s@192.0.2.%u:%u>\r\n", tag, c->sip.a.b[3], c->sip.port);
	}
	end(c, &b, sdp);
	return done(&b);
}

static void copy_all(struct buf *b, const struct sip_msg *m, enum sip_hdr_id id, const char *name)
{
	for (const struct sip_hdr *h = sip_msg_hdr(m, id); h; h = sip_msg_hdr_next(m, h)) {
		struct span v = sip_hdr_val(m, h);
		put(b, "%s: %.*s\r\n", name, (int)v.len, v.p);
	}
}

static bool has_tag(struct span to)
{
	return memmem(to.p, to.len, ";tag=", 5) != NULL;
}

static void put_echo(struct buf *b, const struct sip_msg *m, const char *tag)
{
	struct span to = sip_msg_val(m, SIP_H_TO);
	copy_all(b, m, SIP_H_VIA, "Via");
	copy_all(b, m, SIP_H_FROM, "From");
	put(b, "To: %.*s%s%s\r\n", (int)to.len, to.p, has_tag(to) ? "" : ";tag=", has_tag(to) ? "" : tag);
	copy_all(b, m, SIP_H_CALL_ID, "Call-ID");
	copy_all(b, m, SIP_H_CSEQ, "CSeq");
}

uint32_t callee_accept(struct callee *c, char out[CALLEE_TEXT], const struct sip_msg *m)
{
	struct buf b = buf_on(out, CALLEE_TEXT);
	put(&b, "SIP/2.0 200 Said\r\n");
	put_echo(&b, m, c->dialogs[0].tag);
	put(&b, "Contact: <sip:%s@192.0.2.%u:%u>\r\n", c->dialogs[0].tag, c->sip.a.b[3], c->sip.port);
	end(c, &b, SDP_ANSWER);
	return done(&b);
}

uint32_t callee_answer(
    const struct callee *c, char out[CALLEE_TEXT], const struct sip_msg *m, uint16_t status, const char *tag)
{
	struct buf b = buf_on(out, CALLEE_TEXT);
	put(&b, "SIP/2.0 %u Said\r\n", status);
	put_echo(&b, m, tag);
	buf_lit(&b, "Content-Length: 0\r\n\r\n");
	return done(&b);
}

uint32_t callee_request(struct callee *c, char out[CALLEE_TEXT], const struct callee_dialog *d,
    const char *method, uint32_t cseq, const char *branch, enum callee_sdp sdp)
{
	struct buf b = buf_on(out, CALLEE_TEXT);
	put(&b, "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.%u:%u;branch=%s;rport\r\nMax-Forwards: 70\r\n",
	    method, c->target, c->sip.a.b[3], c->sip.port, branch);
	put(&b, "From: %s;tag=%s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %u %s\r\n", c->to_hdr, d->tag, c->from_hdr,
	    c->call_id, cseq, method);
	if (strcmp(method, "INVITE") == 0)
		put(&b, "Contact: <sip:%s@192.0.2.%u:%u>\r\n", d->tag, c->sip.a.b[3], c->sip.port);
	end(c, &b, sdp);
	return done(&b);
}
