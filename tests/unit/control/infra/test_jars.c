/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/control/infra/infra.h"

#include "control/jars.h"

static void a_call_keeps_its_jar_and_the_least_used_goes_first(void **state)
{
	struct jars *j = jars_new(3);
	struct http_jar *a = jars_of(j, "CAa"), *b = jars_of(j, "CAb");
	http_jar_get(b); /* so that its address is not given to another */
	jars_of(j, "CAc");
	assert_ptr_equal(jars_of(j, "CAa"), a);
	jars_of(j, "CAd");
	assert_ptr_equal(jars_of(j, "CAa"), a);
	assert_ptr_not_equal(jars_of(j, "CAb"), b);
	assert_null(jars_of(j, ""));
	http_jar_put(b);
	for (int i = 0; i < 1000; i++) {
		char sid[35];
		snprintf(sid, sizeof sid, "CA%d", i);
		assert_non_null(jars_of(j, sid));
	}
	jars_free(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_call_keeps_its_jar_and_the_least_used_goes_first)};
	return cmocka_run_group_tests_name("jars", tests, NULL, NULL);
}
