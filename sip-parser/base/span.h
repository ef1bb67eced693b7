/* SPDX-License-Identifier: Apache-2.0 */
/* A view of bytes that somebody else owns: no terminator, any byte value, never written through.
 * A span lives as long as the packet (or buffer) it looks into. */
#ifndef SIP_BASE_SPAN_H
#define SIP_BASE_SPAN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct span {
	const char *p;
	uint32_t len;
};

/* A span over a string literal. */
#define SPAN(lit) ((struct span){(lit), sizeof(lit) - 1})

static inline struct span span_of(const char *p, uint32_t len)
{
	return (struct span){p, len};
}

static inline struct span span_str(const char *s)
{
	return (struct span){s, s ? (uint32_t)strlen(s) : 0};
}

static inline bool span_eq(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

/* ASCII case-insensitive equality; bytes above 0x7f compare as they are. */
static inline bool span_ieq(struct span a, struct span b)
{
	if (a.len != b.len)
		return false;
	for (uint32_t i = 0; i < a.len; i++) {
		unsigned char x = (unsigned char)a.p[i], y = (unsigned char)b.p[i];
		if ((unsigned int)x - 'A' < 26)
			x |= 0x20;
		if ((unsigned int)y - 'A' < 26)
			y |= 0x20;
		if (x != y)
			return false;
	}
	return true;
}

#endif
