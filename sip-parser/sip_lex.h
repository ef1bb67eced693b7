/* SPDX-License-Identifier: Apache-2.0 */
/* The small words of RFC 3261 §25.1 that every header is made of. A cursor moves over a header value; a
 * function that fails leaves it at the byte that was wrong. White space is SP, HTAB and folds: inside a
 * value the index has already made sure that CR LF is always followed by SP or HTAB. */
#ifndef SIP_LEX_H
#define SIP_LEX_H

#include "sip-parser/base/ascii.h"
#include "sip-parser/base/span.h"

struct lex {
	const char *p, *end;
};

static inline struct lex lex_on(struct span s)
{
	return (struct lex){s.p, s.p ? s.p + s.len : s.p};
}

static inline bool lex_more(const struct lex *l)
{
	return l->p < l->end;
}

static inline bool lex_at(const struct lex *l, char c)
{
	return l->p < l->end && *l->p == c;
}

static inline void lex_ws(struct lex *l)
{
	while (l->p < l->end && ascii_is(*l->p, ASCII_WS))
		l->p++;
}

static inline struct span lex_rest(const struct lex *l)
{
	return span_of(l->p, (uint32_t)(l->end - l->p));
}

static inline struct span lex_since(const struct lex *l, const char *from)
{
	return span_of(from, (uint32_t)(l->p - from));
}

/* Bytes of the given classes; may be empty. */
struct span lex_run(struct lex *l, uint16_t classes);

/* token = 1*(alphanum -.!%*_+`'~). False: no token here. */
bool lex_token(struct lex *l, struct span *out);

/* `c` with optional white space on both sides (SLASH, EQUAL, SEMI, COMMA, COLON). */
bool lex_sep(struct lex *l, char c);

/* quoted-string from its opening to its closing quote; *out keeps both. Escapes are left as written. */
bool lex_quoted(struct lex *l, struct span *out);

/* host = hostname / IPv4address / IPv6reference (RFC 3261 §25.1, RFC 5954). Brackets are not part of *out. */
bool lex_host(struct lex *l, struct span *out, bool *is_v6, bool *is_v4);

/* 1*DIGIT up to 65535. */
bool lex_port(struct lex *l, uint16_t *port);

/* generic-param = token [ EQUAL ( token / host / quoted-string ) ]; *value has p == NULL when there is no
 * '='. */
bool lex_param(struct lex *l, struct span *name, struct span *value);

/* *( SEMI generic-param ) up to the end of the cursor. */
bool lex_params(struct lex *l);

/* s without white space at both ends. */
struct span lex_trim(struct span s);

#endif
