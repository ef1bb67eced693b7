/* SPDX-License-Identifier: Apache-2.0 */
/* Our own re-INVITEs in a call that is up (RFC 3261 §14.1): to pass the far side of a bridge's hold on to the other leg, and
 * to refresh the session where that is ours to do (RFC 4028). One at a time; 491 backs off. And the timers of a leg that is
 * up: the next try, the refresh, the end of the session. */
#ifndef DP_SIP_REINVITE_H
#define DP_SIP_REINVITE_H

#include "dataplane/sip/call_leg.h"
#include "dataplane/sip/session_timer.h"

/* What this leg should be told about the direction of its audio may have changed: ask it, if it is not so already. */
void reinvite_sync(struct leg *l, uint64_t now);
/* Session timers as the last 2xx either way said. */
void reinvite_session(struct leg *l, const struct session_timer *t, uint64_t now);
/* What came of our re-INVITE; h NULL: nothing came, or the network refused. The leg may be gone when it returns. */
void reinvite_response(struct leg *l, struct txn *t, const struct msg_in *h);
void reinvite_lost(struct leg *l, uint64_t now);
/* A re-INVITE or UPDATE of theirs now would cross ours (§14.2). */
bool reinvite_under_way(const struct leg *l);
/* The timer of a leg that is up. */
void reinvite_timer(struct leg *l, uint64_t now);
/* Let go of it: the leg ends. */
void reinvite_drop(struct leg *l, uint64_t now);

#endif
