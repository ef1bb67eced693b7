/* SPDX-License-Identifier: Apache-2.0 */
#include "control/app_ops.h"

#include "control/mem.h"
#include "control/random.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Something the call logic waits for: whom to tell under which name. */
struct pending {
	struct app *app;
	uint64_t tag;
	char sid[35];
	struct callback_row *owed; /* saved with it */
};

static struct pending *pending(struct app *a, uint64_t tag)
{
	struct pending *p = mem_zalloc(sizeof *p);
	p->app = a;
	p->tag = tag;
	return p;
}

/* ---- time and chance ---- */

static uint64_t op_now(void *ctx)
{
	return loop_now_ns();
}

static int64_t op_wall(void *ctx)
{
	return loop_wall_ms();
}

static void op_random(void *ctx, void *out, size_t n)
{
	random_bytes(out, n);
}

static void op_timer(void *ctx, uint64_t tag, uint64_t at_ns)
{
	struct app *a = ctx;
	if (!a->ending)
		tag_timers_set(a->timers, tag, at_ns);
}

/* ---- dataplane ---- */

static uint16_t op_pick_worker(void *ctx)
{
	return bridge_pick_worker(((struct app *)ctx)->bridge);
}

static int op_originate(void *ctx, uint16_t worker, const struct dp_cmd *c)
{
	return bridge_originate(((struct app *)ctx)->bridge, worker, c);
}

static void op_command(void *ctx, const struct dp_cmd *c)
{
	bridge_command(((struct app *)ctx)->bridge, c);
}

/* ---- record ---- */

static void on_saved(void *ctx, bool ok, const char *why)
{
	struct pending *p = ctx;
	if (!ok)
		log_line(LOG_ERROR, "store", p->sid, "the call's record could not be written: %s", why);
	/* Delivered even when it could not be kept: once is better than never. */
	if (p->owed && p->app->outbox)
		outbox_add(p->app->outbox, p->owed);
	if (p->tag)
		calls_stored(p->app->calls, p->tag, ok, why);
	app_held_free(p->owed);
	free(p);
}

static void op_save(void *ctx, const struct call_row *r, uint64_t tag)
{
	struct app *a = ctx;
	if (!a->store)
		return;
	app_admin_saved(a, r);
	struct pending *p = pending(a, tag);
	memcpy(p->sid, r->sid, sizeof p->sid);
	p->owed = app_held(a, r->sid);
	store_put_call_with(a->store, r, p->owed, on_saved, p);
}

void app_note(void *ctx, const struct call_note *n)
{
	struct app *a = ctx;
	log_line(n->error ? LOG_WARN : LOG_INFO, "note", n->call_sid, "%d %s", n->code,
	    n->message ? n->message : "");
	if (a->store)
		store_put_note(a->store, n);
}

static void op_event(void *ctx, const struct event_row *e)
{
	struct app *a = ctx;
	if (a->store)
		store_put(a->store, &store_events, e, NULL, NULL);
}

static void op_log(void *ctx, char level, const char *call_sid, const char *text)
{
	enum log_level l = level == 'E'   ? LOG_ERROR
	                   : level == 'W' ? LOG_WARN
	                   : level == 'D' ? LOG_DEBUG
	                                  : LOG_INFO;
	log_line(l, "call", call_sid, "%s", text);
}

static bool op_enhanced_sip(void *ctx, const char *account_sid)
{
	return app_enhanced_sip(ctx, account_sid);
}

void app_ops(struct app *a, struct calls_ops *ops)
{
	*ops = (struct calls_ops){
	    .ctx = a,
	    .now_ns = op_now,
	    .wall_ms = op_wall,
	    .random = op_random,
	    .pick_worker = op_pick_worker,
	    .originate = op_originate,
	    .command = op_command,
	    .resolve = app_resolve,
	    .hop_done = app_hop_done,
	    .webhook = app_webhook,
	    .save = op_save,
	    .note = app_note,
	    .event = op_event,
	    .timer = op_timer,
	    .log = op_log,
	    .enhanced_sip = op_enhanced_sip,
	    .callback = app_callback,
	};
}
