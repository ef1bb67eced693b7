/* SPDX-License-Identifier: Apache-2.0 */
#include "control/rest/call_json.h"

#include "control/rest/date.h"
#include "control/rest/json_text.h"

#include <stdio.h>

#define API_VERSION "2010-04-01"

static json_t *date_json(int64_t t)
{
	char s[32];
	if (!t)
		return json_null();
	date_rfc2822(s, t);
	return json_string(s);
}

static json_t *number_text(int64_t n)
{
	char s[24];
	if (n < 0)
		return json_null();
	snprintf(s, sizeof s, "%lld", (long long)n);
	return json_string(s);
}

static json_t *uri_json(const struct call_row *r, const char *below)
{
	char s[192];
	snprintf(s, sizeof s, "/" API_VERSION "/Accounts/%s/Calls/%s%s.json", r->account_sid, r->sid, below);
	return json_string(s);
}

static json_t *subresources(const struct call_row *r)
{
	static const struct {
		const char *key, *below;
	} subs[] = {
	    {"notifications", "/Notifications"},
	    {"recordings", "/Recordings"},
	    {"payments", "/Payments"},
	    {"events", "/Events"},
	    {"siprec", "/Siprec"},
	    {"streams", "/Streams"},
	    {"transcriptions", "/Transcriptions"},
	    {"user_defined_message_subscriptions", "/UserDefinedMessageSubscriptions"},
	    {"user_defined_messages", "/UserDefinedMessages"},
	};
	json_t *o = json_object();
	for (size_t i = 0; i < sizeof subs / sizeof subs[0]; i++)
		json_object_set_new(o, subs[i].key, uri_json(r, subs[i].below));
	return o;
}

static void set_parties(json_t *o, const struct call_row *r)
{
	json_object_set_new(o, "answered_by", json_text(r->answered_by));
	json_object_set_new(o, "caller_name", json_text(r->caller_name));
	json_object_set_new(o, "forwarded_from", json_text(r->forwarded_from));
	json_object_set_new(o, "from", json_text(r->from));
	json_object_set_new(o, "from_formatted", json_text(r->from));
	json_object_set_new(o, "to", json_text(r->to));
	json_object_set_new(o, "to_formatted", json_text(r->to));
}

static void set_times(json_t *o, const struct call_row *r)
{
	json_object_set_new(o, "date_created", date_json(r->date_created));
	json_object_set_new(o, "date_updated", date_json(r->date_updated));
	json_object_set_new(o, "start_time", date_json(r->start_time));
	json_object_set_new(o, "end_time", date_json(r->end_time));
	json_object_set_new(o, "duration", number_text(r->duration));
	json_object_set_new(o, "queue_time", number_text(r->queue_time_ms));
}

static void set_identity(json_t *o, const struct call_row *r)
{
	json_object_set_new(o, "sid", json_string(r->sid));
	json_object_set_new(o, "account_sid", json_string(r->account_sid));
	json_object_set_new(o, "parent_call_sid", json_text(r->parent_sid[0] ? r->parent_sid : NULL));
	json_object_set_new(o, "api_version", json_string(API_VERSION));
	json_object_set_new(o, "uri", uri_json(r, ""));
	json_object_set_new(o, "subresource_uris", subresources(r));
}

/* Phone numbers, trunks, groups and prices belong to services this engine is not: always null. */
static void set_foreign(json_t *o)
{
	json_object_set_new(o, "group_sid", json_null());
	json_object_set_new(o, "phone_number_sid", json_null());
	json_object_set_new(o, "trunk_sid", json_null());
	json_object_set_new(o, "price", json_null());
	json_object_set_new(o, "price_unit", json_string("USD"));
}

json_t *call_json(const struct call_row *r)
{
	json_t *o = json_object();
	set_identity(o, r);
	json_object_set_new(o, "status", json_text(r->status));
	json_object_set_new(o, "direction", json_text(r->direction));
	set_parties(o, r);
	set_times(o, r);
	set_foreign(o);
	return o;
}
