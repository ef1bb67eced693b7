/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sip/event.h"

#include "dataplane/sip/core.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define TEXTS_MIN 64u

struct event_held {
	char head[EVENT_HEAD_BYTES]; /* of a struct dp_event */
	char *text;                  /* NULL: none, or it could not be held */
	struct pool *from;           /* of text */
};

static uint32_t at_least(uint32_t min, uint32_t texts)
{
	return texts > min ? texts : min;
}

int events_init(struct events *e, uint32_t legs_max)
{
	memset(e, 0, sizeof *e);
	e->size = EVENTS_PER_LEG * legs_max + EVENTS_SPARE;
	e->held = calloc(e->size, sizeof *e->held);
	e->progress = calloc(legs_max, sizeof *e->progress);
	int rc = e->held && e->progress ? 0 : -ENOMEM;
	if (!rc)
		rc = pool_init(&e->brief, "event_text", at_least(TEXTS_MIN, legs_max / 32), EVENT_BRIEF);
	if (!rc)
		rc = pool_init(
		    &e->texts, "event_text_long", at_least(TEXTS_MIN / 4, legs_max / 256), DP_TEXT_MAX);
	if (rc)
		events_fini(e);
	return rc;
}

void events_fini(struct events *e)
{
	pool_fini(&e->brief);
	pool_fini(&e->texts);
	free(e->held);
	free(e->progress);
	e->held = NULL;
	e->progress = NULL;
}

struct dp_event *event_new(struct sip *s, enum dp_ev_type type, dp_leg leg, uint64_t cookie, uint64_t now)
{
	struct events *ev = &s->events;
	struct dp_event *e = ev->count ? NULL : s->env.event_claim(s->env.ctx);
	if (!e)
		e = &ev->scratch;
	memset(e, 0, EVENT_HEAD_BYTES);
	e->type = type;
	e->leg = leg;
	e->cookie = cookie;
	e->at_ns = now;
	return e;
}

static struct event_held *held_at(struct events *ev, uint32_t i)
{
	return &ev->held[(ev->head + i) % ev->size];
}

/* A provisional that waits is replaced by a later one of the same leg: control has not seen it. */
static bool replace_progress(struct events *ev, const struct dp_event *e)
{
	uint64_t *seq = &ev->progress[dp_leg_index(e->leg)];
	if (e->type != DP_EV_PROGRESS)
		return false;
	if (*seq >= ev->told && *seq < ev->told + ev->count) {
		struct dp_event *old =
		    (struct dp_event *)(void *)held_at(ev, (uint32_t)(*seq - ev->told))->head;
		if (old->leg == e->leg && old->type == DP_EV_PROGRESS) {
			old->sip_status = e->sip_status;
			old->early_media |= e->early_media;
			return true;
		}
	}
	*seq = ev->told + ev->count;
	return false;
}

static void drop_text(struct sip *s, struct dp_event *head)
{
	head->text_len = 0;
	head->sip_call_id = head->local_uri = head->remote_uri = (struct dp_text){0};
	head->reason = head->headers = (struct dp_text){0};
	sip_count(s, STAT_ev_text_lost);
}

static void hold_text(struct events *ev, struct event_held *h, const struct dp_event *e)
{
	h->text = NULL;
	h->from = &ev->brief;
	if (e->text_len && e->text_len <= EVENT_BRIEF)
		h->text = pool_get(h->from);
	if (e->text_len && !h->text) {
		h->from = &ev->texts;
		h->text = pool_get(h->from);
	}
	if (h->text)
		memcpy(h->text, e->text, e->text_len);
}

static void keep_back(struct sip *s, const struct dp_event *e)
{
	struct events *ev = &s->events;
	if (replace_progress(ev, e))
		return;
	assert(ev->count < ev->size); /* EVENTS_PER_LEG holds */
	struct event_held *h = held_at(ev, ev->count++);
	sip_count(s, STAT_ev_held);
	memcpy(h->head, e, EVENT_HEAD_BYTES);
	hold_text(ev, h, e);
	if (e->text_len && !h->text)
		drop_text(s, (struct dp_event *)(void *)h->head);
}

void event_tell(struct sip *s, struct dp_event *e)
{
	if (e == &s->events.scratch)
		keep_back(s, e);
	else
		s->env.event_publish(s->env.ctx);
}

uint32_t event_retell(struct sip *s)
{
	struct events *ev = &s->events;
	uint32_t told = 0;
	while (ev->count) {
		struct dp_event *e = s->env.event_claim(s->env.ctx);
		if (!e)
			break;
		struct event_held *h = held_at(ev, 0);
		memcpy(e, h->head, EVENT_HEAD_BYTES);
		if (h->text) {
			memcpy(e->text, h->text, e->text_len);
			pool_put(h->from, h->text);
		}
		ev->head = (ev->head + 1) % ev->size;
		ev->count--;
		ev->told++;
		s->env.event_publish(s->env.ctx);
		told++;
	}
	return told;
}

bool event_waiting(const struct sip *s)
{
	return s->events.count != 0;
}

bool event_room(struct sip *s)
{
	return s->events.count == 0 && s->env.event_claim(s->env.ctx) != NULL;
}
