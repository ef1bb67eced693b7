/* SPDX-License-Identifier: Apache-2.0 */
/* CPU time of every thread of a process, and how long it could have run but had no CPU, as the scheduler counts them
 * (/proc/PID/task/TID/schedstat, ns). */
#ifndef BENCH_THREADS_H
#define BENCH_THREADS_H

#include <stdint.h>

#define THREADS_MAX 64

struct thread_cpu {
	int tid;
	char name[32];
	uint64_t ns, wait_ns;
};

/* Returns how many; 0 when there is no such process. */
unsigned threads_read(int pid, struct thread_cpu out[THREADS_MAX]);
/* What thread tid had in `before`; zeros when it was not there. */
struct thread_cpu threads_of(const struct thread_cpu *before, unsigned n, int tid);

#endif
