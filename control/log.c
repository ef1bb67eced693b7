/* SPDX-License-Identifier: Apache-2.0 */
#include "control/log.h"

#include "control/log_text.h"

#include <ctype.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define KINDS      256 /* kinds of lines that are told apart; more share a slot */
#define PER_SECOND 50

static struct log {
	pthread_mutex_t lock;
	enum log_level max;
	bool json;
	time_t swept;
	unsigned long suppressed;
	struct kind {
		time_t second;
		unsigned lines, held;
		enum log_level level;
		char area[16], example[48];
	} kinds[KINDS];
} log_ = {.lock = PTHREAD_MUTEX_INITIALIZER, .max = LOG_INFO};

static const char *const level_names[] = {"error", "warn", "info", "debug"};

void log_init(enum log_level max, bool json)
{
	pthread_mutex_lock(&log_.lock);
	log_.max = max;
	log_.json = json;
	memset(log_.kinds, 0, sizeof log_.kinds);
	log_.suppressed = 0;
	pthread_mutex_unlock(&log_.lock);
}

unsigned long log_suppressed(void)
{
	return __atomic_load_n(&log_.suppressed, __ATOMIC_RELAXED);
}

/* FNV-1a; a kind is told by its format, or, where the format says nothing, by the words it starts with. */
static uint32_t mix(uint32_t h, const char *s, bool words_only)
{
	for (; *s && !(words_only && (isdigit((unsigned char)*s) || *s == '"' || *s == ':')); s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h;
}

static struct kind *kind_of(const char *area, const char *fmt, const char *text)
{
	uint32_t h = mix(2166136261u, area, false);
	bool bare = strcmp(fmt, "%s") == 0;
	h = mix(h, bare ? text : fmt, bare);
	return &log_.kinds[(h ^ h >> 16) % KINDS];
}

static void stamp(char out[32], struct timespec t)
{
	struct tm tm;
	gmtime_r(&t.tv_sec, &tm);
	size_t n = strftime(out, 24, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, 32 - n, ".%03ldZ", t.tv_nsec / 1000000);
}

/* One write of one line. A reader that has stopped reading loses lines instead of stopping the engine. */
static void put_out(const char *line, size_t n)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
	if (poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) && write(STDERR_FILENO, line, n) == (ssize_t)n)
		return;
	__atomic_add_fetch(&log_.suppressed, 1, __ATOMIC_RELAXED);
}

static void emit(
    struct timespec now, enum log_level level, const char *area, const char *call_sid, const char *text)
{
	char line[LOG_LINE_MAX], when[32];
	stamp(when, now);
	struct buf b = buf_on(line, sizeof line - LOG_TAIL_ROOM);
	if (log_.json)
		log_put_json(&b, when, level_names[level], area, call_sid, text);
	else
		log_put_text(&b, when, level_names[level], area, call_sid, text);
	b.cap = sizeof line;
	b.full = false;
	if (log_.json)
		buf_lit(&b, "\"}");
	buf_lit(&b, "\n");
	put_out(line, b.len);
}

/* Once a second: say how many lines of each kind were held back. */
static void sweep(struct timespec now)
{
	if (log_.swept == now.tv_sec)
		return;
	log_.swept = now.tv_sec;
	for (unsigned i = 0; i < KINDS; i++) {
		struct kind *k = &log_.kinds[i];
		if (!k->held || k->second == now.tv_sec)
			continue;
		char text[128];
		snprintf(text, sizeof text, "suppressed %u lines like: %s", k->held, k->example);
		k->held = 0;
		emit(now, k->level, k->area, "", text);
	}
}

static bool admit(
    struct kind *k, struct timespec now, enum log_level level, const char *area, const char *text)
{
	if (k->second != now.tv_sec) {
		k->second = now.tv_sec;
		k->lines = 0;
	}
	if (++k->lines <= PER_SECOND)
		return true;
	k->held++;
	k->level = level;
	snprintf(k->area, sizeof k->area, "%.15s", area);
	snprintf(k->example, sizeof k->example, "%.47s", text);
	__atomic_add_fetch(&log_.suppressed, 1, __ATOMIC_RELAXED);
	return false;
}

void log_limit(enum log_level max)
{
	log_.max = max;
}

void log_line(enum log_level level, const char *area, const char *call_sid, const char *fmt, ...)
{
	if (level > log_.max || !fmt)
		return;
	char text[1536];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	pthread_mutex_lock(&log_.lock);
	sweep(now);
	if (admit(kind_of(area, fmt, text), now, level, area, text))
		emit(now, level, area, call_sid ? call_sid : "", text);
	pthread_mutex_unlock(&log_.lock);
}

void log_flush(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	pthread_mutex_lock(&log_.lock);
	for (unsigned i = 0; i < KINDS; i++)
		log_.kinds[i].second = 0;
	log_.swept = 0;
	sweep(now);
	pthread_mutex_unlock(&log_.lock);
}
