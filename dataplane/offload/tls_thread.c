/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/offload/tls_thread.h"

#include "dataplane/offload/tls_ctx.h"

#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define FULL_US     200
#define RESUMES     256u    /* names whose last session is kept */
#define WAITING_MAX 262144u /* bytes to be sent that wait for a handshake */
#define WORDS_MAX   256

enum sess_state { SESS_NONE = 0, SESS_HANDSHAKE, SESS_UP };

struct sess {
	SSL *ssl;
	BIO *in, *out;    /* owned by ssl */
	uint8_t *waiting; /* to be sent when the handshake is over */
	uint32_t waiting_len, gen, id;
	struct side *side;
	struct sess *next; /* in the queue of handshakes */
	char *name;        /* client */
	uint8_t state;     /* enum sess_state */
	bool queued, verify;
};

struct side { /* of one worker */
	struct tls_thread *t;
	struct tls_rings r;
	struct sess *all;
};

struct resume {
	char *name;
	SSL_SESSION *session;
};

struct tls_thread {
	struct dp_conf conf;
	struct side sides[DP_WORKERS_MAX];
	struct tls_ctx *ctx;
	struct tls_ctx *fresh;     /* made by tls_thread_reload, taken by the thread */
	struct sess *first, *last; /* handshakes that have something to do */
	struct resume resumes[RESUMES];
	int wake_fd;
	uint32_t stop;
	pthread_t thread;
	bool running;
};

/* ---- to the workers */

static bool stopping(const struct tls_thread *t)
{
	return __atomic_load_n(&t->stop, __ATOMIC_SEQ_CST);
}

static void tell(struct sess *s, enum tls_msg type, uint8_t code, const void *p, uint32_t n)
{
	struct dp_ring *up = s->side->r.up;
	uint32_t at = 0;
	do {
		struct tls_slot *m;
		while (!(m = dp_ring_claim(up))) {
			if (stopping(s->side->t))
				return;
			dp_ring_wake(up);
			usleep(FULL_US);
		}
		m->type = (uint8_t)type;
		m->code = code;
		m->id = s->id;
		m->gen = s->gen;
		m->n = (uint16_t)(n - at < TLS_CHUNK ? n - at : TLS_CHUNK);
		memcpy(m->bytes, (const uint8_t *)p + at, m->n);
		at += m->n;
		dp_ring_publish(up);
	} while (at < n);
	dp_ring_wake(up);
}

/* Records that OpenSSL has made. */
static void flush(struct sess *s)
{
	uint8_t b[TLS_CHUNK];
	int n;
	while ((n = BIO_read(s->out, b, sizeof b)) > 0)
		tell(s, TLS_M_CIPHER, 0, b, (uint32_t)n);
}

/* ---- the life of one */

static void unqueue(struct tls_thread *t, struct sess *s)
{
	struct sess *prev = NULL;
	if (!s->queued)
		return;
	for (struct sess *q = t->first; q && q != s; q = q->next)
		prev = q;
	if (prev)
		prev->next = s->next;
	else
		t->first = s->next;
	if (t->last == s)
		t->last = prev;
	s->queued = false;
}

static void enqueue(struct tls_thread *t, struct sess *s)
{
	if (s->queued)
		return;
	s->queued = true;
	s->next = NULL;
	if (t->last)
		t->last->next = s;
	else
		t->first = s;
	t->last = s;
}

static void drop(struct sess *s)
{
	unqueue(s->side->t, s);
	SSL_free(s->ssl);
	free(s->waiting);
	free(s->name);
	s->ssl = NULL;
	s->waiting = NULL;
	s->name = NULL;
	s->waiting_len = 0;
	s->state = SESS_NONE;
}

/* The worker is through with it. The stream is closed already, so nobody would hear a close_notify; but to OpenSSL a session
 * that has not said it is a broken one, not to be resumed. */
static void leave(struct sess *s)
{
	if (s->state == SESS_UP) {
		SSL_set_quiet_shutdown(s->ssl, 1);
		(void)SSL_shutdown(s->ssl);
	}
	drop(s);
}

static void end(struct sess *s, enum tls_msg how, const char *words)
{
	flush(s); /* the alert */
	tell(s, how, 0, words, (uint32_t)strlen(words));
	drop(s);
}

/* What OpenSSL says, or what is wrong with the certificate, which says more. */
static void fail(struct sess *s)
{
	char words[WORDS_MAX];
	unsigned long e = ERR_peek_last_error();
	const char *why = ERR_reason_error_string(e);
	long bad = SSL_get_verify_result(s->ssl);
	if (bad != X509_V_OK && s->verify)
		snprintf(words, sizeof words, "TLS: the certificate of %.100s is refused: %s",
		    s->name ? s->name : "?", X509_verify_cert_error_string(bad));
	else
		snprintf(words, sizeof words, "TLS: %.200s", why ? why : "the far side broke the protocol");
	ERR_clear_error();
	end(s, TLS_M_FAILED, words);
}

/* ---- sessions that are kept */

static struct resume *place_of(struct tls_thread *t, const char *name)
{
	uint32_t h = 2166136261u;
	for (const char *p = name; *p; p++)
		h = (h ^ (uint8_t)(*p | 0x20)) * 16777619u;
	return &t->resumes[h % RESUMES];
}

static int on_new_session(SSL *ssl, SSL_SESSION *session)
{
	struct sess *s = SSL_get_app_data(ssl);
	if (!s || !s->name || !s->verify || s->state == SESS_NONE)
		return 0;
	struct resume *r = place_of(s->side->t, s->name);
	char *name = strdup(s->name);
	if (!name)
		return 0;
	SSL_SESSION_free(r->session);
	free(r->name);
	*r = (struct resume){name, session};
	return 1; /* ours now */
}

static void resume(struct sess *s)
{
	const struct resume *r = place_of(s->side->t, s->name);
	if (s->verify && r->name && strcasecmp(r->name, s->name) == 0)
		SSL_set_session(s->ssl, r->session);
}

static void forget_sessions(struct tls_thread *t)
{
	for (uint32_t i = 0; i < RESUMES; i++) {
		SSL_SESSION_free(t->resumes[i].session);
		free(t->resumes[i].name);
		t->resumes[i] = (struct resume){0};
	}
}

/* ---- bytes */

static void read_plain(struct sess *s)
{
	uint8_t b[16384];
	for (;;) {
		ERR_clear_error();
		int n = SSL_read(s->ssl, b, sizeof b);
		if (n > 0) {
			tell(s, TLS_M_PLAIN, 0, b, (uint32_t)n);
			continue;
		}
		int e = SSL_get_error(s->ssl, n);
		if (e == SSL_ERROR_ZERO_RETURN) {
			(void)SSL_shutdown(s->ssl); /* theirs is answered by ours */
			end(s, TLS_M_EOF, "TLS: connection closed by the far side");
		} else if (e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE) {
			fail(s);
		} else {
			flush(s); /* a key update is answered */
		}
		return;
	}
}

/* Memory takes everything at once. False: it has ended. */
static bool write_plain(struct sess *s, const void *p, uint32_t n)
{
	ERR_clear_error();
	if (SSL_write(s->ssl, p, (int)n) != (int)n) {
		fail(s);
		return false;
	}
	flush(s);
	return true;
}

static void wait_plain(struct sess *s, const uint8_t *p, uint32_t n)
{
	uint8_t *more = s->waiting_len + n <= WAITING_MAX ? realloc(s->waiting, s->waiting_len + n) : NULL;
	if (!more) {
		end(s, TLS_M_FAILED, "TLS: too much waits for the handshake");
		return;
	}
	memcpy(more + s->waiting_len, p, n);
	s->waiting = more;
	s->waiting_len += n;
}

/* ---- handshakes */

/* NULL: the far side is who it should be. */
static const char *stranger(struct sess *s, char words[WORDS_MAX])
{
	if (!s->name || !s->verify)
		return NULL;
	X509 *cert = SSL_get1_peer_certificate(s->ssl);
	bool ok = cert && tls_ctx_names(cert, s->name);
	X509_free(cert);
	if (ok)
		return NULL;
	snprintf(words, WORDS_MAX, "TLS: the certificate is not for %.180s (RFC 5922)", s->name);
	return words;
}

static void up(struct sess *s)
{
	char words[WORDS_MAX];
	const char *bad = stranger(s, words);
	if (bad) {
		end(s, TLS_M_FAILED, bad);
		return;
	}
	s->state = SESS_UP;
	tell(s, TLS_M_UP,
	    (uint8_t)((SSL_session_reused(s->ssl) ? TLS_UP_RESUMED : 0) |
	              (s->name && !s->verify ? TLS_UP_UNVERIFIED : 0)),
	    "", 0);
	if (s->waiting_len && !write_plain(s, s->waiting, s->waiting_len))
		return;
	free(s->waiting);
	s->waiting = NULL;
	s->waiting_len = 0;
	read_plain(s);
}

static void handshake(struct sess *s)
{
	ERR_clear_error();
	int rc = SSL_do_handshake(s->ssl);
	int e = rc == 1 ? SSL_ERROR_NONE : SSL_get_error(s->ssl, rc);
	if (rc != 1 && e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE) {
		fail(s);
		return;
	}
	flush(s);
	if (rc == 1)
		up(s);
}

/* ---- what workers say */

static void begin(struct tls_thread *t, struct sess *s, const struct tls_slot *m)
{
	bool client = m->type == TLS_M_CLIENT;
	drop(s);
	s->gen = m->gen;
	s->verify = false;
	if (client)
		s->name = strndup((const char *)m->bytes, m->n);
	s->ssl = !client   ? tls_ctx_server(t->ctx)
	         : s->name ? tls_ctx_client(t->ctx, s->name, &s->verify)
	                   : NULL;
	s->in = BIO_new(BIO_s_mem());
	s->out = BIO_new(BIO_s_mem());
	if (!s->ssl || !s->in || !s->out) {
		BIO_free(s->in);
		BIO_free(s->out);
		tell(s, TLS_M_FAILED, 0, "TLS: no memory", 14);
		drop(s);
		return;
	}
	BIO_set_mem_eof_return(s->in, -1);
	SSL_set_bio(s->ssl, s->in, s->out);
	SSL_set_app_data(s->ssl, s);
	s->state = SESS_HANDSHAKE;
	if (!client) {
		SSL_set_accept_state(s->ssl);
		return;
	}
	SSL_set_connect_state(s->ssl);
	SSL_CTX_sess_set_new_cb(SSL_get_SSL_CTX(s->ssl), on_new_session);
	resume(s);
	enqueue(t, s);
}

static void on_cipher(struct tls_thread *t, struct sess *s, const struct tls_slot *m)
{
	if (BIO_write(s->in, m->bytes, m->n) != m->n)
		end(s, TLS_M_FAILED, "TLS: no memory");
	else if (s->state == SESS_UP)
		read_plain(s);
	else
		enqueue(t, s);
}

static void hear(struct tls_thread *t, struct side *d, const struct tls_slot *m)
{
	struct sess *s = &d->all[m->id];
	if (m->type == TLS_M_CLIENT || m->type == TLS_M_SERVER) {
		begin(t, s, m);
		return;
	}
	if (s->state == SESS_NONE || s->gen != m->gen)
		return; /* it has failed, and the worker hears of it */
	if (m->type == TLS_M_END)
		leave(s);
	else if (m->type == TLS_M_CIPHER)
		on_cipher(t, s, m);
	else if (s->state == SESS_UP)
		(void)write_plain(s, m->bytes, m->n);
	else
		wait_plain(s, m->bytes, m->n);
}

/* ---- the loop */

static uint32_t rings(struct tls_thread *t)
{
	uint32_t done = 0;
	for (uint16_t i = 0; i < t->conf.workers; i++) {
		struct side *d = &t->sides[i];
		struct tls_slot *m;
		for (uint32_t k = 0; k < TLS_RING_SLOTS && (m = dp_ring_peek(d->r.down)); k++, done++) {
			hear(t, d, m);
			dp_ring_release(d->r.down);
		}
	}
	return done;
}

static bool one_handshake(struct tls_thread *t)
{
	struct sess *s = t->first;
	if (!s)
		return false;
	unqueue(t, s);
	if (s->state == SESS_HANDSHAKE)
		handshake(s);
	return true;
}

static void awake(struct tls_thread *t)
{
	for (uint16_t i = 0; i < t->conf.workers; i++)
		dp_ring_awake(t->sides[i].r.down);
}

static bool may_sleep(struct tls_thread *t)
{
	for (uint16_t i = 0; i < t->conf.workers; i++) {
		if (!dp_ring_sleep(t->sides[i].r.down)) {
			awake(t);
			return false;
		}
	}
	return true;
}

/* Sessions that run keep the old one alive by their own references. */
static void take_fresh(struct tls_thread *t)
{
	struct tls_ctx *c = __atomic_exchange_n(&t->fresh, NULL, __ATOMIC_ACQ_REL);
	if (!c)
		return;
	tls_ctx_free(t->ctx);
	t->ctx = c;
	forget_sessions(t);
}

static void *run(void *arg)
{
	struct tls_thread *t = arg;
	struct pollfd p = {.fd = t->wake_fd, .events = POLLIN};
	uint64_t count;
	(void)pthread_setname_np(pthread_self(), "dialplane-tls");
	while (!stopping(t)) {
		take_fresh(t);
		uint32_t done = rings(t);
		done += one_handshake(t);
		if (done || !may_sleep(t))
			continue;
		(void)poll(&p, 1, -1);
		ssize_t n = read(t->wake_fd, &count, sizeof count);
		(void)n;
		awake(t);
	}
	return NULL;
}

/* ---- start and stop */

static int side_init(struct tls_thread *t, uint16_t i, uint32_t sessions, int wake)
{
	struct side *d = &t->sides[i];
	d->t = t;
	d->r.size = sessions;
	d->r.down = dp_ring_new(TLS_RING_SLOTS, sizeof(struct tls_slot), t->wake_fd);
	d->r.up = dp_ring_new(TLS_RING_SLOTS, sizeof(struct tls_slot), wake);
	d->all = calloc(sessions, sizeof *d->all);
	for (uint32_t id = 0; d->all && id < sessions; id++) {
		d->all[id].side = d;
		d->all[id].id = id;
	}
	return d->r.down && d->r.up && d->all ? 0 : -1;
}

/* Signals are for the control thread alone. */
static int launch(struct tls_thread *t, char err[256])
{
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int rc = pthread_create(&t->thread, NULL, run, t);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc)
		snprintf(err, 256, "TLS: its thread does not start: %s", strerror(rc));
	t->running = rc == 0;
	return rc ? -1 : 0;
}

static int init(struct tls_thread *t, uint32_t sessions, const int wake[], char err[256])
{
	t->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	snprintf(err, 256, "TLS: no memory for %u sessions", sessions);
	if (t->wake_fd < 0)
		return -1;
	for (uint16_t i = 0; i < t->conf.workers; i++)
		if (side_init(t, i, sessions, wake[i]) < 0)
			return -1;
	t->ctx = tls_ctx_new(&t->conf, err);
	return t->ctx ? launch(t, err) : -1;
}

struct tls_thread *tls_thread_start(
    const struct dp_conf *conf, uint32_t sessions, const int wake[], char err[256])
{
	struct tls_thread *t = calloc(1, sizeof *t);
	if (!t) {
		snprintf(err, 256, "TLS: no memory");
		return NULL;
	}
	t->conf = *conf;
	if (init(t, sessions, wake, err) == 0)
		return t;
	tls_thread_stop(t);
	return NULL;
}

static void side_fini(struct side *d)
{
	for (uint32_t i = 0; d->all && i < d->r.size; i++)
		drop(&d->all[i]);
	free(d->all);
	dp_ring_free(d->r.down);
	dp_ring_free(d->r.up);
}

void tls_thread_stop(struct tls_thread *t)
{
	const uint64_t one = 1;
	if (!t)
		return;
	__atomic_store_n(&t->stop, 1, __ATOMIC_SEQ_CST);
	if (t->running) {
		ssize_t n = write(t->wake_fd, &one, sizeof one);
		(void)n;
		pthread_join(t->thread, NULL);
	}
	for (uint16_t i = 0; i < t->conf.workers; i++)
		side_fini(&t->sides[i]);
	forget_sessions(t);
	tls_ctx_free(t->ctx);
	tls_ctx_free(t->fresh);
	if (t->wake_fd >= 0)
		close(t->wake_fd);
	free(t);
}

const struct tls_rings *tls_thread_rings(const struct tls_thread *t, uint16_t worker)
{
	return &t->sides[worker].r;
}

int tls_thread_reload(struct tls_thread *t, char err[256])
{
	const uint64_t one = 1;
	struct tls_ctx *c = tls_ctx_new(&t->conf, err);
	if (!c)
		return -1;
	tls_ctx_free(__atomic_exchange_n(&t->fresh, c, __ATOMIC_ACQ_REL));
	ssize_t n = write(t->wake_fd, &one, sizeof one);
	(void)n; /* EAGAIN: it is awake */
	return 0;
}
