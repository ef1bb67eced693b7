/* SPDX-License-Identifier: Apache-2.0 */
/* A call's row as the API shows it: 26 members, all of them always, strings or null (the subresource URIs are
 * an object). */
#ifndef CONTROL_REST_CALL_JSON_H
#define CONTROL_REST_CALL_JSON_H

#include "control/store.h"

#include <jansson.h>

json_t *call_json(const struct call_row *r);
/* The same, written out. free() it. */
char *call_json_text(const struct call_row *r);

#endif
