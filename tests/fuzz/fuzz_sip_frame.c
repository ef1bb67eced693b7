/* SPDX-License-Identifier: Apache-2.0 */
/* A stream cut into messages byte by byte must give the same messages as the stream in one piece. The first byte
 * of the input chooses the size of the pieces. */
#include "tests/fuzz/fuzz.h"

#include "sip-parser/sip_frame.h"

struct cut {
	uint32_t end;
	enum sip_frame_kind kind;
};

#define CUTS_MAX 64

static uint32_t cut_up(const char *p, uint32_t len, uint32_t piece, struct cut out[CUTS_MAX])
{
	struct sip_frame f = {0};
	struct sip_err err;
	uint32_t n = 0, from = 0;
	for (uint32_t have = piece < len ? piece : len;;) {
		uint32_t used;
		enum sip_frame_kind k = sip_frame_next(&f, p + from, have - from, false, &used, &err);
		if (k == SIP_FRAME_MORE) {
			if (have == len)
				return n;
			have = len - have < piece ? len : have + piece;
			continue;
		}
		MUST(used <= have - from);
		MUST(k == SIP_FRAME_BAD ? err.reason != NULL : used > 0);
		from += used;
		out[n++] = (struct cut){from, k};
		if (k == SIP_FRAME_BAD || n == CUTS_MAX)
			return n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cut whole[CUTS_MAX], pieces[CUTS_MAX];
	if (size < 2 || size > 4096)
		return 0;
	const char *p = (const char *)data + 1;
	uint32_t len = (uint32_t)size - 1, piece = data[0] % 61u + 1;
	uint32_t a = cut_up(p, len, len, whole), b = cut_up(p, len, piece, pieces);
	MUST(a == b);
	for (uint32_t i = 0; i < a; i++)
		MUST(whole[i].end == pieces[i].end && whole[i].kind == pieces[i].kind);
	return 0;
}
