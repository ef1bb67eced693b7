/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/base/ascii.h"

/* The rows are RFC 3261 §25.1 written as constant expressions, so that the table cannot drift from them. */
#define LOWER(c) ((c) >= 'a' && (c) <= 'z')
#define UPPER(c) ((c) >= 'A' && (c) <= 'Z')
#define ALPHA(c) (LOWER(c) || UPPER(c))
#define DIGIT(c) ((c) >= '0' && (c) <= '9')
#define ALNUM(c) (ALPHA(c) || DIGIT(c))
#define HEX(c)   (DIGIT(c) || ((c) >= 'a' && (c) <= 'f') || ((c) >= 'A' && (c) <= 'F'))
#define MARK(c)                                                                                              \
	((c) == '-' || (c) == '_' || (c) == '.' || (c) == '!' || (c) == '~' || (c) == '*' || (c) == '\'' ||  \
	    (c) == '(' || (c) == ')')
#define TOKEN(c)                                                                                             \
	(ALNUM(c) || (c) == '-' || (c) == '.' || (c) == '!' || (c) == '%' || (c) == '*' || (c) == '_' ||     \
	    (c) == '+' || (c) == '`' || (c) == '\'' || (c) == '~')
#define UNRES(c) (ALNUM(c) || MARK(c))
#define PASSW(c) (UNRES(c) || (c) == '&' || (c) == '=' || (c) == '+' || (c) == '$' || (c) == ',')
#define USER(c)  (PASSW(c) || (c) == ';' || (c) == '?' || (c) == '/')
#define BRACK(c) ((c) == '[' || (c) == ']' || (c) == '/' || (c) == ':' || (c) == '+' || (c) == '$')
#define PARAM(c) (UNRES(c) || BRACK(c) || (c) == '&')
#define HNV(c)   (UNRES(c) || BRACK(c) || (c) == '?')
#define WORD(c)                                                                                              \
	(TOKEN(c) || (c) == '(' || (c) == ')' || (c) == '<' || (c) == '>' || (c) == ':' || (c) == '\\' ||    \
	    (c) == '"' || (c) == '/' || (c) == '[' || (c) == ']' || (c) == '?' || (c) == '{' || (c) == '}')
#define HOST(c)     (ALNUM(c) || (c) == '-' || (c) == '_')
#define URIC(c)     (USER(c) || (c) == ':' || (c) == '@' || (c) == '[' || (c) == ']' || (c) == '#')
#define WS(c)       ((c) == ' ' || (c) == '\t' || (c) == '\r' || (c) == '\n')
#define CTL(c)      ((c) < 0x20 || (c) == 0x7f)

#define B(yes, bit) ((yes) ? (bit) : 0)
#define C1(c)                                                                                                \
	(B(ALPHA(c), ASCII_ALPHA) | B(DIGIT(c), ASCII_DIGIT) | B(HEX(c), ASCII_HEX) |                        \
	    B(TOKEN(c), ASCII_TOKEN) | B(UNRES(c), ASCII_UNRESERVED) | B(USER(c), ASCII_USER) |              \
	    B(PASSW(c), ASCII_PASSWORD) | B(PARAM(c), ASCII_PARAM) | B(HNV(c), ASCII_HNV) |                  \
	    B(WORD(c), ASCII_WORD) | B(HOST(c), ASCII_HOST) | B(URIC(c), ASCII_URIC) | B(WS(c), ASCII_WS) |  \
	    B(CTL(c), ASCII_CTL))
#define C4(c)  C1(c), C1((c) + 1), C1((c) + 2), C1((c) + 3)
#define C16(c) C4(c), C4((c) + 4), C4((c) + 8), C4((c) + 12)
#define C64(c) C16(c), C16((c) + 16), C16((c) + 32), C16((c) + 48)

const uint16_t ascii_class[256] = {C64(0), C64(64)};
