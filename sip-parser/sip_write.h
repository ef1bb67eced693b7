/* SPDX-License-Identifier: Apache-2.0 */
/* Writing messages into a caller's bounded buffer. Text given in spans must already be clean of CR, LF and
 * NUL: sip_write_hdr refuses it (sets b->full) rather than emit a second header line. */
#ifndef SIP_WRITE_H
#define SIP_WRITE_H

#include "sip-parser/base/buf.h"
#include "sip-parser/sip_msg.h"

/* No byte that would end the line (CR, LF) or, in a C string, the text (NUL). */
bool sip_write_clean(struct span s);

/* "METHOD uri SIP/2.0\r\n" and "SIP/2.0 code reason\r\n" (empty reason: the RFC's phrase). */
void sip_write_request_line(struct buf *b, struct span method, struct span uri);
void sip_write_status_line(struct buf *b, uint16_t status, struct span reason);

/* "Name: value\r\n". */
void sip_write_hdr(struct buf *b, struct span name, struct span value);

/* Begin the response to a request (RFC 3261 §8.2.6): status line, every Via in order with the top one
 * completed by `received` and `rport` (RFC 3581 §4: the packet's source), From, To with `to_tag` added when
 * the request has none (empty span: leave it alone), Call-ID, CSeq, and for a dialog-forming 1xx/2xx the
 * Record-Route lines when with_rr. The caller adds its own headers and ends with sip_write_body. */
void sip_write_response_head(struct buf *b, const struct sip_msg *req, uint16_t status, struct span reason,
    struct span to_tag, struct span received, uint16_t rport, bool with_rr);

/* Content-Type (when the body and the type are not empty), Content-Length, blank line, body. Ends the message. */
void sip_write_body(struct buf *b, struct span content_type, struct span body);

#endif
