/* SPDX-License-Identifier: Apache-2.0 */
/* A TwiML document after parsing: a tree of elements in one arena, and what there is to say about it.
 * Built once, read-only afterwards, freed as a whole. Every span in it is followed by a NUL byte. */
#ifndef TWIML_PROGRAM_H
#define TWIML_PROGRAM_H

#include "twiml/verbs.h"

#define TWIML_BYTES_MAX 65536 /* 11750 beyond it */
#define TWIML_DEPTH_MAX 16
#define TWIML_ATTRS_MAX 64
#define TWIML_NOTES_MAX 64 /* later ones are counted only */
#define TWIML_NOUNS_MAX 10 /* of one <Dial> */

/* Twilio's codes that concern a whole document. */
enum twiml_code {
	TWIML_E_TOO_LARGE = 11750,
	TWIML_E_EMPTY = 11770,
	TWIML_E_XML = 12100,
	TWIML_E_VERSION = 12101,
	TWIML_E_ROOT = 12102,
	TWIML_E_SCHEMA = 12200,
	TWIML_E_INTERNAL = 12400,
	TWIML_E_SCREENING = 13201,
	TWIML_E_DIAL_NOUN = 13215,
};

struct twiml_attr {
	struct span name, value;
	const struct twiml_attr_def *def; /* NULL: Twilio knows no such attribute */
	bool refused;                     /* the value does not fit: the default counts */
};

struct twiml_node {
	int elem;           /* enum twiml_elem_id, -1: unknown */
	bool skip;          /* unknown, misplaced or not built: the interpreter passes over it */
	bool refused;       /* a <Dial>, or one of its nouns, that must not be dialled; a note says why */
	uint32_t line, col; /* of its '<', from 1; columns count bytes */
	struct span name;
	struct span
	    text; /* its own character data, without that of its children; trimmed where the table says so */
	struct twiml_attr *attrs;
	uint32_t n_attrs;
	struct twiml_node *parent, *child, *last, *next;
};

struct twiml_note {
	int code;
	bool error; /* else a warning */
	uint32_t line, col;
	const char *text; /* one sentence, printable UTF-8 */
	struct twiml_note *next;
};

struct twiml_program {
	bool ok;                 /* false: nothing may run; the first note says why */
	struct twiml_node *root; /* NULL unless ok */
	struct twiml_note *notes;
	uint32_t n_notes, notes_dropped;
	struct twiml_arena *arena;
};

/* An attribute's value: as written when it fits, else the table's default; p NULL when there is neither. Only
 * for attributes that are in the table. */
struct span twiml_attr(const struct twiml_node *n, const char *name);
/* The same as a number; 0 when there is none. */
uint32_t twiml_attr_number(const struct twiml_node *n, const char *name);

/* The nouns of a <Dial> that may be dialled, in document order: the one behind `last`, NULL: the first. A plain
 * number is the <Dial> itself. NULL: there are no more. */
const struct twiml_node *twiml_dial_noun(const struct twiml_node *dial, const struct twiml_node *last);
/* Whom a noun names: its text, or that of the <Uri> or <Identity> inside it. */
struct span twiml_noun_address(const struct twiml_node *noun);

#endif
