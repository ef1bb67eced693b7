/* SPDX-License-Identifier: Apache-2.0 */
/* Latencies by number: 64 steps to each doubling, so a quantile is at most 1.6 % too high. */
#ifndef BENCH_HIST_H
#define BENCH_HIST_H

#include <stdint.h>

#define HIST_STEPS   64
#define HIST_DOUBLES 36 /* up to about 70 minutes in ns */

struct hist {
	uint64_t n, max;
	uint32_t at[HIST_STEPS * HIST_DOUBLES];
};

void hist_add(struct hist *h, uint64_t ns);
/* The value that the share q (0 … 1) of all lies at or below; 0 when there is none. */
uint64_t hist_quantile(const struct hist *h, double q);

#endif
