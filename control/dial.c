/* SPDX-License-Identifier: Apache-2.0 */
/* <Dial>: the called legs, each a call of its own with a parent. dial_fork decides; here is what its decisions set
 * off. */
#include "control/call_priv.h"
#include "control/dial_noun.h"
#include "control/mem.h"
#include "sip-parser/base/ascii.h"

#include <stdlib.h>

static struct call *child_of(const struct call *parent, int i)
{
	uint64_t tag = parent->dial.branch[i].child;
	return tag ? call_by_tag(parent->calls, tag) : NULL;
}

/* The calling leg whose <Dial> this leg is a branch of, as long as that dial runs. */
static struct call *parent_of(const struct call *child)
{
	struct call *parent = child->parent ? call_by_tag(child->calls, child->parent) : NULL;
	if (!parent || !parent->dial.active ||
	    parent->dial.branch[child->branch].child != call_tag(child, TAG_LEG))
		return NULL;
	return parent;
}

static void command(const struct call *parent, enum dp_cmd_type type, dp_leg peer)
{
	struct dp_cmd cmd = {.type = (uint16_t)type, .leg = parent->leg, .peer = peer};
	parent->calls->ops.command(parent->calls->ops.ctx, &cmd);
}

/* ---- the outcome ---- */

/* What a caller that was not answered (answerOnBridge) is told when nothing follows. */
static uint16_t refusal_of(const struct form *f)
{
	const char *status = form_get(f, "DialCallStatus");
	return strcmp(status, "busy") == 0 ? 486 : strcmp(status, "no-answer") == 0 ? 480 : 503;
}

/* Give the interpreter the outcome; the strings stay with the parent until its next dial. */
static void tell_outcome(struct call *parent)
{
	struct call_dial *d = &parent->dial;
	const char *how = form_get(&d->form, "DialCallStatus");
	call_story(parent, "<Dial> is over: %s", how ? how : "");
	d->active = false;
	d->params = mem_regrow(d->params, d->form.n, sizeof *d->params);
	for (size_t i = 0; i < d->form.n; i++)
		d->params[i] = (struct twiml_param){d->form.pairs[i].name, d->form.pairs[i].value};
	call_twiml_feed(parent, &(struct twiml_event){.type = TWIML_EV_DIAL_ENDED,
	                            .params = d->params,
	                            .n_params = (uint32_t)d->form.n,
	                            .dialled = d->dialled,
	                            .answered = parent->phase == CALL_UP || parent->answer_sent,
	                            .refusal = refusal_of(&d->form)});
}

/* Of somebody who was never called. */
static void outcome_failed(struct call *parent)
{
	struct form *f = &parent->dial.form;
	form_fini(f);
	form_add(f, "DialCallStatus", "failed");
	form_add(f, "DialBridged", "false");
}

static void outcome_of(struct call *parent, const struct call *child, const char *status, bool duration)
{
	struct form *f = &parent->dial.form;
	form_fini(f);
	form_add(f, "DialCallStatus", status);
	form_add(f, "DialCallSid", child->row.sid);
	if (duration)
		form_addf(f, "DialCallDuration", "%d", child->row.duration > 0 ? child->row.duration : 0);
	form_add(f, "DialBridged", parent->dial.bridged ? "true" : "false");
	if (child->sip_call_id)
		form_add(f, "DialSipCallId", child->sip_call_id);
	uint16_t code = child->invite_status ? child->invite_status : (uint16_t)child->row.sip_status;
	if (code)
		form_addf(f, "DialSipResponseCode", "%u", code);
	call_header_params(f, "DialSipHeader_", child->end_headers);
	call_header_params(f, "DialSipHeader_", child->answer_headers);
}

/* ---- calling ---- */

static void branch_ended(struct call *parent, int i, const struct call *child)
{
	struct dial_fork *f = &parent->dial.fork;
	bool counts = dial_fork_ended(f, i, child ? (uint16_t)child->row.sip_status : 0);
	if (counts && child)
		outcome_of(parent, child, child->row.status, true);
	else if (counts)
		outcome_failed(parent);
}

static void set_callback(struct call *child, struct dial_noun *n)
{
	child->status_callback = n->callback;
	n->callback = NULL;
	call_text(&child->status_callback_method, n->callback_post ? "POST" : "GET");
	child->row.status_callback = child->status_callback;
	child->row.status_callback_method = child->status_callback_method;
	child->row.events = n->events;
}

static void set_texts(struct call *child, const struct call *parent, struct dial_noun *n)
{
	struct span caller_id = twiml_attr(parent->dial.node, "callerId");
	call_text(&child->to, n->to);
	if (caller_id.len)
		call_text_span(&child->from, caller_id);
	else
		call_text(&child->from, n->from ? n->from : call_caller(parent));
	child->row.to = child->to;
	child->row.from = child->from;
	if (n->username.len) {
		call_text_span(&child->sip_username, n->username);
		call_text_span(&child->sip_password, n->password);
	}
	child->url = n->url;
	child->url_post = n->url_post;
	child->screened = n->url != NULL;
	n->url = NULL;
	if (n->callback)
		set_callback(child, n);
}

/* The child before it is on its way; undone by nothing: it always ends by call_finish. */
static struct call *child_new(struct call *parent, int i, struct dial_noun *n)
{
	struct calls *c = parent->calls;
	struct call *child = call_new(c, parent->row.account_sid, NULL);
	uint32_t limit = twiml_attr_number(parent->dial.node, "timeLimit");
	child->target = n->target;
	set_texts(child, parent, n);
	child->row.status = "queued";
	child->row.direction = "outbound-dial";
	child->row.duration = -1;
	child->row.date_created = child->row.date_updated = c->ops.wall_ms(c->ops.ctx) / 1000;
	memcpy(child->row.parent_sid, parent->row.sid, sizeof child->row.parent_sid);
	child->ring_timeout_s = twiml_attr_number(parent->dial.node, "timeout");
	child->time_limit_s = limit < c->conf.time_limit_s ? limit : c->conf.time_limit_s;
	child->parent = call_tag(parent, TAG_LEG);
	child->branch = (uint8_t)i;
	parent->dial.branch[i].child = call_tag(child, TAG_LEG);
	return child;
}

static void call_noun(struct call *parent, int i, struct dial_noun *n)
{
	struct call *child = child_new(parent, i, n);
	call_story(child, "queued: branch %d of the <Dial> of %s", i + 1, parent->row.sid);
	call_story(parent, "<Dial> calls %s as %s", child->row.to, child->row.sid);
	call_set_status(child, "queued");
	for (uint32_t k = 0; k < n->drops.n; k++)
		call_note_drop(child, n->drops.d[k].why, n->drops.d[k].name);
	call_early_notes_send(child);
	if (n->callback_refused)
		call_note(child, 21609, true, "the statusCallback of the noun is not used: %s",
		    n->callback_refused);
	call_dial_out(child);
}

static void start_branch(struct call *parent, int i)
{
	const struct calls *c = parent->calls;
	struct dial_noun n;
	struct dial_trouble t = dial_noun_read(&n, &c->conf, parent->dial.branch[i].noun, parent->dial.base);
	if (!t.code && c->live >= c->conf.calls_max)
		t = (struct dial_trouble){10004, "the engine has as many calls as it may have"};
	if (t.code) {
		call_note(parent, t.code, true, "<Dial>: %s; it is not dialled", t.why);
		call_story(parent, "<Dial> does not call branch %d: %s", i + 1, t.why);
		branch_ended(parent, i, NULL);
	} else {
		call_noun(parent, i, &n);
	}
	dial_noun_fini(&n);
}

static void hang_up_losers(struct call *parent, const char *why)
{
	for (int i = 0; i < parent->dial.fork.n; i++) {
		struct call *child = child_of(parent, i);
		if (child && dial_fork_loses(&parent->dial.fork, i))
			call_hangup(child, why);
	}
}

/* Do what the fork wants now. What that sets off at once comes back here and is left to the loop that runs. */
static void advance(struct call *parent)
{
	struct call_dial *d = &parent->dial;
	if (d->advancing || !d->active)
		return;
	d->advancing = true;
	for (int i; (i = dial_fork_next(&d->fork)) >= 0;)
		start_branch(parent, i);
	hang_up_losers(parent, d->fork.stopped       ? "the calling side hung up"
	                       : d->fork.winner >= 0 ? "another branch of the <Dial> answered"
	                                             : "another branch of the <Dial> was refused by a 6xx");
	d->advancing = false;
	if (dial_fork_over(&d->fork))
		tell_outcome(parent);
}

/* ---- what the document wants ---- */

static bool caller_id_legal(struct span s)
{
	for (uint32_t i = 0; i < s.len; i++)
		if (!ascii_is(s.p[i], ASCII_ALPHA | ASCII_DIGIT) && !memchr("+-_.", s.p[i], 4))
			return false;
	return true;
}

/* What is wrong with the <Dial> as a whole. */
static struct dial_trouble look(const struct call *parent, uint32_t nouns)
{
	const struct calls *c = parent->calls;
	struct span caller_id = twiml_attr(parent->dial.node, "callerId");
	if (caller_id.len > CALL_FROM_MAX)
		return (struct dial_trouble){13248, "callerId is longer than 128 characters"};
	if (!caller_id_legal(caller_id))
		return (struct dial_trouble){13247, "callerId may hold letters, digits and + - _ . only"};
	if (nouns > 1 && c->ops.enhanced_sip && !c->ops.enhanced_sip(c->ops.ctx, parent->row.account_sid))
		return (struct dial_trouble){13215,
		    "more than one noun, and Enhanced Programmable SIP Features are off for this account"};
	return (struct dial_trouble){0, NULL};
}

static uint32_t take_nouns(struct call_dial *d)
{
	uint32_t n = 0;
	for (const struct twiml_node *noun = NULL;
	     n < DIAL_BRANCHES_MAX && (noun = twiml_dial_noun(d->node, noun));)
		d->branch[n++].noun = noun;
	return n;
}

static void prepare(struct call_dial *d, const struct twiml_effect *e)
{
	struct twiml_param *params = d->params;
	free(d->base);
	form_fini(&d->form);
	*d = (struct call_dial){.node = e->dial, .params = params};
	call_text(&d->base, e->base);
	dial_fork_init(&d->fork, take_nouns(d), span_eq(twiml_attr(e->dial, "sequential"), SPAN("true")));
}

void dial_start(struct call *parent, const struct twiml_effect *e)
{
	struct call_dial *d = &parent->dial;
	prepare(d, e);
	struct dial_trouble t = look(parent, d->fork.n);
	bool leaving = !call_runs(parent) || parent->hangup_sent; /* nobody's fault */
	if (t.code && !leaving)
		call_note(parent, t.code, true, "<Dial>: %s; nothing is dialled", t.why);
	d->active = true;
	outcome_failed(parent);
	if (t.code || leaving)
		tell_outcome(parent);
	else
		advance(parent);
}

void dial_stop(struct call *parent)
{
	if (!parent->dial.active)
		return;
	dial_fork_stop(&parent->dial.fork);
	advance(parent);
}

void dial_abandon(struct call *parent)
{
	struct call_dial *d = &parent->dial;
	if (!d->active)
		return;
	d->active = false; /* whoever ends from here on finds no dial */
	dial_fork_stop(&d->fork);
	hang_up_losers(parent, "the calling side was redirected");
}

/* ---- what the called legs do ---- */

/* The caller hears the first branch that has something to say; when that one ends, the next one that does. The
 * answer decides for good. */
void dial_progress(struct call *child, bool early_media)
{
	struct call *parent = parent_of(child);
	if (!parent || !call_runs(parent) || !early_media || parent->dial.early || parent->dial.fork.closed)
		return;
	if (parent->phase == CALL_INCOMING && !parent->answer_sent && !call_early_media(parent))
		return;
	parent->dial.early = call_tag(child, TAG_LEG);
	command(parent, DP_CMD_BRIDGE, child->leg);
}

/* Bridging early may have been refused, and a fork may answer that had no early media: this always asks again,
 * which changes nothing where audio flows already. */
static void connect_to(struct call *parent, struct call *child)
{
	child->connected = true;
	if (parent->phase == CALL_INCOMING) {
		call_answer(parent); /* dial_caller_up goes on */
		return;
	}
	if (parent->dial.relayed == child->leg)
		parent->dial.bridged = true;
	command(parent, DP_CMD_BRIDGE, child->leg);
}

void dial_caller_up(struct call *parent)
{
	const struct call_dial *d = &parent->dial;
	struct call *child = d->active && d->fork.winner >= 0 ? child_of(parent, d->fork.winner) : NULL;
	if (child && child->connected && child->phase == CALL_UP)
		connect_to(parent, child);
}

void dial_answered(struct call *child)
{
	struct call *parent = parent_of(child);
	if (!parent || !call_runs(parent)) {
		call_hangup(child, "the calling side hung up");
		return;
	}
	if (!dial_fork_answered(&parent->dial.fork, child->branch)) {
		call_hangup(child, "another branch of the <Dial> answered");
		return;
	}
	advance(parent);
	if (!child->screened) {
		connect_to(parent, child);
		return;
	}
	if (parent->dial.early)
		command(parent, DP_CMD_UNBRIDGE, 0);
	call_twiml_start(child);
}

void dial_screened(struct call *child)
{
	struct call *parent = parent_of(child);
	if (parent && call_runs(parent) && child->phase == CALL_UP && !child->hangup_sent)
		connect_to(parent, child);
	else
		call_hangup(child, "the calling side hung up");
}

void dial_bridged(struct call *parent, dp_leg peer, bool on)
{
	struct call_dial *d = &parent->dial;
	d->relayed = on ? peer : 0;
	if (!on || !d->active || d->fork.winner < 0)
		return;
	const struct call *child = child_of(parent, d->fork.winner);
	d->bridged |= child && child->connected && child->leg == peer;
}

void dial_leave(struct call *child)
{
	struct call *parent = parent_of(child);
	child->parent = 0;
	if (!parent)
		return;
	outcome_of(parent, child, "completed", false);
	if (child->connected)
		command(parent, DP_CMD_UNBRIDGE, 0);
	parent->dial.dialled = true;
	tell_outcome(parent);
}

void dial_child_ended(struct call *child)
{
	struct call *parent = parent_of(child);
	if (!parent)
		return;
	struct call_dial *d = &parent->dial;
	d->dialled |= child->row.start_time != 0;
	if (d->early == call_tag(child, TAG_LEG))
		d->early = 0;
	branch_ended(parent, child->branch, child);
	advance(parent);
	call_settle(parent);
}
