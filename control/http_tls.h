/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate the REST port shows: two PEM files, read again on demand while connections go on. One per process:
 * the HTTP server asks for it without saying who asks. */
#ifndef CONTROL_HTTP_TLS_H
#define CONTROL_HTTP_TLS_H

/* Read both files and check that they belong together. 0, or -1 with a sentence in err; then the certificate of before
 * stays. cert: the server's own first, then its issuers. */
[[nodiscard]] int http_tls_load(const char *cert_path, const char *key_path, char err[256]);
/* After the last server that used it. */
void http_tls_free(void);

/* For http_server.c: a gnutls_certificate_retrieve_function2. */
void *http_tls_retrieve(void);

#endif
