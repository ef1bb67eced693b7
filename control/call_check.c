/* SPDX-License-Identifier: Apache-2.0 */
#include "control/call_check.h"

#include "control/call_priv.h"
#include "twiml/verbs.h"

#include <stdarg.h>
#include <stdio.h>

#define URL_BYTES_MAX 4000

int call_refuse(struct call_error *err, int code, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	err->http_status = 400;
	err->code = code;
	vsnprintf(err->message, sizeof err->message, fmt, ap);
	va_end(ap);
	return -1;
}

const char *call_param(const struct form *params, const char *name)
{
	const char *v = form_get(params, name);
	return v && *v ? v : NULL;
}

const char *call_url_trouble(const char *url)
{
	const char *host = strncasecmp(url, "http://", 7) == 0    ? url + 7
	                   : strncasecmp(url, "https://", 8) == 0 ? url + 8
	                                                          : NULL;
	if (!host)
		return "it is not an absolute http or https URL";
	if (strlen(url) > URL_BYTES_MAX)
		return "it is longer than 4000 characters";
	for (const char *p = url; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return "it holds blanks or control characters";
	size_t n = strcspn(host, "/?#");
	const char *at = memrchr(host, '@', n);
	if (at) {
		n -= (size_t)(at + 1 - host);
		host = at + 1;
	}
	if (!n || *host == ':')
		return "it names no host";
	return memchr(host, '_', n) ? "its host name holds an underscore" : NULL;
}

static uint32_t event_bit(struct span word)
{
	static const char *const names[] = {"initiated", "ringing", "answered", "completed"};
	for (uint32_t i = 0; i < 4; i++)
		if (span_eq(word, span_str(names[i])))
			return 1u << i;
	return 0;
}

uint32_t call_events_of(struct span words, uint32_t *unknown)
{
	uint32_t events = 0, from = 0;
	for (uint32_t i = 0; i <= words.len; i++) {
		if (i < words.len && words.p[i] != ' ' && words.p[i] != ',')
			continue;
		uint32_t bit = i > from ? event_bit(span_of(words.p + from, i - from)) : 0;
		if (unknown && i > from && !bit)
			++*unknown;
		events |= bit;
		from = i + 1;
	}
	return events;
}

int call_check_url(const struct form *params, struct call_error *err, const char *name, int code, char **to)
{
	const char *url = call_param(params, name);
	const char *why = url ? call_url_trouble(url) : NULL;
	if (why)
		return call_refuse(err, code, "'%s' is not a valid URL: %s", name, why);
	if (url)
		call_text(to, url);
	return 0;
}

int call_check_method(const struct form *params, struct call_error *err, const char *name, bool *post)
{
	const char *m = call_param(params, name);
	*post = !m || strcasecmp(m, "POST") == 0;
	if (m && !*post && strcasecmp(m, "GET") != 0)
		return call_refuse(err, 21209, "'%s' must be GET or POST", name);
	return 0;
}

int call_check_seconds(const struct form *params, struct call_error *err, const char *name, uint32_t max,
    uint32_t dflt, uint32_t *out)
{
	const char *v = call_param(params, name);
	*out = dflt;
	if (v && (!twiml_number(span_str(v), out) || *out < 1 || *out > max))
		return call_refuse(err, 21208, "'%s' must be a number of seconds from 1 to %u", name, max);
	return 0;
}

int call_check_twiml(const char *twiml, struct call_error *err)
{
	size_t n = 0;
	for (const char *s = twiml; s && *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	if (n > TWIML_CHARACTERS_MAX)
		return call_refuse(err, 32018, "'Twiml' is longer than %d characters", TWIML_CHARACTERS_MAX);
	return 0;
}
