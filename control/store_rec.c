/* SPDX-License-Identifier: Apache-2.0 */
#include "control/store_rec.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 32
#define NO_TEXT     UINT32_MAX

/* Their places are their numbers in the log: new ones go to the end. */
static const struct store_table *const tables[] = {
    &store_call_rows, &store_note_rows, &store_callbacks, &store_events, &store_applications};

#define TABLES (sizeof tables / sizeof *tables)

static uint8_t number_of(const struct store_table *t)
{
	uint8_t i = 0;
	while (tables[i] != t)
		i++;
	return i;
}

static const char *text_of(const struct store_column *c, const char *row)
{
	return c->kind == SC_SID ? row + c->off : *(const char *const *)(const void *)(row + c->off);
}

static uint32_t number_size(const struct store_column *c)
{
	return c->kind == SC_I64 ? 8 : c->kind == SC_BOOL ? 1 : 4;
}

static bool is_text(const struct store_column *c)
{
	return c->kind == SC_SID || c->kind == SC_TEXT;
}

/* ---- writing ---- */

/* Bytes of all columns; the lengths of texts on the way. */
static size_t measure(const struct store_column *c, unsigned n, const char *row, uint32_t len[COLUMNS_MAX])
{
	size_t size = 0;
	for (unsigned i = 0; i < n; i++) {
		if (!is_text(&c[i])) {
			size += number_size(&c[i]);
			continue;
		}
		const char *s = text_of(&c[i], row);
		len[i] = s ? (uint32_t)strlen(s) : NO_TEXT;
		size += 4 + (s ? len[i] + (size_t)1 : 0);
	}
	return size;
}

static char *put(char *p, const void *from, size_t n)
{
	memcpy(p, from, n);
	return p + n;
}

static char *put_columns(
    char *p, const struct store_column *c, unsigned n, const char *row, const uint32_t len[COLUMNS_MAX])
{
	for (unsigned i = 0; i < n; i++) {
		if (!is_text(&c[i])) {
			p = put(p, row + c[i].off, number_size(&c[i]));
			continue;
		}
		p = put(p, &len[i], 4);
		if (len[i] != NO_TEXT)
			p = put(p, text_of(&c[i], row), len[i] + (size_t)1);
	}
	return p;
}

uint32_t store_rec_hash(const char *key)
{
	uint32_t h = 2166136261u; /* FNV-1a; keys are ours and random */
	for (; *key; key++)
		h = (h ^ (unsigned char)*key) * 16777619u;
	return h;
}

static struct store_rec *blank(const struct store_table *t, size_t size)
{
	struct store_rec *r = malloc(sizeof *r + size);
	if (!r)
		abort(); /* as mem_zalloc would */
	*r = (struct store_rec){.table = t, .size = (uint32_t)size};
	return r;
}

struct store_rec *store_rec_new(const struct store_table *t, enum store_what what, const void *row)
{
	uint32_t len[COLUMNS_MAX];
	unsigned n = what == STORE_REC_DEL ? 2 : t->n;
	assert(n <= COLUMNS_MAX);
	size_t size = STORE_REC_HEAD + measure(t->columns, n, row, len);
	struct store_rec *r = blank(t, size);
	const uint8_t head[4] = {number_of(t), (uint8_t)what, (uint8_t)n};
	char *p = put(r->bytes, head, 4);
	p = put(p, &r->size, 4);
	put_columns(p, t->columns, n, row, len);
	r->hash = store_rec_hash(store_rec_key(r));
	return r;
}

/* ---- reading ---- */

struct reader {
	const char *p, *end;
	bool bad;
};

static const char *take(struct reader *rd, size_t n)
{
	const char *p = rd->p;
	if ((size_t)(rd->end - p) < n) {
		rd->bad = true;
		return NULL;
	}
	rd->p += n;
	return p;
}

static const char *take_text(struct reader *rd)
{
	uint32_t len;
	const char *p = take(rd, 4);
	if (!p)
		return NULL;
	memcpy(&len, p, 4);
	if (len == NO_TEXT)
		return NULL;
	p = take(rd, len + (size_t)1);
	if (p && p[len])
		rd->bad = true;
	return rd->bad ? NULL : p;
}

static void read_column(struct reader *rd, const struct store_column *c, char *row)
{
	if (!is_text(c)) {
		const char *p = take(rd, number_size(c));
		if (p)
			memcpy(row + c->off, p, number_size(c));
		return;
	}
	const char *s = take_text(rd);
	if (c->kind == SC_TEXT)
		*(const char **)(void *)(row + c->off) = s;
	else if (s)
		snprintf(row + c->off, 35, "%s", s);
}

int store_rec_read(const struct store_rec *r, union store_any *row)
{
	struct reader rd = {r->bytes + STORE_REC_HEAD, r->bytes + r->size, false};
	unsigned n = (uint8_t)r->bytes[2];
	memset(row, 0, sizeof *row);
	for (unsigned i = 0; i < n && i < r->table->n && !rd.bad; i++)
		read_column(&rd, &r->table->columns[i], (char *)row);
	return rd.bad ? -EINVAL : 0;
}

enum store_what store_rec_what(const struct store_rec *r)
{
	return r->bytes[1] == STORE_REC_PUT ? STORE_REC_PUT : STORE_REC_DEL;
}

/* The first column is a text, and it has been seen to be there. */
const char *store_rec_key(const struct store_rec *r)
{
	return r->bytes + STORE_REC_HEAD + 4;
}

struct store_rec *store_rec_parse(const char *bytes, size_t n)
{
	union store_any row;
	uint32_t size;
	if (n < STORE_REC_HEAD + 5 || (uint8_t)bytes[0] >= TABLES || (uint8_t)bytes[1] > STORE_REC_DEL)
		return NULL;
	memcpy(&size, bytes + 4, 4);
	if (size < STORE_REC_HEAD + 5 || size > n)
		return NULL;
	struct store_rec *r = blank(tables[(uint8_t)bytes[0]], size);
	memcpy(r->bytes, bytes, size);
	struct reader rd = {r->bytes + STORE_REC_HEAD, r->bytes + size, false};
	if (!take_text(&rd) || store_rec_read(r, &row) < 0) {
		free(r);
		return NULL;
	}
	r->hash = store_rec_hash(store_rec_key(r));
	return r;
}
