/* SPDX-License-Identifier: Apache-2.0 */
#include "control/cli_twiml.h"

#include "control/sip_target.h"
#include "twiml/twiml_parse.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

enum { RUNS = 0, REFUSED = 1, USAGE = 2, UNREADABLE = 3 };

static const char help[] =
    "Usage: dialplane twiml FILE|-\n"
    "\n"
    "Prints what the engine makes of a TwiML document as one JSON object:\n"
    "  file      as given\n"
    "  verdict   \"ok\" or \"reject\"\n"
    "  program   the elements of <Response> in order, null when rejected: name, line, column, runs (false:\n"
    "            passed over), attributes as written, text, children; for <Sip> also target\n"
    "  notes     what the call's notifications would say: code (Twilio's), level, line, column, message\n"
    "  notes_left_out  how many more there were\n"
    "\n"
    "Exit codes: 0 the document runs, 1 it is rejected, 2 wrong usage, 3 the file cannot be read.\n";

static void set(json_t *o, const char *key, json_t *value)
{
	int rc = json_object_set_new(o, key, value);
	assert(rc == 0);
}

static json_t *text_of(struct span s)
{
	return json_stringn(s.p ? s.p : "", s.len);
}

static json_t *attrs_of(const struct twiml_node *n)
{
	json_t *o = json_object();
	for (uint32_t i = 0; i < n->n_attrs; i++)
		set(o, n->attrs[i].name.p, text_of(n->attrs[i].value));
	return o;
}

static void on_drop(void *ctx, enum target_drop why, struct span name)
{
	json_array_append_new(ctx, text_of(name));
}

/* Where <Sip> would call, and with which headers. */
static json_t *target_of(const struct twiml_node *n)
{
	struct sip_target t;
	json_t *o = json_object(), *dropped = json_array();
	enum target_error e = sip_target_parse(&t, twiml_noun_address(n), false, on_drop, dropped);
	set(o, "valid", json_boolean(e == TARGET_OK));
	set(o, "uri", e ? json_null() : json_string(t.uri));
	set(o, "host", e ? json_null() : json_string(t.host));
	set(o, "port", json_integer(e ? 0 : t.port));
	set(o, "headers", e ? json_null() : json_stringn(t.headers, t.headers_len));
	set(o, "headers_left_out", dropped);
	return o;
}

static json_t *shallow(const struct twiml_node *n)
{
	json_t *o = json_object();
	set(o, "name", text_of(n->name));
	set(o, "line", json_integer(n->line));
	set(o, "column", json_integer(n->col));
	set(o, "runs", json_boolean(!n->skip && !n->refused));
	set(o, "attributes", attrs_of(n));
	set(o, "text", text_of(n->text));
	if (n->elem == TWIML_EL_SIP && !n->skip)
		set(o, "target", target_of(n));
	set(o, "children", json_array());
	return o;
}

/* The depth of a program is bounded by TWIML_DEPTH_MAX, and so is this recursion. */
static json_t *deep(const struct twiml_node *n)
{
	json_t *o = shallow(n), *children = json_object_get(o, "children");
	for (const struct twiml_node *c = n->child; c; c = c->next)
		json_array_append_new(children, deep(c));
	return o;
}

static json_t *program_of(const struct twiml_program *p)
{
	if (!p->ok)
		return json_null();
	json_t *a = json_array();
	for (const struct twiml_node *n = p->root->child; n; n = n->next)
		json_array_append_new(a, deep(n));
	return a;
}

static json_t *notes_of(const struct twiml_program *p)
{
	json_t *a = json_array();
	for (const struct twiml_note *n = p->notes; n; n = n->next) {
		json_t *o = json_object();
		set(o, "code", json_integer(n->code));
		set(o, "level", json_string(n->error ? "error" : "warning"));
		set(o, "line", json_integer(n->line));
		set(o, "column", json_integer(n->col));
		set(o, "message", json_string(n->text));
		json_array_append_new(a, o);
	}
	return a;
}

/* One byte more than may be parsed, so that too much is seen as too much. */
static long read_all(const char *file, char *room, size_t cap)
{
	FILE *f = strcmp(file, "-") == 0 ? stdin : fopen(file, "rb");
	if (!f)
		return -1;
	size_t n = fread(room, 1, cap, f);
	bool bad = ferror(f) != 0;
	if (f != stdin)
		fclose(f);
	return bad ? -1 : (long)n;
}

static void print(const char *file, const struct twiml_program *p)
{
	json_t *o = json_object();
	set(o, "file", json_string(file));
	set(o, "verdict", json_string(p->ok ? "ok" : "reject"));
	set(o, "program", program_of(p));
	set(o, "notes", notes_of(p));
	set(o, "notes_left_out", json_integer(p->notes_dropped));
	json_dumpf(o, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(o);
}

int cli_twiml(int argc, char **argv)
{
	static char room[TWIML_BYTES_MAX + 1];
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		fputs(help, stdout);
		return RUNS;
	}
	if (argc != 2 || (argv[1][0] == '-' && argv[1][1])) {
		fputs(help, stderr);
		return USAGE;
	}
	long n = read_all(argv[1], room, sizeof room);
	if (n < 0) {
		fprintf(stderr, "dialplane twiml: %s: %s\n", argv[1], strerror(errno));
		return UNREADABLE;
	}
	struct twiml_program *p = twiml_parse(room, (size_t)n);
	assert(p);
	print(argv[1], p);
	bool ok = p->ok;
	twiml_program_free(p);
	return ok ? RUNS : REFUSED;
}
