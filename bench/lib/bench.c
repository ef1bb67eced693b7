/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/lib/bench.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <x86intrin.h>

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_START_INSTRUMENTATION
#endif

#define CALIBRATION_NS 50000000ull

uint64_t bench_cycles(void)
{
	unsigned aux;
	uint64_t t = __rdtscp(&aux);
	_mm_lfence();
	return t;
}

static uint64_t mono_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

double bench_cycles_hz(void)
{
	static double hz;
	if (hz > 0)
		return hz;
	uint64_t n0 = mono_ns(), c0 = bench_cycles(), n1 = n0;
	while (n1 - n0 < CALIBRATION_NS)
		n1 = mono_ns();
	hz = (double)(bench_cycles() - c0) * 1e9 / (double)(n1 - n0);
	return hz;
}

void bench_add(struct bench_sample *s, double v)
{
	if (s->n < BENCH_RUNS_MAX)
		s->v[s->n++] = v;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double rank(const struct bench_sample *s, double q)
{
	double t[BENCH_RUNS_MAX];
	if (s->n == 0)
		return 0;
	memcpy(t, s->v, s->n * sizeof *t);
	qsort(t, s->n, sizeof *t, by_value);
	double at = q * (s->n - 1);
	unsigned i = (unsigned)at;
	return i + 1 < s->n ? t[i] + (at - i) * (t[i + 1] - t[i]) : t[i];
}

double bench_median(const struct bench_sample *s)
{
	return rank(s, 0.5);
}

double bench_min(const struct bench_sample *s)
{
	return rank(s, 0);
}

double bench_max(const struct bench_sample *s)
{
	return rank(s, 1);
}

void bench_emit(FILE *f, const struct bench_result *r)
{
	fprintf(f,
	    "{\"suite\":\"%s\",\"case\":\"%s\",\"metric\":\"%s\",\"value\":%.6g,\"unit\":\"%s\","
	    "\"median\":%.6g,\"min\":%.6g,\"max\":%.6g,\"runs\":%u,\"saturated\":\"%s\",\"ratio_to\":{",
	    r->suite, r->name, r->metric, bench_median(r->sample), r->unit, bench_median(r->sample),
	    bench_min(r->sample), bench_max(r->sample), r->sample->n, r->saturated);
	if (r->ratio_name)
		fprintf(f, "\"%s\":%.6g", r->ratio_name, r->ratio);
	fprintf(f, "}}\n");
	fflush(f);
}

void bench_count_on(void)
{
	CALLGRIND_START_INSTRUMENTATION;
}
