/* SPDX-License-Identifier: Apache-2.0 */
/* The API's older forms of what its JSON says: XML (CamelCase elements, lists with attributes) and, of lists, CSV. */
#ifndef CONTROL_REST_XML_TEXT_H
#define CONTROL_REST_XML_TEXT_H

#include <jansson.h>

/* The document from malloc. A page object becomes its list; anything else an element called name ("Call"). */
char *xml_text_of(const json_t *o, const char *name);
/* The items of a page, one a line, the columns named in the first; NULL: o is no page. */
char *csv_text_of(const json_t *o);

#endif
