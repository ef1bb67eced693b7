/* SPDX-License-Identifier: Apache-2.0 */
#include "control/http_tls.h"

#include "control/mem.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHAIN_MAX 16

/* Handshakes that are under way may still look at an older one: all stay until the end. */
struct pair {
	struct pair *older;
	gnutls_pcert_st chain[CHAIN_MAX];
	unsigned n;
	gnutls_privkey_t key;
};

static struct pair *newest;

static void pair_free(struct pair *p)
{
	for (unsigned i = 0; i < p->n; i++)
		gnutls_pcert_deinit(&p->chain[i]);
	if (p->key)
		gnutls_privkey_deinit(p->key);
	free(p);
}

static int complain(char err[256], const char *path, const char *why)
{
	snprintf(err, 256, "%.150s: %.90s", path, why);
	return -1;
}

static int read_chain(struct pair *p, const char *path, char err[256])
{
	gnutls_datum_t pem = {0};
	int rc = gnutls_load_file(path, &pem);
	unsigned n = CHAIN_MAX;
	if (rc == 0)
		rc = gnutls_pcert_list_import_x509_raw(p->chain, &n, &pem, GNUTLS_X509_FMT_PEM, 0);
	gnutls_free(pem.data);
	if (rc < 0)
		return complain(err, path, gnutls_strerror(rc));
	p->n = n;
	return 0;
}

static int read_key(struct pair *p, const char *path, char err[256])
{
	gnutls_datum_t pem = {0};
	int rc = gnutls_load_file(path, &pem);
	if (rc == 0)
		rc = gnutls_privkey_init(&p->key);
	if (rc == 0)
		rc = gnutls_privkey_import_x509_raw(p->key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (pem.data)
		explicit_bzero(pem.data, pem.size);
	gnutls_free(pem.data);
	return rc < 0 ? complain(err, path, gnutls_strerror(rc)) : 0;
}

/* Sign something with the one, verify it with the other. */
static bool belong_together(const struct pair *p)
{
	static unsigned char text[] = "dialplane";
	gnutls_datum_t data = {text, sizeof text}, signature = {0};
	int rc = gnutls_privkey_sign_data(p->key, GNUTLS_DIG_SHA256, 0, &data, &signature);
	gnutls_sign_algorithm_t algorithm =
	    gnutls_pk_to_sign(gnutls_pubkey_get_pk_algorithm(p->chain[0].pubkey, NULL), GNUTLS_DIG_SHA256);
	if (rc == 0)
		rc = gnutls_pubkey_verify_data2(p->chain[0].pubkey, algorithm, 0, &data, &signature);
	gnutls_free(signature.data);
	return rc >= 0;
}

int http_tls_load(const char *cert_path, const char *key_path, char err[256])
{
	struct pair *p = mem_zalloc(sizeof *p);
	int rc = read_chain(p, cert_path, err);
	if (rc == 0)
		rc = read_key(p, key_path, err);
	if (rc == 0 && !belong_together(p))
		rc = complain(err, key_path, "the key is not that of the certificate");
	if (rc < 0) {
		pair_free(p);
		return rc;
	}
	p->older = newest;
	newest = p;
	return 0;
}

static int retrieve(gnutls_session_t session, const gnutls_datum_t *issuers, int n_issuers,
    const gnutls_pk_algorithm_t *algorithms, int n_algorithms, gnutls_pcert_st **chain, unsigned *n,
    gnutls_privkey_t *key)
{
	*chain = newest->chain;
	*n = newest->n;
	*key = newest->key;
	return 0;
}

void *http_tls_retrieve(void)
{
	/* MHD takes it as a variadic argument, as a function pointer. */
	union {
		gnutls_certificate_retrieve_function2 *fn;
		void *p;
	} u = {.fn = retrieve};
	return u.p;
}

void http_tls_free(void)
{
	while (newest) {
		struct pair *p = newest;
		newest = p->older;
		pair_free(p);
	}
}
