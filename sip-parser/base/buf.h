/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded writer into the caller's memory. Overflow is sticky: once a byte did not fit, `full` stays
 * true, nothing more is written, and the caller checks once at the end. Never writes past `cap`. */
#ifndef SIP_BASE_BUF_H
#define SIP_BASE_BUF_H

#include "sip-parser/base/span.h"

struct buf {
	char *p;
	uint32_t len; /* bytes written */
	uint32_t cap; /* bytes of room at p */
	bool full;    /* something did not fit; the content is a prefix and must not be sent */
};

static inline struct buf buf_on(void *p, uint32_t cap)
{
	return (struct buf){(char *)p, 0, cap, false};
}

static inline void buf_put(struct buf *b, const void *p, uint32_t n)
{
	if (b->full || n > b->cap - b->len) {
		b->full = true;
		return;
	}
	if (n)
		memcpy(b->p + b->len, p, n);
	b->len += n;
}

static inline void buf_span(struct buf *b, struct span s)
{
	buf_put(b, s.p, s.len);
}

#define buf_lit(b, lit) buf_put((b), (lit), sizeof(lit) - 1)

static inline void buf_chr(struct buf *b, char c)
{
	buf_put(b, &c, 1);
}

static inline void buf_u32(struct buf *b, uint32_t v)
{
	char t[10];
	uint32_t i = sizeof t;
	do {
		t[--i] = (char)('0' + v % 10);
	} while (v /= 10);
	buf_put(b, t + i, (uint32_t)sizeof t - i);
}

static inline struct span buf_view(const struct buf *b)
{
	return (struct span){b->p, b->len};
}

#endif
