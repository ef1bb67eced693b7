/* SPDX-License-Identifier: Apache-2.0 */
/* A challenge from a stranger: what is read stays within it, and the answer is one header line. */
#include "tests/fuzz/fuzz.h"

#include "dataplane/sip/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = span_of((const char *)data, (uint32_t)size);
	struct digest_challenge c;
	char room[4096];
	struct buf b = buf_on(room, sizeof room);
	if (size > 4096)
		return 0;
	if (digest_read(&c, s))
		return 0;
	MUST(c.alg > DIGEST_NONE && c.alg < DIGEST_ALGS);
	INSIDE(c.realm, data, size);
	INSIDE(c.nonce, data, size);
	MUST(c.realm.len <= DIGEST_REALM_MAX && c.nonce.len <= DIGEST_NONCE_MAX &&
	     c.opaque.len <= DIGEST_OPAQUE_MAX);
	struct digest_say say = {
	    SPAN("alice"), SPAN("secret"), SPAN("INVITE"), SPAN("sip:a@b"), 1, SPAN("0123456789abcdef")};
	digest_write(&c, &say, &b);
	MUST(!b.full && b.len < 2048);
	for (uint32_t i = 0; i < b.len; i++)
		MUST((unsigned char)b.p[i] >= 0x20 && b.p[i] != 0x7f);
	return 0;
}
