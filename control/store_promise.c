/* SPDX-License-Identifier: Apache-2.0 */
#include "control/mem.h"
#include "control/store_priv.h"

#include <stdlib.h>
#include <string.h>

static size_t records_of(const struct op *op)
{
	return op->recs[1] ? 2 : 1;
}

/* The records of first … before end, in their order. */
static struct store_parcel *parcel_of(const struct op *first, const struct op *end)
{
	struct store_parcel *p = mem_zalloc(sizeof *p);
	for (const struct op *op = first; op != end; op = op->next)
		p->n += records_of(op);
	p->recs = mem_regrow(NULL, p->n, sizeof *p->recs);
	size_t n = 0;
	for (const struct op *op = first; op != end; op = op->next)
		for (size_t i = 0; i < records_of(op); i++)
			p->recs[n++] = op->recs[i];
	return p;
}

/* The records are the parcel's now. */
static void promised(struct store_work *w, struct store_parcel *p, struct op *first, const struct op *end)
{
	p->seq = store_log_seq(w->log);
	p->at_ns = loop_now_ns();
	for (struct op *op = first; op != end; op = op->next) {
		op->ok = true;
		op->recs[0] = op->recs[1] = NULL;
	}
	store_work_committed(w);
}

/* NULL, and *rc says why: nothing of it is in the log. */
static struct store_parcel *write_group(struct store_work *w, struct op *first, const struct op *end, int *rc)
{
	struct store_parcel *p = parcel_of(first, end);
	*rc = store_log_append(w->log, p->recs, p->n);
	if (*rc == 0) {
		promised(w, p, first, end);
		return p;
	}
	free(p->recs);
	free(p);
	return NULL;
}

/* A group that does not fit is tried one by one: what fits is kept. */
static struct store_parcel *write_each(struct store_work *w, struct op *first)
{
	struct store_parcel *list = NULL, **last = &list;
	for (struct op *op = first; op; op = op->next) {
		int rc;
		*last = write_group(w, op, op->next, &rc);
		if (*last)
			last = &(*last)->next;
		else
			store_work_refuse(w, op, strerror(-rc));
	}
	return list;
}

struct store_parcel *store_promise(struct store_work *w, struct op *first)
{
	int rc;
	struct store_parcel *p = write_group(w, first, NULL, &rc);
	return p ? p : write_each(w, first);
}
