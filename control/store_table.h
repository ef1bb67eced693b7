/* SPDX-License-Identifier: Apache-2.0 */
/* The store's plain tables beside calls and notes: status callbacks that are owed, webhook attempts, applications.
 * A table is a list of columns over a struct; put, list, delete, copy and free are made from it. */
#ifndef CONTROL_STORE_TABLE_H
#define CONTROL_STORE_TABLE_H

#include "control/store.h"

struct sqlite3;
struct store_column {
	const char *name;
	enum {
		SC_SID,
		SC_TEXT,
		SC_I64,
		SC_I32,
		SC_U32,
		SC_BOOL
	} kind; /* char[35], const char * (NULL = null), int64_t, int32_t, uint32_t, bool */
	size_t off;
};

struct store_table {
	const char *name;
	size_t size; /* of its struct, whose first member is uint64_t rowid where store_table_… is used */
	const struct store_column
	    *columns; /* the key and the account first; new ones last: the log has them in
	                                     * this order */
	unsigned n;
	bool changes; /* rows are written again or deleted soon: what is outdated is never written */
	bool lazy;    /* not worth a log: what came last may be lost in a crash */
};

/* Tables with statements of their own in store_sql.c: here for their columns. */
extern const struct store_table store_call_rows, store_note_rows;

/* CREATE TABLE and its indexes, for a new file and for one of schema 1. */
extern const char store_table_schema[];

void store_table_copy(const struct store_table *t, void *out, const void *in);
void store_table_fini(const struct store_table *t, void *row);

/* 0, or -1: sqlite3_errmsg. The first column is the key. */
/* *st: NULL at first, then the statement, to be finalized by the caller before the database is closed. */
struct sqlite3_stmt;
[[nodiscard]] int store_table_put(
    struct sqlite3 *db, struct sqlite3_stmt **st, const struct store_table *t, const void *row);
[[nodiscard]] int store_table_del(
    struct sqlite3 *db, const char *table, const char *key_column, const char *account_sid, const char *key);
/* Rows that own their texts. */
[[nodiscard]] int store_table_list(
    struct sqlite3 *db, const struct store_table *t, const struct store_filter *f, void **rows, size_t *n);

#endif
