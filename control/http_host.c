/* SPDX-License-Identifier: Apache-2.0 */
#include "control/http_host.h"

#include "control/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct http_host {
	struct http_host *next;           /* of the bucket */
	struct http_host *after, *before; /* in the ring, while something waits */
	char name[272];
	struct http_job *first, **last;
	uint32_t in_flight;
	uint32_t failed; /* in a row */
	uint64_t closed_until_ns;
};

static struct http_host **bucket(struct http_hosts *h, const char *name)
{
	uint32_t x = 2166136261u;
	for (; *name; name++)
		x = (x ^ (unsigned char)*name) * 16777619u;
	return &h->buckets[x % (sizeof h->buckets / sizeof *h->buckets)];
}

static struct http_host *host_of(struct http_hosts *h, const struct http_origin *o)
{
	char name[272];
	snprintf(name, sizeof name, "%s:%s", o->host, o->port);
	struct http_host **head = bucket(h, name), *x = *head;
	while (x && strcmp(x->name, name) != 0)
		x = x->next;
	if (x)
		return x;
	x = mem_zalloc(sizeof *x);
	memcpy(x->name, name, sizeof name);
	x->last = &x->first;
	x->next = *head;
	*head = x;
	h->n++;
	return x;
}

/* One nobody waits for and nothing is remembered of. */
static void drop_if_idle(struct http_hosts *h, struct http_host *x)
{
	if (x->first || x->in_flight || x->failed)
		return;
	struct http_host **at = bucket(h, x->name);
	while (*at != x)
		at = &(*at)->next;
	*at = x->next;
	h->n--;
	free(x);
}

static void enter_ring(struct http_hosts *h, struct http_host *x)
{
	if (!h->turn) {
		h->turn = x->after = x->before = x;
		return;
	}
	x->after = h->turn;
	x->before = h->turn->before;
	x->before->after = x;
	h->turn->before = x;
}

static void leave_ring(struct http_hosts *h, struct http_host *x)
{
	x->before->after = x->after;
	x->after->before = x->before;
	if (h->turn == x)
		h->turn = x->after == x ? NULL : x->after;
}

void http_hosts_push(struct http_hosts *h, struct http_job *j, const struct http_origin *o)
{
	struct http_host *x = host_of(h, o);
	j->host = x;
	j->next = NULL;
	if (!x->first)
		enter_ring(h, x);
	*x->last = j;
	x->last = &j->next;
	h->waiting++;
}

static struct http_job *take(struct http_hosts *h, struct http_host *x)
{
	struct http_job *j = x->first;
	x->first = j->next;
	h->waiting--;
	x->in_flight++;
	if (x->first)
		return j;
	x->last = &x->first;
	leave_ring(h, x);
	return j;
}

struct http_job *http_hosts_take(struct http_hosts *h)
{
	return h->turn ? take(h, h->turn) : NULL;
}

struct http_job *http_hosts_pop(struct http_hosts *h, uint64_t now_ns, bool *refused)
{
	struct http_host *x = h->turn;
	*refused = false;
	for (uint32_t i = 0; x && i < h->n; i++, x = x->after) {
		bool broken = h->failures && x->failed >= h->failures;
		*refused = broken && now_ns < x->closed_until_ns;
		bool room = broken ? x->in_flight == 0 : !h->per_host || x->in_flight < h->per_host;
		if (!*refused && !room)
			continue;
		h->turn = x->after;
		return take(h, x);
	}
	*refused = false;
	return NULL;
}

void http_hosts_left(struct http_hosts *h, struct http_host *x, bool tried, bool answered, uint64_t now_ns)
{
	x->in_flight--;
	if (tried && answered)
		x->failed = 0;
	else if (tried) {
		x->failed++;
		x->closed_until_ns = now_ns + h->pause_ns;
	}
	drop_if_idle(h, x);
}

void http_hosts_fini(struct http_hosts *h)
{
	for (size_t i = 0; i < sizeof h->buckets / sizeof *h->buckets; i++)
		while (h->buckets[i]) {
			struct http_host *x = h->buckets[i];
			h->buckets[i] = x->next;
			free(x);
		}
}
