/* SPDX-License-Identifier: Apache-2.0 */
/* Requests outside of any dialog of ours. No transaction, no timer, but for a call that is taken (uas_call): the same
 * request gets the same answer each time it comes. INVITEs leave one fixed-size mark behind, so that the same call arriving on a second path can
 * be told from its retransmission (§8.2.2.2); the oldest mark of a set gives way. */
#include "dataplane/sip/session_timer.h"
#include "dataplane/sip/transport.h"
#include "dataplane/sip/uas_call.h"
#include "dataplane/sip/uas_core.h"
#include "sip-parser/sip_via.h"

#include <errno.h>
#include <stdlib.h>

#define WAYS 4

struct guest_mark {
	uint64_t call;   /* keyed hash of From tag, Call-ID, CSeq */
	uint64_t branch; /* key of its server transaction */
	uint64_t until;  /* ns; past = empty */
	bool taken;      /* it became a call */
	bool refused;    /* it was refused for want of room: the same again gets the same answer */
};

struct guest {
	struct guest_mark way[WAYS];
};

int uas_guests_init(struct sip *s, uint32_t size)
{
	s->guest_sets = 64;
	while (s->guest_sets * WAYS < size && s->guest_sets < 1u << 16)
		s->guest_sets *= 2;
	s->guests = calloc(s->guest_sets, sizeof *s->guests);
	return s->guests ? 0 : -ENOMEM;
}

void uas_guests_fini(struct sip *s)
{
	free(s->guests);
	s->guests = NULL;
}

static uint64_t call_hash(const struct ask *a)
{
	uint64_t h[3] = {hash_span(&a->s->key, msg_from_tag(a->h)),
	    hash_span(&a->s->key, sip_at(a->m, a->h->c->call_id)), a->h->c->cseq};
	return hash_bytes(&a->s->key, h, sizeof h);
}

/* The mark of this INVITE, made when there is none. Of two that might give way, a call's stays. */
static struct guest_mark *mark_of(const struct ask *a, uint64_t h)
{
	struct guest *g = &a->s->guests[h & (a->s->guest_sets - 1)];
	struct guest_mark *victim = &g->way[0];
	for (int i = 0; i < WAYS; i++) {
		struct guest_mark *w = &g->way[i];
		bool live = sip_before(a->now, w->until);
		if (live && w->call == h)
			return w;
		bool taken = live && w->taken, older = sip_before(w->until, victim->until);
		bool kept = sip_before(a->now, victim->until) && victim->taken;
		if (taken == kept ? older : kept)
			victim = w;
	}
	*victim = (struct guest_mark){h, a->key, a->now + 64 * a->s->times.t1, false, false};
	return victim;
}

static void refuse(
    const struct ask *a, uint16_t status, struct span reason, enum msgs_extra extra, enum stat_id id)
{
	sip_count(a->s, id);
	msgs_refuse(a->s, a->m, a->src, status, reason, extra, a->now);
}

/* A call, if its source may make one. Its INVITE may come once more when nothing else is left of the call. */
static void begin_call(const struct ask *a, struct guest_mark *w)
{
	if (w->taken) {
		sip_count(a->s, STAT_sip_retransmits_in);
	} else if (w->refused) {
		refuse(a, 503, SPAN(""), MSGS_RETRY, STAT_sip_invites_full);
	} else {
		uint16_t status = uas_call_new(a);
		w->taken = status == 0;
		w->refused = status == 503;
	}
}

/* The message went out from here: our Call-ID, or one of our branches in any Via. */
static bool is_loop(const struct ask *a)
{
	struct ident id;
	struct sip_via v;
	uint32_t off;
	if (ident_read(&id, &a->s->key, IDENT_CALL_ID, sip_msg_val(a->m, SIP_H_CALL_ID)))
		return true;
	for (const struct sip_hdr *h = sip_msg_hdr(a->m, SIP_H_VIA); h; h = sip_msg_hdr_next(a->m, h)) {
		struct span rest = sip_hdr_val(a->m, h), elem;
		while (sip_list_next(&rest, &elem))
			if (sip_via_parse(&v, elem, &off) == 0 &&
			    ident_read_branch(&id, &a->s->key, v.branch))
				return true;
	}
	return false;
}

static bool unknown_scheme(const struct msg_in *h)
{
	return h->c->ruri.kind != SIP_URI_SIP && h->c->ruri.kind != SIP_URI_SIPS;
}

static void on_invite(const struct ask *a)
{
	struct guest_mark *w;
	struct session_timer timer;
	if (a->h->c->max_forwards == 0)
		refuse(a, 483, SPAN(""), MSGS_PLAIN, STAT_sip_loops);
	else if (is_loop(a))
		refuse(a, 482, SPAN(""), MSGS_PLAIN, STAT_sip_loops);
	else if ((w = mark_of(a, call_hash(a)))->branch != a->key)
		refuse(a, 482, SPAN("Request merged"), MSGS_PLAIN, STAT_sip_merged);
	else if (uas_requires_more(a->m))
		refuse(a, 420, SPAN(""), MSGS_UNSUPPORTED, STAT_sip_invites_refused);
	else if (!session_timer_asked(&timer, a->m))
		refuse(a, 422, SPAN(""), MSGS_MIN_SE, STAT_sip_invites_refused);
	else if (uas_bad_body(a->m))
		refuse(a, 415, SPAN(""), MSGS_ACCEPT_SDP, STAT_sip_invites_refused);
	else if (!uas_call_allowed(a->s, a->src))
		refuse(
		    a, 403, SPAN("Calls from outside are not served"), MSGS_PLAIN, STAT_sip_invites_refused);
	else
		begin_call(a, w);
}

static void on_options(const struct ask *a)
{
	if (uas_requires_more(a->m))
		refuse(a, 420, SPAN(""), MSGS_UNSUPPORTED, STAT_sip_options);
	else
		refuse(a, 200, SPAN(""), MSGS_OPTIONS, STAT_sip_options);
}

void uas_guest_request(const struct ask *a)
{
	const struct sip_msg *m = a->m;
	bool served = m->method == SIP_INVITE || m->method == SIP_OPTIONS;
	if (m->method == SIP_BYE || m->method == SIP_INFO)
		refuse(a, 481, SPAN(""), MSGS_PLAIN, STAT_sip_no_dialog);
	else if (!served)
		refuse(a, uas_method_status(m), SPAN(""), MSGS_ALLOW, STAT_sip_method_refused);
	else if (unknown_scheme(a->h))
		refuse(a, 416, SPAN(""), MSGS_PLAIN, STAT_sip_invites_refused);
	else if (m->method == SIP_INVITE)
		on_invite(a);
	else
		on_options(a);
}
