/* SPDX-License-Identifier: Apache-2.0 */
/* Any document under any order of events: END comes at most once and last, what is asked for can be answered,
 * and a chain of documents that do nothing comes to an end. The first bytes are the events, the document
 * follows behind the first NUL. */
#include "tests/fuzz/fuzz.h"

#include "twiml/twiml_exec.h"
#include "twiml/twiml_parse.h"

#include <string.h>

static void check_effect(const struct twiml_effect *e)
{
	switch (e->type) {
	case TWIML_DO_FETCH:
	case TWIML_DO_REPORT:
		MUST(e->url);
		MUST(strlen(e->url) <= TWIML_BYTES_MAX);
		break;
	case TWIML_DO_DIAL:
		MUST(e->dial && !e->dial->refused && twiml_dial_noun(e->dial, NULL));
		for (const struct twiml_node *n = NULL; (n = twiml_dial_noun(e->dial, n));)
			MUST(twiml_noun_address(n).len > 0);
		break;
	case TWIML_DO_PAUSE:
		MUST(e->seconds >= 1 && e->seconds <= 86400);
		break;
	case TWIML_DO_NOTE:
		MUST(e->code >= 11000 && e->text && *e->text);
		break;
	default:
		break;
	}
}

static bool step(struct twiml_session *s, const struct twiml_event *ev, struct twiml_effects *fx)
{
	bool ended = twiml_session_ended(s);
	twiml_step(s, ev, fx);
	MUST(!ended || fx->n == 0);
	for (uint32_t i = 0; i < fx->n; i++) {
		check_effect(&fx->e[i]);
		MUST((fx->e[i].type == TWIML_DO_END) == (i + 1 == fx->n && twiml_session_ended(s)));
	}
	MUST(!fx->more || !twiml_session_ended(s));
	return !twiml_session_ended(s);
}

static void run(const uint8_t *events, size_t n_events, const char *doc, size_t len)
{
	static const struct twiml_param params[] = {{"DialCallStatus", "completed"}};
	struct twiml_session *s = twiml_session_new();
	struct twiml_effects fx = {0};
	MUST(s);
	for (size_t i = 0; i < n_events; i++) {
		struct twiml_event ev = {.type = (enum twiml_event_type)(events[i] % TWIML_EV_TYPES),
		    .base = "http://h/d",
		    .url = "http://h/u",
		    .fallback_url = events[i] & 0x80 ? "http://h/f" : NULL,
		    .post = events[i] & 0x40,
		    .screening = events[i] & 0x10,
		    .code = 11200,
		    .dialled = events[i] & 0x20,
		    .params = params,
		    .n_params = 1};
		if (ev.type == TWIML_EV_DOCUMENT || (ev.type == TWIML_EV_START && !(events[i] & 0x40)))
			ev.program = twiml_parse(doc, len);
		step(s, &ev, &fx);
	}
	/* whatever it waits for, the leg's end and then the dial's end it */
	step(s, &(struct twiml_event){.type = TWIML_EV_LEG_GONE}, &fx);
	step(s, &(struct twiml_event){.type = TWIML_EV_DIAL_ENDED}, &fx);
	MUST(twiml_session_ended(s));
	twiml_session_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
	size_t n = nul ? (size_t)(nul - data) : 0;
	const char *doc = nul ? (const char *)nul + 1 : (const char *)data;
	run(data, n < 64 ? n : 64, doc, nul ? size - n - 1 : size);
	return 0;
}
