/* SPDX-License-Identifier: Apache-2.0 */
/* What TLS is done with: our certificate, whom we trust, and the check of a far side's identity (RFC 5922). Made from the
 * configuration in one piece, so that it can be made again while the old one is in use. */
#ifndef DP_TLS_CTX_H
#define DP_TLS_CTX_H

#include "dataplane/api/dp_conf.h"
#include "sip-parser/base/span.h"

#include <openssl/ssl.h>

struct tls_ctx;

/* NULL with a sentence in err: a file that cannot be read, a key that does not fit. Any thread. */
struct tls_ctx *tls_ctx_new(const struct dp_conf *conf, char err[256]);
void tls_ctx_free(struct tls_ctx *c);

/* A new session; NULL: no memory, or (server) no certificate. *verify: the chain will be checked, and the caller has to check the name. */
SSL *tls_ctx_client(struct tls_ctx *c, const char *name, bool *verify);
SSL *tls_ctx_server(struct tls_ctx *c);

/* Is this certificate for that name? subjectAltName entries of type URI (sip:name) and DNS, for an address literal those of
 * type IP; the common name where there is no subjectAltName. No wildcards (RFC 5922 §7.2). */
bool tls_ctx_names(X509 *cert, const char *name);

#endif
