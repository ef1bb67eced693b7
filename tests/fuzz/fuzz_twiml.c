/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a TwiML document: it is refused with a reason, or it is a tree within its bounds. */
#include "tests/fuzz/fuzz.h"

#include "twiml/twiml_parse.h"

#include <string.h>

static uint32_t depth(const struct twiml_node *n)
{
	uint32_t d = 0;
	for (; n; n = n->parent)
		d++;
	return d;
}

static void check_node(const struct twiml_node *n)
{
	MUST(depth(n) <= TWIML_DEPTH_MAX);
	MUST(n->n_attrs <= TWIML_ATTRS_MAX);
	MUST(n->line >= 1 && n->col >= 1);
	MUST(n->name.len > 0 && n->name.p[n->name.len] == '\0' && n->text.p[n->text.len] == '\0');
	MUST(n->elem >= -1 && n->elem < TWIML_EL_COUNT);
	MUST(n->skip || (n->elem >= 0 && twiml_elems[n->elem].built));
	MUST(!n->refused || n->elem == TWIML_EL_DIAL);
	for (uint32_t i = 0; i < n->n_attrs; i++) {
		MUST(n->attrs[i].value.p[n->attrs[i].value.len] == '\0');
		MUST(strlen(n->attrs[i].value.p) == n->attrs[i].value.len);
	}
	if (n->elem == TWIML_EL_DIAL && !n->skip) {
		MUST(twiml_attr_number(n, "timeout") >= 1 && twiml_attr_number(n, "timeout") <= 600);
		MUST(twiml_attr_number(n, "timeLimit") >= 1);
		MUST(twiml_attr(n, "method").p);
	}
}

static const struct twiml_node *after(const struct twiml_node *n)
{
	if (n->child)
		return n->child;
	while (n && !n->next)
		n = n->parent;
	return n ? n->next : NULL;
}

static void check_notes(const struct twiml_program *p)
{
	uint32_t count = 0;
	for (const struct twiml_note *n = p->notes; n; n = n->next) {
		MUST(n->code >= 11000 && n->code < 40000);
		for (const char *t = n->text; *t; t++)
			MUST((unsigned char)*t >= ' ' && *t != 0x7f);
		count++;
	}
	MUST(count == p->n_notes || !p->ok);
	MUST(count <= TWIML_NOTES_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *exact = malloc(size + !size);
	if (size)
		memcpy(exact, data, size);
	struct twiml_program *p = twiml_parse(exact, size);
	free(exact);
	MUST(p);
	check_notes(p);
	if (!p->ok)
		MUST(!p->root && p->notes && p->notes->error);
	else
		MUST(size <= TWIML_BYTES_MAX && p->root && p->root->elem == TWIML_EL_RESPONSE);
	for (const struct twiml_node *n = p->root; n; n = after(n))
		check_node(n);
	twiml_program_free(p);
	return 0;
}
