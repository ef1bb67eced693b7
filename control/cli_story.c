/* SPDX-License-Identifier: Apache-2.0 */
/* A call for a person: what is on record, then everything that happened, in the order of time. */
#include "control/cli_admin.h"
#include "control/mem.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct moment {
	int64_t at_us;
	size_t order; /* of what came at the same time */
	char text[700];
};

struct moments {
	struct moment *all;
	size_t n;
};

static const char *text_of(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));
	return s ? s : "";
}

static int64_t number_of(const json_t *o, const char *name)
{
	return json_integer_value(json_object_get(o, name));
}

static struct moment *add(struct moments *m, int64_t at_us)
{
	m->all = mem_regrow(m->all, m->n + 1, sizeof *m->all);
	struct moment *x = &m->all[m->n];
	*x = (struct moment){.at_us = at_us, .order = m->n++};
	return x;
}

static int by_time(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;
	if (x->at_us != y->at_us)
		return x->at_us < y->at_us ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

/* What is not printable ASCII or UTF-8 never reaches the terminal as it is: the engine escapes it, control characters
 * are taken out here. */
static void print_line(const char *s)
{
	for (; *s; s++)
		putchar((unsigned char)*s < ' ' || *s == 0x7f ? '?' : *s);
	putchar('\n');
}

static void day_time(char out[40], int64_t at_ms, bool day)
{
	time_t t = (time_t)(at_ms / 1000);
	struct tm tm;
	gmtime_r(&t, &tm);
	size_t n = strftime(out, 30, day ? "%Y-%m-%d %H:%M:%S" : "%H:%M:%S", &tm);
	if (!day)
		snprintf(out + n, 8, ".%03d", (int)(at_ms % 1000));
}

/* ---- one line of a list ---- */

void cli_story_row(const json_t *o)
{
	char at[40], line[900];
	int64_t created = number_of(o, "created");
	day_time(at, created * 1000, true);
	snprintf(line, sizeof line, "%s  %s  %-11s  %-13s  %s -> %s%s%s%s%s", at, text_of(o, "sid"),
	    text_of(o, "status"), text_of(o, "direction"), text_of(o, "from"), text_of(o, "to"),
	    *text_of(o, "parent_sid") ? "  child of " : "", text_of(o, "parent_sid"),
	    *text_of(o, "reason") ? "  " : "", text_of(o, "reason"));
	print_line(line);
}

/* ---- what happened ---- */

static void add_story(struct moments *m, const json_t *story)
{
	size_t i;
	json_t *o;
	json_array_foreach((json_t *)story, i, o)
	    snprintf(add(m, number_of(o, "at_ms") * 1000)->text, 700, "%s", text_of(o, "text"));
}

/* "POST http://app/voice in-progress: 200 after 12.3 ms (dns 0.1 connect 0.3 first byte 11.9)" */
static void describe_event(const json_t *o, char out[700])
{
	char answer[64];
	bool callback = *text_of(o, "sequence");
	int64_t status = number_of(o, "status"), attempt = number_of(o, "attempt");
	if (status)
		snprintf(answer, sizeof answer, "%" PRId64, status);
	else
		snprintf(answer, sizeof answer, "no answer");
	int n = snprintf(out, 700, "%s %s %.200s (CallStatus %s%s%s): %s after %.1f ms",
	    callback ? "callback" : "webhook", text_of(o, "method"), text_of(o, "url"),
	    text_of(o, "call_status"), callback ? ", number " : "", text_of(o, "sequence"), answer,
	    (double)number_of(o, "total_us") / 1000);
	n += snprintf(out + n, 700 - (size_t)n, " [dns %.1f, connected %.1f, TLS %.1f, first byte %.1f]",
	    (double)number_of(o, "dns_us") / 1000, (double)number_of(o, "connect_us") / 1000,
	    (double)number_of(o, "tls_us") / 1000, (double)number_of(o, "first_byte_us") / 1000);
	if (attempt > 1)
		n += snprintf(out + n, 700 - (size_t)n, ", try %" PRId64, attempt);
	if (number_of(o, "code"))
		n += snprintf(out + n, 700 - (size_t)n, ": %" PRId64 " %.150s", number_of(o, "code"),
		    text_of(o, "message"));
	snprintf(out + n, 700 - (size_t)n, "; %.100s", text_of(o, "next"));
}

/* When it began, at the latest: its end is known by the millisecond, and what it followed must stand before it. */
static int64_t beginning(const json_t *o)
{
	int64_t end = number_of(o, "at_ms") * 1000, took = number_of(o, "total_us");
	return took > 999 ? end + 999 - took : end;
}

/* At the time they began. The INVITE among them is told by the story. */
static void add_events(struct moments *m, const json_t *events)
{
	size_t i;
	json_t *o;
	json_array_foreach((json_t *)events, i, o) if (strcmp(text_of(o, "method"), "INVITE") != 0)
	    describe_event(o, add(m, beginning(o))->text);
}

static bool told(const struct moments *m, const char *text)
{
	for (size_t i = 0; i < m->n; i++)
		if (strncmp(m->all[i].text, text, 200) == 0)
			return true;
	return false;
}

/* Notifications have whole seconds, and most are in the story: the others stand at the end of their second. */
static void add_notes(struct moments *m, const json_t *notes)
{
	size_t i;
	json_t *o;
	json_array_foreach((json_t *)notes, i, o)
	{
		char text[700];
		snprintf(text, sizeof text, "%s %" PRId64 ": %s",
		    json_is_true(json_object_get(o, "error")) ? "error" : "warning", number_of(o, "code"),
		    text_of(o, "text"));
		if (!told(m, text))
			memcpy(add(m, number_of(o, "at") * 1000000 + 999000)->text, text, sizeof text);
	}
}

static void print_moments(struct moments *m)
{
	qsort(m->all, m->n, sizeof *m->all, by_time);
	for (size_t i = 0; i < m->n; i++) {
		char at[40];
		day_time(at, m->all[i].at_us / 1000, false);
		printf("%s  +%8.3f  ", at, (double)(m->all[i].at_us - m->all[0].at_us) / 1000000);
		print_line(m->all[i].text);
	}
}

/* ---- the record ---- */

static void print_field(const char *name, const char *value)
{
	if (!*value)
		return;
	printf("%-10s ", name);
	print_line(value);
}

static void print_time(const json_t *o, const char *name)
{
	char at[40];
	int64_t t = number_of(o, name);
	if (!t)
		return;
	day_time(at, t * 1000, true);
	printf("%-10s %s UTC\n", name, at);
}

static void print_record(const json_t *o)
{
	static const char *const texts[] = {
	    "account_sid", "parent_sid", "direction", "from", "to", "status", "reason"};
	static const char *const times[] = {"created", "started", "answered", "ended"};
	printf("%s\n", text_of(o, "sid"));
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		print_field(texts[i], text_of(o, texts[i]));
	if (number_of(o, "sip_status"))
		printf("%-10s %" PRId64 "\n", "SIP", number_of(o, "sip_status"));
	for (size_t i = 0; i < sizeof times / sizeof *times; i++)
		print_time(o, times[i]);
	if (json_is_integer(json_object_get(o, "duration")))
		printf("%-10s %" PRId64 " s\n", "duration", number_of(o, "duration"));
	putchar('\n');
}

static void print_children(const json_t *children)
{
	size_t i;
	json_t *o;
	if (json_array_size(children))
		puts("\nits <Dial> called:");
	json_array_foreach((json_t *)children, i, o) cli_story_row(o);
}

void cli_story_call(const json_t *o)
{
	struct moments m = {0};
	print_record(o);
	add_story(&m, json_object_get(o, "story"));
	add_events(&m, json_object_get(o, "events"));
	add_notes(&m, json_object_get(o, "notifications"));
	print_moments(&m);
	print_children(json_object_get(o, "children"));
	free(m.all);
}
