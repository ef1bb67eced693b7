/* SPDX-License-Identifier: Apache-2.0 */
/* How many legs of one worker are in which state, as its events tell it: for /metrics. */
#ifndef CONTROL_LEG_STATES_H
#define CONTROL_LEG_STATES_H

#include "dataplane/api/dp_msg.h"

enum leg_state {
	LEG_NONE = 0,
	LEG_STARTING, /* the command is under way, no INVITE yet */
	LEG_TRYING,   /* INVITE sent */
	LEG_RINGING,  /* a provisional response came */
	LEG_ANSWERED,
	LEG_STATES
};

struct leg_states {
	uint32_t counts[LEG_STATES]; /* [LEG_NONE] unused */
	uint8_t *by_index;           /* enum leg_state of each leg that has a handle */
	uint32_t cap;
};

void leg_states_fini(struct leg_states *s); /* {0} is an empty one */
void leg_states_originated(struct leg_states *s);
void leg_states_event(struct leg_states *s, const struct dp_event *e);
uint32_t leg_states_all(const struct leg_states *s);
const char *leg_state_name(enum leg_state s);

#endif
