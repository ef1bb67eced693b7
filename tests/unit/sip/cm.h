/* SPDX-License-Identifier: Apache-2.0 */
/* cmocka with the headers it wants first, and comparisons of spans. */
#ifndef TESTS_CM_H
#define TESTS_CM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sip-parser/base/span.h"

#define assert_span(s, lit)                                                                                  \
	do {                                                                                                 \
		struct span got_ = (s);                                                                      \
		assert_int_equal(got_.len, sizeof(lit) - 1);                                                 \
		if (got_.len)                                                                                \
			assert_memory_equal(got_.p, lit, sizeof(lit) - 1);                                   \
	} while (0)

#endif
