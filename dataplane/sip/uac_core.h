/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by uac.c (the table of a leg's states), uac_invite.c (ORIGINATE, provisionals, CANCEL) and uac_final.c
 * (final responses, forks, where requests of a dialog go). */
#ifndef DP_SIP_UAC_CORE_H
#define DP_SIP_UAC_CORE_H

#include "dataplane/sip/uac.h"

enum uac_event {
	UAC_EV_1XX,
	UAC_EV_2XX,
	UAC_EV_FINAL,
	UAC_EV_TIMEOUT, /* Timer B */
	UAC_EV_ERROR,   /* the network says nothing arrives */
	UAC_EV_HANGUP,
	UAC_EV_TIMER, /* the leg's own timer */
	UAC_EV_BYE,
	UAC_EV_CANCEL, /* of the INVITE of a call from outside */
	UAC_EVENTS
};

/* What comes with an event. */
struct uac_arg {
	struct txn *t;
	const struct msg_in *h; /* NULL: no message; then m and src are NULL as well */
	const struct sip_msg *m;
	const struct ip_sock *src;
	uint64_t now;
	uint16_t status;
	enum dp_end_cause cause;
};

/* A cell of the table. The leg may be gone when it returns. */
typedef void uac_fn(struct leg *l, const struct uac_arg *a);

/* Keyed hash of a tag, never 0; of the To tag of a message, 0 when it has none. */
uint64_t uac_tag_hash(const struct sip *s, struct span tag);
uint64_t uac_to_hash(const struct sip *s, const struct msg_in *h);

static inline void uac_end(
    struct leg *l, const struct uac_arg *a, enum dp_end_cause cause, uint16_t status, struct span reason)
{
	struct leg_end e = {cause, status, reason, a->m, a->src};
	leg_end(l, &e, a->now);
}

static inline void uac_set_timer(struct leg *l, uint64_t at)
{
	wheel_arm(l->sip->env.wheel, &l->timer, at, l->timer.fn);
}

/* uac_invite.c */
uac_fn uac_on_1xx, uac_on_1xx_canceling;
uac_fn uac_on_hangup_calling, uac_on_hangup_proceeding;
uac_fn uac_on_ring_timeout_calling, uac_on_ring_timeout, uac_on_timer_canceling;
/* The INVITE again, with credentials. False: no room; words say of what. */
bool uac_invite_again(struct leg *l, const struct uac_arg *a, const char **words);
uac_fn uac_on_final_canceling, uac_on_timeout_canceling, uac_on_error_canceling;
/* Tell ENDED with the cause that was asked for; and free the leg as well. */
void uac_tell_canceled(struct leg *l, const struct uac_arg *a, uint16_t status);
void uac_end_canceled(struct leg *l, const struct uac_arg *a, uint16_t status);

/* uac_final.c */
uac_fn uac_on_2xx, uac_on_2xx_canceling, uac_on_2xx_up, uac_on_final;
/* Tell ENDED, then send BYE. */
void uac_end_with_bye(struct leg *l, const struct leg_end *e, uint64_t now);
/* Where requests of a dialog go: what the route or the target names, or back to src. */
struct ip_sock uac_hop_of(struct sip *s, struct span target, struct span routes, const struct ip_sock *src);

#endif
