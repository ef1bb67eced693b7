/* SPDX-License-Identifier: Apache-2.0 */
#include "control/leg_states.h"

#include "control/mem.h"

#include <stdlib.h>

#define INDEX_MAX (1u << 24) /* far more legs than one worker can have */

void leg_states_fini(struct leg_states *s)
{
	free(s->by_index);
	*s = (struct leg_states){0};
}

void leg_states_originated(struct leg_states *s)
{
	s->counts[LEG_STARTING]++;
}

static uint8_t *slot_of(struct leg_states *s, dp_leg leg)
{
	uint32_t i = dp_leg_index(leg);
	if (!leg || i >= INDEX_MAX)
		return NULL;
	if (i >= s->cap) {
		uint32_t cap = (i + 1) * 2;
		s->by_index = mem_regrow(s->by_index, cap, 1);
		memset(s->by_index + s->cap, LEG_NONE, cap - s->cap);
		s->cap = cap;
	}
	return &s->by_index[i];
}

/* A leg without a state of its own was counted as starting. */
static void move(struct leg_states *s, dp_leg leg, enum leg_state to)
{
	uint8_t *slot = slot_of(s, leg);
	enum leg_state from = slot && *slot ? *slot : LEG_STARTING;
	if (!s->counts[from])
		return;
	s->counts[from]--;
	if (to)
		s->counts[to]++;
	if (slot)
		*slot = (uint8_t)to;
}

void leg_states_event(struct leg_states *s, const struct dp_event *e)
{
	switch (e->type) {
	case DP_EV_STARTED:
		move(s, e->leg, LEG_TRYING);
		break;
	case DP_EV_INCOMING:
		leg_states_originated(s);
		move(s, e->leg, LEG_RINGING);
		break;
	case DP_EV_PROGRESS:
		move(s, e->leg, LEG_RINGING);
		break;
	case DP_EV_ANSWERED:
		move(s, e->leg, LEG_ANSWERED);
		break;
	case DP_EV_ENDED:
		move(s, e->leg, LEG_NONE);
		break;
	default:
		break;
	}
}

uint32_t leg_states_all(const struct leg_states *s)
{
	uint32_t n = 0;
	for (int i = LEG_STARTING; i < LEG_STATES; i++)
		n += s->counts[i];
	return n;
}

const char *leg_state_name(enum leg_state s)
{
	static const char *const names[LEG_STATES] = {
	    [LEG_NONE] = "none",
	    [LEG_STARTING] = "starting",
	    [LEG_TRYING] = "trying",
	    [LEG_RINGING] = "ringing",
	    [LEG_ANSWERED] = "answered",
	};
	return (unsigned)s < LEG_STATES ? names[s] : "none";
}
