/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz.h"

#include "sip-parser/sip_msg.h"
#include "sip-parser/sip_via.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of((const char *)data, (uint32_t)size), e = rest;
	struct sip_via v;
	uint32_t off = 0;
	if (size > SIP_MSG_BYTES_MAX)
		return 0;
	while (sip_list_next(&rest, &e)) {
		INSIDE(e, data, size);
		if (sip_via_parse(&v, e, &off) < 0) {
			MUST(off <= e.len);
			continue;
		}
		INSIDE(v.sent, data, size);
		INSIDE(v.branch, data, size);
		INSIDE(v.received, data, size);
		INSIDE(v.params, data, size);
		MUST(v.host.len > 0 && v.transport.len > 0);
		MUST(v.ttl == 0xffff || v.ttl <= 255);
	}
	return 0;
}
