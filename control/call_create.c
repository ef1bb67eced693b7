/* SPDX-License-Identifier: Apache-2.0 */
/* POST Calls.json: every parameter checked before anything is made. */
#include "control/call_priv.h"
#include "control/mem.h"
#include "control/utf8.h"
#include "sip-parser/base/ascii.h"

#include <stdio.h>
#include <stdlib.h>

#define AUTH_BYTES_MAX    256
#define UNKNOWN_NOTES_MAX 20

/* What the checks found; strings belong to the request. */
struct wish {
	struct calls *c;
	const struct form *params;
	struct call_error *err;
	struct call *call; /* to be filled; not yet a call for anybody */
};

#define no(w, ...) call_refuse((w)->err, __VA_ARGS__)

static const char *get(const struct wish *w, const char *name)
{
	return call_param(w->params, name);
}

struct drop_seen {
	struct wish *w;
	int code;
	char name[64];
};

static void on_drop(void *ctx, enum target_drop why, struct span name)
{
	struct drop_seen *d = ctx;
	if (why == TARGET_HEADER_NAME || why == TARGET_HEADER_VALUE) {
		d->code = d->code ? d->code : why == TARGET_HEADER_NAME ? 21228 : 21229;
		return;
	}
	call_note_drop(d->w->call, why, name);
}

static int refuse_target(struct wish *w, enum target_error e)
{
	switch (e) {
	case TARGET_OK:
		return 0;
	case TARGET_EMPTY:
		return no(w, 21201, "No 'To' number is specified");
	case TARGET_NOT_SIP:
		return no(w, 21217,
		    "'To' is not a SIP URI; only sip: addresses can be called, other kinds are not built "
		    "yet");
	case TARGET_BAD_URI:
		return no(w, 21211, "Invalid 'To': not a valid SIP URI");
	case TARGET_URI_TOO_LONG:
		return no(
		    w, 21211, "Invalid 'To': the SIP URI must be shorter than %d characters", TARGET_URI_MAX);
	case TARGET_HEADERS_TOO_LONG:
		return no(
		    w, 21227, "The headers of 'To' must be shorter than %d characters", TARGET_HEADERS_MAX);
	}
	return no(w, 21211, "Invalid 'To'");
}

static int check_to(struct wish *w)
{
	const char *to = get(w, "To");
	if (!to)
		return refuse_target(w, TARGET_EMPTY);
	struct drop_seen d = {.w = w};
	enum target_error e = sip_target_parse(&w->call->target, span_str(to), true, on_drop, &d);
	if (e)
		return refuse_target(w, e);
	if (d.code)
		return no(w, d.code,
		    d.code == 21228 ? "'To' carries a header whose name is not legal"
		                    : "'To' carries a header whose value is not legal");
	call_text(&w->call->to, to);
	return 0;
}

static int check_from(struct wish *w)
{
	const char *from = get(w, "From");
	if (!from)
		from = w->c->conf.default_from;
	struct span s = span_str(from);
	for (uint32_t i = 0; i < s.len; i++)
		if (!ascii_is(s.p[i], ASCII_ALPHA | ASCII_DIGIT) && !memchr("+-_.", s.p[i], 4))
			return no(w, 21212, "Invalid 'From': only letters, digits and + - _ . are allowed");
	if (s.len > CALL_FROM_MAX)
		return no(w, 21212, "Invalid 'From': longer than %d characters", CALL_FROM_MAX);
	call_text(&w->call->from, from);
	return 0;
}

static int check_url(struct wish *w, const char *name, int code, char **to)
{
	return call_check_url(w->params, w->err, name, code, to);
}

static int check_method(struct wish *w, const char *name, bool *post)
{
	return call_check_method(w->params, w->err, name, post);
}

static int check_program(struct wish *w)
{
	const char *twiml = get(w, "Twiml");
	if (get(w, "ApplicationSid"))
		return no(w, 21218, "'ApplicationSid' is not built yet; give Url or Twiml");
	if (!get(w, "Url") && !twiml)
		return no(w, 21205, "Url parameter is required: give Url or Twiml");
	if (call_check_twiml(twiml, w->err))
		return -1;
	if (twiml && get(w, "Url"))
		call_early_note(w->call, 32019, false, "Twiml and Url were both given: Url is used");
	else
		call_text(&w->call->twiml_text, twiml);
	return check_url(w, "Url", 21205, &w->call->url) || check_method(w, "Method", &w->call->url_post) ? -1
	                                                                                                  : 0;
}

static int check_fallback(struct wish *w)
{
	return check_url(w, "FallbackUrl", 21205, &w->call->fallback_url) ||
	               check_method(w, "FallbackMethod", &w->call->fallback_post)
	           ? -1
	           : 0;
}

static void take_events(struct wish *w, const char *value)
{
	uint32_t unknown = 0;
	w->call->row.events |= call_events_of(span_str(value), &unknown);
	for (uint32_t i = 0; i < unknown && i < UNKNOWN_NOTES_MAX; i++)
		call_early_note(
		    w->call, 21626, false, "StatusCallbackEvent has an unknown value: it is ignored");
}

/* The parameter may be repeated, or hold several words; without any, `completed` is told. */
static int check_callback(struct wish *w)
{
	bool post;
	if (check_url(w, "StatusCallback", 21609, &w->call->status_callback) ||
	    check_method(w, "StatusCallbackMethod", &post))
		return -1;
	call_text(&w->call->status_callback_method, post ? "POST" : "GET");
	for (const struct form_pair *p = form_next(w->params, "StatusCallbackEvent", NULL); p;
	     p = form_next(w->params, "StatusCallbackEvent", p))
		take_events(w, p->value);
	if (!w->call->row.events)
		w->call->row.events = CALL_EV_COMPLETED;
	return 0;
}

static int check_seconds(struct wish *w, const char *name, uint32_t max, uint32_t dflt, uint32_t *out)
{
	return call_check_seconds(w->params, w->err, name, max, dflt, out);
}

static int check_times(struct wish *w)
{
	uint32_t limit = w->c->conf.time_limit_s;
	if (check_seconds(w, "Timeout", 600, 60, &w->call->ring_timeout_s) ||
	    check_seconds(w, "TimeLimit", 86400, limit, &w->call->time_limit_s))
		return -1;
	if (w->call->time_limit_s > limit)
		w->call->time_limit_s = limit;
	return 0;
}

static bool has_control(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return true;
	return false;
}

static int check_auth(struct wish *w)
{
	const char *user = get(w, "SipAuthUsername"), *password = get(w, "SipAuthPassword");
	if (user && strlen(user) >= AUTH_BYTES_MAX)
		return no(w, 21221, "'SipAuthUsername' must be shorter than %d characters", AUTH_BYTES_MAX);
	if (user && has_control(user))
		return no(w, 21222, "'SipAuthUsername' holds illegal characters");
	if (password && strlen(password) >= AUTH_BYTES_MAX)
		return no(w, 21223, "'SipAuthPassword' must be shorter than %d characters", AUTH_BYTES_MAX);
	if (password && has_control(password))
		return no(w, 21224, "'SipAuthPassword' holds illegal characters");
	if (user && !password)
		return no(w, 21225, "'SipAuthUsername' needs 'SipAuthPassword'");
	call_text(&w->call->sip_username, user);
	call_text(&w->call->sip_password, password);
	return 0;
}

static int check_digits(struct wish *w)
{
	const char *d = get(w, "SendDigits");
	if (d && (strlen(d) > 32 || d[strspn(d, "0123456789ABCDabcd#*wW")]))
		return no(w, 21206, "'SendDigits' holds at most 32 of 0-9 A-D # * w W");
	return 0;
}

/* Every parameter of the resource; those that are not built are told to whoever sent them. */
static const struct {
	const char *name;
	bool built;
} known[] = {
    {"To", true},
    {"From", true},
    {"Url", true},
    {"Twiml", true},
    {"Method", true},
    {"FallbackUrl", true},
    {"FallbackMethod", true},
    {"StatusCallback", true},
    {"StatusCallbackEvent", true},
    {"StatusCallbackMethod", true},
    {"Timeout", true},
    {"TimeLimit", true},
    {"ApplicationSid", true},
    {"SipAuthUsername", true},
    {"SipAuthPassword", true},
    {"SendDigits", false},
    {"IfMachine", false},
    {"Record", false},
    {"RecordingChannels", false},
    {"RecordingTrack", false},
    {"RecordingStatusCallback", false},
    {"RecordingStatusCallbackMethod", false},
    {"RecordingStatusCallbackEvent", false},
    {"Trim", false},
    {"MachineDetection", false},
    {"MachineDetectionTimeout", false},
    {"MachineDetectionSpeechThreshold", false},
    {"MachineDetectionSpeechEndThreshold", false},
    {"MachineDetectionSilenceTimeout", false},
    {"AsyncAmd", false},
    {"AsyncAmdStatusCallback", false},
    {"AsyncAmdStatusCallbackMethod", false},
    {"CallerId", false},
    {"CallReason", false},
    {"CallToken", false},
    {"Byoc", false},
    {"ClientNotificationUrl", false},
    {"Passports", false},
    {"RecordingConfigurationId", false},
};

static void note_param(struct wish *w, const char *name)
{
	char text[160];
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		if (strcmp(known[i].name, name) != 0)
			continue;
		if (known[i].built)
			return;
		snprintf(text, sizeof text, "not built yet: parameter %s has no effect", name);
		call_early_note(w->call, 20001, false, text);
		return;
	}
	char shown[65];
	size_t n = 0;
	for (; name[n] && n < sizeof shown - 1; n++)
		shown[n] = (unsigned char)name[n] > ' ' && (unsigned char)name[n] < 0x7f ? name[n] : '?';
	shown[n] = '\0';
	snprintf(text, sizeof text, "Unknown parameter %s is ignored", shown);
	call_early_note(w->call, 20001, false, text);
}

static void note_params(struct wish *w)
{
	size_t n = w->params->n < UNKNOWN_NOTES_MAX + 40 ? w->params->n : UNKNOWN_NOTES_MAX + 40;
	for (size_t i = 0; i < n; i++)
		note_param(w, w->params->pairs[i].name);
}

static int check_extras(struct wish *w)
{
	return call_check_extras(w->params, w->err);
}

typedef int check_fn(struct wish *w);

static check_fn *const checks[] = {check_to, check_from, check_program, check_fallback, check_callback,
    check_times, check_digits, check_auth, check_extras};

static bool accepted(struct wish *w)
{
	if (w->c->live > w->c->conf.calls_max) {
		w->err->http_status = 429;
		w->err->code = 20429;
		snprintf(w->err->message, sizeof w->err->message,
		    "Too Many Requests: %u calls are up, the most there may be", w->c->conf.calls_max);
		return false;
	}
	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
		if (checks[i](w) < 0)
			return false;
	return true;
}

static void fill_row(struct call *call)
{
	struct call_row *r = &call->row;
	struct calls *c = call->calls;
	r->to = call->to;
	r->from = call->from;
	r->status = "queued";
	r->direction = "outbound-api";
	r->duration = -1;
	r->date_created = r->date_updated = c->ops.wall_ms(c->ops.ctx) / 1000;
	r->status_callback = call->status_callback;
	r->status_callback_method = call->status_callback_method;
}

struct call *calls_create(struct calls *c, const struct call_request *r, struct call_error *err)
{
	call_reap(c);
	struct call *call = call_new(c, r->account_sid, NULL);
	struct wish w = {.c = c, .params = r->params, .err = err, .call = call};
	if (!accepted(&w)) {
		calls_discard(c, call);
		return NULL;
	}
	note_params(&w);
	fill_row(call);
	call_story(call, "queued: asked for by the REST API");
	return call;
}
