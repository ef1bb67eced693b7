/* SPDX-License-Identifier: Apache-2.0 */
/* Forks under every interleaving: two to ten branches that answer, refuse and ring within one round trip, while
 * commands and events cross on their way between control and the worker. Whatever the order: one branch at most is
 * ever put through, never one that has been told to hang up, each <Dial> is told once, and no leg is left behind.
 * A failing seed is printed; CALL_RACE_SEED runs it alone, CALL_RACE_RUNS sets how many are run. */
#include "tests/unit/control/calls/world.h"

#include "control/call_priv.h"

#include <stdio.h>
#include <stdlib.h>

#define RUNS   12000
#define LEGS   32
#define EVENTS 512

static struct world w;
static uint64_t rnd;
static uint32_t seed;

#define HOLDS(rule)                                                                                          \
	do {                                                                                                 \
		if (!(rule))                                                                                 \
			fail_msg("seed %u: %s does not hold", seed, #rule);                                  \
	} while (0)

static uint32_t dice(uint32_t n)
{
	rnd = rnd * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(rnd >> 33) % n;
}

/* ---- a worker and the far sides behind it: what a leg is, as the worker knows it */

enum leg_state { INVITED, EARLY, UP, GONE };

struct leg {
	uint32_t sent; /* its ORIGINATE */
	enum leg_state state;
	bool hung_up;                     /* the worker has our HANGUP */
	bool told_hangup;                 /* control has sent HANGUP */
	bool put_through;                 /* control has sent BRIDGE after the answer */
	bool started_seen, answered_seen; /* control has been told of the INVITE, of the answer */
};

static struct leg legs[LEGS];
static uint32_t n_legs, worked; /* commands the worker has done */

/* Events on their way to control, in order. */
static struct {
	enum dp_ev_type type;
	uint32_t leg, peer;
	enum dp_end_cause cause;
	uint16_t status;
} queue[EVENTS];
static uint32_t q_head, q_tail;

static dp_leg handle(uint32_t i)
{
	return 1000 + i;
}

static void tell(enum dp_ev_type type, uint32_t i, uint32_t peer, enum dp_end_cause cause, uint16_t status)
{
	assert_true(q_tail < EVENTS);
	queue[q_tail].type = type;
	queue[q_tail].leg = i;
	queue[q_tail].peer = peer;
	queue[q_tail].cause = cause;
	queue[q_tail++].status = status;
}

static void end(uint32_t i, enum dp_end_cause cause, uint16_t status)
{
	legs[i].state = GONE;
	tell(DP_EV_ENDED, i, 0, cause, status);
}

static void work_hangup(uint32_t i)
{
	struct leg *l = &legs[i];
	if (l->state == GONE)
		return;
	l->hung_up = true;
	if (l->state == UP)
		end(i, DP_END_LOCAL_HANGUP, 0);
}

static void work(void)
{
	if (worked == w.n_sent)
		return;
	const struct dp_cmd *c = &w.sent[worked];
	if (c->type == DP_CMD_ORIGINATE) {
		assert_true(n_legs < LEGS);
		legs[n_legs] = (struct leg){.sent = worked};
		tell(DP_EV_STARTED, n_legs++, 0, 0, 0);
	} else if (c->type == DP_CMD_HANGUP) {
		work_hangup((uint32_t)(c->leg - 1000));
	} else if (c->type == DP_CMD_BRIDGE) {
		uint32_t a = (uint32_t)(c->leg - 1000), b = (uint32_t)(c->peer - 1000);
		if (legs[a].state == UP && (legs[b].state == UP || legs[b].state == EARLY))
			tell(DP_EV_BRIDGED, a, b, 0, 0);
	}
	worked++;
}

/* What the far side of a leg does next. A CANCEL may be crossed by an answer, which the worker ends by BYE. */
static void far_side(uint32_t i)
{
	static const uint16_t finals[] = {486, 404, 503, 480, 302, 600, 603, 408};
	struct leg *l = &legs[i];
	if (l->state == GONE)
		return;
	if (l->state == UP) {
		if (dice(4) == 0)
			end(i, DP_END_REMOTE_BYE, 0);
	} else if (l->hung_up) {
		end(i, dice(2) ? DP_END_CANCELED : DP_END_LOCAL_HANGUP, dice(2) ? 487 : 200);
	} else {
		switch (dice(6)) {
		case 0:
			tell(DP_EV_PROGRESS, i, 0, 0, 180);
			break;
		case 1:
			l->state = EARLY;
			tell(DP_EV_PROGRESS, i, 0, 0, 183);
			break;
		case 2:
			end(i, DP_END_REJECTED, finals[dice(8)]);
			break;
		default:
			l->state = UP;
			tell(DP_EV_ANSWERED, i, 0, 0, 200);
		}
	}
}

/* ---- control hears of one event; what it sends because of it is held to the rules */

static void bridged(uint32_t i, uint32_t peer)
{
	world_bridged(&w, legs[i].sent, handle(i), handle(peer), true);
}

static void hear(void)
{
	if (q_head == q_tail)
		return;
	uint32_t i = queue[q_head].leg;
	struct leg *l = &legs[i];
	switch (queue[q_head].type) {
	case DP_EV_STARTED:
		l->started_seen = true;
		world_started(&w, l->sent, handle(i));
		break;
	case DP_EV_PROGRESS:
		world_progress(&w, l->sent, handle(i), queue[q_head].status, queue[q_head].status == 183);
		break;
	case DP_EV_ANSWERED:
		l->answered_seen = true;
		world_answered(&w, l->sent, handle(i), NULL);
		break;
	case DP_EV_BRIDGED:
		bridged(i, queue[q_head].peer);
		break;
	default:
		world_ended(&w, l->sent, handle(i), queue[q_head].cause, queue[q_head].status, true, NULL);
	}
	q_head++;
}

static uint32_t checked;

static void check_bridge(const struct dp_cmd *c)
{
	struct leg *l = &legs[c->peer - 1000];
	HOLDS(c->peer - 1000 < n_legs);
	HOLDS(!l->told_hangup);
	if (!l->answered_seen)
		return; /* early media */
	l->put_through = true;
}

/* Of the called legs that control knows to have answered, one at most is left alone. */
static void check_answered(void)
{
	uint32_t n = 0;
	for (uint32_t i = 1; i < n_legs; i++)
		n += legs[i].answered_seen && !legs[i].told_hangup && legs[i].state != GONE;
	HOLDS(n <= 1);
}

/* Once somebody was put through, all others have been told to hang up. */
static void check_losers(void)
{
	uint32_t winner = 0;
	for (uint32_t i = 1; i < n_legs; i++)
		winner = legs[i].put_through ? i : winner;
	for (uint32_t i = 1; winner && i < n_legs; i++)
		HOLDS(i == winner || !legs[i].started_seen || legs[i].told_hangup || legs[i].state == GONE);
}

/* Everything control has sent since the last look. */
static void check_sent(void)
{
	for (; checked < w.n_sent; checked++) {
		const struct dp_cmd *c = &w.sent[checked];
		if (c->type == DP_CMD_BRIDGE)
			check_bridge(c);
		else if (c->type == DP_CMD_HANGUP)
			legs[c->leg - 1000].told_hangup = true;
	}
	check_answered();
	check_losers();
}

/* ---- the run */

static uint32_t resolved, replied;

/* Answers every request once; the <Dial> action asks for nothing further. */
static void reply(void)
{
	if (replied == w.n_hook)
		return;
	const char *url = w.hook[replied].url;
	const char *doc = "<Response><Pause length='1'/></Response>";
	if (strstr(url, "/screen") && dice(3) == 0)
		doc = dice(2) ? "<Response><Hangup/></Response>" : "<Response><Dial>1</Dial></Response>";
	else if (strstr(url, "/screen"))
		doc = dice(2) ? "<Response/>" : "<Response><Redirect>/screen</Redirect></Response>";
	world_reply(&w, replied++, dice(20) ? 200 : 500, XML, doc);
}

static void resolve(void)
{
	if (resolved < w.n_resolve) {
		world_resolved(&w, resolved, dice(30) ? "192.0.2.9" : NULL);
		resolved++;
	}
}

static void meddle(const char *sid)
{
	struct call_error err;
	struct call *call = calls_find(w.c, sid);
	if (call && dice(2))
		(void)world_update(&w, sid, &err, "Status", dice(2) ? "canceled" : "completed", NULL);
	else if (call && dice(2))
		(void)world_update(&w, sid, &err, "Twiml", "<Response><Pause/></Response>", NULL);
}

static void anything(bool rare)
{
	switch (dice(rare ? 41 : 40)) {
	case 0:
	case 1:
		resolve();
		break;
	case 2:
	case 3:
		reply();
		break;
	case 4:
		world_pass(&w, dice(400) * UINT64_C(1000000));
		break;
	case 40:
		if (w.n_save)
			meddle(w.save[dice(w.n_save)].sid);
		break;
	default:
		if (dice(3) == 0)
			work();
		else if (dice(2))
			hear();
		else if (n_legs > 1)
			far_side(1 + dice(n_legs - 1));
	}
	check_sent();
}

static void document(char *doc, size_t n, uint32_t branches)
{
	size_t at = (size_t)snprintf(
	    doc, n, "<Response><Dial action='http://h/done'%s>", dice(4) ? "" : " sequential='true'");
	for (uint32_t i = 0; i < branches; i++)
		at += (size_t)snprintf(doc + at, n - at, "<Sip%s%s>b%u@h%u.example</Sip>",
		    dice(4) ? "" : " url='http://h/screen'", dice(4) ? "" : " statusCallback='http://h/cb'",
		    i, i);
	snprintf(doc + at, n - at, "</Dial></Response>");
}

static void begin(char sid[35])
{
	char doc[2048];
	world_init(&w, 40);
	n_legs = worked = q_head = q_tail = resolved = replied = checked = 0;
	rnd = seed * UINT64_C(0x9e3779b97f4a7c15);
	document(doc, sizeof doc, 2 + dice(9));
	world_call(&w, sid, "To", "sip:kate@example.com", "Twiml", doc, NULL);
	world_resolved(&w, resolved++, "192.0.2.9");
	work();
	hear();
	legs[0].state = UP;
	tell(DP_EV_ANSWERED, 0, 0, 0, 200);
	hear();
}

static bool quiet(void)
{
	if (worked < w.n_sent || q_head < q_tail || resolved < w.n_resolve || replied < w.n_hook)
		return false;
	for (uint32_t i = 0; i < n_legs; i++)
		if (legs[i].state != GONE)
			return false;
	return true;
}

/* The caller leaves, and nobody else ends an answered leg any more: all that is up must be ended by control. */
static void settle(void)
{
	if (legs[0].state == UP)
		end(0, DP_END_REMOTE_BYE, 0);
	for (uint32_t i = 0; i < 4000 && !quiet(); i++) {
		work();
		hear();
		resolve();
		reply();
		for (uint32_t k = 1; k < n_legs; k++)
			if (i % 8 == 0 && legs[k].state != UP)
				far_side(k);
		world_pass(&w, UINT64_C(50000000));
		check_sent();
	}
}

static void run(void)
{
	char sid[35];
	uint32_t through = 0, actions = 0;
	bool rare = seed % 3 == 0;
	begin(sid);
	uint32_t steps = 40 + dice(200);
	for (uint32_t i = 0; i < steps; i++)
		anything(rare);
	settle();
	HOLDS(quiet());
	calls_timer(w.c, 0); /* an entry that frees what has settled */
	HOLDS(calls_live(w.c) == 0);
	HOLDS(w.c->n_calls == 0);
	for (uint32_t i = 1; i < n_legs; i++)
		through += legs[i].put_through;
	for (uint32_t i = 0; i < w.n_hook; i++)
		actions += strcmp(w.hook[i].url, "http://h/done") == 0;
	HOLDS(through <= 1);
	HOLDS(rare ? actions <= 1 : actions == 1);
	world_fini(&w);
}

static void a_fork_is_decided_once_under_any_interleaving(void **state)
{
	const char *only = getenv("CALL_RACE_SEED"), *runs = getenv("CALL_RACE_RUNS");
	uint32_t from = only ? (uint32_t)atoi(only) : 1;
	uint32_t to = only ? from : runs ? (uint32_t)atoi(runs) : RUNS;
	for (seed = from; seed <= to; seed++)
		run();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_fork_is_decided_once_under_any_interleaving),
	};
	return cmocka_run_group_tests_name("call_race", tests, NULL, NULL);
}
