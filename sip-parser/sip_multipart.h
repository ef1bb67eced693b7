/* SPDX-License-Identifier: Apache-2.0 */
/* multipart bodies (RFC 2046 §5.1, RFC 5621): parts as views, and the search for the one that a session needs.
 *
 * A bare LF ends a line as well as CRLF does. What stands before the first delimiter and behind the last is
 * passed over. A body whose closing delimiter is missing ends its last part with itself, and .closed stays
 * false: Content-Length has already said where the body ends. Cost is linear in the body's length. */
#ifndef SIP_MULTIPART_H
#define SIP_MULTIPART_H

#include "sip-parser/sip_msg.h"

#define SIP_BOUNDARY_MAX    70 /* RFC 2046 §5.1.1 */
#define SIP_PARTS_MAX       32 /* parts of one multipart: beyond, it is malformed */
#define SIP_PARTS_DEPTH_MAX 3  /* a multipart inside a multipart inside a multipart */

struct sip_part {
	struct span headers;      /* the lines as written, without the empty one */
	struct span body;         /* without the line end that belongs to the delimiter */
	struct span content_type; /* value; p == NULL: not given, which means text/plain */
	struct span disposition;  /* Content-Disposition; p == NULL: not given */
	struct span content_id;
	struct span encoding; /* Content-Transfer-Encoding; nothing is decoded here */
};

struct sip_multipart {
	struct span boundary;
	struct span rest; /* behind the delimiter line that was read last */
	uint8_t n;        /* parts given out */
	bool started, closed;
};

/* Begin with the value of a Content-Type and its body. -1: no multipart/…, no boundary, or one that is none
 * (RFC 2046 §5.1.1: 1 to 70 of its characters, not ending in a space). */
[[nodiscard]] int sip_multipart_open(struct sip_multipart *mp, struct span content_type, struct span body);

/* The next part. 1: *part is filled; 0: there is none left; -1: no delimiter at all, or too many parts. */
[[nodiscard]] int sip_multipart_next(struct sip_multipart *mp, struct sip_part *part);

/* Walk the header lines of a part: name without its colon, value trimmed (folds inside as written). *rest
 * starts as part->headers. Lines that are no headers are passed over. */
bool sip_part_hdr_next(struct span *rest, struct span *name, struct span *value);

/* The first part of this media type, at any level of nesting down to SIP_PARTS_DEPTH_MAX. A body that is of the
 * type itself is found as a part without headers. 1: found; 0: not there; -1: a multipart is malformed. */
[[nodiscard]] int sip_body_find(
    struct span content_type, struct span body, struct span type, struct span subtype, struct sip_part *part);

/* The session description of a message: its body, or the application/sdp part of its multipart whose disposition
 * is `session` or not given (RFC 5621 §8.2, RFC 3959) and that is not encoded. 1, 0, -1 as above; 0 as well for a
 * message with a Content-Encoding other than identity. */
[[nodiscard]] int sip_msg_sdp(const struct sip_msg *m, struct span *sdp);

#endif
