/* SPDX-License-Identifier: Apache-2.0 */
/* What two SIP parsers make of the same datagram, as texts that can be compared. Each parser other than ours is a
 * module of its own, loaded with dlopen: the libraries of this field share symbol names. */
#ifndef DIFF_H
#define DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define DIFF_TEXT_MAX 512

enum diff_field {
	DIFF_METHOD, /* requests: of the request line */
	DIFF_STATUS, /* responses */
	DIFF_RURI_USER,
	DIFF_RURI_HOST,
	DIFF_RURI_PORT,
	DIFF_CALL_ID,
	DIFF_CSEQ_NUMBER,
	DIFF_CSEQ_METHOD,
	DIFF_FROM_HOST,
	DIFF_FROM_TAG,
	DIFF_TO_HOST,
	DIFF_TO_TAG,
	DIFF_VIA_HOST, /* of the top Via */
	DIFF_VIA_PORT,
	DIFF_VIA_BRANCH,
	DIFF_BODY_LENGTH,
	DIFF_FIELDS
};

/* Empty: not there. A host is without brackets. */
struct diff_view {
	char text[DIFF_FIELDS][DIFF_TEXT_MAX];
};

/* Fill *v from msg[0, len). NULL: accepted; else what it refused, as far as it says. msg is not changed. */
const char *diff_peer_view(const char *msg, size_t len, struct diff_view *v);
/* Once, before the first message; false: cannot be used. */
bool diff_peer_init(void);

static inline void diff_put(struct diff_view *v, enum diff_field f, const char *p, size_t n)
{
	if (n >= DIFF_TEXT_MAX)
		n = DIFF_TEXT_MAX - 1;
	if (p && n)
		memcpy(v->text[f], p, n);
	v->text[f][p ? n : 0] = '\0';
}

static inline void diff_str(struct diff_view *v, enum diff_field f, const char *s)
{
	diff_put(v, f, s, s ? strlen(s) : 0);
}

/* A host may be written with its brackets. */
static inline void diff_host(struct diff_view *v, enum diff_field f, const char *s)
{
	size_t n = s ? strlen(s) : 0;
	bool bracketed = n > 1 && s[0] == '[' && s[n - 1] == ']';
	diff_put(v, f, bracketed ? s + 1 : s, bracketed ? n - 2 : n);
}

/* Digits without leading zeros; a port 0 is none. */
static inline void diff_digits(struct diff_view *v, enum diff_field f, const char *s)
{
	while (s && *s == '0' && (s[1] || f == DIFF_RURI_PORT || f == DIFF_VIA_PORT))
		s++;
	diff_str(v, f, s);
}

static inline void diff_number(struct diff_view *v, enum diff_field f, unsigned long n)
{
	snprintf(v->text[f], DIFF_TEXT_MAX, "%lu", n);
}

#endif
