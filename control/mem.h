/* SPDX-License-Identifier: Apache-2.0 */
/* Memory on the control side. Sizes are bounded by the configuration and by request limits before anything is
 * allocated, so running out means the machine has none left: the process ends with a sentence. */
#ifndef CONTROL_MEM_H
#define CONTROL_MEM_H

#include <stddef.h>

void *mem_zalloc(size_t n);                       /* zeroed; free() */
void *mem_regrow(void *p, size_t n, size_t each); /* realloc with overflow check */
char *mem_dup(const char *s);                     /* NULL stays NULL */
char *mem_dupn(const char *s, size_t n);          /* terminated */

#endif
