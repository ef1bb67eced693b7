/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a URI: the parts lie inside it, it equals itself, and what it is made of parses again. */
#include "tests/fuzz/fuzz.h"

#include "sip-parser/sip_uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sip_uri u, half;
	struct span s = span_of((const char *)data, (uint32_t)size), name, value, rest;
	uint32_t off = 0;
	char room[4096];
	if (size > sizeof room)
		return 0;
	if (sip_uri_parse(&u, s, &off) < 0) {
		MUST(off <= size);
		return 0;
	}
	INSIDE(u.user, data, size);
	INSIDE(u.password, data, size);
	INSIDE(u.host, data, size);
	INSIDE(u.params, data, size);
	INSIDE(u.headers, data, size);
	MUST(sip_uri_equal(&u, &u));
	for (rest = u.params; sip_param_next(&rest, &name, &value);) {
		struct span got;
		MUST(name.len > 0);
		MUST(sip_param_get(u.params, name, &got));
	}
	if (u.scheme == SIP_URI_SIP || u.scheme == SIP_URI_SIPS) {
		struct buf b = buf_on(room, sizeof room);
		MUST(u.host.len > 0);
		MUST(sip_unescape(&b, u.user) == 0 && b.len <= u.user.len);
	}
	/* equality is symmetric against URIs that are prefixes of this one */
	for (uint32_t n = s.len > 4 ? s.len - 4 : 0; n < s.len; n++) {
		if (sip_uri_parse(&half, span_of(s.p, n), &off) == 0)
			MUST(sip_uri_equal(&u, &half) == sip_uri_equal(&half, &u));
	}
	return 0;
}
