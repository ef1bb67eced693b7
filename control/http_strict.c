/* SPDX-License-Identifier: Apache-2.0 */
/* Lines that end in a bare LF and folded headers are gone from what libmicrohttpd tells, but not from where it tells
 * it: up to 0.9.75 it parses a head in place and writes a NUL over each byte of a line's end. Names and values that lie
 * where CRLF and nothing else stood between them were sent so; a head that was folded or ended its lines otherwise has
 * gaps of another size. Later versions refuse such heads themselves (MHD_OPTION_CLIENT_DISCIPLINE_LVL). */
#include "control/http_strict.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct head {
	unsigned lengths, codings, hosts;
	unsigned long long length;
	const char *why;
	uintptr_t next; /* where the next header's name has to stand; 0: not looked at */
};

static uintptr_t behind_line(const char *text)
{
	return (uintptr_t)text + strlen(text) + 2;
}

static bool is_token(const char *s)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";
	if (!*s)
		return false;
	for (; *s; s++)
		if (!(*s >= '0' && *s <= '9') && !((*s | 0x20) >= 'a' && (*s | 0x20) <= 'z') &&
		    !strchr(marks, *s))
			return false;
	return true;
}

static bool has_control(const char *s)
{
	for (; *s; s++)
		if (((unsigned char)*s < ' ' && *s != '\t') || *s == 0x7f)
			return true;
	return false;
}

/* RFC 9110 §8.6: digits and nothing else, but for the blanks around a value. */
static void take_length(struct head *h, const char *value)
{
	char *end = NULL;
	size_t n = strspn(value, "0123456789");
	h->lengths++;
	errno = 0;
	h->length = strtoull(value, &end, 10);
	if (!n || value[n + strspn(value + n, " \t")])
		h->why = "The Content-Length is not a number.";
}

static void take_coding(struct head *h, const char *value)
{
	h->codings++;
	if (strncasecmp(value, "chunked", 7) != 0 || value[7 + strspn(value + 7, " \t")])
		h->why = "The only Transfer-Encoding that is understood is chunked.";
}

static enum MHD_Result on_header(void *ctx, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	struct head *h = ctx;
	if (!value)
		value = "";
	if (h->next && (uintptr_t)name != h->next)
		h->why = "A line of the request's head ends in a bare LF or is folded.";
	h->next = h->next ? behind_line(value) : 0;
	if (!is_token(name))
		h->why = "The name of a header is not a token.";
	else if (has_control(value))
		h->why = "The value of a header holds control characters.";
	else if (!strcasecmp(name, "Content-Length"))
		take_length(h, value);
	else if (!strcasecmp(name, "Transfer-Encoding"))
		take_coding(h, value);
	else if (!strcasecmp(name, "Host"))
		h->hosts++;
	return MHD_YES;
}

static bool parses_in_place(void)
{
	unsigned major = 0, minor = 0, patch = 0;
	const char *v = MHD_get_version();
	char *end;
	major = (unsigned)strtoul(v, &end, 10);
	minor = *end == '.' ? (unsigned)strtoul(end + 1, &end, 10) : 0;
	patch = *end == '.' ? (unsigned)strtoul(end + 1, &end, 10) : 0;
	return major == 0 && minor == 9 && patch <= 75;
}

static size_t head_size(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *i =
	    MHD_get_connection_info(c, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	return i ? i->header_size : 0;
}

const char *http_strict_check(
    struct MHD_Connection *c, const char *method, const char *version, unsigned long long *length)
{
	bool in_place = parses_in_place();
	struct head h = {.next = in_place ? behind_line(version) : 0};
	MHD_get_connection_values(c, MHD_HEADER_KIND, on_header, &h);
	*length = h.length;
	if (h.why)
		return h.why;
	if (in_place && h.next + 2 != (uintptr_t)method + head_size(c))
		return "The request's head ends in a bare LF or is folded.";
	if (h.hosts > 1)
		return "The request names more than one Host.";
	if (h.lengths > 1 || h.codings > 1 || (h.lengths && h.codings))
		return "The request does not say unambiguously where its body ends.";
	return h.codings && strcmp(version, "HTTP/1.1") != 0 ? "Only HTTP/1.1 has a Transfer-Encoding."
	                                                     : NULL;
}
