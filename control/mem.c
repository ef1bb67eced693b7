/* SPDX-License-Identifier: Apache-2.0 */
#include "control/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *p)
{
	if (p)
		return p;
	fputs("dialplane: out of memory\n", stderr);
	abort();
}

void *mem_zalloc(size_t n)
{
	return checked(calloc(1, n ? n : 1));
}

void *mem_regrow(void *p, size_t n, size_t each)
{
	size_t bytes;
	if (__builtin_mul_overflow(n, each, &bytes) || bytes > PTRDIFF_MAX)
		return checked(NULL);
	return checked(realloc(p, bytes ? bytes : 1));
}

char *mem_dup(const char *s)
{
	return s ? checked(strdup(s)) : NULL;
}

char *mem_dupn(const char *s, size_t n)
{
	char *d = mem_regrow(NULL, n + 1, 1);
	if (n)
		memcpy(d, s, n);
	d[n] = '\0';
	return d;
}
