/* SPDX-License-Identifier: Apache-2.0 */
/* User-Agent and Server: a list of products and comments (RFC 3261 §20.35, §20.41), and the comment itself. */
#ifndef SIP_PRODUCT_H
#define SIP_PRODUCT_H

#include "sip-parser/base/span.h"

#define SIP_COMMENT_DEPTH_MAX 32 /* comments inside comments */

struct lex;

struct sip_product {
	struct span name, version; /* product = token [ SLASH token ]; version empty = none */
	struct span comment;       /* with its parentheses; then name is empty */
};

/* Walk the list. *rest starts as the header value. 1: *p is filled; 0: used up; -1: malformed, and *rest begins
 * at the byte that was wrong. */
int sip_product_next(struct span *rest, struct sip_product *p);

/* comment = LPAREN *( ctext / quoted-pair / comment ) RPAREN from its first to its last parenthesis. On
 * failure the cursor is where it went wrong. */
bool sip_comment(struct lex *l, struct span *out);

#endif
