/* SPDX-License-Identifier: Apache-2.0 */
/* What must survive a crash: call rows, notifications, owed callbacks, applications, on a thread of its own. Writes are
 * queued from the loop and confirmed on the loop once they are on the disk: those that are asked together go into the
 * log (store_log.h) with one sync, and a second or so later, when most of them are outdated, the rest goes into SQLite.
 * Reads see everything that was asked before them. After a crash the log is put into SQLite first. */
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
	int32_t duration; /* seconds, -1 = null */
	uint32_t queue_time_ms;
	int sip_status;     /* final SIP response, 0 = none */
	const char *reason; /* why it ended as it did, for a person */
	/* status callback: what a restart needs to close the call */
	const char *status_callback, *status_callback_method;
	uint32_t events; /* bit 0 initiated, 1 ringing, 2 answered, 3 completed */
	uint32_t next_sequence;
	const char *story; /* of a call that has ended: see calls_story */
	uint64_t rowid;    /* set by the store in lists; newest first = descending */
};

struct call_note {
	char sid[35], account_sid[35], call_sid[35];
	int code;
	bool error; /* log 0 error, 1 warning */
	int64_t at;
	const char *message, *request_url, *request_method;
};

/* A status callback that is owed: kept with the row that tells the same event, deleted when it was answered. */
struct callback_row {
	uint64_t rowid;
	const char *token; /* I-Twilio-Idempotency-Token, the key */
	char account_sid[35], call_sid[35];
	uint32_t sequence, post;
	const char *url, *params; /* params: form encoded */
	int64_t created_ms;
};

/* One attempt at a request to an application. */
struct event_row {
	uint64_t rowid;
	char sid[35]; /* EV…, the key */
	char account_sid[35], call_sid[35];
	int64_t at_ms;
	const char *method, *url, *params;
	uint32_t status; /* 0: no answer */
	uint32_t error;  /* Twilio's code, 0 = none */
	const char *message, *content_type, *body;
	uint32_t dns_us, connect_us, tls_us, first_byte_us, total_us;
	uint32_t attempt;
	const char *next; /* what happens now, for a person */
};

/* An application: what ApplicationSid stands for. */
struct application_row {
	uint64_t rowid;
	char sid[35], account_sid[35];
	int64_t date_created, date_updated;
	const char *friendly_name;
	const char *voice_url, *voice_method, *voice_fallback_url, *voice_fallback_method;
	const char *status_callback, *status_callback_method;
	uint32_t caller_id_lookup;
	const char *sms_url, *sms_method, *sms_fallback_url, *sms_fallback_method, *sms_status_callback,
	    *message_status_callback;
};

struct store_table; /* store_table.h */
extern const struct store_table store_callbacks, store_events, store_applications;

struct store;

struct store *store_open(struct loop *l, const char *path, char err[256]);
/* Commits what is queued and tells its owners before it returns: their callbacks must not use the store. */
void store_close(struct store *s);

/* Insert or update by sid. done (may be NULL) is called on the loop after the commit: ok false with a sentence
 * when it could not be written (disk full); the store goes on working when there is room again. */
typedef void (*store_done_fn)(void *ctx, bool ok, const char *why);
void store_put_call(struct store *s, const struct call_row *r, store_done_fn done, void *ctx);
/* The same with the callback that tells of it, in one transaction. */
void store_put_call_with(struct store *s, const struct call_row *r, const struct callback_row *owed,
    store_done_fn done, void *ctx);
void store_put_note(struct store *s, const struct call_note *n);
/* Rows of the plain tables, copied; done may be NULL. Deleting what is not there is no failure. Events are not logged:
 * those of the last second or two before a crash are lost. */
void store_put(struct store *s, const struct store_table *t, const void *row, store_done_fn done, void *ctx);
void store_del(struct store *s, const struct store_table *t, const char *account_sid, const char *key,
    store_done_fn done, void *ctx);
/* A call's record with its notifications, events and what it still owes. */
void store_del_call(struct store *s, const char *account_sid, const char *sid, store_done_fn done, void *ctx);

struct store_filter {
	const char *account_sid;    /* NULL: any */
	const char *key;            /* one row, NULL: all */
	const char *call_sid, *url; /* NULL: any; only of tables that have it */
	const char *friendly_name;
	bool oldest_first;
	uint32_t limit; /* 0: 2000 */
};
/* rows: an array of the table's struct, during the call. */
typedef void (*store_list_fn)(void *ctx, const void *rows, size_t n, bool ok, const char *why);
void store_list(
    struct store *s, const struct store_table *t, const struct store_filter *f, store_list_fn fn, void *ctx);

/* Reads run on the store's thread; fn on the loop with rows that live during the call. */
struct store_query {
	const char *account_sid;
	const char *sid;                             /* one call, or NULL: a list */
	const char *to, *from, *parent_sid, *status; /* NULL = any */
	int64_t start_after, start_before;           /* start_time at or after, strictly before; 0 = any */
	int64_t end_after, end_before;               /* the same of end_time */
	uint64_t before_rowid;                       /* page: rows older than this, 0 = from the newest */
	uint64_t after_rowid; /* page backwards: of the rows newer than this the oldest `limit`, told
	                                    * newest first like every list; 0 = any */
	uint32_t limit;
	bool any_account; /* account_sid NULL means any */
	bool unfinished;  /* every call without an end (restart), any account */
};
typedef void (*store_rows_fn)(void *ctx, const struct call_row *rows, size_t n, bool ok, const char *why);
void store_find(struct store *s, const struct store_query *q, store_rows_fn fn, void *ctx);
typedef void (*store_notes_fn)(void *ctx, const struct call_note *notes, size_t n, bool ok, const char *why);
void store_notes(struct store *s, const char *account_sid, const char *call_sid, uint32_t limit,
    store_notes_fn fn, void *ctx);

/* How long what has ended stays, in seconds; 0: for ever. What is older goes a few hundred rows at a time, and the
 * room goes back to the file system. */
struct store_keep {
	uint32_t calls_s, events_s, notes_s;
};
void store_keep(struct store *s, const struct store_keep *k);
uint64_t store_swept(const struct store *s); /* rows that went */

uint32_t store_queue_depth(const struct store *s);
uint64_t store_commits(const struct store *s), store_failures(const struct store *s);

#endif
