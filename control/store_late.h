/* SPDX-License-Identifier: Apache-2.0 */
/* What is safe in the store's log (or may be lost) and not yet in SQLite. It waits a while there, because most of
 * what happens to a call is soon outdated: a row that changed five times is written once, a callback that was
 * delivered meanwhile not at all. The store's thread only; time is an argument. */
#ifndef CONTROL_STORE_LATE_H
#define CONTROL_STORE_LATE_H

#include "control/store_rec.h"

struct store_late;

struct store_late *store_late_new(void);
void store_late_free(struct store_late *l);

/* Takes the records (none: nothing happens). seq: the log's number for them, never smaller than the one before. */
void store_late_add(
    struct store_late *l, struct store_rec *const *recs, size_t n, uint64_t seq, uint64_t now_ns);
/* The newest row of that key that waits here, or NULL. */
const struct store_rec *store_late_find(
    const struct store_late *l, const struct store_table *t, const char *key);
/* When the oldest came; 0: nothing waits. */
uint64_t store_late_since(const struct store_late *l);
/* Give what came up to then to write, oldest first, going on where the last call ended, max records at most. 0: all
 * has been given, 1: there is more; the first result of write that is negative ends it. *seq: up to which number all
 * has been given, 0: nothing has. Nothing is forgotten yet. */
typedef int (*store_late_fn)(void *ctx, const struct store_rec *r);
[[nodiscard]] int store_late_give(
    struct store_late *l, uint64_t until_ns, unsigned max, store_late_fn write, void *ctx, uint64_t *seq);
/* What has been given is committed: forget it. */
void store_late_drop(struct store_late *l);
/* What has been given was undone: begin again. */
void store_late_rewind(struct store_late *l);
size_t store_late_count(const struct store_late *l); /* records that wait */
/* Bytes of what may be lost: nobody else bounds them. */
size_t store_late_unlogged(const struct store_late *l);

#endif
