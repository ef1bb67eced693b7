/* SPDX-License-Identifier: Apache-2.0 */
/* GET Calls.json: newest first, from the store; calls that are up are shown as they are now. */
#include "control/mem.h"
#include "control/rest/call_json.h"
#include "control/rest/list_args.h"
#include "control/rest/request.h"

#include <stdio.h>

static json_t *items_json(struct request *q, const struct call_row *rows, size_t n)
{
	json_t *items = json_array();
	for (size_t i = 0; i < n; i++) {
		struct call *live = request_live_call(q, rows[i].sid);
		json_array_append_new(items, call_json(live ? call_row(live) : &rows[i]));
	}
	return items;
}

static void answer_list(void *ctx, const struct call_row *rows, size_t n, bool ok, const char *why)
{
	struct request *q = ctx;
	const struct list_args *a = q->list;
	char path[96], next[32], previous[32];
	if (!ok) {
		request_store_failed(q, why);
		return;
	}
	/* One row more than the page was asked for: the oldest, or the newest when reading backwards. */
	bool more = n > a->size;
	if (more && a->backwards)
		rows++;
	if (more)
		n = a->size;
	snprintf(path, sizeof path, "/2010-04-01/Accounts/%s/Calls.json", q->account->sid);
	struct list_page p = {
	    .path = path, .key = "calls", .query = &q->query, .size = a->size, .page = a->page};
	if (n) {
		list_token(next, false, rows[n - 1].rowid);
		list_token(previous, true, rows[0].rowid);
		p.next = more || a->backwards ? next : NULL;
		p.previous = more || !a->backwards ? previous : NULL;
	}
	request_reply_json(q, 200, list_page_json(&p, items_json(q, rows, n)));
}

void calls_get(struct request *q)
{
	struct list_refusal why;
	q->list = mem_zalloc(sizeof *q->list);
	if (list_args_calls(q->list, &q->query, &why)) {
		request_reply_error(q, why.status, why.code, "%s", why.message);
		return;
	}
	q->list->q.account_sid = q->account->sid;
	store_find(q->rest->env.store, &q->list->q, answer_list, q);
}
