/* SPDX-License-Identifier: Apache-2.0 */
#include "control/mem.h"
#include "control/store_sql.h"

#include <stdlib.h>

static const size_t row_texts[] = {
#define COL_FIXED(m)
#define COL_TEXT(m) offsetof(struct call_row, m),
#define COL_I64(m)
#define COL_I32(m)
#define COL_U32(m)
#define COL(c, kind, m) COL_##kind(m)
#include "control/store.def"
#undef COL
};

static const size_t note_texts[] = {
    offsetof(struct call_note, message),
    offsetof(struct call_note, request_url),
    offsetof(struct call_note, request_method),
};

static void own(void *base, const size_t *offs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char **at = (char **)(void *)((char *)base + offs[i]);
		*at = mem_dup(*at);
	}
}

static void disown(void *base, const size_t *offs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(*(char **)(void *)((char *)base + offs[i]));
}

#define N(a) (sizeof(a) / sizeof *(a))

void store_row_copy(struct call_row *out, const struct call_row *in)
{
	*out = *in;
	own(out, row_texts, N(row_texts));
}

void store_row_fini(struct call_row *r)
{
	disown(r, row_texts, N(row_texts));
}

void store_note_copy(struct call_note *out, const struct call_note *in)
{
	*out = *in;
	own(out, note_texts, N(note_texts));
}

void store_note_fini(struct call_note *n)
{
	disown(n, note_texts, N(note_texts));
}
