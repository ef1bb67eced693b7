/* SPDX-License-Identifier: Apache-2.0 */
/* DNS answers. First byte: which type is wanted. */
#include "tests/fuzz/fuzz.h"

#include "control/dns_rr.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dns_rrset set;
	if (size < 1 || size > 65536)
		return 0;
	uint16_t type = data[0] & 1 ? DNS_TYPE_NAPTR : DNS_TYPE_SRV;
	if (dns_rr_parse(&set, data + 1, size - 1, type) < 0) {
		MUST(set.n == 0);
		return 0;
	}
	MUST(set.n <= DNS_RR_MAX);
	for (uint32_t i = 0; i < set.n; i++) {
		const char *name = type == DNS_TYPE_SRV ? set.srv[i].target : set.naptr[i].replacement;
		MUST(memchr(name, 0, DNS_NAME_MAX) && !strpbrk(name, " \r\n;<>"));
		MUST(!i || type != DNS_TYPE_SRV || set.srv[i - 1].priority <= set.srv[i].priority);
	}
	return 0;
}
