/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/load/caller.h"

#include "bench/load/caller_msg.h"
#include "sip-parser/sip_addr.h"
#include "sip-parser/sip_cseq.h"
#include "sip-parser/sip_via.h"

#include <errno.h>
#include <stdlib.h>

#define MS          1000000ull
#define T1_NS       (500 * MS)
#define T2_NS       (4000 * MS)
#define GIVE_UP_NS  (64 * T1_NS)
#define ROUTES_MAX  8
#define START_BURST 32u

static void on_timer(void *ctx, struct wtimer *t, uint64_t now);

/* ---- the table ---- */

static void make_sdp(struct caller *c)
{
	struct buf b = buf_on(c->sdp, sizeof c->sdp);
	struct span host = span_str(c->conf.host);
	while (host.len && host.p[host.len - 1] != ':')
		host.len--;
	host.len -= host.len > 0;
	buf_lit(&b, "v=0\r\no=jack 1 1 IN IP4 ");
	buf_span(&b, host);
	buf_lit(&b, "\r\ns=-\r\nc=IN IP4 ");
	buf_span(&b, host);
	buf_lit(&b, "\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\n"
	            "a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n");
	while (b.len + 32 <= c->conf.sdp_bytes && b.len + 32 <= sizeof c->sdp)
		buf_lit(&b, "a=x-padding:0123456789abcdef01\r\n");
	c->sdp_len = b.len;
}

int caller_init(struct caller *c, struct link *link, uint64_t now)
{
	c->link = link;
	c->now = c->next_at = now;
	c->wheel = wheel_new(now, c);
	c->calls = calloc(c->conf.calls_max, sizeof *c->calls);
	c->idle = calloc(c->conf.calls_max, sizeof *c->idle);
	if (!c->wheel || !c->calls || !c->idle) {
		caller_fini(c);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < c->conf.calls_max; i++)
		c->idle[c->n_idle++] = c->conf.calls_max - 1 - i;
	make_sdp(c);
	return 0;
}

void caller_fini(struct caller *c)
{
	if (c->wheel)
		wheel_free(c->wheel);
	free(c->calls);
	free(c->idle);
}

uint32_t caller_live(const struct caller *c)
{
	return c->conf.calls_max - c->n_idle;
}

static void release(struct caller *c, struct caller_call *call)
{
	wheel_cancel(c->wheel, &call->timer);
	call->state = CALL_IDLE;
	call->gen++;
	c->idle[c->n_idle++] = (uint32_t)(call - c->calls);
}

static void fail(struct caller *c, struct caller_call *call, const char *why)
{
	if (c->counts.failed++ == 0)
		c->counts.first_wrong = why;
	if (call->state != CALL_IDLE)
		release(c, call);
}

static void wrong(struct caller *c, struct caller_call *call, const char *why)
{
	c->counts.wrong++;
	fail(c, call, why);
}

/* ---- sending ---- */

static void send(struct caller *c, const struct caller_call *call, enum sip_method m, struct span to)
{
	char *at;
	uint32_t room;
	struct pkt *p = link_alloc(c->link, &at, &room);
	if (!p)
		return;
	struct buf b = buf_on(at, room);
	call_msg(&b, c, call, m, to);
	link_send(c->link, p, c->conf.sport, c->conf.dport, b.len);
}

static void arm(struct caller *c, struct caller_call *call, uint64_t at)
{
	wheel_arm(c->wheel, &call->timer, at, on_timer);
}

static void start(struct caller *c)
{
	struct caller_call *call = &c->calls[c->idle[--c->n_idle]];
	call->state = CALL_INVITED;
	call->ringing = false;
	call->tag_len = call->target_len = call->routes_len = 0;
	call->invited_at = c->now;
	call->resend_ns = T1_NS;
	call->give_up_at = c->now + GIVE_UP_NS;
	c->counts.started++;
	send(c, call, SIP_INVITE, (struct span){0});
	arm(c, call, c->now + T1_NS);
}

static void cancel(struct caller *c, struct caller_call *call)
{
	call->state = CALL_CANCELLED;
	send(c, call, SIP_CANCEL, (struct span){0});
	arm(c, call, c->now + GIVE_UP_NS);
}

static void hang_up(struct caller *c, struct caller_call *call)
{
	call->state = CALL_BYE;
	call->bye_at = c->now;
	call->resend_ns = T1_NS;
	call->give_up_at = c->now + GIVE_UP_NS;
	send(c, call, SIP_BYE, (struct span){0});
	arm(c, call, c->now + T1_NS);
}

/* Timers A and B, E and F. */
static void resend(struct caller *c, struct caller_call *call)
{
	bool bye = call->state == CALL_BYE;
	if ((int64_t)(c->now - call->give_up_at) >= 0) {
		c->counts.timeouts++;
		fail(c, call, bye ? "no response to BYE" : "no response to INVITE");
		return;
	}
	c->counts.resent++;
	send(c, call, bye ? SIP_BYE : SIP_INVITE, (struct span){0});
	call->resend_ns *= 2;
	if (bye && call->resend_ns > T2_NS)
		call->resend_ns = T2_NS;
	arm(c, call, c->now + call->resend_ns);
}

static void on_timer(void *ctx, struct wtimer *t, uint64_t now)
{
	struct caller *c = ctx;
	struct caller_call *call = (struct caller_call *)t;
	c->now = now;
	switch (call->state) {
	case CALL_UP:
		hang_up(c, call);
		break;
	case CALL_PROCEEDING:
		cancel(c, call);
		break;
	case CALL_CANCELLED:
		c->counts.timeouts++;
		fail(c, call, "no final response after CANCEL");
		break;
	default:
		resend(c, call);
	}
}

/* ---- what comes back ---- */

/* The response as far as every one of them is looked at. */
struct answer {
	struct sip_msg m;
	struct sip_cseq cseq;
	struct span tag; /* of To */
};

static const char *read_answer(struct caller *c, const struct caller_call *call, struct answer *a)
{
	struct sip_via via;
	struct sip_addr to, from;
	struct span rest = sip_msg_val(&a->m, SIP_H_VIA), top;
	uint32_t off;
	if (sip_cseq_parse(&a->cseq, sip_msg_val(&a->m, SIP_H_CSEQ), &off) < 0)
		return "CSeq";
	if (!sip_list_next(&rest, &top) || sip_via_parse(&via, top, &off) < 0 || rest.len ||
	    sip_msg_hdr_next(&a->m, sip_msg_hdr(&a->m, SIP_H_VIA)))
		return "a response with other than our one Via";
	if (!call_branch_ok(c, call, a->cseq.method, via.branch))
		return "Via branch is not the request's";
	if (sip_addr_parse(&to, sip_msg_val(&a->m, SIP_H_TO), &off) < 0 ||
	    sip_addr_parse(&from, sip_msg_val(&a->m, SIP_H_FROM), &off) < 0)
		return "From or To";
	if (!call_tag_ok(c, call, from.tag))
		return "From tag is not ours";
	a->tag = to.tag;
	return NULL;
}

/* Record-Route of the 2xx, reversed, as Route (RFC 3261 §12.1.2). */
static bool keep_routes(struct caller_call *call, const struct sip_msg *m)
{
	struct span list[ROUTES_MAX], e;
	unsigned n = 0;
	for (const struct sip_hdr *h = sip_msg_hdr(m, SIP_H_RECORD_ROUTE); h; h = sip_msg_hdr_next(m, h)) {
		struct span rest = sip_hdr_val(m, h);
		while (sip_list_next(&rest, &e)) {
			if (n == ROUTES_MAX)
				return false;
			list[n++] = e;
		}
	}
	struct buf b = buf_on(call->routes, sizeof call->routes);
	while (n > 0) {
		buf_lit(&b, "Route: ");
		buf_span(&b, list[--n]);
		buf_lit(&b, "\r\n");
	}
	call->routes_len = (uint16_t)b.len;
	return !b.full;
}

static bool keep_target(struct caller_call *call, const struct answer *a)
{
	struct sip_addr contact;
	uint32_t off;
	if (sip_addr_parse(&contact, sip_msg_val(&a->m, SIP_H_CONTACT), &off) < 0 ||
	    contact.uri_text.len > sizeof call->target || a->tag.len == 0 || a->tag.len > sizeof call->tag)
		return false;
	memcpy(call->target, contact.uri_text.p, contact.uri_text.len);
	memcpy(call->tag, a->tag.p, a->tag.len);
	call->target_len = (uint16_t)contact.uri_text.len;
	call->tag_len = (uint16_t)a->tag.len;
	return true;
}

static void on_provisional(struct caller *c, struct caller_call *call, const struct answer *a)
{
	bool trying = a->m.status == 100;
	if (call->state == CALL_INVITED && c->measure && trying)
		hist_add(&c->trying, c->now - call->invited_at);
	if (!trying && a->tag.len == 0) {
		wrong(c, call, "18x without a To tag");
		return;
	}
	if (!trying && !call->ringing && c->measure)
		hist_add(&c->ringing, c->now - call->invited_at);
	call->ringing |= !trying;
	if (call->state != CALL_INVITED)
		return;
	call->state = CALL_PROCEEDING;
	arm(c, call, call->invited_at + c->conf.patience_ns);
}

static void on_2xx(struct caller *c, struct caller_call *call, const struct answer *a)
{
	if (call->state >= CALL_UP) { /* again: our ACK did not arrive */
		send(c, call, SIP_ACK, (struct span){0});
		return;
	}
	if (!keep_target(call, a) || !keep_routes(call, &a->m) || a->m.body.len == 0) {
		wrong(c, call, "2xx without Contact, To tag or SDP");
		return;
	}
	if (c->measure)
		hist_add(&c->answered, c->now - call->invited_at);
	call->state = CALL_UP;
	send(c, call, SIP_ACK, (struct span){0});
	if (c->conf.length_ns)
		arm(c, call, c->now + c->conf.length_ns);
	else
		hang_up(c, call);
}

static void on_refusal(struct caller *c, struct caller_call *call, const struct answer *a)
{
	bool cancelled = call->state == CALL_CANCELLED;
	if (call->state >= CALL_UP) {
		wrong(c, call, "a refusal after the 2xx");
		return;
	}
	send(c, call, SIP_ACK, sip_msg_val(&a->m, SIP_H_TO));
	if (a->m.status == 486)
		c->counts.busy++;
	else if (cancelled && a->m.status == 487)
		c->counts.cancelled++;
	else {
		fail(c, call, a->m.status == 503 ? "503" : a->m.status == 408 ? "408" : "refused");
		return;
	}
	c->counts.completed++;
	release(c, call);
}

static void on_bye_answer(struct caller *c, struct caller_call *call, const struct answer *a)
{
	if (call->state != CALL_BYE || a->m.status < 200)
		return;
	if (a->m.status != 200 || !span_eq(a->tag, span_of(call->tag, call->tag_len))) {
		wrong(c, call, "BYE was not answered by 200 with the dialog's tag");
		return;
	}
	if (c->measure)
		hist_add(&c->gone, c->now - call->bye_at);
	c->counts.completed++;
	release(c, call);
}

static void on_answer(struct caller *c, struct caller_call *call, struct answer *a)
{
	const char *bad = read_answer(c, call, a);
	if (bad)
		wrong(c, call, bad);
	else if (a->cseq.method == SIP_BYE)
		on_bye_answer(c, call, a);
	else if (a->cseq.method != SIP_INVITE)
		return;
	else if (a->m.status < 200)
		on_provisional(c, call, a);
	else if (a->m.status < 300)
		on_2xx(c, call, a);
	else
		on_refusal(c, call, a);
}

void caller_on(struct caller *c, const struct frame_udp *in, uint64_t now)
{
	struct answer a;
	struct sip_err err;
	uint32_t i, gen;
	c->now = now;
	if (sip_msg_parse(&a.m, (const char *)in->payload, in->len, SIP_DATAGRAM, &err) < 0 ||
	    sip_msg_check(&a.m, &err) < 0 || a.m.is_request) {
		if (c->counts.wrong++ == 0)
			c->counts.first_wrong = "not a well-formed response";
		return;
	}
	bool known = call_of(sip_msg_val(&a.m, SIP_H_CALL_ID), &i, &gen) && i < c->conf.calls_max;
	if (!known || c->calls[i].gen != gen || c->calls[i].state == CALL_IDLE) {
		c->counts.stray++; /* of a call that is over: a retransmission that crossed */
		return;
	}
	on_answer(c, &c->calls[i], &a);
}

/* ---- going on ---- */

static bool due(struct caller *c)
{
	if (c->conf.window)
		return caller_live(c) < c->conf.window;
	return (int64_t)(c->now - c->next_at) >= 0;
}

uint32_t caller_turn(struct caller *c, bool go, uint64_t now)
{
	uint32_t done = wheel_run(c->wheel, now);
	c->now = now;
	for (uint32_t i = 0; go && i < START_BURST && due(c); i++, done++) {
		c->next_at += c->conf.rate > 0 ? (uint64_t)(1e9 / c->conf.rate) : 0;
		if (c->n_idle)
			start(c);
		else
			c->counts.starved++;
	}
	return done;
}
