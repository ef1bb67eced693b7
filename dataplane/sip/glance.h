/* SPDX-License-Identifier: Apache-2.0 */
/* Most of the responses that come in are their status: 100 Trying ends the INVITE's retransmission, 180 says that it rings,
 * the answer to BYE ends the BYE. For those a look at the start line, the top Via and the CSeq does instead of an index of
 * the message, and that there is no body where one would mean something.
 * Only the form nearly everybody writes is taken; anything else is left to the parser. Pure. */
#ifndef DP_SIP_GLANCE_H
#define DP_SIP_GLANCE_H

#include "sip-parser/base/span.h"

struct glance {
	uint16_t status;
	struct span via; /* value of the first header line, which is Via */
	const char *end;
};

/* False: a request, or another form than "SIP/2.0 nnn reason CRLF Via: … CRLF …" without folds. */
bool glance_at(struct glance *g, struct span message);
/* The value of the first line "CSeq: …" behind it, before any empty line. False: there is none of that form. */
bool glance_cseq(const struct glance *g, struct span *value);
/* Every line behind the Via is a plain one, there is no body, and no length that says otherwise. */
bool glance_bare(const struct glance *g);

#endif
