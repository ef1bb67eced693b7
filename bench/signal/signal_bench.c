/* SPDX-License-Identifier: Apache-2.0 */
/* Suite `signal`, memory rings: signal_bench CALLS-UP CALLS-A-RUN RUNS. See rings.h for how it counts. */
#include "bench/lib/bench.h"
#include "bench/signal/rings.h"

#include <stdlib.h>

static void emit(const char *name, const char *metric, const char *unit, const struct bench_sample *s)
{
	const struct bench_result r = {"signal", name, metric, unit, "subject", s, NULL, 0};
	bench_emit(stdout, &r);
}

static void emit_one(const char *name, const char *metric, const char *unit, double v)
{
	struct bench_sample s = {0};
	bench_add(&s, v);
	emit(name, metric, unit, &s);
}

/* What the worker took, with its pools for the transactions that linger. */
static void emit_sizes(const struct rings *b, const char *name)
{
	double bytes = rings_bytes(b);
	emit_one(name, "memory", "bytes", bytes);
	emit_one(name, "memory_call", "bytes/call up", bytes / (double)(b->stub.up_max ? b->stub.up_max : 1));
}

static int measure(struct rings *b, const char *name, uint64_t calls, unsigned runs)
{
	struct bench_sample cycles = {0}, message = {0}, us = {0}, rate = {0};
	double hz = bench_cycles_hz(), kept = 0;
	bench_count_on();
	for (unsigned r = 0; r < runs; r++) {
		if (!rings_run(b, calls) || b->kept_work == 0)
			return -1;
		double per = (double)b->kept_cycles / (double)b->kept_work;
		kept += (double)b->kept_work;
		bench_add(&cycles, per);
		bench_add(&message, per / STUB_MESSAGES);
		bench_add(&us, per / hz * 1e6);
		bench_add(&rate, hz / per);
	}
	emit(name, "call", "cycles/call", &cycles);
	emit(name, "message", "cycles/message", &message);
	emit(name, "call_time", "us/call", &us);
	emit(name, "rate", "calls/s/core", &rate);
	emit_sizes(b, name);
	emit_one(name, "undisturbed", "%", 100 * kept / (double)(calls * runs));
	return 0;
}

int main(int argc, char **argv)
{
	static struct rings b;
	uint32_t up = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000;
	uint64_t calls = argc > 2 ? strtoull(argv[2], NULL, 10) : 20000;
	unsigned runs = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 5;
	char name[32];
	snprintf(name, sizeof name, "up-%u", up);
	if (!rings_start(&b, up)) {
		fprintf(stderr, "signal_bench: no memory for %u calls\n", up);
		return 2;
	}
	uint64_t warm = rings_warm_calls(&b);
	fprintf(stderr, "   %u up: warming up by %lu calls\n", up, (unsigned long)warm);
	if (rings_run(&b, warm) && measure(&b, name, calls, runs) == 0)
		return 0;
	rings_complain(&b, "signal_bench");
	return 1;
}
