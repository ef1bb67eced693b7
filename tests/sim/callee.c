/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/callee.h"

#include "sip-parser/sdp.h"
#include "sip-parser/sip_addr.h"
#include "sip-parser/sip_cseq.h"
#include "tests/sim/callee_media.h"
#include "tests/sim/callee_text.h"
#include "tests/sim/sim.h"

#include <stdio.h>
#include <stdlib.h>

#define T1       (500 * SIM_MS)
#define T2       (4 * SIM_S)
#define PATIENCE (64 * T1)
#define RING_MAX (90 * SIM_S) /* then a phone stops ringing by itself */

static const char *const kind_names[CALLEE_KINDS] = {"answers", "busy", "rejects", "silent", "rings",
    "late-answer", "two-tags", "bye-at-once", "deaf-to-ack", "holds", "no-codec", "unreachable", "dead"};

const char *callee_kind_name(const struct callee *c)
{
	return kind_names[c->kind];
}

static uint8_t draw_kind(struct sim *s)
{
	return sim_chance(s, 400) ? CALLEE_ANSWERS : (uint8_t)sim_rand(s, CALLEE_KINDS);
}

static uint64_t maybe(struct sim *s, uint32_t per_mille, uint32_t lo, uint32_t hi)
{
	uint64_t t = sim_ms(s, lo, hi);
	return sim_chance(s, per_mille) ? t : SIM_NEVER;
}

void callee_init(struct sim *s, struct callee *c, uint32_t i)
{
	static const uint16_t rejects[] = {302, 404, 408, 480, 488, 500, 503, 600, 603};
	memset(c, 0, sizeof *c);
	c->kind = draw_kind(s);
	c->sip = (struct ip_sock){.a = {4, {192, 0, 2, (uint8_t)(10 + i)}}, .port = 5060};
	c->rtp = (struct ip_sock){.a = c->sip.a, .port = (uint16_t)(4000 + 2 * sim_rand(s, 100))};
	c->pt = sim_chance(s, 300) ? 8 : 0;
	c->both =
	    sim_chance(s, 300) && c->kind != CALLEE_HOLDS; /* the engine's answer to an offer names one */
	c->early_media = sim_chance(s, 300);
	c->record_route = sim_chance(s, 300);
	c->reject = rejects[sim_rand(s, sizeof rejects / sizeof *rejects)];
	c->ring_ms = maybe(s, 700, 0, 2000);
	c->answer_ms = sim_ms(s, 0, sim_chance(s, 200) ? 30000 : 3000);
	c->bye_ms = maybe(s, 500, 0, 8000);
	c->hold_ms = sim_ms(s, 0, 2000);
	c->resume_ms = sim_ms(s, 100, 3000);
	c->trying_at = c->ring_at = c->answer_at = c->bye_at = c->hold_at = c->resume_at = c->give_up_at =
	    SIM_NEVER;
	c->failed.again_at = c->req.again_at = c->rtp_at = SIM_NEVER;
	for (uint32_t f = 0; f < CALLEE_FORKS; f++) {
		snprintf(c->dialogs[f].tag, sizeof c->dialogs[f].tag, "c%uf%u-%08x", i, f,
		    sim_rand(s, UINT32_MAX));
		c->dialogs[f].ok.again_at = SIM_NEVER;
	}
	callee_media_init(s, c, i);
}

/* ---- sending ---- */

static void send(struct sim *s, struct callee *c, const struct ip_sock *to, const char *text, uint32_t len)
{
	wire_send(s, &c->sip, to, text, len);
}

static void final_start(struct sim *s, struct callee *c, struct callee_final *f)
{
	f->every = T1;
	f->again_at = s->t + T1;
	f->until = s->t + PATIENCE;
	send(s, c, &c->from, f->text, f->len);
}

static void provisional(struct sim *s, struct callee *c, uint16_t status)
{
	struct callee_dialog *d = &c->dialogs[0];
	enum callee_sdp sdp = status == 183 ? SDP_ANSWER : SDP_NONE;
	c->last_len = callee_respond(c, c->last, status, status == 100 ? "" : d->tag, sdp);
	if (status > 100 && d->state == CALLEE_IDLE)
		d->state = CALLEE_EARLY;
	send(s, c, &c->from, c->last, c->last_len);
	if (status == 183)
		callee_media_start(s, c);
}

static void refuse(struct sim *s, struct callee *c, uint16_t status)
{
	c->failed.len = callee_respond(c, c->failed.text, status, c->dialogs[0].tag, SDP_NONE);
	c->rejected = true;
	c->said = status;
	c->dialogs[0].state = CALLEE_ENDED;
	c->ring_at = c->answer_at = c->give_up_at = SIM_NEVER;
	callee_media_stop(c);
	final_start(s, c, &c->failed);
}

static void accept(struct sim *s, struct callee *c, struct callee_dialog *d)
{
	enum callee_sdp sdp = c->kind == CALLEE_NO_CODEC ? SDP_FOREIGN : SDP_ANSWER;
	d->ok.len = callee_respond(c, d->ok.text, 200, d->tag, sdp);
	d->state = CALLEE_ANSWERED;
	c->said = 200;
	c->give_up_at = c->ring_at = SIM_NEVER;
	final_start(s, c, &d->ok);
}

static void request(
    struct sim *s, struct callee *c, struct callee_dialog *d, enum sip_method method, enum callee_sdp sdp)
{
	struct callee_request *r = &c->req;
	struct span name = sip_method_name(method);
	char text[16];
	snprintf(text, sizeof text, "%.*s", (int)name.len, name.p);
	snprintf(r->branch, sizeof r->branch, "z9hG4bKsim%08x%08x", sim_rand(s, UINT32_MAX),
	    sim_rand(s, UINT32_MAX));
	r->method = (uint8_t)method;
	r->dialog = (uint8_t)(d - c->dialogs);
	r->cseq = ++d->cseq;
	r->len = callee_request(c, r->text, d, text, r->cseq, r->branch, sdp);
	r->every = T1;
	r->again_at = s->t + T1;
	r->until = s->t + PATIENCE;
	send(s, c, &c->from, r->text, r->len);
}

static void bye(struct sim *s, struct callee *c, struct callee_dialog *d)
{
	d->said_bye = true;
	d->state = CALLEE_ENDED;
	callee_media_stop(c);
	request(s, c, d, SIP_BYE, SDP_NONE);
}

/* ---- requests that come ---- */

static void keep(char *out, size_t cap, struct span v)
{
	if (v.len >= cap)
		abort();
	memcpy(out, v.p, v.len);
	out[v.len] = 0;
}

static void learn_offer(struct callee *c, const struct sip_msg *m)
{
	static struct sdp sdp;
	uint32_t off;
	const char *why;
	if (sdp_parse(&sdp, m->body, &off, &why) || sdp.n_media == 0)
		return;
	if (ip_addr_parse(&c->engine_rtp.a, sdp.media[0].addr) == 0)
		c->engine_rtp.port = sdp.media[0].port;
	bool offered = false, other = false;
	for (uint32_t i = 0; i < sdp.media[0].n_fmts; i++) {
		offered |= sdp.media[0].fmts[i].pt == c->pt;
		other |= sdp.media[0].fmts[i].pt == callee_other_pt(c);
	}
	c->both &= offered && other;
	if (!offered)
		c->pt = callee_other_pt(c);
}

static void keep_invite(struct callee *c, const struct sip_msg *m, const struct frame_udp *u)
{
	struct sip_addr a;
	uint32_t off;
	struct buf b = buf_on(c->vias, sizeof c->vias - 1);
	for (const struct sip_hdr *h = sip_msg_hdr(m, SIP_H_VIA); h; h = sip_msg_hdr_next(m, h)) {
		buf_lit(&b, "Via: ");
		buf_span(&b, sip_hdr_val(m, h));
		buf_lit(&b, "\r\n");
	}
	c->vias[b.len] = 0;
	keep(c->from_hdr, sizeof c->from_hdr, sip_msg_val(m, SIP_H_FROM));
	keep(c->to_hdr, sizeof c->to_hdr, sip_msg_val(m, SIP_H_TO));
	keep(c->call_id, sizeof c->call_id, sip_msg_val(m, SIP_H_CALL_ID));
	if (sip_addr_parse(&a, sip_msg_val(m, SIP_H_CONTACT), &off) == 0)
		keep(c->target, sizeof c->target, a.uri_text);
	c->from = u->src;
	learn_offer(c, m);
}

static uint64_t after(const struct sim *s, uint64_t ms)
{
	return ms == SIM_NEVER ? SIM_NEVER : s->t + ms;
}

static void plan(struct sim *s, struct callee *c)
{
	bool rings = c->kind == CALLEE_RINGS || c->kind == CALLEE_LATE_ANSWER;
	c->trying_at = sim_chance(s, 500) ? s->t : SIM_NEVER;
	c->give_up_at = s->t + RING_MAX;
	if (c->kind == CALLEE_SILENT) {
		c->trying_at = c->give_up_at = SIM_NEVER;
		return;
	}
	c->ring_at = rings ? s->t + SIM_MS : after(s, c->ring_ms);
	if (!rings)
		c->answer_at = after(s, c->answer_ms);
}

static void say_again(struct sim *s, struct callee *c)
{
	if (c->rejected)
		send(s, c, &c->from, c->failed.text, c->failed.len);
	for (uint32_t i = 0; i < CALLEE_FORKS; i++) {
		if (c->dialogs[i].ok.again_at != SIM_NEVER)
			send(s, c, &c->from, c->dialogs[i].ok.text, c->dialogs[i].ok.len);
	}
	if (!c->said && c->last_len)
		send(s, c, &c->from, c->last, c->last_len);
}

static struct callee_dialog *dialog_of(struct callee *c, const struct sip_msg *m)
{
	struct span to = sip_msg_val(m, SIP_H_TO);
	for (uint32_t i = 0; i < CALLEE_FORKS; i++) {
		const char *tag = c->dialogs[i].tag;
		if (memmem(to.p, to.len, tag, strlen(tag)))
			return &c->dialogs[i];
	}
	return NULL;
}

/* The engine passes the hold of another leg on to us. Ours comes first (RFC 3261 §14.2). */
static void on_reinvite(struct sim *s, struct callee *c, const struct sip_msg *m, const struct frame_udp *u)
{
	char text[CALLEE_TEXT];
	const struct callee_dialog *d = dialog_of(c, m);
	if (d && d->state == CALLEE_UP && !c->req.method)
		send(s, c, &u->src, text, callee_accept(c, text, m));
	else
		send(s, c, &u->src, text,
		    callee_answer(c, text, m, d && d->state != CALLEE_ENDED ? 491 : 481, c->dialogs[0].tag));
}

static bool in_dialog(const struct sip_msg *m)
{
	struct span to = sip_msg_val(m, SIP_H_TO);
	return memmem(to.p, to.len, ";tag=", 5) != NULL;
}

static void on_invite(struct sim *s, struct callee *c, const struct sip_msg *m, const struct frame_udp *u)
{
	if (in_dialog(m)) {
		on_reinvite(s, c, m, u);
		return;
	}
	if (!c->invited) {
		c->invited = true;
		keep_invite(c, m, u);
		struct sip_cseq q;
		uint32_t off;
		if (sip_cseq_parse(&q, sip_msg_val(m, SIP_H_CSEQ), &off) == 0)
			c->cseq = q.number;
		plan(s, c);
	} else if (span_eq(sip_msg_val(m, SIP_H_CALL_ID), span_str(c->call_id))) {
		say_again(s, c);
	} else {
		sim_fail(s, "a callee got a second call");
	}
}

static void up(struct sim *s, struct callee *c, struct callee_dialog *d)
{
	d->acked = true;
	d->ok.again_at = SIM_NEVER;
	if (d->state != CALLEE_ANSWERED)
		return;
	d->state = CALLEE_UP;
	if (d != &c->dialogs[0])
		return;
	callee_media_start(s, c);
	c->bye_at = after(s, c->bye_ms);
	if (c->kind == CALLEE_HOLDS)
		c->hold_at = after(s, c->hold_ms);
}

static void on_ack(struct sim *s, struct callee *c, const struct sip_msg *m)
{
	struct callee_dialog *d = dialog_of(c, m);
	if (c->rejected && d == &c->dialogs[0])
		c->failed.again_at = SIM_NEVER;
	else if (d && c->kind != CALLEE_DEAF_TO_ACK)
		up(s, c, d);
}

static void reply(
    struct sim *s, struct callee *c, const struct sip_msg *m, const struct frame_udp *u, uint16_t status)
{
	char text[CALLEE_TEXT];
	uint32_t n = callee_answer(c, text, m, status, c->dialogs[0].tag);
	send(s, c, &u->src, text, n);
}

static void on_bye(struct sim *s, struct callee *c, const struct sip_msg *m, const struct frame_udp *u)
{
	struct callee_dialog *d = dialog_of(c, m);
	if (!d || d->state == CALLEE_IDLE) {
		sim_fail(s, "BYE for a dialog that never was");
		return;
	}
	if (d->state == CALLEE_EARLY)
		sim_fail(s, "BYE for an early dialog that the caller should cancel");
	d->heard_bye = true;
	d->state = CALLEE_ENDED;
	d->ok.again_at = SIM_NEVER;
	if (d == &c->dialogs[0])
		callee_media_stop(c);
	reply(s, c, m, u, 200);
}

static void on_cancel(struct sim *s, struct callee *c, const struct sip_msg *m, const struct frame_udp *u)
{
	if (c->kind == CALLEE_SILENT)
		return;
	if (!c->invited) {
		reply(s, c, m, u, 481);
		return;
	}
	reply(s, c, m, u, 200);
	if (c->canceled || c->said)
		return;
	c->canceled = true;
	c->ring_at = c->trying_at = SIM_NEVER;
	if (c->kind == CALLEE_LATE_ANSWER)
		c->answer_at = s->t + sim_ms(s, 0, 1000);
	else
		refuse(s, c, 487);
}

static void on_request(struct sim *s, struct callee *c, const struct sip_msg *m, const struct frame_udp *u)
{
	switch (m->method) {
	case SIP_INVITE:
		on_invite(s, c, m, u);
		break;
	case SIP_ACK:
		on_ack(s, c, m);
		break;
	case SIP_BYE:
		on_bye(s, c, m, u);
		break;
	case SIP_CANCEL:
		on_cancel(s, c, m, u);
		break;
	default:
		sim_fail(s, "a callee got a request it did not expect");
	}
}

/* ---- responses to our requests ---- */

static void ack_reinvite(struct sim *s, struct callee *c, const struct sip_msg *m)
{
	char branch[40];
	const struct callee_dialog *d = &c->dialogs[c->req.dialog];
	struct callee_ack *a = &c->acks[c->n_acks++ % CALLEE_ACKS];
	snprintf(branch, sizeof branch, "%s%s", c->req.branch, m->status < 300 ? "ack" : "");
	a->cseq = c->req.cseq;
	a->len = callee_request(c, a->text, d, "ACK", c->req.cseq, branch, SDP_NONE);
	send(s, c, &c->from, a->text, a->len);
}

/* The final of a re-INVITE again: its ACK was lost. */
static bool acked_before(struct sim *s, struct callee *c, const struct sip_msg *m, uint32_t cseq)
{
	for (uint32_t i = 0; i < CALLEE_ACKS && m->method == SIP_INVITE && m->status >= 200; i++) {
		if (c->acks[i].len && c->acks[i].cseq == cseq) {
			send(s, c, &c->from, c->acks[i].text, c->acks[i].len);
			return true;
		}
	}
	return false;
}

static void on_response(struct sim *s, struct callee *c, const struct sip_msg *m)
{
	struct callee_request *r = &c->req;
	struct sip_cseq q;
	uint32_t off;
	if (sip_cseq_parse(&q, sip_msg_val(m, SIP_H_CSEQ), &off) || acked_before(s, c, m, q.number))
		return;
	if (q.number != r->cseq || m->method != r->method)
		return;
	if (m->status < 200) {
		if (r->method == SIP_INVITE)
			r->again_at = SIM_NEVER;
		return;
	}
	if (m->method == SIP_INVITE)
		ack_reinvite(s, c, m);
	if (r->method == SIP_BYE && m->status != 200 && m->status != 481)
		sim_fail(s, "BYE of a callee was answered %u", m->status);
	r->method = SIP_UNKNOWN;
	r->again_at = SIM_NEVER;
}

void callee_in(struct sim *s, struct callee *c, const struct frame_udp *u)
{
	static struct sip_msg m;
	struct sip_err e;
	if (u->dst.port != c->sip.port) {
		callee_media_in(s, c, u);
		return;
	}
	if (sip_msg_parse(&m, (const char *)u->payload, u->len, SIP_DATAGRAM, &e) || sip_msg_check(&m, &e))
		return; /* told by the wire already */
	if (m.is_request)
		on_request(s, c, &m, u);
	else
		on_response(s, c, &m);
}

/* ---- what is due ---- */

static void answer(struct sim *s, struct callee *c)
{
	if (c->kind == CALLEE_BUSY || c->kind == CALLEE_REJECTS) {
		refuse(s, c, c->kind == CALLEE_BUSY ? 486 : c->reject);
		return;
	}
	accept(s, c, &c->dialogs[0]);
	if (c->kind == CALLEE_TWO_TAGS)
		accept(s, c, &c->dialogs[1]);
	if (c->kind == CALLEE_BYE_AT_ONCE)
		bye(s, c, &c->dialogs[0]);
}

/* Nobody acknowledged: RFC 3261 §13.3.1.4 ends such a session with BYE; a failure just ends. */
static void final_run(struct sim *s, struct callee *c, struct callee_final *f, struct callee_dialog *d)
{
	if (s->t >= f->until) {
		f->again_at = SIM_NEVER;
		if (d && d->state != CALLEE_ENDED)
			bye(s, c, d);
		return;
	}
	send(s, c, &c->from, f->text, f->len);
	f->every = 2 * f->every < T2 ? 2 * f->every : T2;
	f->again_at = s->t + f->every;
}

static void request_run(struct sim *s, struct callee *c)
{
	struct callee_request *r = &c->req;
	if (s->t >= r->until) {
		r->again_at = SIM_NEVER;
		r->method = SIP_UNKNOWN;
		return;
	}
	send(s, c, &c->from, r->text, r->len);
	r->every = 2 * r->every < T2 ? 2 * r->every : T2;
	r->again_at = s->t + r->every;
}

static bool due(const struct sim *s, uint64_t *at)
{
	if (*at > s->t)
		return false;
	*at = SIM_NEVER;
	return true;
}

static void hold(struct sim *s, struct callee *c, enum callee_sdp sdp, uint64_t *next, uint64_t wait)
{
	if (c->dialogs[0].state != CALLEE_UP || c->req.method)
		return;
	request(s, c, &c->dialogs[0], SIP_INVITE, sdp);
	if (next)
		*next = s->t + wait;
}

static uint32_t run_script(struct sim *s, struct callee *c)
{
	uint32_t n = 0;
	if (due(s, &c->trying_at) && ++n && !c->said)
		provisional(s, c, 100);
	if (due(s, &c->ring_at) && ++n && !c->said)
		provisional(s, c, c->early_media ? 183 : 180);
	if (due(s, &c->answer_at) && ++n && !c->said)
		answer(s, c);
	if (due(s, &c->give_up_at) && ++n && !c->said)
		refuse(s, c, 480);
	if (due(s, &c->hold_at) && ++n)
		hold(s, c, sim_chance(s, 300) ? SDP_HOLD_ZERO : SDP_HOLD, &c->resume_at, c->resume_ms);
	if (due(s, &c->resume_at) && ++n)
		hold(s, c, SDP_ANSWER, NULL, 0);
	return n;
}

static uint32_t run_bye(struct sim *s, struct callee *c)
{
	if (c->bye_at > s->t)
		return 0;
	if (c->req.method) {
		c->bye_at = s->t + 100 * SIM_MS; /* one request at a time */
		return 1;
	}
	c->bye_at = SIM_NEVER;
	if (c->dialogs[0].state == CALLEE_UP)
		bye(s, c, &c->dialogs[0]);
	return 1;
}

uint32_t callee_run(struct sim *s, struct callee *c)
{
	uint32_t n = run_script(s, c) + run_bye(s, c) + callee_media_run(s, c);
	for (uint32_t i = 0; i < CALLEE_FORKS; i++) {
		struct callee_dialog *d = &c->dialogs[i];
		if (d->ok.again_at > s->t)
			continue;
		if (s->t >= d->ok.until && c->req.method)
			d->ok.again_at = d->ok.until = s->t + 100 * SIM_MS;
		else
			final_run(s, c, &d->ok, d);
		n++;
	}
	if (c->failed.again_at <= s->t && ++n)
		final_run(s, c, &c->failed, NULL);
	if (c->req.method && c->req.again_at <= s->t && ++n)
		request_run(s, c);
	return n;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* What the call itself still waits for. */
uint64_t callee_next(const struct callee *c)
{
	uint64_t t = least(least(c->trying_at, c->ring_at), least(c->answer_at, c->give_up_at));
	t = least(t, least(least(c->hold_at, c->resume_at), least(c->bye_at, c->rtp_at)));
	for (uint32_t i = 0; i < CALLEE_FORKS; i++)
		t = least(t, c->dialogs[i].ok.again_at);
	return least(t, least(c->failed.again_at, c->req.again_at));
}

bool callee_done(const struct callee *c)
{
	for (uint32_t i = 0; i < CALLEE_FORKS; i++) {
		uint8_t st = c->dialogs[i].state;
		if (st != CALLEE_IDLE && st != CALLEE_ENDED)
			return false;
	}
	return callee_next(c) == SIM_NEVER && c->req.method == SIP_UNKNOWN;
}
