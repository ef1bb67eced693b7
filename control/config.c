/* SPDX-License-Identifier: Apache-2.0 */
#include "control/config.h"

#include "control/config_table.h"
#include "control/mem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <yaml.h>

#define SECTIONS_MAX 32
#define DEPTH_MAX    6

struct reader {
	yaml_document_t *doc;
	struct config *c;
	struct config_errors *errors;
	struct section {
		char name[48];
		struct config_pos pos;
	} sections[SECTIONS_MAX];
	unsigned n_sections;
};

static void read_mapping(
    struct reader *r, const char *prefix, const yaml_node_t *n, void *base, unsigned depth);

void config_say(struct config_errors *e, struct config_pos pos, const char *fmt, ...)
{
	e->list = mem_regrow(e->list, e->n + 1, sizeof *e->list);
	struct config_error *err = &e->list[e->n++];
	err->pos = pos;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof err->text, fmt, ap);
	va_end(ap);
}

void config_errors_fini(struct config_errors *e)
{
	free(e->list);
	*e = (struct config_errors){0};
}

struct config_pos config_at(const struct config *c, const char *name)
{
	const struct config_row *row = config_row(name);
	return row ? c->pos[row - config_rows] : (struct config_pos){0};
}

struct config_pos config_item_at(const struct config *c, const char *list, unsigned i)
{
	const struct config_row *row = config_row(list);
	for (size_t k = 0; row && k < c->n_item_pos; k++)
		if (c->item_pos[k].row == (unsigned)(row - config_rows) && c->item_pos[k].index == i)
			return c->item_pos[k].pos;
	return (struct config_pos){0};
}

static struct config_pos start_of(const yaml_node_t *n)
{
	return (struct config_pos){(unsigned)n->start_mark.line + 1, (unsigned)n->start_mark.column + 1};
}

static bool is_null(const yaml_node_t *n)
{
	if (n->type != YAML_SCALAR_NODE || n->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	const char *s = (const char *)n->data.scalar.value;
	return !*s || strcmp(s, "~") == 0 || strcmp(s, "null") == 0;
}

static void read_scalar(struct reader *r, const struct config_row *row, const yaml_node_t *n, void *base)
{
	char why[256];
	if (n->type != YAML_SCALAR_NODE) {
		config_say(r->errors, start_of(n), "%s must be a single value", row->name);
		return;
	}
	const char *text = (const char *)n->data.scalar.value;
	size_t len = is_null(n) ? 0 : n->data.scalar.length;
	if (config_value(row, text, len, (char *)base + row->off, why) < 0)
		config_say(r->errors, start_of(n), "%s %s", row->name, why);
}

static void remember_item(struct reader *r, const struct config_row *list, unsigned i, const yaml_node_t *n)
{
	struct config *c = r->c;
	c->item_pos = mem_regrow(c->item_pos, c->n_item_pos + 1, sizeof *c->item_pos);
	c->item_pos[c->n_item_pos++] =
	    (struct config_item_pos){(unsigned)(list - config_rows), i, start_of(n)};
}

static void read_item(
    struct reader *r, const struct config_row *list, unsigned i, const yaml_node_t *n, unsigned depth)
{
	char name[64];
	void *item = (char *)r->c + list->off + i * list->stride;
	snprintf(name, sizeof name, "%s[]", list->name);
	remember_item(r, list, i, n);
	const struct config_row *plain = config_row(name);
	if (plain)
		read_scalar(r, plain, n, item);
	else
		read_mapping(r, name, n, item, depth + 1);
}

static void set_count(struct config *c, const struct config_row *list, uint32_t n)
{
	char *at = (char *)c + list->count_off;
	if (list->count_size == 1)
		*(uint8_t *)at = (uint8_t)n;
	else
		memcpy(at, &n, sizeof n);
}

static void read_list(struct reader *r, const struct config_row *row, const yaml_node_t *n, unsigned depth)
{
	if (is_null(n))
		return;
	if (n->type != YAML_SEQUENCE_NODE) {
		config_say(r->errors, start_of(n), "%s must be a list", row->name);
		return;
	}
	long long count = n->data.sequence.items.top - n->data.sequence.items.start;
	if (count > row->max) {
		config_say(r->errors, start_of(n), "%s has %lld items, at most %lld are possible", row->name,
		    count, row->max);
		return;
	}
	for (unsigned i = 0; i < (unsigned)count; i++)
		read_item(r, row, i, yaml_document_get_node(r->doc, n->data.sequence.items.start[i]), depth);
	set_count(r->c, row, (uint32_t)count);
}

static void read_section(struct reader *r, const char *name, const yaml_node_t *n, void *base, unsigned depth)
{
	if (r->n_sections < SECTIONS_MAX && strlen(name) < sizeof r->sections[0].name) {
		struct section *s = &r->sections[r->n_sections++];
		memcpy(s->name, name, strlen(name) + 1);
		s->pos = start_of(n);
	}
	if (!is_null(n))
		read_mapping(r, name, n, base, depth + 1);
}

static void say_unknown(struct reader *r, const char *name, const yaml_node_t *key)
{
	const char *near = config_near(name);
	if (near)
		config_say(r->errors, start_of(key), "there is no setting %s; did you mean %s?", name, near);
	else
		config_say(r->errors, start_of(key), "there is no setting %s", name);
}

static void read_pair(struct reader *r, const char *name, const yaml_node_t *key, const yaml_node_t *value,
    void *base, unsigned depth)
{
	const struct config_row *row = config_row(name);
	if (row)
		r->c->pos[row - config_rows] = start_of(value);
	if (row && row->type == CT_LIST)
		read_list(r, row, value, depth);
	else if (row)
		read_scalar(r, row, value, base);
	else if (config_is_section(name))
		read_section(r, name, value, base, depth);
	else
		say_unknown(r, name, key);
}

/* Is this key already among the pairs before it? */
static bool repeated(
    struct reader *r, const yaml_node_t *map, const yaml_node_pair_t *pair, const yaml_node_t *key)
{
	for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < pair; p++) {
		const yaml_node_t *k = yaml_document_get_node(r->doc, p->key);
		if (k->type == YAML_SCALAR_NODE && k->data.scalar.length == key->data.scalar.length &&
		    memcmp(k->data.scalar.value, key->data.scalar.value, key->data.scalar.length) == 0)
			return true;
	}
	return false;
}

static bool name_ok(const yaml_node_t *key)
{
	size_t n = key->data.scalar.length;
	return n && n < 40 &&
	       strspn((const char *)key->data.scalar.value, "abcdefghijklmnopqrstuvwxyz_0123456789") == n;
}

static void put_default(const struct config_row *row, void *base)
{
	char why[256];
	if (!row->def || !*row->def)
		return;
	if (config_value(row, row->def, strlen(row->def), (char *)base + row->off, why) < 0) {
		fprintf(stderr, "dialplane: default of %s %s\n", row->name, why);
		abort();
	}
}

/* The defaults of an item of a list, before it is read. */
static void put_item_defaults(const char *prefix, void *item)
{
	size_t len = strlen(prefix);
	for (unsigned i = 0; i < config_n_rows; i++)
		if (strncmp(config_rows[i].name, prefix, len) == 0 && config_rows[i].name[len] == '.')
			put_default(&config_rows[i], item);
}

/* What an item must have and does not. */
static void check_item(struct reader *r, const char *prefix, const yaml_node_t *n)
{
	size_t len = strlen(prefix);
	for (unsigned i = 0; i < config_n_rows; i++) {
		const struct config_row *row = &config_rows[i];
		if (row->def || strncmp(row->name, prefix, len) != 0 || row->name[len] != '.')
			continue;
		bool found = false;
		for (const yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top;
		     p++) {
			const yaml_node_t *k = yaml_document_get_node(r->doc, p->key);
			found |= k->type == YAML_SCALAR_NODE &&
			         strcmp((const char *)k->data.scalar.value, row->name + len + 1) == 0;
		}
		if (!found)
			config_say(r->errors, start_of(n), "%s is missing", row->name);
	}
}

static void read_mapping(
    struct reader *r, const char *prefix, const yaml_node_t *n, void *base, unsigned depth)
{
	if (n->type != YAML_MAPPING_NODE || depth > DEPTH_MAX) {
		config_say(r->errors, start_of(n), "%s must be a mapping (name: value)",
		    *prefix ? prefix : "the file");
		return;
	}
	if (strchr(prefix, '['))
		put_item_defaults(prefix, base);
	for (const yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top; p++) {
		const yaml_node_t *key = yaml_document_get_node(r->doc, p->key);
		char name[128];
		if (key->type != YAML_SCALAR_NODE || !name_ok(key)) {
			config_say(r->errors, start_of(key), "this is not the name of a setting");
			continue;
		}
		snprintf(name, sizeof name, "%s%s%s", prefix, *prefix ? "." : "", key->data.scalar.value);
		if (repeated(r, n, p, key))
			config_say(r->errors, start_of(key), "%s is given twice", name);
		else
			read_pair(r, name, key, yaml_document_get_node(r->doc, p->value), base, depth);
	}
	if (strchr(prefix, '['))
		check_item(r, prefix, n);
}

static void put_defaults(struct config *c)
{
	for (unsigned i = 0; i < config_n_rows; i++)
		if (!strchr(config_rows[i].name, '['))
			put_default(&config_rows[i], c);
}

/* Where a missing setting belongs: its section, or the top of the file. */
static struct config_pos home_of(const struct reader *r, const char *name)
{
	for (unsigned i = 0; i < r->n_sections; i++) {
		size_t n = strlen(r->sections[i].name);
		if (strncmp(r->sections[i].name, name, n) == 0 && name[n] == '.')
			return r->sections[i].pos;
	}
	return (struct config_pos){1, 1};
}

static void check_required(struct reader *r)
{
	for (unsigned i = 0; i < config_n_rows; i++) {
		const struct config_row *row = &config_rows[i];
		if (!row->def && !strchr(row->name, '[') && r->c->pos[i].line == 0)
			config_say(r->errors, home_of(r, row->name), "%s is missing", row->name);
	}
}

static void read_document(struct config *c, yaml_document_t *doc, struct config_errors *errors)
{
	struct reader r = {.doc = doc, .c = c, .errors = errors};
	const yaml_node_t *root = yaml_document_get_root_node(doc);
	if (root)
		read_mapping(&r, "", root, c, 0);
	else
		config_say(errors, (struct config_pos){1, 1}, "the file is empty");
	check_required(&r);
	config_finish(c, errors);
}

static void say_yaml(struct config_errors *errors, const yaml_parser_t *p)
{
	struct config_pos pos = {(unsigned)p->problem_mark.line + 1, (unsigned)p->problem_mark.column + 1};
	config_say(errors, pos, "not YAML: %s%s%s", p->problem ? p->problem : "unreadable",
	    p->context ? ", " : "", p->context ? p->context : "");
}

static void read_yaml(struct config *c, const char *text, size_t len, struct config_errors *errors)
{
	yaml_parser_t parser;
	yaml_document_t doc;
	if (!yaml_parser_initialize(&parser)) {
		config_say(errors, (struct config_pos){0}, "out of memory");
		return;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	if (yaml_parser_load(&parser, &doc)) {
		read_document(c, &doc, errors);
		yaml_document_delete(&doc);
	} else {
		say_yaml(errors, &parser);
	}
	yaml_parser_delete(&parser);
}

static int by_position(const void *a, const void *b)
{
	const struct config_pos *x = &((const struct config_error *)a)->pos,
	                        *y = &((const struct config_error *)b)->pos;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->col < y->col ? -1 : x->col > y->col;
}

int config_parse(struct config **out, const char *text, size_t len, struct config_errors *errors)
{
	*out = NULL;
	struct config *c = mmap(NULL, sizeof *c, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (c == MAP_FAILED) {
		config_say(errors, (struct config_pos){0}, "out of memory");
		return -EINVAL;
	}
	madvise(c, sizeof *c, MADV_DONTDUMP);
	put_defaults(c);
	read_yaml(c, text, len, errors);
	if (errors->n) {
		qsort(errors->list, errors->n, sizeof *errors->list, by_position);
		config_free(c);
		return -EINVAL;
	}
	*out = c;
	return 0;
}

void config_free(struct config *c)
{
	if (!c)
		return;
	free(c->item_pos);
	explicit_bzero(c, sizeof *c);
	munmap(c, sizeof *c);
}

int config_load(struct config **out, const char *path, struct config_errors *errors)
{
	*out = NULL;
	FILE *f = fopen(path, "re");
	if (!f) {
		int e = errno;
		config_say(errors, (struct config_pos){0}, "cannot be read: %s", strerror(e));
		return -e;
	}
	char *text = mem_zalloc(CONFIG_BYTES_MAX + 1);
	size_t n = fread(text, 1, CONFIG_BYTES_MAX + 1, f);
	int e = ferror(f) ? errno : 0;
	fclose(f);
	int rc;
	if (e || n > CONFIG_BYTES_MAX) {
		config_say(errors, (struct config_pos){0}, "%s", e ? strerror(e) : "is larger than 1 MiB");
		rc = e ? -e : -EINVAL;
	} else {
		rc = config_parse(out, text, n, errors);
	}
	explicit_bzero(text, n);
	free(text);
	return rc;
}
