/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for what is large and used at random: pools and tables. On huge pages where the kernel gives them for
 * the asking (transparent_hugepage: always or madvise), so that a call that has not been touched for a minute
 * costs cache misses and no walks of the page table besides. At start only. */
#ifndef DP_BIG_H
#define DP_BIG_H

#include <stddef.h>

/* Aligned to 64 bytes at least, zeroed and touched: no page fault is left for later. NULL: no memory.
 * free() gives it back. */
void *big_new(size_t bytes);

#endif
