/* SPDX-License-Identifier: Apache-2.0 */
/* Session timers (RFC 4028): what a message says about them and what we say back. Pure. We ask for none ourselves; whoever
 * asks gets them, in either role. */
#ifndef DP_SIP_SESSION_TIMER_H
#define DP_SIP_SESSION_TIMER_H

#include "sip-parser/base/buf.h"
#include "sip-parser/sip_msg.h"

#define SESSION_TIMER_MIN 90u /* s, §4: nobody may ask for less */

struct session_timer {
	uint32_t seconds; /* 0: none */
	bool ours;        /* we refresh */
	bool told;        /* the far side speaks "timer" */
};

/* Of a request. False: less than SESSION_TIMER_MIN asked for by somebody who understands 422. */
bool session_timer_asked(struct session_timer *t, const struct sip_msg *m);
/* Of the 2xx to a request of ours. */
void session_timer_answered(struct session_timer *t, const struct sip_msg *m);
/* Header lines of our 2xx: Session-Expires with who refreshes, and Require where that is the far side (§9). */
void session_timer_put_answer(const struct session_timer *t, struct buf *b);
/* Header lines of a request of ours. */
void session_timer_put_request(const struct session_timer *t, struct buf *b);
/* The Min-SE of a 422; 0: it has none. */
uint32_t session_timer_min(const struct sip_msg *m);
/* Does an option tag stand in Supported or Require? */
bool session_timer_option(const struct sip_msg *m, enum sip_hdr_id header, struct span option);

#endif
