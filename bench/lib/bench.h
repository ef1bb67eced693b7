/* SPDX-License-Identifier: Apache-2.0 */
/* What every suite shares: cycles, medians, the result line. A result is one JSON object on a line of its own:
 *   {"suite":…,"case":…,"metric":…,"value":median,"unit":…,"median":…,"min":…,"max":…,"runs":…,
 *    "saturated":…,"ratio_to":{name: factor, …}}
 * saturated names the side that was at its limit while the figure was taken ("subject", "generator",
 * "device", "machine": other processes had the CPUs, "none"). A run is one repetition of the whole measurement; never a single call. */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define BENCH_RUNS_MAX 64

struct bench_sample {
	double v[BENCH_RUNS_MAX];
	unsigned n;
};

/* TSC cycles, ordered against the work around them; and how many there are in a second (measured once). */
uint64_t bench_cycles(void);
double bench_cycles_hz(void);

void bench_add(struct bench_sample *s, double v); /* more than BENCH_RUNS_MAX: the rest is ignored */
double bench_median(const struct bench_sample *s);
double bench_min(const struct bench_sample *s);
double bench_max(const struct bench_sample *s);

struct bench_result {
	const char *suite, *name, *metric, *unit, *saturated;
	const struct bench_sample *sample;
	const char *ratio_name; /* NULL: none */
	double ratio;           /* ours / theirs */
};
void bench_emit(FILE *f, const struct bench_result *r);

/* Start-up and warm-up are over: under `valgrind --tool=callgrind --instr-atstart=no` instructions count from here. */
void bench_count_on(void);

/* Keep a value from being optimised away. */
static inline void bench_keep(uint64_t v)
{
	__asm__ volatile("" : : "r"(v) : "memory");
}

#endif
