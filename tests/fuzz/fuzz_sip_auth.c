/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz.h"

#include "sip-parser/sip_auth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = span_of((const char *)data, (uint32_t)size), rest, name, value;
	struct sip_auth a;
	uint32_t off = 0, n = 0;
	char room[8192];
	if (size > sizeof room)
		return 0;
	if (sip_auth_parse(&a, s, &off) < 0) {
		MUST(off <= size);
		return 0;
	}
	for (rest = a.params; sip_auth_next(&rest, &name, &value); n++) {
		struct buf b = buf_on(room, sizeof room);
		INSIDE(value, data, size);
		sip_unquote(&b, value);
		MUST(!b.full && b.len <= value.len);
		MUST(sip_auth_get(&a, name, &value));
	}
	MUST(n > 0 && n <= SIP_AUTH_PARAMS_MAX && rest.len == 0);
	return 0;
}
