/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/lib/hist.h"

/* Below 2 × HIST_STEPS every value has a place of its own; above, the top seven bits tell. */
static unsigned place(uint64_t v)
{
	unsigned bits = v < 2 * HIST_STEPS ? 0 : 63 - (unsigned)__builtin_clzll(v) - 6;
	unsigned i = bits * HIST_STEPS + (unsigned)(v >> bits);
	return i < HIST_STEPS * HIST_DOUBLES ? i : HIST_STEPS * HIST_DOUBLES - 1;
}

static uint64_t top_of(unsigned i)
{
	if (i < 2 * HIST_STEPS)
		return i;
	unsigned bits = i / HIST_STEPS - 1;
	return ((uint64_t)(i - bits * HIST_STEPS + 1) << bits) - 1;
}

void hist_add(struct hist *h, uint64_t ns)
{
	h->at[place(ns)]++;
	h->n++;
	if (ns > h->max)
		h->max = ns;
}

uint64_t hist_quantile(const struct hist *h, double q)
{
	uint64_t want = (uint64_t)(q * (double)h->n), seen = 0;
	for (unsigned i = 0; h->n && i < HIST_STEPS * HIST_DOUBLES; i++) {
		seen += h->at[i];
		if (seen > want || seen == h->n)
			return top_of(i) < h->max ? top_of(i) : h->max;
	}
	return 0;
}
