/* SPDX-License-Identifier: Apache-2.0 */
#include "control/rest/errors.h"

#include "control/rest/json_text.h"
#include "control/rest/xml_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *error_object(int status, int code, const char *message)
{
	char more[64];
	snprintf(more, sizeof more, "https://www.twilio.com/docs/errors/%d", code);
	json_t *o = json_object();
	json_object_set_new(o, "code", json_integer(code));
	json_object_set_new(o, "message", json_text(message));
	json_object_set_new(o, "more_info", json_string(more));
	json_object_set_new(o, "status", json_integer(status));
	return o;
}

char *errors_json(int status, int code, const char *message)
{
	return json_text_dump(error_object(status, code, message));
}

char *errors_xml(int status, int code, const char *message)
{
	json_t *o = error_object(status, code, message);
	char *text = xml_text_of(o, "RestException");
	json_decref(o);
	return text;
}

void errors_as_xml(struct http_reply *r, int code, const char *message)
{
	free(r->body);
	r->body = errors_xml(r->status, code, message);
	r->body_len = strlen(r->body);
	r->content_type = "application/xml";
}

static struct http_header header_for(int status)
{
	switch (status) {
	case 401:
		return (struct http_header){"WWW-Authenticate", "Basic realm=\"Twilio API\""};
	case 429:
	case 503:
		return (struct http_header){"Retry-After", "1"};
	default:
		return (struct http_header){0};
	}
}

void errors_fill(struct http_reply *r, int status, int code, const char *message)
{
	*r = (struct http_reply){.status = status, .content_type = "application/json"};
	r->body = errors_json(status, code, message);
	r->body_len = strlen(r->body);
	r->headers[0] = header_for(status);
}
