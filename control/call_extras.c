/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters of a create that have no effect in this version: their values are checked all the same, so that a program
 * that runs against this engine also runs where they do have one. */
#include "control/call_check.h"
#include "control/call_priv.h"
#include "twiml/verbs.h"

#define LIST_MAX 20 /* values of one parameter that are looked at */

enum kind {
	WORD,   /* one of words */
	WORDS,  /* any of words, repeated or separated by blanks */
	NUMBER, /* min … max */
	URL,
	METHOD,
	SID, /* words: its prefix */
};

static const struct extra {
	const char *name;
	enum kind kind;
	int code;
	const char *words;
	uint32_t min, max;
} extras[] = {
    {"MachineDetection", WORD, 21234, "Enable DetectMessageEnd", 0, 0},
    {"MachineDetectionTimeout", NUMBER, 21234, "", 3, 60},
    {"MachineDetectionSpeechThreshold", NUMBER, 21234, "", 1000, 6000},
    {"MachineDetectionSpeechEndThreshold", NUMBER, 21234, "", 500, 5000},
    {"MachineDetectionSilenceTimeout", NUMBER, 21234, "", 2000, 10000},
    {"AsyncAmd", WORD, 21234, "true false", 0, 0},
    {"AsyncAmdStatusCallback", URL, 21609, "", 0, 0},
    {"AsyncAmdStatusCallbackMethod", METHOD, 21209, "", 0, 0},
    {"Record", WORD, 20422, "true false", 0, 0},
    {"RecordingChannels", WORD, 20422, "mono dual", 0, 0},
    {"RecordingTrack", WORD, 20422, "inbound outbound both", 0, 0},
    {"RecordingStatusCallback", URL, 21609, "", 0, 0},
    {"RecordingStatusCallbackMethod", METHOD, 21209, "", 0, 0},
    {"RecordingStatusCallbackEvent", WORDS, 20422, "in-progress completed absent", 0, 0},
    {"Trim", WORD, 20422, "trim-silence do-not-trim", 0, 0},
    {"IfMachine", WORD, 21207, "Continue Hangup", 0, 0},
    {"Byoc", SID, 20422, "BY", 0, 0},
    {"ClientNotificationUrl", URL, 21205, "", 0, 0},
};

/* n: length of value. */
static bool among(const char *words, const char *value, size_t n)
{
	for (const char *w = words; *w; w += strcspn(w, " "), w += *w == ' ')
		if (strcspn(w, " ") == n && strncasecmp(w, value, n) == 0)
			return true;
	return false;
}

static bool all_among(const char *words, const char *value)
{
	for (const char *v = value; *v; v += *v == ' ') {
		size_t n = strcspn(v, " ");
		if (n && !among(words, v, n))
			return false;
		v += n;
	}
	return true;
}

static bool is_sid(const char *value, const char *prefix)
{
	return strncmp(value, prefix, 2) == 0 && strlen(value) == 34 &&
	       strspn(value + 2, "0123456789abcdefABCDEF") == 32;
}

static int check_value(const struct extra *x, const char *value, struct call_error *err)
{
	uint32_t n;
	switch (x->kind) {
	case WORD:
		return among(x->words, value, strlen(value))
		           ? 0
		           : call_refuse(err, x->code, "'%s' must be one of: %s", x->name, x->words);
	case WORDS:
		return all_among(x->words, value)
		           ? 0
		           : call_refuse(err, x->code, "'%s' may hold: %s", x->name, x->words);
	case NUMBER:
		return twiml_number(span_str(value), &n) && n >= x->min && n <= x->max
		           ? 0
		           : call_refuse(err, x->code, "'%s' must be a number from %u to %u", x->name, x->min,
		                 x->max);
	case URL:
		return call_url_trouble(value) ? call_refuse(err, x->code, "'%s' is not a valid URL: %s",
		                                     x->name, call_url_trouble(value))
		                               : 0;
	case METHOD:
		return among("GET POST", value, strlen(value))
		           ? 0
		           : call_refuse(err, x->code, "'%s' must be GET or POST", x->name);
	case SID:
		return is_sid(value, x->words)
		           ? 0
		           : call_refuse(err, x->code, "'%s' must be %s and 32 hexadecimal digits", x->name,
		                 x->words);
	}
	return 0;
}

int call_check_extras(const struct form *params, struct call_error *err)
{
	for (size_t i = 0; i < sizeof extras / sizeof *extras; i++) {
		const struct form_pair *p = NULL;
		for (int k = 0; k < LIST_MAX && (p = form_next(params, extras[i].name, p)); k++)
			if (*p->value && check_value(&extras[i], p->value, err) < 0)
				return -1;
	}
	return 0;
}
