/* SPDX-License-Identifier: Apache-2.0 */
#include "control/form.h"

#include "control/mem.h"
#include "control/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void form_init(struct form *f)
{
	*f = (struct form){0};
}

void form_fini(struct form *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->pairs[i].name);
	free(f->pairs);
	form_init(f);
}

/* Room for a pair of these lengths, in one piece that the name is the start of. */
static struct form_pair *add(struct form *f, size_t name_len, size_t value_len)
{
	if (f->n == f->cap) {
		f->cap = f->cap ? f->cap * 2 : 32;
		f->pairs = mem_regrow(f->pairs, f->cap, sizeof *f->pairs);
	}
	char *text = mem_regrow(NULL, name_len + value_len + 2, 1);
	text[name_len] = text[name_len + 1 + value_len] = '\0';
	struct form_pair *p = &f->pairs[f->n++];
	*p = (struct form_pair){text, text + name_len + 1};
	return p;
}

void form_add(struct form *f, const char *name, const char *value)
{
	size_t name_len = strlen(name), value_len = value ? strlen(value) : 0;
	struct form_pair *p = add(f, name_len, value_len);
	memcpy(p->name, name, name_len);
	if (value_len)
		memcpy(p->value, value, value_len);
}

void form_addf(struct form *f, const char *name, const char *fmt, ...)
{
	char few[128];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(few, sizeof few, fmt, ap);
	va_end(ap);
	if (n < (int)sizeof few) {
		form_add(f, name, n < 0 ? "" : few);
		return;
	}
	struct form_pair *p = add(f, strlen(name), (size_t)n);
	memcpy(p->name, name, strlen(name));
	va_start(ap, fmt);
	vsnprintf(p->value, (size_t)n + 1, fmt, ap);
	va_end(ap);
}

const struct form_pair *form_next(const struct form *f, const char *name, const struct form_pair *after)
{
	for (size_t i = after ? (size_t)(after - f->pairs) + 1 : 0; i < f->n; i++)
		if (strcmp(f->pairs[i].name, name) == 0)
			return &f->pairs[i];
	return NULL;
}

const char *form_get(const struct form *f, const char *name)
{
	const struct form_pair *p = form_next(f, name, NULL);
	return p ? p->value : NULL;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One escape at s; -1 when it is cut short, not hexadecimal, or a NUL. */
static int escape(const char *s, size_t left)
{
	if (left < 3)
		return -1;
	int hi = hex(s[1]), lo = hex(s[2]);
	if (hi < 0 || lo < 0 || (hi == 0 && lo == 0))
		return -1;
	return hi << 4 | lo;
}

/* Decoded into out, terminated. The length, or -1. */
static ssize_t decode_into(char *out, const char *s, size_t len)
{
	size_t n = 0;
	unsigned char seen = 0;
	for (size_t i = 0; i < len; i++) {
		int c = (unsigned char)s[i];
		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			c = escape(s + i, len - i);
			i += 2;
		}
		if (c <= 0)
			return -1;
		seen |= (unsigned char)c;
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return seen < 0x80 || utf8_valid(out, n) ? (ssize_t)n : -1;
}

static int decode_pair(struct form *f, const char *s, size_t len)
{
	const char *eq = memchr(s, '=', len);
	size_t name_len = eq ? (size_t)(eq - s) : len;
	struct form_pair *p = add(f, name_len, eq ? len - name_len - 1 : 0);
	return decode_into(p->name, s, name_len) < 0 ||
	               (eq && decode_into(p->value, eq + 1, len - name_len - 1) < 0)
	           ? -EINVAL
	           : 0;
}

int form_decode(struct form *f, const char *s, size_t len, size_t max_pairs)
{
	for (size_t at = 0; at < len;) {
		const char *amp = memchr(s + at, '&', len - at);
		size_t n = amp ? (size_t)(amp - s) - at : len - at;
		if (n && f->n >= max_pairs)
			return -E2BIG;
		if (n && decode_pair(f, s + at, n) < 0)
			return -EINVAL;
		at += n + 1;
	}
	return 0;
}

#define RANGE(from, to) [from... to] = 1
static const unsigned char plain[256] = {
    RANGE('0', '9'), RANGE('A', 'Z'), RANGE('a', 'z'), ['*'] = 1, ['-'] = 1, ['.'] = 1, ['_'] = 1};

static char *encode_text(char *out, const char *s)
{
	static const char digits[] = "0123456789ABCDEF";
	for (unsigned char c; (c = (unsigned char)*s); s++) {
		if (plain[c]) {
			*out++ = (char)c;
		} else if (c == ' ') {
			*out++ = '+';
		} else {
			*out++ = '%';
			*out++ = digits[c >> 4];
			*out++ = digits[c & 15];
		}
	}
	return out;
}

char *form_encode(const struct form *f)
{
	size_t room = 1;
	for (size_t i = 0; i < f->n; i++)
		room += 3 * (strlen(f->pairs[i].name) + strlen(f->pairs[i].value)) + 2;
	char *text = mem_regrow(NULL, room, 1), *p = text;
	for (size_t i = 0; i < f->n; i++) {
		if (i)
			*p++ = '&';
		p = encode_text(p, f->pairs[i].name);
		*p++ = '=';
		p = encode_text(p, f->pairs[i].value);
	}
	*p = 0;
	return text;
}
