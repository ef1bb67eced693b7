/* SPDX-License-Identifier: Apache-2.0 */
/* The first line of the input is a Content-Type, the rest its body: parts lie inside the body, one behind the other,
 * and what is put together from them again reads as the same parts. */
#include "tests/fuzz/fuzz.h"

#include "sip-parser/base/buf.h"
#include "sip-parser/sip_multipart.h"

#define BODY_MAX 8192

static char room[2 * BODY_MAX + (SIP_PARTS_MAX + 1) * (SIP_BOUNDARY_MAX + 16)];

static uint32_t parts_of(struct span type, struct span body, struct sip_part parts[SIP_PARTS_MAX])
{
	struct sip_multipart mp;
	const char *at = body.p;
	uint32_t n = 0;
	int rc;
	if (sip_multipart_open(&mp, type, body) < 0)
		return 0;
	while ((rc = sip_multipart_next(&mp, &parts[n])) > 0) {
		const struct sip_part *p = &parts[n];
		INSIDE(p->headers, (const uint8_t *)body.p, body.len);
		INSIDE(p->body, (const uint8_t *)body.p, body.len);
		MUST(p->headers.p >= at && p->body.p >= p->headers.p + p->headers.len);
		at = p->body.p + p->body.len;
		if (++n == SIP_PARTS_MAX)
			break;
	}
	return n;
}

static void headers(struct span rest)
{
	const struct span all = rest;
	struct span name, value;
	uint32_t left = rest.len + 1;
	while (sip_part_hdr_next(&rest, &name, &value)) {
		INSIDE(name, (const uint8_t *)all.p, all.len);
		INSIDE(value, (const uint8_t *)all.p, all.len);
		MUST(name.len > 0 && rest.len < left);
		left = rest.len;
	}
}

static void again(struct span type, const struct sip_part *parts, uint32_t n)
{
	static struct sip_part second[SIP_PARTS_MAX];
	struct sip_multipart mp;
	struct buf b = buf_on(room, sizeof room);
	MUST(sip_multipart_open(&mp, type, SPAN("")) == 0);
	for (uint32_t i = 0; i < n; i++) {
		buf_lit(&b, "--");
		buf_span(&b, mp.boundary);
		buf_lit(&b, "\r\n");
		buf_span(&b, parts[i].headers);
		buf_lit(&b, "\r\n");
		buf_span(&b, parts[i].body);
		buf_lit(&b, "\r\n");
	}
	buf_lit(&b, "--");
	buf_span(&b, mp.boundary);
	buf_lit(&b, "--");
	MUST(!b.full);
	MUST(parts_of(type, buf_view(&b), second) == n);
	for (uint32_t i = 0; i < n; i++)
		MUST(span_eq(parts[i].body, second[i].body));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sip_part parts[SIP_PARTS_MAX], found;
	const uint8_t *lf = size && size < BODY_MAX ? memchr(data, '\n', size) : NULL;
	if (!lf)
		return 0;
	struct span type = span_of((const char *)data, (uint32_t)(lf - data));
	struct span body = span_of((const char *)lf + 1, (uint32_t)(data + size - lf - 1));
	uint32_t n = parts_of(type, body, parts);
	for (uint32_t i = 0; i < n; i++)
		headers(parts[i].headers);
	if (n)
		again(type, parts, n);
	if (sip_body_find(type, body, SPAN("application"), SPAN("sdp"), &found) > 0)
		INSIDE(found.body, (const uint8_t *)body.p, body.len);
	return 0;
}
