/* SPDX-License-Identifier: Apache-2.0 */
#include "control/call_priv.h"
#include "control/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void call_log(struct call *call, char level, const char *fmt, ...)
{
	char text[400];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	call->calls->ops.log(call->calls->ops.ctx, level, call->row.sid, text);
}

void call_note_url(struct call *call, int code, bool error, const char *url, bool post, const char *text)
{
	struct calls *c = call->calls;
	if (call->notes == CALL_NOTES_MAX)
		return;
	call->notes++;
	call_story(call, "%s %d: %.300s", error ? "error" : "warning", code, text);
	struct call_note n = {.code = code,
	    .error = error,
	    .at = c->ops.wall_ms(c->ops.ctx) / 1000,
	    .message = text,
	    .request_url = url,
	    .request_method = url ? (post ? "POST" : "GET") : NULL};
	call_hex_sid(c, n.sid, "NO");
	memcpy(n.account_sid, call->row.account_sid, sizeof n.account_sid);
	memcpy(n.call_sid, call->row.sid, sizeof n.call_sid);
	c->ops.note(c->ops.ctx, &n);
}

void call_note(struct call *call, int code, bool error, const char *fmt, ...)
{
	char text[400];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	call_note_url(call, code, error, call->document_url, call->document_post, text);
}

void call_early_note(struct call *call, int code, bool error, const char *text)
{
	size_t n = strlen(text) + 1;
	struct call_early_note *e = mem_zalloc(sizeof *e + n), **at = &call->early_notes;
	e->code = code;
	e->error = error;
	memcpy(e->text, text, n);
	while (*at)
		at = &(*at)->next;
	*at = e;
}

void call_early_notes_send(struct call *call)
{
	for (struct call_early_note *e = call->early_notes; e; e = e->next)
		call_note_url(call, e->code, e->error, NULL, false, e->text);
	call_early_notes_drop(call);
}

void call_early_notes_drop(struct call *call)
{
	while (call->early_notes) {
		struct call_early_note *e = call->early_notes;
		call->early_notes = e->next;
		free(e);
	}
}

void call_note_drop(void *ctx, enum target_drop why, struct span name)
{
	static const struct {
		int code;
		const char *text;
	} rows[] = {
	    [TARGET_HEADER_NAME] = {32111, "SIP header left out, its name is not legal: "},
	    [TARGET_HEADER_VALUE] = {32112, "SIP header left out, its value is not legal: "},
	    [TARGET_HEADER_NOT_ALLOWED] = {32113, "SIP header left out, only X-… (not X-Twilio…), "
	                                          "User-to-User, Remote-Party-ID, P-Preferred-Identity and "
	                                          "P-Called-Party-ID may be sent: "},
	    [TARGET_HEADER_TOO_MANY] = {13251, "SIP header left out, there are more than 64: "},
	};
	char text[400];
	uint32_t n = name.len < 64 ? name.len : 64;
	int at = snprintf(text, sizeof text, "%s", rows[why].text);
	for (uint32_t i = 0; i < n; i++)
		text[at++] =
		    (unsigned char)name.p[i] >= ' ' && (unsigned char)name.p[i] < 0x7f ? name.p[i] : '?';
	text[at] = '\0';
	call_early_note(ctx, rows[why].code, false, text);
}
