/* SPDX-License-Identifier: Apache-2.0 */
#include "control/config_table.h"

#include <string.h>

#define MEMBER(st, m) offsetof(st, m), sizeof(((st *)0)->m)

const struct config_row config_rows[] = {
#define SETTING(n, t, m, lo, hi, d, u, h)  {#n, CT_##t, MEMBER(struct config, m), 0, 0, 0, lo, hi, d, u, h},
#define ITEM(n, t, st, m, lo, hi, d, u, h) {#n, CT_##t, MEMBER(st, m), 0, 0, 0, lo, hi, d, u, h},
#define VALUE(n, t, ty, lo, hi, h)         {#n, CT_##t, 0, sizeof(ty), 0, 0, 0, lo, hi, NULL, "", h},
#define LIST(n, m, c, h)                                                                                     \
	{#n, CT_LIST, MEMBER(struct config, m), MEMBER(struct config, c),                                    \
	    sizeof(((struct config *)0)->m[0]), 0,                                                           \
	    sizeof(((struct config *)0)->m) / sizeof(((struct config *)0)->m[0]), "", "", h},
#include "control/config.def"
#undef SETTING
#undef ITEM
#undef VALUE
#undef LIST
};

const unsigned config_n_rows = sizeof config_rows / sizeof *config_rows;
_Static_assert(sizeof config_rows / sizeof *config_rows <= CONFIG_ROWS_MAX, "raise CONFIG_ROWS_MAX");

const struct config_row *config_row(const char *name)
{
	for (unsigned i = 0; i < config_n_rows; i++)
		if (strcmp(config_rows[i].name, name) == 0)
			return &config_rows[i];
	return NULL;
}

/* row stands below name: "network" above "network.ip", "accounts[]" above "accounts[].sid". */
static bool below(const char *row, const char *name)
{
	size_t n = strlen(name);
	return n == 0 || (strncmp(row, name, n) == 0 && row[n] == '.');
}

bool config_is_section(const char *name)
{
	for (unsigned i = 0; i < config_n_rows; i++)
		if (below(config_rows[i].name, name))
			return true;
	return false;
}

/* Levenshtein distance of two short names; cut counts as far away. */
static unsigned distance(const char *a, const char *b, size_t b_len)
{
	enum { N = 40 };
	unsigned row[N + 1];
	if (strlen(a) > N || b_len > N)
		return N;
	for (unsigned j = 0; j <= b_len; j++)
		row[j] = j;
	for (unsigned i = 1; a[i - 1]; i++) {
		unsigned diagonal = row[0];
		row[0] = i;
		for (unsigned j = 1; j <= b_len; j++) {
			unsigned change = diagonal + (a[i - 1] != b[j - 1]);
			unsigned insert = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
			diagonal = row[j];
			row[j] = change < insert ? change : insert;
		}
	}
	return row[b_len];
}

/* The last part of a name, and where it starts. */
static const char *leaf(const char *name)
{
	const char *dot = strrchr(name, '.');
	return dot ? dot + 1 : name;
}

/* A setting of this name in another section. */
static const char *elsewhere(const char *name)
{
	for (unsigned i = 0; i < config_n_rows; i++)
		if (strcmp(leaf(config_rows[i].name), leaf(name)) == 0)
			return config_rows[i].name;
	return NULL;
}

const char *config_near(const char *name)
{
	const char *last = leaf(name);
	const char *exact = elsewhere(name);
	if (last == name && exact)
		return exact; /* put at the top of the file what belongs into a section */
	size_t prefix = (size_t)(last - name);
	unsigned best = (unsigned)strlen(last) / 3 + 2; /* farther is another word */
	static _Thread_local char hint[64];
	bool found = false;
	for (unsigned i = 0; i < config_n_rows; i++) {
		const char *row = config_rows[i].name;
		if (strncmp(row, name, prefix) != 0)
			continue;
		size_t n = strcspn(row + prefix, ".[");
		unsigned d = distance(last, row + prefix, n);
		if (d >= best || prefix + n >= sizeof hint)
			continue;
		best = d;
		memcpy(hint, row, prefix + n);
		hint[prefix + n] = 0;
		found = true;
	}
	return found ? hint : exact;
}
