/* SPDX-License-Identifier: Apache-2.0 */
/* The same text that call_json makes, without a tree in between: every create is answered with it. */
#include "control/mem.h"
#include "control/rest/call_json.h"
#include "control/rest/date.h"
#include "control/rest/json_text.h"
#include "control/utf8.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* What is always there: names, punctuation, SIDs, dates, ten URIs. */
#define FIXED_MAX 3584
#define URI_START "/2010-04-01/Accounts/"

#define LIT(p, s) put((p), (s), sizeof(s) - 1)

static char *put(char *p, const char *s, size_t n)
{
	memcpy(p, s, n);
	return p + n;
}

static char *put_string(char *p, const char *s)
{
	return put(p, s, strlen(s));
}

/* RFC 8259 §7, as jansson does it: only what must be escaped. */
static char *put_escaped(char *p, const char *s)
{
	static const char digits[] = "0123456789ABCDEF", names[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	for (unsigned char c; (c = (unsigned char)*s); s++) {
		const char *name = c >= 0x20 && c != '"' && c != '\\' ? NULL : strchr(names, c);
		if (name) {
			*p++ = '\\';
			*p++ = letters[name - names];
		} else if (c < 0x20) {
			p = LIT(p, "\\u00");
			*p++ = digits[c >> 4];
			*p++ = digits[c & 15];
		} else {
			*p++ = (char)c;
		}
	}
	return p;
}

/* key: with its quotes, the colon and the comma before it. */
static char *put_text(char *p, const char *key, const char *s)
{
	p = put_string(p, key);
	if (!s)
		return LIT(p, "null");
	*p++ = '"';
	p = put_escaped(p, s);
	*p++ = '"';
	return p;
}

static char *put_date(char *p, const char *key, int64_t t)
{
	char s[32];
	if (t)
		date_rfc2822(s, t);
	return put_text(p, key, t ? s : NULL);
}

static char *put_number(char *p, const char *key, int64_t n)
{
	char s[24];
	snprintf(s, sizeof s, "%lld", (long long)n);
	return put_text(p, key, n < 0 ? NULL : s);
}

static char *put_uri(char *p, const char *key, const struct call_row *r, const char *below)
{
	p = put_string(p, key);
	p = LIT(p, "\"" URI_START);
	p = put_string(p, r->account_sid);
	p = LIT(p, "/Calls/");
	p = put_string(p, r->sid);
	p = put_string(p, below);
	return LIT(p, ".json\"");
}

static char *put_identity(char *p, const struct call_row *r)
{
	p = put_text(p, "{\"sid\":", r->sid);
	p = put_text(p, ",\"account_sid\":", r->account_sid);
	p = put_text(p, ",\"parent_call_sid\":", r->parent_sid[0] ? r->parent_sid : NULL);
	p = LIT(p, ",\"api_version\":\"2010-04-01\"");
	return put_uri(p, ",\"uri\":", r, "");
}

static char *put_subresources(char *p, const struct call_row *r)
{
	p = put_uri(p, ",\"subresource_uris\":{\"notifications\":", r, "/Notifications");
	p = put_uri(p, ",\"recordings\":", r, "/Recordings");
	p = put_uri(p, ",\"payments\":", r, "/Payments");
	p = put_uri(p, ",\"events\":", r, "/Events");
	p = put_uri(p, ",\"siprec\":", r, "/Siprec");
	p = put_uri(p, ",\"streams\":", r, "/Streams");
	p = put_uri(p, ",\"transcriptions\":", r, "/Transcriptions");
	p = put_uri(p, ",\"user_defined_message_subscriptions\":", r, "/UserDefinedMessageSubscriptions");
	p = put_uri(p, ",\"user_defined_messages\":", r, "/UserDefinedMessages");
	return LIT(p, "}");
}

static char *put_parties(char *p, const struct call_row *r)
{
	p = put_text(p, ",\"status\":", r->status);
	p = put_text(p, ",\"direction\":", r->direction);
	p = put_text(p, ",\"answered_by\":", r->answered_by);
	p = put_text(p, ",\"caller_name\":", r->caller_name);
	p = put_text(p, ",\"forwarded_from\":", r->forwarded_from);
	p = put_text(p, ",\"from\":", r->from);
	p = put_text(p, ",\"from_formatted\":", r->from);
	p = put_text(p, ",\"to\":", r->to);
	return put_text(p, ",\"to_formatted\":", r->to);
}

static char *put_times(char *p, const struct call_row *r)
{
	p = put_date(p, ",\"date_created\":", r->date_created);
	p = put_date(p, ",\"date_updated\":", r->date_updated);
	p = put_date(p, ",\"start_time\":", r->start_time);
	p = put_date(p, ",\"end_time\":", r->end_time);
	p = put_number(p, ",\"duration\":", r->duration);
	p = put_number(p, ",\"queue_time\":", r->queue_time_ms);
	return LIT(p, ",\"group_sid\":null,\"phone_number_sid\":null,\"trunk_sid\":null,\"price\":null,"
	              "\"price_unit\":\"USD\"}");
}

/* Room for all texts, each byte escaped, those that are told twice counted twice; 0: one is no UTF-8. */
static size_t room(const struct call_row *r)
{
	const char *const texts[] = {r->from, r->from, r->to, r->to, r->answered_by, r->caller_name,
	    r->forwarded_from, r->status, r->direction};
	size_t n = FIXED_MAX;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		size_t len = texts[i] ? strlen(texts[i]) : 0;
		if (len && !utf8_valid(texts[i], len))
			return 0;
		n += 6 * len;
	}
	return n;
}

char *call_json_text(const struct call_row *r)
{
	size_t n = room(r);
	if (!n)
		return json_text_dump(call_json(r)); /* which repairs it */
	char *s = mem_regrow(NULL, n, 1), *p = put_identity(s, r);
	p = put_subresources(p, r);
	p = put_parties(p, r);
	p = put_times(p, r);
	*p++ = '\0';
	assert((size_t)(p - s) <= n);
	return s;
}
