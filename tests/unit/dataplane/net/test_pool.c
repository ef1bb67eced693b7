/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dataplane/core/pool.h"

static void pool_gives_each_object_once_and_then_nothing(void **state)
{
	struct pool p;
	void *got[5];
	assert_int_equal(pool_init(&p, "t", 5, 10), 0);
	for (int i = 0; i < 5; i++) {
		got[i] = pool_get(&p);
		assert_non_null(got[i]);
		memset(got[i], i, 10);
		for (int k = 0; k < i; k++)
			assert_ptr_not_equal(got[i], got[k]);
	}
	assert_null(pool_get(&p));
	assert_int_equal(p.used, 5);
	for (int i = 0; i < 5; i++)
		assert_int_equal(((uint8_t *)got[i])[9], i);
	pool_put(&p, got[3]);
	assert_int_equal(p.used, 4);
	assert_ptr_equal(pool_get(&p), got[3]);
	for (int i = 0; i < 5; i++)
		pool_put(&p, got[i]);
	assert_int_equal(p.used, 0);
	pool_fini(&p);
}

static void pool_objects_are_aligned_to_cache_lines(void **state)
{
	struct pool p;
	assert_int_equal(pool_init(&p, "t", 3, 65), 0);
	assert_int_equal(p.obj_bytes, 128);
	for (int i = 0; i < 3; i++)
		assert_int_equal((uintptr_t)pool_get(&p) % 64, 0);
	pool_fini(&p);
}

static void pool_at_finds_only_what_is_in_use(void **state)
{
	struct pool p;
	assert_int_equal(pool_init(&p, "t", 4, 8), 0);
	void *a = pool_get(&p);
	uint32_t i = pool_index(&p, a);
	assert_ptr_equal(pool_at(&p, i), a);
	assert_null(pool_at(&p, 4));
	assert_null(pool_at(&p, POOL_NONE));
	pool_put(&p, a);
	assert_null(pool_at(&p, i));
	pool_fini(&p);
}

/* The signal a child dies of when it does `misuse`, 0 when it survives. */
static int dies_of(void (*misuse)(struct pool *p))
{
	pid_t pid = fork();
	if (pid == 0) {
		struct pool p;
		const struct rlimit none = {0};
		setrlimit(RLIMIT_CORE, &none);
		signal(SIGABRT, SIG_DFL);
		if (!freopen("/dev/null", "w", stderr) || pool_init(&p, "t", 2, 8))
			_exit(1);
		misuse(&p);
		_exit(0);
	}
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void put_twice(struct pool *p)
{
	void *a = pool_get(p);
	pool_put(p, a);
	pool_put(p, a);
}

static void put_the_middle(struct pool *p)
{
	pool_put(p, (uint8_t *)pool_get(p) + 8);
}

static void put_a_stranger(struct pool *p)
{
	int x;
	(void)pool_get(p);
	pool_put(p, &x);
}

static void put_properly(struct pool *p)
{
	pool_put(p, pool_get(p));
}

static void pool_put_stops_on_what_is_not_in_use(void **state)
{
	assert_int_equal(dies_of(put_properly), 0);
	assert_int_equal(dies_of(put_twice), SIGABRT);
	assert_int_equal(dies_of(put_the_middle), SIGABRT);
	assert_int_equal(dies_of(put_a_stranger), SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pool_gives_each_object_once_and_then_nothing),
	    cmocka_unit_test(pool_objects_are_aligned_to_cache_lines),
	    cmocka_unit_test(pool_at_finds_only_what_is_in_use),
	    cmocka_unit_test(pool_put_stops_on_what_is_not_in_use),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
