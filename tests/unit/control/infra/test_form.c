/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/control/infra/infra.h"

#include "control/form.h"
#include "control/utf8.h"

#include <errno.h>

static int decode(struct form *f, const char *s)
{
	form_init(f);
	return form_decode(f, s, strlen(s), 8);
}

static void pairs_are_decoded_in_order(void **state)
{
	struct form f;
	assert_int_equal(decode(&f, "To=sip%3Aa%40b&From=J+D&x&=y&&e="), 0);
	assert_int_equal(f.n, 5);
	assert_string_equal(form_get(&f, "To"), "sip:a@b");
	assert_string_equal(form_get(&f, "From"), "J D");
	assert_string_equal(form_get(&f, "x"), "");
	assert_string_equal(form_get(&f, ""), "y");
	assert_string_equal(form_get(&f, "e"), "");
	assert_null(form_get(&f, "to"));
	form_fini(&f);
}

static void repeated_names_are_all_there(void **state)
{
	struct form f;
	assert_int_equal(decode(&f, "e=1&o=9&e=2&e=1"), 0);
	const struct form_pair *p = form_next(&f, "e", NULL);
	assert_string_equal(p->value, "1");
	p = form_next(&f, "e", p);
	assert_string_equal(p->value, "2");
	p = form_next(&f, "e", p);
	assert_string_equal(p->value, "1");
	assert_null(form_next(&f, "e", p));
	form_fini(&f);
}

static void bad_escapes_nul_and_broken_utf8_are_refused(void **state)
{
	static const char *const bad[] = {"a=%", "a=%4", "a=%zz", "a=%4g", "%=1", "a=%00", "a=x%00y", "a=%ff",
	    "a=%c3", "a=%c0%80", "a=%ed%a0%80", "a=%f4%90%80%80", "a=1&b=%4"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct form f;
		assert_int_equal(decode(&f, bad[i]), -EINVAL);
		form_fini(&f);
	}
	struct form f;
	form_init(&f);
	assert_int_equal(form_decode(&f, "a=\0b", 4, 8), -EINVAL);
	form_fini(&f);
}

static void more_pairs_than_allowed_are_refused(void **state)
{
	struct form f;
	assert_int_equal(decode(&f, "1=&2=&3=&4=&5=&6=&7=&8="), 0);
	form_fini(&f);
	assert_int_equal(decode(&f, "1=&2=&3=&4=&5=&6=&7=&8=&9="), -E2BIG);
	form_fini(&f);
}

static void encoding_can_be_decoded_again(void **state)
{
	char all[256] = "";
	for (int i = 1; i < 128; i++)
		all[i - 1] = (char)i;
	struct form f, g;
	form_init(&f);
	form_add(&f, "a b&=%", all);
	form_add(&f, "é", "ü €𝄞");
	form_addf(&f, "n", "%d-%s", 42, "x");
	char *text = form_encode(&f);
	assert_int_equal(decode(&g, text), 0);
	assert_int_equal(g.n, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(g.pairs[i].name, f.pairs[i].name);
		assert_string_equal(g.pairs[i].value, f.pairs[i].value);
	}
	assert_string_equal(form_get(&g, "n"), "42-x");
	free(text);
	form_fini(&f);
	form_fini(&g);
}

static void rfc3629_4_only_shortest_forms_are_utf8(void **state)
{
	assert_true(utf8_valid("a\xc3\xa9\xe2\x82\xac\xf0\x9d\x84\x9e", 10));
	assert_true(utf8_valid("", 0));
	assert_false(utf8_valid("\xc1\x81", 2));
	assert_false(utf8_valid("\xe0\x80\x80", 3));
	assert_false(utf8_valid("\xf0\x80\x80\x80", 4));
	assert_false(utf8_valid("\xf5\x80\x80\x80", 4));
	assert_false(utf8_valid("\x80", 1));
	assert_false(utf8_valid("\xe2\x82", 2));
	assert_int_equal(utf8_char("\xe2\x82\xac", 3), 3);
	assert_int_equal(utf8_char("\xe2\x82\xac", 2), 0);
	assert_int_equal(utf8_char("a", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pairs_are_decoded_in_order),
	    cmocka_unit_test(repeated_names_are_all_there),
	    cmocka_unit_test(bad_escapes_nul_and_broken_utf8_are_refused),
	    cmocka_unit_test(more_pairs_than_allowed_are_refused),
	    cmocka_unit_test(encoding_can_be_decoded_again),
	    cmocka_unit_test(rfc3629_4_only_shortest_forms_are_utf8),
	};
	return cmocka_run_group_tests_name("form", tests, NULL, NULL);
}
