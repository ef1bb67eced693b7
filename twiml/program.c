/* SPDX-License-Identifier: Apache-2.0 */
#include "twiml/program.h"

#include <assert.h>

struct span twiml_attr(const struct twiml_node *n, const char *name)
{
	struct span s = span_str(name);
	for (uint32_t i = 0; i < n->n_attrs; i++)
		if (span_eq(n->attrs[i].name, s) && n->attrs[i].def && !n->attrs[i].refused)
			return n->attrs[i].value;
	const struct twiml_attr_def *def = twiml_attr_find(n->elem, s);
	assert(def);
	return span_str(def->dflt);
}

uint32_t twiml_attr_number(const struct twiml_node *n, const char *name)
{
	uint32_t v = 0;
	struct span s = twiml_attr(n, name);
	return s.p && twiml_number(s, &v) ? v : 0;
}

const struct twiml_node *twiml_dial_noun(const struct twiml_node *dial, const struct twiml_node *last)
{
	if (dial->text.len)
		return last ? NULL : dial;
	for (const struct twiml_node *n = last ? last->next : dial->child; n; n = n->next)
		if (!n->skip && !n->refused)
			return n;
	return NULL;
}

struct span twiml_noun_address(const struct twiml_node *noun)
{
	if (noun->text.len)
		return noun->text;
	for (const struct twiml_node *n = noun->child; n; n = n->next)
		if (n->elem == TWIML_EL_SIP_URI || n->elem == TWIML_EL_IDENTITY)
			return n->text;
	return noun->text;
}
