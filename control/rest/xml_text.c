/* SPDX-License-Identifier: Apache-2.0 */
#include "control/rest/xml_text.h"

#include "control/mem.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
	char *p;
	size_t len, cap;
};

static void put_n(struct text *t, const char *s, size_t n)
{
	if (t->len + n + 1 > t->cap) {
		t->cap = 2 * (t->len + n + 1);
		t->p = mem_regrow(t->p, t->cap, 1);
	}
	memcpy(t->p + t->len, s, n);
	t->len += n;
	t->p[t->len] = '\0';
}

static void put(struct text *t, const char *s)
{
	put_n(t, s, strlen(s));
}

/* What XML 1.0 cannot hold becomes U+FFFD. */
static void put_escaped(struct text *t, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		if (c == '&')
			put(t, "&amp;");
		else if (c == '<')
			put(t, "&lt;");
		else if (c == '>')
			put(t, "&gt;");
		else if (c == '"')
			put(t, "&quot;");
		else if (c == '\r')
			put(t, "&#13;");
		else if (c < 0x20 && c != '\t' && c != '\n')
			put(t, "\xef\xbf\xbd");
		else
			put_n(t, s, 1);
	}
}

/* "date_created" → "DateCreated" */
static void put_camel(struct text *t, const char *key)
{
	bool up = true;
	for (; *key; key++) {
		char c = up ? (char)toupper((unsigned char)*key) : *key;
		up = *key == '_';
		if (!up)
			put_n(t, &c, 1);
	}
}

static bool is_uri(const char *key)
{
	size_t n = strlen(key);
	return n >= 3 && strcmp(key + n - 3, "uri") == 0;
}

/* Paths in XML name XML. */
static char *plain(const json_t *v, bool uri)
{
	char number[32];
	if (json_is_null(v))
		return mem_dup("");
	if (json_is_boolean(v))
		return mem_dup(json_is_true(v) ? "true" : "false");
	if (json_is_integer(v)) {
		snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
		return mem_dup(number);
	}
	char *s = mem_dup(json_string_value(v) ? json_string_value(v) : "");
	char *json = uri ? strstr(s, ".json") : NULL;
	if (json && (!json[5] || json[5] == '?'))
		memmove(json, json + 5, strlen(json + 5) + 1);
	return s;
}

static void put_value(struct text *t, const char *key, const json_t *v, bool uris);

static void put_members(struct text *t, const json_t *o, bool uris)
{
	const char *key;
	json_t *v;
	json_object_foreach((json_t *)o, key, v) put_value(t, key, v, uris);
}

static void put_value(struct text *t, const char *key, const json_t *v, bool uris)
{
	put(t, "<");
	put_camel(t, key);
	put(t, ">");
	if (json_is_object(v)) {
		put_members(t, v, uris || strcmp(key, "subresource_uris") == 0);
	} else {
		char *s = plain(v, uris || is_uri(key));
		put_escaped(t, s);
		free(s);
	}
	put(t, "</");
	put_camel(t, key);
	put(t, ">");
}

/* The one array of a page. */
static const char *list_key(const json_t *o)
{
	const char *key;
	json_t *v;
	json_object_foreach((json_t *)o, key, v) if (json_is_array(v)) return key;
	return NULL;
}

static void put_attributes(struct text *t, const json_t *o)
{
	const char *key;
	json_t *v;
	json_object_foreach((json_t *)o, key, v)
	{
		if (json_is_array(v))
			continue;
		put(t, " ");
		for (const char *k = key; *k; k++)
			if (*k != '_')
				put_n(t, k, 1);
		put(t, "=\"");
		char *s = plain(v, is_uri(key));
		put_escaped(t, s);
		free(s);
		put(t, "\"");
	}
}

static void put_list(struct text *t, const json_t *o, const char *key)
{
	json_t *item;
	size_t i;
	char *one = mem_dupn(key, strlen(key) - 1); /* "calls" → "call" */
	put(t, "<");
	put_camel(t, key);
	put_attributes(t, o);
	put(t, ">");
	json_array_foreach(json_object_get(o, key), i, item) put_value(t, one, item, false);
	put(t, "</");
	put_camel(t, key);
	put(t, ">");
	free(one);
}

char *xml_text_of(const json_t *o, const char *name)
{
	struct text t = {0};
	const char *key = list_key(o);
	put(&t, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<TwilioResponse>");
	if (key)
		put_list(&t, o, key);
	else
		put_value(&t, name, o, false);
	put(&t, "</TwilioResponse>\n");
	return t.p;
}

static void put_cell(struct text *t, const char *s, bool first)
{
	put(t, first ? "\"" : ",\"");
	for (; *s; s++) {
		if (*s == '"')
			put(t, "\"");
		put_n(t, s, 1);
	}
	put(t, "\"");
}

static void put_line(struct text *t, const json_t *item, bool names)
{
	const char *key;
	json_t *v;
	bool first = true;
	json_object_foreach((json_t *)item, key, v)
	{
		if (json_is_object(v) || json_is_array(v))
			continue;
		struct text name = {0};
		put_camel(&name, key);
		char *s = plain(v, false);
		put_cell(t, names ? name.p : s, first);
		first = false;
		free(name.p);
		free(s);
	}
	put(t, "\r\n");
}

char *csv_text_of(const json_t *o)
{
	struct text t = {0};
	const char *key = list_key(o);
	json_t *item;
	size_t i;
	if (!key)
		return NULL;
	put(&t, "");
	json_array_foreach(json_object_get(o, key), i, item)
	{
		if (i == 0)
			put_line(&t, item, true);
		put_line(&t, item, false);
	}
	return t.p;
}
