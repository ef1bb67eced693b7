/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is given back all at once: blocks from malloc, a bound on the whole. One owner, no locks. */
#ifndef TWIML_ARENA_H
#define TWIML_ARENA_H

#include "sip-parser/base/span.h"

#include <stddef.h>

struct twiml_arena;

struct twiml_arena *arena_new(size_t bytes_max); /* NULL: no memory */
void arena_free(struct twiml_arena *a);
/* Zeroed, aligned for any type. NULL when the bound or the machine's memory is reached; sticky. */
void *arena_get(struct twiml_arena *a, size_t n);
/* A NUL-terminated copy; .p NULL on failure. */
struct span arena_copy(struct twiml_arena *a, const void *p, size_t n);
bool arena_failed(const struct twiml_arena *a);

#endif
