/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sip/uac.h"

#include "dataplane/sip/sip_msgs.h"
#include "dataplane/sip/transport.h"
#include "dataplane/sip/uac_check.h"
#include "dataplane/sip/uas.h"
#include "sip-parser/sip_addr.h"

#include <assert.h>

#define NS_PER_MS      1000000ull
#define RING_CAP_NS    (190 * 1000 * NS_PER_MS) /* no ring timeout asked for: beyond Timer C (§16.6, 3 min) */
#define PROGRESSES_MAX 32

enum leg_event_id {
	LEG_EV_1XX,
	LEG_EV_2XX,
	LEG_EV_FINAL,
	LEG_EV_TIMEOUT, /* Timer B */
	LEG_EV_ERROR,   /* the network says nothing arrives */
	LEG_EV_HANGUP,
	LEG_EV_TIMER, /* the leg's own timer */
	LEG_EV_BYE,
	LEG_EVENTS
};

/* What comes with an event. */
struct arg {
	struct txn *t;
	const struct sip_msg *m;
	const struct ip_sock *src;
	uint64_t now;
	uint16_t status;
	enum dp_end_cause cause;
};

typedef void leg_fn(struct leg *l, const struct arg *a);

static void run(struct leg *l, enum leg_event_id ev, const struct arg *a);

/* ---- small helpers */

static uint64_t tag_hash(const struct sip *s, struct span tag)
{
	return hash_span(&s->key, tag) | 1;
}

static uint64_t to_hash(const struct sip *s, const struct sip_msg *m)
{
	struct sip_addr to;
	uint32_t off;
	if (sip_addr_parse(&to, sip_msg_val(m, SIP_H_TO), &off) || !to.tag.len)
		return 0;
	return tag_hash(s, to.tag);
}

static void set_timer(struct leg *l, uint64_t at)
{
	wheel_arm(l->sip->env.wheel, &l->timer, at, l->timer.fn);
}

static void end(
    struct leg *l, const struct arg *a, enum dp_end_cause cause, uint16_t status, struct span reason)
{
	struct leg_end e = {cause, status, reason, a->m, a->src};
	leg_end(l, &e, a->now);
}

static bool is_private(const struct ip_addr *a)
{
	const uint8_t *b = a->b;
	return a->fam == 4 && (b[0] == 10 || b[0] == 127 || (b[0] == 172 && (b[1] & 0xf0) == 16) ||
	                          (b[0] == 192 && b[1] == 168) || (b[0] == 169 && b[1] == 254) ||
	                          (b[0] == 100 && (b[1] & 0xc0) == 64));
}

/* Where requests of a dialog go: what the route or the Contact names, when that is an address one can send
 * to. A host name (nothing is resolved here) and a private address told by a public peer, which is a peer
 * behind a NAT, mean: back to where the answer came from. */
static struct ip_sock choose_hop(struct sip *s, struct span hop, const struct ip_sock *src)
{
	struct ip_sock to;
	if (!dialog_hop_sock(hop, &to) || to.a.fam != 4 || net_forbidden(s->env.net, &to))
		return *src;
	if (is_private(&to.a) && !is_private(&src->a))
		return *src;
	return to;
}

static struct ip_sock hop_of(struct sip *s, struct span target, struct span routes, const struct ip_sock *src)
{
	char room[DIALOG_LONG_BYTES + 64];
	struct buf tmp = buf_on(room, sizeof room);
	struct dialog_route r;
	dialog_route(&r, target, routes, &tmp);
	return choose_hop(s, r.hop, src);
}

void uac_rehop(struct leg *l, const struct ip_sock *src)
{
	l->hop = hop_of(
	    l->sip, dialog_span(&l->dialog, DIALOG_TARGET), dialog_span(&l->dialog, DIALOG_ROUTE), src);
}

/* ---- ORIGINATE */

static void refuse(struct sip *s, const struct dp_cmd *c, enum dp_end_cause cause, uint16_t status,
    struct span words, uint64_t now)
{
	struct dp_event *e = event_new(s, DP_EV_ENDED, 0, c->cookie, now);
	e->cause = (uint8_t)cause;
	e->sip_status = status;
	leg_event_reason(s, e, words, NULL);
	event_tell(s, e);
	sip_count(s, cause == DP_END_BAD_COMMAND ? STAT_cmd_bad : STAT_leg_refused_full);
}

static bool keep_text(struct leg *l, const struct dp_cmd *c)
{
	struct dialog_pools *p = &l->sip->texts;
	return dialog_set(&l->dialog, p, DIALOG_RURI, dp_cmd_span(c, c->orig.ruri)) &&
	       dialog_set(&l->dialog, p, DIALOG_USER, dp_cmd_span(c, c->orig.from_user)) &&
	       dialog_set(&l->dialog, p, DIALOG_SID, dp_cmd_span(c, c->orig.call_sid));
}

static void tell_started(struct leg *l, uint64_t now)
{
	char id[IDENT_LEN], uri[512];
	struct buf local = buf_on(uri, sizeof uri);
	bool bad = false;
	struct dp_event *e = leg_event(l, DP_EV_STARTED, now);
	msgs_call_id(l->sip, l, id);
	msgs_local_uri(l->sip, l, &local);
	e->remote = l->hop;
	e->sip_call_id = dp_event_text(e, span_of(id, sizeof id), &bad);
	e->local_uri = dp_event_text(e, buf_view(&local), &bad);
	e->remote_uri = dp_event_text(e, dialog_span(&l->dialog, DIALOG_RURI), &bad);
	if (bad)
		sip_count(l->sip, STAT_ev_text_lost);
	event_tell(l->sip, e);
}

/* What a leg needs before its INVITE can be written. A static text when a pool is empty. */
static const char *equip(struct leg *l, const struct dp_cmd *c, struct txn **t, uint64_t now)
{
	struct sip *s = l->sip;
	l->hop = c->orig.target;
	l->dialog.local_cseq = LEG_CSEQ_INVITE;
	if (!keep_text(l, c))
		return "no room for the text of the call";
	l->media = media_open(s->env.media, now);
	if (l->media == MEDIA_NONE)
		return "no free RTP port";
	session_init(
	    &l->session, (uint32_t)sip_random(s) >> 1, media_port(s->env.media, l->media), c->orig.codecs);
	*t = txn_open(s, TXN_ICT, SIP_INVITE, &c->orig.target);
	if (!*t)
		return "no free transaction";
	(*t)->cseq = LEG_CSEQ_INVITE;
	(*t)->leg = leg_index(l);
	(*t)->text = dialog_block_get(l->dialog.text);
	l->ict = txn_index(s, *t);
	return NULL;
}

static void arm_ring(struct leg *l, const struct dp_cmd *c, uint64_t now)
{
	l->ring_cap = c->orig.ring_timeout_ms == 0;
	set_timer(l, now + (l->ring_cap ? RING_CAP_NS : c->orig.ring_timeout_ms * NS_PER_MS));
}

/* Write and send the INVITE. False: the leg has been refused and is gone. */
static bool send_invite(struct leg *l, struct txn *t, const struct dp_cmd *c, uint64_t now)
{
	struct sip *s = l->sip;
	char text[SESSION_SDP_MAX], words[96];
	struct buf sdp = buf_on(text, sizeof text), w = buf_on(words, sizeof words);
	uint32_t limit = 0;
	session_offer(&l->session, net_addr(s->env.net), &sdp);
	struct pkt *p = msgs_invite(s, l, t, c, buf_view(&sdp), &limit);
	if (p && txn_start(t, p, now) == 0)
		return true;
	if (!p)
		txn_discard(t);
	leg_free(l, now);
	if (limit) {
		buf_lit(&w, "INVITE does not fit into one packet buffer: limit in bytes ");
		buf_u32(&w, limit);
		refuse(s, c, DP_END_BAD_COMMAND, 0, buf_view(&w), now);
	} else if (p) {
		refuse(s, c, DP_END_TRANSPORT, 0, SPAN("no route to the target"), now);
	} else {
		refuse(s, c, DP_END_CAPACITY, 503, SPAN("no free packet buffer"), now);
	}
	return false;
}

void uac_originate(struct sip *s, const struct dp_cmd *c, uint64_t now)
{
	const char *bad = uac_check(s, c);
	struct txn *t = NULL;
	if (bad) {
		refuse(s, c, DP_END_BAD_COMMAND, 0, span_str(bad), now);
		return;
	}
	if (s->stopping || event_waiting(s)) {
		refuse(s, c, s->stopping ? DP_END_SHUTDOWN : DP_END_CAPACITY, 503,
		    s->stopping ? SPAN("engine is stopping") : SPAN("event ring is full"), now);
		return;
	}
	struct leg *l = leg_open(s, c->cookie);
	const char *full = l ? equip(l, c, &t, now) : "no free call leg";
	if (full) {
		if (l)
			leg_free(l, now);
		refuse(s, c, DP_END_CAPACITY, 503, span_str(full), now);
		return;
	}
	if (!send_invite(l, t, c, now))
		return;
	l->state = LEG_CALLING;
	l->started = true;
	arm_ring(l, c, now);
	sip_count(s, STAT_legs_started);
	tell_started(l, now);
}

/* ---- provisional responses */

/* SDP in a provisional is the answer, or a preview of it (§13.2.1): media may flow before the 2xx. */
static bool early_media(struct leg *l, const struct sip_msg *m, uint64_t now)
{
	struct media_agreed agreed;
	const char *reason;
	uint64_t tag = to_hash(l->sip, m);
	if (!tag || !uas_is_sdp(m) || session_answer(&l->session, m->body, &l->sip->sdp, &agreed, &reason))
		return false;
	l->early_tag = tag;
	l->early = true;
	leg_agree(l, &agreed, now);
	return true;
}

static void tell_progress(struct leg *l, const struct arg *a)
{
	bool media = early_media(l, a->m, a->now);
	if (l->n_progress >= PROGRESSES_MAX || (!media && l->last_status == a->m->status))
		return;
	l->n_progress++;
	l->last_status = a->m->status;
	struct dp_event *e = leg_event(l, DP_EV_PROGRESS, a->now);
	if (!e)
		return;
	e->sip_status = a->m->status;
	e->early_media = media;
	e->remote = *a->src;
	event_tell(l->sip, e);
}

static void on_1xx(struct leg *l, const struct arg *a)
{
	l->state = LEG_PROCEEDING;
	if (a->m->status == 100)
		return;
	l->progressed = true;
	if (l->ring_cap)
		set_timer(l, a->now + RING_CAP_NS);
	tell_progress(l, a);
}

/* ---- CANCEL */

static void put_cancel_reason(struct buf *b, uint16_t status)
{
	if (!status)
		return;
	buf_lit(b, "SIP;cause=");
	buf_u32(b, status);
}

/* False: no transaction or buffer; the leg's timer tries again. */
static bool send_cancel(struct leg *l, uint64_t now)
{
	struct sip *s = l->sip;
	struct txn *ict = txn_at(s, l->ict);
	char text[32];
	struct buf reason = buf_on(text, sizeof text);
	struct txn *t = txn_open(s, TXN_NICT, SIP_CANCEL, &ict->remote);
	if (!t)
		return false;
	put_cancel_reason(&reason, l->bye_status);
	struct pkt *p = msgs_cancel(s, l, ict, buf_view(&reason));
	if (!p) {
		txn_discard(t);
		return false;
	}
	t->rand = ict->rand;
	t->cseq = ict->cseq;
	t->cancel = l->ict;
	ict->cancel = txn_index(s, t);
	l->cancel_sent = true;
	(void)!txn_start(t, p, now); /* unreachable: the leg's patience ends it */
	return true;
}

static void cancel_now(struct leg *l, uint64_t now)
{
	struct sip *s = l->sip;
	if (!l->give_up_at)
		l->give_up_at = now + 64 * s->times.t1;
	if (send_cancel(l, now))
		set_timer(l, l->give_up_at); /* §9.1: no final within 64*T1 is as good as one */
	else
		set_timer(l, now + s->times.t1);
}

static void ask_end(struct leg *l, const struct arg *a)
{
	l->why = (uint8_t)a->cause;
	l->bye_status = a->status;
	l->state = LEG_CANCELING;
}

/* Nothing has come yet, so no CANCEL may be sent (§9.1). Control need not wait for a target that is dead. */
static void on_hangup_calling(struct leg *l, const struct arg *a)
{
	ask_end(l, a);
	set_timer(l, a->now + l->sip->times.t2);
}

static void tell_canceled(struct leg *l, const struct arg *a, uint16_t status)
{
	bool ring = l->why == DP_END_RING_TIMEOUT;
	struct leg_end e = {(enum dp_end_cause)l->why, status,
	    ring ? SPAN("nobody answered within the ring timeout") : SPAN("canceled"), a->m, a->src};
	leg_tell_end(l, &e, a->now);
}

static void end_canceled(struct leg *l, const struct arg *a, uint16_t status)
{
	tell_canceled(l, a, status);
	leg_free(l, a->now);
}

static void on_ring_timeout_calling(struct leg *l, const struct arg *a)
{
	struct arg ring = *a;
	ring.cause = DP_END_RING_TIMEOUT;
	ask_end(l, &ring);
	tell_canceled(l, a, 408);
}

static void on_hangup_proceeding(struct leg *l, const struct arg *a)
{
	ask_end(l, a);
	cancel_now(l, a->now);
}

static void on_ring_timeout(struct leg *l, const struct arg *a)
{
	struct arg ring = *a;
	ring.cause = DP_END_RING_TIMEOUT;
	on_hangup_proceeding(l, &ring);
}

static void on_1xx_canceling(struct leg *l, const struct arg *a)
{
	l->progressed |= a->m->status > 100;
	if (!l->cancel_sent)
		cancel_now(l, a->now);
}

static void on_timer_canceling(struct leg *l, const struct arg *a)
{
	struct txn *ict = txn_at(l->sip, l->ict);
	bool came = ict && ict->fsm.state == TXN_PROCEEDING;
	if (came && (int64_t)(a->now - l->give_up_at) < 0) {
		cancel_now(l, a->now);
		return;
	}
	tell_canceled(l, a, came ? 487 : 408);
	if (!came)
		return; /* told; the INVITE runs on to Timer B or to a response that wants its CANCEL */
	if (ict)
		txn_abort(ict, a->now);
	leg_free(l, a->now);
}

static void on_final_canceling(struct leg *l, const struct arg *a)
{
	end_canceled(l, a, a->m->status);
}

static void on_timeout_canceling(struct leg *l, const struct arg *a)
{
	end_canceled(l, a, 408);
}

/* ---- final responses */

/* Take the dialog of a 2xx and acknowledge it. NULL, or why that is not possible. */
static const char *take_dialog(struct leg *l, const struct arg *a)
{
	struct sip *s = l->sip;
	const char *reason;
	if (dialog_confirm(&l->dialog, &s->texts, a->m, &reason))
		return reason;
	uac_rehop(l, a->src);
	a->t->won = to_hash(s, a->m);
	return NULL;
}

static void send_ack(struct leg *l, uint64_t now)
{
	struct pkt *p = msgs_ack(l->sip, l);
	if (p && transport_send(l->sip, p, &l->hop, now) == 0)
		sip_count(l->sip, STAT_sip_requests_out);
}

/* ACK, and BYE when a transaction can be had, for a 2xx no leg is kept for. */
static void ack_and_bye(struct sip *s, struct txn *ict, const struct sip_msg *m, const struct ip_sock *src,
    bool bye, uint64_t now)
{
	struct span target = dialog_block_span(ict->text, DIALOG_RURI);
	char set[DIALOG_LONG_BYTES];
	struct buf routes = buf_on(set, sizeof set);
	if (!dialog_contact(m, &target))
		target = dialog_block_span(ict->text, DIALOG_RURI);
	dialog_route_reverse(&routes, m);
	struct ip_sock hop = hop_of(s, target, buf_view(&routes), src);
	struct pkt *p = msgs_from_2xx(s, m, target, NULL);
	if (p && transport_send(s, p, &hop, now) == 0)
		sip_count(s, STAT_sip_requests_out);
	struct txn *t = bye ? txn_open(s, TXN_NICT, SIP_BYE, &hop) : NULL;
	if (!t)
		return;
	t->cseq = LEG_CSEQ_INVITE + 1;
	p = msgs_from_2xx(s, m, target, t);
	if (p)
		(void)!txn_start(t, p, now);
	else
		txn_discard(t);
}

/* A 2xx of another fork: acknowledged and ended, once (§13.2.2.4). Its retransmissions: the ACK again. */
static void on_fork(struct sip *s, struct txn *t, const struct sip_msg *m, const struct ip_sock *src,
    uint64_t tag, uint64_t now)
{
	bool known = false;
	for (int i = 0; i < t->n_forks; i++)
		known |= t->forks[i] == tag;
	if (!known) {
		sip_count(s, STAT_sip_forked_2xx);
		if (t->n_forks < TXN_FORKS_MAX)
			t->forks[t->n_forks++] = tag;
	}
	ack_and_bye(s, t, m, src, !known, now);
}

/* Tell, then hang up: BYE goes out at once or when it can. */
static void end_with_bye(struct leg *l, const struct leg_end *e, uint64_t now)
{
	leg_tell_end(l, e, now);
	leg_clear(l, now);
}

/* A 2xx whose dialog cannot be taken. */
static void refuse_2xx(struct leg *l, const struct arg *a, const char *why)
{
	struct txn *t = a->t;
	t->won = 0;
	on_fork(l->sip, t, a->m, a->src, to_hash(l->sip, a->m), a->now);
	if (l->state == LEG_CANCELING)
		end_canceled(l, a, a->m->status);
	else
		end(l, a, DP_END_PROTOCOL, a->m->status, span_str(why));
}

static bool agree(struct leg *l, const struct arg *a, const char **reason)
{
	struct media_agreed agreed;
	bool early = l->early && l->early_tag == a->t->won;
	if (!a->m->body.len) {
		*reason = "answer without SDP";
		return early; /* the preview was the answer */
	}
	*reason = "answer's body is not SDP";
	if (!uas_is_sdp(a->m) || session_answer(&l->session, a->m->body, &l->sip->sdp, &agreed, reason))
		return false;
	leg_agree(l, &agreed, a->now);
	return true;
}

static void tell_answered(struct leg *l, const struct arg *a)
{
	struct dp_event *e = leg_event(l, DP_EV_ANSWERED, a->now);
	e->sip_status = a->m->status;
	e->codec = l->session.pt;
	e->remote = *a->src;
	leg_event_headers(l->sip, e, a->m);
	event_tell(l->sip, e);
	sip_count(l->sip, STAT_legs_answered);
}

static void on_2xx(struct leg *l, const struct arg *a)
{
	const char *why = take_dialog(l, a);
	if (why) {
		refuse_2xx(l, a, why);
		return;
	}
	wheel_cancel(l->sip->env.wheel, &l->timer);
	l->state = LEG_UP;
	send_ack(l, a->now);
	if (!agree(l, a, &why)) {
		struct leg_end e = {DP_END_MEDIA, 488, span_str(why), NULL, a->src};
		l->bye_status = 488;
		end_with_bye(l, &e, a->now);
		return;
	}
	tell_answered(l, a);
	if (l->early_bye && l->early_bye == a->t->won)
		end(l, a, DP_END_REMOTE_BYE, 0, SPAN("BYE overtook the answer"));
}

/* 200 crossing our CANCEL (§9.1, RFC 5407 §3.1.2): the call is up on the far side and must be ended there. */
static void on_2xx_canceling(struct leg *l, const struct arg *a)
{
	const char *why = take_dialog(l, a);
	if (why) {
		refuse_2xx(l, a, why);
		return;
	}
	send_ack(l, a->now);
	tell_canceled(l, a, a->m->status);
	if (l->early_bye && l->early_bye == a->t->won)
		leg_free(l, a->now);
	else
		leg_clear(l, a->now);
}

/* 2xx again: ACK again for our own, ACK and BYE for another fork's. */
static void on_2xx_up(struct leg *l, const struct arg *a)
{
	uint64_t tag = to_hash(l->sip, a->m);
	if (tag == a->t->won) {
		sip_count(l->sip, STAT_sip_retransmits_in);
		send_ack(l, a->now);
	} else {
		on_fork(l->sip, a->t, a->m, a->src, tag, a->now);
	}
}

static void end_redirected(struct leg *l, const struct arg *a)
{
	char text[256];
	struct buf b = buf_on(text, sizeof text);
	struct span to = sip_msg_val(a->m, SIP_H_CONTACT);
	buf_lit(&b, "redirect refused: ");
	if (to.len > 200)
		to.len = 200;
	buf_span(&b, to.len ? to : SPAN("no Contact"));
	end(l, a, DP_END_REJECTED, a->m->status, buf_view(&b));
}

static void on_final(struct leg *l, const struct arg *a)
{
	uint16_t status = a->m->status;
	struct span words = a->m->reason.len ? a->m->reason : sip_reason_of(status);
	if (status < 400)
		end_redirected(l, a);
	else if (status == 401 || status == 407)
		end(l, a, DP_END_REJECTED, status, SPAN("credentials asked for: they cannot be used yet"));
	else
		end(l, a, DP_END_REJECTED, status, words);
}

static void on_timeout(struct leg *l, const struct arg *a)
{
	sip_count(l->sip, STAT_sip_timeouts);
	end(l, a, DP_END_NO_RESPONSE, 408, SPAN("no response to the INVITE (Timer B)"));
}

static void on_error(struct leg *l, const struct arg *a)
{
	end(l, a, DP_END_TRANSPORT, 0, SPAN("the network says the target cannot be reached"));
}

static void on_error_canceling(struct leg *l, const struct arg *a)
{
	end_canceled(l, a, 0);
}

/* ---- after the answer */

static void on_hangup_up(struct leg *l, const struct arg *a)
{
	struct leg_end e = {
	    a->cause == DP_END_CANCELED ? DP_END_LOCAL_HANGUP : a->cause, 0, SPAN("hung up"), NULL, NULL};
	if (a->cause == DP_END_PROTOCOL)
		e.reason = SPAN("no ACK for our 2xx to a re-INVITE");
	if (a->cause == DP_END_MEDIA)
		e.reason = SPAN("answer in ACK cannot be used");
	l->bye_status = a->status;
	end_with_bye(l, &e, a->now);
}

static void on_bye_up(struct leg *l, const struct arg *a)
{
	end(l, a, DP_END_REMOTE_BYE, 0, SPAN("far side hung up"));
}

/* BYE before its 2xx: the datagrams changed places (RFC 5407 §3.1.5), the 2xx will come again. */
static void on_bye_early(struct leg *l, const struct arg *a)
{
	struct sip_addr from;
	uint32_t off;
	if (sip_addr_parse(&from, sip_msg_val(a->m, SIP_H_FROM), &off) == 0 && from.tag.len)
		l->early_bye = tag_hash(l->sip, from.tag);
}

static void on_bye_clearing(struct leg *l, const struct arg *a)
{
	leg_free(l, a->now);
}

static void on_timer_clearing(struct leg *l, const struct arg *a)
{
	leg_clear(l, a->now);
}

static void nothing(struct leg *l, const struct arg *a)
{
}

/* ---- the table */

static leg_fn *const TABLE[LEG_STATES][LEG_EVENTS] = {
    [LEG_CALLING] =
        {
            [LEG_EV_1XX] = on_1xx,
            [LEG_EV_2XX] = on_2xx,
            [LEG_EV_FINAL] = on_final,
            [LEG_EV_TIMEOUT] = on_timeout,
            [LEG_EV_ERROR] = on_error,
            [LEG_EV_HANGUP] = on_hangup_calling,
            [LEG_EV_TIMER] = on_ring_timeout_calling,
            [LEG_EV_BYE] = on_bye_early,
        },
    [LEG_PROCEEDING] =
        {
            [LEG_EV_1XX] = on_1xx,
            [LEG_EV_2XX] = on_2xx,
            [LEG_EV_FINAL] = on_final,
            [LEG_EV_HANGUP] = on_hangup_proceeding,
            [LEG_EV_TIMER] = on_ring_timeout,
            [LEG_EV_BYE] = on_bye_early,
        },
    [LEG_CANCELING] =
        {
            [LEG_EV_1XX] = on_1xx_canceling,
            [LEG_EV_2XX] = on_2xx_canceling,
            [LEG_EV_FINAL] = on_final_canceling,
            [LEG_EV_TIMEOUT] = on_timeout_canceling,
            [LEG_EV_ERROR] = on_error_canceling,
            [LEG_EV_HANGUP] = nothing,
            [LEG_EV_TIMER] = on_timer_canceling,
            [LEG_EV_BYE] = on_bye_early,
        },
    [LEG_UP] =
        {
            [LEG_EV_2XX] = on_2xx_up,
            [LEG_EV_HANGUP] = on_hangup_up,
            [LEG_EV_BYE] = on_bye_up,
        },
    [LEG_CLEARING] =
        {
            [LEG_EV_2XX] = on_2xx_up,
            [LEG_EV_HANGUP] = nothing,
            [LEG_EV_TIMER] = on_timer_clearing,
            [LEG_EV_BYE] = on_bye_clearing,
        },
};

static void run(struct leg *l, enum leg_event_id ev, const struct arg *a)
{
	leg_fn *fn = TABLE[l->state][ev];
	if (fn)
		fn(l, a);
	else
		sip_count(l->sip, STAT_sip_illegal_event);
}

void uac_timer(struct leg *l, uint64_t now)
{
	run(l, LEG_EV_TIMER, &(struct arg){.now = now});
}

void uac_hangup(struct leg *l, enum dp_end_cause cause, uint16_t sip_status, uint64_t now)
{
	run(l, LEG_EV_HANGUP, &(struct arg){.now = now, .cause = cause, .status = sip_status});
}

void uac_bye(struct leg *l, const struct sip_msg *m, const struct ip_sock *src, uint64_t now)
{
	run(l, LEG_EV_BYE, &(struct arg){.m = m, .src = src, .now = now});
}

/* ---- what transactions tell */

/* A 2xx for an INVITE whose leg has gone: ours again (the BYE went out or came in), or another fork's. */
static void orphan_2xx(struct sip *s, struct txn *t, const struct arg *a)
{
	uint64_t tag = to_hash(s, a->m);
	if (t->won && tag == t->won)
		ack_and_bye(s, t, a->m, a->src, false, a->now);
	else
		on_fork(s, t, a->m, a->src, tag, a->now);
}

static void on_response(
    struct sip *s, struct txn *t, const struct sip_msg *m, const struct ip_sock *src, uint64_t now)
{
	static const enum leg_event_id EVENT[] = {LEG_EV_1XX, LEG_EV_2XX, LEG_EV_FINAL};
	struct arg a = {.t = t, .m = m, .src = src, .now = now};
	struct leg *l = leg_at(s, t->leg);
	if (t->fsm.kind != TXN_ICT)
		return; /* CANCEL and BYE: whatever they say, the call is over */
	if (l)
		run(l, EVENT[m->status < 200 ? 0 : m->status < 300 ? 1 : 2], &a);
	else if (m->status / 100 == 2)
		orphan_2xx(s, t, &a);
}

static void on_txn_timeout(struct sip *s, struct txn *t, uint64_t now)
{
	struct leg *l = leg_at(s, t->leg);
	if (t->fsm.kind == TXN_NICT)
		sip_count(s, STAT_sip_timeouts);
	if (!l)
		return;
	if (t->fsm.kind == TXN_IST)
		uac_hangup(l, DP_END_PROTOCOL, 408, now);
	else if (t->fsm.kind == TXN_ICT)
		run(l, LEG_EV_TIMEOUT, &(struct arg){.t = t, .now = now});
}

static void on_txn_failed(struct sip *s, struct txn *t, uint64_t now)
{
	struct leg *l = leg_at(s, t->leg);
	if (l && t->fsm.kind == TXN_ICT)
		run(l, LEG_EV_ERROR, &(struct arg){.t = t, .now = now});
}

static void on_txn_gone(struct sip *s, struct txn *t)
{
	struct leg *l = leg_at(s, t->leg);
	uint32_t idx = txn_index(s, t);
	if (l && l->ict == idx)
		l->ict = TXN_NO_INDEX;
	if (l && l->ist == idx)
		l->ist = TXN_NO_INDEX;
}

static void on_ack_failure(struct sip *s, struct txn *t, const struct sip_msg *m, uint64_t now)
{
	struct pkt *p = msgs_ack_failure(s, t, m);
	if (p && transport_send(s, p, &t->remote, now) == 0)
		sip_count(s, STAT_sip_requests_out);
}

const struct txn_user uac_txn_user = {
    .response = on_response,
    .timeout = on_txn_timeout,
    .failed = on_txn_failed,
    .gone = on_txn_gone,
    .ack = on_ack_failure,
};
