/* SPDX-License-Identifier: Apache-2.0 */
/* Calls from outside: their record, their ringing, their answer or refusal. What runs on them is in call_twiml.c. */
#include "control/call_priv.h"
#include "sip-parser/base/ascii.h"
#include "sip-parser/sip_uri.h"

#include <stdio.h>

static void command(const struct call *call, struct dp_cmd *cmd)
{
	bool bad = false;
	cmd->leg = call->leg;
	cmd->orig.call_sid = dp_cmd_text(cmd, span_str(call->row.sid), &bad);
	call->calls->ops.command(call->calls->ops.ctx, cmd);
}

static void turn_away(const struct calls *c, const struct dp_event *e, uint16_t status, const char *reason)
{
	bool bad = false;
	struct dp_cmd cmd = {.type = DP_CMD_REJECT, .leg = e->leg, .sip_status = status};
	cmd.reason = dp_cmd_text(&cmd, span_str(reason), &bad);
	c->ops.command(c->ops.ctx, &cmd);
	c->ops.log(c->ops.ctx, 'W', "", reason);
}

/* The host of the Request-URI: which of our names was called. */
static void set_domain(struct call *call, struct span ruri)
{
	struct sip_uri u;
	uint32_t off;
	if (sip_uri_parse(&u, ruri, &off) == 0)
		snprintf(call->target.host, sizeof call->target.host, "%.*s", (int)u.host.len, u.host.p);
	snprintf(call->target.uri, sizeof call->target.uri, "%.*s", (int)ruri.len, ruri.p);
}

/* The user part as far as it may stand in a From of ours. */
static void set_caller(struct call *call, struct span from)
{
	struct sip_uri u;
	uint32_t off;
	size_t n = 0;
	if (sip_uri_parse(&u, from, &off))
		return;
	for (uint32_t i = 0; i < u.user.len && n < CALL_FROM_MAX; i++)
		if (ascii_is(u.user.p[i], ASCII_ALPHA | ASCII_DIGIT) || memchr("+-_.", u.user.p[i], 4))
			call->caller[n++] = u.user.p[i];
	call->caller[n] = '\0';
}

const char *call_caller(const struct call *call)
{
	if (!call->inbound)
		return call->row.from;
	return call->caller[0] ? call->caller : call->calls->conf.default_from;
}

/* From and To, as Caller and Called, are those of the INVITE. */
static void set_texts(struct call *call, const struct dp_event *e)
{
	struct buf b = buf_on(call->source_ip, sizeof call->source_ip - 1);
	call_text_span(&call->from, dp_event_span(e, e->remote_uri));
	call_text_span(&call->to, dp_event_span(e, e->local_uri));
	call_text(&call->local_uri, call->from);
	call_text(&call->remote_uri, call->to);
	call_text_span(&call->sip_call_id, dp_event_span(e, e->sip_call_id));
	call_text_span(&call->answer_headers, dp_event_span(e, e->headers));
	ip_addr_put(&b, &e->remote.a);
	set_domain(call, dp_event_span(e, e->request_uri));
	set_caller(call, dp_event_span(e, e->remote_uri));
}

static void set_program(struct call *call)
{
	const struct calls_conf *conf = &call->calls->conf;
	bool told = conf->inbound.status_callback && *conf->inbound.status_callback;
	bool fallback = conf->inbound.fallback_url && *conf->inbound.fallback_url;
	call_text(&call->url, conf->inbound.voice_url);
	call->url_post = !conf->inbound.voice_get;
	call_text(&call->fallback_url, fallback ? conf->inbound.fallback_url : NULL);
	call->fallback_post = !conf->inbound.fallback_get;
	call->time_limit_s = conf->time_limit_s;
	if (!told)
		return;
	call_text(&call->status_callback, conf->inbound.status_callback);
	call_text(&call->status_callback_method, conf->inbound.callback_get ? "GET" : "POST");
	call->row.events = CALL_EV_COMPLETED; /* nothing else is told of calls from outside */
}

static void fill_row(struct call *call)
{
	struct calls *c = call->calls;
	struct call_row *r = &call->row;
	r->to = call->to;
	r->from = call->from;
	r->status = "ringing";
	r->direction = "inbound";
	r->duration = -1;
	r->date_created = r->start_time = c->ops.wall_ms(c->ops.ctx) / 1000;
	r->status_callback = call->status_callback;
	r->status_callback_method = call->status_callback_method;
}

static struct call *make(struct calls *c, const struct dp_event *e)
{
	struct call *call = call_new(c, c->conf.inbound.account_sid, NULL);
	call->phase = CALL_INCOMING;
	call->inbound = call->ringing = true;
	call->offers_media = e->early_media;
	call->leg = e->leg;
	call->worker = dp_leg_worker(e->leg);
	call->started_ns = c->ops.now_ns(c->ops.ctx);
	call_key_leg(call, e->leg);
	set_texts(call, e);
	set_program(call);
	fill_row(call);
	return call;
}

/* 180 at once; the document is fetched when the record is on disk. */
static void ring(struct call *call)
{
	struct dp_cmd cmd = {.type = DP_CMD_RING, .sip_status = 180};
	uint64_t limit = call->time_limit_s * UINT64_C(1000000000);
	command(call, &cmd);
	call_set_timer(call, TAG_LIMIT, call->started_ns + limit);
	call_story(call, "SIP INVITE %.200s from %.200s, source %s, Call-ID %.100s", call->target.uri,
	    call->from, call->source_ip, call->sip_call_id ? call->sip_call_id : "");
	call_save(call, call_tag(call, TAG_TAKEN));
}

void call_incoming(struct calls *c, const struct dp_event *e)
{
	if (c->closed)
		turn_away(c, e, 503, "the engine stops: no new calls from outside");
	else if (!c->conf.inbound.voice_url || !*c->conf.inbound.voice_url)
		turn_away(c, e, 403, "calls from outside are not served");
	else if (c->live >= c->conf.calls_max)
		turn_away(c, e, 503, "the engine has as many calls as it may have");
	else
		ring(make(c, e));
}

void call_answer(struct call *call)
{
	struct dp_cmd cmd = {.type = DP_CMD_ANSWER};
	if (call->phase != CALL_INCOMING || call->answer_sent || call->hangup_sent)
		return;
	call->answer_sent = true;
	call_story(call, "answered: SIP 200 asked for");
	command(call, &cmd);
}

static const char *status_of_refusal(uint16_t status)
{
	return status == 486 ? "busy" : status == 404 || status == 480 ? "no-answer" : "failed";
}

void call_reject(struct call *call, uint16_t status)
{
	struct dp_cmd cmd = {.type = DP_CMD_REJECT, .sip_status = status};
	if (call->phase != CALL_INCOMING || call->answer_sent || call->hangup_sent)
		return;
	call->hangup_sent = true;
	call->refused_as = status_of_refusal(status);
	if (!call->hangup_why[0])
		snprintf(call->hangup_why, sizeof call->hangup_why, "refused with %u by its TwiML", status);
	call_story(call, "SIP %u: %s", status, call->hangup_why);
	command(call, &cmd);
}

bool call_early_media(struct call *call)
{
	struct dp_cmd cmd = {.type = DP_CMD_RING, .sip_status = 183, .early_media = true};
	if (!call->offers_media)
		return false;
	if (!call->early_sent)
		command(call, &cmd);
	call->early_sent = true;
	return true;
}
