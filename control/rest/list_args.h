/* SPDX-License-Identifier: Apache-2.0 */
/* The parameters of a list (filters, page size, page token) and the page object around its items. Tokens name a
 * row, so that rows added meanwhile neither repeat nor hide any: PA… the rows older than it, PB… the newer. */
#ifndef CONTROL_REST_LIST_ARGS_H
#define CONTROL_REST_LIST_ARGS_H

#include "control/form.h"
#include "control/store.h"

#include <jansson.h>

#define LIST_PAGE_DEFAULT 50
#define LIST_PAGE_MAX     1000
#define LIST_PAGES_MAX    1000000

struct list_args {
	struct store_query q; /* of calls; strings borrowed from the form; limit is one more than the page */
	uint32_t size, page;
	bool backwards; /* a PB token */
};

struct list_refusal {
	int status, code;
	char message[160];
};

/* Paging alone. 0, or -1 with *why. */
[[nodiscard]] int list_args_page(struct list_args *a, const struct form *query, struct list_refusal *why);
/* Paging and the filters of the list of calls. */
[[nodiscard]] int list_args_calls(struct list_args *a, const struct form *query, struct list_refusal *why);

/* A date filter by its name (with < and >), after list_args_page: into q.start_after and q.start_before. */
[[nodiscard]] int list_args_dates(
    struct list_args *a, const struct form *query, const char *name, struct list_refusal *why);

/* The token that continues behind (or, backwards, before) a row. */
void list_token(char out[32], bool backwards, uint64_t rowid);
[[nodiscard]] int list_token_parse(const char *s, bool *backwards, uint64_t *rowid);

struct list_page {
	const char *path;         /* "/2010-04-01/Accounts/AC…/Calls.json" */
	const char *key;          /* "calls" */
	const struct form *query; /* as asked, for the filters */
	uint32_t size, page;
	const char *next, *previous; /* tokens; "" a page without a token; NULL: no such page */
};

/* The page object; takes items. */
json_t *list_page_json(const struct list_page *p, json_t *items);

#endif
