/* SPDX-License-Identifier: Apache-2.0 */
#include "control/call_priv.h"
#include "control/http_cache.h"
#include "control/mem.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define GOOD_BYTES (4u << 20) /* of documents that were good */

struct calls *calls_new(const struct calls_conf *conf, const struct calls_ops *ops)
{
	struct calls *c = mem_zalloc(sizeof *c);
	uint8_t key[16];
	c->conf = *conf;
	c->ops = *ops;
	c->ops.random(c->ops.ctx, key, sizeof key);
	c->key = hash_key_of(key);
	c->good = conf->last_good ? http_cache_new(GOOD_BYTES) : NULL;
	return c;
}

void calls_free(struct calls *c)
{
	if (!c)
		return;
	call_table_free(c);
	http_cache_free(c->good);
	free(c);
}

void calls_start(struct calls *c, struct call *call)
{
	if (call->phase != CALL_NEW)
		return;
	call_early_notes_send(call);
	call_dial_out(call);
}

void calls_discard(struct calls *c, struct call *call)
{
	call_early_notes_drop(call);
	if (call->phase != CALL_OVER) {
		call->phase = CALL_OVER;
		call_live_ended(call);
	}
	call_settle(call);
}

const struct call_row *call_row(const struct call *call)
{
	return &call->row;
}

void calls_each(const struct calls *c, void (*fn)(void *ctx, const struct call *call), void *ctx)
{
	for (uint32_t i = 0; i < c->n_slots; i++)
		if (c->slots[i].call && c->slots[i].call->phase != CALL_OVER)
			fn(ctx, c->slots[i].call);
}

uint32_t calls_live(const struct calls *c)
{
	return c->live;
}

uint32_t calls_live_of(const struct calls *c, const char *account_sid)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < c->n_slots; i++) {
		const struct call *call = c->slots[i].call;
		n += call && call->phase != CALL_OVER && strcmp(call->row.account_sid, account_sid) == 0;
	}
	return n;
}

void calls_set_queue_time(struct call *call, uint32_t ms)
{
	call->row.queue_time_ms = ms;
}

void calls_set_time_limit(struct calls *c, uint32_t seconds)
{
	c->conf.time_limit_s = seconds;
}

uint32_t calls_by_status(const struct calls *c, const char *names[16], uint32_t counts[16])
{
	static const char *const all[] = {"queued", "ringing", "in-progress"};
	enum { N = sizeof all / sizeof all[0] };
	for (int i = 0; i < N; i++) {
		names[i] = all[i];
		counts[i] = 0;
	}
	for (uint32_t i = 0; i < c->n_slots; i++) {
		const struct call *call = c->slots[i].call;
		for (int k = 0; call && call->phase != CALL_OVER && k < N; k++)
			counts[k] += strcmp(call->row.status, all[k]) == 0;
	}
	return N;
}

void calls_http_done(struct calls *c, uint64_t tag, const struct http_result *r)
{
	call_reap(c);
	struct call *call = call_by_tag(c, tag);
	if (!call)
		return;
	if (tag == call_document_tag(call)) {
		if (call->twiml)
			call_document_done(call, r);
	} else if (tag == call_tag(call, TAG_CALLBACK)) {
		call_callback_done(call, r, false);
	} else if (tag == call_tag(call, TAG_REPORT)) {
		call_callback_done(call, r, true);
	}
}

/* An answered call waits for its record when a callback is in it, a call from outside always; a write that failed holds
 * up nothing. */
void calls_stored(struct calls *c, uint64_t tag, bool ok, const char *why)
{
	call_reap(c);
	struct call *call = call_by_tag(c, tag);
	if (call && !ok)
		call_log(
		    call, 'E', "the call's record could not be written: %s", why ? why : "unknown reason");
	bool waits = call && (tag == call_tag(call, TAG_ANSWERED)
	                             ? call->phase == CALL_UP
	                             : tag == call_tag(call, TAG_TAKEN) && call_runs(call));
	if (waits && !call->twiml)
		call_twiml_start(call);
}

static void time_is_over(struct call *call)
{
	char why[96];
	snprintf(why, sizeof why, "the longest time the call may last is over: %u s (TimeLimit)",
	    call->time_limit_s);
	call_note(call, 32015, false, "%s", why);
	call_hangup(call, why);
}

void calls_timer(struct calls *c, uint64_t tag)
{
	call_reap(c);
	struct call *call = call_by_tag(c, tag);
	if (!call || call->phase == CALL_OVER)
		return;
	if (tag == call_tag(call, TAG_PAUSE) && call->twiml)
		call_twiml_feed(call, &(struct twiml_event){.type = TWIML_EV_PAUSE_DONE});
	else if (tag == call_tag(call, TAG_RETRY) && call->phase == CALL_RESOLVING)
		call_originate(call);
	else if (tag == call_tag(call, TAG_LIMIT))
		time_is_over(call);
}

/* Rows point at constant text for what has few values. */
static const char *direction_of(const char *s)
{
	static const char *const all[] = {"outbound-api", "outbound-dial", "inbound"};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (s && strcmp(s, all[i]) == 0)
			return all[i];
	return "outbound-api";
}

static char *keep(char **to, const char *from)
{
	call_text(to, from);
	return *to;
}

void calls_recover(struct calls *c, const struct call_row *row)
{
	call_reap(c);
	struct call *call = call_new(c, row->account_sid, row->sid);
	call->row = *row;
	call->row.to = keep(&call->to, row->to);
	call->row.from = keep(&call->from, row->from);
	call->row.caller_name = keep(&call->caller_name, row->caller_name);
	call->row.forwarded_from = keep(&call->forwarded_from, row->forwarded_from);
	call->row.answered_by = keep(&call->answered_by, row->answered_by);
	call->row.status_callback = keep(&call->status_callback, row->status_callback);
	call->row.status_callback_method = keep(&call->status_callback_method, row->status_callback_method);
	call->row.direction = direction_of(row->direction);
	call->row.reason = NULL;
	call->phase = CALL_DIALING;
	call_story(call, "taken over from the run before");
	call_finish(call, "failed", 0, 12400, "the engine was restarted while the call was up");
}

void calls_close(struct calls *c, bool closed)
{
	c->closed = closed;
}

void calls_shutdown(struct calls *c)
{
	call_reap(c);
	c->closed = true;
	for (uint32_t i = 0; i < c->n_slots; i++)
		if (c->slots[i].call && c->slots[i].call->phase != CALL_OVER)
			call_hangup(c->slots[i].call, "the engine stops");
}
