/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/core/big.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE  (2ull << 20)
#define LINE  64u
#define LARGE (2 * HUGE) /* below that rounding up to whole huge pages wastes more than it brings */

void *big_new(size_t bytes)
{
	size_t unit = bytes >= LARGE ? HUGE : LINE;
	size_t all = (bytes + unit - 1) & ~(unit - 1);
	if (all < bytes)
		return NULL;
	void *p = aligned_alloc(unit, all ? all : unit);
	if (!p)
		return NULL;
	if (unit == HUGE)
		(void)madvise(p, all, MADV_HUGEPAGE); /* refused: small pages do as well, slower */
	memset(p, 0, bytes);
	return p;
}
