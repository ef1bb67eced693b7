/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz.h"

#include "sip-parser/sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sdp s;
	const char *reason = NULL;
	uint32_t off = 0;
	if (size > 2 * SDP_BYTES_MAX)
		return 0;
	if (sdp_parse(&s, span_of((const char *)data, (uint32_t)size), &off, &reason) < 0) {
		MUST(reason && off <= size);
		return 0;
	}
	MUST(size <= SDP_BYTES_MAX && s.n_media <= SDP_MEDIA_MAX);
	for (uint8_t i = 0; i < s.n_media; i++) {
		const struct sdp_media *m = &s.media[i];
		INSIDE(m->type, data, size);
		INSIDE(m->addr, data, size);
		MUST(m->port == 0 || m->addr.len > 0);
		MUST(m->n_fmts <= SDP_FMTS_MAX && m->dir <= SDP_INACTIVE);
		for (uint8_t f = 0; f < m->n_fmts; f++) {
			MUST(m->fmts[f].pt <= 127);
			INSIDE(m->fmts[f].fmtp, data, size);
		}
	}
	return 0;
}
