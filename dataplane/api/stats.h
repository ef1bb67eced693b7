/* SPDX-License-Identifier: Apache-2.0 */
/* The counters of stats.def as an enum, an array and their names. One writer (the worker); any thread may
 * read a counter at any time and sees some recent value. */
#ifndef DP_STATS_H
#define DP_STATS_H

#include <stdint.h>

enum stat_id {
	STAT_NONE = 0,
#define STAT(name, help) STAT_##name,
#include "dataplane/api/stats.def"
#undef STAT
	STAT_COUNT
};

struct dp_stats {
	uint64_t v[STAT_COUNT];
};

/* Gauges: use and size of each pool, filled by the worker about once a second. */
#define DP_POOLS_MAX 16
struct dp_pool_gauge {
	const char *name; /* static */
	uint32_t used, size;
};

static inline void stat_add(struct dp_stats *s, enum stat_id id, uint64_t n)
{
	__atomic_store_n(&s->v[id], s->v[id] + n, __ATOMIC_RELAXED);
}

static inline void stat_inc(struct dp_stats *s, enum stat_id id)
{
	stat_add(s, id, 1);
}

static inline uint64_t stat_get(const struct dp_stats *s, enum stat_id id)
{
	return __atomic_load_n(&s->v[id], __ATOMIC_RELAXED);
}

const char *stat_name(enum stat_id id);
const char *stat_help(enum stat_id id);

#endif
