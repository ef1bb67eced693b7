/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/offload/tls_ctx.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CERTS_BYTES_MAX 65536 /* of a far side's chain */

struct tls_ctx {
	SSL_CTX *server; /* NULL: no certificate */
	SSL_CTX *client; /* of everybody who is not named below */
	SSL_CTX *peers[DP_TLS_PEERS_MAX];
	struct dp_conf conf;
};

static int fail(char err[256], const char *what, const char *file)
{
	unsigned long e = ERR_get_error();
	const char *why = ERR_reason_error_string(e);
	snprintf(err, 256, "TLS: %s %.120s: %s", what, file, why ? why : "cannot be used");
	ERR_clear_error();
	return -1;
}

static SSL_CTX *make(const SSL_METHOD *m)
{
	SSL_CTX *x = SSL_CTX_new(m);
	if (!x)
		return NULL;
	SSL_CTX_set_min_proto_version(x, TLS1_2_VERSION);
	SSL_CTX_set_options(
	    x, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(x, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_max_cert_list(x, CERTS_BYTES_MAX);
	return x;
}

static int show_cert(SSL_CTX *x, const struct dp_conf *c, char err[256])
{
	if (!c->tls_cert[0])
		return 0;
	if (SSL_CTX_use_certificate_chain_file(x, c->tls_cert) != 1)
		return fail(err, "certificate", c->tls_cert);
	if (SSL_CTX_use_PrivateKey_file(x, c->tls_key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(x) != 1)
		return fail(err, "key", c->tls_key);
	return 0;
}

static int trust(SSL_CTX *x, const char *ca, bool verify, char err[256])
{
	SSL_CTX_set_verify(x, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	if (!verify)
		return 0;
	if (*ca ? SSL_CTX_load_verify_locations(x, ca, NULL) == 1 : SSL_CTX_set_default_verify_paths(x) == 1)
		return 0;
	return fail(err, "CA file", *ca ? ca : "of the system");
}

static SSL_CTX *make_client(const struct dp_conf *c, const char *ca, bool verify, char err[256])
{
	SSL_CTX *x = make(TLS_client_method());
	if (!x)
		return NULL;
	SSL_CTX_set_session_cache_mode(x, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	if (show_cert(x, c, err) == 0 && trust(x, ca, verify, err) == 0)
		return x;
	SSL_CTX_free(x);
	return NULL;
}

static SSL_CTX *make_server(const struct dp_conf *c, char err[256])
{
	SSL_CTX *x = make(TLS_server_method());
	if (!x)
		return NULL;
	SSL_CTX_set_session_id_context(x, (const unsigned char *)"dialplane", 9);
	SSL_CTX_set_num_tickets(x, 1);
	if (show_cert(x, c, err) == 0)
		return x;
	SSL_CTX_free(x);
	return NULL;
}

static int fill(struct tls_ctx *t, char err[256])
{
	const struct dp_conf *c = &t->conf;
	if (c->tls_cert[0] && !(t->server = make_server(c, err)))
		return -1;
	if (!(t->client = make_client(c, c->tls_ca, true, err)))
		return -1;
	for (uint8_t i = 0; i < c->n_tls_peers; i++) {
		const struct dp_tls_peer *p = &c->tls_peers[i];
		t->peers[i] = make_client(c, p->ca[0] ? p->ca : c->tls_ca, p->verify, err);
		if (!t->peers[i])
			return -1;
	}
	return 0;
}

struct tls_ctx *tls_ctx_new(const struct dp_conf *conf, char err[256])
{
	struct tls_ctx *t = calloc(1, sizeof *t);
	snprintf(err, 256, "TLS: no memory");
	if (!t)
		return NULL;
	t->conf = *conf;
	if (fill(t, err) == 0)
		return t;
	tls_ctx_free(t);
	return NULL;
}

void tls_ctx_free(struct tls_ctx *t)
{
	if (!t)
		return;
	SSL_CTX_free(t->server);
	SSL_CTX_free(t->client);
	for (uint8_t i = 0; i < t->conf.n_tls_peers; i++)
		SSL_CTX_free(t->peers[i]);
	free(t);
}

/* ---- sessions */

/* The name itself, or a name below a domain that is written with a dot in front. */
static bool is_peer(const struct dp_tls_peer *p, const char *name)
{
	size_t n = strlen(name), m = strlen(p->name);
	if (p->name[0] != '.')
		return strcasecmp(p->name, name) == 0;
	return n > m && strcasecmp(name + n - m, p->name) == 0;
}

static bool is_literal(const char *name)
{
	struct ip_addr a;
	return ip_addr_parse(&a, span_str(name)) == 0;
}

SSL *tls_ctx_client(struct tls_ctx *t, const char *name, bool *verify)
{
	SSL_CTX *x = t->client;
	*verify = true;
	for (uint8_t i = 0; i < t->conf.n_tls_peers; i++) {
		if (!is_peer(&t->conf.tls_peers[i], name))
			continue;
		x = t->peers[i];
		*verify = t->conf.tls_peers[i].verify;
		break;
	}
	SSL *s = SSL_new(x);
	if (s && !is_literal(name)) /* RFC 6066 §3: no literals in SNI */
		SSL_set_tlsext_host_name(s, name);
	return s;
}

SSL *tls_ctx_server(struct tls_ctx *t)
{
	return t->server ? SSL_new(t->server) : NULL;
}

/* ---- identity */

static bool same(const ASN1_STRING *s, const char *name)
{
	size_t n = strlen(name);
	return ASN1_STRING_length(s) == (int)n &&
	       strncasecmp((const char *)ASN1_STRING_get0_data(s), name, n) == 0;
}

/* sip:name and nothing else: no user, no port, no parameters make an identity of a domain (RFC 5922 §7.1). */
static bool same_uri(const ASN1_STRING *s, const char *name)
{
	const char *u = (const char *)ASN1_STRING_get0_data(s);
	size_t n = strlen(name);
	return ASN1_STRING_length(s) == (int)n + 4 && strncasecmp(u, "sip:", 4) == 0 &&
	       strncasecmp(u + 4, name, n) == 0;
}

static bool same_ip(const ASN1_STRING *s, const char *name)
{
	struct ip_addr a;
	if (ip_addr_parse(&a, span_str(name)))
		return false;
	int n = a.fam == 4 ? 4 : 16;
	return ASN1_STRING_length(s) == n && memcmp(ASN1_STRING_get0_data(s), a.b, (size_t)n) == 0;
}

static bool same_name(const GENERAL_NAME *g, const char *name)
{
	switch (g->type) {
	case GEN_URI:
		return same_uri(g->d.uniformResourceIdentifier, name);
	case GEN_DNS:
		return !is_literal(name) && same(g->d.dNSName, name);
	case GEN_IPADD:
		return same_ip(g->d.iPAddress, name);
	default:
		return false;
	}
}

static bool common_name(X509 *cert, const char *name)
{
	const X509_NAME *subject = X509_get_subject_name(cert);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	return at >= 0 && same(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)), name);
}

bool tls_ctx_names(X509 *cert, const char *name)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	bool found = false;
	if (!all)
		return common_name(cert, name);
	for (int i = 0; i < sk_GENERAL_NAME_num(all); i++)
		found |= same_name(sk_GENERAL_NAME_value(all, i), name);
	GENERAL_NAMES_free(all);
	return found;
}
