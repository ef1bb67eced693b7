/* SPDX-License-Identifier: Apache-2.0 */
/* Which resource a path names, and what may be done with it: one table, no code per route. */
#ifndef CONTROL_REST_ROUTER_H
#define CONTROL_REST_ROUTER_H

#include <stdbool.h>

enum route {
	ROUTE_NONE = 0, /* no such resource: 404 */
	ROUTE_HEALTHZ,
	ROUTE_METRICS,
	ROUTE_CALLS,         /* Calls */
	ROUTE_CALL,          /* Calls/{Sid} */
	ROUTE_NOTIFICATIONS, /* Calls/{Sid}/Notifications */
	ROUTE_NOTIFICATION,  /* Calls/{Sid}/Notifications/{Sid} */
	ROUTE_EVENTS,        /* Calls/{Sid}/Events */
	ROUTE_ACCOUNT_NOTES, /* Notifications */
	ROUTE_ACCOUNT_NOTE,  /* Notifications/{Sid} */
	ROUTE_APPLICATIONS,  /* Applications */
	ROUTE_APPLICATION,   /* Applications/{Sid} */
	ROUTE_ACCOUNTS,      /* Accounts */
	ROUTE_ACCOUNT,       /* Accounts/{Sid} */
	ROUTE_UNBUILT,       /* a resource of the API that this version does not have: 501 */
	ROUTE_COUNT
};

enum route_method {
	METHOD_OTHER = 0,
	METHOD_GET = 1, /* and HEAD */
	METHOD_POST = 2,
	METHOD_DELETE = 4
};

enum route_format { FORMAT_JSON = 0, FORMAT_XML, FORMAT_CSV };

struct route_match {
	enum route route;
	unsigned allowed;         /* methods that are built; 0 with ROUTE_UNBUILT */
	bool api;                 /* under /2010-04-01: needs credentials */
	bool json;                /* asked for as .json (always true outside the API) */
	enum route_format format; /* by the extension; none: XML */
	const char *what;         /* ROUTE_UNBUILT: its name, for the message */
	char account[65];         /* as in the path */
	char sid[65], sub[65];
};

/* path: raw, before the '?'. 0, or -EINVAL: a bad percent-escape, an encoded '/' or control byte. A path that
 * is too long for any resource is ROUTE_NONE. */
[[nodiscard]] int router_match(const char *path, struct route_match *m);

enum route_method route_method(const char *name);
const char *route_name(enum route r); /* for counters: "calls" */
/* "GET, POST" for the Allow header. */
const char *route_allow(unsigned methods);

#endif
