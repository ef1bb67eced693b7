/* SPDX-License-Identifier: Apache-2.0 */
/* A leg as a table of states, and what feeds it: transactions, its timer, commands, BYE. */
#include "dataplane/sip/uac.h"

#include "dataplane/sip/fork.h"
#include "dataplane/sip/reinvite.h"
#include "dataplane/sip/sip_msgs.h"
#include "dataplane/sip/transport.h"
#include "dataplane/sip/uac_core.h"
#include "dataplane/sip/uas_call.h"

/* ---- nothing came */

static void on_timeout(struct leg *l, const struct uac_arg *a)
{
	sip_count(l->sip, STAT_sip_timeouts);
	uac_end(l, a, DP_END_NO_RESPONSE, 408, SPAN("no response to the INVITE (Timer B)"));
}

static void on_error(struct leg *l, const struct uac_arg *a)
{
	struct span why = l->sip->unreachable;
	uac_end(l, a, DP_END_TRANSPORT, 0, why.len ? why : SPAN("there is no way to the target"));
}

/* ---- after the answer */

static void on_hangup_up(struct leg *l, const struct uac_arg *a)
{
	struct leg_end e = {
	    a->cause == DP_END_CANCELED ? DP_END_LOCAL_HANGUP : a->cause, 0, SPAN("hung up"), NULL, NULL};
	if (a->cause == DP_END_PROTOCOL)
		e.reason = SPAN("no ACK for our 2xx");
	if (a->cause == DP_END_NO_RESPONSE)
		e.reason = SPAN("the far side has no such call any more: re-INVITE or session timer (RFC 4028)");
	if (a->cause == DP_END_MEDIA)
		e.reason = SPAN("answer in ACK cannot be used");
	l->bye_status = a->status;
	uac_end_with_bye(l, &e, a->now);
}

static void on_bye_up(struct leg *l, const struct uac_arg *a)
{
	uac_end(l, a, DP_END_REMOTE_BYE, 0, SPAN(""));
}

/* BYE before its 2xx: the datagrams changed places (RFC 5407 §3.1.5), the 2xx will come again. */
static void on_bye_early(struct leg *l, const struct uac_arg *a)
{
	struct span from = msg_from_tag(a->h);
	if (from.len)
		l->early_bye = (uint32_t)uac_tag_hash(l->sip, from);
}

static void on_bye_clearing(struct leg *l, const struct uac_arg *a)
{
	leg_free(l, a->now);
}

static void on_timer_clearing(struct leg *l, const struct uac_arg *a)
{
	leg_clear(l, a->now);
}

static void on_timer_up(struct leg *l, const struct uac_arg *a)
{
	reinvite_timer(l, a->now);
}

static void nothing(struct leg *l, const struct uac_arg *a)
{
}

/* ---- the table */

static uac_fn *const TABLE[LEG_STATES][UAC_EVENTS] = {
    [LEG_CALLING] =
        {
            [UAC_EV_1XX] = uac_on_1xx,
            [UAC_EV_2XX] = uac_on_2xx,
            [UAC_EV_FINAL] = uac_on_final,
            [UAC_EV_TIMEOUT] = on_timeout,
            [UAC_EV_ERROR] = on_error,
            [UAC_EV_HANGUP] = uac_on_hangup_calling,
            [UAC_EV_TIMER] = uac_on_ring_timeout_calling,
            [UAC_EV_BYE] = on_bye_early,
        },
    [LEG_PROCEEDING] =
        {
            [UAC_EV_1XX] = uac_on_1xx,
            [UAC_EV_2XX] = uac_on_2xx,
            [UAC_EV_FINAL] = uac_on_final,
            [UAC_EV_HANGUP] = uac_on_hangup_proceeding,
            [UAC_EV_TIMER] = uac_on_ring_timeout,
            [UAC_EV_BYE] = on_bye_early,
        },
    [LEG_CANCELING] =
        {
            [UAC_EV_1XX] = uac_on_1xx_canceling,
            [UAC_EV_2XX] = uac_on_2xx_canceling,
            [UAC_EV_FINAL] = uac_on_final_canceling,
            [UAC_EV_TIMEOUT] = uac_on_timeout_canceling,
            [UAC_EV_ERROR] = uac_on_error_canceling,
            [UAC_EV_HANGUP] = nothing,
            [UAC_EV_TIMER] = uac_on_timer_canceling,
            [UAC_EV_BYE] = on_bye_early,
        },
    [LEG_UP] =
        {
            [UAC_EV_2XX] = uac_on_2xx_up,
            [UAC_EV_HANGUP] = on_hangup_up,
            [UAC_EV_TIMER] = on_timer_up,
            [UAC_EV_BYE] = on_bye_up,
        },
    [LEG_CLEARING] =
        {
            [UAC_EV_2XX] = uac_on_2xx_up,
            [UAC_EV_HANGUP] = nothing,
            [UAC_EV_TIMER] = on_timer_clearing,
            [UAC_EV_BYE] = on_bye_clearing,
        },
    [LEG_INCOMING] =
        {
            [UAC_EV_HANGUP] = uas_call_on_hangup,
            [UAC_EV_TIMER] = uas_call_on_timer,
            [UAC_EV_BYE] = uas_call_on_bye,
            [UAC_EV_CANCEL] = uas_call_on_cancel,
        },
    [LEG_REFUSING] =
        {
            [UAC_EV_HANGUP] = nothing,
            [UAC_EV_TIMER] = uas_call_on_timer_refusing,
            [UAC_EV_BYE] = nothing,
            [UAC_EV_CANCEL] = nothing,
        },
};

static void run(struct leg *l, enum uac_event ev, const struct uac_arg *a)
{
	uac_fn *fn = TABLE[l->state][ev];
	if (fn)
		fn(l, a);
	else
		sip_count(l->sip, STAT_sip_illegal_event);
}

void uac_timer(struct leg *l, uint64_t now)
{
	run(l, UAC_EV_TIMER, &(struct uac_arg){.now = now});
}

void uac_hangup(struct leg *l, enum dp_end_cause cause, uint16_t sip_status, uint64_t now)
{
	run(l, UAC_EV_HANGUP, &(struct uac_arg){.now = now, .cause = cause, .status = sip_status});
}

static struct uac_arg arg_of(const struct msg_in *h, struct txn *t)
{
	return (struct uac_arg){.t = t, .h = h, .m = h->m, .src = h->src, .now = h->now};
}

void uac_2xx_again(struct leg *l, const struct msg_in *h)
{
	struct uac_arg a = arg_of(h, NULL);
	run(l, UAC_EV_2XX, &a);
}

void uac_bye(struct leg *l, const struct msg_in *h)
{
	struct uac_arg a = arg_of(h, NULL);
	run(l, UAC_EV_BYE, &a);
}

void uac_cancel(struct leg *l, const struct msg_in *h)
{
	struct uac_arg a = arg_of(h, NULL);
	run(l, UAC_EV_CANCEL, &a);
}

/* ---- what transactions tell */

/* Nothing more is wanted of a transaction after its final response: what a peer sends again finds no transaction and is
 * absorbed by its token (fork.c), a 2xx by its leg. Only a refused INVITE stays, to repeat its ACK (§17.1.1.2). */
static bool on_response(struct sip *s, struct txn *t, const struct msg_in *h)
{
	static const enum uac_event EVENT[] = {UAC_EV_1XX, UAC_EV_2XX, UAC_EV_FINAL};
	struct uac_arg a = arg_of(h, t);
	uint16_t status = h->m->status;
	bool is_2xx = status / 100 == 2;
	struct leg *l = leg_at(s, t->leg);
	if (t->fsm.kind != TXN_ICT) {
		if (status >= 200 && t->method == SIP_OPTIONS)
			ping_done(s, t, h->src, status, SPAN(""), h->now);
		if (status >= 200 && l && l->bye == txn_index(s, t))
			leg_bye_done(l, h, h->now);
		return status >= 200; /* CANCEL and BYE: whatever else they say, the call is over */
	}
	if (l && l->reinvite == txn_index(s, t))
		reinvite_response(l, t, h);
	else if (l)
		run(l, EVENT[status < 200 ? 0 : is_2xx ? 1 : 2], &a);
	else if (is_2xx)
		fork_2xx(s, h);
	return is_2xx;
}

/* Timer H of our 2xx: the call is over, and now it may be said by BYE (§13.3.1.4, §15). */
static void on_no_ack(struct leg *l, uint64_t now)
{
	l->unacked = false;
	if (l->state == LEG_CLEARING)
		leg_clear(l, now);
	else
		uac_hangup(l, DP_END_PROTOCOL, 408, now);
}

static void on_txn_timeout(struct sip *s, struct txn *t, uint64_t now)
{
	struct leg *l = leg_at(s, t->leg);
	if (t->fsm.kind == TXN_NICT)
		sip_count(s, STAT_sip_timeouts);
	if (t->method == SIP_OPTIONS && t->fsm.kind == TXN_NICT)
		ping_done(s, t, NULL, 0, SPAN("no response (Timer F)"), now);
	if (!l)
		return;
	if (t->fsm.kind == TXN_IST)
		on_no_ack(l, now);
	else if (l->bye == txn_index(s, t))
		leg_bye_done(l, NULL, now);
	else if (l->reinvite == txn_index(s, t))
		reinvite_lost(l, now);
	else if (t->fsm.kind == TXN_ICT)
		run(l, UAC_EV_TIMEOUT, &(struct uac_arg){.t = t, .now = now});
}

static void on_txn_failed(struct sip *s, struct txn *t, uint64_t now)
{
	struct leg *l = leg_at(s, t->leg);
	if (t->method == SIP_OPTIONS && t->fsm.kind == TXN_NICT)
		ping_done(s, t, NULL, 0,
		    s->unreachable.len ? s->unreachable : SPAN("there is no way to the target"), now);
	else if (l && l->bye == txn_index(s, t))
		leg_bye_done(l, NULL, now);
	else if (l && l->reinvite == txn_index(s, t))
		reinvite_lost(l, now);
	else if (l && t->fsm.kind == TXN_ICT)
		run(l, UAC_EV_ERROR, &(struct uac_arg){.t = t, .now = now});
}

static void on_txn_moved(struct sip *s, struct txn *t)
{
	struct leg *l = leg_at(s, t->leg);
	if (l)
		l->hop.transport = DP_UDP;
}

static void on_txn_gone(struct sip *s, struct txn *t)
{
	struct leg *l = leg_at(s, t->leg);
	uint32_t idx = txn_index(s, t);
	if (l && l->ict == idx)
		l->ict = TXN_NO_INDEX;
	if (l && l->ist == idx)
		l->ist = TXN_NO_INDEX;
	if (l && l->bye == idx)
		l->bye = TXN_NO_INDEX;
	if (l && l->reinvite == idx)
		l->reinvite = TXN_NO_INDEX;
}

static void on_ack_failure(struct sip *s, struct txn *t, const struct msg_in *h)
{
	struct pkt *p = msgs_ack_failure(s, t, h->m);
	if (p && transport_send(s, p, &t->remote, t->name, h->now) == 0)
		sip_count(s, STAT_sip_requests_out);
}

const struct txn_user uac_txn_user = {
    .response = on_response,
    .timeout = on_txn_timeout,
    .failed = on_txn_failed,
    .moved = on_txn_moved,
    .gone = on_txn_gone,
    .ack = on_ack_failure,
};
