/* SPDX-License-Identifier: Apache-2.0 */
#include "control/random.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static struct {
	unsigned char bytes[4096];
	size_t left;
} pool;

static void fetch(unsigned char *p, size_t n)
{
	while (n) {
		ssize_t got = getrandom(p, n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			abort(); /* SIDs and tokens must not be guessable */
		p += got;
		n -= (size_t)got;
	}
}

void random_bytes(void *out, size_t n)
{
	if (n > sizeof pool.bytes / 4) {
		fetch(out, n);
		return;
	}
	if (n > pool.left) {
		fetch(pool.bytes, sizeof pool.bytes);
		pool.left = sizeof pool.bytes;
	}
	pool.left -= n;
	memcpy(out, pool.bytes + pool.left, n);
	explicit_bzero(pool.bytes + pool.left, n); /* what was given away is nowhere else */
}

char *random_hex(char *out, const unsigned char *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < n; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 15];
	}
	return out;
}

void random_sid(char out[35], const char *prefix)
{
	unsigned char r[16];
	random_bytes(r, sizeof r);
	out[0] = prefix[0];
	out[1] = prefix[1];
	*random_hex(out + 2, r, sizeof r) = '\0';
}

void random_uuid(char out[37])
{
	static const unsigned char groups[] = {4, 2, 2, 2, 6};
	unsigned char r[16], *p = r;
	random_bytes(r, sizeof r);
	r[6] = (unsigned char)((r[6] & 0x0f) | 0x40);
	r[8] = (unsigned char)((r[8] & 0x3f) | 0x80);
	for (unsigned i = 0; i < sizeof groups; p += groups[i++]) {
		if (i)
			*out++ = '-';
		out = random_hex(out, p, groups[i]);
	}
	*out = '\0';
}
