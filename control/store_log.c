/* SPDX-License-Identifier: Apache-2.0 */
#include "control/store_log.h"

#include "control/mem.h"
#include "sip-parser/base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FRAME_MAGIC  0x31474c44 /* "DLG1" */
#define SEGMENT_FULL (8u << 20) /* where a file is left for the other one */

struct frame {
	uint32_t magic, len; /* of what follows this header */
	uint64_t seq;        /* each one more than the one before */
	uint64_t sum;        /* of the payload, under identity and seq */
};

struct segment {
	int fd;
	char path[PATH_MAX];
	off_t end;     /* where the next frame goes */
	uint64_t last; /* number of the last frame here; 0: none */
};

struct store_log {
	uint64_t identity, seq, applied;
	struct segment seg[2];
	int at; /* the one in use */
	bool crowded;
	char *buf;
	size_t cap;
};

static uint64_t sum_of(const struct store_log *l, uint64_t seq, const char *payload, uint32_t n)
{
	const struct hash_key key = {l->identity, seq};
	return hash_bytes(&key, payload, n);
}

/* ---- writing ---- */

static void room(struct store_log *l, size_t n)
{
	if (n > l->cap) {
		l->cap = n * 2;
		l->buf = mem_regrow(l->buf, l->cap, 1);
	}
}

/* The frame in buf; its length, 0: nothing to write. */
static size_t frame_of(struct store_log *l, struct store_rec *const *recs, size_t n_recs)
{
	size_t n = sizeof(struct frame);
	for (size_t i = 0; i < n_recs; i++) {
		const struct store_rec *r = recs[i];
		if (r->table->lazy)
			continue;
		room(l, n + r->size);
		memcpy(l->buf + n, r->bytes, r->size);
		n += r->size;
	}
	if (n == sizeof(struct frame))
		return 0;
	struct frame f = {.magic = FRAME_MAGIC, .len = (uint32_t)(n - sizeof f), .seq = l->seq + 1};
	f.sum = sum_of(l, f.seq, l->buf + sizeof f, f.len);
	memcpy(l->buf, &f, sizeof f);
	return n;
}

static int write_all(int fd, const char *p, size_t n, off_t at)
{
	while (n) {
		ssize_t put = pwrite(fd, p, n, at);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return put < 0 ? -errno : -ENOSPC;
		p += put;
		n -= (size_t)put;
		at += put;
	}
	return fdatasync(fd) == 0 ? 0 : -errno;
}

static bool is_free(const struct store_log *l, const struct segment *s)
{
	return s->last <= __atomic_load_n(&l->applied, __ATOMIC_ACQUIRE);
}

static bool is_full(const struct segment *s)
{
	return s->end >= (off_t)SEGMENT_FULL;
}

static struct segment *segment_for_write(struct store_log *l)
{
	if (is_full(&l->seg[l->at]) && is_free(l, &l->seg[!l->at])) {
		l->at = !l->at;
		l->seg[l->at].end = 0;
		l->seg[l->at].last = 0;
	}
	return &l->seg[l->at];
}

int store_log_append(struct store_log *l, struct store_rec *const *recs, size_t n_recs)
{
	size_t n = frame_of(l, recs, n_recs);
	if (n == 0)
		return 0;
	if (n > UINT32_MAX)
		return -EFBIG;
	struct segment *s = segment_for_write(l);
	int rc = write_all(s->fd, l->buf, n, s->end);
	if (rc < 0)
		return rc;
	s->end += (off_t)n;
	s->last = ++l->seq;
	bool crowded = is_full(s) && !is_free(l, &l->seg[!l->at]);
	__atomic_store_n(&l->crowded, crowded, __ATOMIC_RELAXED);
	return 0;
}

uint64_t store_log_seq(const struct store_log *l)
{
	return l->seq;
}

void store_log_applied(struct store_log *l, uint64_t seq)
{
	if (seq > __atomic_load_n(&l->applied, __ATOMIC_RELAXED))
		__atomic_store_n(&l->applied, seq, __ATOMIC_RELEASE);
}

bool store_log_crowded(const struct store_log *l)
{
	return __atomic_load_n(&l->crowded, __ATOMIC_RELAXED);
}

/* ---- reading ---- */

struct text {
	char *p;
	size_t n;
};

static int read_file(int fd, struct text *t)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	t->p = mem_zalloc((size_t)st.st_size + 1);
	while (t->n < (size_t)st.st_size) {
		ssize_t got = pread(fd, t->p + t->n, (size_t)st.st_size - t->n, (off_t)t->n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		t->n += (size_t)got;
	}
	return 0;
}

/* The frame at `at`, when it is whole and ours and, seq not 0, has that number. */
static bool frame_at(
    const struct store_log *l, const struct text *t, size_t at, uint64_t seq, struct frame *f)
{
	if (t->n - at < sizeof *f)
		return false;
	memcpy(f, t->p + at, sizeof *f);
	return f->magic == FRAME_MAGIC && f->seq && (!seq || f->seq == seq) &&
	       f->len <= t->n - at - sizeof *f && f->sum == sum_of(l, f->seq, t->p + at + sizeof *f, f->len);
}

static int replay_frame(const char *p, size_t n, store_log_fn fn, void *ctx)
{
	int rc = 0;
	while (n && rc == 0) {
		struct store_rec *r = store_rec_parse(p, n);
		if (!r)
			return -EBADMSG;
		p += r->size;
		n -= r->size;
		rc = fn(ctx, r);
		free(r);
	}
	return rc;
}

/* All frames of one file behind l->seq, which goes with them. A gap means that what came between was in the database
 * before the file was begun again. */
static int replay(struct store_log *l, const struct text *t, store_log_fn fn, void *ctx)
{
	struct frame f;
	uint64_t expected = 0;
	int rc = 0;
	for (size_t at = 0; rc == 0 && frame_at(l, t, at, expected, &f); at += sizeof f + f.len) {
		expected = f.seq + 1;
		if (f.seq <= l->seq)
			continue;
		rc = replay_frame(t->p + at + sizeof f, f.len, fn, ctx);
		l->seq = f.seq;
	}
	return rc;
}

static uint64_t first_seq(const struct store_log *l, const struct text *t)
{
	struct frame f;
	return frame_at(l, t, 0, 0, &f) ? f.seq : 0;
}

static int recover(struct store_log *l, store_log_fn fn, void *ctx)
{
	struct text t[2] = {{0}};
	int rc = read_file(l->seg[0].fd, &t[0]);
	if (rc == 0)
		rc = read_file(l->seg[1].fd, &t[1]);
	if (rc == 0) {
		int older = first_seq(l, &t[1]) < first_seq(l, &t[0]);
		rc = replay(l, &t[older], fn, ctx);
		if (rc == 0)
			rc = replay(l, &t[!older], fn, ctx);
	}
	free(t[0].p);
	free(t[1].p);
	return rc;
}

/* ---- life ---- */

/* A new file's name has to be on the disk as well. */
static int sync_folder(const char *path)
{
	char copy[PATH_MAX];
	snprintf(copy, sizeof copy, "%s", path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd >= 0 && fsync(fd) == 0 ? 0 : -errno;
	if (fd >= 0)
		close(fd);
	return rc;
}

static int open_segments(struct store_log *l, const char *path)
{
	for (int i = 0; i < 2; i++) {
		struct segment *s = &l->seg[i];
		if (snprintf(s->path, sizeof s->path, "%s-log%d", path, i + 1) >= (int)sizeof s->path)
			return -ENAMETOOLONG;
		s->fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (s->fd < 0)
			return -errno;
	}
	return sync_folder(path);
}

struct store_log *store_log_open(const char *path, uint64_t identity, uint64_t applied, store_log_fn fn,
    void *ctx, uint64_t *seq, char err[256])
{
	struct store_log *l = mem_zalloc(sizeof *l);
	l->identity = identity;
	l->seq = l->applied = applied;
	l->seg[0].fd = l->seg[1].fd = -1;
	int rc = open_segments(l, path);
	if (rc == 0)
		rc = recover(l, fn, ctx);
	*seq = l->seq;
	if (rc == 0)
		return l;
	snprintf(err, 256, "its log: %s", rc == -EBADMSG ? "a frame is damaged" : strerror(-rc));
	store_log_close(l, false);
	return NULL;
}

void store_log_close(struct store_log *l, bool remove)
{
	if (!l)
		return;
	for (int i = 0; i < 2; i++) {
		if (l->seg[i].fd < 0)
			continue;
		close(l->seg[i].fd);
		if (remove)
			unlink(l->seg[i].path);
	}
	free(l->buf);
	free(l);
}
