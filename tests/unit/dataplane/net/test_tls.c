/* SPDX-License-Identifier: Apache-2.0 */
/* TLS between two workers that the test plays: one thread for each side, certificates made here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "dataplane/offload/tls_ctx.h"
#include "dataplane/offload/tls_thread.h"

#define SESSIONS 8u
#define HEARD    200000u

/* ---- certificates */

static char dir[] = "/tmp/dialplane-tls-XXXXXX";
static EVP_PKEY *ca_key;
static X509 *ca;

static void in_dir(char out[256], const char *name, const char *ending)
{
	snprintf(out, 256, "%s/%s.%s", dir, name, ending);
}

static void extend(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX c;
	X509V3_set_ctx(&c, issuer, x, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &c, nid, value);
	assert_non_null(e);
	X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
}

/* san NULL: none. days < 0: expired. issuer NULL: signed by itself. */
static X509 *certificate(EVP_PKEY *key, const char *cn, const char *san, int days, X509 *issuer, EVP_PKEY *by)
{
	static long serial = 1;
	X509 *x = X509_new();
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
	X509_gmtime_adj(X509_getm_notBefore(x), -10 * 86400);
	X509_gmtime_adj(X509_getm_notAfter(x), (long)days * 86400);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(
	    X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer : x));
	if (!issuer)
		extend(x, x, NID_basic_constraints, "critical,CA:TRUE");
	if (san)
		extend(x, issuer ? issuer : x, NID_subject_alt_name, san);
	assert_true(X509_sign(x, by, EVP_sha256()) > 0);
	return x;
}

static void write_pem(const char *name, X509 *x, EVP_PKEY *key)
{
	char path[256];
	in_dir(path, name, "pem");
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	PEM_write_X509(f, x);
	fclose(f);
	in_dir(path, name, "key");
	f = fopen(path, "w");
	assert_non_null(f);
	PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
	fclose(f);
}

static void make_cert(const char *name, const char *san, int days, bool by_itself)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = certificate(key, name, san, days, by_itself ? NULL : ca, by_itself ? key : ca_key);
	write_pem(name, x, key);
	X509_free(x);
	EVP_PKEY_free(key);
}

static int make_all(void **state)
{
	assert_non_null(mkdtemp(dir));
	ca_key = EVP_EC_gen("P-256");
	ca = certificate(ca_key, "test ca", NULL, 100, NULL, ca_key);
	write_pem("ca", ca, ca_key);
	make_cert("good", "DNS:good.test,URI:sip:sipname.test,IP:192.0.2.5", 100, false);
	make_cert("other", "DNS:other.test", 100, false);
	make_cert("expired", "DNS:good.test", -1, false);
	make_cert("selfsigned", "DNS:good.test", 100, true);
	make_cert("wild", "DNS:*.good.test", 100, false);
	make_cert("plain.test", NULL, 100, false);
	return 0;
}

static int remove_all(void **state)
{
	static const char *const names[] = {
	    "ca", "good", "other", "expired", "selfsigned", "wild", "plain.test"};
	char path[256];
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		in_dir(path, names[i], "pem");
		unlink(path);
		in_dir(path, names[i], "key");
		unlink(path);
	}
	X509_free(ca);
	EVP_PKEY_free(ca_key);
	return rmdir(dir);
}

/* ---- two sides */

struct end {
	struct tls_thread *thread;
	struct tls *tls;
	struct end *far;
	struct dp_conf conf;
	int wake;
	bool up, over, eof;
	uint8_t how;
	char words[256];
	char heard[HEARD];
	uint32_t n;
};

static void on_up(void *ctx, uint32_t id, uint8_t how, uint64_t now)
{
	struct end *e = ctx;
	e->up = true;
	e->how = how;
}

/* The wire between them. */
static void on_cipher(void *ctx, uint32_t id, const uint8_t *p, uint32_t n, uint64_t now)
{
	struct end *e = ctx;
	(void)!tls_cipher(e->far->tls, id, p, n); /* over there it may be over */
}

static void on_plain(void *ctx, uint32_t id, const uint8_t *p, uint32_t n, uint64_t now)
{
	struct end *e = ctx;
	assert_true(e->n + n <= HEARD);
	memcpy(e->heard + e->n, p, n);
	e->n += n;
}

static void on_over(void *ctx, uint32_t id, bool eof, struct span words, uint64_t now)
{
	struct end *e = ctx;
	e->over = true;
	e->eof = eof;
	snprintf(e->words, sizeof e->words, "%.*s", (int)words.len, words.p);
	tls_end(e->tls, id);
}

static void open_end(struct end *e, const char *cert)
{
	memset(e, 0, sizeof *e);
	e->conf.workers = 1;
	e->conf.tls_port = 5061;
	in_dir(e->conf.tls_ca, "ca", "pem");
	if (cert) {
		in_dir(e->conf.tls_cert, cert, "pem");
		in_dir(e->conf.tls_key, cert, "key");
	}
	e->wake = eventfd(0, EFD_NONBLOCK);
}

static void start(struct end *e)
{
	char err[256] = "";
	e->thread = tls_thread_start(&e->conf, SESSIONS, &e->wake, err);
	if (!e->thread)
		fail_msg("%s", err);
	assert_int_equal(tls_new(&e->tls, tls_thread_rings(e->thread, 0)), 0);
	tls_tell(e->tls, &(struct tls_user){e, on_up, on_cipher, on_plain, on_over});
}

static void close_end(struct end *e)
{
	tls_free(e->tls);
	tls_thread_stop(e->thread);
	close(e->wake);
}

struct pair {
	struct end c, s;
};

static struct pair *open_pair(const char *cert)
{
	struct pair *p = malloc(sizeof *p);
	open_end(&p->c, NULL);
	open_end(&p->s, cert);
	p->c.far = &p->s;
	p->s.far = &p->c;
	return p;
}

static void close_pair(struct pair *p)
{
	close_end(&p->c);
	close_end(&p->s);
	free(p);
}

/* Until `what` is true, two seconds at most: the threads run in their own time. */
#define UNTIL(p, what)                                                                                       \
	for (int i_ = 0; i_ < 2000 && !(what); i_++)                                                         \
		turn(p);                                                                                     \
	assert_true(what)

static void turn(struct pair *p)
{
	const struct timespec ms = {.tv_nsec = 1000000};
	if (tls_turn(p->c.tls, 0) + tls_turn(p->s.tls, 0) == 0)
		nanosleep(&ms, NULL);
}

static void connect_pair(struct pair *p, uint32_t id, const char *name)
{
	p->c.up = p->s.up = p->c.over = p->s.over = false;
	assert_true(tls_server(p->s.tls, id));
	assert_true(tls_client(p->c.tls, id, span_str(name)));
}

static struct pair *run_pair(const char *cert, const char *name)
{
	struct pair *p = open_pair(cert);
	start(&p->c);
	start(&p->s);
	connect_pair(p, 1, name);
	return p;
}

/* ---- tests */

static void bytes_go_both_ways_and_wait_for_the_handshake(void **state)
{
	struct pair *p = open_pair("good");
	start(&p->c);
	start(&p->s);
	connect_pair(p, 1, "good.test");
	assert_true(tls_plain(p->c.tls, 1, "early", 5));
	UNTIL(p, p->s.n == 5);
	assert_memory_equal(p->s.heard, "early", 5);
	assert_true(p->c.up && p->s.up);
	assert_int_equal(p->c.how, 0);
	char *big = malloc(100000);
	for (int i = 0; i < 100000; i++)
		big[i] = (char)(i * 7);
	assert_true(tls_plain(p->s.tls, 1, big, 100000));
	UNTIL(p, p->c.n == 100000);
	assert_memory_equal(p->c.heard, big, 100000);
	free(big);
	close_pair(p);
}

static void refused(const char *cert, const char *name, const char *words)
{
	struct pair *p = run_pair(cert, name);
	UNTIL(p, p->c.over);
	assert_false(p->c.up || p->c.eof);
	if (!strstr(p->c.words, words))
		fail_msg("\"%s\" expected: %s", words, p->c.words);
	close_pair(p);
}

static void bad_certificates_are_refused_with_words(void **state)
{
	refused("expired", "good.test", "expired");
	refused("selfsigned", "good.test", "self-signed");
	refused("other", "good.test", "not for good.test");
}

static void rfc5922_7_2_no_wildcards(void **state)
{
	refused("wild", "a.good.test", "not for a.good.test");
}

static void accepted(const char *cert, const char *name)
{
	struct pair *p = run_pair(cert, name);
	UNTIL(p, p->c.up && p->s.up);
	close_pair(p);
}

static void rfc5922_7_1_names_in_uri_dns_ip_and_cn(void **state)
{
	accepted("good", "GOOD.test");
	accepted("good", "sipname.test");
	accepted("good", "192.0.2.5");
	accepted("plain.test", "plain.test");    /* no subjectAltName at all */
	refused("good", "good", "not for good"); /* there is one: the CN does not count */
	refused("good", "192.0.2.6", "not for 192.0.2.6");
}

static void a_peer_may_go_unverified_and_is_counted_so(void **state)
{
	struct pair *p = open_pair("selfsigned");
	p->c.conf.n_tls_peers = 1;
	p->c.conf.tls_peers[0] = (struct dp_tls_peer){.name = ".lab.test"};
	start(&p->c);
	start(&p->s);
	connect_pair(p, 1, "box.lab.test");
	UNTIL(p, p->c.up);
	assert_int_equal(p->c.how & TLS_UP_UNVERIFIED, TLS_UP_UNVERIFIED);
	connect_pair(p, 2, "lab.test"); /* the domain itself is not below it */
	UNTIL(p, p->c.over);
	close_pair(p);
}

static void a_private_ca_is_for_its_peer_alone(void **state)
{
	struct pair *p = open_pair("selfsigned");
	p->c.conf.n_tls_peers = 1;
	p->c.conf.tls_peers[0] = (struct dp_tls_peer){.name = "good.test", .verify = true};
	in_dir(p->c.conf.tls_peers[0].ca, "selfsigned", "pem");
	start(&p->c);
	start(&p->s);
	connect_pair(p, 1, "good.test");
	UNTIL(p, p->c.up);
	connect_pair(p, 2, "other.test");
	UNTIL(p, p->c.over);
	close_pair(p);
}

static void a_session_is_resumed(void **state)
{
	struct pair *p = run_pair("good", "good.test");
	UNTIL(p, p->c.up && p->s.up);
	assert_true(tls_plain(p->s.tls, 1, "x", 1)); /* what comes with it are the tickets of 1.3 */
	UNTIL(p, p->c.n == 1);
	tls_end(p->c.tls, 1);
	tls_end(p->s.tls, 1);
	connect_pair(p, 1, "good.test");
	UNTIL(p, p->c.up);
	assert_int_equal(p->c.how, TLS_UP_RESUMED);
	close_pair(p);
}

static void garbage_ends_the_session_with_words(void **state)
{
	struct pair *p = open_pair("good");
	start(&p->c);
	start(&p->s);
	assert_true(tls_server(p->s.tls, 3));
	assert_true(tls_cipher(p->s.tls, 3, "\x16\x03\x01\xff\xff garbage, and more of it", 30));
	UNTIL(p, p->s.over);
	assert_false(p->s.eof);
	assert_non_null(strstr(p->s.words, "TLS: "));
	connect_pair(p, 1, "good.test"); /* nobody else is harmed */
	UNTIL(p, p->c.up);
	close_pair(p);
}

static void what_is_late_belongs_to_no_other_session(void **state)
{
	struct pair *p = run_pair("good", "good.test");
	tls_end(p->c.tls, 1);
	tls_end(p->s.tls, 1);
	connect_pair(p, 1, "good.test");
	UNTIL(p, p->c.up && p->s.up);
	close_pair(p);
}

static void a_reload_shows_the_new_certificate(void **state)
{
	char err[256], pem[256], key[256], pem2[256], key2[256];
	struct pair *p = run_pair("other", "good.test");
	UNTIL(p, p->c.over);
	in_dir(pem, "good", "pem");
	in_dir(key, "good", "key");
	in_dir(pem2, "other", "pem");
	in_dir(key2, "other", "key");
	assert_int_equal(rename(pem, pem2) | rename(key, key2), 0);
	assert_int_equal(tls_thread_reload(p->s.thread, err), 0);
	connect_pair(p, 2, "good.test");
	UNTIL(p, p->c.up);
	assert_int_equal(truncate(pem2, 10), 0);
	assert_int_equal(tls_thread_reload(p->s.thread, err), -1); /* and the one in use stays */
	assert_non_null(strstr(err, "certificate"));
	connect_pair(p, 3, "good.test");
	UNTIL(p, p->c.up);
	close_pair(p);
	make_cert("good", "DNS:good.test,URI:sip:sipname.test,IP:192.0.2.5", 100, false);
	make_cert("other", "DNS:other.test", 100, false);
}

static void files_that_cannot_be_read_are_named(void **state)
{
	char err[256];
	struct dp_conf c = {.workers = 1, .tls_cert = "/nowhere.pem", .tls_key = "/nowhere.key"};
	assert_null(tls_ctx_new(&c, err));
	assert_non_null(strstr(err, "/nowhere.pem"));
	c.tls_cert[0] = 0;
	snprintf(c.tls_ca, sizeof c.tls_ca, "/noca.pem");
	assert_null(tls_ctx_new(&c, err));
	assert_non_null(strstr(err, "/noca.pem"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bytes_go_both_ways_and_wait_for_the_handshake),
	    cmocka_unit_test(bad_certificates_are_refused_with_words),
	    cmocka_unit_test(rfc5922_7_2_no_wildcards),
	    cmocka_unit_test(rfc5922_7_1_names_in_uri_dns_ip_and_cn),
	    cmocka_unit_test(a_peer_may_go_unverified_and_is_counted_so),
	    cmocka_unit_test(a_private_ca_is_for_its_peer_alone),
	    cmocka_unit_test(a_session_is_resumed),
	    cmocka_unit_test(garbage_ends_the_session_with_words),
	    cmocka_unit_test(what_is_late_belongs_to_no_other_session),
	    cmocka_unit_test(a_reload_shows_the_new_certificate),
	    cmocka_unit_test(files_that_cannot_be_read_are_named),
	};
	return cmocka_run_group_tests(tests, make_all, remove_all);
}
