/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/control.h"

#include "tests/sim/sim.h"

#include <stddef.h>
#include <stdio.h>

#define CALL_MAX (150 * SIM_S) /* longest life of a call: control ends it then */

static uint64_t maybe(struct sim *s, uint32_t per_mille, uint32_t lo, uint32_t hi)
{
	uint64_t t = sim_ms(s, lo, hi);
	return sim_chance(s, per_mille) ? t : SIM_NEVER;
}

static void call_init(struct sim *s, struct control_call *k)
{
	k->start_at = sim_ms(s, 0, 2000);
	k->n_legs = sim_chance(s, 800) ? 2 : 1;
	k->second_at = maybe(s, 300, 0, 2000); /* without waiting for the first one's answer */
	k->hang_at = maybe(s, 500, 0, 20000);
	k->hang_leg = (uint8_t)sim_rand(s, 2);
	k->unbridge_at = SIM_NEVER;
	k->end_at = CALL_MAX;
	k->bridge_early = sim_chance(s, 500);
	for (uint32_t i = 0; i < 2; i++) {
		k->legs[i].ring_timeout_ms =
		    sim_chance(s, 500) ? 0 : (uint32_t)(sim_ms(s, 500, 40000) / SIM_MS);
		k->legs[i].codecs = (uint8_t)sim_rand(s, 3);
	}
}

void control_init(struct sim *s)
{
	struct control *c = &s->control;
	*c = (struct control){.n_calls = s->n_callees / 2};
	for (uint32_t i = 0; i < c->n_calls; i++)
		call_init(s, &c->calls[i]);
}

/* ---- events ---- */

static struct control_leg *leg_of(struct sim *s, uint64_t cookie)
{
	uint64_t i = cookie - 1000;
	if (cookie < 1000 || i >= 2 * s->control.n_calls) {
		sim_fail(s, "an event with a cookie nobody gave: %llu", (unsigned long long)cookie);
		return NULL;
	}
	return &s->control.calls[i / 2].legs[i % 2];
}

static struct control_call *call_of(struct sim *s, uint64_t cookie)
{
	return &s->control.calls[(cookie - 1000) / 2];
}

static struct callee *callee_of(struct sim *s, uint64_t cookie)
{
	return &s->callees[cookie - 1000];
}

static bool live(const struct control_leg *l)
{
	return l->state == CONTROL_STARTED || l->state == CONTROL_ANSWERED;
}

static void on_answered(struct sim *s, const struct dp_event *e, struct control_leg *l)
{
	const struct callee *c = callee_of(s, e->cookie);
	if (l->state != CONTROL_STARTED)
		sim_fail(s, "ANSWERED twice or before STARTED");
	if (e->sip_status / 100 != 2 || c->said != 200)
		sim_fail(s, "ANSWERED, but the callee did not answer");
	if (e->codec != c->pt)
		sim_fail(s, "ANSWERED with codec %u instead of %u", e->codec, c->pt);
	l->state = CONTROL_ANSWERED;
	l->was_answered = true;
}

static void check_cause(
    struct sim *s, const struct dp_event *e, const struct control_leg *l, const struct callee *c)
{
	bool calm = sim_calm(&s->world);
	switch (e->cause) {
	case DP_END_REMOTE_BYE:
		if (!c->dialogs[0].said_bye && !c->dialogs[1].said_bye)
			sim_fail(s, "ended by a BYE the callee did not send");
		break;
	case DP_END_REJECTED:
		if (e->sip_status != c->said || c->said < 300)
			sim_fail(s, "rejected with %u, the callee said %u", e->sip_status, c->said);
		break;
	case DP_END_CANCELED:
	case DP_END_LOCAL_HANGUP:
		if (!l->hung_up)
			sim_fail(s, "ended %s without HANGUP", dp_end_name((enum dp_end_cause)e->cause));
		if ((e->cause == DP_END_LOCAL_HANGUP) != l->was_answered)
			sim_fail(s, "%s of a leg that was %sanswered",
			    dp_end_name((enum dp_end_cause)e->cause), l->was_answered ? "" : "not ");
		break;
	case DP_END_RING_TIMEOUT:
		if (l->ring_timeout_ms == 0 || l->was_answered)
			sim_fail(s, "ring timeout of a leg that has none or was answered");
		break;
	case DP_END_NO_RESPONSE:
		if (calm && c->kind != CALLEE_SILENT && c->kind != CALLEE_DEAD)
			sim_fail(s, "no response, but the callee spoke and nothing was lost");
		break;
	case DP_END_MEDIA:
		if (c->kind != CALLEE_NO_CODEC)
			sim_fail(s, "media refused though the codec was offered");
		break;
	case DP_END_TRANSPORT:
		if (c->kind != CALLEE_DEAD && c->kind != CALLEE_UNREACHABLE && !s->world.jams &&
		    s->world.pkts > 64)
			sim_fail(s, "unreachable, but the callee was there");
		break;
	case DP_END_CAPACITY:
		if (s->world.legs_max >= 2 * SIM_CALLS && calm)
			sim_fail(s, "no capacity with room enough");
		break;
	case DP_END_SHUTDOWN:
		if (!s->stopping)
			sim_fail(s, "ended by a stop nobody asked for");
		break;
	default:
		sim_fail(s, "ended with cause %s", dp_end_name((enum dp_end_cause)e->cause));
	}
}

static void on_ended(struct sim *s, const struct dp_event *e, struct control_leg *l)
{
	check_cause(s, e, l, callee_of(s, e->cookie));
	if (l->state == CONTROL_ASKED && e->cause != DP_END_CAPACITY && e->cause != DP_END_TRANSPORT &&
	    e->cause != DP_END_SHUTDOWN)
		sim_fail(s, "ENDED %s without STARTED", dp_end_name((enum dp_end_cause)e->cause));
	l->state = CONTROL_ENDED;
	l->cause = e->cause;
	l->status = e->sip_status;
	l->media = e->media;
}

static void on_started(struct sim *s, const struct dp_event *e, struct control_leg *l)
{
	if (l->state != CONTROL_ASKED || e->leg == 0)
		sim_fail(s, "STARTED twice, or without a handle");
	if (e->sip_call_id.len == 0 || e->local_uri.len == 0 || e->remote_uri.len == 0)
		sim_fail(s, "STARTED without its texts");
	l->state = CONTROL_STARTED;
	l->handle = e->leg;
}

static void on_other(struct sim *s, const struct dp_event *e, struct control_leg *l)
{
	struct control_call *k = call_of(s, e->cookie);
	switch (e->type) {
	case DP_EV_PROGRESS:
		if (l->state != CONTROL_STARTED || e->sip_status <= 100 || e->sip_status >= 200)
			sim_fail(s, "PROGRESS %u in the wrong state", e->sip_status);
		l->early |= e->early_media;
		break;
	case DP_EV_BRIDGED:
		if (!k->bridge_asked)
			sim_fail(s, "BRIDGED without BRIDGE");
		l->bridged = k->legs[l == &k->legs[0]].bridged = true;
		k->heard_from = s->t;
		break;
	case DP_EV_UNBRIDGED:
		if (!l->bridged)
			sim_fail(s, "UNBRIDGED without BRIDGED");
		l->bridged = k->legs[l == &k->legs[0]].bridged = false;
		break;
	case DP_EV_HELD:
	case DP_EV_RESUMED:
		if (l->state != CONTROL_ANSWERED || l->held == (e->type == DP_EV_HELD))
			sim_fail(s, "%s in the wrong state", dp_ev_name((enum dp_ev_type)e->type));
		l->held = e->type == DP_EV_HELD;
		break;
	default:
		sim_fail(s, "event %u", e->type);
	}
}

static void on_event(struct sim *s, const struct dp_event *e)
{
	if (!e->cookie) {
		caller_event(s, e);
		return;
	}
	struct control_leg *l = leg_of(s, e->cookie);
	struct span why = dp_event_span(e, e->reason);
	sim_say(s, "== leg %llu %s %u %s %.*s", (unsigned long long)e->cookie - 1000,
	    dp_ev_name((enum dp_ev_type)e->type), e->sip_status,
	    e->type == DP_EV_ENDED ? dp_end_name((enum dp_end_cause)e->cause) : "", (int)why.len, why.p);
	if (!l)
		return;
	if (l->state == CONTROL_NONE || l->state == CONTROL_ENDED)
		sim_fail(s, "%s for a leg that is over or never was", dp_ev_name((enum dp_ev_type)e->type));
	else if (e->type != DP_EV_STARTED && l->handle != e->leg)
		sim_fail(s, "%s with another handle", dp_ev_name((enum dp_ev_type)e->type));
	else if (e->type == DP_EV_STARTED)
		on_started(s, e, l);
	else if (e->type == DP_EV_ANSWERED)
		on_answered(s, e, l);
	else if (e->type == DP_EV_ENDED)
		on_ended(s, e, l);
	else
		on_other(s, e, l);
}

static uint32_t drain(struct sim *s)
{
	struct control *c = &s->control;
	uint32_t n = 0;
	if (s->t < c->drain_at)
		return 0;
	c->drain_at = s->t + s->world.drain_every;
	for (struct dp_event *e; (e = dp_ring_peek(s->events)); dp_ring_release(s->events), n++)
		on_event(s, e);
	return n;
}

/* ---- commands ---- */

static struct dp_cmd *command(struct sim *s, enum dp_cmd_type type)
{
	struct dp_cmd *c = dp_ring_claim(s->cmds);
	s->control.retry |= !c;
	if (!c)
		return NULL;
	memset(c, 0, offsetof(struct dp_cmd, text));
	c->type = (uint16_t)type;
	return c;
}

static void push(struct sim *s, const char *what, uint64_t leg)
{
	sim_say(s, "## %s leg %llu", what, (unsigned long long)leg);
	dp_ring_publish(s->cmds);
}

static bool originate(struct sim *s, struct control_call *k, uint32_t i)
{
	struct control_leg *l = &k->legs[i];
	uint64_t n = (uint64_t)(k - s->control.calls) * 2 + i;
	const struct callee *to = &s->callees[n];
	char uri[64];
	bool bad = false;
	struct dp_cmd *c = command(s, DP_CMD_ORIGINATE);
	if (!c)
		return false;
	snprintf(uri, sizeof uri, "sip:bob@192.0.2.%u:%u", to->sip.a.b[3], to->sip.port);
	c->cookie = 1000 + n;
	c->orig.target = to->sip;
	c->orig.ring_timeout_ms = l->ring_timeout_ms;
	c->orig.codecs = l->codecs;
	c->orig.ruri = dp_cmd_text(c, span_str(uri), &bad);
	c->orig.from_user = dp_cmd_text(c, SPAN("+15550100"), &bad);
	c->orig.call_sid = dp_cmd_text(c, SPAN("CA00000000000000000000000000000001"), &bad);
	c->orig.account_sid = dp_cmd_text(c, SPAN("AC00000000000000000000000000000001"), &bad);
	c->orig.headers = dp_cmd_text(c, SPAN("X-Sim: yes\r\n"), &bad);
	l->state = CONTROL_ASKED;
	push(s, "ORIGINATE", n);
	return true;
}

static bool simple(struct sim *s, struct control_call *k, enum dp_cmd_type type, uint32_t i)
{
	struct dp_cmd *c = command(s, type);
	if (!c)
		return false;
	c->leg = k->legs[i].handle;
	c->peer = k->legs[i ^ 1].handle;
	push(s, dp_cmd_name(type), (uint64_t)(k - s->control.calls) * 2 + i);
	return true;
}

static uint32_t hang_up(struct sim *s, struct control_call *k, uint32_t i)
{
	struct control_leg *l = &k->legs[i];
	if (!live(l) || l->hung_up || !simple(s, k, DP_CMD_HANGUP, i))
		return 0;
	l->hung_up = true;
	return 1;
}

/* An early leg may be given up by its ring timeout while BRIDGE is under way: then it is refused. */
static bool ready(const struct control_call *k, const struct control_leg *l)
{
	if (l->hung_up)
		return false;
	return l->state == CONTROL_ANSWERED || (l->state == CONTROL_STARTED && l->early && k->bridge_early);
}

static uint32_t run_legs(struct sim *s, struct control_call *k)
{
	uint32_t n = 0;
	bool over = s->t >= k->end_at;
	if (k->legs[0].state == CONTROL_NONE && s->t >= k->start_at)
		n += originate(s, k, 0);
	bool second = k->legs[0].state == CONTROL_ANSWERED ||
	              (k->second_at != SIM_NEVER && s->t >= k->start_at + k->second_at && live(&k->legs[0]));
	if (k->n_legs == 2 && k->legs[1].state == CONTROL_NONE && second && !over)
		n += originate(s, k, 1);
	if (s->t >= k->hang_at)
		n += hang_up(s, k, k->hang_leg);
	for (uint32_t i = 0; i < 2; i++) {
		if (over || k->legs[i ^ 1].state == CONTROL_ENDED)
			n += hang_up(s, k, i);
	}
	return n;
}

static uint32_t run_bridge(struct sim *s, struct control_call *k)
{
	struct control_leg *a = &k->legs[0], *b = &k->legs[1];
	if (!k->bridge_asked && ready(k, a) && ready(k, b) && simple(s, k, DP_CMD_BRIDGE, sim_rand(s, 2))) {
		k->bridge_asked = k->long_bridge = true;
		k->unbridge_at = sim_chance(s, 300) ? s->t + sim_ms(s, 0, 1000) : SIM_NEVER;
		return 1;
	}
	if (k->bridge_asked && !k->unbridge_asked && s->t >= k->unbridge_at && live(a) && live(b) &&
	    simple(s, k, DP_CMD_UNBRIDGE, sim_rand(s, 2))) {
		k->unbridge_asked = true;
		k->long_bridge = false;
		return 1;
	}
	return 0;
}

uint32_t control_run(struct sim *s)
{
	uint32_t n = drain(s);
	s->control.retry = false;
	for (uint32_t i = 0; i < s->control.n_calls; i++) {
		n += run_legs(s, &s->control.calls[i]);
		n += run_bridge(s, &s->control.calls[i]);
	}
	return n;
}

static uint64_t later(const struct sim *s, uint64_t at, uint64_t best)
{
	return at > s->t && at < best ? at : best;
}

uint64_t control_next(const struct sim *s)
{
	const struct control *c = &s->control;
	uint64_t t = c->retry ? s->t + SIM_MS : SIM_NEVER;
	if (dp_ring_depth(s->events))
		t = later(s, c->drain_at, t);
	for (uint32_t i = 0; i < c->n_calls; i++) {
		const struct control_call *k = &c->calls[i];
		t = later(s, k->start_at, t);
		if (k->second_at != SIM_NEVER)
			t = later(s, k->start_at + k->second_at, t);
		t = later(s, k->hang_at, t);
		t = later(s, k->unbridge_at, t);
		if (!control_done(s))
			t = later(s, k->end_at, t);
	}
	return t;
}

bool control_done(const struct sim *s)
{
	for (uint32_t i = 0; i < s->control.n_calls; i++) {
		const struct control_call *k = &s->control.calls[i];
		for (uint32_t j = 0; j < 2; j++) {
			if (k->legs[j].state != CONTROL_ENDED && k->legs[j].state != CONTROL_NONE)
				return false;
		}
		if (k->legs[0].state == CONTROL_NONE)
			return false;
	}
	return true;
}

bool control_pairs(uint32_t a, uint32_t b)
{
	return (a ^ 1) == b;
}
