/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/core/pool.h"

#include "dataplane/core/big.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define POOL_ALIGN 64u

/* Of an odd number, modulo 2^32, by Newton's rule. A multiple of the number times its inverse is the quotient, as long
 * as that is below 2^32. */
static uint32_t inverse_of(uint32_t odd)
{
	uint32_t x = odd;
	for (int i = 0; i < 5; i++)
		x *= 2 - odd * x;
	return x;
}

int pool_init(struct pool *p, const char *name, uint32_t size, uint32_t obj_bytes)
{
	assert(size > 0 && size < POOL_USED && obj_bytes > 0);
	*p = (struct pool){.name = name, .size = size};
	p->obj_bytes = (obj_bytes + POOL_ALIGN - 1) & ~(POOL_ALIGN - 1);
	p->shift = (uint32_t)__builtin_ctz(p->obj_bytes);
	p->inverse = inverse_of(p->obj_bytes >> p->shift);
	p->mem = big_new((size_t)size * p->obj_bytes);
	p->next = big_new(sizeof *p->next * size);
	if (!p->mem || !p->next) {
		pool_fini(p);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < size; i++)
		p->next[i] = i + 1 < size ? i + 1 : POOL_NONE;
	return 0;
}

void pool_fini(struct pool *p)
{
	free(p->mem);
	free(p->next);
	*p = (struct pool){.head = POOL_NONE, .name = p->name};
}

/* The object that is taken next: its first lines are on their way by then. */
static void fetch(const struct pool *p, uint32_t i)
{
	const uint8_t *obj = p->mem + (size_t)i * p->obj_bytes;
	__builtin_prefetch(&p->next[i], 1);
	__builtin_prefetch(obj, 1);
	__builtin_prefetch(obj + 64, 1);
	__builtin_prefetch(obj + 128, 1);
}

void *pool_get(struct pool *p)
{
	uint32_t i = p->head;
	if (i == POOL_NONE)
		return NULL;
	p->head = p->next[i];
	p->next[i] = POOL_USED;
	p->used++;
	if (p->head != POOL_NONE)
		fetch(p, p->head);
	return p->mem + (size_t)i * p->obj_bytes;
}

void pool_put(struct pool *p, void *obj)
{
	uint32_t i = pool_index(p, obj);
	assert(p->next[i] == POOL_USED);
	p->next[i] = p->head;
	p->head = i;
	p->used--;
}
