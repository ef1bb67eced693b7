/* SPDX-License-Identifier: Apache-2.0 */
/* A row, or the key of one that is deleted, as bytes: how it lies in the store's log and waits in memory for its
 * place in SQLite. Made on the loop, read on the store's thread. */
#ifndef CONTROL_STORE_REC_H
#define CONTROL_STORE_REC_H

#include "control/store_table.h"

enum store_what { STORE_REC_PUT, STORE_REC_DEL };

struct store_rec {
	/* store_late.c's: the next in turn, the hash chain, and what is written when this one's turn comes: itself, a newer row of
	 * the same key, or NULL (deleted meanwhile) */
	struct store_rec *next, *same, *latest;
	const struct store_table *table;
	uint32_t hash; /* of the key */
	uint32_t size;
	bool given;   /* store_late.c's: written, not committed: it can no longer be outdated */
	char bytes[]; /* a header of STORE_REC_HEAD, then the columns: length and text, or the number */
};

#define STORE_REC_HEAD 8

/* Any struct that a table describes. */
union store_any {
	struct call_row call;
	struct call_note note;
	struct callback_row callback;
	struct event_row event;
	struct application_row application;
};

/* free() it. Of a row that is deleted only the first two columns count. */
struct store_rec *store_rec_new(const struct store_table *t, enum store_what what, const void *row);
/* The same of bytes from the log, the first record in n of them. NULL: they are none. */
struct store_rec *store_rec_parse(const char *bytes, size_t n);
enum store_what store_rec_what(const struct store_rec *r);
const char *store_rec_key(const struct store_rec *r);
uint32_t store_rec_hash(const char *key);
/* The row; its texts are the record's. Columns the record does not have are 0. -EINVAL: the bytes are none. */
[[nodiscard]] int store_rec_read(const struct store_rec *r, union store_any *row);

#endif
