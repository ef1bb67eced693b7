/* SPDX-License-Identifier: Apache-2.0 */
#include "twiml/xml_decl.h"

static struct span find(struct span s, struct span word)
{
	const char *p = s.len ? memmem(s.p, s.len, word.p, word.len) : NULL;
	return p ? span_of(p, s.len - (uint32_t)(p - s.p)) : (struct span){NULL, 0};
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct span skip_blank(struct span s)
{
	while (s.len && blank(*s.p))
		s = span_of(s.p + 1, s.len - 1);
	return s;
}

/* name = "value" or 'value' within the declaration. */
static struct span value_of(struct span decl, struct span name)
{
	const struct span none = {NULL, 0};
	struct span s = find(decl, name);
	if (!s.p)
		return none;
	s = skip_blank(span_of(s.p + name.len, s.len - name.len));
	if (!s.len || *s.p != '=')
		return none;
	s = skip_blank(span_of(s.p + 1, s.len - 1));
	if (!s.len || (*s.p != '"' && *s.p != '\''))
		return none;
	const char *end = memchr(s.p + 1, *s.p, s.len - 1);
	return end ? span_of(s.p + 1, (uint32_t)(end - s.p - 1)) : none;
}

struct xml_decl xml_decl_read(struct span doc)
{
	struct xml_decl d = {0};
	if (doc.len < 6 || memcmp(doc.p, "<?xml", 5) != 0 || !blank(doc.p[5]))
		return d;
	struct span end = find(doc, SPAN("?>"));
	if (!end.p)
		return d;
	struct span decl = span_of(doc.p + 5, (uint32_t)(end.p - doc.p) - 5);
	d.version = value_of(decl, SPAN("version"));
	d.encoding = value_of(decl, SPAN("encoding"));
	return d;
}
