/* SPDX-License-Identifier: Apache-2.0 */
/* What must survive a crash: call rows and notifications, in SQLite (WAL) on a thread of its own with group
 * commit. Writes are queued from the loop and confirmed on the loop after the commit that holds them. */
#ifndef CONTROL_STORE_H
#define CONTROL_STORE_H

#include "control/loop.h"

#include <stddef.h>

/* One call as REST shows it (26 fields come from these) and as a restart needs it. Strings NULL = null.
 * Times are Unix seconds, 0 = null. In a row given to store_*, strings are borrowed for the call and copied. */
struct call_row {
	char sid[35], account_sid[35], parent_sid[35]; /* parent_sid "" = none */
	const char *to, *from, *caller_name, *forwarded_from, *answered_by;
	const char *status;    /* queued ringing in-progress completed busy failed no-answer canceled */
	const char *direction; /* outbound-api outbound-dial inbound */
	int64_t date_created, date_updated, start_time, answer_time, end_time;
	int32_t duration;      /* seconds, -1 = null */
	uint32_t queue_time_ms;
	int sip_status;        /* final SIP response, 0 = none */
	const char *reason;    /* why it ended as it did, for a person */
	/* status callback: what a restart needs to close the call */
	const char *status_callback, *status_callback_method;
	uint32_t events;       /* bit 0 initiated, 1 ringing, 2 answered, 3 completed */
	uint32_t next_sequence;
	uint64_t rowid;        /* set by the store; newest first = descending */
};

struct call_note {
	char sid[35], account_sid[35], call_sid[35];
	int code;
	bool error;            /* log 0 error, 1 warning */
	int64_t at;
	const char *message, *request_url, *request_method;
};

struct store;

struct store *store_open(struct loop *l, const char *path, char err[256]);
/* Commits what is queued and tells its owners before it returns: their callbacks must not use the store. */
void store_close(struct store *s);

/* Insert or update by sid. done (may be NULL) is called on the loop after the commit: ok false with a sentence
 * when it could not be written (disk full); the store goes on working when there is room again. */
typedef void (*store_done_fn)(void *ctx, bool ok, const char *why);
void store_put_call(struct store *s, const struct call_row *r, store_done_fn done, void *ctx);
void store_put_note(struct store *s, const struct call_note *n);

/* Reads run on the store's thread; fn on the loop with rows that live during the call. */
struct store_query {
	const char *account_sid;
	const char *sid;                   /* one call, or NULL: a list */
	const char *to, *from, *parent_sid, *status; /* NULL = any */
	int64_t start_after, start_before; /* start_time at or after, strictly before; 0 = any */
	uint64_t before_rowid;             /* page: rows older than this, 0 = from the newest */
	uint64_t after_rowid;              /* page backwards: of the rows newer than this the oldest `limit`, told
	                                    * newest first like every list; 0 = any */
	uint32_t limit;
	bool unfinished;                   /* every call without an end (restart), any account */
};
typedef void (*store_rows_fn)(void *ctx, const struct call_row *rows, size_t n, bool ok, const char *why);
void store_find(struct store *s, const struct store_query *q, store_rows_fn fn, void *ctx);
typedef void (*store_notes_fn)(void *ctx, const struct call_note *notes, size_t n, bool ok, const char *why);
void store_notes(struct store *s, const char *account_sid, const char *call_sid, uint32_t limit, store_notes_fn fn,
    void *ctx);

uint32_t store_queue_depth(const struct store *s);
uint64_t store_commits(const struct store *s), store_failures(const struct store *s);

#endif
