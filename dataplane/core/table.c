/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/core/table.h"

#include "dataplane/core/big.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

struct slot {
	uint64_t hash;
	uint32_t idx; /* TABLE_NONE: free */
};

struct table {
	uint32_t mask, used, size;
	struct slot slot[];
};

struct table *table_new(uint32_t size)
{
	assert(size > 0 && size <= 1u << 28);
	uint32_t cap = 4;
	while (cap < 2 * size)
		cap *= 2;
	struct table *t = big_new(sizeof *t + sizeof(struct slot) * cap);
	if (!t)
		return NULL;
	t->mask = cap - 1;
	t->used = 0;
	t->size = size;
	for (uint32_t i = 0; i < cap; i++)
		t->slot[i] = (struct slot){0, TABLE_NONE};
	return t;
}

void table_free(struct table *t)
{
	free(t);
}

uint32_t table_used(const struct table *t)
{
	return t->used;
}

void table_fetch(const struct table *t, uint64_t hash)
{
	__builtin_prefetch(&t->slot[(uint32_t)hash & t->mask]);
}

int table_put(struct table *t, uint64_t hash, uint32_t idx)
{
	assert(idx != TABLE_NONE);
	if (t->used == t->size)
		return -ENOSPC;
	uint32_t i = (uint32_t)hash & t->mask;
	while (t->slot[i].idx != TABLE_NONE) {
		assert(t->slot[i].idx != idx || t->slot[i].hash != hash);
		i = (i + 1) & t->mask;
	}
	t->slot[i] = (struct slot){hash, idx};
	t->used++;
	return 0;
}

/* The hole at i is closed by the entries behind it that may live there: an entry whose home lies cyclically
 * in (i, j] must stay, every other may move. */
static void close_hole(struct table *t, uint32_t i)
{
	for (uint32_t j = (i + 1) & t->mask; t->slot[j].idx != TABLE_NONE; j = (j + 1) & t->mask) {
		uint32_t home = (uint32_t)t->slot[j].hash & t->mask;
		if (((j - home) & t->mask) < ((j - i) & t->mask))
			continue;
		t->slot[i] = t->slot[j];
		i = j;
	}
	t->slot[i] = (struct slot){0, TABLE_NONE};
}

bool table_del(struct table *t, uint64_t hash, uint32_t idx)
{
	uint32_t i = (uint32_t)hash & t->mask;
	for (; t->slot[i].idx != TABLE_NONE; i = (i + 1) & t->mask) {
		if (t->slot[i].idx != idx || t->slot[i].hash != hash)
			continue;
		close_hole(t, i);
		t->used--;
		return true;
	}
	return false;
}

uint32_t table_next(const struct table *t, uint64_t hash, uint32_t *at)
{
	for (;; ++*at) {
		const struct slot *s = &t->slot[((uint32_t)hash + *at) & t->mask];
		if (s->idx == TABLE_NONE)
			return TABLE_NONE;
		if (s->hash == hash) {
			++*at;
			return s->idx;
		}
	}
}

uint32_t table_find(const struct table *t, uint64_t hash, table_eq_fn eq, const void *ctx)
{
	uint32_t i;
	for (uint32_t at = 0; (i = table_next(t, hash, &at)) != TABLE_NONE;)
		if (eq(ctx, i))
			return i;
	return TABLE_NONE;
}
