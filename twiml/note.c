/* SPDX-License-Identifier: Apache-2.0 */
#include "twiml/note.h"

#include "twiml/arena.h"

#include <stdarg.h>
#include <stdio.h>

#define NOTE_TEXT_MAX 320

/* What is said when there is no memory to say anything else; never written to. */
static struct twiml_note no_memory = {
    .code = TWIML_E_INTERNAL, .error = true, .line = 1, .col = 1, .text = "out of memory"};

/* Printable and whole: no control bytes, no character cut in two at the end. */
static uint32_t clean(char *s, size_t cap, int printed)
{
	uint32_t n = printed < 0 ? 0 : printed < (int)cap ? (uint32_t)printed : (uint32_t)cap - 1;
	if (printed >= (int)cap)
		while (n && ((unsigned char)s[n] & 0xc0) == 0x80)
			n--;
	for (uint32_t i = 0; i < n; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == 0x7f)
			s[i] = '?';
	return n;
}

static void append(struct twiml_program *p, const struct twiml_note *like, const char *text, uint32_t len)
{
	struct twiml_note *n = arena_get(p->arena, sizeof *n);
	struct span copy = n ? arena_copy(p->arena, text, len) : (struct span){NULL, 0};
	if (!copy.p)
		return;
	*n = *like;
	n->text = copy.p;
	struct twiml_note **at = &p->notes;
	while (*at)
		at = &(*at)->next;
	*at = n;
	p->n_notes++;
}

static void put(struct twiml_program *p, const struct twiml_note *like, const char *fmt, va_list ap)
{
	char text[NOTE_TEXT_MAX + 4];
	int printed = vsnprintf(text, NOTE_TEXT_MAX, fmt, ap);
	append(p, like, text, clean(text, NOTE_TEXT_MAX, printed));
}

void twiml_note(struct twiml_program *p, int code, enum twiml_level level, uint32_t line, uint32_t col,
    const char *fmt, ...)
{
	if (p->n_notes >= TWIML_NOTES_MAX) {
		p->notes_dropped++;
		return;
	}
	struct twiml_note n = {.code = code, .error = level == TWIML_ERROR, .line = line, .col = col};
	va_list ap;
	va_start(ap, fmt);
	put(p, &n, fmt, ap);
	va_end(ap);
}

void twiml_fail(struct twiml_program *p, int code, uint32_t line, uint32_t col, const char *fmt, ...)
{
	if (!p->ok)
		return;
	p->ok = false;
	p->notes = NULL;
	p->n_notes = 0;
	struct twiml_note n = {.code = code, .error = true, .line = line, .col = col};
	va_list ap;
	va_start(ap, fmt);
	put(p, &n, fmt, ap);
	va_end(ap);
	if (!p->notes)
		p->notes = &no_memory;
}
