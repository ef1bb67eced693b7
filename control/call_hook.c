/* SPDX-License-Identifier: Apache-2.0 */
#include "control/call_priv.h"
#include "control/mem.h"
#include "control/webhook.h"
#include "twiml/twiml_parse.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static bool post_of(const char *method)
{
	return !method || strcmp(method, "GET") != 0;
}

/* What every request about a call carries. From and To are the strings of whoever asked for the call, Caller and
 * Called the URIs of the INVITE once it has left. */
void call_params(const struct call *call, struct form *f, const char *status)
{
	const struct call_row *r = &call->row;
	form_add(f, "CallSid", r->sid);
	form_add(f, "AccountSid", r->account_sid);
	form_add(f, "From", r->from);
	form_add(f, "To", r->to);
	form_add(f, "Caller", call->local_uri ? call->local_uri : r->from);
	form_add(f, "Called", call->remote_uri ? call->remote_uri : r->to);
	form_add(f, "CallStatus", status);
	form_add(f, "ApiVersion", "2010-04-01");
	form_add(f, "Direction", r->direction);
	if (r->parent_sid[0])
		form_add(f, "ParentCallSid", r->parent_sid);
	if (r->forwarded_from)
		form_add(f, "ForwardedFrom", r->forwarded_from);
	if (r->caller_name)
		form_add(f, "CallerName", r->caller_name);
}

/* Is the parameter there? Names of headers are compared as RFC 3261 §7.3.1 wants it: in any case. */
static bool has_header(const struct form *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcasecmp(f->pairs[i].name, name) == 0)
			return true;
	return false;
}

/* "Name: value\r\n" … as prefix + Name = value; a name that is there already stays as it is. */
void call_header_params(struct form *f, const char *prefix, const char *lines)
{
	while (lines && *lines) {
		const char *colon = strchr(lines, ':'), *end = strstr(lines, "\r\n");
		if (!colon || !end || colon > end)
			return;
		char *name = mem_zalloc(strlen(prefix) + (size_t)(colon - lines) + 1);
		memcpy(name, prefix, strlen(prefix));
		memcpy(name + strlen(prefix), lines, (size_t)(colon - lines));
		const char *v = colon + 1;
		while (*v == ' ')
			v++;
		char *value = mem_dupn(v, (size_t)(end - v));
		if (!has_header(f, name))
			form_add(f, name, value);
		free(name);
		free(value);
		lines = end + 2;
	}
}

void call_sip_params(const struct call *call, struct form *f)
{
	if (call->sip_call_id)
		form_add(f, "SipCallId", call->sip_call_id);
	if (call->target.host[0])
		form_add(f, "SipDomain", call->target.host);
	if (call->source_ip[0])
		form_add(f, "SipSourceIp", call->source_ip);
	call_header_params(f, "SipHeader_", call->answer_headers);
}

static void rfc2822(char out[40], int64_t unix_s)
{
	time_t t = (time_t)unix_s;
	struct tm tm;
	gmtime_r(&t, &tm);
	static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	snprintf(out, 40, "%.3s, %02d %.3s %04d %02d:%02d:%02d +0000", days + 3 * tm.tm_wday, tm.tm_mday,
	    months + 3 * tm.tm_mon, (tm.tm_year + 1900) % 10000, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void completed_params(const struct call *call, struct form *f)
{
	int32_t s = call->row.duration > 0 ? call->row.duration : 0;
	form_addf(f, "CallDuration", "%d", s);
	form_addf(f, "Duration", "%d", (s + 59) / 60);
	if (call->row.sip_status)
		form_addf(f, "SipResponseCode", "%d", call->row.sip_status);
}

/* Once, without an outbox. */
static void send_callback(struct call *call, const struct form *f)
{
	struct calls *c = call->calls;
	bool post = post_of(call->row.status_callback_method);
	call->in_flight++;
	if (c->ops.webhook(c->ops.ctx, call->row.account_sid, call->row.status_callback, post, f,
	        call_tag(call, TAG_CALLBACK)) == 0)
		return;
	call->in_flight--;
	call_note_url(call, 11100, true, call->row.status_callback, post,
	    "the status callback could not be sent: its URL is not usable");
}

/* Tell the application, when it asked for this event. Numbers follow the order things happened in. */
bool call_event(struct call *call, uint32_t event, const char *status)
{
	struct calls *c = call->calls;
	if (!call->row.status_callback || !(call->row.events & event))
		return false;
	char at[40];
	rfc2822(at, c->ops.wall_ms(c->ops.ctx) / 1000);
	struct form f;
	form_init(&f);
	call_params(call, &f, status);
	form_add(&f, "Timestamp", at);
	form_add(&f, "CallbackSource", "call-progress-events");
	form_addf(&f, "SequenceNumber", "%u", call->row.next_sequence++);
	if (event == CALL_EV_COMPLETED)
		completed_params(call, &f);
	if (c->ops.callback)
		c->ops.callback(c->ops.ctx, &call->row, &f);
	else
		send_callback(call, &f);
	form_fini(&f);
	return c->ops.callback != NULL;
}

static bool answered_well(const struct http_result *r)
{
	return !r->error && r->status >= 200 && r->status < 300;
}

/* The answer to a status callback, or to an action nobody waits for, matters to nobody; that it failed does. */
void call_callback_done(struct call *call, const struct http_result *r, bool report)
{
	if (call->in_flight)
		call->in_flight--;
	if (!answered_well(r)) {
		char text[300];
		int code = r->timed_out ? 15002 : r->status ? 15003 : r->error ? r->error : 15003;
		snprintf(text, sizeof text, "%s failed: %.200s",
		    report ? "request to the <Dial> action" : "status callback",
		    r->message && *r->message ? r->message : "the answer was no success");
		const char *url = report ? call->document_url : call->row.status_callback;
		bool post = report ? call->document_post : post_of(call->row.status_callback_method);
		call_note_url(call, code, false, url, post, text);
	}
	call_settle(call);
}

static void fetch_failed(struct call *call, int code, const char *fmt, const char *what)
{
	snprintf(call->fetch_error, sizeof call->fetch_error, fmt, what);
	call_twiml_feed(call, &(struct twiml_event){.type = TWIML_EV_FETCH_FAILED,
	                          .code = code,
	                          .text = call->fetch_error,
	                          .base = call->document_url});
}

/* The URL of a request for a document: what stood in TwiML, seen from the document it stood in. */
static bool set_document_url(struct call *call, const struct twiml_effect *e)
{
	char *url = webhook_url(e->base, e->url);
	call->document_post = e->post;
	free(call->document_url);
	call->document_url = url ? url : mem_dup(e->url);
	return url != NULL;
}

static int send_request(struct call *call, const struct twiml_effect *e, uint64_t tag)
{
	struct calls *c = call->calls;
	struct form f;
	form_init(&f);
	call_params(call, &f, call->row.status);
	call_sip_params(call, &f);
	for (uint32_t i = 0; i < e->n_params; i++)
		form_add(&f, e->params[i].name, e->params[i].value);
	int rc = c->ops.webhook(c->ops.ctx, call->row.account_sid, call->document_url, e->post, &f, tag);
	form_fini(&f);
	return rc;
}

void call_fetch(struct call *call, const struct twiml_effect *e)
{
	call->document++;
	if (!set_document_url(call, e))
		fetch_failed(call, e->base ? 11100 : 15004,
		    e->base ? "not an absolute http(s) URL: %.180s"
		            : "a relative URL in TwiML that was given inline has nothing to be relative to: "
		              "%.150s",
		    call->document_url);
	else if (send_request(call, e, call_document_tag(call)) < 0)
		fetch_failed(call, 11100, "not a URL that can be requested: %.180s", call->document_url);
}

void call_report(struct call *call, const struct twiml_effect *e)
{
	call->in_flight++;
	if (set_document_url(call, e) && send_request(call, e, call_tag(call, TAG_REPORT)) == 0)
		return;
	call->in_flight--;
	call_note(call, 11100, true, "the <Dial> action is not a URL that can be requested");
}

static bool has_type(const struct http_result *r, const char *type)
{
	return r->content_type && strncasecmp(r->content_type, type, strlen(type)) == 0;
}

static bool is_twiml(const struct http_result *r)
{
	return !r->content_type || !*r->content_type || has_type(r, "text/xml") ||
	       has_type(r, "application/xml") || has_type(r, "text/html") || has_type(r, "text/plain");
}

static bool is_markup(const struct http_result *r)
{
	size_t i = 0;
	while (i < r->body_len && strchr(" \t\r\n", r->body[i]))
		i++;
	return i == r->body_len || r->body[i] == '<' || (unsigned char)r->body[i] == 0xef; /* a BOM */
}

/* Why this answer cannot be a document; 0: it may be one. */
static int answer_trouble(const struct http_result *r, char why[256])
{
	if (r->error) {
		snprintf(why, 256, "%.200s", r->message ? r->message : "the request failed");
		return r->error;
	}
	if (!answered_well(r)) {
		snprintf(why, 256, "the application answered with HTTP status %ld", r->status);
		return 11200;
	}
	if (has_type(r, "audio/"))
		snprintf(why, 256, "not built yet: an answer of type %.100s is played", r->content_type);
	else if (has_type(r, "text/plain") && !is_markup(r))
		snprintf(why, 256, "not built yet: an answer of type text/plain that is no TwiML is spoken");
	else if (!is_twiml(r))
		snprintf(why, 256, "an answer of type %.100s is not TwiML", r->content_type);
	else
		return 0;
	return 12300;
}

static void document_unusable(struct call *call, int code, const char *why)
{
	if (!call_good_use(call, code, why))
		fetch_failed(call, code, "%.250s", why);
}

void call_document_done(struct call *call, const struct http_result *r)
{
	char why[256];
	int code = answer_trouble(r, why);
	struct twiml_program *p = code ? NULL : twiml_parse(r->body, r->body_len);
	if (code) {
		document_unusable(call, code, why);
		return;
	}
	if (p && p->ok)
		call_good_keep(call, r);
	else if (p && p->notes && call_good_use(call, p->notes->code, p->notes->text)) {
		twiml_program_free(p);
		return;
	}
	call_twiml_feed(call, &(struct twiml_event){.type = TWIML_EV_DOCUMENT,
	                          .program = p,
	                          .base = r->effective_url ? r->effective_url : call->document_url});
}
