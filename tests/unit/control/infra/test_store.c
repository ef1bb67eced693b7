/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/control/infra/infra.h"
#include "tests/unit/nothing.h"

#include "control/store.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ACCOUNT "AC00000000000000000000000000000001"

struct world {
	char dir[64], path[96];
	struct loop *loop;
	struct store *store;
	/* what the callbacks saw */
	unsigned confirmed, refused, wanted, answers;
	char why[200];
	struct call_row rows[64];
	size_t n;
	struct call_note notes[8];
	char texts[64][64];
};

static void open_store(struct world *w)
{
	char err[256] = "";
	w->store = store_open(w->loop, w->path, err);
	if (!w->store)
		fail_msg("%s", err);
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	strcpy(w->dir, "/tmp/dialplane-store-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->path, sizeof w->path, "%s/calls.db", w->dir);
	w->loop = new_loop();
	open_store(w);
	*state = w;
	return 0;
}

static void remove_files(struct world *w)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
	char name[128];
	for (unsigned i = 0; i < 4; i++) {
		snprintf(name, sizeof name, "%s%s", w->path, ends[i]);
		unlink(name);
	}
	rmdir(w->dir);
}

static int tear_down(void **state)
{
	struct world *w = *state;
	store_close(w->store);
	loop_free(w->loop);
	remove_files(w);
	free(w);
	return 0;
}

static void make_sid(char out[35], const char *prefix, unsigned i)
{
	snprintf(out, 35, "%s%032x", prefix, i);
}

static struct call_row row(unsigned i)
{
	struct call_row r = {
	    .account_sid = ACCOUNT,
	    .to = "sip:a@example.com",
	    .from = "bob",
	    .status = "queued",
	    .direction = "outbound-api",
	    .date_created = 1700000000 + i,
	    .duration = -1,
	};
	make_sid(r.sid, "CA", i);
	return r;
}

static void on_done(void *ctx, bool ok, const char *why)
{
	struct world *w = ctx;
	ok ? w->confirmed++ : w->refused++;
	if (!ok)
		snprintf(w->why, sizeof w->why, "%s", why);
	if (w->confirmed + w->refused == w->wanted)
		loop_stop(w->loop);
}

static void put(struct world *w, const struct call_row *r)
{
	store_put_call(w->store, r, on_done, w);
	w->wanted++;
}

static void wait_all(struct world *w)
{
	assert_true(run_for(w->loop, 20000));
}

static const char *keep(struct world *w, unsigned *at, const char *s)
{
	return s ? strncpy(w->texts[(*at)++ % 64], s, 63) : NULL;
}

static void on_rows(void *ctx, const struct call_row *rows, size_t n, bool ok, const char *why)
{
	struct world *w = ctx;
	unsigned at = 0;
	assert_true(ok);
	w->n = n;
	for (size_t i = 0; i < n && i < 64; i++)
		w->rows[i] = rows[i];
	if (n == 1) {
		struct call_row *r = &w->rows[0];
		const char **texts[] = {&r->to, &r->from, &r->caller_name, &r->forwarded_from,
		    &r->answered_by, &r->status, &r->direction, &r->reason, &r->status_callback,
		    &r->status_callback_method};
		for (unsigned i = 0; i < 10; i++)
			*texts[i] = keep(w, &at, *texts[i]);
	}
	w->answers++;
	loop_stop(w->loop);
}

static size_t find(struct world *w, struct store_query q)
{
	if (!q.account_sid && !q.unfinished)
		q.account_sid = ACCOUNT;
	store_find(w->store, &q, on_rows, w);
	assert_true(run_for(w->loop, 20000));
	return w->n;
}

static unsigned number(const struct call_row *r)
{
	return (unsigned)strtoul(r->sid + 26, NULL, 16);
}

static void a_row_comes_back_as_it_was_given(void **state)
{
	struct world *w = *state;
	struct call_row r = {
	    .sid = "CA000000000000000000000000000000ff",
	    .account_sid = ACCOUNT,
	    .parent_sid = "CA000000000000000000000000000000fe",
	    .to = "sip:o'hara@example.com?x-a=\"1\"; DROP TABLE calls",
	    .from = "é",
	    .answered_by = "human",
	    .status = "completed",
	    .direction = "outbound-dial",
	    .date_created = 1700000001,
	    .date_updated = 1700000002,
	    .start_time = 1700000003,
	    .answer_time = 1700000004,
	    .end_time = 1700000005,
	    .duration = 7,
	    .queue_time_ms = 4000000000u,
	    .sip_status = 487,
	    .reason = "",
	    .status_callback = "http://example.com/cb",
	    .status_callback_method = "POST",
	    .events = 15,
	    .next_sequence = 3,
	};
	put(w, &r);
	wait_all(w);
	assert_int_equal(find(w, (struct store_query){.sid = r.sid}), 1);
	struct call_row *g = &w->rows[0];
	assert_string_equal(g->sid, r.sid);
	assert_string_equal(g->account_sid, r.account_sid);
	assert_string_equal(g->parent_sid, r.parent_sid);
	assert_string_equal(g->to, r.to);
	assert_string_equal(g->from, r.from);
	assert_null(g->caller_name);
	assert_null(g->forwarded_from);
	assert_string_equal(g->answered_by, "human");
	assert_string_equal(g->reason, "");
	assert_string_equal(g->status_callback, r.status_callback);
	assert_int_equal(g->date_created, r.date_created);
	assert_int_equal(g->date_updated, r.date_updated);
	assert_int_equal(g->start_time, r.start_time);
	assert_int_equal(g->answer_time, r.answer_time);
	assert_int_equal(g->end_time, r.end_time);
	assert_int_equal(g->duration, 7);
	assert_int_equal(g->queue_time_ms, 4000000000u);
	assert_int_equal(g->sip_status, 487);
	assert_int_equal(g->events, 15);
	assert_int_equal(g->next_sequence, 3);
	assert_int_equal(find(w, (struct store_query){.to = r.to}), 1);
	assert_true(w->rows[0].rowid > 0);
	assert_string_equal(w->rows[0].reason, "");
	assert_int_equal(w->rows[0].queue_time_ms, 4000000000u);
}

static void the_same_sid_is_updated_in_place(void **state)
{
	struct world *w = *state;
	struct call_row r = row(1);
	put(w, &r);
	r.status = "ringing";
	put(w, &r);
	wait_all(w);
	assert_int_equal(find(w, (struct store_query){.sid = r.sid}), 1);
	assert_string_equal(w->rows[0].status, "ringing");
	assert_int_equal(find(w, (struct store_query){0}), 1);
	uint64_t id = w->rows[0].rowid;
	r.status = "completed";
	r.end_time = 5;
	put(w, &r);
	wait_all(w);
	assert_int_equal(find(w, (struct store_query){.sid = r.sid}), 1);
	assert_string_equal(w->rows[0].status, "completed");
	assert_int_equal(find(w, (struct store_query){0}), 1);
	assert_string_equal(w->rows[0].status, "completed");
	assert_int_equal(w->rows[0].rowid, id);
	assert_int_equal(find(w, (struct store_query){0}), 1);
}

static void lists_are_newest_first_and_page_both_ways(void **state)
{
	struct world *w = *state;
	for (unsigned i = 1; i <= 10; i++) {
		struct call_row r = row(i);
		put(w, &r);
	}
	wait_all(w);
	assert_int_equal(find(w, (struct store_query){.limit = 4}), 4);
	assert_int_equal(number(&w->rows[0]), 10);
	assert_int_equal(number(&w->rows[3]), 7);
	assert_int_equal(find(w, (struct store_query){.limit = 4, .before_rowid = w->rows[3].rowid}), 4);
	assert_int_equal(number(&w->rows[0]), 6);
	assert_int_equal(find(w, (struct store_query){.limit = 2, .after_rowid = w->rows[0].rowid}), 2);
	assert_int_equal(number(&w->rows[0]), 8);
	assert_int_equal(number(&w->rows[1]), 7);
	assert_int_equal(
	    find(w, (struct store_query){.account_sid = "AC00000000000000000000000000000002"}), 0);
}

static void filters_narrow_a_list(void **state)
{
	struct world *w = *state;
	for (unsigned i = 1; i <= 6; i++) {
		struct call_row r = row(i);
		r.to = i & 1 ? "sip:odd@h" : "sip:even@h";
		r.from = i < 3 ? "x" : "y";
		r.start_time = i == 6 ? 0 : 100 * i;
		r.status = i == 5 ? "busy" : "completed";
		if (i == 2)
			make_sid(r.parent_sid, "CA", 1);
		put(w, &r);
	}
	wait_all(w);
	assert_int_equal(find(w, (struct store_query){.to = "sip:odd@h"}), 3);
	assert_int_equal(find(w, (struct store_query){.to = "sip:odd@h", .from = "x"}), 1);
	assert_int_equal(find(w, (struct store_query){.to = "sip:odd@h' OR '1'='1"}), 0);
	assert_int_equal(find(w, (struct store_query){.status = "busy"}), 1);
	assert_int_equal(find(w, (struct store_query){.start_after = 200}), 4);
	assert_int_equal(find(w, (struct store_query){.start_before = 200}), 1);
	assert_int_equal(find(w, (struct store_query){.start_after = 200, .start_before = 300}), 1);
	assert_int_equal(
	    find(w, (struct store_query){.parent_sid = "CA00000000000000000000000000000001"}), 1);
}

static void unfinished_calls_of_every_account_are_found(void **state)
{
	static const char *const statuses[] = {
	    "queued", "ringing", "in-progress", "completed", "busy", "failed", "no-answer", "canceled"};
	struct world *w = *state;
	for (unsigned i = 0; i < 8; i++) {
		struct call_row r = row(i + 1);
		r.status = statuses[i];
		snprintf(r.account_sid, sizeof r.account_sid, "AC%032x", i);
		put(w, &r);
	}
	wait_all(w);
	assert_int_equal(find(w, (struct store_query){.unfinished = true}), 3);
}

static void on_notes(void *ctx, const struct call_note *notes, size_t n, bool ok, const char *why)
{
	struct world *w = ctx;
	assert_true(ok);
	w->n = n;
	if (n) {
		w->notes[0] = notes[0];
		snprintf(w->texts[0], 64, "%s", notes[0].message);
	}
	loop_stop(w->loop);
}

static void notes_are_kept_by_call(void **state)
{
	struct world *w = *state;
	for (unsigned i = 1; i <= 3; i++) {
		struct call_note n = {.account_sid = ACCOUNT,
		    .code = 11200 + (int)i,
		    .error = i & 1,
		    .at = i,
		    .message = "why"};
		make_sid(n.sid, "NO", i);
		make_sid(n.call_sid, "CA", i == 3 ? 2 : 1);
		store_put_note(w->store, &n);
	}
	store_notes(w->store, ACCOUNT, "CA00000000000000000000000000000001", 10, on_notes, w);
	assert_true(run_for(w->loop, 5000));
	assert_int_equal(w->n, 2);
	assert_int_equal(w->notes[0].code, 11202);
	assert_false(w->notes[0].error);
	assert_string_equal(w->texts[0], "why");
	store_notes(w->store, ACCOUNT, NULL, 10, on_notes, w);
	assert_true(run_for(w->loop, 5000));
	assert_int_equal(w->n, 3);
	store_notes(w->store, ACCOUNT, NULL, 1, on_notes, w);
	assert_true(run_for(w->loop, 5000));
	assert_int_equal(w->n, 1);
}

static void many_writes_share_few_commits(void **state)
{
	struct world *w = *state;
	for (unsigned i = 1; i <= 2000; i++) {
		struct call_row r = row(i);
		put(w, &r);
	}
	wait_all(w);
	assert_int_equal(w->confirmed, 2000);
	assert_true(store_commits(w->store) < 1000);
	assert_int_equal(store_failures(w->store), 0);
	assert_int_equal(store_queue_depth(w->store), 0);
}

static void closing_commits_and_tells_what_is_queued(void **state)
{
	struct world *w = *state;
	for (unsigned i = 1; i <= 100; i++) {
		struct call_row r = row(i);
		put(w, &r);
	}
	w->wanted = 0; /* nobody stops the loop, which does not run */
	store_close(w->store);
	assert_int_equal(w->confirmed, 100);
	open_store(w);
	assert_int_equal(find(w, (struct store_query){.limit = 1000}), 100);
}

/* ---- kill -9 ---- */

struct victim {
	struct loop *loop;
	struct store *store;
	int pipe;
	unsigned next;
};

struct confirmed {
	struct victim *v;
	unsigned number;
};

static void put_next(struct victim *v);

static void tell_parent(void *ctx, bool ok, const char *why)
{
	struct confirmed *c = ctx;
	if (ok && write(c->v->pipe, &c->number, sizeof c->number) != sizeof c->number)
		_exit(1);
	put_next(c->v);
	free(c);
}

static void put_next(struct victim *v)
{
	struct confirmed *c = malloc(sizeof *c);
	*c = (struct confirmed){v, ++v->next};
	struct call_row r = row(c->number);
	store_put_call(v->store, &r, tell_parent, c);
}

static void be_victim(const char *path, int fd)
{
	char err[256];
	struct victim v = {.pipe = fd, .loop = loop_new(err)};
	v.store = store_open(v.loop, path, err);
	if (!v.store)
		_exit(1);
	for (unsigned i = 0; i < 20; i++)
		put_next(&v);
	loop_run(v.loop);
	_exit(1);
}

static unsigned kill_one(const char *path, unsigned after, unsigned *seen, unsigned room)
{
	int p[2];
	unsigned n = 0;
	assert_int_equal(pipe(p), 0);
	pid_t pid = fork();
	if (pid == 0) {
		close(p[0]);
		be_victim(path, p[1]);
	}
	close(p[1]);
	while (n < room && read(p[0], &seen[n], sizeof *seen) == sizeof *seen)
		if (++n == after)
			kill(pid, SIGKILL);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(p[0]);
	return n;
}

static void after_kill_9_every_confirmed_row_is_there(void **state)
{
	struct world *w = *state;
	static unsigned seen[100000];
	store_close(w->store);
	w->store = NULL;
	for (unsigned round = 1; round <= 3; round++) {
		unsigned n = kill_one(w->path, 100 * round, seen, 100000);
		assert_true(n >= 100 * round);
		open_store(w);
		for (unsigned i = 0; i < n; i++) {
			char sid[35];
			make_sid(sid, "CA", seen[i]);
			assert_int_equal(find(w, (struct store_query){.sid = sid}), 1);
		}
		store_close(w->store);
	}
	open_store(w);
}

/* ---- a full disk ---- */

static bool tiny_disk(const char *at)
{
	if (unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return false;
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("tmpfs", at, "tmpfs", 0, "size=512k") == 0;
}

static void fill_disk(const char *at, char name[128])
{
	static const char block[4096];
	snprintf(name, 128, "%s/filler", at);
	int fd = open(name, O_CREAT | O_WRONLY, 0600);
	while (write(fd, block, sizeof block) > 0)
		;
	close(fd);
}

/* In a process of its own, because of the mount. 0 good, 77 no mounts here, else the line that failed. */
#define CHECK(x)                                                                                             \
	do {                                                                                                 \
		if (!(x))                                                                                    \
			_exit(__LINE__ % 200 + 20);                                                          \
	} while (0)

static void with_full_disk(struct world *w)
{
	char filler[128];
	if (!tiny_disk(w->dir))
		_exit(77);
	w->loop = new_loop();
	open_store(w);
	struct call_row r = row(1);
	put(w, &r);
	CHECK(run_for(w->loop, 5000) && w->confirmed == 1);
	fill_disk(w->dir, filler);
	for (unsigned i = 2; i < 400; i++) { /* more than the log has room for */
		r = row(i);
		r.reason = "a reason that takes some room in the file, so that pages fill";
		put(w, &r);
		CHECK(run_for(w->loop, 5000));
	}
	CHECK(w->refused > 0 && *w->why && store_failures(w->store) > 0);
	unsigned confirmed = w->confirmed;
	unlink(filler);
	r = row(1000);
	put(w, &r);
	CHECK(run_for(w->loop, 5000) && w->confirmed == confirmed + 1);
	CHECK(
	    find(w, (struct store_query){.limit = 1999}) == w->confirmed); /* what was refused is not there */
	store_close(w->store);
	loop_free(w->loop);
	_exit(0);
}

static void a_full_disk_refuses_and_recovers(void **state)
{
	struct world w = {0};
	int status;
	strcpy(w.dir, "/tmp/dialplane-store-XXXXXX");
	assert_non_null(mkdtemp(w.dir));
	snprintf(w.path, sizeof w.path, "%s/calls.db", w.dir);
	pid_t pid = fork();
	if (pid == 0)
		with_full_disk(&w);
	waitpid(pid, &status, 0);
	rmdir(w.dir);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		NOTHING_TO_CHECK("no file system of its own can be mounted here");
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- files that are not ours ---- */

static void opening(const char *path, const char *expected)
{
	char err[256] = "";
	struct loop *l = new_loop();
	assert_null(store_open(l, path, err));
	if (!strstr(err, expected))
		fail_msg("\"%s\" does not say \"%s\"", err, expected);
	loop_free(l);
}

static void sql(const char *path, const char *text)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static struct callback_row owed_by(const struct call_row *r, const char *token)
{
	struct callback_row c = {.token = token,
	    .sequence = r->next_sequence,
	    .post = 1,
	    .url = "http://app/status",
	    .params = "CallStatus=ringing",
	    .created_ms = 1700000000123};
	memcpy(c.account_sid, r->account_sid, sizeof c.account_sid);
	memcpy(c.call_sid, r->sid, sizeof c.call_sid);
	return c;
}

struct listed {
	struct world *w;
	size_t n;
	struct callback_row rows[8];
	char token[8][8];
};

static void on_callbacks(void *ctx, const void *rows, size_t n, bool ok, const char *why)
{
	struct listed *l = ctx;
	const struct callback_row *r = rows;
	assert_true(ok);
	l->n = n;
	for (size_t i = 0; i < n && i < 8; i++) {
		l->rows[i] = r[i];
		assert_string_equal(r[i].url, "http://app/status");
		assert_string_equal(r[i].params, "CallStatus=ringing");
		snprintf(l->token[i], 8, "%s", r[i].token);
	}
	loop_stop(l->w->loop);
}

static void owed_callbacks(struct world *w, struct listed *l)
{
	*l = (struct listed){.w = w};
	store_list(w->store, &store_callbacks, &(struct store_filter){.oldest_first = true}, on_callbacks, l);
	assert_true(run_for(w->loop, 20000));
}

static void a_callback_is_kept_with_its_row_and_outlives_the_store_until_it_is_deleted(void **state)
{
	struct world *w = *state;
	struct listed l;
	struct call_row r = row(1);
	struct callback_row a = owed_by(&r, "a");
	store_put_call_with(w->store, &r, &a, on_done, w);
	r.next_sequence = 1;
	struct callback_row b = owed_by(&r, "b");
	store_put_call_with(w->store, &r, &b, on_done, w);
	w->wanted = 2;
	wait_all(w);
	store_close(w->store);
	open_store(w);
	owed_callbacks(w, &l);
	assert_int_equal(l.n, 2);
	assert_string_equal(l.token[0], "a");
	assert_string_equal(l.token[1], "b");
	assert_int_equal(l.rows[1].sequence, 1);
	assert_int_equal(l.rows[1].created_ms, 1700000000123);
	store_del(w->store, &store_callbacks, ACCOUNT, "a", NULL, NULL);
	store_del(w->store, &store_callbacks, "AC00000000000000000000000000000002", "b", NULL, NULL);
	owed_callbacks(w, &l);
	assert_int_equal(l.n, 1);
	assert_string_equal(l.token[0], "b");
	store_del_call(w->store, ACCOUNT, r.sid, NULL, NULL);
	owed_callbacks(w, &l);
	assert_int_equal(l.n, 0);
	assert_int_equal(find(w, (struct store_query){.sid = r.sid}), 0);
}

static void on_count(void *ctx, const void *rows, size_t n, bool ok, const char *why)
{
	struct world *w = ctx;
	assert_true(ok);
	w->n = n;
	loop_stop(w->loop);
}

static void foreign_newer_and_unreachable_files_are_refused(void **state)
{
	struct world *w = *state;
	char other[128];
	snprintf(other, sizeof other, "%s/other", w->dir);
	opening("/nonexistent/dir/calls.db", "unable to open");
	sql(other, "CREATE TABLE t (x)");
	opening(other, "other program");
	unlink(other);
	FILE *f = fopen(other, "w");
	for (int i = 0; i < 1000; i++)
		fputs("this is no database ", f);
	fclose(f);
	opening(other, "not a database");
	unlink(other);
	store_close(w->store);
	sql(w->path, "PRAGMA user_version=99");
	opening(w->path, "schema 99");
	/* One of the version before: its calls stay, what it did not have is added. */
	sql(w->path,
	    "PRAGMA user_version=1; DROP TABLE callbacks; DROP TABLE events; DROP TABLE applications;"
	    "DROP TABLE log_state; ALTER TABLE calls DROP COLUMN story");
	open_store(w);
	struct call_row r = row(1);
	struct callback_row owed = owed_by(&r, "t");
	store_put_call_with(w->store, &r, &owed, on_done, w);
	w->wanted++;
	wait_all(w);
	assert_int_equal(w->confirmed, 1);
	store_close(w->store);
	sql(w->path, "PRAGMA user_version=3; DROP TABLE log_state; INSERT INTO events (sid, account_sid, "
	             "call_sid, at_ms,"
	             " status, error, dns_us, connect_us, tls_us, first_byte_us, total_us, attempt)"
	             " VALUES ('EV1', '" ACCOUNT "', 'CA1', 1, 200, 0, 0, 0, 0, 0, 0, 1)");
	open_store(w);
	store_list(w->store, &store_events, &(struct store_filter){.key = "EV1"}, on_count, w);
	assert_true(run_for(w->loop, 5000));
	assert_int_equal(w->n, 1);
	assert_int_equal(find(w, (struct store_query){.to = r.to}), 1);
	unlink(other);
	snprintf(other, sizeof other, "%s/other-wal", w->dir);
	unlink(other);
	snprintf(other, sizeof other, "%s/other-shm", w->dir);
	unlink(other);
}

static void a_second_engine_is_kept_away_and_a_reader_is_not(void **state)
{
	struct world *w = *state;
	struct call_row r = row(1);
	put(w, &r);
	wait_all(w);
	opening(w->path, "another engine uses it");
	sql(w->path, "SELECT count(*) FROM calls");
	r = row(2);
	put(w, &r);
	wait_all(w);
	assert_int_equal(w->confirmed, 2);
	store_close(w->store);
	open_store(w);
}

static void put_old(struct world *w, unsigned i, int64_t at_s)
{
	static char text[2001];
	memset(text, 'x', sizeof text - 1);
	struct event_row e = {.at_ms = at_s * 1000, .method = "POST", .url = "http://app/", .body = text};
	struct call_note n = {.at = at_s, .message = text};
	struct call_row r = row(i);
	r.status = "completed";
	r.end_time = at_s;
	snprintf(e.sid, sizeof e.sid, "EV%032u", i);
	snprintf(n.sid, sizeof n.sid, "NO%032u", i);
	memcpy(e.account_sid, r.account_sid, sizeof e.account_sid);
	memcpy(n.account_sid, r.account_sid, sizeof n.account_sid);
	memcpy(e.call_sid, r.sid, sizeof e.call_sid);
	memcpy(n.call_sid, r.sid, sizeof n.call_sid);
	store_put(w->store, &store_events, &e, NULL, NULL);
	store_put_note(w->store, &n);
	put(w, &r);
}

static off_t size_of(const char *path)
{
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static bool swept_out(struct world *w, uint64_t rows)
{
	for (int i = 0; i < 400 && store_swept(w->store) < rows; i++)
		run_for(w->loop, 50);
	return store_swept(w->store) == rows;
}

static void what_is_old_goes_and_gives_its_room_back(void **state)
{
	enum { OLD = 3000, NEW = 20 };
	struct world *w = *state;
	int64_t now = loop_wall_ms() / 1000;
	for (unsigned i = 0; i < OLD + NEW; i++)
		put_old(w, i, i < OLD ? now - 1000 : now);
	/* A call that has lasted for ever. */
	struct call_row up = row(OLD + NEW);
	up.date_created = up.start_time = 1;
	up.end_time = 0;
	up.status = "in-progress";
	put(w, &up);
	wait_all(w);
	store_close(w->store);
	off_t before = size_of(w->path);
	open_store(w);
	store_keep(w->store, &(struct store_keep){500, 500, 500});
	assert_true(swept_out(w, 3 * OLD));
	run_for(w->loop, 500); /* the room goes after the rows */
	assert_int_equal(find(w, (struct store_query){0}), NEW + 1);
	store_close(w->store);
	off_t after = size_of(w->path);
	open_store(w);
	print_message("# %lld bytes before, %lld after\n", (long long)before, (long long)after);
	assert_true(after < before / 4);
}

static void each_kind_stays_as_long_as_it_was_told_to(void **state)
{
	struct world *w = *state;
	int64_t now = loop_wall_ms() / 1000;
	for (unsigned i = 0; i < 10; i++)
		put_old(w, i, now - 1000);
	wait_all(w);
	store_keep(w->store, &(struct store_keep){.calls_s = 2000, .events_s = 500});
	assert_true(swept_out(w, 10));
	run_for(w->loop, 100);
	assert_int_equal(store_swept(w->store), 10);
	assert_int_equal(find(w, (struct store_query){0}), 10);
}

#define WITH_STORE(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_STORE(a_row_comes_back_as_it_was_given),
	    WITH_STORE(the_same_sid_is_updated_in_place),
	    WITH_STORE(lists_are_newest_first_and_page_both_ways),
	    WITH_STORE(filters_narrow_a_list),
	    WITH_STORE(unfinished_calls_of_every_account_are_found),
	    WITH_STORE(notes_are_kept_by_call),
	    WITH_STORE(many_writes_share_few_commits),
	    WITH_STORE(closing_commits_and_tells_what_is_queued),
	    WITH_STORE(after_kill_9_every_confirmed_row_is_there),
	    cmocka_unit_test(a_full_disk_refuses_and_recovers),
	    WITH_STORE(a_callback_is_kept_with_its_row_and_outlives_the_store_until_it_is_deleted),
	    WITH_STORE(foreign_newer_and_unreachable_files_are_refused),
	    WITH_STORE(a_second_engine_is_kept_away_and_a_reader_is_not),
	    WITH_STORE(what_is_old_goes_and_gives_its_room_back),
	    WITH_STORE(each_kind_stays_as_long_as_it_was_told_to),
	};
	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
