/* SPDX-License-Identifier: Apache-2.0 */
/* ns = anchor + (cycles − anchor cycles) × scale. A scale measured over 20 ms is a few ppm off, which would
 * be seconds after some days; so each thread re-reads CLOCK_MONOTONIC once a second (vDSO, no system call)
 * and starts from there again. Steps back are held, so a thread never sees its time go backwards. */
#include "dataplane/core/tick.h"

#include <time.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#define NS_PER_S     1000000000ull
#define SCALE_BITS   32
#define CALIBRATE_NS 20000000ull
#define SAMPLE_TRIES 8

static uint64_t cycles_hz = NS_PER_S;
static uint64_t scale; /* ns per cycle << SCALE_BITS; 0: not calibrated */

static _Thread_local struct {
	uint64_t cycles, ns, last;
} anchor;

static uint64_t monotonic_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t tick_cycles(void)
{
#if defined(__x86_64__)
	return __rdtsc();
#elif defined(__aarch64__)
	uint64_t v;
	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(v));
	return v;
#else
	return monotonic_ns();
#endif
}

/* Both clocks at one moment: the try that was disturbed least. */
static void sample(uint64_t *cycles, uint64_t *ns)
{
	uint64_t best = UINT64_MAX;
	for (int i = 0; i < SAMPLE_TRIES; i++) {
		uint64_t a = tick_cycles(), t = monotonic_ns(), b = tick_cycles();
		if (b - a >= best)
			continue;
		best = b - a;
		*cycles = a + (b - a) / 2;
		*ns = t;
	}
}

void tick_init(void)
{
	uint64_t c0 = 0, n0 = 0, c1 = 0, n1 = 0;
	const struct timespec pause = {.tv_nsec = (long)CALIBRATE_NS};
	sample(&c0, &n0);
	nanosleep(&pause, NULL);
	sample(&c1, &n1);
	scale = (uint64_t)(((unsigned __int128)(n1 - n0) << SCALE_BITS) / (c1 - c0));
	cycles_hz = (uint64_t)((unsigned __int128)(c1 - c0) * NS_PER_S / (n1 - n0));
}

uint64_t tick_ns(void)
{
	uint64_t c = tick_cycles();
	if (!scale)
		return monotonic_ns();
	if (!anchor.ns || c - anchor.cycles > cycles_hz) {
		anchor.ns = monotonic_ns();
		anchor.cycles = c;
	}
	uint64_t ns = anchor.ns + (uint64_t)(((unsigned __int128)(c - anchor.cycles) * scale) >> SCALE_BITS);
	if (ns > anchor.last)
		anchor.last = ns;
	return anchor.last;
}

uint64_t tick_cycles_hz(void)
{
	return cycles_hz;
}
