/* SPDX-License-Identifier: Apache-2.0 */
/* Requests inside our dialogs (RFC 3261 §12.2.2, §14.2, §15.1.2). */
#include "dataplane/sip/reinvite.h"
#include "dataplane/sip/transport.h"
#include "dataplane/sip/uac.h"
#include "dataplane/sip/uas_core.h"

typedef void ask_fn(struct leg *l, const struct ask *a);

static struct span media_type(const struct sip_msg *m)
{
	struct span v = sip_msg_val(m, SIP_H_CONTENT_TYPE);
	for (uint32_t i = 0; i < v.len; i++)
		if (strchr("; \t\r\n", v.p[i]))
			v.len = i;
	return v;
}

/* Answer in a server transaction; without one, once. A BYE is never refused for want of memory. */
static void answer(const struct ask *a, uint16_t status, struct span reason, enum msgs_extra extra)
{
	struct sip *s = a->s;
	struct txn *t = txn_open(s, TXN_NIST, a->m->method, a->src);
	if (t && !txn_serve(t, a->key, a->now))
		t = NULL;
	if (!t) {
		bool bye = a->m->method == SIP_BYE;
		sip_count(s, STAT_sip_txn_full);
		msgs_refuse(s, a->m, a->src, bye ? status : 503, SPAN(""), bye ? extra : MSGS_RETRY, a->now);
		return;
	}
	t->extra = (uint8_t)extra;
	struct pkt *p = msgs_response(s, a->m, a->src, status, reason, extra);
	txn_respond(t, p, status, false, a->now);
}

/* A re-INVITE is refused: the session stays as it was (§14.2). */
static void refuse_invite(const struct ask *a, uint16_t status, struct span reason, enum msgs_extra extra)
{
	struct sip *s = a->s;
	struct txn *t = txn_open(s, TXN_IST, SIP_INVITE, a->src);
	if (t && !txn_serve(t, a->key, a->now))
		t = NULL;
	if (!t) {
		sip_count(s, STAT_sip_txn_full);
		msgs_refuse(s, a->m, a->src, 503, SPAN(""), MSGS_RETRY, a->now);
		return;
	}
	t->extra = (uint8_t)extra;
	txn_respond(t, msgs_response(s, a->m, a->src, status, reason, extra), status, true, a->now);
}

/* ---- re-INVITE */

static void tell_hold(struct leg *l, bool was, uint64_t now)
{
	if (l->session.held == was)
		return;
	struct dp_event *e = leg_event(l, l->session.held ? DP_EV_HELD : DP_EV_RESUMED, now);
	if (e)
		event_tell(l->sip, e);
}

/* Our SDP for the 2xx. 0, or the status of a refusal with its words. */
static uint16_t make_sdp(struct leg *l, const struct ask *a, struct buf *out, struct media_agreed *agreed,
    bool *agreed_now, struct span *words)
{
	const char *reason;
	const struct ip_addr own = media_addr(a->s->env.media, l->media);
	*agreed_now = a->m->body.len != 0;
	if (!*agreed_now) {
		session_offer(&l->session, &own, out); /* no offer: the answer comes in the ACK (§13.3.1.4) */
		return 0;
	}
	if (session_reoffer(&l->session, a->m->body, &a->s->sdp, &own, agreed, out, &reason) == 0)
		return 0;
	*words = span_str(reason);
	return 488;
}

static void accept(struct leg *l, const struct ask *a, struct txn *t, struct pkt *p, uint32_t cseq)
{
	t->leg = leg_index(l);
	t->cseq = cseq;
	l->ist = txn_index(a->s, t);
	if (dialog_refresh(&l->dialog, &a->s->texts, a->h))
		uac_rehop(l, a->src);
	txn_respond(t, p, 200, true, a->now);
}

/* No buffer or no transaction: as if the request had not come; it will come again. */
static void unhear(struct leg *l, struct txn *t, const struct session *old, const struct ask *a)
{
	l->session = *old;
	l->dialog.remote_cseq--;
	if (t)
		txn_abort(t, a->now);
}

static void reinvite(struct leg *l, const struct ask *a, uint32_t cseq)
{
	struct sip *s = a->s;
	struct session old = l->session;
	struct media_agreed agreed;
	struct span words = SPAN("");
	char text[SESSION_SDP_MAX];
	struct buf sdp = buf_on(text, sizeof text);
	char more[96];
	struct buf b = buf_on(more, sizeof more);
	struct session_timer timer;
	bool agreed_now;
	if (!session_timer_asked(&timer, a->m)) {
		refuse_invite(a, 422, SPAN(""), MSGS_MIN_SE);
		return;
	}
	session_timer_put_answer(&timer, &b);
	uint16_t status = make_sdp(l, a, &sdp, &agreed, &agreed_now, &words);
	if (status) {
		refuse_invite(a, status, words, MSGS_PLAIN);
		return;
	}
	struct txn *t = txn_open(s, TXN_IST, SIP_INVITE, a->src);
	if (t && !txn_serve(t, a->key, a->now))
		t = NULL;
	struct pkt *p = t ? msgs_accept(s, l, a->m, a->src, buf_view(&b), buf_view(&sdp)) : NULL;
	if (!p) {
		unhear(l, t, &old, a);
		sip_count(s, STAT_sip_txn_full);
		return;
	}
	l->own_offer = !agreed_now;
	accept(l, a, t, p, cseq);
	reinvite_session(l, &timer, a->now);
	if (!agreed_now)
		return;
	leg_agree(l, &agreed, a->now);
	tell_hold(l, old.held, a->now);
	leg_wishes(l, a->now);
}

static void on_invite(struct leg *l, const struct ask *a)
{
	struct txn *ist = txn_at(a->s, l->ist);
	if (reinvite_under_way(l) || (ist && ist->fsm.state == TXN_ACCEPTED))
		refuse_invite(a, 491, SPAN(""), MSGS_PLAIN);
	else if (event_waiting(a->s))
		refuse_invite(a, 500, SPAN(""), MSGS_RETRY);
	else if (uas_bad_body(a->m))
		refuse_invite(a, 415, SPAN(""), MSGS_ACCEPT_SDP);
	else
		reinvite(l, a, a->h->c->cseq);
}

/* The ACK of a 2xx: matched by dialog and CSeq. It may carry the answer to our offer. */
void uas_dialog_ack(struct leg *l, const struct ask *a)
{
	struct sip *s = a->s;
	struct txn *t = txn_at(s, l->ist);
	struct media_agreed agreed;
	const char *reason;
	if (!t || a->h->c->cseq != t->cseq) {
		sip_count(s, STAT_drop_sip_stray_ack);
		return;
	}
	bool first = t->fsm.state == TXN_ACCEPTED, held = l->session.held, begins = l->unacked;
	txn_acked(t, a->now);
	l->unacked = false;
	if (l->state == LEG_CLEARING) {
		leg_clear(l, a->now);
		return;
	}
	if (!first || !l->own_offer)
		return;
	if (!a->m->body.len && !begins)
		return; /* no answer: the session stays as it was */
	l->own_offer = false;
	if (!uas_is_sdp(a->m) || session_answer(&l->session, a->m->body, &s->sdp, &agreed, &reason)) {
		uac_hangup(l, DP_END_MEDIA, 488, a->now);
		return;
	}
	leg_agree(l, &agreed, a->now);
	tell_hold(l, held, a->now);
	leg_wishes(l, a->now);
}

/* ---- the others */

static void on_bye(struct leg *l, const struct ask *a)
{
	answer(a, 200, SPAN(""), MSGS_PLAIN);
	uac_bye(l, a->h);
}

/* ---- UPDATE (RFC 3311) */

static void update(struct leg *l, const struct ask *a, const struct session_timer *timer)
{
	struct sip *s = a->s;
	struct session old = l->session;
	struct media_agreed agreed;
	struct span words = SPAN("");
	char text[SESSION_SDP_MAX], more[96];
	struct buf sdp = buf_on(text, sizeof text), b = buf_on(more, sizeof more);
	bool offered = a->m->body.len != 0;
	uint16_t status = offered ? make_sdp(l, a, &sdp, &agreed, &offered, &words) : 0;
	if (status) {
		answer(a, status, words, MSGS_PLAIN);
		return;
	}
	struct txn *t = txn_open(s, TXN_NIST, SIP_UPDATE, a->src);
	if (t && !txn_serve(t, a->key, a->now))
		t = NULL;
	session_timer_put_answer(timer, &b);
	struct pkt *p = t ? msgs_accept(s, l, a->m, a->src, buf_view(&b), buf_view(&sdp)) : NULL;
	if (!p) {
		unhear(l, t, &old, a);
		sip_count(s, STAT_sip_txn_full);
		return;
	}
	if (dialog_refresh(&l->dialog, &s->texts, a->h))
		uac_rehop(l, a->src);
	txn_respond(t, p, 200, true, a->now);
	reinvite_session(l, timer, a->now);
	if (!offered)
		return;
	leg_agree(l, &agreed, a->now);
	tell_hold(l, old.held, a->now);
	leg_wishes(l, a->now);
}

/* An offer while one of ours, or one of theirs, is open has to wait (§5.2). */
static void on_update(struct leg *l, const struct ask *a)
{
	struct session_timer timer;
	const struct txn *ist = txn_at(a->s, l->ist);
	bool open = l->state == LEG_INCOMING || (ist && ist->fsm.state == TXN_ACCEPTED);
	if (a->m->body.len && reinvite_under_way(l))
		answer(a, 491, SPAN(""), MSGS_PLAIN);
	else if ((a->m->body.len && open) || event_waiting(a->s))
		answer(a, 500, SPAN(""), MSGS_RETRY);
	else if (uas_bad_body(a->m))
		answer(a, 415, SPAN(""), MSGS_ACCEPT_SDP);
	else if (!session_timer_asked(&timer, a->m))
		answer(a, 422, SPAN(""), MSGS_MIN_SE);
	else
		update(l, a, &timer);
}

static void on_options(struct leg *l, const struct ask *a)
{
	sip_count(a->s, STAT_sip_options);
	answer(a, 200, SPAN(""), MSGS_OPTIONS);
}

static bool is_digit_char(char c)
{
	return (c >= '0' && c <= '9') || c == '*' || c == '#' || ((c | 0x20) >= 'a' && (c | 0x20) <= 'd');
}

/* "5" (application/dtmf), or a line "Signal=5" (application/dtmf-relay). 0: none. */
static char dtmf_digit(struct span body, bool relay)
{
	uint32_t i = 0;
	if (relay) {
		if (body.len < 7 || !span_ieq(span_of(body.p, 6), SPAN("Signal")))
			return 0;
		for (i = 6; i < body.len && strchr(" \t=", body.p[i]) && body.p[i]; i++)
			;
	}
	while (i < body.len && (body.p[i] == ' ' || body.p[i] == '\t'))
		i++;
	return i < body.len && is_digit_char(body.p[i]) ? body.p[i] : 0;
}

static void on_info(struct leg *l, const struct ask *a)
{
	struct span type = media_type(a->m);
	bool relay = span_ieq(type, SPAN("application/dtmf-relay")), bad = false;
	if (!a->m->body.len) {
		answer(
		    a, 200, SPAN(""), MSGS_PLAIN); /* RFC 6086 §4.2.2: an empty INFO is a keep-alive of old */
		return;
	}
	if (!relay && !span_ieq(type, SPAN("application/dtmf"))) {
		answer(a, 415, SPAN(""), MSGS_ACCEPT_DTMF);
		return;
	}
	char digit = dtmf_digit(a->m->body, relay);
	if (!digit || event_waiting(a->s)) {
		answer(a, digit ? 500 : 400, digit ? SPAN("") : SPAN("No DTMF digit in the body"),
		    digit ? MSGS_RETRY : MSGS_PLAIN);
		return;
	}
	answer(a, 200, SPAN(""), MSGS_PLAIN);
	struct dp_event *e = leg_event(l, DP_EV_DTMF, a->now);
	if (!e)
		return;
	e->reason = dp_event_text(e, span_of(&digit, 1), &bad);
	event_tell(a->s, e);
}

/* Nobody is transferred: declined, and told (RFC 3515 §2.4.2). */
static void on_refer(struct leg *l, const struct ask *a)
{
	struct span to = sip_msg_val(a->m, SIP_H_REFER_TO);
	if (!to.len || event_waiting(a->s)) {
		answer(a, to.len ? 500 : 400, to.len ? SPAN("") : SPAN("REFER without Refer-To"),
		    to.len ? MSGS_RETRY : MSGS_PLAIN);
		return;
	}
	answer(a, 603, SPAN(""), MSGS_PLAIN);
	struct dp_event *e = leg_event(l, DP_EV_REFER, a->now);
	if (!e)
		return;
	e->sip_status = 603;
	leg_event_reason(a->s, e, to, NULL);
	event_tell(a->s, e);
}

static ask_fn *const METHODS[SIP_METHODS] = {
    [SIP_INVITE] = on_invite,
    [SIP_BYE] = on_bye,
    [SIP_OPTIONS] = on_options,
    [SIP_INFO] = on_info,
    [SIP_UPDATE] = on_update,
    [SIP_REFER] = on_refer,
};

/* Before our INVITE has its 2xx there is no dialog to be inside of: only a BYE that overtook that 2xx makes
 * sense, and an INVITE crosses ours (§14.2). */
static void before_answer(struct leg *l, const struct ask *a)
{
	if (a->m->method == SIP_BYE)
		on_bye(l, a);
	else if (a->m->method == SIP_INVITE)
		refuse_invite(a, 491, SPAN(""), MSGS_PLAIN);
	else
		answer(a, 481, SPAN(""), MSGS_PLAIN);
}

static void refuse(const struct ask *a, uint16_t status, enum msgs_extra extra)
{
	if (a->m->method == SIP_INVITE)
		refuse_invite(a, status, SPAN(""), extra);
	else
		answer(a, status, SPAN(""), extra);
}

void uas_dialog_request(struct leg *l, const struct ask *a)
{
	ask_fn *fn = METHODS[a->m->method];
	if (!l->dialog.confirmed)
		before_answer(l, a);
	else if (!dialog_cseq_in(&l->dialog, a->h->c->cseq))
		refuse(a, 500, MSGS_RETRY); /* §12.2.2: out of order */
	else if (l->state == LEG_INCOMING && a->m->method == SIP_INVITE)
		refuse(a, 500, MSGS_RETRY); /* §14.2: the first INVITE has no final response yet */
	else if (!fn) {
		sip_count(a->s, STAT_sip_method_refused);
		answer(a, uas_method_status(a->m), SPAN(""), MSGS_ALLOW);
	} else if (l->state != LEG_UP && l->state != LEG_INCOMING && a->m->method != SIP_BYE) {
		refuse(a, 481, MSGS_PLAIN); /* our BYE is on its way */
	} else if (a->m->method != SIP_BYE && uas_requires_more(a->m)) {
		refuse(a, 420, MSGS_UNSUPPORTED);
	} else {
		fn(l, a);
	}
}
