/* SPDX-License-Identifier: Apache-2.0 */
#include "control/call_priv.h"
#include "control/mem.h"
#include "control/random.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define GEN_MASK  0xffffffu
#define SLOT_MASK 0xffffffu /* the byte above it numbers documents */

void call_text(char **to, const char *from)
{
	char *copy = mem_dup(from);
	free(*to);
	*to = copy;
}

void call_text_span(char **to, struct span from)
{
	free(*to);
	*to = from.len ? mem_dupn(from.p, from.len) : NULL;
}

void call_hex_sid(struct calls *c, char out[35], const char *prefix)
{
	unsigned char r[16];
	c->ops.random(c->ops.ctx, r, sizeof r);
	out[0] = prefix[0];
	out[1] = prefix[1];
	*random_hex(out + 2, r, sizeof r) = '\0';
}

static uint32_t bucket(const struct calls *c, const char *sid)
{
	return (uint32_t)hash_span(&c->key, span_str(sid)) & (c->n_buckets - 1);
}

static struct call **leg_bucket(const struct calls *c, dp_leg leg)
{
	return &c->by_leg[(uint32_t)hash_bytes(&c->key, &leg, sizeof leg) & (c->n_buckets - 1)];
}

static void chain_leg(struct call *call)
{
	struct call **head = leg_bucket(call->calls, call->leg_key);
	call->leg_next = *head;
	*head = call;
}

void call_key_leg(struct call *call, dp_leg leg)
{
	call->leg_key = leg;
	chain_leg(call);
}

struct call *call_by_leg(struct calls *c, dp_leg leg)
{
	struct call *call = leg && c->n_buckets ? *leg_bucket(c, leg) : NULL;
	while (call && call->leg_key != leg)
		call = call->leg_next;
	return call;
}

static void chain_all(struct calls *c)
{
	memset(c->by_sid, 0, c->n_buckets * sizeof *c->by_sid);
	memset(c->by_leg, 0, c->n_buckets * sizeof *c->by_leg);
	for (uint32_t i = 0; i < c->n_slots; i++) {
		struct call *call = c->slots[i].call;
		if (!call)
			continue;
		struct call **head = &c->by_sid[bucket(c, call->row.sid)];
		call->sid_next = *head;
		*head = call;
		if (call->leg_key)
			chain_leg(call);
	}
}

static void grow_buckets(struct calls *c)
{
	if (c->n_calls < c->n_buckets)
		return;
	c->n_buckets = c->n_buckets ? c->n_buckets * 2 : 64;
	c->by_sid = mem_regrow(c->by_sid, c->n_buckets, sizeof *c->by_sid);
	c->by_leg = mem_regrow(c->by_leg, c->n_buckets, sizeof *c->by_leg);
	chain_all(c);
}

static void grow_slots(struct calls *c)
{
	uint32_t n = c->n_slots ? c->n_slots * 2 : 64;
	assert(n <= SLOT_MASK + 1);
	c->slots = mem_regrow(c->slots, n, sizeof *c->slots);
	for (uint32_t i = n; i-- > c->n_slots;) {
		c->slots[i] = (struct call_slot){.gen = 1, .next_free = c->free_slot};
		c->free_slot = i + 1;
	}
	c->n_slots = n;
}

struct call *call_new(struct calls *c, const char *account_sid, const char *sid)
{
	if (!c->free_slot)
		grow_slots(c);
	grow_buckets(c);
	struct call *call = mem_zalloc(sizeof *call);
	struct call_slot *s = &c->slots[c->free_slot - 1];
	call->calls = c;
	call->slot = c->free_slot - 1;
	call->gen = s->gen;
	c->free_slot = s->next_free;
	s->call = call;
	if (sid)
		snprintf(call->row.sid, sizeof call->row.sid, "%s", sid);
	else
		call_hex_sid(c, call->row.sid, "CA");
	snprintf(call->row.account_sid, sizeof call->row.account_sid, "%s", account_sid);
	struct call **head = &c->by_sid[bucket(c, call->row.sid)];
	call->sid_next = *head;
	*head = call;
	c->n_calls++;
	c->live++;
	return call;
}

static void free_texts(struct call *call)
{
	if (call->sip_password)
		explicit_bzero(call->sip_password, strlen(call->sip_password));
	char *const all[] = {call->to, call->from, call->reason, call->status_callback,
	    call->status_callback_method, call->caller_name, call->forwarded_from, call->answered_by,
	    call->url, call->twiml_text, call->fallback_url, call->sip_username, call->sip_password,
	    call->sip_call_id, call->local_uri, call->remote_uri, call->answer_headers, call->end_headers,
	    call->document_url, call->story};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		free(all[i]);
}

static void unchain(struct call *call)
{
	struct call **at = &call->calls->by_sid[bucket(call->calls, call->row.sid)];
	while (*at != call)
		at = &(*at)->sid_next;
	*at = call->sid_next;
	if (!call->leg_key)
		return;
	at = leg_bucket(call->calls, call->leg_key);
	while (*at != call)
		at = &(*at)->leg_next;
	*at = call->leg_next;
}

static void call_free(struct call *call)
{
	struct calls *c = call->calls;
	struct call_slot *s = &c->slots[call->slot];
	unchain(call);
	s->call = NULL;
	s->gen = (s->gen + 1) & GEN_MASK ? (s->gen + 1) & GEN_MASK : 1;
	s->next_free = c->free_slot;
	c->free_slot = call->slot + 1;
	c->n_calls--;
	twiml_session_free(call->twiml);
	call_early_notes_drop(call);
	form_fini(&call->dial.form);
	free(call->dial.params);
	free(call->dial.base);
	free_texts(call);
	free(call);
}

void call_table_free(struct calls *c)
{
	for (uint32_t i = 0; i < c->n_slots; i++)
		if (c->slots[i].call)
			call_free(c->slots[i].call);
	free(c->slots);
	free(c->by_sid);
	free(c->by_leg);
}

uint64_t call_tag(const struct call *call, enum call_tag kind)
{
	return (uint64_t)kind << 56 | (uint64_t)call->gen << 32 | call->slot;
}

uint64_t call_document_tag(const struct call *call)
{
	return call_tag(call, TAG_DOCUMENT) | (uint64_t)call->document << 24;
}

struct call *call_by_tag(struct calls *c, uint64_t tag)
{
	uint32_t slot = (uint32_t)tag & SLOT_MASK, gen = (uint32_t)(tag >> 32) & GEN_MASK;
	if (slot >= c->n_slots || c->slots[slot].gen != gen)
		return NULL;
	return c->slots[slot].call;
}

struct call *calls_find(struct calls *c, const char *sid)
{
	if (!c->n_buckets)
		return NULL;
	struct call *call = c->by_sid[bucket(c, sid)];
	while (call && strcmp(call->row.sid, sid) != 0)
		call = call->sid_next;
	return call && call->phase != CALL_OVER ? call : NULL;
}

void call_live_ended(struct call *call)
{
	assert(call->calls->live);
	call->calls->live--;
	call->calls->lingering++;
}

void call_settle(struct call *call)
{
	struct calls *c = call->calls;
	bool twiml_busy = call->twiml && !twiml_session_ended(call->twiml);
	if (call->phase != CALL_OVER || call->reaping || twiml_busy || call->dial.active)
		return;
	/* Beyond as many as can be live, an answer to a callback is not waited for. */
	if (call->in_flight && c->lingering <= c->conf.calls_max)
		return;
	call->reaping = true;
	call->reap_next = c->reap;
	c->reap = call;
}

void call_reap(struct calls *c)
{
	while (c->reap) {
		struct call *call = c->reap;
		c->reap = call->reap_next;
		c->lingering--;
		call_free(call);
	}
}
