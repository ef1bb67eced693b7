/* SPDX-License-Identifier: Apache-2.0 */
#include "control/webhook_override.h"

#include "sip-parser/base/span.h"

#include <stdio.h>
#include <string.h>

static bool number(struct span s, uint32_t min, uint32_t max, uint32_t *out)
{
	uint32_t v = 0;
	if (!s.len || s.len > 6)
		return false;
	for (uint32_t i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (uint32_t)(s.p[i] - '0');
	}
	if (v < min || v > max)
		return false;
	*out = v;
	return true;
}

static unsigned policy_word(struct span s)
{
	static const struct {
		const char *word;
		unsigned bits;
	} words[] = {{"ct", HTTP_RETRY_CONNECT}, {"rt", HTTP_RETRY_READ}, {"4xx", HTTP_RETRY_4XX},
	    {"5xx", HTTP_RETRY_5XX},
	    {"all", HTTP_RETRY_CONNECT | HTTP_RETRY_READ | HTTP_RETRY_4XX | HTTP_RETRY_5XX}};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (span_eq(s, span_str(words[i].word)))
			return words[i].bits;
	return 0;
}

static bool policy(struct span s, unsigned *out)
{
	unsigned bits = 0;
	for (uint32_t at = 0; at <= s.len;) {
		uint32_t n = 0;
		while (at + n < s.len && s.p[at + n] != ',')
			n++;
		unsigned one = policy_word(span_of(s.p + at, n));
		if (!one)
			return false;
		bits |= one;
		at += n + 1;
	}
	*out = bits;
	return true;
}

static bool is(struct span name, const char *word)
{
	return span_eq(name, span_str(word));
}

/* One engine has one way out: an edge is checked and changes nothing. */
static bool edges(struct span s)
{
	static const char *const all[] = {"ashburn", "dublin", "frankfurt", "roaming", "san-jose",
	    "sao-paulo", "singapore", "sydney", "tokyo", "umatilla"};
	for (uint32_t at = 0; at <= s.len;) {
		uint32_t n = 0;
		bool known = false;
		while (at + n < s.len && s.p[at + n] != ',')
			n++;
		for (size_t i = 0; i < sizeof all / sizeof *all; i++)
			known |= is(span_of(s.p + at, n), all[i]);
		if (!known)
			return false;
		at += n + 1;
	}
	return true;
}

static int one(struct http_request *r, struct span name, struct span value)
{
	if (is(name, "ct"))
		return number(value, 100, 10000, &r->connect_ms) ? 0 : 11241;
	if (is(name, "rt"))
		return number(value, 100, 15000, &r->read_ms) ? 0 : 11241;
	if (is(name, "tt"))
		return number(value, 100, 15000, &r->total_ms) ? 0 : 11241;
	if (is(name, "rc"))
		return number(value, 0, 5, &r->retries) ? 0 : 11242;
	if (is(name, "rp"))
		return policy(value, &r->retry_on) ? 0 : 11243;
	if (is(name, "sni"))
		return is(value, "y") || is(value, "n") ? 0 : 11240;
	if (is(name, "e"))
		return edges(value) ? 0 : 11240;
	return 11240;
}

int webhook_override(struct http_request *r, const char *fragment, char what[64])
{
	int first = 0;
	r->retries = 1;
	r->retry_on = HTTP_RETRY_CONNECT;
	for (const char *s = fragment; s && *s;) {
		size_t n = strcspn(s, "&");
		const char *eq = memchr(s, '=', n);
		size_t k = eq ? (size_t)(eq - s) : n;
		int code = one(r, span_of(s, (uint32_t)k),
		    eq ? span_of(eq + 1, (uint32_t)(n - k - 1)) : span_of(s + n, 0));
		if (code && !first) {
			first = code;
			snprintf(what, 64, "%.*s", (int)n, s);
		}
		s += n + (s[n] == '&');
	}
	return first;
}
