/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuzz targets share. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A rule that must hold for every input; never compiled out. */
#define MUST(rule)                                                                                           \
	do {                                                                                                 \
		if (!(rule)) {                                                                               \
			fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #rule);             \
			abort();                                                                             \
		}                                                                                            \
	} while (0)

#define INSIDE(s, data, size)                                                                                \
	MUST((s).len == 0 ||                                                                                 \
	     ((const uint8_t *)(s).p >= (data) && (const uint8_t *)(s).p + (s).len <= (data) + (size)))

#endif
