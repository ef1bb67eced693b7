/* SPDX-License-Identifier: Apache-2.0 */
/* The store's log and what waits for SQLite, against a plain table in memory. */
#include "tests/unit/control/infra/infra.h"

#include "control/store_late.h"
#include "control/store_log.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEYS    24
#define ACCOUNT "AC00000000000000000000000000000001"

/* What SQLite would hold: per key, of calls the duration + 1, of callbacks the sequence + 1, 0 = no row. */
struct table {
	uint32_t calls[KEYS], callbacks[KEYS];
	unsigned writes;
	int refuse; /* after so many writes, -1: never */
};

struct world {
	char dir[64], path[96];
	struct store_log *log;
	struct store_late *late;
	struct table disk; /* committed */
	uint64_t applied;
};

static void open_log(struct world *w, struct table *t);

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	strcpy(w->dir, "/tmp/dialplane-log-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->path, sizeof w->path, "%s/x.db", w->dir);
	w->disk.refuse = -1;
	w->late = store_late_new();
	open_log(w, &w->disk);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	store_late_free(w->late);
	store_log_close(w->log, true);
	assert_int_equal(rmdir(w->dir), 0);
	free(w);
	return 0;
}

static int write_row(void *ctx, const struct store_rec *r)
{
	struct table *t = ctx;
	union store_any row;
	if (t->refuse == 0)
		return -1;
	t->refuse -= t->refuse > 0;
	t->writes++;
	assert_int_equal(store_rec_read(r, &row), 0);
	unsigned k = (unsigned)strtoul(store_rec_key(r) + 2, NULL, 16);
	assert_true(k < KEYS);
	if (r->table == &store_call_rows)
		t->calls[k] = (uint32_t)row.call.duration + 1;
	else
		t->callbacks[k] = store_rec_what(r) == STORE_REC_PUT ? row.callback.sequence + 1 : 0;
	return 0;
}

static void open_log(struct world *w, struct table *t)
{
	char err[256] = "";
	uint64_t seq;
	w->log = store_log_open(w->path, 42, w->applied, write_row, t, &seq, err);
	if (!w->log)
		fail_msg("%s", err);
	w->applied = seq;
	store_log_applied(w->log, seq);
}

static struct store_rec *call_rec(unsigned k, unsigned value, const char *reason)
{
	struct call_row r = {
	    .account_sid = ACCOUNT, .status = "queued", .duration = (int32_t)value, .reason = reason};
	snprintf(r.sid, sizeof r.sid, "CA%032x", k);
	return store_rec_new(&store_call_rows, STORE_REC_PUT, &r);
}

static struct store_rec *callback_rec(unsigned k, unsigned value, enum store_what what)
{
	char token[35];
	struct callback_row r = {
	    .token = token, .account_sid = ACCOUNT, .sequence = value, .url = "http://h/", .params = "a=b"};
	snprintf(token, sizeof token, "T-%x", k);
	return store_rec_new(&store_callbacks, what, &r);
}

static struct store_rec *event_rec(void)
{
	struct event_row e = {.account_sid = ACCOUNT, .sid = "EV1", .body = "x"};
	return store_rec_new(&store_events, STORE_REC_PUT, &e);
}

/* As the store does it: into the log, then it waits. */
static void promise(struct world *w, struct store_rec *r, uint64_t now)
{
	assert_int_equal(store_log_append(w->log, &r, 1), 0);
	store_late_add(w->late, &r, 1, store_log_seq(w->log), now);
}

static void settle(struct world *w, uint64_t until)
{
	uint64_t seq;
	assert_int_equal(store_late_give(w->late, until, UINT32_MAX, write_row, &w->disk, &seq), 0);
	store_late_drop(w->late);
	w->applied = seq ? seq : w->applied;
	store_log_applied(w->log, w->applied);
}

/* ---- what waits ---- */

static void a_row_that_changed_is_written_once_and_in_the_place_of_its_first_change(void **state)
{
	struct world *w = *state;
	uint64_t seq;
	promise(w, call_rec(1, 10, NULL), 100);
	promise(w, call_rec(2, 20, NULL), 200);
	promise(w, call_rec(1, 11, NULL), 300);
	assert_int_equal(store_late_since(w->late), 100);
	settle(w, 150);
	assert_int_equal(w->disk.writes, 1);
	assert_int_equal(w->disk.calls[1], 12);
	assert_int_equal(store_late_since(w->late), 200);
	assert_int_equal(store_late_give(w->late, 150, UINT32_MAX, write_row, &w->disk, &seq), 0);
	assert_int_equal(w->disk.writes, 1);
	settle(w, UINT64_MAX);
	assert_int_equal(w->disk.writes, 2);
	assert_int_equal(store_late_since(w->late), 0);
}

static void a_callback_that_was_delivered_meanwhile_is_never_written(void **state)
{
	struct world *w = *state;
	promise(w, callback_rec(1, 0, STORE_REC_PUT), 1);
	promise(w, callback_rec(2, 0, STORE_REC_PUT), 2);
	promise(w, callback_rec(1, 0, STORE_REC_DEL), 3);
	settle(w, UINT64_MAX);
	assert_int_equal(w->disk.writes, 1);
	assert_int_equal(w->disk.callbacks[2], 1);
	promise(w, callback_rec(2, 0, STORE_REC_DEL), 4); /* one that is written is deleted */
	settle(w, UINT64_MAX);
	assert_int_equal(w->disk.callbacks[2], 0);
}

static void a_callback_of_another_account_is_not_deleted(void **state)
{
	struct world *w = *state;
	struct callback_row other = {.token = "T-1", .account_sid = "AC2"};
	promise(w, callback_rec(1, 0, STORE_REC_PUT), 1);
	promise(w, store_rec_new(&store_callbacks, STORE_REC_DEL, &other), 2);
	settle(w, UINT64_MAX);
	assert_int_equal(w->disk.callbacks[1], 1);
}

static void what_is_being_written_is_not_outdated_and_what_was_undone_is_given_again(void **state)
{
	struct world *w = *state;
	struct table half = {.refuse = 1};
	uint64_t seq;
	promise(w, call_rec(1, 10, NULL), 1);
	promise(w, call_rec(2, 20, NULL), 2);
	assert_int_equal(store_late_give(w->late, UINT64_MAX, 1, write_row, &half, &seq), 1);
	assert_int_equal(half.writes, 1);
	promise(w, call_rec(1, 11, NULL), 3);
	assert_int_equal(store_late_give(w->late, UINT64_MAX, UINT32_MAX, write_row, &half, &seq), -1);
	store_late_rewind(w->late);
	const struct store_rec *r =
	    store_late_find(w->late, &store_call_rows, "CA00000000000000000000000000000001");
	union store_any row;
	assert_non_null(r);
	assert_int_equal(store_rec_read(r, &row), 0);
	assert_int_equal(row.call.duration, 11);
	settle(w, UINT64_MAX);
	assert_int_equal(w->disk.writes, 3);
	assert_int_equal(w->disk.calls[1], 12);
	assert_int_equal(w->disk.calls[2], 21);
	assert_null(store_late_find(w->late, &store_call_rows, "CA00000000000000000000000000000001"));
}

static void what_may_be_lost_is_counted_and_not_logged(void **state)
{
	struct world *w = *state;
	struct stat st;
	struct store_rec *r = event_rec();
	char log[128];
	assert_int_equal(store_log_append(w->log, &r, 1), 0);
	snprintf(log, sizeof log, "%s-log1", w->path);
	assert_int_equal(stat(log, &st), 0);
	assert_int_equal(st.st_size, 0);
	store_late_add(w->late, &r, 1, store_log_seq(w->log), 1);
	assert_int_equal(store_late_unlogged(w->late), r->size);
}

/* ---- the log ---- */

static void crash(struct world *w)
{
	store_log_close(w->log, false);
	store_late_free(w->late);
	w->late = store_late_new();
}

static void after_any_crash_the_table_is_what_was_promised(void **state)
{
	struct world *w = *state;
	struct table want = {0};
	unsigned seed = 7;
	char reason[300];
	memset(reason, 'r', sizeof reason);
	for (unsigned i = 1; i <= 4000; i++) {
		unsigned k = (unsigned)rand_r(&seed) % KEYS, what = (unsigned)rand_r(&seed) % 100;
		reason[299 - i % 200] = '\0';
		if (what < 40) {
			promise(w, call_rec(k, i, i & 1 ? reason : NULL), i);
			want.calls[k] = i + 1;
		} else if (what < 70 && !want.callbacks[k]) {
			promise(w, callback_rec(k, i, STORE_REC_PUT), i);
			want.callbacks[k] = i + 1;
		} else if (what < 95 && want.callbacks[k]) {
			promise(w, callback_rec(k, 0, STORE_REC_DEL), i);
			want.callbacks[k] = 0;
		} else if (what < 98) {
			settle(w, i - (unsigned)rand_r(&seed) % 50);
		} else {
			crash(w);
			open_log(w, &w->disk);
			assert_memory_equal(w->disk.calls, want.calls, sizeof want.calls);
			assert_memory_equal(w->disk.callbacks, want.callbacks, sizeof want.callbacks);
		}
		reason[299 - i % 200] = 'r';
	}
}

static void a_frame_that_was_cut_off_anywhere_is_left_out_and_those_before_it_are_kept(void **state)
{
	struct world *w = *state;
	struct stat st;
	char log[128];
	promise(w, call_rec(1, 10, NULL), 1);
	snprintf(log, sizeof log, "%s-log1", w->path);
	assert_int_equal(stat(log, &st), 0);
	off_t whole = st.st_size;
	promise(w, call_rec(2, 20, "a reason"), 2);
	crash(w);
	assert_int_equal(stat(log, &st), 0);
	for (off_t end = st.st_size - 1; end >= whole; end--) {
		struct table t = {.refuse = -1};
		assert_int_equal(truncate(log, end), 0);
		w->applied = 0;
		open_log(w, &t);
		assert_int_equal(t.writes, 1);
		assert_int_equal(t.calls[1], 11);
		assert_int_equal(w->applied, 1);
		store_log_close(w->log, false);
	}
	open_log(w, &w->disk);
}

static void a_damaged_frame_ends_the_log(void **state)
{
	struct world *w = *state;
	struct table t = {.refuse = -1};
	char log[128];
	promise(w, call_rec(1, 10, NULL), 1);
	promise(w, call_rec(2, 20, NULL), 2);
	crash(w);
	snprintf(log, sizeof log, "%s-log1", w->path);
	FILE *f = fopen(log, "r+");
	fseek(f, 60, SEEK_SET);
	int c = fgetc(f);
	fseek(f, 60, SEEK_SET);
	fputc(c ^ 1, f);
	fclose(f);
	open_log(w, &t);
	assert_int_equal(t.writes, 0);
}

static void the_log_of_another_database_is_not_replayed(void **state)
{
	struct world *w = *state;
	struct table t = {.refuse = -1};
	char err[256];
	uint64_t seq;
	promise(w, call_rec(1, 10, NULL), 1);
	crash(w);
	w->log = store_log_open(w->path, 43, 0, write_row, &t, &seq, err);
	assert_non_null(w->log);
	assert_int_equal(t.writes, 0);
	assert_int_equal(seq, 0);
}

static void the_files_take_turns_and_old_frames_stay_old(void **state)
{
	struct world *w = *state;
	struct stat st;
	char *big = calloc(1, 1 << 20), log[128];
	memset(big, 'b', (1 << 20) - 1);
	for (unsigned i = 1; i <= 60; i++) {
		promise(w, call_rec(i % KEYS, i, big), i);
		if (i % 5 == 0)
			settle(w, i);
		assert_false(store_log_crowded(w->log) && i < 8);
	}
	settle(w, 50);
	promise(w, call_rec(1, 100, NULL), 100);
	for (int f = 1; f <= 2; f++) { /* neither has grown beyond what was not settled */
		snprintf(log, sizeof log, "%s-log%d", w->path, f);
		assert_int_equal(stat(log, &st), 0);
		assert_in_range(st.st_size, 8 << 20, 20 << 20);
	}
	crash(w);
	w->disk.writes = 0;
	open_log(w, &w->disk);
	assert_int_equal(w->disk.writes, 1); /* the last frame only: the others were settled */
	assert_int_equal(w->disk.calls[1], 101);
	assert_int_equal(w->disk.calls[60 % KEYS], 61);
	free(big);
}

static void a_full_file_waits_for_the_other_one(void **state)
{
	struct world *w = *state;
	char *big = calloc(1, 1 << 20);
	memset(big, 'b', (1 << 20) - 1);
	for (unsigned i = 1; i <= 20; i++)
		promise(w, call_rec(i, i, big), i);
	assert_true(store_log_crowded(w->log));
	settle(w, UINT64_MAX);
	promise(w, call_rec(1, 1, NULL), 21);
	assert_false(store_log_crowded(w->log));
	free(big);
}

static void bytes_that_are_no_record_are_refused(void **state)
{
	struct store_rec *r = call_rec(1, 10, "why");
	char bytes[1024];
	assert_true(r->size < sizeof bytes);
	for (uint32_t n = 0; n < r->size; n++)
		assert_null(store_rec_parse(r->bytes, n));
	struct store_rec *same = store_rec_parse(r->bytes, r->size);
	assert_non_null(same);
	free(same);
	for (uint32_t i = 0; i < r->size; i++) { /* a wrong byte is refused or read within bounds */
		memcpy(bytes, r->bytes, r->size);
		bytes[i] = (char)0xff;
		free(store_rec_parse(bytes, r->size));
	}
	free(r);
}

#define WITH(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH(a_row_that_changed_is_written_once_and_in_the_place_of_its_first_change),
	    WITH(a_callback_that_was_delivered_meanwhile_is_never_written),
	    WITH(a_callback_of_another_account_is_not_deleted),
	    WITH(what_is_being_written_is_not_outdated_and_what_was_undone_is_given_again),
	    WITH(what_may_be_lost_is_counted_and_not_logged),
	    WITH(after_any_crash_the_table_is_what_was_promised),
	    WITH(a_frame_that_was_cut_off_anywhere_is_left_out_and_those_before_it_are_kept),
	    WITH(a_damaged_frame_ends_the_log),
	    WITH(the_log_of_another_database_is_not_replayed),
	    WITH(the_files_take_turns_and_old_frames_stay_old),
	    WITH(a_full_file_waits_for_the_other_one),
	    cmocka_unit_test(bytes_that_are_no_record_are_refused),
	};
	return cmocka_run_group_tests_name("store_log", tests, NULL, NULL);
}
