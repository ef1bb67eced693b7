/* SPDX-License-Identifier: Apache-2.0 */
/* The REST face on a loopback port with a real loop, store, rings and call logic; the far side of the dataplane,
 * name resolution and webhooks only count what they are asked. */
#ifndef TEST_API_RIG_H
#define TEST_API_RIG_H

#include "control/rest/rest.h"

#include <jansson.h>

#define SID    "AC00000000000000000000000000000001"
#define TOKEN  "0123456789abcdef0123456789abcdef"
#define SID2   "AC00000000000000000000000000000002"
#define TOKEN2 "ffffffffffffffffffffffffffffffff"
#define CALLS  "/2010-04-01/Accounts/" SID "/Calls.json"

struct api_rig {
	struct loop *loop;
	struct store *store;
	struct bridge *bridge;
	struct calls *calls;
	struct rest *rest;
	struct http_server *server;
	struct dp_ring *commands, *events;
	char dir[64], db[96];
	struct loop_timer deadline;
	bool timed_out;
	unsigned resolves, originates, commands_sent, webhooks;
	uint64_t last_resolve; /* tag */
	struct dp_cmd last_originate, last_command;
};

/* One answer; headers as received. */
struct api_answer {
	long status;
	char *body, *headers;
	json_t *json; /* NULL: not JSON */
};

void api_open(struct api_rig *r, uint32_t calls_max);
void api_close(struct api_rig *r);

/* Ask and wait for the answer while the loop turns. user "" sends no credentials; type NULL: a form. */
void api_ask_as(struct api_rig *r, struct api_answer *a, const char *user, const char *method,
    const char *path, const char *body, const char *type);
void api_ask(struct api_rig *r, struct api_answer *a, const char *method, const char *path, const char *body);
void api_answer_fini(struct api_answer *a);
/* Let the loop turn for a moment. */
void api_turn(struct api_rig *r, unsigned ms);

#endif
