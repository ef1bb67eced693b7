/* SPDX-License-Identifier: Apache-2.0 */
/* Messages on a stream (RFC 3261 §18.3, §20.14) and the keep-alive of RFC 5626 §3.5.1: where does the next
 * one end. The caller keeps the bytes not yet consumed at buf[0, len) and calls again when more have come; *f
 * remembers how far the search got, so that trickling bytes cost linear time. */
#ifndef SIP_FRAME_H
#define SIP_FRAME_H

#include "sip-parser/sip_msg.h"

struct sip_frame {
	uint32_t scanned; /* bytes already searched for the end of the headers */
	uint32_t head;    /* length of start line and headers with the empty line; 0 = not found yet */
	uint32_t body;    /* Content-Length, once head is known */
};

enum sip_frame_kind {
	SIP_FRAME_MORE, /* not complete: come again with more bytes */
	SIP_FRAME_MSG,  /* buf[0, *used) is one message */
	SIP_FRAME_PING, /* CRLF CRLF in buf[0, *used): answer with CRLF */
	SIP_FRAME_PONG, /* a single CRLF in buf[0, *used): nothing to do */
	SIP_FRAME_BAD,  /* framing is lost: answer with err->status (0: nothing) if the request can be read,
	                   close */
};

/* Look at buf[0, len). For everything but MORE and BAD, *used bytes are to be removed and *f is ready for
 * what follows. A single CRLF at the end of the buffer is MORE (a second may follow); with `flush` it is a
 * PONG. BAD: no Content-Length, one that is no number or above SIP_MSG_BYTES_MAX (413), headers that do not
 * end within SIP_MSG_BYTES_MAX (513). */
enum sip_frame_kind sip_frame_next(
    struct sip_frame *f, const char *buf, uint32_t len, bool flush, uint32_t *used, struct sip_err *err);

#endif
