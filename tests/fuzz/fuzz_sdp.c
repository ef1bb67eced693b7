/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fuzz.h"

#include "sip-parser/sdp_audio.h"

#include <string.h>

/* What is read in one pass is what the walk makes of it; the text ends where its memory ends. */
static void one_pass(const uint8_t *data, size_t size)
{
	static struct sdp s;
	struct sdp_audio a, b;
	const char *reason;
	uint32_t off;
	char *copy = malloc(size ? size : 1);
	MUST(copy);
	if (size)
		memcpy(copy, data, size);
	struct span body = span_of(copy, (uint32_t)size);
	if (sdp_audio_read(&a, body)) {
		MUST(sdp_parse(&s, body, &off, &reason) == 0 && s.n_media == 1);
		MUST(sdp_audio_of(&b, &s.media[0]) == NULL);
		MUST(!b.six && (a.port == 0 || memcmp(a.ip, b.ip, 4) == 0));
		MUST(a.port == b.port && a.rtcp_port == b.rtcp_port && a.dir == b.dir);
		MUST(a.dtmf_pt == b.dtmf_pt && a.n_pts == b.n_pts && memcmp(a.pts, b.pts, a.n_pts) == 0);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sdp s;
	const char *reason = NULL;
	uint32_t off = 0;
	if (size > 2 * SDP_BYTES_MAX)
		return 0;
	one_pass(data, size);
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
