/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz.h"

#include "sip-parser/sip_addr.h"
#include "sip-parser/sip_msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of((const char *)data, (uint32_t)size), e = rest, name, value;
	struct sip_addr a;
	uint32_t off = 0;
	if (size > SIP_MSG_BYTES_MAX)
		return 0;
	while (sip_list_next(&rest, &e)) {
		if (sip_addr_parse(&a, e, &off) < 0) {
			MUST(off <= e.len);
			continue;
		}
		INSIDE(a.display, data, size);
		INSIDE(a.uri_text, data, size);
		INSIDE(a.params, data, size);
		MUST(a.star || a.uri_text.len > 0);
		bool tag = false;
		for (struct span p = a.params; sip_param_next(&p, &name, &value);)
			tag |= span_ieq(name, SPAN("tag"));
		MUST(tag == (a.tag.len > 0));
	}
	return 0;
}
