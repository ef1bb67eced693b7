/* SPDX-License-Identifier: Apache-2.0 */
/* 2xx responses to an INVITE of ours that no leg takes (RFC 3261 §13.2.2.4): other forks of a call that is up, and
 * whatever comes for a call that has gone. Each gets an ACK and, once, a BYE. No transaction waits for them: the INVITE's
 * ends with its first 2xx, and everything an answer needs is in the 2xx itself, whose branch, From tag and Call-ID are
 * tokens of ours. Which ones have had their BYE is kept as fixed-size marks for 64*T1; the oldest gives way, and then a
 * far side that still sends its 2xx is told BYE once more. */
#ifndef DP_SIP_FORK_H
#define DP_SIP_FORK_H

#include "dataplane/sip/call_leg.h"

[[nodiscard]] int forks_init(struct sip *s, uint32_t size);
void forks_fini(struct sip *s);

/* A 2xx whose dialog nobody keeps. */
void fork_2xx(struct sip *s, const struct msg_in *h);

/* A leg of ours ends that was up: its 2xx, should it come again, has had its BYE. */
void fork_ended(struct leg *l, uint64_t now);

/* A response that no transaction waits for. True: it is ours (a latecomer or a retransmission) and has been dealt with.
 * False: a stranger's. */
bool fork_response(struct sip *s, const struct msg_in *h);

#endif
