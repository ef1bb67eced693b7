/* SPDX-License-Identifier: Apache-2.0 */
/* A call leg: one dialog that we began or were called by, its INVITE transaction, its media, and the name control has for
 * it.
 *
 * A leg has two ends. leg_tell_end closes the media and tells control ENDED: the handle is dead from then on.
 * leg_free gives the slot back. Between the two lies what the protocol still owes the far side (a CANCEL that
 * has no final yet, a BYE that found no buffer). */
#ifndef DP_SIP_CALL_LEG_H
#define DP_SIP_CALL_LEG_H

#include "dataplane/sip/core.h"
#include "dataplane/sip/session.h"

#define LEG_CSEQ_INVITE 1u /* of the first; each try with credentials takes the next one */

enum leg_state {
	LEG_NONE = 0,
	LEG_CALLING,    /* INVITE sent, nothing came */
	LEG_PROCEEDING, /* a provisional response came */
	LEG_CANCELING,  /* somebody gave up: CANCEL is sent, or waits for the first provisional (§9.1) */
	LEG_UP,         /* 2xx taken and acknowledged */
	LEG_CLEARING, /* told ENDED, the BYE waits for a buffer or a transaction, or for the ACK of our 2xx (§15) */
	LEG_INCOMING, /* called: the INVITE has no final response yet */
	LEG_REFUSING, /* told ENDED, the final response waits for a buffer */
	LEG_STATES
};

struct leg {
	struct sip *sip;
	struct wtimer timer; /* ring timeout; patience after CANCEL; next try of a BYE */
	uint64_t cookie;
	struct dialog dialog;
	struct session session;
	struct ip_sock hop; /* where requests of the dialog go */
	struct ip_sock
	    flow;       /* TCP, TLS: the connection they go by while it is there and leads to hop's address */
	uint32_t media; /* MEDIA_NONE = none */
	struct pkt *invite; /* INCOMING, REFUSING: a copy of their INVITE, for the responses to come */
	/* transactions: our INVITE; an INVITE of the far side; a BYE that may be challenged; TXN_NO_INDEX = none */
	uint32_t ict, ist, bye;
	uint32_t invite_cseq;
	struct auth *auth; /* NULL = none */
	dp_leg handle, peer;
	uint64_t until; /* CALLING: end of the ring timeout; CANCELING: of our patience, 0 = not begun; ns */
	uint32_t early_tag;   /* hash of the To tag whose early SDP was taken */
	uint32_t early_bye;   /* hash of the From tag of a BYE that overtook its 2xx */
	uint16_t last_status; /* of the last provisional told */
	uint16_t
	    bye_status; /* why we hang up, for the Reason header; 0 = normal clearing. REFUSING: what we answer */
	uint8_t state;      /* enum leg_state */
	uint8_t why;        /* CANCELING: enum dp_end_cause asked for */
	uint8_t face;       /* of our From and Contact, see sip_face_to */
	uint8_t n_progress; /* provisionals told, bounded */
	/* UP: our own re-INVITEs (reinvite.c); times in ns, 0 = not set */
	uint8_t asked, tries; /* direction of the one under way; how often it was refused */
	uint32_t reinvite;    /* transaction, TXN_NO_INDEX = none */
	uint32_t session_s;   /* session timer, 0 = none */
	uint64_t again_at, refresh_at, expire_at;
	bool refreshes : 1, refresh_wanted : 1;
	bool started : 1, told : 1, progressed : 1, cancel_sent : 1, early : 1, own_offer : 1, ring_cap : 1;
	bool unacked : 1;   /* called: our 2xx has no ACK yet */
	bool answering : 1; /* called: the 2xx waits for a buffer */
	bool hasty : 1;     /* CALLING: the timer is the one for the first response */
};
_Static_assert(
    sizeof(struct leg) <= 320, "a leg is five cache lines; there are two for each call that is up");

/* far: to whom, which decides who we are in its From and Contact. NULL: a pool has no room; nothing is held. */
struct leg *leg_open(struct sip *s, uint64_t cookie, const struct ip_sock *far);
static inline uint32_t leg_index(const struct leg *l)
{
	return dp_leg_index(l->handle);
}
static inline const struct sip_face *leg_face(const struct leg *l)
{
	return &l->sip->faces[l->face];
}
/* The leg a handle names; NULL: it has gone. */
struct leg *leg_of(struct sip *s, dp_leg handle);
static inline struct leg *leg_at(struct sip *s, uint32_t idx)
{
	return idx == TXN_NO_INDEX ? NULL : pool_at(&s->legs, idx);
}

/* The leg of this slot will be used soon: fetch it; and, when it has come, its text, its media and its peer. */
void leg_fetch(const struct sip *s, uint32_t idx);
void leg_fetch_parts(const struct sip *s, uint32_t idx);

/* How a leg ended, for control. m: the message whose X- headers and Reason go with it; may be NULL. */
struct leg_end {
	enum dp_end_cause cause;
	uint16_t status;
	struct span reason;
	const struct sip_msg *m;
	const struct ip_sock *src;
};
void leg_tell_end(struct leg *l, const struct leg_end *e, uint64_t now);
/* Gives everything back. A transaction that still runs goes on alone. Told or never started. */
void leg_free(struct leg *l, uint64_t now);
static inline void leg_end(struct leg *l, const struct leg_end *e, uint64_t now)
{
	leg_tell_end(l, e, now);
	leg_free(l, now);
}

/* A final response to a request of ours, h NULL = none came. NULL: it was a challenge, and the request may be sent again; or
 * a static text that says why not. */
const char *leg_challenged(struct leg *l, const struct msg_in *h, bool in_dialog);
/* Wiped; nothing is answered from here on. */
void leg_forget_credentials(struct leg *l);

/* An event of this leg; NULL when control must not hear of it any more. */
struct dp_event *leg_event(struct leg *l, enum dp_ev_type type, uint64_t now);
/* X- headers of a message (of an INVITE also User-to-User), canonical, one line each. */
void leg_event_headers(struct sip *s, struct dp_event *e, const struct sip_msg *m);
/* Some words, without control bytes, bounded. */
void leg_event_reason(struct sip *s, struct dp_event *e, struct span words, const struct sip_msg *m);

/* Send BYE for a confirmed dialog and let go of the leg (control has been told): now, or as soon as a buffer
 * and a transaction can be had; as the called side not before the ACK of our 2xx (§15). The far side never keeps a call because we were short of memory. */
void leg_clear(struct leg *l, uint64_t now);
/* This leg's wish about the direction of its audio may have changed: its peer is told. */
void leg_wishes(struct leg *l, uint64_t now);
/* A BYE of a leg that is still there for it (it has credentials) came to its end: h is its final response, NULL = none. */
void leg_bye_done(struct leg *l, const struct msg_in *h, uint64_t now);

/* By which way a request of the dialog goes now: its connection, else one to the hop, opened when there is none. */
struct leg_way {
	struct ip_sock to;
	uint64_t name; /* as transport_send wants it */
};
struct leg_way leg_way(struct leg *l, uint64_t now);

/* Media. */
void leg_agree(struct leg *l, const struct media_agreed *a, uint64_t now);
void leg_bridge(struct sip *s, const struct dp_cmd *c, uint64_t now);
void leg_unbridge(struct sip *s, const struct dp_cmd *c, uint64_t now);

/* uac.c: run one event of the leg's machine that comes from its timer. */
void uac_timer(struct leg *l, uint64_t now);

#endif
