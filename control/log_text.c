/* SPDX-License-Identifier: Apache-2.0 */
#include "control/log_text.h"

#include "control/utf8.h"

#include <stdio.h>

/* Does the terminal (or a reader's eye) survive this well-formed character? */
static bool harmless(const unsigned char *u, size_t n)
{
	if (n == 1)
		return u[0] >= 0x20 && u[0] != 0x7f;
	if (n == 2)
		return !(u[0] == 0xc2 && u[1] < 0xa0); /* C1 */
	if (n == 3 && u[0] == 0xe2 && u[1] == 0x80)
		return u[2] < 0xa8 || u[2] > 0xae; /* U+2028 … 202E: line ends, bidirectional marks */
	if (n == 3 && u[0] == 0xe2 && u[1] == 0x81)
		return u[2] < 0xa6 || u[2] > 0xa9; /* U+2066 … 2069 */
	return true;
}

static void put_byte(struct buf *b, unsigned char c, bool json)
{
	char t[8];
	int n;
	if (c == '"' || c == '\\')
		n = snprintf(t, sizeof t, "\\%c", c);
	else if (json && c < 0x20)
		n = snprintf(t, sizeof t, "\\u%04x", c);
	else
		n = snprintf(t, sizeof t, json ? "\\\\x%02x" : "\\x%02x", c);
	buf_put(b, t, (uint32_t)n);
}

/* Bytes of "user:password" when s starts right behind "://", or 0. */
static size_t user_info(const char *s)
{
	size_t n = strcspn(s, "@/?# \t\r\n\"<>");
	return s[n] == '@' ? n : 0;
}

void log_escape(struct buf *b, const char *text, bool json)
{
	size_t left = strlen(text);
	for (const char *s = text; left;) {
		size_t n = utf8_char(s, left);
		bool plain = n && harmless((const unsigned char *)s, n) && *s != '\\' && !(json && *s == '"');
		if (plain)
			buf_put(b, s, (uint32_t)n);
		for (size_t i = 0; !plain && i < (n ? n : 1); i++)
			put_byte(b, (unsigned char)s[i], json);
		n = n ? n : 1;
		s += n;
		left -= n;
		size_t secret = s - text >= 3 && memcmp(s - 3, "://", 3) == 0 ? user_info(s) : 0;
		if (secret) {
			buf_lit(b, "***");
			s += secret;
			left -= secret;
		}
	}
}

static void field(struct buf *b, const char *name, const char *value)
{
	buf_span(b, span_str(name));
	log_escape(b, value, true);
}

void log_put_json(struct buf *b, const char *when, const char *level, const char *area, const char *call_sid,
    const char *text)
{
	field(b, "{\"time\":\"", when);
	field(b, "\",\"level\":\"", level);
	field(b, "\",\"area\":\"", area);
	if (*call_sid)
		field(b, "\",\"call_sid\":\"", call_sid);
	field(b, "\",\"msg\":\"", text);
}

void log_put_text(struct buf *b, const char *when, const char *level, const char *area, const char *call_sid,
    const char *text)
{
	const char *const fields[] = {when, level, area, call_sid};
	for (unsigned i = 0; i < 4; i++) {
		log_escape(b, fields[i], false);
		buf_span(b, span_str(*fields[i] ? " " : ""));
	}
	log_escape(b, text, false);
}

static char *skip_white(char *s)
{
	return s + strspn(s, " \t\r\n");
}

/* Behind the word: `= "value"`. NULL: that is no attribute. */
static char *hide_value(char *s)
{
	char quote, *v = skip_white(s), *end;
	if (*v != '=')
		return NULL;
	v = skip_white(v + 1);
	if (*v != '"' && *v != '\'')
		return NULL;
	quote = *v++;
	end = strchr(v, quote);
	if (!end)
		end = v + strlen(v); /* cut off within the value */
	size_t stars = (size_t)(end - v) < 3 ? (size_t)(end - v) : 3;
	memset(v, '*', stars);
	memmove(v + stars, end, strlen(end) + 1);
	return v + stars;
}

void log_hide_passwords(char *text)
{
	for (char *s = text; (s = strcasestr(s, "password"));) {
		char *next = hide_value(s + 8);
		s = next ? next : s + 8;
	}
}
