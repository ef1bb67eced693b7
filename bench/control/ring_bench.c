/* SPDX-License-Identifier: Apache-2.0 */
/* dp_ring between two threads on two CPUs: the round trip of one message (both ends polling), and messages per
 * second one way. Slots of the size that commands have. */
#include "bench/lib/bench.h"
#include "bench/lib/hist.h"
#include "dataplane/api/dp_msg.h"
#include "dataplane/api/dp_ring.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 1024

struct pair {
	struct dp_ring *there, *back;
	int cpu;
};

static void pin(int cpu)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof set, &set) < 0)
		fprintf(stderr, "ring_bench: cannot run on CPU %d\n", cpu);
}

static void put(struct dp_ring *r, uint64_t v)
{
	struct dp_cmd *c;
	while (!(c = dp_ring_claim(r)))
		__builtin_ia32_pause();
	c->cookie = v;
	dp_ring_publish(r);
}

static uint64_t get(struct dp_ring *r)
{
	struct dp_cmd *c;
	while (!(c = dp_ring_peek(r)))
		__builtin_ia32_pause();
	uint64_t v = c->cookie;
	dp_ring_release(r);
	return v;
}

/* Sends back every message whose lowest bit is set; keeps the others. 0 ends. */
static void *echo(void *arg)
{
	struct pair *p = arg;
	pin(p->cpu);
	for (uint64_t v; (v = get(p->there));) {
		if (v & 1)
			put(p->back, v);
	}
	return NULL;
}

/* The median trip: on a machine that does other things too, a few take a whole time slice. */
static double round_trips(struct pair *p, unsigned n, double hz)
{
	static struct hist h;
	memset(&h, 0, sizeof h);
	for (unsigned i = 0; i < n; i++) {
		uint64_t c0 = bench_cycles();
		put(p->there, 1);
		bench_keep(get(p->back));
		hist_add(&h, (uint64_t)((double)(bench_cycles() - c0) * 1e9 / hz));
	}
	return (double)hist_quantile(&h, 0.5);
}

/* The last message is answered, so the time ends when the other side has read all. */
static double one_way(struct pair *p, unsigned n)
{
	uint64_t c0 = bench_cycles();
	for (unsigned i = 1; i < n; i++)
		put(p->there, 2);
	put(p->there, 1);
	bench_keep(get(p->back));
	return (double)(bench_cycles() - c0) / n;
}

static void emit(const char *metric, const char *unit, const struct bench_sample *s)
{
	const struct bench_result r = {"control", "ring", metric, unit, "subject", s, NULL, 0};
	bench_emit(stdout, &r);
}

static int two_cpus(int cpu[2])
{
	cpu_set_t may;
	int n = 0;
	if (sched_getaffinity(0, sizeof may, &may) < 0)
		return -1;
	for (int i = 0; i < CPU_SETSIZE && n < 2; i++) {
		if (CPU_ISSET(i, &may))
			cpu[n++] = i;
	}
	return n == 2 ? 0 : -1;
}

int main(int argc, char **argv)
{
	unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 200000;
	unsigned runs = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 9;
	struct bench_sample trip = {0}, rate = {0};
	int cpu[2];
	pthread_t t;
	if (two_cpus(cpu) < 0)
		return fprintf(stderr, "ring_bench: two CPUs are needed\n"), 1;
	struct pair p = {dp_ring_new(SLOTS, sizeof(struct dp_cmd), -1),
	    dp_ring_new(SLOTS, sizeof(struct dp_cmd), -1), cpu[1]};
	if (!p.there || !p.back || pthread_create(&t, NULL, echo, &p) != 0)
		return fprintf(stderr, "ring_bench: no memory\n"), 1;
	pin(cpu[0]);
	double hz = bench_cycles_hz();
	for (unsigned r = 0; r < runs; r++) {
		bench_add(&trip, round_trips(&p, n, hz));
		bench_add(&rate, hz / one_way(&p, n));
	}
	put(p.there, 0);
	pthread_join(t, NULL);
	emit("round_trip", "ns", &trip);
	emit("one_way", "messages/s", &rate);
	dp_ring_free(p.there);
	dp_ring_free(p.back);
	return 0;
}
