/* SPDX-License-Identifier: Apache-2.0 */
/* POST Calls/{Sid}: everything is checked before anything is changed. */
#include "control/call_check.h"
#include "control/call_priv.h"

#include <stdlib.h>

/* What the request asks for. Strings owned unless said otherwise; NULL: stays as it is. */
struct change {
	const char *status, *twiml; /* borrowed */
	char *url, *fallback, *callback;
	bool post, fallback_post, callback_post;
	bool has_method; /* StatusCallbackMethod alone changes the method */
	uint32_t limit;  /* 0: stays */
};

static void change_fini(struct change *ch)
{
	free(ch->url);
	free(ch->fallback);
	free(ch->callback);
}

static bool redirects(const struct change *ch)
{
	return ch->url || ch->twiml;
}

static int read_change(const struct calls *c, const struct form *p, struct change *ch, struct call_error *err)
{
	ch->status = call_param(p, "Status");
	ch->twiml = call_param(p, "Twiml");
	ch->has_method = call_param(p, "StatusCallbackMethod") != NULL;
	if (call_check_url(p, err, "Url", 21205, &ch->url) ||
	    call_check_method(p, err, "Method", &ch->post) ||
	    call_check_url(p, err, "FallbackUrl", 21205, &ch->fallback) ||
	    call_check_method(p, err, "FallbackMethod", &ch->fallback_post) ||
	    call_check_url(p, err, "StatusCallback", 21609, &ch->callback) ||
	    call_check_method(p, err, "StatusCallbackMethod", &ch->callback_post) ||
	    call_check_twiml(ch->twiml, err) || call_check_seconds(p, err, "TimeLimit", 86400, 0, &ch->limit))
		return -1;
	if (ch->limit > c->conf.time_limit_s)
		ch->limit = c->conf.time_limit_s;
	return 0;
}

static int check_words(const struct change *ch, struct call_error *err)
{
	if (ch->status && strcmp(ch->status, "canceled") != 0 && strcmp(ch->status, "completed") != 0)
		return call_refuse(err, 20001, "Status must be canceled or completed");
	if (ch->url && ch->twiml)
		return call_refuse(err, 20001, "Url and Twiml exclude each other");
	if (ch->status && redirects(ch))
		return call_refuse(err, 20001, "Status and a redirect by Url or Twiml exclude each other");
	if (!ch->status && !redirects(ch) && !ch->fallback && !ch->callback && !ch->has_method && !ch->limit)
		return call_refuse(err, 20001,
		    "nothing to change: give Status (canceled or completed), Url, Twiml, FallbackUrl, "
		    "StatusCallback or TimeLimit");
	return 0;
}

/* Does the call's state allow it? */
static int check_state(const struct call *call, const struct change *ch, struct call_error *err)
{
	if (call->phase == CALL_OVER)
		return call_refuse(
		    err, 21220, "Call is not in-progress. It has ended as %s.", call->row.status);
	if (redirects(ch) && (call->phase != CALL_UP || call->hangup_sent))
		return call_refuse(err, 21220, "Call is not in-progress. Cannot redirect.");
	if (ch->status && strcmp(ch->status, "canceled") == 0 && call->phase == CALL_UP)
		return call_refuse(
		    err, 21220, "Call is in-progress. Only a queued or ringing call can be canceled.");
	return 0;
}

static void set_limit(struct call *call, uint32_t seconds)
{
	struct calls *c = call->calls;
	call->time_limit_s = seconds;
	if (call->phase == CALL_UP)
		c->ops.timer(c->ops.ctx, call_tag(call, TAG_LIMIT),
		    call->answered_ns + seconds * UINT64_C(1000000000));
}

/* The new callback gets what happens from here on, with the events that were asked for; `completed` without any. */
static void set_callback(struct call *call, const struct change *ch)
{
	if (ch->callback) {
		call_text(&call->status_callback, ch->callback);
		call->row.status_callback = call->status_callback;
	}
	if (ch->callback || ch->has_method) {
		call_text(&call->status_callback_method, ch->callback_post ? "POST" : "GET");
		call->row.status_callback_method = call->status_callback_method;
	}
	if (!call->row.events)
		call->row.events = CALL_EV_COMPLETED;
}

static void apply(struct call *call, const struct change *ch)
{
	if (ch->fallback) {
		call_text(&call->fallback_url, ch->fallback);
		call->fallback_post = ch->fallback_post;
	}
	if (ch->callback || ch->has_method)
		set_callback(call, ch);
	if (ch->limit)
		set_limit(call, ch->limit);
	if (ch->callback || ch->has_method)
		call_set_status(call, call->row.status);
	if (redirects(ch))
		call_story(call, "redirected by the REST API to %.300s", ch->url ? ch->url : "inline TwiML");
	if (redirects(ch))
		call_redirect(call, ch->url, ch->post, ch->twiml);
	else if (ch->status)
		call_hangup(call, strcmp(ch->status, "canceled") == 0 ? "canceled by the REST API"
		                                                      : "ended by the REST API");
}

int calls_update(struct calls *c, struct call *call, const struct form *params, struct call_error *err)
{
	struct change ch = {0};
	bool refused =
	    read_change(c, params, &ch, err) || check_words(&ch, err) || check_state(call, &ch, err);
	if (!refused)
		apply(call, &ch);
	change_fini(&ch);
	return refused ? -1 : 0;
}
