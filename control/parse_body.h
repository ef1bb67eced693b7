/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a message, its parts and its session description, for `dialplane parse`. */
#ifndef PARSE_BODY_H
#define PARSE_BODY_H

#include <jansson.h>

#include "sip-parser/sip_msg.h"

/* {offset, length, content_type, sdp, sdp_error, parts}. */
json_t *parse_body(const struct sip_msg *m);

#endif
