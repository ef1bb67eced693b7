/* SPDX-License-Identifier: Apache-2.0 */
/* The cookie jar of each call, by CallSid; the least recently used one goes when there are too many. */
#ifndef CONTROL_JARS_H
#define CONTROL_JARS_H

#include "control/http_client.h"

struct jars;

struct jars *jars_new(uint32_t max);
void jars_free(struct jars *j);
/* Borrowed; made on demand. NULL for an empty SID. */
struct http_jar *jars_of(struct jars *j, const char *call_sid);

#endif
