/* SPDX-License-Identifier: Apache-2.0 */
/* Somebody who calls the engine: a small user agent client with timers of its own, and control's part of the calls that
 * come in. It cancels, hangs up and is slow at moments the seed draws. */
#ifndef SIM_CALLER_H
#define SIM_CALLER_H

#include "dataplane/api/dp_msg.h"
#include "sip-parser/sip_msg.h"
#include "tests/sim/frame.h"

struct sim;

#define CALLER_HOST 40u /* 192.0.2.40 and its neighbour */
#define CALLER_TEXT 1400
#define SIM_CALLERS 2

enum caller_state { CALLER_IDLE = 0, CALLER_CALLING, CALLER_PROCEEDING, CALLER_UP, CALLER_DONE };

/* A request that is sent again until it is answered. */
struct caller_request {
	char text[CALLER_TEXT];
	uint32_t len;
	uint64_t again_at, every, until; /* again_at SIM_NEVER: not under way */
};

struct caller {
	uint32_t index;
	uint8_t state;               /* enum caller_state */
	bool offers, canceled, deaf; /* deaf: acknowledges nothing */
	uint64_t invite_at, cancel_at, bye_at;
	uint64_t cancel_ms, bye_ms; /* lengths of time; SIM_NEVER = not */
	struct caller_request invite, cancel, bye;
	char ack[CALLER_TEXT];
	uint32_t ack_len;
	char to[256], target[160];
	uint16_t final;
	/* control's part */
	dp_leg leg;
	bool told, answered, ended, asked;
	uint8_t cause;
	uint64_t act_at, ring_at, hang_at;
	uint8_t act; /* enum dp_cmd_type that decides the call */
};

void callers_init(struct sim *s);
uint32_t callers_run(struct sim *s);
uint64_t callers_next(const struct sim *s);
bool callers_done(const struct sim *s);
/* A datagram for one of them. */
void caller_in(struct sim *s, const struct frame_udp *u);
/* An event of a call from outside. */
void caller_event(struct sim *s, const struct dp_event *e);
static inline bool caller_host(const uint8_t ip[4])
{
	return ip[3] >= CALLER_HOST && ip[3] < CALLER_HOST + SIM_CALLERS;
}

#endif
