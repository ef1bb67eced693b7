/* SPDX-License-Identifier: Apache-2.0 */
/* The store's SQL. One thread, which owns the connection; every value is bound, none is written into SQL. */
#ifndef CONTROL_STORE_SQL_H
#define CONTROL_STORE_SQL_H

#include "control/store.h"

struct store_sql;

/* Open or make the file, keep other engines away from it, bring its schema up to date. NULL with a sentence in
 * err. */
struct store_sql *store_sql_open(const char *path, char err[256]);
void store_sql_close(struct store_sql *q);
/* 0, or -1: store_sql_why says what was wrong. A failed statement may have ended the transaction. */
/* durable: the commit is on the disk when it returns; else with the next one that is. */
[[nodiscard]] int store_sql_begin(struct store_sql *q, bool durable);
[[nodiscard]] int store_sql_commit(struct store_sql *q);
void store_sql_rollback(struct store_sql *q);
[[nodiscard]] int store_sql_put_call(struct store_sql *q, const struct call_row *r);
[[nodiscard]] int store_sql_put_note(struct store_sql *q, const struct call_note *n);
struct sqlite3;
struct store_table;
struct sqlite3 *store_sql_db(struct store_sql *q); /* to read and delete; the store's thread only */
[[nodiscard]] int store_sql_put_row(struct store_sql *q, const struct store_table *t, const void *row);
[[nodiscard]] int store_sql_del_callback(struct store_sql *q, const struct callback_row *c);
/* Was the last failure the row's own fault (a constraint)? Then the transaction can go on without it. */
bool store_sql_skip(struct store_sql *q);
/* The log (store_log.h): whose it is, and up to where it is in here. */
[[nodiscard]] int store_sql_log_state(struct store_sql *q, uint64_t *identity, uint64_t *applied);
[[nodiscard]] int store_sql_applied(struct store_sql *q, uint64_t seq);
[[nodiscard]] int store_sql_del_call(struct store_sql *q, const char *account_sid, const char *sid);
const char *store_sql_why(const struct store_sql *q);

/* Rows that own their strings: *n of them at *rows, each ended by store_row_fini, then free(). */
[[nodiscard]] int store_sql_find(
    struct store_sql *q, const struct store_query *f, struct call_row **rows, size_t *n);
[[nodiscard]] int store_sql_notes(struct store_sql *q, const char *account_sid, const char *call_sid,
    uint32_t limit, struct call_note **notes, size_t *n);

/* Copies that own their strings. */
void store_row_copy(struct call_row *out, const struct call_row *in);
void store_row_fini(struct call_row *r);
void store_note_copy(struct call_note *out, const struct call_note *in);
void store_note_fini(struct call_note *n);

#endif
