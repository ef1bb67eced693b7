/* SPDX-License-Identifier: Apache-2.0 */
/* The interpreter: one call's TwiML, step by step. Pure: an event in, effects out; no clock, no I/O, nothing
 * shared. Whoever runs it does what the effects say and reports back with the next event.
 *
 *	START ──► (FETCH ──► DOCUMENT | FETCH_FAILED)* ──► verbs: PAUSE ──► PAUSE_DONE
 *	                                                         DIAL  ──► DIAL_ENDED
 *	A document that screens a call (START with screening) ends by CONNECT: the call is put through. Only a
 *	<Hangup> or a failure in it ends by HANGUP, and <Dial> is a failure (13201).
 *	A call that rings (START with ringing) is answered by ANSWER before the first verb that needs that: all but <Pause>,
 *	<Redirect>, <Reject> and <Dial answerOnBridge>. REJECT refuses it instead.
 *	LEG_GONE may come at any time: a dial in progress is ended (DIAL_STOP), its action is still requested, and
 *	nothing else runs.
 *
 * END is told exactly once and is the last effect of a session. */
#ifndef TWIML_EXEC_H
#define TWIML_EXEC_H

#include "twiml/program.h"

/* Documents in a row that lead to nothing but another document; the next one is refused (11215). */
#define TWIML_CHAIN_MAX 50

/* What a step may give at most; when there is more to do it sets .more and is continued with TWIML_EV_CONTINUE. */
#define TWIML_EFFECTS_MAX 8

enum twiml_event_type {
	TWIML_EV_START,        /* program (taken) with its base URL, or url to fetch it from */
	TWIML_EV_CONTINUE,     /* the last step said .more */
	TWIML_EV_DOCUMENT,     /* program (taken): the answer to FETCH; base: its URL after redirects */
	TWIML_EV_FETCH_FAILED, /* code, text: why there is no document; base: the URL that failed */
	TWIML_EV_PAUSE_DONE,
	TWIML_EV_DIAL_ENDED, /* params: what the action request says about the dial */
	TWIML_EV_LEG_GONE,   /* the call this document runs on has ended */
	TWIML_EV_TYPES
};

struct twiml_param {
	const char *name, *value;
};

struct twiml_event {
	enum twiml_event_type type;
	struct twiml_program *program; /* START, DOCUMENT: taken, also when the event is out of place */
	const char *base;              /* copied; NULL = none (a document given inline) */
	const char *url;               /* START without program; copied */
	bool post;                     /* START: method for url */
	const char *fallback_url;      /* START: copied; NULL = none */
	bool fallback_post;
	bool screening; /* START: the document decides whether a call is put through */
	bool ringing;   /* START: the call has not been answered */
	int code;       /* FETCH_FAILED */
	const char *text;
	const struct twiml_param *params; /* DIAL_ENDED; borrowed, passed through to FETCH of the same step */
	uint32_t n_params;
	bool dialled;  /* DIAL_ENDED: somebody was really called, time has passed */
	bool answered; /* DIAL_ENDED: the calling side has been answered (answerOnBridge) */
	uint16_t
	    refusal; /* DIAL_ENDED: SIP status for a caller that still rings when nothing follows; 0: none */
};

enum twiml_effect_type {
	TWIML_DO_FETCH,     /* request url (relative to base), answer by DOCUMENT or FETCH_FAILED */
	TWIML_DO_REPORT,    /* request url, nobody waits for the answer: the call is over */
	TWIML_DO_DIAL,      /* answer by DIAL_ENDED */
	TWIML_DO_DIAL_STOP, /* end the dial; DIAL_ENDED follows */
	TWIML_DO_PAUSE,     /* answer by PAUSE_DONE */
	TWIML_DO_ANSWER,    /* nobody waits for it: what follows holds for the answered call */
	TWIML_DO_REJECT,    /* refuse the ringing call with SIP status .code */
	TWIML_DO_CONNECT,   /* the end of a document that screens: put the call through */
	TWIML_DO_HANGUP,
	TWIML_DO_NOTE,
	TWIML_DO_END
};

enum twiml_fetch_for { TWIML_FOR_START, TWIML_FOR_REDIRECT, TWIML_FOR_DIAL_ACTION, TWIML_FOR_FALLBACK };

/* Strings live until the session's next step. */
struct twiml_effect {
	enum twiml_effect_type type;
	/* FETCH, REPORT; base also DIAL */
	enum twiml_fetch_for purpose;
	const char *url, *base;
	bool post;
	const struct twiml_param *params; /* beyond those every request carries */
	uint32_t n_params;
	/* DIAL; its nouns by twiml_dial_noun. Of the running document, good until DIAL_ENDED has been told. base:
	 * what URLs in it are relative to */
	const struct twiml_node *dial;
	/* PAUSE */
	uint32_t seconds;
	/* NOTE; REJECT: SIP status */
	int code;
	bool error;
	uint32_t line, col;
	const char *text;
};

struct twiml_effects {
	uint32_t n;
	bool more;
	struct twiml_effect e[TWIML_EFFECTS_MAX];
};

struct twiml_session;

struct twiml_session *twiml_session_new(void); /* NULL: no memory */
void twiml_session_free(struct twiml_session *s);
/* One step. out is overwritten. An event that does not fit the state changes nothing. */
void twiml_step(struct twiml_session *s, const struct twiml_event *ev, struct twiml_effects *out);
/* A document that cannot be had or run is followed by the fallback, not by the end. */
bool twiml_session_has_fallback(const struct twiml_session *s);
bool twiml_session_ended(const struct twiml_session *s);
/* The document that runs, for its notes; NULL when there is none. */
const struct twiml_program *twiml_session_program(const struct twiml_session *s);

#endif
