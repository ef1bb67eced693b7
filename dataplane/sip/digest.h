/* SPDX-License-Identifier: Apache-2.0 */
/* Digest access authentication as a client (RFC 3261 §22, RFC 7616, RFC 8760): a challenge read, an answer
 * written. MD5, SHA-256 and SHA-512-256, each also as -sess; qop auth or none. Pure: no packet, no clock, no random
 * numbers of its own, no allocation. Any thread. */
#ifndef DP_SIP_DIGEST_H
#define DP_SIP_DIGEST_H

#include "sip-parser/base/buf.h"

#define DIGEST_REALM_MAX  255
#define DIGEST_NONCE_MAX  512
#define DIGEST_OPAQUE_MAX 255

enum digest_alg {
	DIGEST_NONE = 0,
	DIGEST_MD5,
	DIGEST_SHA256,
	DIGEST_SHA512_256,
	DIGEST_ALGS
}; /* weakest first */

/* Views of a header value, as written between the quotes: they are hashed and sent back that way. */
struct digest_challenge {
	struct span realm, nonce, opaque;
	uint8_t alg;    /* enum digest_alg */
	bool alg_named; /* the challenge said which: so does the answer */
	bool sess, qop_auth, stale, has_opaque;
};

struct digest_say {
	struct span user, password; /* as the user knows them, not escaped */
	struct span method, uri;    /* of the request line */
	uint32_t nc;                /* how often this nonce is used, from 1 */
	struct span cnonce;         /* ours, new for each nonce; token bytes */
};

/* Read the value of one WWW-Authenticate or Proxy-Authenticate line. NULL: *c is filled, views into value; otherwise a
 * static text that says why this challenge cannot be answered. */
const char *digest_read(struct digest_challenge *c, struct span value);

/* Write "Digest username=…", the value of Authorization or Proxy-Authorization, behind what out holds. What does not fit
 * leaves out->full. */
void digest_write(const struct digest_challenge *c, const struct digest_say *s, struct buf *out);

#endif
