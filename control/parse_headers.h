/* SPDX-License-Identifier: Apache-2.0 */
/* The headers of a message, each with its decoded form, for `dialplane parse`. */
#ifndef PARSE_HEADERS_H
#define PARSE_HEADERS_H

#include <jansson.h>

#include "sip-parser/sip_msg.h"

/* A list of {name, raw_name, offset, length, value, decoded} in the order of the message. */
json_t *parse_headers(const struct sip_msg *m);

#endif
