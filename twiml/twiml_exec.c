/* SPDX-License-Identifier: Apache-2.0 */
#include "twiml/twiml_exec.h"

#include "twiml/twiml_parse.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum state { ST_IDLE, ST_FETCHING, ST_RUNNING, ST_PAUSING, ST_DIALING, ST_GONE_DIALING, ST_OVER, STATES };

struct twiml_session {
	enum state state;
	struct twiml_program *program;
	struct twiml_program *retired; /* the one before it: effects of the last step may look into it */
	const struct twiml_node *at;   /* the verb that runs or is next */
	char *base, *fallback_url;
	bool fallback_post, fallback_used, screening;
	bool ringing;
	uint16_t refusal; /* of a caller that rings, by the <Dial> that failed */
	enum twiml_fetch_for fetching;
	uint32_t chain; /* documents since something took time */
	char error_code[16];
	char *error_url, *error_text;
	struct twiml_param fallback_params[2];
};

typedef void step_fn(struct twiml_session *s, const struct twiml_event *ev, struct twiml_effects *out);

static const struct twiml_param not_dialled[] = {{"DialCallStatus", "failed"}, {"DialBridged", "false"}};

static struct twiml_effect *put(struct twiml_effects *out, enum twiml_effect_type type)
{
	assert(out->n < TWIML_EFFECTS_MAX);
	struct twiml_effect *e = &out->e[out->n++];
	*e = (struct twiml_effect){.type = type};
	return e;
}

static void note(
    struct twiml_effects *out, int code, bool error, const struct twiml_node *at, const char *text)
{
	struct twiml_effect *e = put(out, TWIML_DO_NOTE);
	e->code = code;
	e->error = error;
	e->line = at ? at->line : 0;
	e->col = at ? at->col : 0;
	e->text = text;
}

static void over(struct twiml_session *s, struct twiml_effects *out, bool hangup)
{
	if (hangup)
		put(out, TWIML_DO_HANGUP);
	put(out, TWIML_DO_END);
	s->state = ST_OVER;
}

#define SIP_FAILED   500 /* to a caller whose document cannot be had */
#define SIP_BUSY     486
#define SIP_REJECTED 404

static void answer(struct twiml_session *s, struct twiml_effects *out)
{
	if (s->ringing)
		put(out, TWIML_DO_ANSWER);
	s->ringing = false;
}

/* Refuse the call if it rings, hang up if it does not. */
static void turn_away(struct twiml_session *s, struct twiml_effects *out, int status)
{
	if (s->ringing)
		put(out, TWIML_DO_REJECT)->code = status;
	over(s, out, !s->ringing);
}

static void set_text(char **to, const char *from)
{
	char *copy = from ? strdup(from) : NULL;
	assert(!from || copy);
	free(*to);
	*to = copy;
}

static struct twiml_effect *request(struct twiml_session *s, struct twiml_effects *out,
    enum twiml_effect_type type, enum twiml_fetch_for purpose, const char *url, bool post)
{
	struct twiml_effect *e = put(out, type);
	e->purpose = purpose;
	e->url = url;
	e->base = s->base;
	e->post = post;
	return e;
}

static bool is_post(const struct twiml_node *n)
{
	return !span_ieq(twiml_attr(n, "method"), SPAN("GET"));
}

/* The document cannot be had or cannot run: the fallback once, then the end of the call. */
static void failed(struct twiml_session *s, struct twiml_effects *out, int code, const char *text,
    const char *url, const struct twiml_note *at)
{
	snprintf(s->error_code, sizeof s->error_code, "%d", code);
	set_text(&s->error_url, url ? url : "");
	set_text(&s->error_text, text);
	note(out, code, true, NULL, s->error_text);
	out->e[out->n - 1].line = at ? at->line : 0;
	out->e[out->n - 1].col = at ? at->col : 0;
	if (!s->fallback_url || s->fallback_used) {
		turn_away(s, out, SIP_FAILED);
		return;
	}
	s->fallback_used = true;
	s->fallback_params[0] = (struct twiml_param){"ErrorCode", s->error_code};
	s->fallback_params[1] = (struct twiml_param){"ErrorUrl", s->error_url};
	struct twiml_effect *e =
	    request(s, out, TWIML_DO_FETCH, TWIML_FOR_FALLBACK, s->fallback_url, s->fallback_post);
	e->params = s->fallback_params;
	e->n_params = 2;
	s->state = ST_FETCHING;
}

static struct twiml_effect *fetch(struct twiml_session *s, struct twiml_effects *out,
    enum twiml_fetch_for purpose, const char *url, bool post)
{
	if (++s->chain > TWIML_CHAIN_MAX) {
		failed(s, out, 11215, "too many documents in a row that only lead to another one", s->base,
		    NULL);
		return NULL;
	}
	s->state = ST_FETCHING;
	return request(s, out, TWIML_DO_FETCH, purpose, url, post);
}

/* The dial is over: its action takes the call on, or the next verb does. */
static void after_dial(
    struct twiml_session *s, struct twiml_effects *out, const struct twiml_param *params, uint32_t n)
{
	struct span action = twiml_attr(s->at, "action");
	if (!action.len) {
		s->at = s->at->next;
		return;
	}
	struct twiml_effect *e = fetch(s, out, TWIML_FOR_DIAL_ACTION, action.p, is_post(s->at));
	if (e) {
		e->params = params;
		e->n_params = n;
	}
}

/* A called leg may not call others before it is put through. */
static void dial_refused(struct twiml_session *s, struct twiml_effects *out)
{
	const struct twiml_note at = {.line = s->at->line, .col = s->at->col};
	failed(s, out, TWIML_E_SCREENING, "<Dial> in a document that screens a call", s->base, &at);
}

static void verb_dial(struct twiml_session *s, struct twiml_effects *out)
{
	if (s->screening) {
		dial_refused(s, out);
		return;
	}
	if (s->at->refused) {
		after_dial(s, out, not_dialled, 2);
		return;
	}
	if (!span_eq(twiml_attr(s->at, "answerOnBridge"), SPAN("true")))
		answer(s, out);
	struct twiml_effect *e = put(out, TWIML_DO_DIAL);
	e->dial = s->at;
	e->base = s->base;
	s->state = ST_DIALING;
}

static void verb_pause(struct twiml_session *s, struct twiml_effects *out)
{
	put(out, TWIML_DO_PAUSE)->seconds = twiml_attr_number(s->at, "length");
	s->chain = 0;
	s->state = ST_PAUSING;
}

static void verb_redirect(struct twiml_session *s, struct twiml_effects *out)
{
	fetch(s, out, TWIML_FOR_REDIRECT, s->at->text.p, is_post(s->at));
}

/* Only <Reject> avoids the answer. */
static void verb_hangup(struct twiml_session *s, struct twiml_effects *out)
{
	answer(s, out);
	over(s, out, true);
}

static void verb_reject(struct twiml_session *s, struct twiml_effects *out)
{
	if (!s->ringing)
		note(out, TWIML_E_SCHEMA, false, s->at, "<Reject> on a call that has been answered: hung up");
	bool busy = span_eq(twiml_attr(s->at, "reason"), SPAN("busy"));
	turn_away(s, out, busy ? SIP_BUSY : SIP_REJECTED);
}

typedef void verb_fn(struct twiml_session *s, struct twiml_effects *out);

static verb_fn *const verbs[TWIML_EL_COUNT] = {
    [TWIML_EL_DIAL] = verb_dial,
    [TWIML_EL_PAUSE] = verb_pause,
    [TWIML_EL_REDIRECT] = verb_redirect,
    [TWIML_EL_HANGUP] = verb_hangup,
    [TWIML_EL_REJECT] = verb_reject,
};

static void document_ends(struct twiml_session *s, struct twiml_effects *out)
{
	if (s->ringing && s->refusal) {
		turn_away(s, out, s->refusal);
		return;
	}
	if (s->screening)
		put(out, TWIML_DO_CONNECT);
	answer(s, out);
	over(s, out, !s->screening);
}

/* Run verbs until one takes time, the document ends, or the effects are nearly full. */
static void run(struct twiml_session *s, struct twiml_effects *out)
{
	s->state = ST_RUNNING;
	while (s->state == ST_RUNNING) {
		while (s->at && s->at->skip)
			s->at = s->at->next;
		if (!s->at) {
			document_ends(s, out);
		} else if (out->n > TWIML_EFFECTS_MAX - 4) {
			out->more = true;
			return;
		} else {
			verbs[s->at->elem](s, out);
		}
	}
}

static void take_program(struct twiml_session *s, const struct twiml_event *ev)
{
	twiml_program_free(s->retired);
	s->retired = s->program;
	s->program = ev->program;
	set_text(&s->base, ev->base);
	s->at = s->program && s->program->ok ? s->program->root->child : NULL;
}

static void on_document(struct twiml_session *s, const struct twiml_event *ev, struct twiml_effects *out)
{
	take_program(s, ev);
	const struct twiml_note *why = s->program && !s->program->ok ? s->program->notes : NULL;
	if (!s->program)
		failed(s, out, TWIML_E_INTERNAL, "out of memory", s->base, NULL);
	else if (why)
		failed(s, out, why->code, why->text, s->base, why);
	else
		run(s, out);
}

static void on_start(struct twiml_session *s, const struct twiml_event *ev, struct twiml_effects *out)
{
	set_text(&s->fallback_url, ev->fallback_url);
	s->fallback_post = ev->fallback_post;
	s->screening = ev->screening;
	s->ringing = ev->ringing;
	if (ev->program) {
		on_document(s, ev, out);
		return;
	}
	set_text(&s->base, ev->url);
	fetch(s, out, TWIML_FOR_START, s->base, ev->post);
}

static void on_fetch_failed(struct twiml_session *s, const struct twiml_event *ev, struct twiml_effects *out)
{
	failed(s, out, ev->code, ev->text ? ev->text : "the document could not be fetched", ev->base, NULL);
}

static void on_continue(struct twiml_session *s, const struct twiml_event *ev, struct twiml_effects *out)
{
	run(s, out);
}

static void on_pause_done(struct twiml_session *s, const struct twiml_event *ev, struct twiml_effects *out)
{
	s->at = s->at->next;
	run(s, out);
}

static void on_dial_ended(struct twiml_session *s, const struct twiml_event *ev, struct twiml_effects *out)
{
	s->state = ST_RUNNING;
	s->ringing &= !ev->answered;
	s->refusal = ev->refusal;
	if (ev->dialled)
		s->chain = 0;
	after_dial(s, out, ev->params, ev->n_params);
	if (s->state == ST_RUNNING)
		run(s, out);
}

static void on_gone(struct twiml_session *s, const struct twiml_event *ev, struct twiml_effects *out)
{
	over(s, out, false);
}

static void on_gone_dialing(struct twiml_session *s, const struct twiml_event *ev, struct twiml_effects *out)
{
	put(out, TWIML_DO_DIAL_STOP);
	s->state = ST_GONE_DIALING;
}

/* The caller has gone: the action is told how the dial ended, what it answers does not matter any more. */
static void on_last_dial(struct twiml_session *s, const struct twiml_event *ev, struct twiml_effects *out)
{
	struct span action = twiml_attr(s->at, "action");
	if (action.len) {
		struct twiml_effect *e =
		    request(s, out, TWIML_DO_REPORT, TWIML_FOR_DIAL_ACTION, action.p, is_post(s->at));
		e->params = ev->params;
		e->n_params = ev->n_params;
	}
	over(s, out, false);
}

static step_fn *const table[STATES][TWIML_EV_TYPES] = {
    [ST_IDLE] = {[TWIML_EV_START] = on_start, [TWIML_EV_LEG_GONE] = on_gone},
    [ST_FETCHING] = {[TWIML_EV_DOCUMENT] = on_document,
        [TWIML_EV_FETCH_FAILED] = on_fetch_failed,
        [TWIML_EV_LEG_GONE] = on_gone},
    [ST_RUNNING] = {[TWIML_EV_CONTINUE] = on_continue, [TWIML_EV_LEG_GONE] = on_gone},
    [ST_PAUSING] = {[TWIML_EV_PAUSE_DONE] = on_pause_done, [TWIML_EV_LEG_GONE] = on_gone},
    [ST_DIALING] = {[TWIML_EV_DIAL_ENDED] = on_dial_ended, [TWIML_EV_LEG_GONE] = on_gone_dialing},
    [ST_GONE_DIALING] = {[TWIML_EV_DIAL_ENDED] = on_last_dial},
};

void twiml_step(struct twiml_session *s, const struct twiml_event *ev, struct twiml_effects *out)
{
	*out = (struct twiml_effects){0};
	step_fn *fn = table[s->state][ev->type];
	if (fn)
		fn(s, ev, out);
	else
		twiml_program_free(ev->program);
}

struct twiml_session *twiml_session_new(void)
{
	return calloc(1, sizeof(struct twiml_session));
}

void twiml_session_free(struct twiml_session *s)
{
	if (!s)
		return;
	twiml_program_free(s->program);
	twiml_program_free(s->retired);
	free(s->base);
	free(s->fallback_url);
	free(s->error_url);
	free(s->error_text);
	free(s);
}

bool twiml_session_has_fallback(const struct twiml_session *s)
{
	return s->fallback_url && !s->fallback_used;
}

bool twiml_session_ended(const struct twiml_session *s)
{
	return s->state == ST_OVER;
}

const struct twiml_program *twiml_session_program(const struct twiml_session *s)
{
	return s->program;
}
