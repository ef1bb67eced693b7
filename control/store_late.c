/* SPDX-License-Identifier: Apache-2.0 */
#include "control/store_late.h"

#include "control/mem.h"

#include <stdlib.h>
#include <string.h>

struct group {
	struct group *next;
	uint64_t seq, at_ns;
	struct store_rec *first;
};

struct store_late {
	struct group *first, **last;
	struct group *given;        /* the last one that was given whole; NULL: none */
	struct store_rec *next;     /* of the group behind it, NULL: its first */
	struct store_rec **buckets; /* of those that may be outdated: a power of two */
	uint32_t n_buckets, n;
	size_t unlogged, count;
};

/* ---- by key ---- */

static struct store_rec **slot_of(
    const struct store_late *l, const struct store_table *t, uint32_t hash, const char *key)
{
	struct store_rec **at = &l->buckets[hash & (l->n_buckets - 1)];
	while (*at && ((*at)->hash != hash || (*at)->table != t || strcmp(store_rec_key(*at), key) != 0))
		at = &(*at)->same;
	return at;
}

static void chain(struct store_late *l, struct store_rec *r)
{
	struct store_rec **head = &l->buckets[r->hash & (l->n_buckets - 1)];
	r->same = *head;
	*head = r;
}

static void grow(struct store_late *l)
{
	struct store_rec **old = l->buckets;
	uint32_t n = l->n_buckets;
	l->n_buckets = n * 2;
	l->buckets = mem_zalloc(l->n_buckets * sizeof *l->buckets);
	for (uint32_t i = 0; i < n; i++)
		for (struct store_rec *r = old[i], *next; r; r = next) {
			next = r->same;
			chain(l, r);
		}
	free(old);
}

static void unchain(struct store_late *l, struct store_rec *r)
{
	struct store_rec **at = &l->buckets[r->hash & (l->n_buckets - 1)];
	while (*at != r)
		at = &(*at)->same;
	*at = r->same;
	l->n--;
}

/* ---- coming ---- */

static void forget_latest(struct store_rec *place)
{
	if (place->latest != place)
		free(place->latest);
	place->latest = NULL;
}

static bool same_account(const struct store_rec *a, const struct store_rec *b)
{
	union store_any x, y;
	const struct store_column *c = &a->table->columns[1];
	return store_rec_read(a, &x) == 0 && store_rec_read(b, &y) == 0 &&
	       strcmp((const char *)&x + c->off, (const char *)&y + c->off) == 0;
}

/* r is about the row at `place`, which is still to be written: it takes its turn. */
static void outdate(struct store_late *l, struct store_rec *place, struct store_rec *r)
{
	if (store_rec_what(r) == STORE_REC_PUT) {
		forget_latest(place);
		r->latest = NULL;
		place->latest = r;
		return;
	}
	if (same_account(place, r)) { /* never written, nothing to delete */
		forget_latest(place);
		unchain(l, place);
	}
	free(r);
}

/* true: it waits for a turn of its own. */
static bool enter(struct store_late *l, struct store_rec *r)
{
	r->latest = r;
	if (r->table->lazy)
		l->unlogged += r->size;
	if (!r->table->changes)
		return true;
	struct store_rec *place = *slot_of(l, r->table, r->hash, store_rec_key(r));
	if (place && !place->given) {
		outdate(l, place, r);
		return false;
	}
	if (store_rec_what(r) == STORE_REC_DEL)
		return true;
	if (l->n++ == l->n_buckets)
		grow(l);
	chain(l, r);
	return true;
}

void store_late_add(
    struct store_late *l, struct store_rec *const *recs, size_t n, uint64_t seq, uint64_t now_ns)
{
	if (!n)
		return;
	struct group *g = mem_zalloc(sizeof *g);
	struct store_rec **last = &g->first;
	g->seq = seq;
	g->at_ns = now_ns;
	for (size_t i = 0; i < n; i++)
		if (enter(l, recs[i])) {
			l->count++;
			*last = recs[i];
			last = &recs[i]->next;
		}
	*l->last = g;
	l->last = &g->next;
}

const struct store_rec *store_late_find(
    const struct store_late *l, const struct store_table *t, const char *key)
{
	const struct store_rec *place = *slot_of(l, t, store_rec_hash(key), key);
	return place ? place->latest : NULL;
}

uint64_t store_late_since(const struct store_late *l)
{
	return l->first ? l->first->at_ns : 0;
}

size_t store_late_count(const struct store_late *l)
{
	return l->count;
}

size_t store_late_unlogged(const struct store_late *l)
{
	return l->unlogged;
}

/* ---- going ---- */

/* The group that is to be given next, NULL: none came up to then. */
static struct group *next_group(const struct store_late *l, uint64_t until_ns)
{
	struct group *g = l->given ? l->given->next : l->first;
	return g && g->at_ns <= until_ns ? g : NULL;
}

/* From l->next on; it is NULL when the group is through. */
static int give_group(struct store_late *l, unsigned *max, store_late_fn write, void *ctx)
{
	for (; l->next && *max; --*max, l->next = l->next->next) {
		struct store_rec *r = l->next;
		int rc = r->latest ? write(ctx, r->latest) : 0;
		r->given = true;
		if (rc < 0)
			return rc;
	}
	return 0;
}

int store_late_give(
    struct store_late *l, uint64_t until_ns, unsigned max, store_late_fn write, void *ctx, uint64_t *seq)
{
	int rc = 0;
	struct group *g = NULL;
	while (rc == 0 && max && (g = next_group(l, until_ns))) {
		if (!l->next)
			l->next = g->first;
		rc = give_group(l, &max, write, ctx);
		if (rc == 0 && !l->next)
			l->given = g;
	}
	*seq = l->given ? l->given->seq : 0;
	return rc < 0 ? rc : next_group(l, until_ns) != NULL;
}

void store_late_rewind(struct store_late *l)
{
	l->given = NULL;
	l->next = NULL;
}

static void leave(struct store_late *l, struct store_rec *r)
{
	l->count--;
	if (r->table->lazy)
		l->unlogged -= r->size;
	if (r->table->changes && r->latest && store_rec_what(r) == STORE_REC_PUT)
		unchain(l, r);
	forget_latest(r);
	free(r);
}

static void drop_group(struct store_late *l)
{
	struct group *g = l->first;
	for (struct store_rec *r = g->first, *next; r; r = next) {
		next = r->next;
		leave(l, r);
	}
	l->first = g->next;
	if (!l->first)
		l->last = &l->first;
	free(g);
}

void store_late_drop(struct store_late *l)
{
	const struct group *end = l->given ? l->given->next : l->first;
	while (l->first != end)
		drop_group(l);
	l->given = NULL;
}

/* ---- life ---- */

struct store_late *store_late_new(void)
{
	struct store_late *l = mem_zalloc(sizeof *l);
	l->last = &l->first;
	l->n_buckets = 1024;
	l->buckets = mem_zalloc(l->n_buckets * sizeof *l->buckets);
	return l;
}

void store_late_free(struct store_late *l)
{
	if (!l)
		return;
	while (l->first)
		drop_group(l);
	free(l->buckets);
	free(l);
}
