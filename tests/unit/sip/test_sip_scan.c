/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sip/cm.h"

#include "sip-parser/sip_hdr.h"
#include "sip-parser/sip_scan.h"

#define N 200

static void check_at(const char *p, const char *end)
{
	const char *want = sip_scan2_scalar(p, end, '\r', '\n');
	assert_ptr_equal(sip_scan2(p, end, '\r', '\n'), want);
#if defined(__x86_64__)
	assert_ptr_equal(sip_scan2_sse2(p, end, '\r', '\n'), want);
	if (__builtin_cpu_supports("avx2"))
		assert_ptr_equal(sip_scan2_avx2(p, end, '\r', '\n'), want);
#endif
}

/* Every position of the delimiter, every start, every length: the fast paths equal the plain one. */
static void scan_variants_equal_scalar_at_every_offset(void **state)
{
	char text[N];
	for (int at = 0; at < N; at++) {
		memset(text, 'x', sizeof text);
		text[at] = at & 1 ? '\r' : '\n';
		for (int from = 0; from < 40; from++) {
			check_at(text + from, text + N);
			check_at(text + from, text + (at > from ? at : from));
		}
	}
}

static void scan_finds_the_first_of_two(void **state)
{
	const char *s = "abc\n\rdef";
	assert_ptr_equal(sip_scan2(s, s + 8, '\r', '\n'), s + 3);
	assert_ptr_equal(sip_scan2(s, s + 3, '\r', '\n'), s + 3);
	assert_ptr_equal(sip_scan2(s, s, '\r', '\n'), s);
}

/* sip_hdr_of walks the table from the first row of a letter: the rows must be sorted, ids and names agree. */
static void hdr_table_every_name_finds_its_id(void **state)
{
	for (unsigned int id = 1; id < SIP_H_COUNT; id++) {
		char upper[64];
		struct span name = sip_hdr_long(id);
		assert_true(name.len > 1 && name.len < sizeof upper);
		assert_int_equal(sip_hdr_of(name), id);
		for (uint32_t i = 0; i < name.len; i++)
			upper[i] = name.p[i] >= 'a' && name.p[i] <= 'z' ? (char)(name.p[i] - 32) : name.p[i];
		assert_int_equal(sip_hdr_of(span_of(upper, name.len)), id);
		assert_int_not_equal(sip_hdr_kind(id), SIP_KIND_OTHER);
	}
}

static void rfc3261_7_3_3_compact_forms_find_their_id(void **state)
{
	int n = 0;
	for (unsigned int id = 1; id < SIP_H_COUNT; id++) {
		char c = sip_hdr_compact(id), upper = (char)(c - 32);
		if (!c)
			continue;
		n++;
		assert_int_equal(sip_hdr_of(span_of(&c, 1)), id);
		assert_int_equal(sip_hdr_of(span_of(&upper, 1)), id);
	}
	assert_int_equal(n, 20);
}

static void unknown_names_are_other(void **state)
{
	assert_int_equal(sip_hdr_of(SPAN("")), SIP_H_OTHER);
	assert_int_equal(sip_hdr_of(SPAN("z")), SIP_H_OTHER);
	assert_int_equal(sip_hdr_of(SPAN("Viaa")), SIP_H_OTHER);
	assert_int_equal(sip_hdr_of(SPAN("X-Foo")), SIP_H_OTHER);
	assert_int_equal(sip_hdr_of(SPAN("!bang")), SIP_H_OTHER);
	assert_int_equal(sip_hdr_of(SPAN("Bogus")), SIP_H_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(scan_variants_equal_scalar_at_every_offset),
	    cmocka_unit_test(scan_finds_the_first_of_two),
	    cmocka_unit_test(hdr_table_every_name_finds_its_id),
	    cmocka_unit_test(rfc3261_7_3_3_compact_forms_find_their_id),
	    cmocka_unit_test(unknown_names_are_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
