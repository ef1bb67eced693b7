/* SPDX-License-Identifier: Apache-2.0 */
/* What a REST client may write before anything checks who it is: path, query and Authorization, one line each.
 * A matched path names an account only where there is one, a list is bounded, and nobody gets in by accident. */
#include "tests/fuzz/fuzz.h"

#include "control/rest/auth.h"
#include "control/rest/list_args.h"
#include "control/rest/router.h"

#include <string.h>

static const struct rest_account account = {
    "AC00000000000000000000000000000001", "not to be guessed: 0b3f9f1a7c"};

static void try_path(const char *path)
{
	struct route_match m;
	if (router_match(path, &m))
		return;
	MUST((unsigned)m.route < ROUTE_COUNT);
	MUST(strlen(m.account) < sizeof m.account && strlen(m.sid) < sizeof m.sid &&
	     strlen(m.sub) < sizeof m.sub);
	MUST(m.route != ROUTE_NONE || (!m.allowed && !m.account[0]));
	MUST(m.route != ROUTE_CALL || (m.account[0] && m.sid[0]));
	MUST(m.api == (m.route > ROUTE_METRICS) || m.route == ROUTE_NONE);
}

static void try_query(const char *query)
{
	struct form f;
	struct list_args a;
	struct list_refusal why = {0};
	form_init(&f);
	if (form_decode(&f, query, strlen(query), 100) == 0) {
		if (list_args_calls(&a, &f, &why) == 0) {
			MUST(a.size >= 1 && a.size <= LIST_PAGE_MAX && a.q.limit == a.size + 1);
			MUST(a.q.start_after >= 0 && a.q.start_before >= 0);
			struct list_page p = {
			    .path = "/x", .key = "calls", .query = &f, .size = a.size, .page = a.page};
			json_decref(list_page_json(&p, json_array()));
		} else {
			MUST(why.status >= 400 && why.code >= 20000 && why.message[0]);
		}
	}
	form_fini(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[4096], none[1] = "", *lines[3] = {text, none, none}, *nl;
	if (size >= sizeof text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	for (int i = 0; i < 2 && (nl = strchr(lines[i], '\n')); i++) {
		*nl = '\0';
		lines[i + 1] = nl + 1;
	}
	try_path(lines[0]);
	try_query(lines[1]);
	MUST(!auth_check(&account, 1, lines[2]));
	return 0;
}
