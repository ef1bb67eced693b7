/* SPDX-License-Identifier: Apache-2.0 */
/* Every variant of the scan finds what the scalar one finds, from every start in the first 64 bytes. */
#include "tests/fuzz/fuzz.h"

#include "sip-parser/sip_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || size > 4096)
		return 0;
	const char *p = (const char *)data + 2, *end = (const char *)data + size;
	char a = (char)data[0], b = (char)data[1];
	for (int i = 0; i < 64 && p <= end; i++, p++) {
		const char *want = sip_scan2_scalar(p, end, a, b);
		MUST(sip_scan2(p, end, a, b) == want);
#if defined(__x86_64__)
		MUST(sip_scan2_sse2(p, end, a, b) == want);
		if (__builtin_cpu_supports("avx2"))
			MUST(sip_scan2_avx2(p, end, a, b) == want);
#endif
	}
	return 0;
}
