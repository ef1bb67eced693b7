/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/dp_loop.h"

#include "dataplane/core/tick.h"

#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_MS    1000000ull
#define NS_PER_S     1000000000ull
#define SLEEP_MAX_NS (500 * NS_PER_MS) /* the heart-beat is never older */
#define BLIND_NS     (200000ull)       /* longest sleep on a device without a file descriptor */
#define DEAF_NS      (10 * NS_PER_MS)  /* longest sleep beside a device that reports errors */
#define SLEEP_MIN_NS 20000ull          /* below that a system call costs more than turning */
#define FDS_MAX      9

struct sleeper {
	struct pollfd fds[FDS_MAX];
	uint32_t n;
	bool blind; /* the device cannot wake us */
	bool deaf;  /* it would wake us at once with an error: not asked in the next sleep */
};

static void sleeper_init(struct sleeper *s, const struct dp_loop *l)
{
	int fds[FDS_MAX - 1];
	uint32_t n = l->io ? l->io->ops->fds(l->io, fds, FDS_MAX - 1) : 0;
	*s = (struct sleeper){.n = 1, .blind = l->io && n == 0};
	s->fds[0] = (struct pollfd){.fd = l->wake_fd, .events = POLLIN};
	for (uint32_t i = 0; i < n; i++)
		s->fds[s->n++] = (struct pollfd){.fd = fds[i], .events = POLLIN};
}

static uint64_t sleep_ns(const struct sleeper *s, const struct worker *w, uint64_t now)
{
	uint64_t most = s->blind ? BLIND_NS : SLEEP_MAX_NS, at = worker_deadline(w);
	if (at == UINT64_MAX)
		return most;
	int64_t left = (int64_t)(at - now);
	if (left <= 0)
		return 0;
	return (uint64_t)left < most ? (uint64_t)left : most;
}

/* A socket whose device went down says so until it is asked for the error, one whose device is gone for ever:
 * without a pause the worker would turn all the time. */
static bool complaining(const struct sleeper *s)
{
	bool any = false;
	for (uint32_t i = 1; i < s->n; i++) {
		int error;
		socklen_t len = sizeof error;
		if (!(s->fds[i].revents & (POLLERR | POLLHUP | POLLNVAL)))
			continue;
		any = true;
		(void)getsockopt(s->fds[i].fd, SOL_SOCKET, SO_ERROR, &error, &len);
	}
	return any;
}

/* How many woke us; what each said is in revents. */
static int wait_for(struct sleeper *s, uint64_t ns)
{
	bool deaf = s->deaf;
	if (deaf && ns > DEAF_NS)
		ns = DEAF_NS;
	const struct timespec ts = {.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
	int n = ppoll(s->fds, deaf ? 1 : s->n, &ts, NULL);
	s->deaf = !deaf && n > 0 && complaining(s);
	return n;
}

static void block(struct sleeper *s, const struct dp_loop *l, uint64_t ns)
{
	uint64_t count;
	if (wait_for(s, ns) <= 0 || !(s->fds[0].revents & POLLIN))
		return;
	ssize_t n = read(l->wake_fd, &count, sizeof count);
	(void)n; /* EAGAIN: somebody else's wake-up was read with the last one */
}

static void go_to_sleep(struct sleeper *s, struct dp_loop *l)
{
	uint64_t c0 = tick_cycles();
	if (!worker_sleep(l->w))
		return;
	uint64_t ns = sleep_ns(s, l->w, tick_ns());
	if (ns >= SLEEP_MIN_NS && !__atomic_load_n(&l->stop, __ATOMIC_SEQ_CST)) {
		block(s, l, ns);
		stat_inc(worker_stats(l->w), STAT_loop_sleeps);
		stat_add(worker_stats(l->w), STAT_loop_sleep_cycles, tick_cycles() - c0);
	}
	worker_awake(l->w);
}

struct stopping {
	bool asked;
	uint64_t until;
};

/* True: the thread may end. */
static bool stopped(struct stopping *st, struct dp_loop *l, uint64_t now)
{
	if (!__atomic_load_n(&l->stop, __ATOMIC_SEQ_CST))
		return false;
	if (!st->asked) {
		st->asked = true;
		st->until = now + DP_LOOP_STOP_MS * NS_PER_MS;
		worker_shutdown(l->w, now);
		worker_turn(l->w, now);
	}
	return worker_legs(l->w) == 0 || now >= st->until;
}

int dp_loop_run(void *loop)
{
	struct dp_loop *l = loop;
	struct dp_stats *stats = worker_stats(l->w);
	uint64_t spin = tick_cycles_hz() / 1000000 * l->spin_us, c0 = tick_cycles(), last_work = c0;
	struct stopping st = {0};
	struct sleeper s;
	sleeper_init(&s, l);
	for (;;) {
		uint64_t now = tick_ns();
		__atomic_store_n(&l->beat_ns, now, __ATOMIC_RELAXED);
		uint32_t done = worker_turn(l->w, now);
		uint64_t c1 = tick_cycles();
		stat_add(stats, done ? STAT_loop_busy_cycles : STAT_loop_idle_cycles, c1 - c0);
		if (stopped(&st, l, now))
			return 0;
		c0 = c1;
		if (done) {
			last_work = c1;
		} else if (c1 - last_work >= spin) {
			go_to_sleep(&s, l);
			c0 = tick_cycles();
		}
	}
}

void dp_loop_stop(struct dp_loop *l)
{
	uint64_t one = 1;
	__atomic_store_n(&l->stop, 1, __ATOMIC_SEQ_CST);
	ssize_t n = write(l->wake_fd, &one, sizeof one);
	(void)n; /* EAGAIN: its counter is full, so it is readable */
}

uint64_t dp_loop_beat(const struct dp_loop *l)
{
	return __atomic_load_n(&l->beat_ns, __ATOMIC_RELAXED);
}
