/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/signal/stub.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_KEPT 8u /* commands one event may bring, with some to spare */

/* calloc alone would leave its pages to be made while we measure. */
static void *touched(size_t bytes)
{
	void *p = malloc(bytes);
	if (p)
		memset(p, 0, bytes);
	return p;
}

int stub_init(struct stub *s)
{
	s->n_calls = s->up_max + 2 * s->window + 2;
	s->calls = touched(s->n_calls * sizeof *s->calls);
	s->up = touched(s->n_calls * sizeof *s->up);
	s->idle = touched(s->n_calls * sizeof *s->idle);
	if (!s->calls || !s->up || !s->idle) {
		stub_fini(s);
		return -ENOMEM;
	}
	for (; s->n_idle < s->n_calls; s->n_idle++)
		s->idle[s->n_idle] = s->n_idle;
	return 0;
}

void stub_fini(struct stub *s)
{
	free(s->calls);
	free(s->up);
	free(s->idle);
}

static struct dp_cmd *command(struct stub *s, enum dp_cmd_type type, dp_leg leg)
{
	struct dp_cmd *c = dp_ring_claim(s->cmds);
	if (!c)
		abort(); /* stub_turn leaves room */
	memset(c, 0, sizeof *c - DP_TEXT_MAX);
	c->type = type;
	c->leg = leg;
	return c;
}

static void send(struct stub *s)
{
	dp_ring_publish(s->cmds);
	dp_ring_wake(s->cmds);
}

static void originate(struct stub *s, uint32_t call, unsigned side)
{
	bool bad = false;
	struct dp_cmd *c = command(s, DP_CMD_ORIGINATE, 0);
	c->cookie = (uint64_t)call << 1 | side;
	c->orig.target = s->target;
	c->orig.ring_timeout_ms = 60000;
	c->orig.ruri = dp_cmd_text(c, span_str(s->ruri), &bad);
	c->orig.from_user = dp_cmd_text(c, SPAN("jack"), &bad);
	c->orig.call_sid = dp_cmd_text(c, SPAN("CA0123456789abcdef0123456789abcdef"), &bad);
	c->orig.account_sid = dp_cmd_text(c, SPAN("AC0123456789abcdef0123456789abcdef"), &bad);
	send(s);
}

static void simple(struct stub *s, enum dp_cmd_type type, dp_leg leg, dp_leg peer)
{
	command(s, type, leg)->peer = peer;
	send(s);
}

static void hang_up_oldest(struct stub *s)
{
	struct stub_call *c = &s->calls[s->up[s->up_head]];
	s->up_head = (s->up_head + 1) % s->n_calls;
	s->up_n--;
	simple(s, DP_CMD_HANGUP, c->leg[0], 0);
	simple(s, DP_CMD_HANGUP, c->leg[1], 0);
}

static void on_answered(struct stub *s, uint32_t i, unsigned side)
{
	struct stub_call *c = &s->calls[i];
	c->answered++;
	if (side == 0) {
		originate(s, i, 1);
		return;
	}
	simple(s, DP_CMD_BRIDGE, c->leg[0], c->leg[1]);
	s->up[(s->up_head + s->up_n++) % s->n_calls] = i;
	if (s->up_n > s->up_max)
		hang_up_oldest(s);
}

/* B was never reached: A, if it is up, goes too. */
static void give_up(struct stub *s, struct stub_call *c, const struct dp_event *e)
{
	if (s->failed++ == 0)
		s->why = dp_end_name(e->cause);
	s->refused += e->cause == DP_END_CAPACITY;
	if ((e->cookie & 1) && c->answered == 1)
		simple(s, DP_CMD_HANGUP, c->leg[0], 0);
}

static void on_ended(struct stub *s, uint32_t i, const struct dp_event *e)
{
	struct stub_call *c = &s->calls[i];
	if (e->cause != DP_END_LOCAL_HANGUP)
		give_up(s, c, e);
	c->ended++;
	if (c->ended < 2 && c->answered > 0)
		return;
	s->completed += c->answered == 2;
	*c = (struct stub_call){0};
	s->idle[s->n_idle++] = i;
}

static void on_event(struct stub *s, const struct dp_event *e)
{
	uint32_t i = (uint32_t)(e->cookie >> 1);
	unsigned side = e->cookie & 1;
	if (e->type == DP_EV_STARTED)
		s->calls[i].leg[side] = e->leg;
	else if (e->type == DP_EV_ANSWERED)
		on_answered(s, i, side);
	else if (e->type == DP_EV_ENDED)
		on_ended(s, i, e);
}

static uint32_t events(struct stub *s)
{
	struct dp_event *e;
	uint32_t done = 0;
	while (dp_ring_room(s->cmds) > ROOM_KEPT && (e = dp_ring_peek(s->events))) {
		on_event(s, e);
		dp_ring_release(s->events);
		done++;
	}
	return done;
}

static bool room_for_call(const struct stub *s)
{
	uint32_t under_way = s->n_calls - s->n_idle - s->up_n;
	return s->n_idle > 0 && under_way < s->window && dp_ring_room(s->cmds) > dp_ring_slots(s->cmds) / 2;
}

uint32_t stub_turn(struct stub *s, uint64_t until)
{
	uint32_t done = 0;
	for (; s->started < until && room_for_call(s); done++) {
		s->started++;
		originate(s, s->idle[--s->n_idle], 0);
	}
	return done + events(s);
}

void stub_drain(struct stub *s)
{
	while (s->up_n > 0 && dp_ring_room(s->cmds) > ROOM_KEPT)
		hang_up_oldest(s);
}

bool stub_is_idle(const struct stub *s)
{
	return s->n_idle == s->n_calls;
}
