/* SPDX-License-Identifier: Apache-2.0 */
/* The generator of our tokens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/core/random.h"

/* RFC 8439 appendix A.1: test vectors 1 and 2 (a key of zeros, blocks 0 and 1), words of the keystream. */
static void rfc8439_a_1_blocks(void **state)
{
	static const uint32_t KEY[8],
	    BLOCK[2][16] = {
	        {0xade0b876, 0x903df1a0, 0xe56a5d40, 0x28bd8653, 0xb819d2bd, 0x1aed8da0, 0xccef36a8,
	            0xc70d778b, 0x7c5941da, 0x8d485751, 0x3fe02477, 0x374ad8b8, 0xf4b8436a, 0x1ca11815,
	            0x69b687c3, 0x8665eeb2},
	        {0xbee7079f, 0x7a385155, 0x7c97ba98, 0x0d082d73, 0xa0290fcb, 0x6965e348, 0x3e53c612,
	            0xed7aee32, 0x7621b729, 0x434ee69c, 0xb03371d5, 0xd539d874, 0x281fed31, 0x45fb0a51,
	            0x1f0ae1ac, 0x6f4d794b},
	    };
	uint32_t out[16][RANDOM_BLOCKS];
	random_blocks(out, KEY);
	for (int b = 0; b < 2; b++)
		for (int i = 0; i < 16; i++)
			assert_int_equal(out[i][b], BLOCK[b][i]);
}

static void the_key_is_replaced_and_no_number_kept(void **state)
{
	static const uint64_t NONE[RANDOM_STORE];
	uint8_t key[RANDOM_KEY_BYTES] = {1};
	struct random r;
	random_init(&r, key);
	uint64_t v = random_u64(&r);
	assert_memory_not_equal(r.key, key, sizeof key);
	for (uint32_t i = 0; i < r.left; i++)
		assert_true(r.store[i] != v);
	while (r.left)
		(void)random_u64(&r);
	assert_memory_equal(r.store, NONE, sizeof NONE);
}

/* One seed, one sequence; another seed, another one; and no number twice. */
static void the_seed_decides(void **state)
{
	enum { N = 1000 };
	static uint64_t seen[N];
	uint8_t key[RANDOM_KEY_BYTES] = {1}, other[RANDOM_KEY_BYTES] = {2};
	struct random a, b, c;
	random_init(&a, key);
	random_init(&b, key);
	random_init(&c, other);
	for (int i = 0; i < N; i++) {
		seen[i] = random_u64(&a);
		assert_true(seen[i] == random_u64(&b));
		assert_true(seen[i] != random_u64(&c));
		for (int k = 0; k < i; k++)
			assert_true(seen[k] != seen[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc8439_a_1_blocks),
	    cmocka_unit_test(the_key_is_replaced_and_no_number_kept),
	    cmocka_unit_test(the_seed_decides),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
