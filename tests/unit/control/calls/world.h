/* SPDX-License-Identifier: Apache-2.0 */
/* Everything outside the call logic, for tests: what it asked for is recorded, what happens is what the test
 * says. The clock stands still until the test moves it. */
#ifndef TESTS_CALLS_WORLD_H
#define TESTS_CALLS_WORLD_H

#include "tests/unit/sip/cm.h"

#include "control/call.h"
#include "control/sip_target.h"

#define WORLD_MAX 4096

struct world_hook {
	char *url, *account;
	bool post, answered;
	struct form params;
	uint64_t tag;
};

struct world_save {
	char sid[35], parent[35];
	const char *status;
	int64_t end_time, start_time, answer_time;
	int32_t duration;
	int sip_status;
	char reason[400], story[6400];
};

struct world_note {
	int code;
	bool error;
	char call_sid[35], text[420], url[200];
};

struct world_event {
	char call_sid[35], url[200], message[400], next[80];
	uint32_t status, error;
};

struct world_timer {
	uint64_t tag, at_ns;
};

struct world {
	struct calls *c;
	uint64_t now_ns, rnd;
	int64_t wall_ms;
	bool plain_sip; /* the account's Enhanced Programmable SIP Features are off */
	bool slow_disk; /* the record of a call from outside is not written at once */
	int originate_rc, webhook_rc;
	uint32_t hops_reached, hops_failed;
	uint32_t n_sent, n_resolve, n_hook, n_save, n_note, n_event, n_timer;
	/* from here on entries are as good as their counts above */
	struct dp_cmd sent[WORLD_MAX]; /* ORIGINATE and everything else, in order */
	struct {
		char host[256];
		uint16_t port;
		uint8_t transport;
		uint64_t tag;
	} resolve[WORLD_MAX];
	struct world_hook hook[WORLD_MAX];
	struct world_save save[WORLD_MAX];
	struct world_note note[WORLD_MAX];
	struct world_event event[WORLD_MAX];
	uint64_t take_tag; /* of the last save somebody waits for */
	struct world_timer timer[256];
	char log_level, log[400]; /* the last line */
};

void world_init(struct world *w, uint32_t calls_max);
/* Documents that cannot be had are replaced by what they were. */
void world_init_good(struct world *w);
/* With a trunk and an address for clients. */
void world_init_trunk(struct world *w, uint32_t calls_max);
/* Calls from outside run http://app.example.com/in and tell http://app.example.com/done. */
void world_init_inbound(struct world *w, uint32_t calls_max);
void world_fini(struct world *w);
void world_forget(struct world *w); /* what was recorded so far */

/* name, value, …, NULL */
struct call *world_create(struct world *w, struct call_error *err, ...);
/* POST Calls/{Sid} with name, value, …, NULL. */
int world_update(struct world *w, const char *sid, struct call_error *err, ...);
/* Created and on disk; its SID is left in sid. */
void world_call(struct world *w, char sid[35], ...);

/* The dataplane. i: which of w->sent was the ORIGINATE. */
void world_resolved(struct world *w, uint32_t i, const char *addr); /* NULL: refused */
/* Several addresses, in the order to try them; n 0: refused. */
void world_located(struct world *w, uint32_t i, const char *const *addrs, uint32_t n);
void world_started(struct world *w, uint32_t i, dp_leg leg);
void world_progress(struct world *w, uint32_t i, dp_leg leg, uint16_t status, bool early_media);
void world_answered(struct world *w, uint32_t i, dp_leg leg, const char *headers);
void world_ended(struct world *w, uint32_t i, dp_leg leg, enum dp_end_cause cause, uint16_t status,
    bool progressed, const char *headers);

/* The same with what the far side said about it. */
void world_ended_saying(
    struct world *w, uint32_t i, dp_leg leg, enum dp_end_cause cause, uint16_t status, const char *reason);

/* i: the parent's ORIGINATE */
void world_bridged(struct world *w, uint32_t i, dp_leg leg, dp_leg peer, bool on);

/* A call from outside: INCOMING (with an offer), its record written; and what else is told of it. The SID is left in sid. */
void world_incoming(struct world *w, char sid[35], dp_leg leg);
void world_caller(struct world *w, dp_leg leg, enum dp_ev_type type);
void world_caller_ended(struct world *w, dp_leg leg, enum dp_end_cause cause, uint16_t status);
/* The newest command of this type, or NULL. */
const struct dp_cmd *world_cmd(const struct world *w, enum dp_cmd_type type);

/* The application. */
void world_reply(struct world *w, uint32_t i, long status, const char *type, const char *body);
void world_reply_error(struct world *w, uint32_t i, int code, const char *message, bool timed_out);
const char *world_param(const struct world *w, uint32_t i, const char *name);
void world_param_is(const struct world *w, uint32_t i, const char *name, const char *value);
/* A fresh call to sip:kate@example.com is answered on `leg` and runs these verbs. */
void world_runs(struct world *w, char sid[35], dp_leg leg, const char *verbs);

void world_pass(struct world *w, uint64_t ns); /* time goes by; timers fire */
const struct world_note *world_noted(const struct world *w, int code);
const struct world_save *world_last(const struct world *w, const char *sid); /* newest saved row */
uint32_t world_terminals(const struct world *w, const char *sid);            /* saves that hold an end */
uint32_t world_count(const struct world *w, const char *param, const char *value);

#define WORLD_S UINT64_C(1000000000)
#define XML     "text/xml"

#endif
