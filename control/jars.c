/* SPDX-License-Identifier: Apache-2.0 */
#include "control/jars.h"

#include "control/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 2048

struct entry {
	struct entry *next;          /* of the bucket */
	struct entry *older, *newer; /* by use */
	char call_sid[35];
	struct http_jar *jar;
};

struct jars {
	uint32_t n, max;
	struct entry *buckets[BUCKETS];
	struct entry ends; /* newer: the oldest, older: the newest */
};

static struct entry **bucket(struct jars *j, const char *sid)
{
	uint32_t h = 2166136261u; /* SIDs are ours and random */
	for (; *sid; sid++)
		h = (h ^ (unsigned char)*sid) * 16777619u;
	return &j->buckets[h % BUCKETS];
}

static void unlink_use(struct entry *e)
{
	e->older->newer = e->newer;
	e->newer->older = e->older;
}

static void link_newest(struct jars *j, struct entry *e)
{
	e->newer = &j->ends;
	e->older = j->ends.older;
	e->older->newer = e;
	j->ends.older = e;
}

static void drop(struct jars *j, struct entry *e)
{
	struct entry **at = bucket(j, e->call_sid);
	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	unlink_use(e);
	http_jar_put(e->jar);
	free(e);
	j->n--;
}

struct http_jar *jars_of(struct jars *j, const char *call_sid)
{
	struct entry **head = bucket(j, call_sid), *e = *head;
	if (!*call_sid)
		return NULL;
	while (e && strcmp(e->call_sid, call_sid) != 0)
		e = e->next;
	if (e) {
		unlink_use(e);
	} else {
		if (j->n == j->max)
			drop(j, j->ends.newer);
		e = mem_zalloc(sizeof *e);
		snprintf(e->call_sid, sizeof e->call_sid, "%s", call_sid);
		e->jar = http_jar_new();
		e->next = *head;
		*head = e;
		j->n++;
	}
	link_newest(j, e);
	return e->jar;
}

struct jars *jars_new(uint32_t max)
{
	struct jars *j = mem_zalloc(sizeof *j);
	j->max = max ? max : 1;
	j->ends.older = j->ends.newer = &j->ends;
	return j;
}

void jars_free(struct jars *j)
{
	if (!j)
		return;
	while (j->ends.newer != &j->ends)
		drop(j, j->ends.newer);
	free(j);
}
