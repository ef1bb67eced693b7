/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/call/threads.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void read_line(int pid, int tid, const char *what, char *to, size_t room)
{
	char path[96];
	snprintf(path, sizeof path, "/proc/%d/task/%d/%s", pid, tid, what);
	FILE *f = fopen(path, "r");
	to[0] = 0;
	if (f && !fgets(to, (int)room, f))
		to[0] = 0;
	if (f)
		fclose(f);
	to[strcspn(to, "\n")] = 0;
}

unsigned threads_read(int pid, struct thread_cpu out[THREADS_MAX])
{
	char path[64], line[128];
	unsigned n = 0;
	snprintf(path, sizeof path, "/proc/%d/task", pid);
	DIR *d = opendir(path);
	struct dirent *e;
	while (d && n < THREADS_MAX && (e = readdir(d))) {
		int tid = (int)strtol(e->d_name, NULL, 10);
		if (tid <= 0)
			continue;
		out[n].tid = tid;
		read_line(pid, tid, "comm", out[n].name, sizeof out[n].name);
		read_line(pid, tid, "schedstat", line, sizeof line);
		char *end;
		out[n].ns = strtoull(line, &end, 10);
		out[n++].wait_ns = strtoull(end, NULL, 10);
	}
	if (d)
		closedir(d);
	return n;
}

struct thread_cpu threads_of(const struct thread_cpu *before, unsigned n, int tid)
{
	for (unsigned i = 0; i < n; i++) {
		if (before[i].tid == tid)
			return before[i];
	}
	return (struct thread_cpu){0};
}
