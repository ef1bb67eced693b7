/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "dataplane/core/table.h"

#define ITEMS 200

static uint64_t rnd(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	return *s ^= *s << 17;
}

struct model {
	uint64_t hash[ITEMS];
	bool in[ITEMS];
	uint32_t n;
};

static bool is(const void *ctx, uint32_t idx)
{
	return *(const uint32_t *)ctx == idx;
}

static void compare(const struct table *t, const struct model *m)
{
	assert_int_equal(table_used(t), m->n);
	for (uint32_t i = 0; i < ITEMS; i++)
		assert_int_equal(table_find(t, m->hash[i], is, &i), m->in[i] ? i : TABLE_NONE);
}

/* Few distinct hashes: long chains that wrap around the end. */
static void run_against_model(uint64_t seed, uint64_t hash_mask)
{
	struct table *t = table_new(100);
	struct model m = {0};
	for (uint32_t i = 0; i < ITEMS; i++)
		m.hash[i] = rnd(&seed) & hash_mask;
	for (int step = 0; step < 5000; step++) {
		uint32_t i = (uint32_t)(rnd(&seed) % ITEMS);
		if (m.in[i]) {
			assert_true(table_del(t, m.hash[i], i));
			m.in[i] = false;
			m.n--;
		} else if (m.n < 100) {
			assert_int_equal(table_put(t, m.hash[i], i), 0);
			m.in[i] = true;
			m.n++;
		} else {
			assert_int_equal(table_put(t, m.hash[i], i), -ENOSPC);
		}
		assert_false(table_del(t, m.hash[i], ITEMS + 1));
		if (step % 50 == 0)
			compare(t, &m);
	}
	compare(t, &m);
	table_free(t);
}

static void table_equals_a_naive_model(void **state)
{
	for (uint64_t seed = 1; seed <= 5; seed++) {
		run_against_model(seed * 77, ~0ull);
		run_against_model(seed * 91, 7);
		run_against_model(seed * 13, 0xfcull); /* at the end of 256 slots: chains wrap */
	}
}

static void table_offers_every_candidate_of_a_hash_once(void **state)
{
	struct table *t = table_new(8);
	uint32_t seen = 0, i;
	for (i = 0; i < 4; i++)
		assert_int_equal(table_put(t, 15, i), 0);
	assert_int_equal(table_put(t, 14, 7), 0);
	for (uint32_t at = 0; (i = table_next(t, 15, &at)) != TABLE_NONE;) {
		assert_true(i < 4 && !(seen & 1u << i));
		seen |= 1u << i;
	}
	assert_int_equal(seen, 15);
	table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(table_equals_a_naive_model),
	    cmocka_unit_test(table_offers_every_candidate_of_a_hash_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
