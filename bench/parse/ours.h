/* SPDX-License-Identifier: Apache-2.0 */
/* What the parse suite makes our parser do, and the floors below it. Each returns a number that depends on
 * what was found, 0 when the message was refused. */
#ifndef BENCH_OURS_H
#define BENCH_OURS_H

#include <stddef.h>

unsigned long ours_index(const char *msg, size_t len);  /* start line and every header found and named */
/* The same by the variant without vectors. */
unsigned long ours_index_scalar(const char *msg, size_t len);
unsigned long ours_decode(const char *msg, size_t len); /* and everything a B2BUA needs, typed */
unsigned long ours_check(const char *msg, size_t len);  /* and what a UA must verify */
unsigned long ours_scan(const char *msg, size_t len);   /* only the line ends, by the parser's scanner */
unsigned long ours_memcpy(const char *msg, size_t len); /* only a copy */

#endif
