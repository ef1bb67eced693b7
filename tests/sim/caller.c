/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/caller.h"

#include "sip-parser/sip_addr.h"
#include "tests/sim/sim.h"

#include <stddef.h>
#include <stdio.h>

#define T1       (500 * SIM_MS)
#define PATIENCE (64 * T1)

/* ---- what it says ---- */

static struct ip_sock own(const struct caller *c)
{
	return (struct ip_sock){.a = {4, {192, 0, 2, (uint8_t)(CALLER_HOST + c->index)}}, .port = 5060};
}

static void send(struct sim *s, const struct caller *c, const char *text, uint32_t len)
{
	struct ip_sock src = own(c), dst = {.a = s->conf.ip, .port = s->conf.sip_port};
	wire_send(s, &src, &dst, text, len);
}

static uint32_t write(
    const struct caller *c, char *out, const char *method, const char *branch, uint32_t cseq)
{
	char sdp[256] = "";
	unsigned host = CALLER_HOST + c->index;
	bool invite = strcmp(method, "INVITE") == 0;
	bool inside = *c->to && strcmp(method, "CANCEL") != 0;
	if (c->offers ? invite : strcmp(method, "ACK") == 0 && strcmp(branch, "ack") == 0)
		snprintf(sdp, sizeof sdp,
		    "v=0\r\no=- 1 1 IN IP4 192.0.2.%u\r\ns=-\r\nc=IN IP4 192.0.2.%u\r\nt=0 0\r\n"
		    "m=audio 4000 RTP/AVP 0\r\n",
		    host, host);
	return (uint32_t)snprintf(out, CALLER_TEXT,
	    "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.%u:5060;branch=z9hG4bK%s%u;rport\r\nMax-Forwards: "
	    "70\r\n"
	    "From: <sip:c@192.0.2.%u>;tag=c%u\r\nTo: %s\r\nCall-ID: caller%u@%llu\r\nCSeq: %u %s\r\n"
	    "Contact: <sip:c@192.0.2.%u>\r\n%sContent-Length: %zu\r\n\r\n%s",
	    method, inside ? c->target : "sip:us@192.0.2.1", host, branch, c->index, host, c->index,
	    inside ? c->to : "<sip:us@192.0.2.1>", c->index, (unsigned long long)c->invite_at, cseq, method,
	    host, *sdp ? "Content-Type: application/sdp\r\n" : "", strlen(sdp), sdp);
}

static void begin(struct sim *s, struct caller *c, struct caller_request *r, const char *method,
    const char *branch, uint32_t cseq)
{
	r->len = write(c, r->text, method, branch, cseq);
	r->every = T1;
	r->again_at = s->t + T1;
	r->until = s->t + PATIENCE;
	send(s, c, r->text, r->len);
}

static void stop(struct caller_request *r)
{
	r->again_at = SIM_NEVER;
}

static void done(struct caller *c)
{
	c->state = CALLER_DONE;
	c->cancel_at = c->bye_at = SIM_NEVER;
	stop(&c->invite);
	stop(&c->cancel);
	stop(&c->bye);
}

/* True: it has been sent as long as anybody waits. */
static bool resend(struct sim *s, struct caller *c, struct caller_request *r)
{
	if (s->t >= r->until) {
		stop(r);
		return true;
	}
	r->every = r->every * 2 < 8 * T1 ? r->every * 2 : 8 * T1;
	r->again_at = s->t + r->every;
	send(s, c, r->text, r->len);
	return false;
}

/* ---- what it hears ---- */

static void copy(char *out, size_t room, struct span v)
{
	snprintf(out, room, "%.*s", (int)v.len, v.p ? v.p : "");
}

static void on_2xx(struct sim *s, struct caller *c, const struct sip_msg *m)
{
	struct sip_addr a;
	uint32_t off;
	stop(&c->invite);
	if (c->state < CALLER_UP) {
		c->final = m->status;
		copy(c->to, sizeof c->to, sip_msg_val(m, SIP_H_TO));
		if (sip_addr_parse(&a, sip_msg_val(m, SIP_H_CONTACT), &off) == 0)
			copy(c->target, sizeof c->target, a.uri_text);
		c->ack_len = write(c, c->ack, "ACK", "ack", 1);
		c->state = CALLER_UP;
		c->cancel_at = SIM_NEVER;
		c->bye_at = c->canceled ? s->t : s->t + c->bye_ms;
	}
	if (c->ack_len && !c->deaf)
		send(s, c, c->ack, c->ack_len);
}

static void on_refusal(struct sim *s, struct caller *c, const struct sip_msg *m)
{
	char text[CALLER_TEXT];
	if (c->state == CALLER_UP)
		sim_fail(s, "a final response behind a 2xx");
	if (c->final && c->final != m->status)
		sim_fail(s, "two different final responses: %u, %u", c->final, m->status);
	c->final = m->status;
	if (!*c->to)
		copy(c->to, sizeof c->to, sip_msg_val(m, SIP_H_TO));
	copy(c->target, sizeof c->target, SPAN("sip:us@192.0.2.1"));
	send(s, c, text, write(c, text, "ACK", "inv", 1));
	done(c);
}

static void on_response(struct sim *s, struct caller *c, const struct sip_msg *m)
{
	struct span cseq = sip_msg_val(m, SIP_H_CSEQ);
	bool bye = memmem(cseq.p, cseq.len, "BYE", 3), cancel = memmem(cseq.p, cseq.len, "CANCEL", 6);
	if (cancel) {
		stop(&c->cancel);
	} else if (bye) {
		if (m->status >= 200)
			done(c);
	} else if (m->status < 200) {
		stop(&c->invite);
		if (c->state == CALLER_CALLING) {
			c->state = CALLER_PROCEEDING;
			c->cancel_at = c->cancel_ms == SIM_NEVER ? s->t + 100 * SIM_S : s->t + c->cancel_ms;
		}
	} else if (m->status < 300) {
		on_2xx(s, c, m);
	} else {
		on_refusal(s, c, m);
	}
}

static void on_request(struct sim *s, struct caller *c, const struct sip_msg *m)
{
	char text[CALLER_TEXT];
	struct buf b = buf_on(text, sizeof text);
	static const enum sip_hdr_id ECHO[] = {SIP_H_VIA, SIP_H_FROM, SIP_H_TO, SIP_H_CALL_ID, SIP_H_CSEQ};
	static const char *const NAMES[] = {"Via: ", "From: ", "To: ", "Call-ID: ", "CSeq: "};
	if (m->method != SIP_BYE) {
		sim_fail(s, "a caller got %.*s", (int)m->method_text.len, m->method_text.p);
		return;
	}
	/* Elsewhere all of our 200s may have been lost (Timer H). */
	if (c->state < CALLER_UP && sim_calm(&s->world))
		sim_fail(s, "BYE for a caller that was not answered");
	buf_lit(&b, "SIP/2.0 200 OK\r\n");
	for (int i = 0; i < 5; i++) {
		buf_span(&b, span_str(NAMES[i]));
		buf_span(&b, sip_msg_val(m, ECHO[i]));
		buf_lit(&b, "\r\n");
	}
	buf_lit(&b, "Content-Length: 0\r\n\r\n");
	send(s, c, text, b.len);
	if (c->bye.again_at == SIM_NEVER)
		done(c);
}

void caller_in(struct sim *s, const struct frame_udp *u)
{
	static struct sip_msg m;
	struct sip_err e;
	struct caller *c = &s->callers[u->dst.a.b[3] - CALLER_HOST];
	if (u->src.port != s->conf.sip_port)
		return; /* RTP */
	if (sip_msg_parse(&m, (const char *)u->payload, u->len, SIP_DATAGRAM, &e))
		return;
	if (m.is_request)
		on_request(s, c, &m);
	else
		on_response(s, c, &m);
}

/* ---- time ---- */

static bool due(const struct sim *s, uint64_t at)
{
	return at != SIM_NEVER && at <= s->t;
}

static uint32_t run_one(struct sim *s, struct caller *c)
{
	if (c->state == CALLER_IDLE && due(s, c->invite_at)) {
		c->state = CALLER_CALLING;
		begin(s, c, &c->invite, "INVITE", "inv", 1);
	} else if (due(s, c->cancel_at)) {
		c->cancel_at = SIM_NEVER;
		c->canceled = true;
		begin(s, c, &c->cancel, "CANCEL", "inv", 1);
	} else if (due(s, c->bye_at)) {
		c->bye_at = SIM_NEVER;
		begin(s, c, &c->bye, "BYE", "bye", 2);
	} else if (due(s, c->invite.again_at)) {
		if (resend(s, c, &c->invite))
			done(c);
	} else if (due(s, c->cancel.again_at)) {
		if (resend(s, c, &c->cancel))
			done(c); /* §9.1: as good as a final response */
	} else if (due(s, c->bye.again_at)) {
		if (resend(s, c, &c->bye))
			done(c);
	} else {
		return 0;
	}
	return 1;
}

/* ---- control ---- */

static bool command(struct sim *s, const struct caller *c, enum dp_cmd_type type, uint16_t status, bool media)
{
	struct dp_cmd *cmd = dp_ring_claim(s->cmds);
	if (!cmd)
		return false;
	memset(cmd, 0, offsetof(struct dp_cmd, text));
	cmd->type = (uint16_t)type;
	cmd->leg = c->leg;
	cmd->sip_status = status;
	cmd->early_media = media;
	sim_say(s, "## %s caller %u", dp_cmd_name(type), c->index);
	dp_ring_publish(s->cmds);
	return true;
}

static uint32_t control_one(struct sim *s, struct caller *c)
{
	if (!c->leg || c->ended)
		return 0;
	if (due(s, c->ring_at) && command(s, c, DP_CMD_RING, c->act_at & 1 ? 183 : 180, c->act_at & 1)) {
		c->ring_at = SIM_NEVER;
		return 1;
	}
	if (due(s, c->act_at) && command(s, c, (enum dp_cmd_type)c->act, 486, false)) {
		c->act_at = SIM_NEVER;
		c->asked = true;
		return 1;
	}
	if (due(s, c->hang_at) && command(s, c, DP_CMD_HANGUP, 0, false)) {
		c->hang_at = SIM_NEVER;
		return 1;
	}
	return 0;
}

static void on_incoming(struct sim *s, const struct dp_event *e)
{
	static const uint8_t ACTS[] = {
	    DP_CMD_ANSWER, DP_CMD_ANSWER, DP_CMD_ANSWER, DP_CMD_REJECT, DP_CMD_HANGUP};
	struct caller *c = &s->callers[(e->remote.a.b[3] - CALLER_HOST) % SIM_CALLERS];
	if (c->leg || !caller_host(e->remote.a.b))
		sim_fail(s, "INCOMING twice for one INVITE");
	c->leg = e->leg;
	c->act = ACTS[sim_rand(s, 5)];
	c->ring_at = sim_chance(s, 700) ? s->t : SIM_NEVER;
	c->act_at = s->t + sim_ms(s, 0, 15000);
	c->hang_at = s->t + sim_ms(s, 500, 40000);
}

void caller_event(struct sim *s, const struct dp_event *e)
{
	sim_say(s, "== caller %s %u %s", dp_ev_name((enum dp_ev_type)e->type), e->sip_status,
	    e->type == DP_EV_ENDED ? dp_end_name((enum dp_end_cause)e->cause) : "");
	if (e->type == DP_EV_INCOMING) {
		on_incoming(s, e);
		return;
	}
	for (uint32_t i = 0; i < SIM_CALLERS; i++) {
		struct caller *c = &s->callers[i];
		if (c->leg != e->leg)
			continue;
		if (c->ended ||
		    (e->type == DP_EV_ANSWERED && (c->answered || !c->asked || c->act != DP_CMD_ANSWER)))
			sim_fail(s, "%s of a caller out of place", dp_ev_name((enum dp_ev_type)e->type));
		c->answered |= e->type == DP_EV_ANSWERED;
		c->ended = e->type == DP_EV_ENDED;
		c->cause = e->cause;
		if (c->ended &&
		    c->answered != (e->cause == DP_END_REMOTE_BYE || e->cause == DP_END_LOCAL_HANGUP ||
		                       e->cause == DP_END_PROTOCOL || e->cause == DP_END_MEDIA ||
		                       (e->cause == DP_END_SHUTDOWN && c->answered)))
			sim_fail(s, "an %sanswered caller ended %s", c->answered ? "" : "un",
			    dp_end_name((enum dp_end_cause)e->cause));
		return;
	}
	sim_fail(s, "%s of a leg nobody called", dp_ev_name((enum dp_ev_type)e->type));
}

/* ---- all of them ---- */

void callers_init(struct sim *s)
{
	bool any = sim_chance(s, 600);
	for (uint32_t i = 0; i < SIM_CALLERS; i++) {
		struct caller *c = &s->callers[i];
		*c = (struct caller){.index = i,
		    .offers = sim_chance(s, 800),
		    .deaf = sim_chance(s, 50),
		    .cancel_at = SIM_NEVER,
		    .bye_at = SIM_NEVER,
		    .ring_at = SIM_NEVER,
		    .act_at = SIM_NEVER,
		    .hang_at = SIM_NEVER};
		c->invite_at = any ? sim_ms(s, 0, 5000) : SIM_NEVER;
		c->cancel_ms = sim_chance(s, 400) ? sim_ms(s, 0, 15000) : SIM_NEVER;
		c->bye_ms = sim_ms(s, 0, 20000);
		stop(&c->invite);
		stop(&c->cancel);
		stop(&c->bye);
	}
}

uint32_t callers_run(struct sim *s)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < SIM_CALLERS; i++)
		n += run_one(s, &s->callers[i]) + control_one(s, &s->callers[i]);
	return n;
}

static void sooner(const struct sim *s, uint64_t at, uint64_t *best)
{
	uint64_t t = at > s->t ? at : s->t + SIM_MS;
	if (at != SIM_NEVER && t < *best)
		*best = t;
}

uint64_t callers_next(const struct sim *s)
{
	uint64_t t = SIM_NEVER;
	for (uint32_t i = 0; i < SIM_CALLERS; i++) {
		const struct caller *c = &s->callers[i];
		if (c->state == CALLER_IDLE)
			sooner(s, c->invite_at, &t);
		const uint64_t at[] = {
		    c->cancel_at, c->bye_at, c->invite.again_at, c->cancel.again_at, c->bye.again_at};
		for (int k = 0; k < 5; k++)
			sooner(s, at[k], &t);
		const uint64_t mine[] = {c->ring_at, c->act_at, c->hang_at};
		for (int k = 0; c->leg && !c->ended && k < 3; k++)
			sooner(s, mine[k], &t);
	}
	return t;
}

bool callers_done(const struct sim *s)
{
	for (uint32_t i = 0; i < SIM_CALLERS; i++) {
		const struct caller *c = &s->callers[i];
		if ((c->invite_at != SIM_NEVER && c->state != CALLER_DONE) || (c->leg && !c->ended))
			return false;
	}
	return true;
}
