/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the control infrastructure share: cmocka, and a loop that cannot run for ever. */
#ifndef TEST_INFRA_H
#define TEST_INFRA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/loop.h"

#define MS 1000000u

struct bounded {
	struct loop *loop;
	struct loop_timer limit;
	bool ran_out;
};

static inline void bounded_limit(void *ctx, struct loop_timer *t)
{
	struct bounded *b = ctx;
	b->ran_out = true;
	loop_stop(b->loop);
}

static inline struct loop *new_loop(void)
{
	char err[256] = "";
	struct loop *l = loop_new(err);
	if (!l)
		print_error("%s\n", err);
	assert_non_null(l);
	return l;
}

/* Run until loop_stop. False: ms went by first. */
static inline bool run_for(struct loop *l, uint32_t ms)
{
	struct bounded b = {.loop = l};
	b.limit = (struct loop_timer){.fn = bounded_limit, .ctx = &b};
	loop_timer_arm(l, &b.limit, loop_now_ns() + (uint64_t)ms * MS);
	assert_int_equal(loop_run(l), 0);
	loop_timer_cancel(l, &b.limit);
	return !b.ran_out;
}

#endif
