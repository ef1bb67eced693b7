/* SPDX-License-Identifier: Apache-2.0 */
#include "twiml/twiml_check.h"

#include "twiml/note.h"

#define SHOWN(s) (int)((s).len < 64 ? (s).len : 64), (s).p

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct span trimmed(struct span s)
{
	while (s.len && blank(*s.p))
		s = span_of(s.p + 1, s.len - 1);
	while (s.len && blank(s.p[s.len - 1]))
		s.len--;
	return s;
}

/* Spans of a program end in NUL: the byte behind the trimmed text becomes one. */
static void trim_in_place(struct span *s)
{
	struct span t = trimmed(*s);
	if (s->p)
		((char *)(uintptr_t)t.p)[t.len] = '\0';
	*s = t;
}

static bool is_default(const struct twiml_attr *a)
{
	return a->def->dflt && span_eq(a->value, span_str(a->def->dflt));
}

static void check_attr(struct twiml_program *p, const struct twiml_node *n, struct twiml_attr *a)
{
	a->def = twiml_attr_find(n->elem, a->name);
	if (!a->def) {
		twiml_note(p, TWIML_E_SCHEMA, TWIML_WARNING, n->line, n->col,
		    "unknown attribute \"%.*s\" of <%.*s>: ignored", SHOWN(a->name), SHOWN(n->name));
		return;
	}
	a->refused = !twiml_attr_fits(a->def, a->value);
	if (a->refused)
		twiml_note(p, a->def->code, TWIML_WARNING, n->line, n->col,
		    "attribute \"%s\" of <%.*s> has an invalid value \"%.*s\": %s%s", a->def->name,
		    SHOWN(n->name), SHOWN(a->value), a->def->dflt ? "taken as " : "ignored",
		    a->def->dflt ? a->def->dflt : "");
	else if (!a->def->built && !n->skip && !is_default(a))
		twiml_note(p, TWIML_E_SCHEMA, TWIML_WARNING, n->line, n->col,
		    "not built yet: attribute \"%s\" of <%.*s> is ignored", a->def->name, SHOWN(n->name));
}

/* What is this element where it stands? */
static void classify(struct twiml_program *p, struct twiml_node *n)
{
	bool misplaced;
	n->elem = twiml_elem_find(n->name, n->parent ? n->parent->elem : -1, &misplaced);
	bool quiet = n->parent && n->parent->skip;
	n->skip = quiet || n->elem < 0 || misplaced || !twiml_elems[n->elem].built;
	if (!n->skip || quiet)
		return;
	if (n->elem < 0)
		twiml_note(p, TWIML_E_SCHEMA, TWIML_WARNING, n->line, n->col,
		    "unknown element <%.*s>: skipped", SHOWN(n->name));
	else if (misplaced)
		twiml_note(p, n->parent->elem == TWIML_EL_DIAL ? TWIML_E_DIAL_NOUN : TWIML_E_SCHEMA,
		    TWIML_WARNING, n->line, n->col, "<%.*s> does not belong inside <%.*s>: skipped",
		    SHOWN(n->name), SHOWN(n->parent->name));
	else
		twiml_note(p, TWIML_E_SCHEMA, TWIML_WARNING, n->line, n->col,
		    "not built yet: <%.*s> is skipped", SHOWN(n->name));
}

static void check_text(struct twiml_program *p, struct twiml_node *n)
{
	uint8_t rule = n->elem < 0 ? TWIML_TEXT_KEEP : twiml_elems[n->elem].text;
	if (rule != TWIML_TEXT_KEEP)
		trim_in_place(&n->text);
	if (rule == TWIML_TEXT_NONE && n->text.len && !n->skip)
		twiml_note(p, TWIML_E_SCHEMA, TWIML_WARNING, n->line, n->col, "text inside <%.*s> is ignored",
		    SHOWN(n->name));
}

static void check_node(struct twiml_program *p, struct twiml_node *n)
{
	classify(p, n);
	check_text(p, n);
	if (n->parent && n->parent->skip)
		return;
	for (uint32_t i = 0; n->elem >= 0 && i < n->n_attrs; i++)
		check_attr(p, n, &n->attrs[i]);
}

static bool is_noun(const struct twiml_node *n)
{
	return n->elem >= 0 && n->parent->elem == TWIML_EL_DIAL &&
	       (twiml_elems[n->elem].parents & UINT64_C(1) << TWIML_EL_DIAL);
}

static void refuse(
    struct twiml_program *p, struct twiml_node *dial, int code, const struct twiml_node *at, const char *why)
{
	dial->refused = true;
	twiml_note(p, code, TWIML_ERROR, at->line, at->col, "<Dial>: %s; nothing is dialled", why);
}

static uint32_t count(const struct twiml_node *n, int elem)
{
	uint32_t found = 0;
	for (const struct twiml_node *c = n->child; c; c = c->next)
		found += c->elem == elem;
	return found;
}

static void refuse_noun(struct twiml_program *p, struct twiml_node *noun, int code, const char *why)
{
	noun->refused = true;
	twiml_note(p, code, TWIML_ERROR, noun->line, noun->col, "<%.*s> %s: it is not dialled",
	    SHOWN(noun->name), why);
}

/* One that names nobody, or too many at once, is left out; the others are dialled. */
static void check_noun(struct twiml_program *p, struct twiml_node *noun)
{
	if (count(noun, TWIML_EL_SIP_URI) > 1)
		refuse_noun(p, noun, 13250, "holds more than one <Uri>");
	else if (!twiml_noun_address(noun).len)
		refuse_noun(p, noun, noun->elem == TWIML_EL_SIP ? 13243 : 13223,
		    noun->elem == TWIML_EL_SIP ? "holds no URI" : "names nobody");
}

/* What the nouns of a <Dial> come to. */
struct nouns {
	uint32_t n;
	const struct twiml_node *unbuilt, *surplus, *last;
};

static struct nouns look_at_nouns(struct twiml_program *p, struct twiml_node *dial)
{
	struct nouns s = {0};
	for (struct twiml_node *c = dial->child; c; c = c->next) {
		if (!is_noun(c))
			continue;
		s.last = c;
		if (!twiml_elems[c->elem].built)
			s.unbuilt = c;
		else
			check_noun(p, c);
		if (++s.n == TWIML_NOUNS_MAX + 1)
			s.surplus = c;
	}
	return s;
}

static void check_dial(struct twiml_program *p, struct twiml_node *dial)
{
	struct nouns s = look_at_nouns(p, dial);
	if (s.surplus)
		refuse(p, dial, TWIML_E_DIAL_NOUN, s.surplus, "more than ten nouns");
	else if (s.n && dial->text.len)
		refuse(p, dial, TWIML_E_DIAL_NOUN, s.last, "a plain number beside a noun");
	else if (s.unbuilt)
		refuse(p, dial, s.n > 1 ? TWIML_E_DIAL_NOUN : TWIML_E_SCHEMA, s.unbuilt,
		    "this noun is not built yet (<Sip>, <Number> and <Client> are)");
	else if (!s.n && !dial->text.len)
		refuse(p, dial, 13223, dial, "there is nobody to dial");
	else if (!twiml_dial_noun(dial, NULL))
		dial->refused = true; /* each noun has said why */
}

/* The next node in document order. */
static struct twiml_node *after(struct twiml_node *n)
{
	if (n->child)
		return n->child;
	while (n && !n->next)
		n = n->parent;
	return n ? n->next : NULL;
}

void twiml_check(struct twiml_program *p)
{
	for (struct twiml_node *n = p->root; n; n = after(n))
		check_node(p, n);
	for (struct twiml_node *n = p->root->child; n; n = n->next)
		if (n->elem == TWIML_EL_DIAL)
			check_dial(p, n);
}
