/* SPDX-License-Identifier: Apache-2.0 */
/* Calls from outside: INVITE to INCOMING, and from there to the final response that control decides on (RFC 3261 §13.3,
 * §9.2, §15.1.2). The INVITE is kept as a copy until it has its final response, and every response is made of it. */
#ifndef DP_SIP_UAS_CALL_H
#define DP_SIP_UAS_CALL_H

#include "dataplane/sip/uac_core.h"
#include "dataplane/sip/uas_core.h"

/* May this source call us? Nobody may unless the configuration names it. */
bool uas_call_allowed(const struct sip *s, const struct ip_sock *src);
/* A checked INVITE that begins a call. 0, or the status it was refused with. */
uint16_t uas_call_new(const struct ask *a);
/* 200 to a CANCEL of this leg's INVITE: with the To tag of the INVITE's responses (§9.2). */
void uas_call_answer_cancel(struct leg *l, const struct ask *a);

/* Commands. */
void uas_call_ring(struct sip *s, const struct dp_cmd *c, uint64_t now);
void uas_call_answer(struct sip *s, const struct dp_cmd *c, uint64_t now);
void uas_call_reject(struct sip *s, const struct dp_cmd *c, uint64_t now);

/* Rows of the leg's table (uac.c). */
uac_fn uas_call_on_hangup, uas_call_on_timer, uas_call_on_bye, uas_call_on_cancel, uas_call_on_timer_refusing;

#endif
