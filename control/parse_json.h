/* SPDX-License-Identifier: Apache-2.0 */
/* What `dialplane parse` prints everything with: spans, parameters and URIs as JSON. Each returns a new reference;
 * JSON null stands for a span that is not there (p == NULL). */
#ifndef PARSE_JSON_H
#define PARSE_JSON_H

#include <jansson.h>

#include "sip-parser/sip_uri.h"

/* The bytes as text; when they are not UTF-8, each becomes the code point of its number. */
json_t *pj_text(struct span s);
json_t *pj_unescaped(struct span s); /* %HH decoded; as it is when one of them is broken */
json_t *pj_unfolded(struct span s);  /* each fold one space */
json_t *pj_unquoted(struct span s);  /* a quoted string without quotes and escapes; else unfolded */

/* decode(s), or null for an empty span. */
json_t *pj_filled(struct span s, json_t *(*decode)(struct span s));

/* Set o[name], the first of two equal names wins. Takes the reference to value. */
void pj_put_named(json_t *o, struct span name, json_t *value);

/* a=b;c as an object; a parameter without '=' is null. */
json_t *pj_params(struct span rest, json_t *(*decode)(struct span s));

json_t *pj_port(uint16_t n); /* 0 is null */
const char *pj_host_type(bool v6, bool v4);

json_t *pj_uri(const struct sip_uri *u);
json_t *pj_uri_text(struct span s); /* NULL when malformed */

#endif
