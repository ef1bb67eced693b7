/* SPDX-License-Identifier: Apache-2.0 */
#include "control/rest/router.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define SEGMENTS_MAX 8
#define SEGMENT_MAX  64

struct path {
	unsigned n;
	char seg[SEGMENTS_MAX][SEGMENT_MAX + 1];
	bool too_long;
};

struct row {
	const char *pattern; /* {A} account, {S} sid, {T} sid below it, * one segment of anything */
	enum route route;
	unsigned methods;
	const char *what;
};

#define ACCOUNT "2010-04-01/Accounts/{A}"

static const struct row rows[] = {
    {"healthz", ROUTE_HEALTHZ, METHOD_GET, NULL},
    {"metrics", ROUTE_METRICS, METHOD_GET, NULL},
    {ACCOUNT "/Calls", ROUTE_CALLS, METHOD_GET | METHOD_POST, NULL},
    {ACCOUNT "/Calls/{S}", ROUTE_CALL, METHOD_GET | METHOD_POST | METHOD_DELETE, NULL},
    {ACCOUNT "/Calls/{S}/Notifications", ROUTE_NOTIFICATIONS, METHOD_GET, NULL},
    {ACCOUNT "/Calls/{S}/Notifications/{T}", ROUTE_NOTIFICATION, METHOD_GET, NULL},
    {ACCOUNT "/Calls/{S}/Recordings", ROUTE_UNBUILT, 0, "Call recordings"},
    {ACCOUNT "/Calls/{S}/Recordings/*", ROUTE_UNBUILT, 0, "Call recordings"},
    {ACCOUNT "/Calls/{S}/Payments", ROUTE_UNBUILT, 0, "Payments"},
    {ACCOUNT "/Calls/{S}/Payments/*", ROUTE_UNBUILT, 0, "Payments"},
    {ACCOUNT "/Calls/{S}/Events", ROUTE_EVENTS, METHOD_GET, NULL},
    {ACCOUNT "/Calls/{S}/Siprec", ROUTE_UNBUILT, 0, "SIPREC"},
    {ACCOUNT "/Calls/{S}/Siprec/*", ROUTE_UNBUILT, 0, "SIPREC"},
    {ACCOUNT "/Calls/{S}/Streams", ROUTE_UNBUILT, 0, "Media streams"},
    {ACCOUNT "/Calls/{S}/Streams/*", ROUTE_UNBUILT, 0, "Media streams"},
    {ACCOUNT "/Calls/{S}/Transcriptions", ROUTE_UNBUILT, 0, "Transcriptions"},
    {ACCOUNT "/Calls/{S}/Transcriptions/*", ROUTE_UNBUILT, 0, "Transcriptions"},
    {ACCOUNT "/Calls/{S}/UserDefinedMessages", ROUTE_UNBUILT, 0, "User-defined messages"},
    {ACCOUNT "/Calls/{S}/UserDefinedMessageSubscriptions", ROUTE_UNBUILT, 0, "User-defined messages"},
    {ACCOUNT "/Calls/{S}/UserDefinedMessageSubscriptions/*", ROUTE_UNBUILT, 0, "User-defined messages"},
    {"2010-04-01/Accounts", ROUTE_ACCOUNTS, METHOD_GET, NULL},
    {ACCOUNT, ROUTE_ACCOUNT, METHOD_GET, NULL},
    {ACCOUNT "/Notifications", ROUTE_ACCOUNT_NOTES, METHOD_GET, NULL},
    {ACCOUNT "/Notifications/{S}", ROUTE_ACCOUNT_NOTE, METHOD_GET, NULL},
    {ACCOUNT "/Recordings", ROUTE_UNBUILT, 0, "Recordings"},
    {ACCOUNT "/Recordings/*", ROUTE_UNBUILT, 0, "Recordings"},
    {ACCOUNT "/Conferences", ROUTE_UNBUILT, 0, "Conferences"},
    {ACCOUNT "/Conferences/*", ROUTE_UNBUILT, 0, "Conferences"},
    {ACCOUNT "/Conferences/*/*", ROUTE_UNBUILT, 0, "Conferences"},
    {ACCOUNT "/Queues", ROUTE_UNBUILT, 0, "Queues"},
    {ACCOUNT "/Queues/*", ROUTE_UNBUILT, 0, "Queues"},
    {ACCOUNT "/Queues/*/*", ROUTE_UNBUILT, 0, "Queues"},
    {ACCOUNT "/Applications", ROUTE_APPLICATIONS, METHOD_GET | METHOD_POST, NULL},
    {ACCOUNT "/Applications/{S}", ROUTE_APPLICATION, METHOD_GET | METHOD_POST | METHOD_DELETE, NULL},
    {ACCOUNT "/SIP/*", ROUTE_UNBUILT, 0, "SIP domains and their lists"},
    {ACCOUNT "/SIP/*/*", ROUTE_UNBUILT, 0, "SIP domains and their lists"},
};

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The next byte of a segment, or -1. Nothing we serve has a '/' or a control byte in a name. */
static int next_byte(const char **p)
{
	int c = (unsigned char)*(*p)++;
	if (c == '%') {
		int hi = hex((*p)[0]), lo = hi < 0 ? -1 : hex((*p)[1]);
		if (lo < 0)
			return -1;
		*p += 2;
		c = hi << 4 | lo;
		if (c == '/')
			return -1;
	}
	return c < 0x20 || c == 0x7f ? -1 : c;
}

static int split(const char *p, struct path *out)
{
	while (*p == '/') {
		p++;
		size_t len = 0;
		while (*p && *p != '/') {
			int c = next_byte(&p);
			if (c < 0)
				return -EINVAL;
			if (len == SEGMENT_MAX || out->n == SEGMENTS_MAX)
				out->too_long = true;
			else
				out->seg[out->n][len++] = (char)c;
		}
		if (out->n == SEGMENTS_MAX)
			out->too_long = true;
		else
			out->seg[out->n++][len] = '\0';
	}
	return *p ? -EINVAL : 0;
}

/* Takes ".json", ".xml" or ".csv" off the last segment. */
static enum route_format strip_format(struct path *p)
{
	static const struct {
		const char *end;
		enum route_format format;
	} ends[] = {{".json", FORMAT_JSON}, {".xml", FORMAT_XML}, {".csv", FORMAT_CSV}};
	char *last = p->seg[p->n - 1], *dot = strrchr(last, '.');
	for (size_t i = 0; dot && i < sizeof ends / sizeof ends[0]; i++)
		if (!strcmp(dot, ends[i].end)) {
			*dot = '\0';
			return ends[i].format;
		}
	return FORMAT_XML;
}

static char *capture_for(struct route_match *m, const char *pat)
{
	switch (pat[1]) {
	case 'A':
		return m->account;
	case 'S':
		return m->sid;
	default:
		return m->sub;
	}
}

static bool match_segment(const char *pat, size_t len, const char *seg, struct route_match *m)
{
	if (*pat == '*')
		return *seg != '\0';
	if (*pat != '{')
		return strlen(seg) == len && !memcmp(seg, pat, len);
	if (!*seg)
		return false;
	snprintf(capture_for(m, pat), SEGMENT_MAX + 1, "%s", seg);
	return true;
}

static bool match_row(const struct row *r, const struct path *p, struct route_match *m)
{
	const char *pat = r->pattern;
	for (unsigned i = 0; i < p->n; i++) {
		size_t len = strcspn(pat, "/");
		if (!len || !match_segment(pat, len, p->seg[i], m))
			return false;
		pat += len + (pat[len] == '/');
	}
	return !*pat;
}

static void clear(struct route_match *m)
{
	m->account[0] = m->sid[0] = m->sub[0] = '\0';
}

int router_match(const char *path, struct route_match *m)
{
	struct path p = {0};
	*m = (struct route_match){.json = true};
	if (*path != '/' || split(path, &p))
		return -EINVAL;
	m->api = p.n > 0 && !strcmp(p.seg[0], "2010-04-01");
	if (p.too_long || !p.n)
		return 0;
	if (m->api)
		m->format = strip_format(&p);
	m->json = m->format == FORMAT_JSON;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		clear(m);
		if (!match_row(&rows[i], &p, m))
			continue;
		m->route = rows[i].route;
		m->allowed = rows[i].methods;
		m->what = rows[i].what;
		return 0;
	}
	clear(m);
	return 0;
}

enum route_method route_method(const char *name)
{
	if (!strcmp(name, "GET") || !strcmp(name, "HEAD"))
		return METHOD_GET;
	if (!strcmp(name, "POST"))
		return METHOD_POST;
	return strcmp(name, "DELETE") ? METHOD_OTHER : METHOD_DELETE;
}

const char *route_name(enum route r)
{
	static const char *const names[ROUTE_COUNT] = {
	    [ROUTE_NONE] = "none",
	    [ROUTE_HEALTHZ] = "healthz",
	    [ROUTE_METRICS] = "metrics",
	    [ROUTE_CALLS] = "calls",
	    [ROUTE_CALL] = "call",
	    [ROUTE_NOTIFICATIONS] = "notifications",
	    [ROUTE_NOTIFICATION] = "notification",
	    [ROUTE_EVENTS] = "events",
	    [ROUTE_ACCOUNT_NOTES] = "account_notifications",
	    [ROUTE_ACCOUNT_NOTE] = "account_notification",
	    [ROUTE_APPLICATIONS] = "applications",
	    [ROUTE_APPLICATION] = "application",
	    [ROUTE_ACCOUNTS] = "accounts",
	    [ROUTE_ACCOUNT] = "account",
	    [ROUTE_UNBUILT] = "unbuilt",
	};
	return (unsigned)r < ROUTE_COUNT ? names[r] : "none";
}

const char *route_allow(unsigned methods)
{
	static const char *const names[] = {[METHOD_GET] = "GET, HEAD",
	    [METHOD_POST] = "POST",
	    [METHOD_GET | METHOD_POST] = "GET, HEAD, POST",
	    [METHOD_GET | METHOD_POST | METHOD_DELETE] = "GET, HEAD, POST, DELETE"};
	return methods < sizeof names / sizeof names[0] && names[methods] ? names[methods] : "";
}
