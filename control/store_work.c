/* SPDX-License-Identifier: Apache-2.0 */
#include "control/store_priv.h"

#include "control/mem.h"
#include "control/store_sweep.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LATE_NS      (1000 * UINT64_C(1000000)) /* how long a row waits for what outdates it */
#define BATCH_NS     (250 * UINT64_C(1000000))  /* what comes so close together shares a transaction */
#define YIELD_NS     (500 * UINT64_C(1000000))  /* how long after it is due it lets others go first */
#define SLICE        64                         /* rows between two looks at what is asked meanwhile */
#define PAUSE_NS     (1000 * UINT64_C(1000000)) /* after SQLite could not be written */
#define UNLOGGED_MAX (64u << 20)                /* what waits and may be lost: beyond it is */
#define LATE_MAX     500000                     /* records that wait */

static bool is_read(const struct op *op)
{
	return op->type >= OP_FIND;
}

void store_work_failed(struct store_work *w)
{
	__atomic_add_fetch(&w->failures, 1, __ATOMIC_RELAXED);
}

void store_work_committed(struct store_work *w)
{
	__atomic_add_fetch(&w->commits, 1, __ATOMIC_RELAXED);
}

void store_work_refuse(struct store_work *w, struct op *op, const char *why)
{
	op->ok = false;
	if (!op->why)
		op->why = mem_dup(why);
	store_work_failed(w);
}

/* ---- into SQLite ---- */

static int put_row(struct store_work *w, const struct store_table *t, const union store_any *row)
{
	if (t == &store_call_rows)
		return store_sql_put_call(w->sql, &row->call);
	if (t == &store_note_rows)
		return store_sql_put_note(w->sql, &row->note);
	return store_sql_put_row(w->sql, t, row);
}

static int write_rec(void *ctx, const struct store_rec *r)
{
	struct store_work *w = ctx;
	union store_any row;
	int rc = store_rec_read(r, &row);
	if (rc == 0)
		rc = store_rec_what(r) == STORE_REC_PUT ? put_row(w, r->table, &row)
		                                        : store_sql_del_callback(w->sql, &row.callback);
	return rc;
}

/* What waited was promised already: one row that cannot be there must not keep the others out. */
static int write_late(void *ctx, const struct store_rec *r)
{
	struct store_work *w = ctx;
	int rc = write_rec(w, r);
	if (rc == 0 || !store_sql_skip(w->sql))
		return rc;
	store_work_failed(w);
	return 0;
}

/* ---- what waits ---- */

static int commit_given(struct store_work *w, uint64_t seq, bool durable)
{
	int rc = seq ? store_sql_applied(w->sql, seq) : 0;
	if (rc == 0)
		rc = store_sql_commit(w->sql);
	if (rc < 0)
		return rc;
	store_late_drop(w->late);
	if (durable)
		store_log_applied(w->log, seq);
	return 0;
}

static void undo(struct store_work *w)
{
	store_sql_rollback(w->sql);
	store_late_rewind(w->late);
	w->open = false;
}

/* Go on with the transaction that is open. 1: not through. */
static int proceed(struct store_work *w, unsigned max)
{
	uint64_t seq;
	int rc = store_late_give(w->late, w->until_ns, max, write_late, w, &seq);
	if (rc == 0)
		rc = commit_given(w, seq, w->open_durable);
	w->open = rc == 1;
	if (rc < 0)
		undo(w);
	return rc;
}

static int begin(struct store_work *w, uint64_t until_ns, bool durable)
{
	int rc = store_sql_begin(w->sql, durable);
	if (rc < 0)
		undo(w);
	w->open = rc == 0;
	w->open_durable = durable;
	w->until_ns = until_ns;
	return rc;
}

static void pause_settling(struct store_work *w)
{
	store_work_failed(w);
	w->pause_ns = loop_now_ns() + PAUSE_NS;
}

/* Before SQLite is used for something else. */
static void finish_settling(struct store_work *w)
{
	if (w->open && proceed(w, UINT32_MAX) < 0)
		pause_settling(w);
}

static int flush(struct store_work *w, bool durable)
{
	finish_settling(w);
	int rc = begin(w, UINT64_MAX, durable);
	return rc < 0 ? rc : proceed(w, UINT32_MAX);
}

static uint64_t due_ns(const struct store_work *w)
{
	uint64_t since = store_late_since(w->late);
	return since ? since + LATE_NS + BATCH_NS : 0;
}

uint64_t store_work_due(const struct store_work *w)
{
	uint64_t due = due_ns(w);
	if (w->open)
		return 1; /* at once */
	return !due || due > w->pause_ns ? due : w->pause_ns;
}

void store_work_settle(struct store_work *w)
{
	uint64_t now = loop_now_ns(), due = store_work_due(w);
	int rc = 0;
	if (!due || now < due)
		return;
	if (!w->open)
		rc = begin(w, now - LATE_NS, store_log_crowded(w->log));
	if (rc == 0)
		rc = proceed(w, SLICE);
	if (rc < 0)
		pause_settling(w);
	/* The other threads may share our CPU, and those they work for wait. Not for ever. */
	if (now < due_ns(w) + YIELD_NS)
		sched_yield();
}

/* ---- straight into SQLite ---- */

static int write_op(struct store_work *w, const struct op *op)
{
	const struct op_asked *a = op->asked;
	switch (op->type) {
	case OP_PUT:
		return write_rec(w, op->recs[0]);
	case OP_DEL:
		return store_table_del(store_sql_db(w->sql), a->table->name, a->table->columns[0].name,
		    a->texts[0], a->texts[1]);
	case OP_DEL_CALL:
		return store_sql_del_call(w->sql, a->texts[0], a->texts[1]);
	default:
		return -1;
	}
}

/* What waits, then first … before end, in one transaction. Failure leaves nothing written and the reason in why. */
static int write_group(struct store_work *w, struct op *first, const struct op *end, char why[160])
{
	uint64_t seq = 0;
	int rc = store_sql_begin(w->sql, true);
	if (rc == 0)
		rc = store_late_give(w->late, UINT64_MAX, UINT32_MAX, write_late, w, &seq);
	for (struct op *op = first; rc == 0 && op != end; op = op->next)
		if (!is_read(op))
			rc = write_op(w, op);
	if (rc == 0)
		rc = commit_given(w, seq, true);
	if (rc == 0) {
		store_work_committed(w);
		return 0;
	}
	snprintf(why, 160, "%s", store_sql_why(w->sql));
	undo(w);
	return -1;
}

/* A group that fails is tried one by one, so that a single bad write does not take the others with it. */
static void write_all(struct store_work *w, struct op *first)
{
	char why[160];
	finish_settling(w);
	bool ok = write_group(w, first, NULL, why) == 0;
	for (struct op *op = first; op; op = op->next) {
		if (is_read(op))
			continue;
		op->ok = ok || write_group(w, op, op->next, why) == 0;
		if (!op->ok)
			store_work_refuse(w, op, why);
	}
}

/* ---- reading ---- */

static void read_op(struct store_work *w, struct op *op)
{
	struct op_asked *a = op->asked;
	int rc = op->type == OP_SWEEP
	             ? store_sweep(store_sql_db(w->sql), &a->keep, loop_wall_ms(), &a->gone, &a->more)
	         : op->type == OP_FIND ? store_sql_find(w->sql, &a->query, &a->rows, &a->n)
	         : op->type == OP_NOTES
	             ? store_sql_notes(w->sql, a->texts[0], a->texts[1], a->limit, &a->notes, &a->n)
	             : store_table_list(store_sql_db(w->sql), a->table, &a->filter, &a->list, &a->n);
	op->ok = rc == 0;
	if (rc < 0)
		op->why = mem_dup(store_sql_why(w->sql));
}

/* One call by its SID does not need SQLite when its newest row waits here. */
static bool read_waiting(struct store_work *w, struct op *op)
{
	union store_any row;
	struct op_asked *a = op->asked;
	const struct store_rec *r = op->type == OP_FIND && a->query.sid
	                                ? store_late_find(w->late, &store_call_rows, a->query.sid)
	                                : NULL;
	if (!r || store_rec_read(r, &row) < 0)
		return false;
	op->ok = true;
	if (a->query.account_sid && strcmp(row.call.account_sid, a->query.account_sid) != 0)
		return true;
	a->rows = mem_zalloc(sizeof *a->rows);
	store_row_copy(a->rows, &row.call);
	a->n = 1;
	return true;
}

static bool by_sid_alone(const struct op *op)
{
	return op->type == OP_FIND && op->asked->query.sid;
}

/* What waits goes into SQLite first; when that has no room, only for as long as is read. */
static void read_all(struct store_work *w, struct op *first)
{
	uint64_t seq;
	bool only_read = false, flushed = !store_late_since(w->late);
	for (struct op *op = first; op; op = op->next) {
		if (!is_read(op) || read_waiting(w, op))
			continue;
		if (!flushed && !by_sid_alone(op)) {
			flushed = true;
			only_read = flush(w, false) < 0 && store_sql_begin(w->sql, false) == 0;
			if (only_read &&
			    store_late_give(w->late, UINT64_MAX, UINT32_MAX, write_late, w, &seq) < 0)
				store_work_failed(w);
		}
		if (!only_read || op->type != OP_SWEEP) /* nothing can be written now */
			read_op(w, op);
	}
	if (only_read)
		undo(w);
}

/* ---- parcels ---- */

/* Nobody waits for what may be lost; there must only not be too much of it. */
static void drop_unlogged(struct store_work *w, struct store_parcel *p)
{
	size_t kept = 0;
	if (store_late_unlogged(w->late) < UNLOGGED_MAX)
		return;
	for (size_t i = 0; i < p->n; i++) {
		if (!p->recs[i]->table->lazy) {
			p->recs[kept++] = p->recs[i];
			continue;
		}
		free(p->recs[i]);
		store_work_failed(w);
	}
	p->n = kept;
}

static void run_ops(struct store_work *w, struct op *first)
{
	bool writes = false, reads = false;
	for (struct op *op = first; op; op = op->next) {
		writes |= !is_read(op);
		reads |= is_read(op);
	}
	/* Writes first: a read then sees everything that was asked for before it. */
	if (writes)
		write_all(w, first);
	if (reads)
		read_all(w, first);
}

void store_work_take(struct store_work *w, struct store_parcel *p)
{
	drop_unlogged(w, p);
	store_late_add(w->late, p->recs, p->n, p->seq, p->at_ns);
	free(p->recs);
	p->recs = NULL;
	p->n = 0;
	/* SQLite is slower than what comes: whoever brings it waits. */
	if (store_late_count(w->late) > LATE_MAX && flush(w, false) < 0)
		pause_settling(w);
	run_ops(w, p->ops);
}

/* ---- life ---- */

static int open_log(struct store_work *w, const char *path, char err[256])
{
	uint64_t identity = 0, applied = 0, seq = 0;
	char why[256];
	if (store_sql_log_state(w->sql, &identity, &applied) < 0 || store_sql_begin(w->sql, true) < 0) {
		snprintf(err, 256, "store %.100s: %.140s", path, store_sql_why(w->sql));
		return -1;
	}
	w->log = store_log_open(path, identity, applied, write_late, w, &seq, why);
	if (!w->log) {
		store_sql_rollback(w->sql);
		snprintf(err, 256, "store %.100s: %.140s", path, why);
		return -1;
	}
	if (store_sql_applied(w->sql, seq) == 0 && store_sql_commit(w->sql) == 0) {
		store_log_applied(w->log, seq);
		return 0;
	}
	snprintf(err, 256, "store %.100s: %.140s", path, store_sql_why(w->sql));
	return -1;
}

int store_work_open(struct store_work *w, const char *path, char err[256])
{
	w->sql = store_sql_open(path, err);
	if (!w->sql)
		return -1;
	w->late = store_late_new();
	return open_log(w, path, err);
}

void store_work_close(struct store_work *w)
{
	bool empty = false;
	if (w->log && w->late)
		empty = flush(w, true) == 0;
	store_log_close(w->log, empty);
	store_late_free(w->late);
	if (w->sql)
		store_sql_close(w->sql);
}
