/* SPDX-License-Identifier: Apache-2.0 */
#include "control/store_sweep.h"

#include <sqlite3.h>

#define S(x)    #x
#define N(x)    S(x)
#define FEW     N(STORE_SWEEP_ROWS)
#define PAGES   512 /* given back at a time */
#define RESERVE 512 /* free pages that stay, for the rows that come next */

/* The oldest come first, so one look at the first few rows tells whether there is anything to do. Calls that are up
 * have no end_time. */
static const char *const deletes[] = {
    "DELETE FROM calls WHERE id IN (SELECT id FROM (SELECT id, end_time FROM calls ORDER BY id LIMIT " FEW ")"
    " WHERE end_time > 0 AND end_time < ?1 / 1000)",
    "DELETE FROM events WHERE id IN (SELECT id FROM (SELECT id, at_ms FROM events ORDER BY id LIMIT " FEW ")"
    " WHERE at_ms < ?1)",
    "DELETE FROM notes WHERE id IN (SELECT id FROM (SELECT id, at FROM notes ORDER BY id LIMIT " FEW ")"
    " WHERE at < ?1 / 1000)",
};

static int delete_older(sqlite3 *db, const char *sql, int64_t than_ms, uint64_t *gone, bool *more)
{
	sqlite3_stmt *st = NULL;
	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
		return -1;
	sqlite3_bind_int64(st, 1, than_ms);
	int rc = sqlite3_step(st) == SQLITE_DONE ? 0 : -1;
	int n = rc == 0 ? sqlite3_changes(db) : 0;
	sqlite3_finalize(st);
	*gone += (uint64_t)n;
	*more |= n == STORE_SWEEP_ROWS;
	return rc;
}

static int free_pages(sqlite3 *db)
{
	sqlite3_stmt *st = NULL;
	int n = -1;
	if (sqlite3_prepare_v2(db, "PRAGMA freelist_count", -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	return n;
}

static int give_back(sqlite3 *db, bool *more)
{
	int n = free_pages(db);
	if (n <= RESERVE)
		return n < 0 ? -1 : 0;
	*more |= n - RESERVE > PAGES;
	return sqlite3_exec(db, "PRAGMA incremental_vacuum(" N(PAGES) ")", NULL, NULL, NULL) == SQLITE_OK
	           ? 0
	           : -1;
}

int store_sweep(struct sqlite3 *db, const struct store_keep *keep, int64_t now_ms, uint64_t *gone, bool *more)
{
	const uint32_t seconds[] = {keep->calls_s, keep->events_s, keep->notes_s};
	*gone = 0;
	*more = false;
	for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++)
		if (seconds[i] &&
		    delete_older(db, deletes[i], now_ms - seconds[i] * INT64_C(1000), gone, more) < 0)
			return -1;
	return give_back(db, more);
}
