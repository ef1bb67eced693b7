/* SPDX-License-Identifier: Apache-2.0 */
/* Control's part of a parallel <Dial>, in place of control.c: one calling leg, as many branches as the seed draws, most of
 * which answer within one round trip. Who wins is decided by the fork of the engine itself (dial_fork). Never two bridges,
 * never a leg that is left over, one action for each dial. */
#include "control/dial_fork.h"
#include "tests/sim/control.h"
#include "tests/sim/sim.h"

#include <stddef.h>
#include <stdio.h>

#define LIFE (150 * SIM_S)

struct race_leg {
	uint8_t state; /* enum control_state */
	dp_leg handle;
	bool hang, hung;
};

static struct race {
	uint32_t n; /* branches */
	struct dial_fork fork;
	struct race_leg legs[SIM_CALLEES]; /* [0]: who calls */
	uint64_t leave_at, drain_at;
	bool open, bridge, over, retry;
	uint32_t bridged, actions, winner;
} race;

void control_init(struct sim *s)
{
	race = (struct race){.leave_at = sim_chance(s, 300) ? sim_ms(s, 0, 4000) : LIFE};
	race.n = s->n_callees - 1 < DIAL_BRANCHES_MAX ? s->n_callees - 1 : DIAL_BRANCHES_MAX;
	s->control = (struct control){0};
	static const uint8_t EAGER[] = {CALLEE_ANSWERS, CALLEE_ANSWERS, CALLEE_TWO_TAGS, CALLEE_LATE_ANSWER,
	    CALLEE_BYE_AT_ONCE, CALLEE_DEAF_TO_ACK};
	if (sim_chance(s, 950))
		s->callees[0].kind = CALLEE_ANSWERS;
	for (uint32_t i = 1; i <= race.n; i++) {
		struct callee *c = &s->callees[i];
		if (sim_chance(s, 700))
			c->kind = EAGER[sim_rand(s, 6)];
		if (sim_chance(s, 800))
			c->answer_ms = c->ring_ms = sim_ms(s, 0, 2 * (uint32_t)(s->world.delay / SIM_MS) + 1);
	}
}

/* ---- commands: false, the ring is full, asked for again */

static struct dp_cmd *command(struct sim *s, enum dp_cmd_type type)
{
	struct dp_cmd *c = dp_ring_claim(s->cmds);
	race.retry |= !c;
	if (!c)
		return NULL;
	memset(c, 0, offsetof(struct dp_cmd, text));
	c->type = (uint16_t)type;
	return c;
}

static bool originate(struct sim *s, uint32_t i)
{
	struct dp_cmd *c = command(s, DP_CMD_ORIGINATE);
	char uri[64];
	bool bad = false;
	if (!c)
		return false;
	snprintf(uri, sizeof uri, "sip:bob@192.0.2.%u:%u", s->callees[i].sip.a.b[3], s->callees[i].sip.port);
	c->cookie = 1000 + i;
	c->orig.target = s->callees[i].sip;
	c->orig.ring_timeout_ms = 20000;
	c->orig.ruri = dp_cmd_text(c, span_str(uri), &bad);
	c->orig.from_user = dp_cmd_text(c, SPAN("race"), &bad);
	race.legs[i].state = CONTROL_ASKED;
	sim_say(s, "## ORIGINATE leg %u", i);
	dp_ring_publish(s->cmds);
	return true;
}

static uint32_t hang_up(struct sim *s, struct race_leg *l)
{
	bool live = l->state == CONTROL_STARTED || l->state == CONTROL_ANSWERED;
	struct dp_cmd *c = l->hang && !l->hung && live ? command(s, DP_CMD_HANGUP) : NULL;
	if (!c)
		return 0;
	c->leg = l->handle;
	l->hung = true;
	sim_say(s, "## HANGUP leg %u", (uint32_t)(l - race.legs));
	dp_ring_publish(s->cmds);
	return 1;
}

static uint32_t bridge(struct sim *s)
{
	struct dp_cmd *c = race.bridge ? command(s, DP_CMD_BRIDGE) : NULL;
	if (!c)
		return 0;
	race.bridge = false;
	c->leg = race.legs[0].handle;
	c->peer = race.legs[race.winner].handle;
	dp_ring_publish(s->cmds);
	return 1;
}

/* ---- what the fork wants */

static void judge(struct sim *s)
{
	for (uint32_t i = 1; i <= race.n; i++)
		race.legs[i].hang |= race.open && dial_fork_loses(&race.fork, (int)i - 1);
	if (race.open && !race.over && dial_fork_over(&race.fork)) {
		race.over = true;
		race.actions++;
		race.legs[0].hang = true; /* the document ends behind the <Dial> */
	}
	if (race.legs[0].state == CONTROL_ENDED && race.open)
		dial_fork_stop(&race.fork);
}

static void answered(struct sim *s, uint32_t i)
{
	if (i == 0) {
		dial_fork_init(&race.fork, race.n, false);
		race.open = true;
		return;
	}
	if (race.legs[0].state == CONTROL_ANSWERED && dial_fork_answered(&race.fork, (int)i - 1)) {
		if (race.winner)
			sim_fail(s, "two winners");
		race.winner = i;
		race.bridge = true;
	} else {
		race.legs[i].hang = true;
	}
}

static void ended(struct sim *s, uint32_t i, uint16_t status)
{
	race.legs[i].state = CONTROL_ENDED;
	if (i && race.open)
		(void)dial_fork_ended(&race.fork, (int)i - 1, status);
}

static void on_event(struct sim *s, const struct dp_event *e)
{
	uint32_t i = (uint32_t)(e->cookie - 1000);
	struct race_leg *l = &race.legs[i % SIM_CALLEES];
	if (!e->cookie) {
		caller_event(s, e);
		return;
	}
	sim_say(s, "== leg %u %s %u", i, dp_ev_name((enum dp_ev_type)e->type), e->sip_status);
	if (i > race.n || l->state == CONTROL_NONE || l->state == CONTROL_ENDED)
		sim_fail(s, "%s for a leg that is over or never was", dp_ev_name((enum dp_ev_type)e->type));
	else if (e->type == DP_EV_STARTED)
		*l = (struct race_leg){.state = CONTROL_STARTED, .handle = e->leg, .hang = l->hang};
	else if (e->type == DP_EV_ANSWERED) {
		l->state = CONTROL_ANSWERED;
		answered(s, i);
	} else if (e->type == DP_EV_ENDED)
		ended(s, i, e->sip_status);
	else if (e->type == DP_EV_BRIDGED && (++race.bridged > 1 || e->peer != race.legs[race.winner].handle))
		sim_fail(s, "two bridges, or another one than was asked for");
	judge(s);
}

static uint32_t drain(struct sim *s)
{
	uint32_t n = 0;
	if (s->t < race.drain_at)
		return 0;
	race.drain_at = s->t + s->world.drain_every;
	for (struct dp_event *e; (e = dp_ring_peek(s->events)); dp_ring_release(s->events), n++)
		on_event(s, e);
	return n;
}

/* Branches are called while the calling side is there. */
static uint32_t call_branches(struct sim *s)
{
	uint32_t n = 0;
	for (uint32_t i = 1; race.open && i <= race.n; i++) {
		if (race.legs[i].state != CONTROL_NONE)
			continue;
		if (race.fork.closed) {
			race.legs[i].state = CONTROL_ENDED;
		} else if (originate(s, i)) {
			(void)dial_fork_next(&race.fork);
			n++;
		} else {
			break;
		}
	}
	return n;
}

uint32_t control_run(struct sim *s)
{
	uint32_t n = drain(s);
	race.retry = false;
	if (race.legs[0].state == CONTROL_NONE)
		n += originate(s, 0);
	n += call_branches(s) + bridge(s);
	race.legs[0].hang |= s->t >= race.leave_at;
	judge(s);
	for (uint32_t i = 0; i <= race.n; i++)
		n += hang_up(s, &race.legs[i]);
	return n;
}

uint64_t control_next(const struct sim *s)
{
	uint64_t t = race.retry ? s->t + SIM_MS : SIM_NEVER;
	if (dp_ring_depth(s->events) && race.drain_at > s->t && race.drain_at < t)
		t = race.drain_at;
	if (race.leave_at > s->t && race.leave_at < t && !control_done(s))
		t = race.leave_at;
	return t;
}

bool control_done(const struct sim *s)
{
	if (race.legs[0].state != CONTROL_ENDED)
		return false;
	for (uint32_t i = 1; i <= race.n; i++)
		if (race.legs[i].state != CONTROL_ENDED && race.legs[i].state != CONTROL_NONE)
			return false;
	return !race.open || race.actions == 1;
}

bool control_pairs(uint32_t a, uint32_t b)
{
	return (a == 0) != (b == 0);
}
