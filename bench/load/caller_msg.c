/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/load/caller_msg.h"

#include "sip-parser/sip_write.h"

#define PAD "X-Padding: 0123456789abcdef0123456789abcdef0123456789abcdef012\r\n" /* 64 bytes */

static void put_id(struct buf *b, const struct caller *c, const struct caller_call *call)
{
	buf_u32(b, (uint32_t)(call - c->calls));
	buf_chr(b, '-');
	buf_u32(b, call->gen);
}

/* CANCEL and the ACK of a failure have the INVITE's branch (RFC 3261 §9.1, §17.1.1.3). */
static void put_branch(
    struct buf *b, const struct caller *c, const struct caller_call *call, enum sip_method m)
{
	bool own = m == SIP_BYE || (m == SIP_ACK && call->state >= CALL_UP);
	buf_lit(b, "z9hG4bK");
	put_id(b, c, call);
	buf_chr(b, !own ? 'i' : m == SIP_BYE ? 'b' : 'a');
}

static bool in_dialog(const struct caller_call *call, enum sip_method m)
{
	return m == SIP_BYE || (m == SIP_ACK && call->state >= CALL_UP);
}

static void put_to(
    struct buf *b, const struct caller *c, const struct caller_call *call, enum sip_method m, struct span to)
{
	buf_lit(b, "To: ");
	if (to.len) {
		buf_span(b, to);
	} else {
		buf_chr(b, '<');
		buf_span(b, span_str(c->conf.ruri));
		buf_chr(b, '>');
		if (in_dialog(call, m)) {
			buf_lit(b, ";tag=");
			buf_put(b, call->tag, call->tag_len);
		}
	}
	buf_lit(b, "\r\n");
}

static void put_head(struct buf *b, const struct caller *c, const struct caller_call *call, enum sip_method m)
{
	struct span host = span_str(c->conf.host);
	bool dialog = in_dialog(call, m);
	sip_write_request_line(
	    b, sip_method_name(m), dialog ? span_of(call->target, call->target_len) : span_str(c->conf.ruri));
	buf_lit(b, "Via: SIP/2.0/UDP ");
	buf_span(b, host);
	buf_lit(b, ";branch=");
	put_branch(b, c, call, m);
	buf_lit(b, "\r\n");
	if (dialog)
		buf_put(b, call->routes, call->routes_len);
	buf_lit(b, "Max-Forwards: 70\r\nFrom: \"Jack\" <sip:jack@");
	buf_span(b, host);
	buf_lit(b, ">;tag=f");
	put_id(b, c, call);
	buf_lit(b, "\r\n");
}

static void put_invite(struct buf *b, const struct caller *c)
{
	buf_lit(b, "Contact: <sip:jack@");
	buf_span(b, span_str(c->conf.host));
	buf_lit(b, ">\r\nAllow: INVITE, ACK, CANCEL, BYE, OPTIONS\r\nUser-Agent: dialplane-load\r\n");
	for (uint32_t i = 0; i < c->conf.headers; i++)
		buf_lit(b, PAD);
	sip_write_body(b, SPAN("application/sdp"), span_of(c->sdp, c->sdp_len));
}

void call_msg(
    struct buf *b, const struct caller *c, const struct caller_call *call, enum sip_method m, struct span to)
{
	put_head(b, c, call, m);
	put_to(b, c, call, m, to);
	buf_lit(b, "Call-ID: ");
	put_id(b, c, call);
	buf_chr(b, '@');
	buf_span(b, span_str(c->conf.host));
	buf_lit(b, "\r\nCSeq: ");
	buf_u32(b, m == SIP_BYE ? 2 : 1);
	buf_chr(b, ' ');
	buf_span(b, sip_method_name(m));
	buf_lit(b, "\r\n");
	if (m == SIP_INVITE)
		put_invite(b, c);
	else
		sip_write_body(b, (struct span){0}, (struct span){0});
}

static bool number(const char **p, const char *end, uint32_t *out)
{
	uint64_t v = 0;
	const char *from = *p;
	for (; *p < end && **p >= '0' && **p <= '9' && v <= UINT32_MAX; (*p)++)
		v = v * 10 + (uint64_t)(**p - '0');
	*out = (uint32_t)v;
	return *p > from && v <= UINT32_MAX;
}

bool call_of(struct span id, uint32_t *index, uint32_t *gen)
{
	const char *p = id.p, *end = id.p + id.len;
	return number(&p, end, index) && p < end && *p++ == '-' && number(&p, end, gen) && p < end &&
	       *p == '@';
}

bool call_tag_ok(const struct caller *c, const struct caller_call *call, struct span tag)
{
	char text[32];
	struct buf b = buf_on(text, sizeof text);
	buf_chr(&b, 'f');
	put_id(&b, c, call);
	return span_eq(tag, buf_view(&b));
}

bool call_branch_ok(
    const struct caller *c, const struct caller_call *call, enum sip_method m, struct span branch)
{
	char text[64];
	struct buf b = buf_on(text, sizeof text);
	put_branch(&b, c, call, m);
	return span_eq(branch, buf_view(&b));
}
