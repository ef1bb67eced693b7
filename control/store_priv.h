/* SPDX-License-Identifier: Apache-2.0 */
/* Between store.c (the loop's side: what is asked and answered) and store_work.c (the thread's side). */
#ifndef CONTROL_STORE_PRIV_H
#define CONTROL_STORE_PRIV_H

#include "control/store_late.h"
#include "control/store_log.h"
#include "control/store_sql.h"

/* OP_WRITE goes by way of the log; the other writes straight into SQLite. OP_REFUSED: nothing to do any more. */
enum op_type { OP_REFUSED, OP_WRITE, OP_PUT, OP_DEL, OP_DEL_CALL, OP_FIND, OP_NOTES, OP_LIST, OP_SWEEP };

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
	struct store_rec *recs[2]; /* what is written, together; NULL: nothing, or taken by the thread */
	struct op_asked *asked;
	store_done_fn done;
	void *ctx;
	char *why; /* owned; NULL: all is well */
};

/* What the thread works with. */
struct store_work {
	struct store_sql *sql;
	struct store_log *log;
	struct store_late *late;
	bool open; /* a transaction of store_work_settle's, up to until_ns */
	bool open_durable;
	uint64_t until_ns;
	uint64_t pause_ns;        /* SQLite could not be written: not tried again before */
	struct store_rec **group; /* the records of one run */
	size_t group_cap;
	uint64_t commits, failures;
};

/* Open SQLite and the log, and put what the last run left in the log where it belongs. 0, or -1 with err. */
[[nodiscard]] int store_work_open(struct store_work *w, const char *path, char err[256]);
/* Everything into SQLite. */
void store_work_close(struct store_work *w);
/* Do these, fill in how it went. */
void store_work_run(struct store_work *w, struct op *first);
/* Between two runs: what has waited long enough goes into SQLite. */
void store_work_settle(struct store_work *w);
/* When the next settling is due, on loop_now_ns()'s clock; 0: never. */
uint64_t store_work_due(const struct store_work *w);

#endif
