/* SPDX-License-Identifier: Apache-2.0 */
/* Who used the CPU between two moments: the whole machine, this process, others by their ids. The kernel
 * counts in ticks of 10 ms, so the moments should be seconds apart. */
#ifndef BENCH_CPU_H
#define BENCH_CPU_H

#include <stdint.h>
#include <sys/types.h>

#define CPU_PIDS_MAX 32

struct cpu_watch {
	pid_t pids[CPU_PIDS_MAX];
	unsigned n;
};

struct cpu_use {
	double wall_s, busy_s; /* busy: all CPUs, everything but idle and I/O wait */
	double self_s;         /* this process, user and system */
	double pids_s;         /* the watched ones */
};

void cpu_now(struct cpu_use *u, const struct cpu_watch *w);
struct cpu_use cpu_between(const struct cpu_use *a, const struct cpu_use *b);
/* "123,456" into w. -1: not that. */
int cpu_watch_parse(struct cpu_watch *w, const char *text);

#endif
