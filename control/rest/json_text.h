/* SPDX-License-Identifier: Apache-2.0 */
/* jansson with the two habits this API needs: text that is absent is null, and text is always told, whatever
 * bytes it has (those that are not UTF-8 become U+FFFD). */
#ifndef CONTROL_REST_JSON_TEXT_H
#define CONTROL_REST_JSON_TEXT_H

#include <jansson.h>

json_t *json_text(const char *s); /* NULL: null */
char *json_text_dump(json_t *o);  /* compact, members in the order they were set; takes o; free() the text */

#endif
