/* SPDX-License-Identifier: Apache-2.0 */
#include "twiml/twiml_parse.h"

#include "twiml/arena.h"
#include "twiml/note.h"
#include "twiml/twiml_check.h"
#include "twiml/xml_decl.h"

#include <libxml/parser.h>
#include <stdlib.h>

#define ARENA_BYTES (4u << 20) /* 16 000 empty elements, the most that 64 kB can hold, fit */

/* An element that is open, and its text so far. */
struct frame {
	struct twiml_node *node;
	char *text;
	uint32_t len, cap;
};

struct parse {
	struct twiml_program *prog;
	xmlParserCtxtPtr xml;
	struct span doc;
	uint32_t depth;
	struct frame frames[TWIML_DEPTH_MAX];
	uint32_t at, line, col; /* the place at doc.p[at]; moves forward only */
};

/* Move the place to byte `to`, at or behind where it is. */
static void advance(struct parse *s, uint32_t to)
{
	for (; s->at < to && s->at < s->doc.len; s->at++) {
		if (s->doc.p[s->at] == '\n') {
			s->line++;
			s->col = 1;
		} else {
			s->col++;
		}
	}
}

/* The parser stands behind a start tag's attributes: the tag began at the nearest '<' (a value cannot hold one). */
static void locate_tag(struct parse *s)
{
	long here = xmlByteConsumed(s->xml);
	uint32_t to = here < 0 ? s->at : here < (long)s->doc.len ? (uint32_t)here : s->doc.len;
	while (to > s->at && (to == s->doc.len || s->doc.p[to] != '<'))
		to--;
	advance(s, to);
}

static void stop(struct parse *s, int code, const char *why)
{
	twiml_fail(s->prog, code, s->line, s->col, "%s", why);
	xmlStopParser(s->xml);
}

static void out_of_memory(struct parse *s)
{
	stop(s, TWIML_E_INTERNAL, "the document needs more memory than is allowed for one");
}

/* "prefix:name", as written. */
static struct span qname(struct parse *s, const xmlChar *prefix, const xmlChar *name)
{
	size_t n = strlen((const char *)name), k = prefix ? strlen((const char *)prefix) + 1 : 0;
	char *to = arena_get(s->prog->arena, k + n + 1);
	if (!to)
		return (struct span){NULL, 0};
	if (k) {
		memcpy(to, prefix, k - 1);
		to[k - 1] = ':';
	}
	memcpy(to + k, name, n);
	return span_of(to, (uint32_t)(k + n));
}

static bool copy_attrs(struct parse *s, struct twiml_node *n, int count, const xmlChar **a)
{
	n->attrs = arena_get(s->prog->arena, sizeof *n->attrs * (size_t)count);
	for (int i = 0; n->attrs && i < count; i++, a += 5) {
		n->attrs[i].name = qname(s, a[1], a[0]);
		n->attrs[i].value = arena_copy(s->prog->arena, a[3], (size_t)(a[4] - a[3]));
	}
	n->n_attrs = (uint32_t)count;
	return !arena_failed(s->prog->arena);
}

static void link_node(struct parse *s, struct twiml_node *n)
{
	if (!s->depth) {
		s->prog->root = n;
		return;
	}
	struct twiml_node *up = s->frames[s->depth - 1].node;
	n->parent = up;
	if (up->last)
		up->last->next = n;
	else
		up->child = n;
	up->last = n;
}

static void open_element(struct parse *s, struct span name, int n_attrs, const xmlChar **attrs)
{
	struct twiml_node *n = arena_get(s->prog->arena, sizeof *n);
	if (!n || !name.p || !copy_attrs(s, n, n_attrs, attrs)) {
		out_of_memory(s);
		return;
	}
	n->name = name;
	n->line = s->line;
	n->col = s->col;
	link_node(s, n);
	s->frames[s->depth].node = n;
	s->frames[s->depth++].len = 0;
}

static void on_start(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_ns,
    const xmlChar **ns, int n_attrs, int n_defaulted, const xmlChar **attrs)
{
	struct parse *s = ctx;
	if (!s->prog->ok)
		return;
	locate_tag(s);
	if (s->depth == TWIML_DEPTH_MAX)
		stop(s, TWIML_E_XML, "elements are nested deeper than 16 levels");
	else if (n_attrs + n_ns > TWIML_ATTRS_MAX)
		stop(s, TWIML_E_XML, "an element has more than 64 attributes");
	else if (!s->depth && (prefix || strcmp((const char *)name, "Response") != 0))
		stop(s, TWIML_E_ROOT, "the root element is not <Response>");
	else
		open_element(s, qname(s, prefix, name), n_attrs, attrs);
}

static void on_end(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct parse *s = ctx;
	if (!s->prog->ok || !s->depth)
		return;
	struct frame *f = &s->frames[--s->depth];
	f->node->text = arena_copy(s->prog->arena, f->text, f->len);
	if (!f->node->text.p)
		out_of_memory(s);
}

static bool frame_room(struct frame *f, uint32_t more)
{
	if (f->cap - f->len >= more)
		return true;
	uint32_t cap = f->cap * 2 > f->len + more ? f->cap * 2 : f->len + more;
	char *p = realloc(f->text, cap);
	if (!p)
		return false;
	f->text = p;
	f->cap = cap;
	return true;
}

static void on_text(void *ctx, const xmlChar *p, int len)
{
	struct parse *s = ctx;
	if (!s->prog->ok || !s->depth || len <= 0)
		return;
	struct frame *f = &s->frames[s->depth - 1];
	if (!frame_room(f, (uint32_t)len)) {
		out_of_memory(s);
		return;
	}
	memcpy(f->text + f->len, p, (size_t)len);
	f->len += (uint32_t)len;
}

static void on_doctype(void *ctx, const xmlChar *name, const xmlChar *id, const xmlChar *system)
{
	struct parse *s = ctx;
	locate_tag(s);
	stop(s, TWIML_E_XML, "a document type declaration is not allowed");
}

/* The parser's own messages end in a line feed and may quote the document: note.c cleans what is left. */
static void on_error(void *ctx, xmlErrorPtr e)
{
	struct parse *s = ctx;
	if (e->level != XML_ERR_FATAL || !s->prog->ok)
		return;
	size_t n = e->message ? strcspn(e->message, "\n") : 0;
	twiml_fail(s->prog, TWIML_E_XML, e->line > 0 ? (uint32_t)e->line : 1,
	    e->int2 > 0 ? (uint32_t)e->int2 : 1, "not well-formed XML: %.*s", (int)(n < 200 ? n : 200),
	    n ? e->message : "");
	xmlStopParser(s->xml);
}

static const xmlSAXHandler handler = {
    .initialized = XML_SAX2_MAGIC,
    .internalSubset = on_doctype,
    .startElementNs = on_start,
    .endElementNs = on_end,
    .characters = on_text,
    .ignorableWhitespace = on_text,
    .cdataBlock = on_text,
    .serror = on_error,
};

static void run_xml(struct parse *s)
{
	xmlSAXHandler sax = handler;
	s->xml = xmlCreatePushParserCtxt(&sax, s, NULL, 0, NULL);
	if (!s->xml) {
		twiml_fail(s->prog, TWIML_E_INTERNAL, 1, 1, "the XML parser could not be started");
		return;
	}
	/* NOENT only makes "&amp;" in an attribute an ampersand: without a DTD there is no other entity, and the
	 * handler has no callback that could learn of one. */
	xmlCtxtUseOptions(s->xml, XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_IGNORE_ENC);
	xmlParseChunk(s->xml, s->doc.p, (int)s->doc.len, 1);
	if (!s->xml->wellFormed)
		twiml_fail(s->prog, TWIML_E_XML, 1, 1, "not well-formed XML");
	xmlFreeParserCtxt(s->xml);
	for (int i = 0; i < TWIML_DEPTH_MAX; i++)
		free(s->frames[i].text);
}

static bool is_blank(struct span doc)
{
	for (uint32_t i = 0; i < doc.len; i++)
		if (!memchr(" \t\r\n", doc.p[i], 4))
			return false;
	return true;
}

/* Shortest form, no surrogates, at most U+10FFFF: libxml2's own check lets longer forms pass. doc is
 * NUL-terminated and holds no other NUL. */
static bool is_utf8(struct span doc)
{
	static const int least[] = {0, 0, 0x80, 0x800, 0x10000};
	for (uint32_t i = 0; i < doc.len;) {
		int n = doc.len - i < 4 ? (int)(doc.len - i) : 4;
		int c = xmlGetUTF8Char((const unsigned char *)doc.p + i, &n);
		if (c < 0 || n < 1 || n > 4 || c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
			return false;
		i += (uint32_t)n;
	}
	return true;
}

/* doc is NUL-terminated. */
static void check_bytes(struct twiml_program *p, struct span doc)
{
	struct xml_decl d = xml_decl_read(doc);
	if (is_blank(doc))
		twiml_fail(p, TWIML_E_EMPTY, 1, 1, "the document is empty");
	else if (memchr(doc.p, 0, doc.len))
		twiml_fail(p, TWIML_E_XML, 1, 1, "the document holds a NUL byte; it must be UTF-8");
	else if (!is_utf8(doc))
		twiml_fail(p, TWIML_E_XML, 1, 1, "the document is not valid UTF-8");
	else if (d.version.p && !span_eq(d.version, SPAN("1.0")))
		twiml_fail(p, TWIML_E_VERSION, 1, 1, "XML version is not 1.0");
	else if (d.encoding.p && !span_ieq(d.encoding, SPAN("UTF-8")) &&
	         !span_ieq(d.encoding, SPAN("US-ASCII")))
		twiml_fail(p, TWIML_E_XML, 1, 1, "the declared encoding is not UTF-8");
}

static void parse_copy(struct twiml_program *p, struct span doc)
{
	if (doc.len >= 3 && memcmp(doc.p, "\xef\xbb\xbf", 3) == 0)
		doc = span_of(doc.p + 3, doc.len - 3);
	check_bytes(p, doc);
	struct parse s = {.prog = p, .doc = doc, .line = 1, .col = 1};
	if (p->ok)
		run_xml(&s);
	if (p->ok && p->root)
		twiml_check(p);
	if (p->ok && arena_failed(p->arena))
		twiml_fail(p, TWIML_E_INTERNAL, 1, 1, "out of memory");
	if (!p->ok)
		p->root = NULL;
}

static struct twiml_program *program_new(void)
{
	struct twiml_program *p = calloc(1, sizeof *p);
	struct twiml_arena *a = arena_new(ARENA_BYTES);
	if (!p || !a) {
		free(p);
		arena_free(a);
		return NULL;
	}
	p->arena = a;
	p->ok = true;
	return p;
}

struct twiml_program *twiml_parse(const char *text, size_t len)
{
	struct twiml_program *p = program_new();
	if (!p)
		return NULL;
	if (len > TWIML_BYTES_MAX) {
		twiml_fail(p, TWIML_E_TOO_LARGE, 1, 1, "the document is larger than 64 kB");
		return p;
	}
	struct span copy = arena_copy(p->arena, text, len);
	if (copy.p)
		parse_copy(p, copy);
	else
		twiml_fail(p, TWIML_E_INTERNAL, 1, 1, "out of memory");
	return p;
}

void twiml_program_free(struct twiml_program *p)
{
	if (!p)
		return;
	arena_free(p->arena);
	free(p);
}
