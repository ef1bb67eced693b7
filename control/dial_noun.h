/* SPDX-License-Identifier: Apache-2.0 */
/* One noun of a <Dial>: whom it names, as a SIP target, and what it asks to be told. */
#ifndef CONTROL_DIAL_NOUN_H
#define CONTROL_DIAL_NOUN_H

#include "control/call.h"
#include "control/sip_target.h"
#include "twiml/program.h"

/* A header that was left out, to be told once there is a call to tell it of. */
struct dial_drops {
	uint32_t n;
	struct {
		enum target_drop why;
		struct span name; /* into the document */
	} d[TARGET_HEADERS_COUNT];
};

struct dial_noun {
	struct sip_target target;
	struct dial_drops drops;
	const char *from; /* From user of this kind of noun when the <Dial> names none; NULL: the caller's */
	char to[300];     /* as the call's record and webhooks show it */
	struct span username, password; /* for a 401 or 407; into the document; username empty: none */
	char *url;        /* screening document, absolute; owned; NULL: none */
	bool url_post;
	char *callback; /* status callback, absolute; owned; NULL: none */
	bool callback_post;
	uint32_t events;              /* CALL_EV_* */
	const char *callback_refused; /* why the status callback cannot be used; NULL: nothing wrong */
};

/* What was wrong with a noun: Twilio's code and a sentence; code 0: nothing. */
struct dial_trouble {
	int code;
	const char *why;
};

/* Reads a noun (twiml_dial_noun). base: what its URLs are relative to, NULL = nothing. *n is filled whatever
 * comes of it; dial_noun_fini gives it back. */
struct dial_trouble dial_noun_read(
    struct dial_noun *n, const struct calls_conf *conf, const struct twiml_node *node, const char *base);
void dial_noun_fini(struct dial_noun *n);

#endif
