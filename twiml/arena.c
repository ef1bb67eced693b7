/* SPDX-License-Identifier: Apache-2.0 */
#include "twiml/arena.h"

#include <stdlib.h>

#define BLOCK_BYTES 8192

struct block {
	struct block *next;
	_Alignas(max_align_t) char bytes[];
};

struct twiml_arena {
	struct block *blocks;
	size_t used, size; /* of the newest block */
	size_t left;       /* of the bound */
	bool failed;
};

struct twiml_arena *arena_new(size_t bytes_max)
{
	struct twiml_arena *a = calloc(1, sizeof *a);
	if (a)
		a->left = bytes_max;
	return a;
}

void arena_free(struct twiml_arena *a)
{
	if (!a)
		return;
	while (a->blocks) {
		struct block *b = a->blocks;
		a->blocks = b->next;
		free(b);
	}
	free(a);
}

static bool grow(struct twiml_arena *a, size_t n)
{
	size_t size = n > BLOCK_BYTES ? n : BLOCK_BYTES;
	struct block *b = calloc(1, sizeof *b + size);
	if (!b)
		return false;
	b->next = a->blocks;
	a->blocks = b;
	a->used = 0;
	a->size = size;
	return true;
}

void *arena_get(struct twiml_arena *a, size_t n)
{
	n = ((n ? n : 1) + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
	if (a->failed || n > a->left || (a->size - a->used < n && !grow(a, n))) {
		a->failed = true;
		return NULL;
	}
	void *p = a->blocks->bytes + a->used;
	a->used += n;
	a->left -= n;
	return p;
}

struct span arena_copy(struct twiml_arena *a, const void *p, size_t n)
{
	char *to = arena_get(a, n + 1);
	if (!to)
		return (struct span){NULL, 0};
	if (n)
		memcpy(to, p, n);
	return (struct span){to, (uint32_t)n};
}

bool arena_failed(const struct twiml_arena *a)
{
	return a->failed;
}
