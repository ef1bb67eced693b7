/* SPDX-License-Identifier: Apache-2.0 */
#include "control/loop.h"

#include "control/loop_heap.h"
#include "control/mem.h"

#include <assert.h>
#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define SQ_ENTRIES 512
#define CQE_BATCH  256
#define HOOKS_MAX  8
#define IGNORED    UINT64_MAX /* user data of requests whose result nobody wants */

/* One file descriptor. A poll request is one-shot and armed again at the end of the turn, which makes it
 * level-triggered and costs no system call of its own: it goes in with the wait. */
struct watch {
	loop_fd_fn fn;
	void *ctx;
	uint32_t events; /* wanted; 0: no watch */
	uint32_t armed;  /* bits of the request the kernel holds; 0: none */
	uint32_t gen;    /* tells a late completion of an earlier watch from ours */
	bool dirty;      /* listed for arming */
};

struct post {
	struct post *next;
	void (*fn)(void *ctx);
	void *ctx;
};

struct loop {
	struct io_uring ring;
	struct watch *watches; /* by fd */
	int n_watches;
	int *dirty;
	int n_dirty, dirty_cap;
	struct loop_heap timers;
	uint64_t pass_ns; /* while due timers fire: the time they are measured by */
	struct hook {
		bool (*fn)(void *ctx);
		void *ctx;
	} hooks[HOOKS_MAX];
	unsigned n_hooks;
	int wake_fd;
	pthread_mutex_t lock; /* posts */
	struct post *first, **last;
	bool stop;
};

uint64_t loop_now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int64_t loop_wall_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- file descriptors ---- */

static uint64_t name_of(int fd, const struct watch *w)
{
	return (uint64_t)w->gen << 32 | (uint32_t)fd;
}

static struct io_uring_sqe *get_sqe(struct loop *l)
{
	struct io_uring_sqe *s = io_uring_get_sqe(&l->ring);
	if (!s) {
		io_uring_submit(&l->ring);
		s = io_uring_get_sqe(&l->ring);
	}
	assert(s);
	return s;
}

static struct watch *watch_at(struct loop *l, int fd)
{
	if (fd >= l->n_watches) {
		int n = fd + 64;
		l->watches = mem_regrow(l->watches, (size_t)n, sizeof *l->watches);
		memset(l->watches + l->n_watches, 0, (size_t)(n - l->n_watches) * sizeof *l->watches);
		l->n_watches = n;
	}
	return &l->watches[fd];
}

/* Take back what the kernel holds. It must not outlive the descriptor: a pending poll keeps the file open. */
static void disarm(struct loop *l, int fd, struct watch *w)
{
	if (w->armed) {
		struct io_uring_sqe *s = get_sqe(l);
		io_uring_prep_poll_remove(s, name_of(fd, w));
		io_uring_sqe_set_data64(s, IGNORED);
	}
	w->armed = 0;
	w->gen++;
}

static void mark_dirty(struct loop *l, int fd, struct watch *w)
{
	if (w->dirty)
		return;
	if (l->n_dirty == l->dirty_cap) {
		l->dirty_cap = l->dirty_cap ? l->dirty_cap * 2 : 64;
		l->dirty = mem_regrow(l->dirty, (size_t)l->dirty_cap, sizeof *l->dirty);
	}
	w->dirty = true;
	l->dirty[l->n_dirty++] = fd;
}

void loop_fd(struct loop *l, int fd, uint32_t events, loop_fd_fn fn, void *ctx)
{
	assert(fd >= 0);
	struct watch *w = watch_at(l, fd);
	w->fn = fn;
	w->ctx = ctx;
	w->events = events;
	if (w->armed && w->armed != events)
		disarm(l, fd, w);
	else if (!events)
		w->gen++;
	if (events && !w->armed)
		mark_dirty(l, fd, w);
}

static void arm_dirty(struct loop *l)
{
	for (int i = 0; i < l->n_dirty; i++) {
		int fd = l->dirty[i];
		struct watch *w = &l->watches[fd];
		w->dirty = false;
		if (!w->events || w->armed)
			continue;
		struct io_uring_sqe *s = get_sqe(l);
		io_uring_prep_poll_add(s, fd, w->events);
		io_uring_sqe_set_data64(s, name_of(fd, w));
		w->armed = w->events;
	}
	l->n_dirty = 0;
}

static void completed(struct loop *l, uint64_t name, int res)
{
	int fd = (int)(uint32_t)name;
	if (name == IGNORED || fd >= l->n_watches)
		return;
	struct watch *w = &l->watches[fd];
	if (!w->events || w->gen != (uint32_t)(name >> 32))
		return;
	w->armed = 0;
	w->gen++;
	loop_fd_fn fn = w->fn;
	void *ctx = w->ctx;
	if (res < 0)
		w->events = 0; /* not a descriptor that can be polled: told once, then given up */
	else
		mark_dirty(l, fd, w);
	fn(ctx, fd, res < 0 ? POLLNVAL : (uint32_t)res);
}

static bool run_completions(struct loop *l)
{
	struct io_uring_cqe *cqes[CQE_BATCH];
	struct {
		uint64_t name;
		int res;
	} got[CQE_BATCH];
	unsigned n = io_uring_peek_batch_cqe(&l->ring, cqes, CQE_BATCH);
	for (unsigned i = 0; i < n; i++) {
		got[i].name = io_uring_cqe_get_data64(cqes[i]);
		got[i].res = cqes[i]->res;
	}
	io_uring_cq_advance(&l->ring, n);
	for (unsigned i = 0; i < n; i++)
		completed(l, got[i].name, got[i].res);
	return n == CQE_BATCH;
}

/* ---- timers ---- */

void loop_timer_arm(struct loop *l, struct loop_timer *t, uint64_t at_ns)
{
	loop_timer_cancel(l, t);
	/* Armed for the past by a timer that just fired: its turn is the next, or it would starve the others. */
	t->at_ns = at_ns > l->pass_ns ? at_ns : l->pass_ns + 1;
	loop_heap_push(&l->timers, t);
}

void loop_timer_cancel(struct loop *l, struct loop_timer *t)
{
	if (t->slot)
		loop_heap_remove(&l->timers, t);
}

static void run_timers(struct loop *l)
{
	struct loop_timer *t;
	l->pass_ns = loop_now_ns();
	while ((t = loop_heap_top(&l->timers)) && t->at_ns <= l->pass_ns) {
		loop_heap_remove(&l->timers, t);
		t->fn(t->ctx, t);
	}
	l->pass_ns = 0;
}

/* ---- posts ---- */

static void wake(struct loop *l)
{
	uint64_t one = 1;
	ssize_t n = write(l->wake_fd, &one, sizeof one);
	(void)n; /* full means readable: the loop wakes anyway */
}

void loop_post(struct loop *l, void (*fn)(void *ctx), void *ctx)
{
	struct post *p = mem_zalloc(sizeof *p);
	p->fn = fn;
	p->ctx = ctx;
	pthread_mutex_lock(&l->lock);
	bool was_empty = !l->first;
	*l->last = p;
	l->last = &p->next;
	pthread_mutex_unlock(&l->lock);
	if (was_empty)
		wake(l);
}

static struct post *take_posts(struct loop *l)
{
	pthread_mutex_lock(&l->lock);
	struct post *p = l->first;
	l->first = NULL;
	l->last = &l->first;
	pthread_mutex_unlock(&l->lock);
	return p;
}

static void run_posts(void *ctx, int fd, uint32_t revents)
{
	struct loop *l = ctx;
	uint64_t n;
	ssize_t got = read(fd, &n, sizeof n);
	(void)got;
	for (struct post *p = take_posts(l), *next; p; p = next) {
		next = p->next;
		p->fn(p->ctx);
		free(p);
	}
}

/* ---- turning ---- */

void loop_hook(struct loop *l, bool (*fn)(void *ctx), void *ctx)
{
	assert(l->n_hooks < HOOKS_MAX);
	l->hooks[l->n_hooks++] = (struct hook){fn, ctx};
}

static bool run_hooks(struct loop *l)
{
	bool idle = true;
	for (unsigned i = 0; i < l->n_hooks; i++)
		idle &= l->hooks[i].fn(l->hooks[i].ctx);
	return idle;
}

static int wait_for(struct loop *l, uint64_t ns)
{
	struct __kernel_timespec ts = {
	    .tv_sec = (int64_t)(ns / 1000000000u), .tv_nsec = (int64_t)(ns % 1000000000u)};
	struct io_uring_cqe *cqe;
	int rc = io_uring_submit_and_wait_timeout(&l->ring, &cqe, 1, ns == UINT64_MAX ? NULL : &ts, NULL);
	return rc == -ETIME || rc == -EINTR || rc == -EAGAIN || rc == -EBUSY || rc >= 0 ? 0 : rc;
}

static int submit_only(struct loop *l)
{
	int rc = io_uring_submit_and_get_events(&l->ring);
	return rc >= 0 || rc == -EBUSY || rc == -EAGAIN || rc == -EINTR ? 0 : rc;
}

static uint64_t until_next_timer(const struct loop *l)
{
	const struct loop_timer *t = loop_heap_top(&l->timers);
	if (!t)
		return UINT64_MAX;
	uint64_t now = loop_now_ns();
	return t->at_ns <= now ? 0 : t->at_ns - now;
}

static int turn(struct loop *l)
{
	run_timers(l);
	bool more = run_completions(l);
	bool idle = run_hooks(l) && !more && !__atomic_load_n(&l->stop, __ATOMIC_ACQUIRE);
	arm_dirty(l);
	uint64_t ns = idle ? until_next_timer(l) : 0;
	return ns ? wait_for(l, ns) : submit_only(l);
}

int loop_run(struct loop *l)
{
	int rc = 0;
	while (rc == 0 && !__atomic_load_n(&l->stop, __ATOMIC_ACQUIRE))
		rc = turn(l);
	__atomic_store_n(&l->stop, false, __ATOMIC_RELEASE);
	return rc;
}

void loop_stop(struct loop *l)
{
	__atomic_store_n(&l->stop, true, __ATOMIC_RELEASE);
	wake(l);
}

/* ---- life ---- */

static int open_ring(struct io_uring *ring)
{
	/* Without this flag the kernel interrupts the thread for every completion. Older kernels lack it. */
	int rc = io_uring_queue_init(SQ_ENTRIES, ring, IORING_SETUP_COOP_TASKRUN);
	return rc == -EINVAL ? io_uring_queue_init(SQ_ENTRIES, ring, 0) : rc;
}

struct loop *loop_new(char err[256])
{
	struct loop *l = mem_zalloc(sizeof *l);
	int rc = open_ring(&l->ring);
	if (rc < 0) {
		snprintf(err, 256, "io_uring cannot be had: %s%s", strerror(-rc),
		    rc == -EPERM
		        ? " (see sysctl kernel.io_uring_disabled, or the container's seccomp profile)"
		        : "");
		free(l);
		return NULL;
	}
	l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->wake_fd < 0) {
		snprintf(err, 256, "no eventfd: %s", strerror(errno));
		io_uring_queue_exit(&l->ring);
		free(l);
		return NULL;
	}
	pthread_mutex_init(&l->lock, NULL);
	l->last = &l->first;
	loop_fd(l, l->wake_fd, POLLIN, run_posts, l);
	return l;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	for (struct post *p = take_posts(l), *next; p; p = next) {
		next = p->next;
		free(p);
	}
	io_uring_queue_exit(&l->ring);
	close(l->wake_fd);
	pthread_mutex_destroy(&l->lock);
	loop_heap_fini(&l->timers);
	free(l->watches);
	free(l->dirty);
	free(l);
}
