/* SPDX-License-Identifier: Apache-2.0 */
/* What happened to a call, in order, for a person: a line each with its time. Kept with the call while it lives and with
 * its record when it has ended. */
#include "control/call_priv.h"
#include "control/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define STORY_MAX  6144 /* bytes; what does not fit any more is left out, but for the end */
#define LAST_WORDS 512  /* room kept for the end */

static void append(struct call *call, const char *line, size_t n)
{
	if (call->story_len + n + 1 > call->story_cap) {
		call->story_cap = (uint32_t)(call->story_cap ? call->story_cap * 2 : 512 + n);
		call->story = mem_regrow(call->story, call->story_cap, 1);
	}
	memcpy(call->story + call->story_len, line, n);
	call->story_len += (uint32_t)n;
	call->story[call->story_len] = 0;
}

static size_t printable(char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == 0x7f)
			s[i] = '?';
	return n;
}

void call_story(struct call *call, const char *fmt, ...)
{
	struct calls *c = call->calls;
	char line[LAST_WORDS];
	int at = snprintf(line, sizeof line, "%lld ", (long long)c->ops.wall_ms(c->ops.ctx));
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(line + at, sizeof line - 1 - (size_t)at, fmt, ap);
	va_end(ap);
	size_t room = sizeof line - 2 - (size_t)at;
	size_t len = (size_t)at + printable(line + at, (size_t)n < room ? (size_t)n : room);
	line[len++] = '\n';
	if (call->phase == CALL_OVER || call->story_len + len + LAST_WORDS <= STORY_MAX)
		append(call, line, len);
}

const char *calls_story(const struct call *call)
{
	return call->story ? call->story : "";
}
