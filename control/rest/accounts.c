/* SPDX-License-Identifier: Apache-2.0 */
/* The account that asks: accounts live in the configuration, so it can be read and not changed. */
#include "control/mem.h"
#include "control/rest/list_args.h"
#include "control/rest/request.h"

#include <stdio.h>

static json_t *subresources(const char *sid)
{
	static const char *const names[][2] = {
	    {"applications", "Applications"}, {"calls", "Calls"}, {"notifications", "Notifications"}};
	json_t *o = json_object();
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		json_object_set_new(
		    o, names[i][0], json_sprintf("/2010-04-01/Accounts/%s/%s.json", sid, names[i][1]));
	return o;
}

/* The token is nobody's to read back; when the account was made is not known. */
static json_t *account_json(const char *sid)
{
	json_t *o = json_object();
	json_object_set_new(o, "sid", json_string(sid));
	json_object_set_new(o, "owner_account_sid", json_string(sid));
	json_object_set_new(o, "friendly_name", json_string(sid));
	json_object_set_new(o, "status", json_string("active"));
	json_object_set_new(o, "type", json_string("Full"));
	json_object_set_new(o, "auth_token", json_null());
	json_object_set_new(o, "date_created", json_null());
	json_object_set_new(o, "date_updated", json_null());
	json_object_set_new(o, "subresource_uris", subresources(sid));
	json_object_set_new(o, "uri", json_sprintf("/2010-04-01/Accounts/%s.json", sid));
	return o;
}

void account_get(struct request *q)
{
	request_reply_json(q, 200, account_json(q->account->sid));
}

void accounts_get(struct request *q)
{
	struct list_refusal why;
	q->list = mem_zalloc(sizeof *q->list);
	if (list_args_page(q->list, &q->query, &why)) {
		request_reply_error(q, why.status, why.code, "%s", why.message);
		return;
	}
	json_t *items = json_array();
	if (q->list->page == 0)
		json_array_append_new(items, account_json(q->account->sid));
	struct list_page p = {.path = "/2010-04-01/Accounts.json",
	    .key = "accounts",
	    .query = &q->query,
	    .size = q->list->size,
	    .page = q->list->page,
	    .previous = ""};
	request_reply_json(q, 200, list_page_json(&p, items));
}
