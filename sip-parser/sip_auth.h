/* SPDX-License-Identifier: Apache-2.0 */
/* WWW-Authenticate, Proxy-Authenticate (challenges), Authorization, Proxy-Authorization (credentials) and
 * Authentication-Info as name=value views (RFC 3261 §25.1, RFC 7616). One header line holds one of them. */
#ifndef SIP_AUTH_H
#define SIP_AUTH_H

#include "sip-parser/base/buf.h"

#define SIP_AUTH_PARAMS_MAX 64

struct sip_auth {
	struct span scheme; /* "Digest", any other token */
	struct span params; /* the comma list of name=value behind it */
};

/* scheme LWS auth-param *(COMMA auth-param). Unknown schemes are as good as Digest (RFC 4475 §3.3.7).
 * -1 with *err_off within s. */
[[nodiscard]] int sip_auth_parse(struct sip_auth *a, struct span s, uint32_t *err_off);

/* A bare parameter list, as in Authentication-Info. */
[[nodiscard]] int sip_auth_params(struct sip_auth *a, struct span s, uint32_t *err_off);

/* Walk the parameters; a quoted value keeps its quotes. *rest starts as a->params. */
bool sip_auth_next(struct span *rest, struct span *name, struct span *value);

/* Value of one parameter (name without regard to case): without its quotes, escapes left as written.
 * The first one when it is there twice; false when absent. */
bool sip_auth_get(const struct sip_auth *a, struct span name, struct span *value);

/* A quoted string, with or without its quotes, with escapes undone; anything else as it is. */
void sip_unquote(struct buf *out, struct span s);

#endif
