/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sip/reinvite.h"

#include "dataplane/sip/sip_msgs.h"
#include "dataplane/sip/transport.h"
#include "dataplane/sip/uac.h"
#include "dataplane/sip/uas.h"

#define NS_PER_S  1000000000ull
#define NS_PER_MS 1000000ull
#define TRIES_MAX 8u

bool reinvite_under_way(const struct leg *l)
{
	return l->reinvite != TXN_NO_INDEX;
}

/* ---- the timers of a leg that is up: 0 = not set */

static uint64_t first(uint64_t a, uint64_t b)
{
	return !a ? b : !b || sip_before(a, b) ? a : b;
}

static void arm(struct leg *l)
{
	uint64_t at = first(first(l->again_at, l->refresh_at), l->expire_at);
	if (l->state != LEG_UP)
		return;
	if (at)
		wheel_arm(l->sip->env.wheel, &l->timer, at, l->timer.fn);
	else
		wheel_cancel(l->sip->env.wheel, &l->timer);
}

static bool due(const uint64_t *at, uint64_t now)
{
	return *at && !sip_before(now, *at);
}

/* §10: who refreshes does so at half time, who waits ends the call a little before the end. */
void reinvite_session(struct leg *l, const struct session_timer *t, uint64_t now)
{
	uint64_t third = t->seconds / 3, margin = third < 32 ? third : 32;
	l->refresh_at = t->seconds && t->ours ? now + t->seconds * NS_PER_S / 2 : 0;
	l->expire_at = t->seconds ? now + (t->seconds - margin) * NS_PER_S : 0;
	l->session_s = t->seconds;
	l->refreshes = t->ours;
	arm(l);
}

/* ---- asking */

/* What the far side may be offered: what its peer wishes, everything when it has none. */
static uint8_t wanted_dir(const struct leg *l)
{
	const struct leg *p = leg_of(l->sip, l->peer);
	if (!p || p->state != LEG_UP)
		return SESSION_BOTH;
	return (uint8_t)((p->session.wish & SESSION_RECV ? SESSION_SEND : 0) |
	                 (p->session.wish & SESSION_SEND ? SESSION_RECV : 0));
}

static bool busy(const struct leg *l)
{
	const struct txn *ist = txn_at(l->sip, l->ist);
	return reinvite_under_way(l) || l->unacked || (ist && ist->fsm.state == TXN_ACCEPTED);
}

static struct pkt *make(struct leg *l, const struct txn *t, uint8_t dir)
{
	struct sip *s = l->sip;
	char text[SESSION_SDP_MAX], more[96];
	struct buf sdp = buf_on(text, sizeof text), b = buf_on(more, sizeof more);
	const struct ip_addr own = media_addr(s->env.media, l->media);
	const struct session_timer timer = {.seconds = l->session_s, .ours = l->refreshes};
	session_offer_dir(&l->session, &own, dir, &sdp);
	session_timer_put_request(&timer, &b);
	return msgs_reinvite(s, l, t, buf_view(&b), buf_view(&sdp));
}

static bool send_reinvite(struct leg *l, uint8_t dir, uint64_t now)
{
	struct sip *s = l->sip;
	struct leg_way way = leg_way(l, now);
	struct txn *t = txn_open(s, TXN_ICT, SIP_INVITE, &way.to);
	if (!t)
		return false;
	t->name = way.name;
	t->cseq = l->dialog.local_cseq + 1;
	t->leg = leg_index(l);
	t->in_dialog = true;
	t->text = dialog_block_get(l->dialog.text);
	struct pkt *p = make(l, t, dir);
	if (!p) {
		txn_discard(t);
		return false;
	}
	l->dialog.local_cseq++;
	l->reinvite = txn_index(s, t);
	l->asked = dir;
	if (txn_start(t, p, now) == 0)
		return true;
	l->reinvite = TXN_NO_INDEX;
	return false;
}

/* Busy, or no room: again in a while. */
static void ask(struct leg *l, uint8_t dir, uint64_t now)
{
	if (!busy(l) && send_reinvite(l, dir, now)) {
		l->again_at = now + 64 * l->sip->times.t1 + l->sip->times.t2; /* patience with provisionals */
	} else if (!reinvite_under_way(l)) {
		l->again_at = now + l->sip->times.t1;
	}
	arm(l);
}

void reinvite_sync(struct leg *l, uint64_t now)
{
	uint8_t dir = wanted_dir(l);
	if (l->state != LEG_UP || l->told || l->media == MEDIA_NONE || l->again_at || dir == l->session.limit)
		return;
	l->tries = 0;
	ask(l, dir, now);
}

/* ---- what comes back */

static void finished(struct leg *l)
{
	struct txn *t = txn_at(l->sip, l->reinvite);
	if (t)
		t->leg = TXN_NO_INDEX;
	l->reinvite = TXN_NO_INDEX;
	l->again_at = 0;
}

static void on_2xx(struct leg *l, const struct msg_in *h)
{
	struct media_agreed agreed;
	struct session_timer timer;
	const char *why;
	uint8_t asked = l->asked;
	finished(l);
	if (l->auth)
		auth_begin(l->auth);
	if (dialog_refresh(&l->dialog, &l->sip->texts, h))
		uac_rehop(l, h->src);
	uac_ack_again(l, h);
	session_timer_answered(&timer, h->m);
	reinvite_session(l, &timer, h->now);
	if (uas_is_sdp(h->m) &&
	    session_answer_dir(&l->session, h->m->body, &l->sip->sdp, asked, &agreed, &why) == 0)
		leg_agree(l, &agreed, h->now);
	l->session.limit = asked; /* whatever it made of it, it has been told */
	reinvite_sync(l, h->now);
}

/* §14.1: who made the Call-ID waits longer, so that the other one comes first. */
static void back_off(struct leg *l, uint64_t now)
{
	uint64_t r = sip_random(l->sip);
	uint64_t ms = l->dialog.uas ? r % 200 * 10 : 2100 + r % 191 * 10;
	l->again_at = now + (ms ? ms : 10) * NS_PER_MS;
}

static void refused(struct leg *l, const struct msg_in *h)
{
	uint32_t min = h->m->status == 422 ? session_timer_min(h->m) : 0;
	finished(l);
	if (l->auth)
		auth_begin(l->auth);
	l->refresh_wanted = h->m->status == 491 || min > l->session_s;
	if (++l->tries > TRIES_MAX)
		l->session.limit = l->asked; /* enough: it stays as it is */
	else if (h->m->status == 491)
		back_off(l, h->now);
	else if (min > l->session_s) {
		l->session_s = min;
		l->again_at = h->now + NS_PER_MS;
	} else {
		l->session.limit = l->asked;
	}
	arm(l);
}

void reinvite_lost(struct leg *l, uint64_t now)
{
	finished(l);
	uac_hangup(l, DP_END_NO_RESPONSE, 408, now);
}

static bool challenged(struct leg *l, const struct msg_in *h)
{
	return l->auth && (h->m->status == 401 || h->m->status == 407) && leg_challenged(l, h, true) == NULL;
}

static void ask_with_credentials(struct leg *l, const struct msg_in *h)
{
	finished(l);
	ask(l, l->asked, h->now);
}

void reinvite_response(struct leg *l, struct txn *t, const struct msg_in *h)
{
	uint16_t status = h->m->status;
	if (l->state != LEG_UP || status < 200)
		return;
	if (status < 300)
		on_2xx(l, h);
	else if (challenged(l, h))
		ask_with_credentials(l, h);
	else if (status == 481 || status == 408)
		reinvite_lost(l, h->now); /* §14.1: the far side has no such call any more */
	else
		refused(l, h);
}

void reinvite_drop(struct leg *l, uint64_t now)
{
	struct txn *t = txn_at(l->sip, l->reinvite);
	l->reinvite = TXN_NO_INDEX;
	if (!t)
		return;
	t->leg = TXN_NO_INDEX;
	txn_abort(t, now);
}

/* ---- time */

static void on_again(struct leg *l, uint64_t now)
{
	l->again_at = 0;
	if (reinvite_under_way(l)) { /* provisionals, but no final response */
		reinvite_drop(l, now);
		l->session.limit = l->asked;
	} else if (l->refresh_wanted || wanted_dir(l) != l->session.limit) {
		l->refresh_wanted = false;
		ask(l, wanted_dir(l), now);
	}
}

static void on_refresh(struct leg *l, uint64_t now)
{
	l->refresh_at = 0;
	l->refresh_wanted = busy(l);
	l->tries = 0;
	ask(l, wanted_dir(l), now);
}

void reinvite_timer(struct leg *l, uint64_t now)
{
	if (due(&l->expire_at, now)) {
		l->expire_at = 0;
		uac_hangup(l, DP_END_NO_RESPONSE, 408, now);
		return;
	}
	if (due(&l->refresh_at, now))
		on_refresh(l, now);
	else if (due(&l->again_at, now))
		on_again(l, now);
	arm(l);
}
