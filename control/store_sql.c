/* SPDX-License-Identifier: Apache-2.0 */
#include "control/store_sql.h"

#include "control/mem.h"
#include "control/store_table.h"
#include "sip-parser/base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define STORE_VERSION 4
#define STORE_APP_ID  0x4450434c /* "DPCL": tells our files from other SQLite files */
#define ROWS_MAX      2000

struct store_sql {
	sqlite3 *db;
	int lock;
	bool durable; /* what synchronous is set to */
	sqlite3_stmt *begin, *commit, *put_call, *put_note, *del_callback, *applied;
	sqlite3_stmt *put_row[3]; /* of plain_tables, made on demand */
};

static const struct store_table *const plain_tables[] = {
    &store_callbacks, &store_events, &store_applications};

/* ---- columns ---- */

enum kind { FIXED, TEXT, I64, I32, U32 };

static const struct column {
	enum kind kind;
	size_t off;
} columns[] = {
#define COL(c, k, m) {k, offsetof(struct call_row, m)},
#include "control/store.def"
#undef COL
};

#define N_COLUMNS (int)(sizeof columns / sizeof *columns)

#define SQL_FIXED "TEXT NOT NULL"
#define SQL_TEXT  "TEXT"
#define SQL_I64   "INTEGER NOT NULL"
#define SQL_I32   "INTEGER NOT NULL"
#define SQL_U32   "INTEGER NOT NULL"

static const char unfinished[] = "status IN ('queued','initiated','ringing','in-progress')";

static const char schema[] = "CREATE TABLE calls (id INTEGER PRIMARY KEY AUTOINCREMENT"
#define COL(c, k, m) ", " #c " " SQL_##k
#include "control/store.def"
#undef COL
                             ");"
                             "CREATE UNIQUE INDEX calls_sid ON calls (sid);"
                             "CREATE INDEX calls_account ON calls (account_sid, id);"
                             "CREATE INDEX calls_parent ON calls (parent_sid, id) WHERE parent_sid <> '';"
                             "CREATE INDEX calls_unfinished ON calls (id)"
                             " WHERE status IN ('queued','initiated','ringing','in-progress');"
                             "CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, sid TEXT NOT NULL "
                             "UNIQUE, account_sid TEXT NOT NULL,"
                             " call_sid TEXT NOT NULL, code INTEGER NOT NULL, error INTEGER NOT NULL, at "
                             "INTEGER NOT NULL, message TEXT,"
                             " request_url TEXT, request_method TEXT);"
                             "CREATE INDEX notes_call ON notes (call_sid, id);"
                             "CREATE INDEX notes_account ON notes (account_sid, id);";

/* What of the log is in here (store_log.h), and whose log it is. */
static const char log_schema[] = "CREATE TABLE log_state (id INTEGER PRIMARY KEY CHECK (id = 1),"
                                 " identity INTEGER NOT NULL, applied INTEGER NOT NULL);"
                                 "INSERT INTO log_state VALUES (1, random(), 0);";

/* Up to version 3 there was an index over the SIDs of events, which nobody asks for and every attempt paid for. */
static const char events_schema[] =
    "CREATE TABLE new_events (id INTEGER PRIMARY KEY, sid TEXT NOT NULL,"
    " account_sid TEXT NOT NULL, call_sid TEXT NOT NULL, at_ms INTEGER NOT NULL, method TEXT, url TEXT,"
    " params TEXT, status INTEGER NOT NULL, error INTEGER NOT NULL, message TEXT, content_type TEXT, body "
    "TEXT,"
    " dns_us INTEGER NOT NULL, connect_us INTEGER NOT NULL, tls_us INTEGER NOT NULL,"
    " first_byte_us INTEGER NOT NULL, total_us INTEGER NOT NULL, attempt INTEGER NOT NULL, next TEXT);"
    "INSERT INTO new_events SELECT * FROM events; DROP TABLE events;"
    "ALTER TABLE new_events RENAME TO events; CREATE INDEX events_call ON events (call_sid, id);";

static const char select_calls[] = "SELECT id"
#define COL(c, k, m) "," #c
#include "control/store.def"
#undef COL
                                   " FROM calls WHERE 1";

static const char put_note_sql[] =
    "INSERT INTO notes (sid,account_sid,call_sid,code,error,at,message,request_url,request_method)"
    " VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (sid) DO NOTHING";

/* ---- opening ---- */

static int run(struct store_sql *q, const char *sql)
{
	return sqlite3_exec(q->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : -1;
}

static int prepare(struct store_sql *q, const char *sql, sqlite3_stmt **st)
{
	return sqlite3_prepare_v3(q->db, sql, -1, SQLITE_PREPARE_PERSISTENT, st, NULL) == SQLITE_OK ? 0 : -1;
}

static int prepare_put_call(struct store_sql *q)
{
	char sql[4096];
	struct buf b = buf_on(sql, sizeof sql - 1);
	buf_lit(&b, "INSERT INTO calls (");
	const char *comma = "";
#define COL(c, k, m)                                                                                         \
	buf_span(&b, span_str(comma));                                                                       \
	buf_lit(&b, #c);                                                                                     \
	comma = ",";
#include "control/store.def"
#undef COL
	buf_lit(&b, ") VALUES (?");
	for (int i = 1; i < N_COLUMNS; i++)
		buf_lit(&b, ",?");
	buf_lit(&b, ") ON CONFLICT (sid) DO UPDATE SET ");
	comma = "";
#define COL(c, k, m)                                                                                         \
	buf_span(&b, span_str(comma));                                                                       \
	buf_lit(&b, #c "=excluded." #c);                                                                     \
	comma = ",";
#include "control/store.def"
#undef COL
	sql[b.len] = 0;
	return prepare(q, sql, &q->put_call);
}

static int pragma_number(struct store_sql *q, const char *sql, int *out)
{
	sqlite3_stmt *st;
	if (prepare(q, sql, &st) < 0)
		return -1;
	int rc = sqlite3_step(st);
	*out = rc == SQLITE_ROW ? sqlite3_column_int(st, 0) : 0;
	sqlite3_finalize(st);
	return rc == SQLITE_ROW ? 0 : -1;
}

/* What brings a file of that version (0: nothing) up to date. Room is given back from version 3 on. */
static const char *const steps[STORE_VERSION][4] = {
    [0] = {schema, store_table_schema, log_schema},
    [1] = {store_table_schema, "ALTER TABLE calls ADD COLUMN story TEXT", log_schema},
    [2] = {"ALTER TABLE calls ADD COLUMN story TEXT", events_schema, log_schema},
    [3] = {events_schema, log_schema},
};

static int make_schema(struct store_sql *q, int version)
{
	char mark[96];
	snprintf(mark, sizeof mark, "PRAGMA user_version=%d; PRAGMA application_id=%d; COMMIT", STORE_VERSION,
	    STORE_APP_ID);
	int rc = run(q, "BEGIN IMMEDIATE");
	for (int i = 0; rc == 0 && steps[version][i]; i++)
		rc = run(q, steps[version][i]);
	if (rc == 0)
		rc = run(q, mark);
	return rc == 0 && version ? run(q, "PRAGMA auto_vacuum=INCREMENTAL; VACUUM") : rc;
}

/* 0, -1 for SQLite's own reasons, or 1 with a reason of ours in err. */
static int check_schema(struct store_sql *q, char err[256])
{
	int version, app, tables;
	if (pragma_number(q, "PRAGMA user_version", &version) < 0 ||
	    pragma_number(q, "PRAGMA application_id", &app) < 0 ||
	    pragma_number(q, "SELECT count(*) FROM sqlite_master", &tables) < 0)
		return -1;
	if (tables == 0)
		return make_schema(q, 0);
	if (app == STORE_APP_ID && version > 0 && version < STORE_VERSION)
		return make_schema(q, version);
	if (app != STORE_APP_ID)
		snprintf(err, 256, "it is some other program's SQLite file");
	else if (version != STORE_VERSION)
		snprintf(err, 256, "it has schema %d, this version knows %d", version, STORE_VERSION);
	else
		return 0;
	return 1;
}

static int set_up(struct store_sql *q, char err[256])
{
	q->durable = true;
	if (run(q, "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
	           " PRAGMA journal_size_limit=16777216; PRAGMA wal_autocheckpoint=2000;"
	           " PRAGMA cache_size=-4096") < 0)
		return -1;
	int rc = check_schema(q, err);
	if (rc != 0)
		return rc;
	return prepare(q, "BEGIN IMMEDIATE", &q->begin) == 0 && prepare(q, "COMMIT", &q->commit) == 0 &&
	               prepare(q, "DELETE FROM callbacks WHERE token=? AND account_sid=?",
	                   &q->del_callback) == 0 &&
	               prepare(q, "UPDATE log_state SET applied=?", &q->applied) == 0 &&
	               prepare_put_call(q) == 0 && prepare(q, put_note_sql, &q->put_note) == 0
	           ? 0
	           : -1;
}

/* An engine that starts closes the calls it finds open: on the file of another that runs, those would be live
 * ones. SQLite's own locks are of another kind and drop when any descriptor of the file is closed, so this one
 * is closed after SQLite's. 0, or 1 with a reason in err. */
static int lock_file(struct store_sql *q, const char *path, char err[256])
{
	q->lock = open(path, O_RDWR | O_CLOEXEC);
	if (q->lock >= 0 && flock(q->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	snprintf(err, 256, "%s", errno == EWOULDBLOCK ? "another engine uses it" : strerror(errno));
	return 1;
}

struct store_sql *store_sql_open(const char *path, char err[256])
{
	struct store_sql *q = mem_zalloc(sizeof *q);
	char why[256] = "";
	q->lock = -1;
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	int rc = sqlite3_open_v2(path, &q->db, flags, NULL) == SQLITE_OK ? 0 : -1;
	if (rc == 0)
		rc = lock_file(q, path, why);
	if (rc == 0) {
		sqlite3_busy_timeout(q->db, 2000);
		rc = set_up(q, why);
	}
	if (rc == 0)
		return q;
	snprintf(err, 256, "store %.100s: %.140s", path, rc < 0 ? store_sql_why(q) : why);
	store_sql_close(q);
	return NULL;
}

void store_sql_close(struct store_sql *q)
{
	sqlite3_finalize(q->begin);
	sqlite3_finalize(q->commit);
	sqlite3_finalize(q->put_call);
	sqlite3_finalize(q->put_note);
	sqlite3_finalize(q->del_callback);
	sqlite3_finalize(q->applied);
	for (int i = 0; i < 3; i++)
		sqlite3_finalize(q->put_row[i]);
	sqlite3_close(q->db);
	if (q->lock >= 0)
		close(q->lock);
	free(q);
}

const char *store_sql_why(const struct store_sql *q)
{
	return q->db ? sqlite3_errmsg(q->db) : "out of memory";
}

/* ---- writing ---- */

static int step_done(sqlite3_stmt *st)
{
	int rc = sqlite3_step(st);
	if (rc == SQLITE_DONE)
		sqlite3_reset(st);
	return rc == SQLITE_DONE ? 0 : -1;
}

/* After a failure the message has to be read before the statement is reset: the caller does, then rolls back. */
int store_sql_begin(struct store_sql *q, bool durable)
{
	if (durable != q->durable &&
	    run(q, durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL") < 0)
		return -1;
	q->durable = durable;
	return step_done(q->begin);
}

int store_sql_commit(struct store_sql *q)
{
	return step_done(q->commit);
}

static void reset_writers(struct store_sql *q)
{
	sqlite3_reset(q->put_call);
	sqlite3_reset(q->put_note);
	sqlite3_reset(q->del_callback);
	sqlite3_reset(q->applied);
	for (int i = 0; i < 3; i++)
		sqlite3_reset(q->put_row[i]);
}

void store_sql_rollback(struct store_sql *q)
{
	reset_writers(q);
	sqlite3_reset(q->begin);
	sqlite3_reset(q->commit);
	if (!sqlite3_get_autocommit(q->db) && run(q, "ROLLBACK") < 0)
		fprintf(stderr, "dialplane: store: rollback: %s\n", store_sql_why(q));
}

static int bind_column(sqlite3_stmt *st, int i, enum kind kind, const void *at)
{
	switch (kind) {
	case FIXED:
		return sqlite3_bind_text(st, i, at, -1, SQLITE_STATIC);
	case TEXT:
		return sqlite3_bind_text(st, i, *(const char *const *)at, -1, SQLITE_STATIC);
	case I64:
		return sqlite3_bind_int64(st, i, *(const int64_t *)at);
	case I32:
		return sqlite3_bind_int(st, i, *(const int32_t *)at);
	case U32:
		return sqlite3_bind_int64(st, i, *(const uint32_t *)at);
	}
	return SQLITE_MISUSE;
}

int store_sql_put_call(struct store_sql *q, const struct call_row *r)
{
	for (int i = 0; i < N_COLUMNS; i++)
		if (bind_column(q->put_call, i + 1, columns[i].kind, (const char *)r + columns[i].off) !=
		    SQLITE_OK)
			return -1;
	return step_done(q->put_call);
}

int store_sql_put_note(struct store_sql *q, const struct call_note *n)
{
	sqlite3_stmt *st = q->put_note;
	const char *const before[] = {n->sid, n->account_sid, n->call_sid};
	const char *const behind[] = {n->message, n->request_url, n->request_method};
	for (int i = 0; i < 3; i++)
		if (sqlite3_bind_text(st, 1 + i, before[i], -1, SQLITE_STATIC) != SQLITE_OK ||
		    sqlite3_bind_text(st, 7 + i, behind[i], -1, SQLITE_STATIC) != SQLITE_OK)
			return -1;
	if (sqlite3_bind_int(st, 4, n->code) != SQLITE_OK || sqlite3_bind_int(st, 5, n->error) != SQLITE_OK ||
	    sqlite3_bind_int64(st, 6, n->at) != SQLITE_OK)
		return -1;
	return step_done(st);
}

struct sqlite3 *store_sql_db(struct store_sql *q)
{
	return q->db;
}

int store_sql_put_row(struct store_sql *q, const struct store_table *t, const void *row)
{
	int i = 0;
	while (plain_tables[i] != t)
		i++;
	return store_table_put(q->db, &q->put_row[i], t, row);
}

int store_sql_del_callback(struct store_sql *q, const struct callback_row *c)
{
	if (sqlite3_bind_text(q->del_callback, 1, c->token, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_bind_text(q->del_callback, 2, c->account_sid, -1, SQLITE_STATIC) != SQLITE_OK)
		return -1;
	return step_done(q->del_callback);
}

bool store_sql_skip(struct store_sql *q)
{
	if (sqlite3_errcode(q->db) != SQLITE_CONSTRAINT)
		return false;
	fprintf(stderr, "dialplane: store: a row is left out: %s\n", store_sql_why(q));
	reset_writers(q);
	return true;
}

/* ---- the log ---- */

int store_sql_log_state(struct store_sql *q, uint64_t *identity, uint64_t *applied)
{
	sqlite3_stmt *st;
	if (prepare(q, "SELECT identity, applied FROM log_state", &st) < 0)
		return -1;
	int rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		*identity = (uint64_t)sqlite3_column_int64(st, 0);
		*applied = (uint64_t)sqlite3_column_int64(st, 1);
	}
	sqlite3_finalize(st);
	return rc == SQLITE_ROW ? 0 : -1;
}

int store_sql_applied(struct store_sql *q, uint64_t seq)
{
	return sqlite3_bind_int64(q->applied, 1, (int64_t)seq) == SQLITE_OK ? step_done(q->applied) : -1;
}

int store_sql_del_call(struct store_sql *q, const char *account_sid, const char *sid)
{
	static const char *const from[][2] = {
	    {"calls", "sid"}, {"notes", "call_sid"}, {"events", "call_sid"}, {"callbacks", "call_sid"}};
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < sizeof from / sizeof *from; i++)
		rc = store_table_del(q->db, from[i][0], from[i][1], account_sid, sid);
	return rc;
}

/* ---- reading ---- */

static const char *text_at(sqlite3_stmt *st, int i)
{
	return (const char *)sqlite3_column_text(st, i);
}

static void fixed_at(sqlite3_stmt *st, int i, char out[35])
{
	const char *s = text_at(st, i);
	snprintf(out, 35, "%s", s ? s : "");
}

static void read_column(sqlite3_stmt *st, int i, enum kind kind, void *at)
{
	switch (kind) {
	case FIXED:
		fixed_at(st, i, at);
		break;
	case TEXT:
		*(const char **)at = text_at(st, i);
		break;
	case I64:
		*(int64_t *)at = sqlite3_column_int64(st, i);
		break;
	case I32:
		*(int32_t *)at = sqlite3_column_int(st, i);
		break;
	case U32:
		*(uint32_t *)at = (uint32_t)sqlite3_column_int64(st, i);
		break;
	}
}

static void read_row(sqlite3_stmt *st, struct call_row *out)
{
	struct call_row r = {.rowid = (uint64_t)sqlite3_column_int64(st, 0)};
	for (int i = 0; i < N_COLUMNS; i++)
		read_column(st, i + 1, columns[i].kind, (char *)&r + columns[i].off);
	store_row_copy(out, &r);
}

/* A WHERE clause in the making: text from us, values bound in the same order. */
struct where {
	struct buf sql;
	struct bound {
		const char *text; /* NULL: number */
		int64_t number;
	} bound[12];
	int n;
};

static void and_text(struct where *w, const char *sql, const char *value)
{
	if (!value)
		return;
	buf_span(&w->sql, span_str(sql));
	w->bound[w->n++] = (struct bound){value, 0};
}

static void and_number(struct where *w, const char *sql, int64_t value)
{
	if (!value)
		return;
	buf_span(&w->sql, span_str(sql));
	w->bound[w->n++] = (struct bound){NULL, value};
}

static sqlite3_stmt *prepare_where(struct store_sql *q, struct where *w)
{
	sqlite3_stmt *st = NULL;
	if (w->sql.full || sqlite3_prepare_v2(q->db, w->sql.p, (int)w->sql.len, &st, NULL) != SQLITE_OK)
		return NULL;
	for (int i = 0; i < w->n; i++) {
		if (w->bound[i].text)
			sqlite3_bind_text(st, i + 1, w->bound[i].text, -1, SQLITE_STATIC);
		else
			sqlite3_bind_int64(st, i + 1, w->bound[i].number);
	}
	return st;
}

static void where_of(struct where *w, const struct store_query *f)
{
	buf_span(&w->sql, span_str(select_calls));
	if (f->unfinished) {
		buf_lit(&w->sql, " AND ");
		buf_span(&w->sql, span_str(unfinished));
	} else if (f->account_sid || !f->any_account) {
		and_text(w, " AND account_sid=?", f->account_sid ? f->account_sid : "");
	}
	and_text(w, " AND sid=?", f->sid);
	and_text(w, " AND to_=?", f->to);
	and_text(w, " AND from_=?", f->from);
	/* the second term lets the partial index serve it */
	and_text(w, " AND parent_sid=? AND parent_sid<>''", f->parent_sid);
	and_text(w, " AND status=?", f->status);
	and_number(w, " AND start_time>=?", f->start_after);
	and_number(w, " AND start_time<? AND start_time>0", f->start_before);
	and_number(w, " AND end_time>=?", f->end_after);
	and_number(w, " AND end_time<? AND end_time>0", f->end_before);
	and_number(w, " AND id<?", (int64_t)f->before_rowid);
	and_number(w, " AND id>?", (int64_t)f->after_rowid);
	buf_span(&w->sql, span_str(f->after_rowid ? " ORDER BY id ASC" : " ORDER BY id DESC"));
	if (!f->unfinished)
		and_number(w, " LIMIT ?", f->limit && f->limit < ROWS_MAX ? f->limit : ROWS_MAX);
}

static void free_rows(struct call_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		store_row_fini(&rows[i]);
	free(rows);
}

static void reverse(struct call_row *rows, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		struct call_row t = rows[i];
		rows[i] = rows[n - 1 - i];
		rows[n - 1 - i] = t;
	}
}

int store_sql_find(struct store_sql *q, const struct store_query *f, struct call_row **rows, size_t *n)
{
	char sql[2048];
	struct where w = {.sql = buf_on(sql, sizeof sql)};
	*rows = NULL;
	*n = 0;
	where_of(&w, f);
	sqlite3_stmt *st = prepare_where(q, &w);
	if (!st)
		return -1;
	int rc;
	size_t cap = 0;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		if (*n == cap)
			*rows = mem_regrow(*rows, cap = cap ? cap * 2 : 16, sizeof **rows);
		read_row(st, &(*rows)[(*n)++]);
	}
	sqlite3_finalize(st);
	if (rc == SQLITE_DONE && f->after_rowid)
		reverse(*rows, *n);
	if (rc == SQLITE_DONE)
		return 0;
	free_rows(*rows, *n);
	*rows = NULL;
	*n = 0;
	return -1;
}

static void read_note(sqlite3_stmt *st, struct call_note *out)
{
	struct call_note n = {
	    .code = sqlite3_column_int(st, 3),
	    .error = sqlite3_column_int(st, 4),
	    .at = sqlite3_column_int64(st, 5),
	    .message = text_at(st, 6),
	    .request_url = text_at(st, 7),
	    .request_method = text_at(st, 8),
	};
	fixed_at(st, 0, n.sid);
	fixed_at(st, 1, n.account_sid);
	fixed_at(st, 2, n.call_sid);
	store_note_copy(out, &n);
}

int store_sql_notes(struct store_sql *q, const char *account_sid, const char *call_sid, uint32_t limit,
    struct call_note **notes, size_t *n)
{
	char sql[512];
	struct where w = {.sql = buf_on(sql, sizeof sql)};
	buf_lit(&w.sql,
	    "SELECT sid,account_sid,call_sid,code,error,at,message,request_url,request_method FROM notes"
	    " WHERE 1");
	and_text(&w, " AND account_sid=?", account_sid ? account_sid : "");
	and_text(&w, " AND call_sid=?", call_sid);
	buf_lit(&w.sql, " ORDER BY id DESC");
	limit = limit && limit < ROWS_MAX ? limit : ROWS_MAX;
	and_number(&w, " LIMIT ?", limit);
	*n = 0;
	*notes = mem_zalloc(limit * sizeof **notes);
	sqlite3_stmt *st = prepare_where(q, &w);
	while (st && *n < limit && sqlite3_step(st) == SQLITE_ROW)
		read_note(st, &(*notes)[(*n)++]);
	sqlite3_finalize(st);
	return st ? 0 : -1;
}
