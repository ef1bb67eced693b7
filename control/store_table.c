/* SPDX-License-Identifier: Apache-2.0 */
#include "control/store_table.h"

#include "control/mem.h"
#include "sip-parser/base/buf.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 2000

#define SC_FIXED SC_SID
static const struct store_column calls[] = {
#define COL(c, kind, m) {#c, SC_##kind, offsetof(struct call_row, m)},
#include "control/store.def"
#undef COL
};

#define ROW struct callback_row
#define COL(kind, m)                                                                                         \
	{                                                                                                    \
#m, SC_##kind, offsetof(ROW, m)                                                              \
	}
static const struct store_column callbacks[] = {COL(TEXT, token), COL(SID, account_sid), COL(SID, call_sid),
    COL(U32, sequence), COL(U32, post), COL(TEXT, url), COL(TEXT, params), COL(I64, created_ms)};
#undef ROW

#define ROW struct call_note
static const struct store_column notes[] = {COL(SID, sid), COL(SID, account_sid), COL(SID, call_sid),
    COL(I32, code), COL(BOOL, error), COL(I64, at), COL(TEXT, message), COL(TEXT, request_url),
    COL(TEXT, request_method)};
#undef ROW

#define ROW struct event_row
static const struct store_column events[] = {COL(SID, sid), COL(SID, account_sid), COL(SID, call_sid),
    COL(I64, at_ms), COL(TEXT, method), COL(TEXT, url), COL(TEXT, params), COL(U32, status), COL(U32, error),
    COL(TEXT, message), COL(TEXT, content_type), COL(TEXT, body), COL(U32, dns_us), COL(U32, connect_us),
    COL(U32, tls_us), COL(U32, first_byte_us), COL(U32, total_us), COL(U32, attempt), COL(TEXT, next)};
#undef ROW

#define ROW struct application_row
static const struct store_column applications[] = {COL(SID, sid), COL(SID, account_sid),
    COL(I64, date_created), COL(I64, date_updated), COL(TEXT, friendly_name), COL(TEXT, voice_url),
    COL(TEXT, voice_method), COL(TEXT, voice_fallback_url), COL(TEXT, voice_fallback_method),
    COL(TEXT, status_callback), COL(TEXT, status_callback_method), COL(U32, caller_id_lookup),
    COL(TEXT, sms_url), COL(TEXT, sms_method), COL(TEXT, sms_fallback_url), COL(TEXT, sms_fallback_method),
    COL(TEXT, sms_status_callback), COL(TEXT, message_status_callback)};
#undef ROW

#define TABLE(name, row, columns, ...)                                                                       \
	{                                                                                                    \
		name, sizeof(struct row), columns, sizeof columns / sizeof *columns, __VA_ARGS__             \
	}
const struct store_table store_call_rows = TABLE("calls", call_row, calls, .changes = true);
const struct store_table store_note_rows = TABLE("notes", call_note, notes);
const struct store_table store_callbacks = TABLE("callbacks", callback_row, callbacks, .changes = true);
const struct store_table store_events = TABLE("events", event_row, events, .lazy = true);
const struct store_table store_applications = TABLE("applications", application_row, applications);

const char store_table_schema[] =
    "CREATE TABLE callbacks (id INTEGER PRIMARY KEY AUTOINCREMENT, token TEXT NOT NULL UNIQUE,"
    " account_sid TEXT NOT NULL, call_sid TEXT NOT NULL, sequence INTEGER NOT NULL, post INTEGER NOT NULL,"
    " url TEXT NOT NULL, params TEXT NOT NULL, created_ms INTEGER NOT NULL);"
    "CREATE INDEX callbacks_call ON callbacks (call_sid);"
    "CREATE TABLE events (id INTEGER PRIMARY KEY, sid TEXT NOT NULL,"
    " account_sid TEXT NOT NULL, call_sid TEXT NOT NULL, at_ms INTEGER NOT NULL, method TEXT, url TEXT,"
    " params TEXT, status INTEGER NOT NULL, error INTEGER NOT NULL, message TEXT, content_type TEXT, body "
    "TEXT,"
    " dns_us INTEGER NOT NULL, connect_us INTEGER NOT NULL, tls_us INTEGER NOT NULL,"
    " first_byte_us INTEGER NOT NULL, total_us INTEGER NOT NULL, attempt INTEGER NOT NULL, next TEXT);"
    "CREATE INDEX events_call ON events (call_sid, id);"
    "CREATE TABLE applications (id INTEGER PRIMARY KEY AUTOINCREMENT, sid TEXT NOT NULL UNIQUE,"
    " account_sid TEXT NOT NULL, date_created INTEGER NOT NULL, date_updated INTEGER NOT NULL,"
    " friendly_name TEXT, voice_url TEXT, voice_method TEXT, voice_fallback_url TEXT,"
    " voice_fallback_method TEXT, status_callback TEXT, status_callback_method TEXT,"
    " caller_id_lookup INTEGER NOT NULL, sms_url TEXT, sms_method TEXT, sms_fallback_url TEXT,"
    " sms_fallback_method TEXT, sms_status_callback TEXT, message_status_callback TEXT);"
    "CREATE INDEX applications_account ON applications (account_sid, id);";

void store_table_copy(const struct store_table *t, void *out, const void *in)
{
	memcpy(out, in, t->size);
	for (unsigned i = 0; i < t->n; i++)
		if (t->columns[i].kind == SC_TEXT) {
			char **at = (char **)(void *)((char *)out + t->columns[i].off);
			*at = mem_dup(*at);
		}
}

void store_table_fini(const struct store_table *t, void *row)
{
	for (unsigned i = 0; i < t->n; i++)
		if (t->columns[i].kind == SC_TEXT)
			free(*(char **)(void *)((char *)row + t->columns[i].off));
}

/* ---- writing ---- */

static int bind(sqlite3_stmt *st, int i, const struct store_column *c, const char *row)
{
	const void *at = row + c->off;
	switch (c->kind) {
	case SC_SID:
		return sqlite3_bind_text(st, i, at, -1, SQLITE_STATIC);
	case SC_TEXT:
		return sqlite3_bind_text(st, i, *(const char *const *)at, -1, SQLITE_STATIC);
	case SC_I64:
		return sqlite3_bind_int64(st, i, *(const int64_t *)at);
	case SC_I32:
		return sqlite3_bind_int(st, i, *(const int32_t *)at);
	case SC_U32:
		return sqlite3_bind_int64(st, i, *(const uint32_t *)at);
	case SC_BOOL:
		return sqlite3_bind_int(st, i, *(const bool *)at);
	}
	return SQLITE_MISUSE;
}

static sqlite3_stmt *prepare(sqlite3 *db, const struct buf *b)
{
	sqlite3_stmt *st = NULL;
	if (b->full || sqlite3_prepare_v2(db, b->p, (int)b->len, &st, NULL) != SQLITE_OK)
		return NULL;
	return st;
}

static void put_sql(struct buf *b, const struct store_table *t)
{
	buf_lit(b, "INSERT INTO ");
	buf_span(b, span_str(t->name));
	for (unsigned i = 0; i < t->n; i++) {
		buf_span(b, span_str(i ? "," : " ("));
		buf_span(b, span_str(t->columns[i].name));
	}
	for (unsigned i = 0; i < t->n; i++)
		buf_span(b, span_str(i ? ",?" : ") VALUES (?"));
	buf_lit(b, ") ON CONFLICT DO UPDATE SET ");
	for (unsigned i = 1; i < t->n; i++) {
		buf_span(b, span_str(i > 1 ? "," : ""));
		buf_span(b, span_str(t->columns[i].name));
		buf_lit(b, "=excluded.");
		buf_span(b, span_str(t->columns[i].name));
	}
}

static sqlite3_stmt *put_statement(sqlite3 *db, const struct store_table *t)
{
	char sql[2048];
	struct buf b = buf_on(sql, sizeof sql);
	put_sql(&b, t);
	return prepare(db, &b);
}

int store_table_put(sqlite3 *db, sqlite3_stmt **st, const struct store_table *t, const void *row)
{
	if (!*st)
		*st = put_statement(db, t);
	int rc = *st ? 0 : -1;
	for (unsigned i = 0; rc == 0 && i < t->n; i++)
		rc = bind(*st, (int)i + 1, &t->columns[i], row) == SQLITE_OK ? 0 : -1;
	if (rc == 0)
		rc = sqlite3_step(*st) == SQLITE_DONE ? 0 : -1;
	/* A failed one keeps its message for who asks why; the rollback resets it. */
	if (rc == 0)
		sqlite3_reset(*st);
	return rc;
}

int store_table_del(
    sqlite3 *db, const char *table, const char *key_column, const char *account_sid, const char *key)
{
	char sql[256];
	struct buf b = buf_on(sql, sizeof sql);
	buf_lit(&b, "DELETE FROM ");
	buf_span(&b, span_str(table));
	buf_lit(&b, " WHERE ");
	buf_span(&b, span_str(key_column));
	buf_lit(&b, "=? AND account_sid=?");
	sqlite3_stmt *st = prepare(db, &b);
	if (!st)
		return -1;
	sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 2, account_sid, -1, SQLITE_STATIC);
	int rc = sqlite3_step(st) == SQLITE_DONE ? 0 : -1;
	sqlite3_finalize(st);
	return rc;
}

/* ---- reading ---- */

static void read_column(sqlite3_stmt *st, int i, const struct store_column *c, char *row)
{
	void *at = row + c->off;
	const char *text = (const char *)sqlite3_column_text(st, i);
	switch (c->kind) {
	case SC_SID:
		snprintf(at, 35, "%s", text ? text : "");
		break;
	case SC_TEXT:
		*(char **)at = mem_dup(text);
		break;
	case SC_I64:
		*(int64_t *)at = sqlite3_column_int64(st, i);
		break;
	case SC_I32:
		*(int32_t *)at = sqlite3_column_int(st, i);
		break;
	case SC_U32:
		*(uint32_t *)at = (uint32_t)sqlite3_column_int64(st, i);
		break;
	case SC_BOOL:
		*(bool *)at = sqlite3_column_int(st, i);
		break;
	}
}

static void read_row(sqlite3_stmt *st, const struct store_table *t, char *row)
{
	*(uint64_t *)(void *)row = (uint64_t)sqlite3_column_int64(st, 0);
	for (unsigned i = 0; i < t->n; i++)
		read_column(st, (int)i + 1, &t->columns[i], row);
}

struct terms {
	struct buf sql;
	const char *bound[8];
	int n;
};

static void and_equal(struct terms *w, const char *column, const char *value)
{
	if (!value)
		return;
	buf_lit(&w->sql, " AND ");
	buf_span(&w->sql, span_str(column));
	buf_lit(&w->sql, "=?");
	w->bound[w->n++] = value;
}

static void list_sql(struct terms *w, const struct store_table *t, const struct store_filter *f)
{
	buf_lit(&w->sql, "SELECT id");
	for (unsigned i = 0; i < t->n; i++) {
		buf_lit(&w->sql, ",");
		buf_span(&w->sql, span_str(t->columns[i].name));
	}
	buf_lit(&w->sql, " FROM ");
	buf_span(&w->sql, span_str(t->name));
	buf_lit(&w->sql, " WHERE 1");
	and_equal(w, "account_sid", f->account_sid);
	and_equal(w, t->columns[0].name, f->key);
	and_equal(w, "call_sid", f->call_sid);
	and_equal(w, "url", f->url);
	and_equal(w, "friendly_name", f->friendly_name);
	buf_span(&w->sql, span_str(f->oldest_first ? " ORDER BY id LIMIT " : " ORDER BY id DESC LIMIT "));
	buf_u32(&w->sql, f->limit ? f->limit : ROWS_MAX);
}

int store_table_list(
    sqlite3 *db, const struct store_table *t, const struct store_filter *f, void **rows, size_t *n)
{
	char sql[1024];
	struct terms w = {.sql = buf_on(sql, sizeof sql)};
	list_sql(&w, t, f);
	sqlite3_stmt *st = prepare(db, &w.sql);
	size_t cap = 0;
	int rc = st ? SQLITE_ROW : SQLITE_ERROR;
	*n = 0;
	for (int i = 0; st && i < w.n; i++)
		sqlite3_bind_text(st, i + 1, w.bound[i], -1, SQLITE_STATIC);
	while (rc == SQLITE_ROW && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		if (*n == cap)
			*rows = mem_regrow(*rows, cap = cap ? cap * 2 : 16, t->size);
		memset((char *)*rows + *n * t->size, 0, t->size);
		read_row(st, t, (char *)*rows + (*n)++ * t->size);
	}
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? 0 : -1;
}
