/* SPDX-License-Identifier: Apache-2.0 */
#include "control/store.h"

#include "control/mem.h"
#include "control/store_priv.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct store {
	struct loop *loop;
	struct store_work work; /* the threads', but for its counters */
	pthread_t threads[2];
	pthread_mutex_t lock;
	pthread_cond_t more, parcel, room;
	struct op *first, **last;                     /* to do */
	struct store_parcel *parcels, **parcels_last; /* from the first thread to the second */
	uint32_t n_parcels;
	bool promised_all; /* no more of them */
	struct op *finished, **finished_last;
	int fd; /* eventfd: something is finished */
	bool closing;
	uint32_t depth;
	struct store_keep keep;
	struct loop_timer sweep;
	uint32_t yields;
	uint64_t swept;
};

/* ---- the queue ---- */

static void push(struct store *s, struct op *op)
{
	pthread_mutex_lock(&s->lock);
	bool wake = !s->first;
	*s->last = op;
	s->last = &op->next;
	s->depth++;
	pthread_mutex_unlock(&s->lock);
	if (wake)
		pthread_cond_signal(&s->more);
}

static struct op *new_op(enum op_type type, store_done_fn done, void *ctx)
{
	struct op *op = mem_zalloc(sizeof *op);
	op->type = type;
	op->done = done;
	op->ctx = ctx;
	return op;
}

static struct op *new_asking(enum op_type type, const struct store_table *t, void *ctx)
{
	struct op *op = new_op(type, NULL, ctx);
	op->asked = mem_zalloc(sizeof *op->asked);
	op->asked->table = t;
	return op;
}

static void free_asked(struct op_asked *a)
{
	for (size_t i = 0; a->list && i < a->n; i++)
		store_table_fini(a->table, (char *)a->list + i * a->table->size);
	for (size_t i = 0; a->rows && i < a->n; i++)
		store_row_fini(&a->rows[i]);
	for (size_t i = 0; a->notes && i < a->n; i++)
		store_note_fini(&a->notes[i]);
	for (unsigned i = 0; i < sizeof a->texts / sizeof *a->texts; i++)
		free(a->texts[i]);
	free(a->list);
	free(a->rows);
	free(a->notes);
	free(a);
}

static void free_op(struct op *op)
{
	if (op->asked)
		free_asked(op->asked);
	free(op->recs[0]);
	free(op->recs[1]);
	free(op->why);
	free(op);
}

/* ---- writing ---- */

void store_put_call_with(
    struct store *s, const struct call_row *r, const struct callback_row *owed, store_done_fn done, void *ctx)
{
	struct op *op = new_op(OP_WRITE, done, ctx);
	op->recs[0] = store_rec_new(&store_call_rows, STORE_REC_PUT, r);
	op->recs[1] = owed ? store_rec_new(&store_callbacks, STORE_REC_PUT, owed) : NULL;
	push(s, op);
}

void store_put_call(struct store *s, const struct call_row *r, store_done_fn done, void *ctx)
{
	store_put_call_with(s, r, NULL, done, ctx);
}

void store_put_note(struct store *s, const struct call_note *n)
{
	struct op *op = new_op(OP_WRITE, NULL, NULL);
	op->recs[0] = store_rec_new(&store_note_rows, STORE_REC_PUT, n);
	push(s, op);
}

/* Rare tables need no log. */
static enum op_type way_of(const struct store_table *t, enum op_type direct)
{
	return t == &store_callbacks || t->lazy ? OP_WRITE : direct;
}

void store_put(struct store *s, const struct store_table *t, const void *row, store_done_fn done, void *ctx)
{
	struct op *op = new_op(way_of(t, OP_PUT), done, ctx);
	op->recs[0] = store_rec_new(t, STORE_REC_PUT, row);
	push(s, op);
}

static void push_del(
    struct store *s, struct op *op, const char *account_sid, const char *key, store_done_fn done)
{
	op->asked->texts[0] = mem_dup(account_sid);
	op->asked->texts[1] = mem_dup(key);
	op->done = done;
	push(s, op);
}

static void del_callback(
    struct store *s, const char *account_sid, const char *token, store_done_fn done, void *ctx)
{
	struct op *op = new_op(OP_WRITE, done, ctx);
	struct callback_row row = {.token = token};
	snprintf(row.account_sid, sizeof row.account_sid, "%s", account_sid);
	op->recs[0] = store_rec_new(&store_callbacks, STORE_REC_DEL, &row);
	push(s, op);
}

void store_del(struct store *s, const struct store_table *t, const char *account_sid, const char *key,
    store_done_fn done, void *ctx)
{
	if (t == &store_callbacks)
		del_callback(s, account_sid, key, done, ctx);
	else
		push_del(s, new_asking(OP_DEL, t, ctx), account_sid, key, done);
}

void store_del_call(struct store *s, const char *account_sid, const char *sid, store_done_fn done, void *ctx)
{
	push_del(s, new_asking(OP_DEL_CALL, NULL, ctx), account_sid, sid, done);
}

/* ---- reading ---- */

void store_list(
    struct store *s, const struct store_table *t, const struct store_filter *f, store_list_fn fn, void *ctx)
{
	struct op *op = new_asking(OP_LIST, t, ctx);
	struct op_asked *a = op->asked;
	a->filter = *f;
	const char **texts[] = {&a->filter.account_sid, &a->filter.key, &a->filter.call_sid, &a->filter.url,
	    &a->filter.friendly_name};
	for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++)
		*texts[i] = a->texts[i] = mem_dup(*texts[i]);
	a->list_fn = fn;
	push(s, op);
}

void store_find(struct store *s, const struct store_query *q, store_rows_fn fn, void *ctx)
{
	struct op *op = new_asking(OP_FIND, NULL, ctx);
	struct op_asked *a = op->asked;
	a->query = *q;
	const char **texts[] = {&a->query.account_sid, &a->query.sid, &a->query.to, &a->query.from,
	    &a->query.parent_sid, &a->query.status};
	for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++)
		*texts[i] = a->texts[i] = mem_dup(*texts[i]);
	a->rows_fn = fn;
	push(s, op);
}

void store_notes(struct store *s, const char *account_sid, const char *call_sid, uint32_t limit,
    store_notes_fn fn, void *ctx)
{
	struct op *op = new_asking(OP_NOTES, NULL, ctx);
	op->asked->texts[0] = mem_dup(account_sid);
	op->asked->texts[1] = mem_dup(call_sid);
	op->asked->limit = limit;
	op->asked->notes_fn = fn;
	push(s, op);
}

/* ---- back on the loop ---- */

static void swept(struct store *s, const struct op_asked *a);

static void tell(struct store *s, struct op *op)
{
	const struct op_asked *a = op->asked;
	if (op->type == OP_SWEEP)
		swept(s, a);
	if (op->done)
		op->done(op->ctx, op->ok, op->why);
	if (a && a->rows_fn)
		a->rows_fn(op->ctx, a->rows, a->n, op->ok, op->why);
	if (a && a->notes_fn)
		a->notes_fn(op->ctx, a->notes, a->n, op->ok, op->why);
	if (a && a->list_fn)
		a->list_fn(op->ctx, a->list, a->n, op->ok, op->why);
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
	struct op *op = new_asking(OP_SWEEP, NULL, s);
	op->asked->keep = s->keep;
	push(s, op);
}

static void swept(struct store *s, const struct op_asked *a)
{
	s->swept += a->gone;
	if (!s->closing && !keeps_all(&s->keep))
		loop_timer_arm(s->loop, &s->sweep, loop_now_ns() + (a->more ? SWEEP_ON_NS : SWEEP_NS));
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

/* ---- the threads ---- */

#define PARCELS_MAX 256 /* that wait for the second thread: then the first one does */

static void hand_back(struct store *s, struct op *first)
{
	uint64_t one = 1;
	uint32_t n = 1;
	if (!first)
		return;
	struct op **last = &first->next;
	for (; *last; last = &(*last)->next)
		n++;
	pthread_mutex_lock(&s->lock);
	bool wake = !s->finished;
	s->depth -= n;
	*s->finished_last = first;
	s->finished_last = last;
	pthread_mutex_unlock(&s->lock);
	ssize_t put = wake ? write(s->fd, &one, sizeof one) : 0;
	(void)put; /* full means readable */
}

/* What there is to do; NULL: the store closes. */
static struct op *take(struct store *s)
{
	pthread_mutex_lock(&s->lock);
	while (!s->first && !s->closing)
		pthread_cond_wait(&s->more, &s->lock);
	struct op *first = s->first;
	s->first = NULL;
	s->last = &s->first;
	pthread_mutex_unlock(&s->lock);
	return first;
}

static void pass_on(struct store *s, struct store_parcel *p)
{
	struct store_parcel **last = &p->next;
	while (*last)
		last = &(*last)->next;
	pthread_mutex_lock(&s->lock);
	while (s->n_parcels >= PARCELS_MAX)
		pthread_cond_wait(&s->room, &s->lock);
	*s->parcels_last = p;
	s->parcels_last = last;
	for (; p; p = p->next)
		s->n_parcels++;
	pthread_mutex_unlock(&s->lock);
	pthread_cond_signal(&s->parcel);
}

/* Take those that go by way of the log out of the list. */
static struct op *split(struct op **list)
{
	struct op *writes = NULL, **last = &writes, **at = list;
	while (*at) {
		struct op *op = *at;
		if (op->type != OP_WRITE) {
			at = &op->next;
			continue;
		}
		*at = op->next;
		op->next = NULL;
		*last = op;
		last = &op->next;
	}
	return writes;
}

/* First thread: what is asked together is promised together. */
static void *promise(void *arg)
{
	struct store *s = arg;
	for (struct op *rest; (rest = take(s));) {
		struct op *writes = split(&rest);
		struct store_parcel *p = writes ? store_promise(&s->work, writes) : NULL, **last = &p;
		hand_back(s, writes);
		while (*last)
			last = &(*last)->next;
		if (rest) {
			*last = mem_zalloc(sizeof **last);
			(*last)->ops = rest;
		}
		if (p)
			pass_on(s, p);
	}
	return NULL;
}

static void wait_until(struct store *s, uint64_t due_ns)
{
	struct timespec t = {(time_t)(due_ns / 1000000000u), (long)(due_ns % 1000000000u)};
	if (due_ns)
		pthread_cond_timedwait(&s->parcel, &s->lock, &t);
	else
		pthread_cond_wait(&s->parcel, &s->lock);
}

/* The parcels, or NULL when something is due without one, or there will be none (*over). */
static struct store_parcel *take_parcels(struct store *s, bool *over)
{
	uint64_t due = store_work_due(&s->work);
	pthread_mutex_lock(&s->lock);
	while (!s->parcels && !s->promised_all && (!due || loop_now_ns() < due))
		wait_until(s, due);
	struct store_parcel *p = s->parcels;
	*over = !p && s->promised_all;
	s->parcels = NULL;
	s->parcels_last = &s->parcels;
	s->n_parcels = 0;
	pthread_mutex_unlock(&s->lock);
	pthread_cond_signal(&s->room);
	return p;
}

/* Second thread: SQLite. */
static void *keep(void *arg)
{
	struct store *s = arg;
	for (bool over = false; !over;) {
		struct store_parcel *p = take_parcels(s, &over);
		for (struct store_parcel *next; p; p = next) {
			next = p->next;
			store_work_take(&s->work, p);
			hand_back(s, p->ops);
			free(p);
		}
		store_work_settle(&s->work);
	}
	return NULL;
}

/* ---- life ---- */

static void end_promises(struct store *s)
{
	pthread_mutex_lock(&s->lock);
	s->closing = true;
	pthread_cond_signal(&s->more);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->threads[0], NULL);
}

static void end_keeping(struct store *s)
{
	pthread_mutex_lock(&s->lock);
	s->promised_all = true;
	pthread_cond_signal(&s->parcel);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->threads[1], NULL);
}

/* The threads take no signals: they are the loop's. */
static int start_threads(struct store *s)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int rc = pthread_create(&s->threads[0], NULL, promise, s);
	if (rc == 0 && (rc = pthread_create(&s->threads[1], NULL, keep, s)) != 0)
		end_promises(s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

static void free_store(struct store *s)
{
	if (s->fd >= 0)
		close(s->fd);
	store_work_close(&s->work);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->more);
	pthread_cond_destroy(&s->parcel);
	pthread_cond_destroy(&s->room);
	free(s);
}

static void init_lock(struct store *s)
{
	pthread_condattr_t clock;
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC); /* loop_now_ns()'s */
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->more, NULL);
	pthread_cond_init(&s->parcel, &clock);
	pthread_cond_init(&s->room, NULL);
	pthread_condattr_destroy(&clock);
}

struct store *store_open(struct loop *l, const char *path, char err[256])
{
	struct store *s = mem_zalloc(sizeof *s);
	s->loop = l;
	s->fd = -1;
	s->last = &s->first;
	s->parcels_last = &s->parcels;
	s->finished_last = &s->finished;
	init_lock(s);
	if (store_work_open(&s->work, path, err) < 0) {
		free_store(s);
		return NULL;
	}
	s->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int rc = s->fd < 0 ? errno : start_threads(s);
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
	end_promises(s);
	end_keeping(s);
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
	return __atomic_load_n(&s->work.commits, __ATOMIC_RELAXED);
}

uint64_t store_failures(const struct store *s)
{
	return __atomic_load_n(&s->work.failures, __ATOMIC_RELAXED);
}
