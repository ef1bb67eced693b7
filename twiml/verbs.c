/* SPDX-License-Identifier: Apache-2.0 */
#include "twiml/verbs.h"

#include <assert.h>

#define IN(id)      (UINT64_C(1) << TWIML_EL_##id)
#define TWIML_BUILT true
#define TWIML_LATER false

_Static_assert(TWIML_EL_COUNT <= 64, "one bit per element");

const struct twiml_elem_def twiml_elems[TWIML_EL_COUNT] = {
#define TWIML_ELEM(id, name, parents, built, text)                                                           \
	[TWIML_EL_##id] = {name, parents, TWIML_##built, TWIML_TEXT_##text},
#include "twiml/verbs.def"
};

static const struct twiml_attr_def attrs[] = {
#define TWIML_ATTR(elem, name, type, min, max, values, dflt, code, built)                                    \
	{name, values, dflt, min, max, code, TWIML_EL_##elem, TWIML_##type, TWIML_##built},
#include "twiml/verbs.def"
};

int twiml_elem_find(struct span name, int parent, bool *misplaced)
{
	uint64_t bit = parent < 0 ? 0 : UINT64_C(1) << parent;
	int anywhere = -1;
	*misplaced = false;
	for (int i = 0; i < TWIML_EL_COUNT; i++) {
		if (!span_eq(name, span_str(twiml_elems[i].name)))
			continue;
		if (parent < 0 ? twiml_elems[i].parents == 0 : (twiml_elems[i].parents & bit) != 0)
			return i;
		if (anywhere < 0)
			anywhere = i;
	}
	*misplaced = anywhere >= 0;
	return anywhere;
}

const struct twiml_attr_def *twiml_attr_find(int elem, struct span name)
{
	for (size_t i = 0; i < sizeof attrs / sizeof attrs[0]; i++)
		if (attrs[i].elem == elem && span_eq(name, span_str(attrs[i].name)))
			return &attrs[i];
	return NULL;
}

bool twiml_number(struct span s, uint32_t *out)
{
	uint64_t v = 0;
	for (uint32_t i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(s.p[i] - '0');
		if (v > UINT32_MAX)
			v = UINT32_MAX;
	}
	*out = (uint32_t)v;
	return s.len > 0;
}

/* The next word of a space-separated list; false at its end. */
static bool next_word(struct span *rest, struct span *word)
{
	while (rest->len && *rest->p == ' ')
		*rest = span_of(rest->p + 1, rest->len - 1);
	const char *sp = rest->len ? memchr(rest->p, ' ', rest->len) : NULL;
	uint32_t n = sp ? (uint32_t)(sp - rest->p) : rest->len;
	*word = span_of(rest->p, n);
	*rest = span_of(rest->p + n, rest->len - n);
	return n > 0;
}

static bool one_of(const char *words, struct span value)
{
	struct span rest = span_str(words), word;
	while (next_word(&rest, &word))
		if (span_eq(word, value))
			return true;
	return false;
}

static bool subset_of(const char *words, struct span value)
{
	struct span word;
	while (next_word(&value, &word))
		if (!one_of(words, word))
			return false;
	return true;
}

static bool chars_of(const struct twiml_attr_def *def, struct span value)
{
	for (uint32_t i = 0; i < value.len; i++)
		if (!value.p[i] || !strchr(def->values, value.p[i]))
			return false;
	return value.len <= def->max;
}

static bool is_number_in(const struct twiml_attr_def *def, struct span value)
{
	uint32_t v;
	return twiml_number(value, &v) && v >= def->min && v <= def->max;
}

/* Characters, not bytes: continuation bytes of UTF-8 do not count. */
static uint32_t characters(struct span s)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < s.len; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

static bool is_url(struct span value)
{
	for (uint32_t i = 0; i < value.len; i++)
		if ((unsigned char)value.p[i] <= ' ' || value.p[i] == 0x7f)
			return false;
	return value.len <= 4096;
}

bool twiml_attr_fits(const struct twiml_attr_def *def, struct span value)
{
	switch ((enum twiml_attr_type)def->type) {
	case TWIML_STRING:
		return characters(value) <= def->max;
	case TWIML_URL:
		return is_url(value);
	case TWIML_METHOD:
		return span_ieq(value, SPAN("GET")) || span_ieq(value, SPAN("POST"));
	case TWIML_BOOL:
		return span_eq(value, SPAN("true")) || span_eq(value, SPAN("false"));
	case TWIML_INT:
		return is_number_in(def, value);
	case TWIML_ENUM:
		return one_of(def->values, value);
	case TWIML_SET:
		return subset_of(def->values, value);
	case TWIML_CHARS:
		return chars_of(def, value);
	}
	assert(!"attribute type");
	return false;
}
