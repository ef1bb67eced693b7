/* SPDX-License-Identifier: Apache-2.0 */
/* Which decoder belongs to which header: for whoever walks all headers of a message and wants each decoded or
 * judged. Who wants one header includes its own file (sip_reason.h, sip_event.h, …). */
#ifndef SIP_TYPED_H
#define SIP_TYPED_H

#include "sip-parser/sip_msg.h"
#include "sip-parser/sip_shape.h"

#define SIP_TYPED_BYTES_MAX 512 /* no struct of a shape is larger */

/* The shape of a header's elements; NULL for headers of another form (Via, CSeq, Date, Warning, Timestamp,
 * MIME-Version, RAck, the authentication headers, Server and User-Agent), of plain text, and unknown ones. */
const struct sip_shape *sip_typed_shape(enum sip_hdr_id id);

/* Is this element (of a list header; else the value) well formed by the grammar of its header? 0, or -1 with
 * *err_off within it. Headers of plain text and unknown ones always are. */
[[nodiscard]] int sip_typed_check(enum sip_hdr_id id, struct span elem, uint32_t *err_off);

#endif
