/* SPDX-License-Identifier: Apache-2.0 */
/* A fixed-size hash table from a 64-bit hash to a 32-bit index (usually of a pool object). The table keeps no
 * keys: two different keys may share a hash, so a lookup offers candidates and the caller compares. Hashes
 * made from bytes of the network must be keyed, or an attacker builds one long chain.
 *
 * Open addressing, at most half full, entries move back on delete (no tombstones, so it never degrades).
 * No memory after table_new. One thread. */
#ifndef DP_TABLE_H
#define DP_TABLE_H

#include <stdbool.h>
#include <stdint.h>

struct table;

#define TABLE_NONE 0xffffffffu

/* Room for `size` entries (1 … 2^28). NULL: no memory. */
struct table *table_new(uint32_t size);
void table_free(struct table *t);
uint32_t table_used(const struct table *t);

/* Add. The pair (hash, idx) must not be there already; idx ≠ TABLE_NONE. -ENOSPC: `size` entries are in. */
[[nodiscard]] int table_put(struct table *t, uint64_t hash, uint32_t idx);
/* Bring the place where this hash is looked up into the cache. */
void table_fetch(const struct table *t, uint64_t hash);
/* Remove the pair. False: it was not there. */
bool table_del(struct table *t, uint64_t hash, uint32_t idx);

/* The first entry with this hash for which eq(ctx, idx) holds, TABLE_NONE when there is none. */
typedef bool (*table_eq_fn)(const void *ctx, uint32_t idx);
uint32_t table_find(const struct table *t, uint64_t hash, table_eq_fn eq, const void *ctx);

/* Candidates one by one, without a callback:
 *   for (uint32_t at = 0, i; (i = table_next(t, hash, &at)) != TABLE_NONE;) …
 * The table must not change in between. */
uint32_t table_next(const struct table *t, uint64_t hash, uint32_t *at);

#endif
