/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sip/uas_call.h"

#include "dataplane/sip/reinvite.h"
#include "dataplane/sip/transport.h"
#include "dataplane/sip/uac.h"
#include "sip-parser/sip_write.h"

#define REFRESH_NS  60000000000ull /* §13.3.1.1: a provisional again every minute */
#define URI_MAX     512u           /* three of them and a Call-ID fill an event */
#define CALL_ID_MAX 256u

bool uas_call_allowed(const struct sip *s, const struct ip_sock *src)
{
	const struct dp_conf *c = s->env.conf;
	for (uint32_t i = 0; i < c->n_sources; i++)
		if (ip_addr_in(&src->a, &c->sources[i].net, c->sources[i].prefix))
			return true;
	return false;
}

/* ---- what makes an INVITE one we can take */

struct verdict {
	uint16_t status; /* 0: take it */
	const char *why; /* NULL: the RFC's phrase */
};

/* The same offer gets the same answer each time: 183 and 200 must not differ, and nothing of it needs to be kept. */
static int evaluate(const struct leg *l, struct session *ses, struct span body, struct media_agreed *out,
    struct buf *answer, const char **why)
{
	struct sip *s = l->sip;
	const struct ip_addr own = media_addr(s->env.media, l->media);
	session_init(ses, l->session.id, l->session.port, DP_CODECS_BOTH);
	return session_reoffer(ses, body, &s->sdp, &own, out, answer, why);
}

static struct verdict look_at_text(const struct ask *a)
{
	const struct sip_core *c = a->h->c;
	if (c->ruri.text.len > URI_MAX)
		return (struct verdict){414, NULL};
	if (c->from.uri.text.len > URI_MAX || c->to.uri.text.len > URI_MAX)
		return (struct verdict){400, "From and To URIs may have 512 bytes"};
	if (c->call_id.len > CALL_ID_MAX)
		return (struct verdict){400, "Call-ID may have 256 bytes"};
	return (struct verdict){0};
}

/* ---- taking it */

static struct pkt *copy_of(const struct ask *a)
{
	struct pkt *p = net_alloc(a->s->env.net);
	if (!p || a->m->len > p->room) {
		if (p)
			pkt_put(p);
		return NULL;
	}
	memcpy(p->data, a->m->base, a->m->len);
	p->len = a->m->len;
	return p;
}

/* The kept INVITE, indexed again: it was accepted once, so it is now. */
static const struct sip_msg *invite_of(const struct leg *l, struct sip_msg *m)
{
	struct sip_err err;
	int rc = sip_msg_parse(m, (const char *)l->invite->data, l->invite->len, SIP_DATAGRAM, &err);
	return rc ? NULL : m;
}

static struct verdict take_dialog(struct leg *l, const struct ask *a)
{
	struct verdict v = {400, NULL};
	bool full;
	if (dialog_accept(&l->dialog, &a->s->texts, a->h, &v.why, &full) == 0)
		return (struct verdict){0};
	if (full)
		v.status = 503;
	return v;
}

static struct verdict take_media(struct leg *l, const struct ask *a)
{
	struct session ses;
	struct media_agreed agreed;
	char text[SESSION_SDP_MAX];
	struct buf sdp = buf_on(text, sizeof text);
	const char *why;
	l->media = media_open(a->s->env.media, a->src->a.fam, a->now);
	if (l->media == MEDIA_NONE)
		return (struct verdict){503, "no free RTP port"};
	session_init(&l->session, l->session.id, media_port(a->s->env.media, l->media), DP_CODECS_BOTH);
	if (a->m->body.len && evaluate(l, &ses, a->m->body, &agreed, &sdp, &why))
		return (struct verdict){488, why};
	return (struct verdict){0};
}

static struct verdict take_txn(struct leg *l, const struct ask *a)
{
	struct sip *s = a->s;
	l->invite = copy_of(a);
	struct txn *t = l->invite ? txn_open(s, TXN_IST, SIP_INVITE, a->src) : NULL;
	if (!t || !txn_serve(t, a->key, a->now))
		return (struct verdict){503, l->invite ? "no free transaction" : "no free packet buffer"};
	t->leg = leg_index(l);
	t->cseq = a->h->c->cseq;
	l->ist = txn_index(s, t);
	return (struct verdict){0};
}

static void tell_incoming(struct leg *l, const struct ask *a)
{
	const struct sip_core *c = a->h->c;
	bool bad = false;
	struct dp_event *e = leg_event(l, DP_EV_INCOMING, a->now);
	e->remote = *a->src;
	e->early_media = a->m->body.len != 0;
	e->max_forwards = c->max_forwards > 255 ? 70 : (uint8_t)c->max_forwards;
	e->request_uri = dp_event_text(e, sip_at(a->m, c->ruri.text), &bad);
	e->remote_uri = dp_event_text(e, sip_at(a->m, c->from.uri.text), &bad);
	e->local_uri = dp_event_text(e, sip_at(a->m, c->to.uri.text), &bad);
	e->sip_call_id = dp_event_text(e, sip_at(a->m, c->call_id), &bad);
	leg_event_headers(a->s, e, a->m);
	event_tell(a->s, e);
}

/* Send a response to the kept INVITE. False: no buffer. */
static bool respond_with(
    struct leg *l, uint16_t status, struct span reason, struct span more, struct span sdp, uint64_t now)
{
	struct sip *s = l->sip;
	struct sip_msg m;
	struct txn *t = txn_at(s, l->ist);
	const struct sip_msg *req = invite_of(l, &m);
	struct pkt *p = t && req ? msgs_reply(s, l, req, &t->remote, status, reason, more, sdp) : NULL;
	if (!p)
		return false;
	txn_respond(t, p, status, true, now);
	return true;
}

static bool respond(struct leg *l, uint16_t status, struct span reason, struct span sdp, uint64_t now)
{
	return respond_with(l, status, reason, SPAN(""), sdp, now);
}

static struct verdict open_call(struct leg *l, const struct ask *a)
{
	struct verdict v = take_dialog(l, a);
	if (!v.status)
		v = take_media(l, a);
	if (!v.status)
		v = take_txn(l, a);
	return v;
}

static uint16_t refuse(const struct ask *a, struct verdict v)
{
	sip_count(a->s, v.status == 503 ? STAT_sip_invites_full : STAT_sip_invites_refused);
	msgs_refuse(a->s, a->m, a->src, v.status, v.why ? span_str(v.why) : SPAN(""),
	    v.status == 503 ? MSGS_RETRY : MSGS_PLAIN, a->now);
	return v.status;
}

uint16_t uas_call_new(const struct ask *a)
{
	struct sip *s = a->s;
	struct verdict v = look_at_text(a);
	if (v.status)
		return refuse(a, v);
	if (s->stopping || !event_room(s))
		return refuse(a, (struct verdict){503, s->stopping ? "engine is stopping" : NULL});
	struct leg *l = leg_open(s, 0, a->src);
	if (!l)
		return refuse(a, (struct verdict){503, "no free call leg"});
	v = open_call(l, a);
	if (v.status) {
		leg_free(l, a->now);
		return refuse(a, v);
	}
	uac_rehop(l, a->src);
	l->state = LEG_INCOMING;
	l->flow = *a->src;
	l->started = true;
	sip_count(s, STAT_legs_started);
	sip_count(s, STAT_sip_invites_taken);
	(void)respond(l, 100, SPAN(""), SPAN(""), a->now); /* no buffer: the INVITE comes again */
	tell_incoming(l, a);
	uac_set_timer(l, a->now + REFRESH_NS);
	return 0;
}

/* ---- ringing */

static struct leg *incoming(struct sip *s, const struct dp_cmd *c)
{
	struct leg *l = leg_of(s, c->leg);
	if (l && l->state == LEG_INCOMING && !l->answering)
		return l;
	sip_count(s, l ? STAT_cmd_bad : STAT_cmd_stale_handle);
	return NULL;
}

static void take_sid(struct leg *l, const struct dp_cmd *c)
{
	struct span sid = dp_cmd_span(c, c->orig.call_sid);
	if (sid.len && sid.len <= 64)
		(void)!dialog_set(
		    &l->dialog, &l->sip->texts, DIALOG_SID, sid); /* no room: our BYE does without */
}

/* Our SDP for the kept INVITE: the answer to its offer, or our offer. False: there is nothing to be agreed on yet. */
static bool make_sdp(struct leg *l, struct buf *sdp, bool offer_too, uint64_t now)
{
	struct sip_msg m;
	struct session ses;
	struct media_agreed agreed;
	const char *why;
	const struct sip_msg *req = invite_of(l, &m);
	if (!req)
		return false;
	if (req->body.len) {
		if (evaluate(l, &ses, req->body, &agreed, sdp, &why))
			return false;
		l->session = ses;
		leg_agree(l, &agreed, now);
		return true;
	}
	if (!offer_too)
		return false;
	const struct ip_addr own = media_addr(l->sip->env.media, l->media);
	l->session.version = 0;
	session_offer(&l->session, &own, sdp);
	l->own_offer = true;
	return true;
}

void uas_call_ring(struct sip *s, const struct dp_cmd *c, uint64_t now)
{
	struct leg *l = incoming(s, c);
	char text[SESSION_SDP_MAX];
	struct buf sdp = buf_on(text, sizeof text);
	if (!l)
		return;
	if (c->sip_status < 180 || c->sip_status > 183) {
		sip_count(s, STAT_cmd_bad);
		return;
	}
	take_sid(l, c);
	if (c->early_media && make_sdp(l, &sdp, false, now))
		l->early = true;
	l->last_status = c->sip_status;
	/* Without a buffer nothing is said now; the answer does not depend on it. */
	(void)respond(l, c->sip_status, SPAN(""), l->early ? buf_view(&sdp) : SPAN(""), now);
}

/* ---- the answer */

static void tell_answered(struct leg *l, uint64_t now)
{
	struct dp_event *e = leg_event(l, DP_EV_ANSWERED, now);
	e->sip_status = 200;
	e->codec = l->session.pt;
	event_tell(l->sip, e);
	sip_count(l->sip, STAT_legs_answered);
}

static void drop_invite(struct leg *l)
{
	pkt_put(l->invite);
	l->invite = NULL;
}

static struct session_timer timer_of(const struct leg *l)
{
	struct session_timer t = {0};
	struct sip_msg m;
	const struct sip_msg *req = invite_of(l, &m);
	if (req)
		(void)session_timer_asked(&t, req); /* it was not too short when it came */
	return t;
}

static void answer(struct leg *l, uint64_t now)
{
	struct sip *s = l->sip;
	char text[SESSION_SDP_MAX], more[96];
	struct buf sdp = buf_on(text, sizeof text), b = buf_on(more, sizeof more);
	struct session_timer timer = timer_of(l);
	session_timer_put_answer(&timer, &b);
	l->answering = !make_sdp(l, &sdp, true, now) ||
	               !respond_with(l, 200, SPAN(""), buf_view(&b), buf_view(&sdp), now);
	if (l->answering) {
		uac_set_timer(l, now + s->times.t1);
		return;
	}
	wheel_cancel(s->env.wheel, &l->timer);
	drop_invite(l);
	l->state = LEG_UP;
	l->unacked = true;
	reinvite_session(l, &timer, now);
	tell_answered(l, now);
}

void uas_call_answer(struct sip *s, const struct dp_cmd *c, uint64_t now)
{
	struct leg *l = incoming(s, c);
	if (!l)
		return;
	take_sid(l, c);
	answer(l, now);
}

/* ---- no answer */

/* The transaction goes on alone: it sends the response again until its ACK. */
static void let_go(struct leg *l, uint64_t now)
{
	struct txn *t = txn_at(l->sip, l->ist);
	if (t)
		t->leg = TXN_NO_INDEX;
	l->ist = TXN_NO_INDEX;
	leg_free(l, now);
}

/* Told: say why and go, now or as soon as there is a buffer. */
static void refuse_call(struct leg *l, struct span reason, uint64_t now)
{
	l->state = LEG_REFUSING;
	if (respond(l, l->bye_status, reason, SPAN(""), now))
		let_go(l, now);
	else
		uac_set_timer(l, now + l->sip->times.t1);
}

static void decline(struct leg *l, enum dp_end_cause cause, uint16_t status, struct span reason, uint64_t now)
{
	struct leg_end e = {cause, status, reason.len ? reason : SPAN("declined"), NULL, NULL};
	l->bye_status = status;
	leg_tell_end(l, &e, now);
	refuse_call(l, reason, now);
}

void uas_call_reject(struct sip *s, const struct dp_cmd *c, uint64_t now)
{
	struct leg *l = incoming(s, c);
	struct span reason = dp_cmd_span(c, c->reason);
	if (!l)
		return;
	if (c->sip_status < 400 || c->sip_status > 699 || reason.len > 128 || !sip_write_clean(reason))
		sip_count(s, STAT_cmd_bad);
	else
		decline(l, DP_END_DECLINED, c->sip_status, reason, now);
}

void uas_call_on_hangup(struct leg *l, const struct uac_arg *a)
{
	bool stop = a->cause == DP_END_SHUTDOWN;
	uint16_t status = stop ? 503 : a->status >= 400 && a->status <= 699 ? a->status : 480;
	decline(l, stop ? DP_END_SHUTDOWN : DP_END_DECLINED, status, SPAN(""), a->now);
}

static void gave_up(struct leg *l, const struct uac_arg *a, struct span words)
{
	struct leg_end e = {DP_END_REMOTE_CANCEL, 487, words, a->m, a->src};
	l->bye_status = 487;
	leg_tell_end(l, &e, a->now);
	refuse_call(l, SPAN(""), a->now);
}

void uas_call_on_cancel(struct leg *l, const struct uac_arg *a)
{
	gave_up(l, a, SPAN("the caller gave up"));
}

/* A caller may end an early dialog by BYE (§15). */
void uas_call_on_bye(struct leg *l, const struct uac_arg *a)
{
	gave_up(l, a, SPAN("the caller gave up by BYE"));
}

void uas_call_answer_cancel(struct leg *l, const struct ask *a)
{
	struct pkt *p = msgs_reply(a->s, l, a->m, a->src, 200, SPAN(""), SPAN(""), SPAN(""));
	if (p)
		transport_respond(a->s, p, a->src, a->now);
}

/* ---- the leg's timer */

/* Somewhere on the way a proxy counts to three minutes (§16.6, Timer C). */
static void refresh(struct leg *l, uint64_t now)
{
	struct txn *t = txn_at(l->sip, l->ist);
	if (t && t->pkt && l->last_status)
		transport_resend(l->sip, t->pkt, &t->remote, now);
	uac_set_timer(l, now + REFRESH_NS);
}

void uas_call_on_timer(struct leg *l, const struct uac_arg *a)
{
	if (l->answering)
		answer(l, a->now);
	else
		refresh(l, a->now);
}

void uas_call_on_timer_refusing(struct leg *l, const struct uac_arg *a)
{
	refuse_call(l, SPAN(""), a->now);
}
