/* SPDX-License-Identifier: Apache-2.0 */
#include "control/call_priv.h"
#include "control/call_status.h"

#include <assert.h>
#include <stdio.h>

static uint64_t now_ns(const struct call *call)
{
	return call->calls->ops.now_ns(call->calls->ops.ctx);
}

static int64_t wall_s(const struct call *call)
{
	return call->calls->ops.wall_ms(call->calls->ops.ctx) / 1000;
}

void call_save(struct call *call, uint64_t tag)
{
	call->row.date_updated = wall_s(call);
	call->row.story = call->phase == CALL_OVER ? call->story : NULL;
	call->calls->ops.save(call->calls->ops.ctx, &call->row, tag);
}

static void save(struct call *call)
{
	call_save(call, 0);
}

void call_set_status(struct call *call, const char *status)
{
	call->row.status = status;
	save(call);
}

void call_set_timer(struct call *call, enum call_tag kind, uint64_t at_ns)
{
	call->calls->ops.timer(call->calls->ops.ctx, call_tag(call, kind), at_ns);
}

static void set_reason(struct call *call, const char *reason)
{
	call_text(&call->reason, reason && *reason ? reason : NULL);
	call->row.reason = call->reason;
}

static void log_end(struct call *call)
{
	const struct call_row *r = &call->row;
	char sip[24] = "";
	if (r->sip_status)
		snprintf(sip, sizeof sip, " (SIP %d)", r->sip_status);
	call_log(call, strcmp(r->status, "failed") == 0 ? 'W' : 'I', "%s%s: %s", r->status, sip,
	    r->reason ? r->reason : "");
}

/* The one place where a call becomes terminal. */
void call_finish(struct call *call, const char *status, uint16_t sip_status, int code, const char *reason)
{
	assert(call->phase != CALL_OVER);
	/* A call canceled in the queue says nothing; a called leg is never queued. */
	bool quiet = call->phase <= CALL_RESOLVING && strcmp(status, "canceled") == 0 &&
	             !call->row.parent_sid[0] && !call->started_ns;
	bool completed = strcmp(status, "completed") == 0;
	call->phase = CALL_OVER;
	call_live_ended(call);
	call_set_timer(call, TAG_PAUSE, 0);
	call_set_timer(call, TAG_LIMIT, 0);
	call_set_timer(call, TAG_RETRY, 0);
	call->row.end_time = wall_s(call);
	call->row.duration = completed ? (int32_t)((now_ns(call) - call->answered_ns) / 1000000000u) : -1;
	call->row.sip_status = call->invite_status ? call->invite_status : sip_status;
	call->row.status = status;
	set_reason(call, reason);
	call_story(call, "%s: %s", status, reason ? reason : "");
	if (!quiet)
		call_event(call, CALL_EV_COMPLETED, status);
	save(call);
	if (!completed)
		call_why_tell(call, code);
	else if (code)
		call_note(call, code, true, "%s", reason);
	log_end(call);
	if (call->twiml)
		call_twiml_feed(call, &(struct twiml_event){.type = TWIML_EV_LEG_GONE});
	if (call->parent)
		dial_child_ended(call);
	call_settle(call);
}

void call_fail(struct call *call, int code, uint16_t sip_status, const char *reason)
{
	call_finish(call, "failed", sip_status, code, reason);
}

static void send_hangup(struct call *call)
{
	if (call->hangup_sent || !call->leg)
		return;
	call_story(call, "SIP %s: %s",
	    call->phase == CALL_UP         ? "BYE"
	    : call->phase == CALL_INCOMING ? "480"
	                                   : "CANCEL",
	    call->hangup_why);
	struct dp_cmd cmd = {.type = DP_CMD_HANGUP, .leg = call->leg};
	call->hangup_sent = true;
	call->calls->ops.command(call->calls->ops.ctx, &cmd);
}

void call_hangup(struct call *call, const char *why)
{
	if (call->phase == CALL_OVER)
		return;
	if (!call->hangup_why[0])
		snprintf(call->hangup_why, sizeof call->hangup_why, "%s", why);
	if (call->phase <= CALL_RESOLVING) {
		call_finish(call, "canceled", 0, 31487, why);
		return;
	}
	if (call->phase == CALL_DIALING)
		call->hangup_wanted = true;
	send_hangup(call);
}

/* Of the first address: of all the others nobody needs to hear but for what they are called. */
static void tell_initiated(struct call *call)
{
	if (call->started_ns)
		return;
	call->started_ns = now_ns(call);
	call->row.start_time = wall_s(call);
	call_event(call, CALL_EV_INITIATED, "initiated");
	save(call);
}

static void on_started(struct call *call, const struct dp_event *e)
{
	if (call->phase != CALL_DIALING || call->leg)
		return;
	call->leg = e->leg;
	call_text_span(&call->sip_call_id, dp_event_span(e, e->sip_call_id));
	call_text_span(&call->local_uri, dp_event_span(e, e->local_uri));
	call_text_span(&call->remote_uri, dp_event_span(e, e->remote_uri));
	call_story(call, "SIP INVITE %.200s, Call-ID %.100s", call->remote_uri ? call->remote_uri : "",
	    call->sip_call_id ? call->sip_call_id : "");
	tell_initiated(call);
	if (call->hangup_wanted)
		send_hangup(call);
}

static void keep_source(struct call *call, const struct dp_event *e)
{
	struct buf b = buf_on(call->source_ip, sizeof call->source_ip - 1);
	if (!e->remote.a.fam)
		return;
	ip_addr_put(&b, &e->remote.a);
	call->source_ip[b.len] = '\0';
}

static void on_progress(struct call *call, const struct dp_event *e)
{
	if (call->phase != CALL_DIALING || !call->leg || call->hangup_wanted)
		return;
	keep_source(call, e);
	call_hop_reached(call);
	if (call->progress != e->sip_status)
		call_story(call, "SIP %u%s", e->sip_status, e->early_media ? " with early media" : "");
	call->progress = e->sip_status;
	if (!call->ringing) {
		call->ringing = true;
		call->row.status = "ringing";
		call_event(call, CALL_EV_RINGING, "ringing");
		save(call);
	}
	if (call->parent)
		dial_progress(call, e->early_media);
}

static void set_answered(struct call *call, const struct dp_event *e)
{
	call->phase = CALL_UP;
	call->answered_ns = now_ns(call);
	call_hop_reached(call);
	call->invite_status = e->sip_status ? e->sip_status : 200;
	call->row.answer_time = wall_s(call);
	call->row.status = "in-progress";
	call_set_timer(call, TAG_LIMIT, call->answered_ns + call->time_limit_s * UINT64_C(1000000000));
}

/* Our 200 has left; its TwiML runs already. */
static void on_caller_answered(struct call *call, const struct dp_event *e)
{
	set_answered(call, e);
	call_story(call, "SIP 200: answered");
	call_event(call, CALL_EV_ANSWERED, "in-progress");
	save(call);
	dial_caller_up(call);
}

/* An answer that crosses our CANCEL is not an answered call: the worker ends it, ENDED tells. */
static void on_answered(struct call *call, const struct dp_event *e)
{
	if (call->phase == CALL_INCOMING) {
		on_caller_answered(call, e);
		return;
	}
	if (call->phase != CALL_DIALING || !call->leg || call->hangup_wanted)
		return;
	set_answered(call, e);
	keep_source(call, e);
	call_text_span(&call->answer_headers, dp_event_span(e, e->headers));
	call_story(call, "SIP %u: answered by %s", call->invite_status, call->source_ip);
	/* What a callback tells is on disk before the call goes on because of it. */
	bool told = call_event(call, CALL_EV_ANSWERED, "in-progress");
	call_save(call, told && !call->parent ? call_tag(call, TAG_ANSWERED) : 0);
	if (call->parent)
		dial_answered(call);
	else if (!told)
		call_twiml_start(call);
}

/* An answered call ends completed whatever ended it; trouble on the way there is worth a notification. */
static int code_of(const struct dp_event *e, bool answered)
{
	bool usual = e->cause == DP_END_REMOTE_BYE || e->cause == DP_END_LOCAL_HANGUP ||
	             e->cause == DP_END_SHUTDOWN || e->cause == DP_END_CANCELED;
	return answered && usual ? 0 : call_why_code(e);
}

static void on_ended(struct call *call, const struct dp_event *e)
{
	char reason[400];
	if (call->phase != CALL_DIALING && !call_runs(call))
		return;
	bool answered = call->phase == CALL_UP;
	call->leg = 0;
	keep_source(call, e);
	if (e->cause == DP_END_REMOTE_BYE)
		call_story(call, "SIP BYE from the far side");
	else if (e->cause == DP_END_REMOTE_CANCEL)
		call_story(call, "SIP CANCEL from the caller");
	else if (e->cause == DP_END_REJECTED)
		call_story(call, "SIP %u", e->sip_status);
	if (!answered && call_next_hop(call, e))
		return;
	call_text_span(&call->end_headers, dp_event_span(e, e->headers));
	if (!answered)
		call->invite_status = e->sip_status;
	call_why(call, e, reason, sizeof reason);
	const char *status = call_status_of(
	    (enum dp_end_cause)e->cause, e->sip_status, answered, e->progressed, call->hangup_wanted);
	if (e->cause == DP_END_DECLINED && call->refused_as)
		status = call->refused_as;
	call_finish(call, status, e->sip_status, code_of(e, answered), reason);
}

typedef void event_fn(struct call *call, const struct dp_event *e);

static void on_bridged(struct call *call, const struct dp_event *e)
{
	call_story(call, e->type == DP_EV_BRIDGED ? "bridged" : "no longer bridged");
	dial_bridged(call, e->peer, e->type == DP_EV_BRIDGED);
}

static void on_refer(struct call *call, const struct dp_event *e)
{
	struct span to = dp_event_span(e, e->reason);
	struct call *parent = call->parent ? call_by_tag(call->calls, call->parent) : NULL;
	call_story(call, "SIP REFER to %.*s: declined", (int)(to.len < 200 ? to.len : 200), to.p);
	call_note(parent ? parent : call, 13802, false,
	    "REFER to %.*s was declined: transfers by the called side (referUrl) are not built yet",
	    (int)(to.len < 200 ? to.len : 200), to.p);
}

static event_fn *const events[DP_EV_TYPES] = {
    [DP_EV_STARTED] = on_started,
    [DP_EV_PROGRESS] = on_progress,
    [DP_EV_ANSWERED] = on_answered,
    [DP_EV_BRIDGED] = on_bridged,
    [DP_EV_UNBRIDGED] = on_bridged,
    [DP_EV_ENDED] = on_ended,
    [DP_EV_REFER] = on_refer,
};

void calls_dp_event(struct calls *c, const struct dp_event *e)
{
	call_reap(c);
	if (e->type == DP_EV_INCOMING) {
		call_incoming(c, e);
		return;
	}
	struct call *call = e->cookie ? call_by_tag(c, e->cookie) : call_by_leg(c, e->leg);
	bool ours = call && (!e->cookie || e->cookie == call_tag(call, TAG_LEG));
	if (ours && e->type < DP_EV_TYPES && events[e->type])
		events[e->type](call, e);
}
