/* SPDX-License-Identifier: Apache-2.0 */
#include "control/outbox.h"

#include "control/mem.h"
#include "control/store_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 4096

struct owed {
	struct owed *next;
	struct callback_row row;
};

/* The callbacks of one call; the first is under way or waits for its time. */
struct lane {
	struct lane *next; /* of the bucket */
	struct outbox *outbox;
	char call_sid[35];
	struct owed *first, **last;
	uint32_t failures; /* of the first, in this run */
	struct loop_timer again;
};

struct outbox {
	struct loop *loop;
	struct outbox_conf conf;
	struct outbox_ops ops;
	struct lane *lanes[BUCKETS];
	uint32_t waiting, flying;
	bool stopping;
	uint64_t delivered, retried, given_up;
};

static void go(struct lane *l);

/* ---- lanes ---- */

static uint32_t bucket(const char *sid)
{
	uint32_t h = 2166136261u; /* FNV-1a; SIDs are ours and random */
	for (; *sid; sid++)
		h = (h ^ (unsigned char)*sid) * 16777619u;
	return h % BUCKETS;
}

static struct lane *lane_of(struct outbox *o, const char *call_sid)
{
	struct lane **head = &o->lanes[bucket(call_sid)], *l = *head;
	while (l && strcmp(l->call_sid, call_sid) != 0)
		l = l->next;
	return l;
}

static void on_again(void *ctx, struct loop_timer *t)
{
	struct lane *l = ctx;
	go(l);
}

static struct lane *new_lane(struct outbox *o, const char *call_sid)
{
	struct lane *l = mem_zalloc(sizeof *l), **head = &o->lanes[bucket(call_sid)];
	l->outbox = o;
	snprintf(l->call_sid, sizeof l->call_sid, "%s", call_sid);
	l->last = &l->first;
	l->again = (struct loop_timer){.fn = on_again, .ctx = l};
	l->next = *head;
	*head = l;
	return l;
}

static void free_lane(struct lane *l)
{
	struct lane **at = &l->outbox->lanes[bucket(l->call_sid)];
	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	loop_timer_cancel(l->outbox->loop, &l->again);
	free(l);
}

static void drop_first(struct lane *l)
{
	struct owed *f = l->first;
	l->first = f->next;
	if (!l->first)
		l->last = &l->first;
	l->failures = 0;
	l->outbox->waiting--;
	store_table_fini(&store_callbacks, &f->row);
	free(f);
}

/* ---- one callback ---- */

static void tell(struct lane *l, int code, bool error, const char *what, const char *then)
{
	const struct callback_row *c = &l->first->row;
	char text[400];
	snprintf(text, sizeof text, "status callback %u failed: %.200s; %s", c->sequence, what, then);
	struct call_note n = {.code = code,
	    .error = error,
	    .at = loop_wall_ms() / 1000,
	    .message = text,
	    .request_url = c->url,
	    .request_method = c->post ? "POST" : "GET"};
	memcpy(n.account_sid, c->account_sid, sizeof n.account_sid);
	memcpy(n.call_sid, c->call_sid, sizeof n.call_sid);
	l->outbox->ops.note(l->outbox->ops.ctx, &n);
}

/* The first is settled, one way or the other: the next one's turn. */
static void settle(struct lane *l)
{
	l->outbox->ops.forget(l->outbox->ops.ctx, &l->first->row);
	drop_first(l);
	if (l->first)
		go(l);
	else
		free_lane(l);
}

static void give_up(struct lane *l, int code, const char *what)
{
	l->outbox->given_up++;
	tell(l, code, true, what, "given up");
	settle(l);
}

static uint64_t pause_ms(const struct lane *l)
{
	uint64_t ms = l->outbox->conf.retry_min_ms;
	for (uint32_t i = 1; i < l->failures && ms < l->outbox->conf.retry_max_ms; i++)
		ms *= 2;
	return ms < l->outbox->conf.retry_max_ms ? ms : l->outbox->conf.retry_max_ms;
}

static void wait(struct lane *l)
{
	struct outbox *o = l->outbox;
	l->failures++;
	if (!o->stopping)
		loop_timer_arm(o->loop, &l->again, loop_now_ns() + pause_ms(l) * 1000000u);
}

static void try_later(struct lane *l, int code, const char *what)
{
	l->outbox->retried++;
	if (l->failures == 0)
		tell(l, code, false, what, "it will be tried again");
	wait(l);
}

/* An answer that the same request would get again is final; an overloaded or absent server is not. */
static bool worth_another(const struct http_result *r)
{
	if (!r->status)
		return r->error != 11100;
	return r->status >= 500 || r->status == 408 || r->status == 425 || r->status == 429 || r->timed_out;
}

static bool too_old(const struct lane *l)
{
	return loop_wall_ms() - l->first->row.created_ms >= (int64_t)l->outbox->conf.age_max_s * 1000;
}

static void on_done(void *ctx, const struct http_result *r)
{
	struct lane *l = ctx;
	const char *what = r->message && *r->message ? r->message : "the answer was no success";
	int code = r->timed_out ? 15002 : r->status ? 15003 : r->error ? r->error : 15003;
	l->outbox->flying--;
	if (!r->error && r->status >= 200 && r->status < 300) {
		l->outbox->delivered++;
		settle(l);
	} else if (l->outbox->stopping && worth_another(r)) {
		; /* the next run's; the engine's own end is no failure of the application */
	} else if (!worth_another(r) || too_old(l)) {
		give_up(l, code, what);
	} else {
		try_later(l, code, what);
	}
}

static void go(struct lane *l)
{
	struct outbox *o = l->outbox;
	o->flying++;
	int rc = o->ops.send(o->ops.ctx, &l->first->row, on_done, l);
	if (rc == 0)
		return;
	o->flying--;
	if (rc == -EAGAIN)
		wait(l);
	else
		give_up(l, 11100, "its URL is not usable");
}

/* ---- life ---- */

void outbox_add(struct outbox *o, const struct callback_row *c)
{
	struct lane *l = lane_of(o, c->call_sid);
	struct owed *w = mem_zalloc(sizeof *w);
	store_table_copy(&store_callbacks, &w->row, c);
	if (!l)
		l = new_lane(o, c->call_sid);
	bool idle = !l->first;
	*l->last = w;
	l->last = &w->next;
	o->waiting++;
	if (idle)
		go(l);
}

void outbox_times(struct outbox *o, uint32_t age_max_s, uint32_t retry_min_ms)
{
	o->conf.age_max_s = age_max_s;
	o->conf.retry_min_ms = retry_min_ms;
}

void outbox_stop(struct outbox *o)
{
	o->stopping = true;
	for (unsigned i = 0; i < BUCKETS; i++)
		for (struct lane *l = o->lanes[i]; l; l = l->next)
			if (l->again.slot)
				loop_timer_cancel(o->loop, &l->again);
}

uint32_t outbox_waiting(const struct outbox *o)
{
	return o->waiting;
}

uint32_t outbox_unsettled(const struct outbox *o)
{
	return o->flying;
}

uint64_t outbox_delivered(const struct outbox *o)
{
	return o->delivered;
}

uint64_t outbox_retried(const struct outbox *o)
{
	return o->retried;
}

uint64_t outbox_given_up(const struct outbox *o)
{
	return o->given_up;
}

struct outbox *outbox_new(struct loop *l, const struct outbox_conf *conf, const struct outbox_ops *ops)
{
	struct outbox *o = mem_zalloc(sizeof *o);
	o->loop = l;
	o->conf = *conf;
	o->ops = *ops;
	return o;
}

void outbox_free(struct outbox *o)
{
	if (!o)
		return;
	for (unsigned i = 0; i < BUCKETS; i++)
		while (o->lanes[i]) {
			struct lane *l = o->lanes[i];
			while (l->first)
				drop_first(l);
			free_lane(l);
		}
	free(o);
}
