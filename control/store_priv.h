/* SPDX-License-Identifier: Apache-2.0 */
/* Between store.c (the loop's side: what is asked and answered, and the threads) and what the threads do. */
#ifndef CONTROL_STORE_PRIV_H
#define CONTROL_STORE_PRIV_H

#include "control/store_late.h"
#include "control/store_log.h"
#include "control/store_sql.h"

/* OP_WRITE goes by way of the log; the other writes straight into SQLite. */
enum op_type { OP_WRITE, OP_PUT, OP_DEL, OP_DEL_CALL, OP_FIND, OP_NOTES, OP_LIST, OP_SWEEP };

/* What the rare ones ask, and what comes of it. */
struct op_asked {
	const struct store_table *table;
	struct store_query query;
	struct store_filter filter;
	char *texts[8]; /* what query, filter and deletions borrow from */
	uint32_t limit;
	store_rows_fn rows_fn;
	store_notes_fn notes_fn;
	store_list_fn list_fn;
	struct call_row *rows;
	struct call_note *notes;
	void *list;
	size_t n;
	/* OP_SWEEP */
	struct store_keep keep;
	uint64_t gone;
	bool more;
};

struct op {
	struct op *next;
	enum op_type type;
	bool ok;
	struct store_rec *recs[2]; /* what is written, together; NULL: nothing, or taken by the threads */
	struct op_asked *asked;
	store_done_fn done;
	void *ctx;
	char *why; /* owned; NULL: all is well */
};

/* What one thread hands to the other: records that were promised, and operations that want SQLite behind them. */
struct store_parcel {
	struct store_parcel *next;
	uint64_t seq, at_ns;
	struct store_rec **recs;
	size_t n;
	struct op *ops;
};

/* Two threads, so that nobody waits for SQLite who wants a promise: one writes the log (store_promise.c), the other has
 * SQLite (store_work.c). */
struct store_work {
	struct store_log *log; /* the first one's, but for what store_log.h says */
	struct store_sql *sql; /* the second one's, as all that follows */
	struct store_late *late;
	bool open; /* a transaction of store_work_settle's, up to until_ns */
	bool open_durable;
	uint64_t until_ns;
	uint64_t pause_ns;          /* SQLite could not be written: not tried again before */
	uint64_t commits, failures; /* both threads', atomic */
};

void store_work_committed(struct store_work *w);
void store_work_failed(struct store_work *w);
/* op failed, for this reason. */
void store_work_refuse(struct store_work *w, struct op *op, const char *why);

/* First thread: write these (OP_WRITE all of them) to the log, fill in how it went. What was promised, to be given to
 * store_work_take; a list, NULL: nothing was. */
struct store_parcel *store_promise(struct store_work *w, struct op *first);

/* Open SQLite and the log, and put what the last run left in the log where it belongs. 0, or -1 with err. */
[[nodiscard]] int store_work_open(struct store_work *w, const char *path, char err[256]);
/* Everything into SQLite. Both threads have ended. */
void store_work_close(struct store_work *w);
/* Second thread: takes a parcel, does its operations and fills in how they went; they stay the caller's. */
void store_work_take(struct store_work *w, struct store_parcel *p);
/* Between two parcels: what has waited long enough goes into SQLite. */
void store_work_settle(struct store_work *w);
/* When the next settling is due, on loop_now_ns()'s clock; 0: never. */
uint64_t store_work_due(const struct store_work *w);

#endif
