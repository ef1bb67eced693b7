/* SPDX-License-Identifier: Apache-2.0 */
/* What the torture tests share: a message from a file or from text, and its verdict. */
#ifndef TORTURE_H
#define TORTURE_H

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/sip/cm.h"

#include "sip-parser/sip_addr.h"
#include "sip-parser/sip_cseq.h"
#include "sip-parser/sip_msg.h"
#include "sip-parser/sip_via.h"

#define OK (-1)

static char bytes[SIP_MSG_BYTES_MAX];
static struct sip_msg m;
static struct sip_err err;

/* OK, or the status to answer with (0: drop). */
static int verdict_of(uint32_t len)
{
	char *exact = malloc(len ? len : 1); /* so that ASan sees the byte behind it */
	assert_non_null(exact);
	memcpy(exact, bytes, len);
	int rc = sip_msg_parse(&m, exact, len, SIP_DATAGRAM, &err) < 0 || sip_msg_check(&m, &err) < 0
	             ? err.status
	             : OK;
	free(exact);
	/* again in place, for the values the test looks at */
	(void)!(sip_msg_parse(&m, bytes, len, SIP_DATAGRAM, &err) < 0 || sip_msg_check(&m, &err) < 0);
	return rc;
}

static inline int file_verdict(const char *name)
{
	char path[4096];
	snprintf(path, sizeof path, SOURCE_ROOT "/tests/torture/%s", name);
	FILE *in = fopen(path, "rb");
	assert_non_null(in);
	size_t n = fread(bytes, 1, sizeof bytes, in);
	fclose(in);
	return verdict_of((uint32_t)n);
}

static inline int text_verdict(const char *text)
{
	size_t n = strlen(text);
	memcpy(bytes, text, n);
	return verdict_of((uint32_t)n);
}

static inline struct sip_addr addr_of(struct span s)
{
	struct sip_addr a;
	uint32_t off;
	assert_int_equal(sip_addr_parse(&a, s, &off), 0);
	return a;
}

static inline struct sip_uri uri_of(struct span s)
{
	struct sip_uri u;
	uint32_t off;
	assert_int_equal(sip_uri_parse(&u, s, &off), 0);
	return u;
}

/* The n-th Via element over all lines, from 0. */
static inline struct sip_via via_of(int n)
{
	struct sip_via v = {0};
	uint32_t off;
	for (const struct sip_hdr *h = sip_msg_hdr(&m, SIP_H_VIA); h; h = sip_msg_hdr_next(&m, h)) {
		struct span rest = sip_hdr_val(&m, h), e = rest;
		while (sip_list_next(&rest, &e)) {
			if (n-- == 0) {
				assert_int_equal(sip_via_parse(&v, e, &off), 0);
				return v;
			}
		}
	}
	fail_msg("no such Via");
	return v;
}

#define assert_unescaped(s, lit)                                                                             \
	do {                                                                                                 \
		char room_[256];                                                                             \
		struct buf b_ = buf_on(room_, sizeof room_);                                                 \
		assert_int_equal(sip_unescape(&b_, s), 0);                                                   \
		assert_span(buf_view(&b_), lit);                                                             \
	} while (0)

#endif
