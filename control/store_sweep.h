/* SPDX-License-Identifier: Apache-2.0 */
/* Old rows go: on the store's thread, in short transactions of its own. */
#ifndef CONTROL_STORE_SWEEP_H
#define CONTROL_STORE_SWEEP_H

#include "control/store.h"

struct sqlite3;

#define STORE_SWEEP_ROWS 500 /* of each table at a time: a few milliseconds */

/* Deletes what is older than keep says, gives free pages back. *gone: how many rows; *more: there is surely more of
 * the same. 0, or -1: sqlite3_errmsg. */
[[nodiscard]] int store_sweep(
    struct sqlite3 *db, const struct store_keep *keep, int64_t now_ms, uint64_t *gone, bool *more);

#endif
