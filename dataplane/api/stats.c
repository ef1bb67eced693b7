/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/api/stats.h"

#include <assert.h>

static const char *const names[STAT_COUNT] = {
    [STAT_NONE] = "none",
#define STAT(name, help) [STAT_##name] = #name,
#include "dataplane/api/stats.def"
#undef STAT
};

static const char *const helps[STAT_COUNT] = {
    [STAT_NONE] = "",
#define STAT(name, help) [STAT_##name] = help,
#include "dataplane/api/stats.def"
#undef STAT
};

const char *stat_name(enum stat_id id)
{
	assert((unsigned)id < STAT_COUNT);
	return names[id];
}

const char *stat_help(enum stat_id id)
{
	assert((unsigned)id < STAT_COUNT);
	return helps[id];
}
