/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes: every variant of the vector code against the reference. With SIP_FAST=NAME in the environment only that
 * one, so that a run can be given to each. */
#include "tests/fuzz/fast_equal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *only = getenv("SIP_FAST");
	const struct sip_fast *f;
	if (size > SIP_MSG_BYTES_MAX + 64)
		return 0;
	if (!only) {
		fast_equal((const char *)data, (uint32_t)size);
		return 0;
	}
	for (unsigned int i = 0; (f = sip_fast_at(i)); i++) {
		if (strcmp(f->name, only) != 0)
			continue;
		sip_fast_force(f);
		fast_equal_framed(f, (const char *)data, (uint32_t)size, SIP_DATAGRAM);
		fast_equal_framed(f, (const char *)data, (uint32_t)size, SIP_STREAM);
	}
	return 0;
}
