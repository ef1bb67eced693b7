/* SPDX-License-Identifier: Apache-2.0 */
/* The store's log: what was promised to be kept and is not in SQLite yet. Two files beside the database, FILE-log1
 * and FILE-log2, written in turn from the start, so that after a while a write changes neither a file's size nor its
 * blocks. A frame is what was promised together; one that was cut off by a crash is seen by its checksum and was
 * never promised. One thread writes it, another may use store_log_applied and store_log_crowded meanwhile. */
#ifndef CONTROL_STORE_LOG_H
#define CONTROL_STORE_LOG_H

#include "control/store_rec.h"

struct store_log;

/* identity: of the database; frames of another are not its. applied: up to which number frames are in it. Those
 * behind are given to replay, record by record in their order; *seq: the last of them. NULL with a sentence in err;
 * a replay that is not 0 ends it. */
typedef int (*store_log_fn)(void *ctx, const struct store_rec *r);
struct store_log *store_log_open(const char *path, uint64_t identity, uint64_t applied, store_log_fn replay,
    void *ctx, uint64_t *seq, char err[256]);
/* remove: what is in it is in the database, so the files go. */
void store_log_close(struct store_log *l, bool remove);
/* Write these records (those of lazy tables left out) as one frame. On the disk when it returns 0; -errno: it is not
 * in the log. */
[[nodiscard]] int store_log_append(struct store_log *l, struct store_rec *const *recs, size_t n);
uint64_t store_log_seq(const struct store_log *l); /* of the last frame */
/* Everything up to seq is in the database, on the disk. */
void store_log_applied(struct store_log *l, uint64_t seq);
/* At the last write the file in use was full and the other one still held what was not told by store_log_applied. */
bool store_log_crowded(const struct store_log *l);

#endif
