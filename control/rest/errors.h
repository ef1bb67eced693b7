/* SPDX-License-Identifier: Apache-2.0 */
/* Refusals in the form Twilio's clients turn into a RestException: code, message, more_info, status. */
#ifndef CONTROL_REST_ERRORS_H
#define CONTROL_REST_ERRORS_H

#include "control/http_server.h"

/* Codes of the API as a whole; those of a resource are with its checks. */
enum rest_code {
	REST_AUTHENTICATE = 20003, /* 401 */
	REST_METHOD = 20004,       /* 405 */
	REST_PAGE_SIZE = 20007,    /* 400 */
	REST_NOT_FOUND = 20404,    /* 404 */
	REST_INVALID = 20422,      /* 400, 413, 414, 415: a request or parameter that cannot be read */
	REST_TOO_MANY = 20429,     /* 429 */
	REST_INTERNAL = 20500,     /* 500 */
	REST_UNBUILT = 20501,      /* 501 */
	REST_STOPPING = 20503      /* 503 */
};

/* {"code":…,"message":"…","more_info":"https://www.twilio.com/docs/errors/…","status":…} from malloc. */
char *errors_json(int status, int code, const char *message);

/* The same as XML: <TwilioResponse><RestException>… */
char *errors_xml(int status, int code, const char *message);

/* Fill a reply with the JSON: content type, and the headers the status asks for (401 WWW-Authenticate, 429 and 503
 * Retry-After). */
void errors_fill(struct http_reply *r, int status, int code, const char *message);
/* Turn a filled reply into its XML form. */
void errors_as_xml(struct http_reply *r, int code, const char *message);

#endif
