/* SPDX-License-Identifier: Apache-2.0 */
#include "control/call_priv.h"
#include "twiml/twiml_parse.h"

#include <assert.h>
#include <stdio.h>

static void on_pause(struct call *call, const struct twiml_effect *e)
{
	struct calls *c = call->calls;
	uint64_t at = c->ops.now_ns(c->ops.ctx) + e->seconds * UINT64_C(1000000000);
	c->ops.timer(c->ops.ctx, call_tag(call, TAG_PAUSE), at);
}

static void on_hangup(struct call *call, const struct twiml_effect *e)
{
	char why[300];
	snprintf(why, sizeof why, "the TwiML cannot go on: %.250s", call->trouble);
	call_hangup(call, call->trouble[0] ? why : "the TwiML came to its end");
}

static void on_note(struct call *call, const struct twiml_effect *e)
{
	if (e->error)
		snprintf(call->trouble, sizeof call->trouble, "%d %.240s", e->code, e->text);
	if (e->line)
		call_note(call, e->code, e->error, "%.300s (line %u, column %u)", e->text, e->line, e->col);
	else
		call_note(call, e->code, e->error, "%.300s", e->text);
}

static void on_dial_stop(struct call *call, const struct twiml_effect *e)
{
	dial_stop(call);
}

static void on_answer(struct call *call, const struct twiml_effect *e)
{
	call_answer(call);
}

static void on_reject(struct call *call, const struct twiml_effect *e)
{
	call_reject(call, (uint16_t)e->code);
}

static void on_connect(struct call *call, const struct twiml_effect *e)
{
	dial_screened(call);
}

static void on_end(struct call *call, const struct twiml_effect *e)
{
	call_settle(call);
}

typedef void effect_fn(struct call *call, const struct twiml_effect *e);

static effect_fn *const effects[] = {
    [TWIML_DO_FETCH] = call_fetch,
    [TWIML_DO_REPORT] = call_report,
    [TWIML_DO_DIAL] = dial_start,
    [TWIML_DO_DIAL_STOP] = on_dial_stop,
    [TWIML_DO_PAUSE] = on_pause,
    [TWIML_DO_ANSWER] = on_answer,
    [TWIML_DO_REJECT] = on_reject,
    [TWIML_DO_CONNECT] = on_connect,
    [TWIML_DO_HANGUP] = on_hangup,
    [TWIML_DO_NOTE] = on_note,
    [TWIML_DO_END] = on_end,
};

/* What the table had to say about a document that runs. */
static void tell_notes(struct call *call, const struct twiml_program *p)
{
	if (!p || !p->ok)
		return;
	for (const struct twiml_note *n = p->notes; n; n = n->next)
		call_note(call, n->code, n->error, "%.300s (line %u, column %u)", n->text, n->line, n->col);
	if (p->notes_dropped)
		call_note(call, TWIML_E_SCHEMA, false, "%u more remarks on this document", p->notes_dropped);
}

static void step(struct call *call, const struct twiml_event *ev)
{
	struct twiml_effects fx;
	const struct twiml_program *before = twiml_session_program(call->twiml);
	call->trouble[0] = 0;
	twiml_step(call->twiml, ev, &fx);
	if (twiml_session_program(call->twiml) != before)
		tell_notes(call, twiml_session_program(call->twiml));
	/* What an effect sets off at once is queued by call_twiml_feed, so fx stays as it is. */
	for (uint32_t i = 0; i < fx.n; i++)
		effects[fx.e[i].type](call, &fx.e[i]);
	if (fx.more)
		call_twiml_feed(call, &(struct twiml_event){.type = TWIML_EV_CONTINUE});
}

void call_twiml_feed(struct call *call, const struct twiml_event *ev)
{
	assert(call->n_queued < CALL_EVENTS_QUEUED);
	call->queued[call->n_queued++] = *ev;
	if (call->feeding)
		return;
	call->feeding = true;
	while (call->n_queued) {
		struct twiml_event next = call->queued[0];
		call->n_queued--;
		memmove(call->queued, call->queued + 1, call->n_queued * sizeof call->queued[0]);
		step(call, &next);
	}
	call->feeding = false;
	call_settle(call);
}

void call_twiml_start(struct call *call)
{
	call->twiml = twiml_session_new();
	assert(call->twiml);
	struct twiml_event ev = {.type = TWIML_EV_START,
	    .url = call->url,
	    .post = call->url_post,
	    .fallback_url = call->fallback_url,
	    .fallback_post = call->fallback_post,
	    .screening = call->screened,
	    .ringing = call->phase == CALL_INCOMING};
	if (!call->url)
		call_story(call, "runs its inline TwiML");
	if (!call->url)
		ev.program = twiml_parse(call->twiml_text, strlen(call->twiml_text));
	call_twiml_feed(call, &ev);
}

/* A session of its own, so that nothing of the old one is left: an answer that is still on its way has an old
 * number. */
void call_redirect(struct call *call, const char *url, bool post, const char *twiml)
{
	struct calls *c = call->calls;
	assert(!call->feeding && call->phase == CALL_UP);
	c->ops.timer(c->ops.ctx, call_tag(call, TAG_PAUSE), 0);
	dial_abandon(call);
	dial_leave(call);
	twiml_session_free(call->twiml);
	call->twiml = NULL;
	call->n_queued = 0;
	call->document++;
	call->screened = false;
	call_text(&call->url, url);
	call->url_post = post;
	call_text(&call->twiml_text, twiml);
	call_twiml_start(call);
}
