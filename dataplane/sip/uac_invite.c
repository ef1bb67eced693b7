/* SPDX-License-Identifier: Apache-2.0 */
/* From ORIGINATE to the first final response: the INVITE, its provisionals, CANCEL (RFC 3261 §13.2, §9.1). */
#include "dataplane/sip/conns.h"
#include "dataplane/sip/sip_msgs.h"
#include "dataplane/sip/transport.h"
#include "dataplane/sip/uac_check.h"
#include "dataplane/sip/uac_core.h"
#include "dataplane/sip/uas.h"

#include <errno.h>

#define NS_PER_MS       1000000ull
#define RING_CAP_NS     (190 * 1000 * NS_PER_MS) /* no ring timeout asked for: beyond Timer C (§16.6, 3 min) */
#define PROGRESSES_MAX  32
#define UDP_REQUEST_MAX 1300u /* §18.1.1, where the path MTU is not known */

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
	       dialog_set(&l->dialog, p, DIALOG_SID, dp_cmd_span(c, c->orig.call_sid)) &&
	       (c->orig.transport != DP_TLS ||
	           dialog_set(&l->dialog, p, DIALOG_TLS, dp_cmd_span(c, c->orig.tls_name)));
}

static void tell_started(struct leg *l, uint64_t now)
{
	char uri[512], room[IDENT_LEN];
	struct buf local = buf_on(uri, sizeof uri);
	bool bad = false;
	struct dp_event *e = leg_event(l, DP_EV_STARTED, now);
	msgs_local_uri(l->sip, l, &local);
	e->remote = l->hop;
	e->sip_call_id = dp_event_text(e, dialog_call_id(&l->dialog, room), &bad);
	e->local_uri = dp_event_text(e, buf_view(&local), &bad);
	e->remote_uri = dp_event_text(e, dialog_span(&l->dialog, DIALOG_RURI), &bad);
	if (bad)
		sip_count(l->sip, STAT_ev_text_lost);
	event_tell(l->sip, e);
}

/* NULL: the pool is empty. */
static struct txn *open_invite(struct leg *l)
{
	struct txn *t = txn_open(l->sip, TXN_ICT, SIP_INVITE, &l->hop);
	if (!t)
		return NULL;
	if (l->hop.transport == DP_TLS)
		t->name = conns_name(l->sip, dialog_span(&l->dialog, DIALOG_TLS));
	t->cseq = l->invite_cseq;
	t->leg = leg_index(l);
	t->text = dialog_block_get(l->dialog.text);
	l->ict = txn_index(l->sip, t);
	return t;
}

/* What a leg needs before its INVITE can be written. A static text when a pool is empty. */
static const char *equip(struct leg *l, const struct dp_cmd *c, struct txn **t, uint64_t now)
{
	struct sip *s = l->sip;
	l->hop = c->orig.target;
	l->hop.transport = c->orig.transport & 3u;
	l->hop.via = 0;
	l->flow = l->hop;
	l->dialog.local_cseq = l->invite_cseq = LEG_CSEQ_INVITE;
	if (!keep_text(l, c))
		return "no room for the text of the call";
	if (c->orig.auth_user.len && !(l->auth = auth_open(&s->auths, c)))
		return "no room for credentials";
	l->media = media_open(s->env.media, l->hop.a.fam, now);
	if (l->media == MEDIA_NONE)
		return "no free RTP port";
	session_init(&l->session, l->session.id, media_port(s->env.media, l->media), c->orig.codecs);
	*t = open_invite(l);
	return *t ? NULL : "no free transaction";
}

static void arm_ring(struct leg *l, const struct dp_cmd *c, uint64_t now)
{
	uint64_t first = now + c->orig.first_response_ms * NS_PER_MS;
	l->ring_cap = c->orig.ring_timeout_ms == 0;
	l->until = now + (l->ring_cap ? RING_CAP_NS : c->orig.ring_timeout_ms * NS_PER_MS);
	l->hasty = c->orig.first_response_ms && sip_before(first, l->until);
	uac_set_timer(l, l->hasty ? first : l->until);
}

/* The target is alive. */
static void no_haste(struct leg *l)
{
	if (l->hasty)
		uac_set_timer(l, l->until);
	l->hasty = false;
}

static struct pkt *write_invite(struct leg *l, const struct txn *t, struct msgs_invite say, uint32_t *limit)
{
	char text[SESSION_SDP_MAX];
	struct buf sdp = buf_on(text, sizeof text);
	const struct ip_addr own = media_addr(l->sip->env.media, l->media);
	session_offer(&l->session, &own, &sdp);
	say.sdp = buf_view(&sdp);
	return msgs_invite(l->sip, l, t, &say, limit);
}

/* Too long for UDP (§18.1.1): by TCP, as it is, or (NULL with words) not at all. */
static struct pkt *by_tcp(struct leg *l, struct txn *t, enum dp_size_policy policy, struct msgs_invite say,
    struct pkt *p, const char **words)
{
	uint32_t limit;
	if (policy == DP_SIZE_FRAGMENT || (policy == DP_SIZE_TCP_FIRST && !l->sip->conns))
		return p;
	pkt_put(p);
	*words = "INVITE is longer than 1300 bytes, which UDP may carry (size policy: reject)";
	if (policy == DP_SIZE_REJECT)
		return NULL;
	l->hop.transport = l->flow.transport = t->remote.transport = DP_TCP;
	t->fsm.reliable = t->or_udp = true;
	*words = NULL;
	return write_invite(l, t, say, &limit);
}

/* NULL with *words (of an impossible INVITE) or without (no buffer). */
static struct pkt *first_invite(
    struct leg *l, struct txn *t, const struct dp_cmd *c, struct buf *w, const char **words)
{
	struct msgs_invite say = {dp_cmd_span(c, c->orig.account_sid), dp_cmd_span(c, c->orig.headers), {0}};
	uint32_t limit = 0;
	struct pkt *p = write_invite(l, t, say, &limit);
	if (p && p->len > UDP_REQUEST_MAX && t->remote.transport == DP_UDP)
		p = by_tcp(l, t, (enum dp_size_policy)c->orig.size_policy, say, p, words);
	if (!limit)
		return p;
	buf_lit(w, "INVITE does not fit into one packet buffer: limit in bytes ");
	buf_u32(w, limit);
	buf_chr(w, 0);
	*words = w->p;
	return p;
}

/* 0, or why nothing can be sent, as transport_words knows it; the transaction is gone then. */
static int start_invite(struct leg *l, struct txn *t, struct pkt *p, uint64_t now)
{
	struct sip *s = l->sip;
	int rc = 0;
	if (t->remote.transport)
		rc = conns_have(s, &t->remote, dialog_span(&l->dialog, DIALOG_TLS), now);
	if (rc == 0)
		return txn_start(t, p, now);
	pkt_put(p);
	txn_discard(t);
	return rc;
}

/* Write and send the INVITE. False: the leg has been refused and is gone. */
static bool send_invite(struct leg *l, struct txn *t, const struct dp_cmd *c, uint64_t now)
{
	struct sip *s = l->sip;
	char room[96];
	const char *words = NULL;
	struct buf w = buf_on(room, sizeof room);
	struct pkt *p = first_invite(l, t, c, &w, &words);
	int rc = p ? start_invite(l, t, p, now) : 0;
	if (p && rc == 0)
		return true;
	const struct ip_sock to = l->hop;
	if (!p)
		txn_discard(t);
	leg_free(l, now);
	if (words)
		refuse(s, c, DP_END_BAD_COMMAND, 0, span_str(words), now);
	else if (!p)
		refuse(s, c, DP_END_CAPACITY, 503, SPAN("no free packet buffer"), now);
	else if (rc == -ENOSPC)
		refuse(s, c, DP_END_CAPACITY, 503, transport_words(&to, rc), now);
	else
		refuse(s, c, DP_END_TRANSPORT, 0, transport_words(&to, rc), now);
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
	struct leg *l = leg_open(s, c->cookie, &c->orig.target);
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

/* The refused transaction stays alone for its Timer D; the new one has the leg. */
bool uac_invite_again(struct leg *l, const struct uac_arg *a, const char **words)
{
	struct msgs_invite say = {auth_account(l->auth), auth_headers(l->auth), {0}};
	uint32_t limit;
	no_haste(l);
	a->t->leg = l->ict = TXN_NO_INDEX;
	l->invite_cseq = ++l->dialog.local_cseq;
	struct txn *t = open_invite(l);
	*words = "no free transaction for the INVITE with credentials";
	if (!t)
		return false;
	struct pkt *p = write_invite(l, t, say, &limit);
	*words = limit ? "the INVITE with credentials does not fit into one packet buffer"
	               : "no free packet buffer";
	if (!p) {
		txn_discard(t);
		return false;
	}
	l->state = LEG_CALLING;
	const struct ip_sock to = t->remote;
	int rc = start_invite(l, t, p, a->now);
	if (rc)
		*words = transport_words(&to, rc).p;
	return rc == 0;
}

/* ---- provisional responses */

/* SDP in a provisional is the answer, or a preview of it (§13.2.1): media may flow before the 2xx. */
static bool early_media(struct leg *l, const struct msg_in *h)
{
	const struct sip_msg *m = h->m;
	struct media_agreed agreed;
	const char *reason;
	if (!m->body.len || !msg_to_tag(h).len || !uas_is_sdp(m) ||
	    session_answer(&l->session, m->body, &l->sip->sdp, &agreed, &reason))
		return false;
	l->early_tag = (uint32_t)uac_to_hash(l->sip, h);
	l->early = true;
	leg_agree(l, &agreed, h->now);
	return true;
}

static void tell_progress(struct leg *l, const struct uac_arg *a)
{
	bool media = early_media(l, a->h);
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

void uac_on_1xx(struct leg *l, const struct uac_arg *a)
{
	l->state = LEG_PROCEEDING;
	no_haste(l);
	if (a->m->status == 100)
		return;
	l->progressed = true;
	if (l->ring_cap)
		uac_set_timer(l, a->now + RING_CAP_NS);
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
	t->name = ict->name;
	if (t->remote.transport)
		(void)!conns_have(s, &t->remote, dialog_span(&l->dialog, DIALOG_TLS), now);
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
	ict->canceled = true;
	l->cancel_sent = true;
	(void)!txn_start(t, p, now); /* unreachable: the leg's patience ends it */
	return true;
}

static void cancel_now(struct leg *l, uint64_t now)
{
	struct sip *s = l->sip;
	if (!l->until)
		l->until = now + 64 * s->times.t1;
	if (send_cancel(l, now))
		uac_set_timer(l, l->until); /* §9.1: no final within 64*T1 is as good as one */
	else
		uac_set_timer(l, now + s->times.t1);
}

static void ask_end(struct leg *l, const struct uac_arg *a)
{
	l->why = (uint8_t)a->cause;
	l->bye_status = a->status;
	l->state = LEG_CANCELING;
	l->until = 0;
}

/* Nothing has come yet, so no CANCEL may be sent (§9.1). Control need not wait for a target that is dead. */
void uac_on_hangup_calling(struct leg *l, const struct uac_arg *a)
{
	ask_end(l, a);
	uac_set_timer(l, a->now + l->sip->times.t2);
}

void uac_tell_canceled(struct leg *l, const struct uac_arg *a, uint16_t status)
{
	bool ring = l->why == DP_END_RING_TIMEOUT;
	struct leg_end e = {(enum dp_end_cause)l->why, status,
	    ring ? SPAN("nobody answered within the ring timeout") : SPAN("canceled"), a->m, a->src};
	leg_tell_end(l, &e, a->now);
}

void uac_end_canceled(struct leg *l, const struct uac_arg *a, uint16_t status)
{
	uac_tell_canceled(l, a, status);
	leg_free(l, a->now);
}

/* Control tries another target: this one hears no more of the call, and is cancelled when it should wake up all the same. */
static void give_target_up(struct leg *l, const struct uac_arg *a)
{
	struct txn *ict = txn_at(l->sip, l->ict);
	struct leg_end e = {
	    DP_END_NO_RESPONSE, 408, SPAN("no response within the time for a first one"), NULL, NULL};
	sip_count(l->sip, STAT_sip_first_timeouts);
	leg_tell_end(l, &e, a->now);
	if (ict)
		txn_mute(ict);
}

void uac_on_ring_timeout_calling(struct leg *l, const struct uac_arg *a)
{
	struct uac_arg ring = *a;
	ring.cause = l->hasty ? DP_END_NO_RESPONSE : DP_END_RING_TIMEOUT;
	ask_end(l, &ring);
	if (l->hasty)
		give_target_up(l, a);
	else
		uac_tell_canceled(l, a, 408);
}

void uac_on_hangup_proceeding(struct leg *l, const struct uac_arg *a)
{
	ask_end(l, a);
	cancel_now(l, a->now);
}

void uac_on_ring_timeout(struct leg *l, const struct uac_arg *a)
{
	struct uac_arg ring = *a;
	ring.cause = DP_END_RING_TIMEOUT;
	uac_on_hangup_proceeding(l, &ring);
}

void uac_on_1xx_canceling(struct leg *l, const struct uac_arg *a)
{
	l->progressed |= a->m->status > 100;
	if (!l->cancel_sent)
		cancel_now(l, a->now);
}

void uac_on_timer_canceling(struct leg *l, const struct uac_arg *a)
{
	struct txn *ict = txn_at(l->sip, l->ict);
	bool came = ict && ict->fsm.state == TXN_PROCEEDING;
	if (came && (!l->cancel_sent || sip_before(a->now, l->until))) {
		cancel_now(l, a->now);
		return;
	}
	uac_tell_canceled(l, a, came ? 487 : 408);
	if (!came)
		return; /* told; the INVITE runs on to Timer B or to a response that wants its CANCEL */
	if (ict)
		txn_abort(ict, a->now);
	leg_free(l, a->now);
}

void uac_on_final_canceling(struct leg *l, const struct uac_arg *a)
{
	uac_end_canceled(l, a, a->m->status);
}

void uac_on_timeout_canceling(struct leg *l, const struct uac_arg *a)
{
	uac_end_canceled(l, a, 408);
}

void uac_on_error_canceling(struct leg *l, const struct uac_arg *a)
{
	uac_end_canceled(l, a, 0);
}
