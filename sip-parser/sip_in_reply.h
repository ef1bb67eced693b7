/* SPDX-License-Identifier: Apache-2.0 */
/* In-Reply-To (RFC 3261 §20.21): the Call-IDs of calls that this one answers. */
#ifndef SIP_IN_REPLY_H
#define SIP_IN_REPLY_H

#include "sip-parser/base/span.h"

/* The next Call-ID of the value *rest, which is cut to what is behind it. 1: *id is filled; 0: the value is used up; -1:
 * malformed, and *rest begins where. Quotes and brackets have no meaning in a Call-ID: only commas part them. */
[[nodiscard]] int sip_in_reply_next(struct span *rest, struct span *id);

#endif
