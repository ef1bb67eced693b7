/* SPDX-License-Identifier: Apache-2.0 */
#include "control/store.h"

#include "control/mem.h"
#include "control/store_sql.h"
#include "control/store_sweep.h"
#include "control/store_table.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum op_type { OP_CALL, OP_NOTE, OP_PUT, OP_DEL, OP_DEL_CALL, OP_FIND, OP_NOTES, OP_LIST, OP_SWEEP };

struct op {
	struct op *next;
	enum op_type type;
	/* what to do */
	struct call_row row;
	struct call_note note;
	struct callback_row *owed; /* with the call, or NULL */
	const struct store_table *table;
	void *put; /* a row of table */
	struct store_query query;
	struct store_filter filter;
	char *texts[8]; /* what query, filter and deletions borrow from */
	char account_sid[35], call_sid[35];
	uint32_t limit;
	/* whom to tell */
	store_done_fn done;
	store_rows_fn rows_fn;
	store_notes_fn notes_fn;
	store_list_fn list_fn;
	void *ctx;
	/* how it went */
	bool ok;
	char why[160];
	struct call_row *rows;
	struct call_note *notes;
	void *list;
	size_t n;
	/* OP_SWEEP */
	struct store_keep keep;
	uint64_t gone;
	bool more;
};

struct store {
	struct loop *loop;
	struct store_sql *sql;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct op *first, **last; /* to do */
	struct op *finished, **finished_last;
	int fd; /* eventfd: something is finished */
	bool closing;
	uint32_t depth;
	uint64_t commits, failures;
	struct store_keep keep;
	struct loop_timer sweep;
	uint32_t yields;
	uint64_t swept;
};

/* ---- the queue ---- */

static void push(struct store *s, struct op *op)
{
	pthread_mutex_lock(&s->lock);
	*s->last = op;
	s->last = &op->next;
	s->depth++;
	pthread_cond_signal(&s->more);
	pthread_mutex_unlock(&s->lock);
}

static struct op *new_op(enum op_type type, void *ctx)
{
	struct op *op = mem_zalloc(sizeof *op);
	op->type = type;
	op->ctx = ctx;
	return op;
}

/* What belongs to the plain tables. */
static void free_plain(struct op *op)
{
	if (op->owed)
		store_table_fini(&store_callbacks, op->owed);
	if (op->put)
		store_table_fini(op->table, op->put);
	for (size_t i = 0; op->list && i < op->n; i++)
		store_table_fini(op->table, (char *)op->list + i * op->table->size);
	free(op->owed);
	free(op->put);
	free(op->list);
}

static void free_op(struct op *op)
{
	free_plain(op);
	if (op->type == OP_CALL)
		store_row_fini(&op->row);
	if (op->type == OP_NOTE)
		store_note_fini(&op->note);
	for (size_t i = 0; op->rows && i < op->n; i++)
		store_row_fini(&op->rows[i]);
	for (size_t i = 0; op->notes && i < op->n; i++)
		store_note_fini(&op->notes[i]);
	for (unsigned i = 0; i < sizeof op->texts / sizeof *op->texts; i++)
		free(op->texts[i]);
	free(op->rows);
	free(op->notes);
	free(op);
}

static void *row_copy(const struct store_table *t, const void *row)
{
	void *copy = mem_zalloc(t->size);
	store_table_copy(t, copy, row);
	return copy;
}

void store_put_call_with(
    struct store *s, const struct call_row *r, const struct callback_row *owed, store_done_fn done, void *ctx)
{
	struct op *op = new_op(OP_CALL, ctx);
	store_row_copy(&op->row, r);
	op->owed = owed ? row_copy(&store_callbacks, owed) : NULL;
	op->done = done;
	push(s, op);
}

void store_put_call(struct store *s, const struct call_row *r, store_done_fn done, void *ctx)
{
	store_put_call_with(s, r, NULL, done, ctx);
}

void store_put(struct store *s, const struct store_table *t, const void *row, store_done_fn done, void *ctx)
{
	struct op *op = new_op(OP_PUT, ctx);
	op->table = t;
	op->put = row_copy(t, row);
	op->done = done;
	push(s, op);
}

static void push_del(
    struct store *s, struct op *op, const char *account_sid, const char *key, store_done_fn done)
{
	op->texts[0] = mem_dup(account_sid);
	op->texts[1] = mem_dup(key);
	op->done = done;
	push(s, op);
}

void store_del(struct store *s, const struct store_table *t, const char *account_sid, const char *key,
    store_done_fn done, void *ctx)
{
	struct op *op = new_op(OP_DEL, ctx);
	op->table = t;
	push_del(s, op, account_sid, key, done);
}

void store_del_call(struct store *s, const char *account_sid, const char *sid, store_done_fn done, void *ctx)
{
	push_del(s, new_op(OP_DEL_CALL, ctx), account_sid, sid, done);
}

void store_list(
    struct store *s, const struct store_table *t, const struct store_filter *f, store_list_fn fn, void *ctx)
{
	struct op *op = new_op(OP_LIST, ctx);
	op->table = t;
	op->filter = *f;
	const char **texts[] = {&op->filter.account_sid, &op->filter.key, &op->filter.call_sid,
	    &op->filter.url, &op->filter.friendly_name};
	for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++)
		*texts[i] = op->texts[i] = mem_dup(*texts[i]);
	op->list_fn = fn;
	push(s, op);
}

void store_put_note(struct store *s, const struct call_note *n)
{
	struct op *op = new_op(OP_NOTE, NULL);
	store_note_copy(&op->note, n);
	push(s, op);
}

void store_find(struct store *s, const struct store_query *q, store_rows_fn fn, void *ctx)
{
	struct op *op = new_op(OP_FIND, ctx);
	op->query = *q;
	const char **texts[] = {&op->query.account_sid, &op->query.sid, &op->query.to, &op->query.from,
	    &op->query.parent_sid, &op->query.status};
	for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++)
		*texts[i] = op->texts[i] = mem_dup(*texts[i]);
	op->rows_fn = fn;
	push(s, op);
}

void store_notes(struct store *s, const char *account_sid, const char *call_sid, uint32_t limit,
    store_notes_fn fn, void *ctx)
{
	struct op *op = new_op(OP_NOTES, ctx);
	op->texts[0] = mem_dup(account_sid);
	op->texts[1] = mem_dup(call_sid);
	op->limit = limit;
	op->notes_fn = fn;
	push(s, op);
}

/* ---- back on the loop ---- */

static void swept(struct store *s, const struct op *op);

static void tell(struct store *s, struct op *op)
{
	if (op->type == OP_SWEEP)
		swept(s, op);
	if (op->done)
		op->done(op->ctx, op->ok, op->why);
	if (op->rows_fn)
		op->rows_fn(op->ctx, op->rows, op->n, op->ok, op->why);
	if (op->notes_fn)
		op->notes_fn(op->ctx, op->notes, op->n, op->ok, op->why);
	if (op->list_fn)
		op->list_fn(op->ctx, op->list, op->n, op->ok, op->why);
}

static void deliver(struct store *s)
{
	pthread_mutex_lock(&s->lock);
	struct op *op = s->finished;
	s->finished = NULL;
	s->finished_last = &s->finished;
	pthread_mutex_unlock(&s->lock);
	for (struct op *next; op; op = next) {
		next = op->next;
		tell(s, op);
		free_op(op);
	}
}

static void on_finished(void *ctx, int fd, uint32_t revents)
{
	uint64_t n;
	ssize_t got = read(fd, &n, sizeof n);
	(void)got;
	deliver(ctx);
}

/* ---- old rows ---- */

#define SWEEP_NS     60000000000u /* between two looks */
#define SWEEP_ON_NS  20000000u    /* while there is more: others come in between */
#define SWEEP_BUSY   64           /* operations that wait: they come first, for a second */
#define SWEEP_YIELDS 50

static bool keeps_all(const struct store_keep *k)
{
	return !k->calls_s && !k->events_s && !k->notes_s;
}

static void on_sweep(void *ctx, struct loop_timer *t)
{
	struct store *s = ctx;
	if (store_queue_depth(s) > SWEEP_BUSY && s->yields++ < SWEEP_YIELDS) {
		loop_timer_arm(s->loop, t, loop_now_ns() + SWEEP_ON_NS);
		return;
	}
	s->yields = 0;
	struct op *op = new_op(OP_SWEEP, s);
	op->keep = s->keep;
	push(s, op);
}

static void swept(struct store *s, const struct op *op)
{
	s->swept += op->gone;
	if (!s->closing && !keeps_all(&s->keep))
		loop_timer_arm(s->loop, &s->sweep, loop_now_ns() + (op->more ? SWEEP_ON_NS : SWEEP_NS));
}

void store_keep(struct store *s, const struct store_keep *k)
{
	s->keep = *k;
	s->sweep.fn = on_sweep;
	s->sweep.ctx = s;
	if (keeps_all(k))
		loop_timer_cancel(s->loop, &s->sweep);
	else
		loop_timer_arm(s->loop, &s->sweep, loop_now_ns() + SWEEP_ON_NS);
}

uint64_t store_swept(const struct store *s)
{
	return s->swept;
}

/* ---- the thread ---- */

static bool is_write(const struct op *op)
{
	return op->type < OP_FIND;
}

static int write_call(struct store *s, const struct op *op)
{
	int rc = store_sql_put_call(s->sql, &op->row);
	return rc == 0 && op->owed ? store_sql_put_row(s->sql, &store_callbacks, op->owed) : rc;
}

static int write_op(struct store *s, const struct op *op)
{
	switch (op->type) {
	case OP_CALL:
		return write_call(s, op);
	case OP_NOTE:
		return store_sql_put_note(s->sql, &op->note);
	case OP_PUT:
		return store_sql_put_row(s->sql, op->table, op->put);
	case OP_DEL:
		return store_table_del(store_sql_db(s->sql), op->table->name, op->table->columns[0].name,
		    op->texts[0], op->texts[1]);
	case OP_DEL_CALL:
		return store_sql_del_call(s->sql, op->texts[0], op->texts[1]);
	default:
		return -1;
	}
}

/* first … before end, in one transaction. Failure leaves nothing written and the reason in why. */
static int write_group(struct store *s, struct op *first, const struct op *end, char why[160])
{
	int rc = store_sql_begin(s->sql);
	for (struct op *op = first; rc == 0 && op != end; op = op->next)
		if (is_write(op))
			rc = write_op(s, op);
	if (rc == 0)
		rc = store_sql_commit(s->sql);
	if (rc == 0) {
		__atomic_add_fetch(&s->commits, 1, __ATOMIC_RELAXED);
		return 0;
	}
	snprintf(why, 160, "%s", store_sql_why(s->sql));
	store_sql_rollback(s->sql);
	return -1;
}

/* A group that fails is tried one by one, so that a single bad write does not take the others with it. */
static void write_all(struct store *s, struct op *first)
{
	char why[160];
	bool ok = write_group(s, first, NULL, why) == 0;
	for (struct op *op = first; op; op = op->next) {
		if (!is_write(op))
			continue;
		op->ok = ok || write_group(s, op, op->next, op->why) == 0;
		if (!op->ok)
			__atomic_add_fetch(&s->failures, 1, __ATOMIC_RELAXED);
	}
}

static void read_op(struct store *s, struct op *op)
{
	int rc = op->type == OP_SWEEP
	             ? store_sweep(store_sql_db(s->sql), &op->keep, loop_wall_ms(), &op->gone, &op->more)
	         : op->type == OP_FIND ? store_sql_find(s->sql, &op->query, &op->rows, &op->n)
	         : op->type == OP_NOTES
	             ? store_sql_notes(s->sql, op->texts[0], op->texts[1], op->limit, &op->notes, &op->n)
	             : store_table_list(store_sql_db(s->sql), op->table, &op->filter, &op->list, &op->n);
	op->ok = rc == 0;
	if (rc < 0)
		snprintf(op->why, sizeof op->why, "%s", store_sql_why(s->sql));
}

/* Writes first: a read then sees everything that was asked for before it. */
static void run_ops(struct store *s, struct op *first)
{
	bool writes = false;
	for (struct op *op = first; op; op = op->next)
		writes |= is_write(op);
	if (writes)
		write_all(s, first);
	for (struct op *op = first; op; op = op->next)
		if (!is_write(op))
			read_op(s, op);
}

static struct op *take(struct store *s, uint32_t *n)
{
	pthread_mutex_lock(&s->lock);
	while (!s->first && !s->closing)
		pthread_cond_wait(&s->more, &s->lock);
	struct op *first = s->first;
	*n = s->depth;
	s->first = NULL;
	s->last = &s->first;
	pthread_mutex_unlock(&s->lock);
	return first;
}

static void hand_back(struct store *s, struct op *first, uint32_t n)
{
	uint64_t one = 1;
	struct op **last = &first->next;
	while (*last)
		last = &(*last)->next;
	pthread_mutex_lock(&s->lock);
	s->depth -= n;
	*s->finished_last = first;
	s->finished_last = last;
	pthread_mutex_unlock(&s->lock);
	ssize_t put = write(s->fd, &one, sizeof one);
	(void)put; /* full means readable */
}

static void *work(void *arg)
{
	struct store *s = arg;
	uint32_t n;
	for (struct op *first; (first = take(s, &n));) {
		run_ops(s, first);
		hand_back(s, first, n);
	}
	return NULL;
}

/* ---- life ---- */

/* The thread takes no signals: they are the loop's. */
static int start_thread(struct store *s)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int rc = pthread_create(&s->thread, NULL, work, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

static void free_store(struct store *s)
{
	if (s->fd >= 0)
		close(s->fd);
	store_sql_close(s->sql);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->more);
	free(s);
}

struct store *store_open(struct loop *l, const char *path, char err[256])
{
	struct store_sql *sql = store_sql_open(path, err);
	if (!sql)
		return NULL;
	struct store *s = mem_zalloc(sizeof *s);
	s->loop = l;
	s->sql = sql;
	s->last = &s->first;
	s->finished_last = &s->finished;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->more, NULL);
	s->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int rc = s->fd < 0 ? errno : start_thread(s);
	if (rc == 0) {
		loop_fd(l, s->fd, POLLIN, on_finished, s);
		return s;
	}
	snprintf(err, 256, "no thread for the store: %s", strerror(rc));
	free_store(s);
	return NULL;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->closing = true;
	pthread_cond_signal(&s->more);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	loop_timer_cancel(s->loop, &s->sweep);
	loop_fd(s->loop, s->fd, 0, NULL, NULL);
	deliver(s);
	free_store(s);
}

uint32_t store_queue_depth(const struct store *s)
{
	return __atomic_load_n(&s->depth, __ATOMIC_RELAXED);
}

uint64_t store_commits(const struct store *s)
{
	return __atomic_load_n(&s->commits, __ATOMIC_RELAXED);
}

uint64_t store_failures(const struct store *s)
{
	return __atomic_load_n(&s->failures, __ATOMIC_RELAXED);
}
