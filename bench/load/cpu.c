/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/load/cpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static double ticks(double n)
{
	return n / (double)sysconf(_SC_CLK_TCK);
}

static double machine_busy(void)
{
	unsigned long long v[8] = {0}; /* user nice system idle iowait irq softirq steal */
	FILE *f = fopen("/proc/stat", "r");
	if (!f)
		return 0;
	int n = fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &v[0], &v[1], &v[2], &v[3], &v[4],
	    &v[5], &v[6], &v[7]);
	fclose(f);
	return n < 7 ? 0 : ticks((double)(v[0] + v[1] + v[2] + v[5] + v[6]));
}

static double process_busy(pid_t pid)
{
	char path[64], text[1024];
	unsigned long long user = 0, sys = 0;
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	FILE *f = fopen(path, "r");
	if (!f)
		return 0;
	size_t n = fread(text, 1, sizeof text - 1, f);
	fclose(f);
	text[n] = 0;
	const char *p = strrchr(text, ')'); /* the name may hold anything */
	if (!p || sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &sys) != 2)
		return 0;
	return ticks((double)(user + sys));
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

void cpu_now(struct cpu_use *u, const struct cpu_watch *w)
{
	struct timespec t;
	struct rusage r;
	clock_gettime(CLOCK_MONOTONIC, &t);
	getrusage(RUSAGE_SELF, &r);
	u->wall_s = (double)t.tv_sec + (double)t.tv_nsec / 1e9;
	u->self_s = seconds(r.ru_utime) + seconds(r.ru_stime);
	u->busy_s = machine_busy();
	u->pids_s = 0;
	for (unsigned i = 0; i < w->n; i++)
		u->pids_s += process_busy(w->pids[i]);
}

struct cpu_use cpu_between(const struct cpu_use *a, const struct cpu_use *b)
{
	return (struct cpu_use){
	    b->wall_s - a->wall_s, b->busy_s - a->busy_s, b->self_s - a->self_s, b->pids_s - a->pids_s};
}

int cpu_watch_parse(struct cpu_watch *w, const char *text)
{
	char *end;
	for (const char *p = text; *p; p = *end == ',' ? end + 1 : end) {
		long v = strtol(p, &end, 10);
		if (end == p || v <= 0 || (*end && *end != ',') || w->n == CPU_PIDS_MAX)
			return -1;
		w->pids[w->n++] = (pid_t)v;
	}
	return w->n ? 0 : -1;
}
