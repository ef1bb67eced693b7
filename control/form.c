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
	for (size_t i = 0; i < f->n; i++) {
		free(f->pairs[i].name);
		free(f->pairs[i].value);
	}
	free(f->pairs);
	form_init(f);
}

/* Takes both strings. */
static void push(struct form *f, char *name, char *value)
{
	if (f->n == f->cap) {
		f->cap = f->cap ? f->cap * 2 : 16;
		f->pairs = mem_regrow(f->pairs, f->cap, sizeof *f->pairs);
	}
	f->pairs[f->n++] = (struct form_pair){name, value};
}

void form_add(struct form *f, const char *name, const char *value)
{
	push(f, mem_dup(name), mem_dup(value ? value : ""));
}

void form_addf(struct form *f, const char *name, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	char *v = mem_zalloc(n < 0 ? 1 : (size_t)n + 1);
	if (n > 0) {
		va_start(ap, fmt);
		vsnprintf(v, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	push(f, mem_dup(name), v);
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

/* Decoded copy, or NULL. */
static char *decoded(const char *s, size_t len)
{
	char *out = mem_zalloc(len + 1);
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		int c = (unsigned char)s[i];
		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			c = escape(s + i, len - i);
			i += 2;
		}
		if (c <= 0)
			goto bad;
		out[n++] = (char)c;
	}
	if (utf8_valid(out, n))
		return out;
bad:
	free(out);
	return NULL;
}

static int decode_pair(struct form *f, const char *s, size_t len)
{
	const char *eq = memchr(s, '=', len);
	size_t name_len = eq ? (size_t)(eq - s) : len;
	char *name = decoded(s, name_len);
	char *value = eq ? decoded(eq + 1, len - name_len - 1) : mem_dup("");
	if (name && value) {
		push(f, name, value);
		return 0;
	}
	free(name);
	free(value);
	return -EINVAL;
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

static bool plain(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '*' ||
	       c == '-' || c == '.' || c == '_';
}

static char *encode_text(char *out, const char *s)
{
	static const char digits[] = "0123456789ABCDEF";
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		if (plain(c)) {
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
	char *text = mem_zalloc(room), *p = text;
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
