/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/media/ports.h"

#include "dataplane/core/big.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static uint64_t next_random(uint64_t *s)
{
	uint64_t z = *s += 0x9e3779b97f4a7c15ull;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static void shuffle(uint32_t *a, uint32_t n, uint64_t seed)
{
	for (uint32_t i = 0; i < n; i++)
		a[i] = i;
	for (uint32_t i = n - 1; i > 0; i--) {
		uint32_t j = (uint32_t)(next_random(&seed) % (i + 1));
		uint32_t t = a[i];
		a[i] = a[j];
		a[j] = t;
	}
}

int ports_init(struct ports *p, uint32_t n, uint64_t quarantine_ns, uint64_t seed)
{
	if (n == 0 || n > PORTS_MAX)
		return -EINVAL;
	*p = (struct ports){.n = n, .count = n, .fresh = n, .quarantine_ns = quarantine_ns};
	p->fifo = big_new(n * sizeof *p->fifo);
	p->free_at = big_new(n * sizeof *p->free_at);
	if (!p->fifo || !p->free_at) {
		ports_fini(p);
		return -ENOMEM;
	}
	shuffle(p->fifo, n, seed);
	return 0;
}

void ports_fini(struct ports *p)
{
	free(p->fifo);
	free(p->free_at);
	p->fifo = NULL;
	p->free_at = NULL;
}

/* Signed difference: the clock may wrap. */
static bool rested(const struct ports *p, uint32_t i, uint64_t now)
{
	return i < p->fresh || (int64_t)(now - p->free_at[p->fifo[(p->head + i) % p->n]]) >= 0;
}

uint32_t ports_get(struct ports *p, uint64_t now)
{
	if (p->count == 0 || !rested(p, 0, now))
		return PORTS_NONE;
	uint32_t pair = p->fifo[p->head];
	p->head = (p->head + 1) % p->n;
	p->count--;
	if (p->fresh)
		p->fresh--;
	return pair;
}

uint32_t ports_next(const struct ports *p)
{
	return p->count ? p->fifo[p->head] : PORTS_NONE;
}

void ports_put(struct ports *p, uint32_t pair, uint64_t now)
{
	assert(pair < p->n && p->count < p->n);
	p->free_at[pair] = now + p->quarantine_ns;
	p->fifo[(p->head + p->count) % p->n] = pair;
	p->count++;
}

/* Oldest first, so the rested ones are a prefix: search its end. */
uint32_t ports_busy(const struct ports *p, uint64_t now)
{
	uint32_t lo = 0, hi = p->count;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (rested(p, mid, now))
			lo = mid + 1;
		else
			hi = mid;
	}
	return p->n - lo;
}
