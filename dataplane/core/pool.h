/* SPDX-License-Identifier: Apache-2.0 */
/* A fixed number of equal objects, laid out once, named by index. O(1) get and put, no memory after start.
 * One thread. */
#ifndef DP_POOL_H
#define DP_POOL_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

struct pool {
	uint8_t *mem;
	uint32_t *next; /* free list; in use: POOL_USED */
	uint32_t obj_bytes, size, used, head;
	uint32_t shift, inverse; /* to divide by obj_bytes what is a multiple of it */
	const char *name;        /* static, for gauges */
};

#define POOL_NONE 0xffffffffu
#define POOL_USED 0xfffffffeu

/* size objects of obj_bytes each (rounded up to 64). -ENOMEM: nothing is left behind. */
[[nodiscard]] int pool_init(struct pool *p, const char *name, uint32_t size, uint32_t obj_bytes);
void pool_fini(struct pool *p);
/* The bytes of the object are what its last user left. NULL when the pool is empty. */
void *pool_get(struct pool *p);
void pool_put(struct pool *p, void *obj); /* asserts that obj is in use */
/* Index ↔ object. pool_at returns NULL when idx is out of range or not in use. */
static inline uint32_t pool_index(const struct pool *p, const void *obj)
{
	size_t off = (size_t)((const uint8_t *)obj - p->mem);
	uint32_t idx = (uint32_t)(off >> p->shift) * p->inverse;
	assert(idx < p->size && (size_t)idx * p->obj_bytes == off);
	return idx;
}

static inline void *pool_at(const struct pool *p, uint32_t idx)
{
	if (idx >= p->size || p->next[idx] != POOL_USED)
		return NULL;
	return p->mem + (size_t)idx * p->obj_bytes;
}

#endif
