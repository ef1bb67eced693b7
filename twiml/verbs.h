/* SPDX-License-Identifier: Apache-2.0 */
/* The vocabulary of TwiML: verbs.def as tables to look things up in. Constant data, any thread. */
#ifndef TWIML_VERBS_H
#define TWIML_VERBS_H

#include "sip-parser/base/span.h"

enum twiml_elem_id {
#define TWIML_ELEM(id, name, parents, built, text) TWIML_EL_##id,
#include "twiml/verbs.def"
	TWIML_EL_COUNT
};

enum twiml_text_rule { TWIML_TEXT_NONE, TWIML_TEXT_TRIM, TWIML_TEXT_KEEP };

enum twiml_attr_type {
	TWIML_STRING,
	TWIML_URL,
	TWIML_METHOD,
	TWIML_BOOL,
	TWIML_INT,
	TWIML_ENUM,
	TWIML_SET,
	TWIML_CHARS
};

struct twiml_elem_def {
	const char *name;
	uint64_t parents; /* bit 1 << id for each element it may stand in */
	bool built;       /* false: recognised, told and skipped */
	uint8_t text;     /* enum twiml_text_rule */
};

struct twiml_attr_def {
	const char *name;
	const char *values; /* ENUM, SET: the words; CHARS: the characters */
	const char *dflt;   /* NULL = none */
	uint32_t min, max;
	int code;     /* Twilio's code for a refused value */
	uint8_t elem; /* enum twiml_elem_id */
	uint8_t type; /* enum twiml_attr_type */
	bool built;
};

extern const struct twiml_elem_def twiml_elems[TWIML_EL_COUNT];

/* The element `name` inside `parent` (an element id, -1 for the root). -1: no such element anywhere. *misplaced:
 * the name exists, but not there. Names are case-sensitive. */
int twiml_elem_find(struct span name, int parent, bool *misplaced);
/* The attribute `name` of an element; NULL when Twilio knows none of that name. */
const struct twiml_attr_def *twiml_attr_find(int elem, struct span name);
/* Does the value fit type and range? */
bool twiml_attr_fits(const struct twiml_attr_def *def, struct span value);
/* A decimal number without sign or blanks, saturating; false for anything else. */
bool twiml_number(struct span s, uint32_t *out);

#endif
