/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_fast.h"

#include <stddef.h>

#include "sip-parser/sip_fast_all.h"

_Atomic(const struct sip_fast *) sip_fast_chosen;

static unsigned int usable(const struct sip_fast *to[8])
{
	unsigned int n = 0;
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512vbmi") &&
	    __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
	    __builtin_cpu_supports("bmi2"))
		to[n++] = &sip_fast_avx512;
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2"))
		to[n++] = &sip_fast_avx2;
	if (__builtin_cpu_supports("sse4.2"))
		to[n++] = &sip_fast_sse42;
#elif defined(__aarch64__)
	to[n++] = &sip_fast_neon;
#endif
	to[n++] = &sip_fast_scalar;
	to[n] = NULL;
	return n;
}

const struct sip_fast *sip_fast_find(void)
{
	const struct sip_fast *all[8];
	(void)usable(all);
	sip_fast_force(all[0]);
	return all[0];
}

const struct sip_fast *sip_fast_at(unsigned int i)
{
	const struct sip_fast *all[8];
	return i < usable(all) ? all[i] : NULL;
}

void sip_fast_force(const struct sip_fast *f)
{
	atomic_store_explicit(&sip_fast_chosen, f, memory_order_relaxed);
}
