/* SPDX-License-Identifier: Apache-2.0 */
/* <Dial>: the second leg of a call, as a call of its own with a parent. */
#include "control/call_priv.h"
#include "control/mem.h"
#include "sip-parser/base/ascii.h"

#include <stdio.h>
#include <stdlib.h>

static struct call *other(const struct call *call, uint64_t tag)
{
	return tag ? call_by_tag(call->calls, tag) : NULL;
}

/* Give the interpreter the outcome; the strings stay with the parent until its next dial. */
static void tell_outcome(struct call *parent, bool dialled)
{
	struct call_dial *d = &parent->dial;
	d->params = mem_regrow(d->params, d->form.n, sizeof *d->params);
	for (size_t i = 0; i < d->form.n; i++)
		d->params[i] = (struct twiml_param){d->form.pairs[i].name, d->form.pairs[i].value};
	call_twiml_feed(parent, &(struct twiml_event){.type = TWIML_EV_DIAL_ENDED,
	                            .params = d->params,
	                            .n_params = (uint32_t)d->form.n,
	                            .dialled = dialled});
}

/* code 0: not worth a notification. */
static void refuse(struct call *parent, int code, const char *why)
{
	if (code)
		call_note(parent, code, true, "<Dial>: %s; nothing is dialled", why);
	form_fini(&parent->dial.form);
	form_add(&parent->dial.form, "DialCallStatus", "failed");
	form_add(&parent->dial.form, "DialBridged", "false");
	tell_outcome(parent, false);
}

static bool caller_id_legal(struct span s)
{
	for (uint32_t i = 0; i < s.len; i++)
		if (!ascii_is(s.p[i], ASCII_ALPHA | ASCII_DIGIT) && !memchr("+-_.", s.p[i], 4))
			return false;
	return s.len > 0;
}

static const char *target_trouble(enum target_error e)
{
	static const char *const text[] = {
	    [TARGET_OK] = NULL,
	    [TARGET_EMPTY] = "<Sip> holds no URI",
	    [TARGET_NOT_SIP] = "<Sip> holds no SIP URI",
	    [TARGET_BAD_URI] = "the SIP URI is malformed",
	    [TARGET_URI_TOO_LONG] = "the SIP URI has 255 characters or more",
	    [TARGET_HEADERS_TOO_LONG] = "the headers of the SIP URI have 1024 characters or more",
	};
	return text[e];
}

/* The child before anything is known to be right; undone by nothing: it always ends by call_finish. */
static struct call *child_new(struct call *parent, const struct sip_target *target,
    const struct twiml_node *dial, struct span caller_id)
{
	struct calls *c = parent->calls;
	struct call *child = call_new(c, parent->row.account_sid, NULL);
	uint32_t limit = twiml_attr_number(dial, "timeLimit");
	child->target = *target;
	call_text(&child->to, target->uri);
	if (caller_id.len)
		call_text_span(&child->from, caller_id);
	else
		call_text(&child->from, parent->row.from);
	child->row.to = child->to;
	child->row.from = child->from;
	child->row.status = "queued";
	child->row.direction = "outbound-dial";
	child->row.duration = -1;
	child->row.date_created = child->row.date_updated = c->ops.wall_ms(c->ops.ctx) / 1000;
	memcpy(child->row.parent_sid, parent->row.sid, sizeof child->row.parent_sid);
	child->ring_timeout_s = twiml_attr_number(dial, "timeout");
	child->time_limit_s = limit < c->conf.time_limit_s ? limit : c->conf.time_limit_s;
	child->parent = call_tag(parent, TAG_LEG);
	parent->child = call_tag(child, TAG_LEG);
	parent->early_asked = parent->relayed = parent->bridged = false;
	return child;
}

struct drops {
	struct {
		enum target_drop why;
		struct span name;
	} d[TARGET_HEADERS_COUNT];
	uint32_t n;
};

static void remember_drop(void *ctx, enum target_drop why, struct span name)
{
	struct drops *d = ctx;
	if (d->n == TARGET_HEADERS_COUNT)
		return;
	d->d[d->n].why = why;
	d->d[d->n++].name = name;
}

static bool refused(struct call *parent, const struct twiml_effect *e, struct span caller_id,
    struct sip_target *target, struct drops *drops)
{
	enum target_error err = sip_target_parse(target, e->noun->text, false, remember_drop, drops);
	if (parent->phase != CALL_UP || parent->hangup_sent)
		refuse(parent, 0, NULL); /* on its way out: nobody's fault */
	else if (err)
		refuse(parent, err == TARGET_HEADERS_TOO_LONG ? 13253 : 13243, target_trouble(err));
	else if (caller_id.len > CALL_FROM_MAX)
		refuse(parent, 13248, "callerId is longer than 128 characters");
	else if (caller_id.len && !caller_id_legal(caller_id))
		refuse(parent, 13247, "callerId may hold letters, digits and + - _ . only");
	else if (parent->calls->live >= parent->calls->conf.calls_max)
		refuse(parent, 10004, "the engine has as many calls as it may have");
	else
		return false;
	return true;
}

void dial_start(struct call *parent, const struct twiml_effect *e)
{
	struct sip_target target;
	struct drops drops = {.n = 0};
	struct span caller_id = twiml_attr(e->dial, "callerId");
	if (refused(parent, e, caller_id, &target, &drops))
		return;
	struct call *child = child_new(parent, &target, e->dial, caller_id);
	call_set_status(child, "queued");
	for (uint32_t i = 0; i < drops.n; i++)
		call_note_drop(child, drops.d[i].why, drops.d[i].name);
	call_early_notes_send(child);
	call_dial_out(child);
}

void dial_stop(struct call *parent)
{
	struct call *child = other(parent, parent->child);
	if (child)
		call_hangup(child, "the calling side hung up");
}

static void bridge(struct call *parent, struct call *child)
{
	struct dp_cmd cmd = {.type = DP_CMD_BRIDGE, .leg = parent->leg, .peer = child->leg};
	parent->calls->ops.command(parent->calls->ops.ctx, &cmd);
}

void dial_progress(struct call *child, bool early_media)
{
	struct call *parent = other(child, child->parent);
	if (!parent || parent->phase != CALL_UP || !early_media || parent->early_asked)
		return;
	parent->early_asked = true;
	bridge(parent, child);
}

/* Bridging early may have been refused, and a fork may answer that had no early media: the answer always asks
 * again, which changes nothing where audio flows already. */
void dial_answered(struct call *child)
{
	struct call *parent = other(child, child->parent);
	if (!parent || parent->phase != CALL_UP) {
		call_hangup(child, "the calling side hung up");
		return;
	}
	bridge(parent, child);
	parent->bridged = parent->relayed;
}

void dial_bridged(struct call *parent, bool on)
{
	const struct call *child = other(parent, parent->child);
	parent->relayed = on;
	if (on && child && child->phase == CALL_UP)
		parent->bridged = true;
}

static void outcome(struct call *parent, const struct call *child)
{
	struct form *f = &parent->dial.form;
	form_fini(f);
	form_add(f, "DialCallStatus", child->row.status);
	form_add(f, "DialCallSid", child->row.sid);
	form_addf(f, "DialCallDuration", "%d", child->row.duration > 0 ? child->row.duration : 0);
	form_add(f, "DialBridged", parent->bridged ? "true" : "false");
	if (child->sip_call_id)
		form_add(f, "DialSipCallId", child->sip_call_id);
	if (child->row.sip_status)
		form_addf(f, "DialSipResponseCode", "%d", child->row.sip_status);
	call_header_params(f, "DialSipHeader_", child->end_headers);
	call_header_params(f, "DialSipHeader_", child->answer_headers);
}

void dial_child_ended(struct call *child)
{
	struct call *parent = other(child, child->parent);
	if (!parent || parent->child != call_tag(child, TAG_LEG))
		return;
	parent->child = 0;
	outcome(parent, child);
	tell_outcome(parent, child->row.start_time != 0);
	call_settle(parent);
}
