/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a target: what comes out is within its limits and injects nothing into a SIP request. */
#include "tests/fuzz/fuzz.h"

#include "control/sip_target.h"

#include <string.h>
#include <strings.h>

static void check_line(const char *p, const char *end)
{
	MUST(end - p >= 3);
	MUST(strncasecmp(p, "x-twilio", 8) != 0);
	MUST(strncasecmp(p, "x-", 2) == 0 || strncasecmp(p, "user-to-user:", 13) == 0 ||
	     strncasecmp(p, "remote-party-id:", 16) == 0 ||
	     strncasecmp(p, "p-preferred-identity:", 21) == 0 ||
	     strncasecmp(p, "p-called-party-id:", 18) == 0);
	for (; p < end; p++)
		MUST((unsigned char)*p >= ' ' && *p != 0x7f);
}

static void check_target(const struct sip_target *t)
{
	MUST(strlen(t->uri) < TARGET_URI_MAX + 4);
	MUST(strlen(t->host) > 0);
	MUST(!strpbrk(t->uri, " \r\n\t?"));
	MUST(t->headers_len <= sizeof t->headers);
	for (const char *p = t->headers, *end = t->headers + t->headers_len; p < end;) {
		const char *nl = memmem(p, (size_t)(end - p), "\r\n", 2);
		MUST(nl);
		check_line(p, nl);
		p = nl + 2;
	}
}

/* The same bytes as a user of a configured address, and as a header given apart. */
static void as_parts(struct span s)
{
	struct sip_target t;
	enum target_drop why;
	if (sip_target_pattern(&t, "sip:{user}@gw.example;user=phone", s))
		return;
	const char *eq = memchr(s.p, '=', s.len);
	uint32_t n = eq ? (uint32_t)(eq - s.p) : s.len;
	sip_target_add(&t, span_of(s.p, n), span_of(s.p + n, s.len - n), &why);
	check_target(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sip_target t;
	if (size > 70000)
		return 0;
	struct span s = span_of((const char *)data, (uint32_t)size);
	if (!sip_target_parse(&t, s, size & 1, NULL, NULL))
		check_target(&t);
	as_parts(s);
	return 0;
}
