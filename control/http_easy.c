/* SPDX-License-Identifier: Apache-2.0 */
#include "control/http_job.h"

#include "control/mem.h"
#include "sip-parser/base/ascii.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define IDLE_MAX 512 /* handles that wait; each has a buffer of 16 kB */

/* ---- URL ---- */

static int part(CURLU *u, CURLUPart what, unsigned flags, char *out, size_t room)
{
	char *s = NULL;
	int rc = curl_url_get(u, what, &s, flags) == CURLUE_OK && strlen(s) < room ? 0 : -EINVAL;
	if (rc == 0)
		memcpy(out, s, strlen(s) + 1);
	curl_free(s);
	return rc;
}

static int split(CURLU *u, struct http_origin *o)
{
	char scheme[16];
	if (part(u, CURLUPART_SCHEME, 0, scheme, sizeof scheme) < 0 ||
	    (strcasecmp(scheme, "http") != 0 && strcasecmp(scheme, "https") != 0))
		return -EINVAL;
	if (part(u, CURLUPART_HOST, CURLU_PUNYCODE, o->host, sizeof o->host) < 0 || !*o->host)
		return -EINVAL;
	return part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT, o->port, sizeof o->port);
}

/* curl forgives spaces, missing and too many slashes; what it would make of those is nobody's wish. */
static bool well_formed(const char *url)
{
	size_t n = strncasecmp(url, "http://", 7) == 0 ? 7 : strncasecmp(url, "https://", 8) == 0 ? 8 : 0;
	if (n == 0 || strchr("/?#", url[n]))
		return false; /* the end of the text counts as well */
	for (const char *s = url; *s; s++)
		if ((unsigned char)*s <= 0x20 || *s == 0x7f)
			return false;
	return true;
}

static size_t span_of_name(const char *s)
{
	size_t n = 0;
	while (ascii_is(s[n], ASCII_ALPHA | ASCII_DIGIT) || s[n] == '-' || s[n] == '.')
		n++;
	return n;
}

/* What curl would leave as it is: a name that begins with a letter, or an address in the one usual form. Others (octal
 * numbers, user names, brackets) are curl's to read. */
static bool plain_host(struct http_origin *o, const char *host, size_t n)
{
	struct ip_addr a;
	char t[64];
	struct buf b = buf_on(t, sizeof t);
	if (n == 0 || n >= sizeof o->host || host[n - 1] == '.' || memmem(host, n, "..", 2))
		return false;
	memcpy(o->host, host, n);
	o->host[n] = 0;
	o->literal = false;
	if (ascii_is(host[0], ASCII_ALPHA))
		return true;
	if (ip_addr_parse(&a, span_str(o->host)) < 0)
		return false;
	ip_addr_put(&b, &a);
	o->literal = b.len == n && memcmp(t, host, n) == 0;
	return o->literal;
}

/* Of a well formed URL. false: not one of the usual ones. */
static bool plain_origin(struct http_origin *o, const char *url)
{
	const char *host = strchr(url, ':') + 3;
	size_t n = span_of_name(host);
	const char *p = host + n;
	snprintf(o->port, sizeof o->port, "%s", url[4] == ':' ? "80" : "443");
	if (*p == ':') {
		size_t digits = strspn(p + 1, "0123456789");
		if (digits == 0 || digits > 5 || p[1] == '0' || strtoul(p + 1, NULL, 10) > 65535)
			return false;
		memcpy(o->port, p + 1, digits);
		o->port[digits] = 0;
		p += 1 + digits;
	}
	return (*p == 0 || *p == '/' || *p == '?' || *p == '#') && plain_host(o, host, n);
}

int http_origin(struct http_origin *o, const char *url)
{
	if (!well_formed(url))
		return -EINVAL;
	if (plain_origin(o, url))
		return 0;
	CURLU *u = curl_url();
	if (!u)
		return -ENOMEM;
	int rc = curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK ? split(u, o) : -EINVAL;
	curl_url_cleanup(u);
	if (rc < 0)
		return rc;
	size_t n = strlen(o->host);
	if (o->host[0] == '[' && o->host[n - 1] == ']') {
		memmove(o->host, o->host + 1, n - 2);
		o->host[n - 2] = 0;
	}
	struct ip_addr a;
	o->literal = ip_addr_parse(&a, span_str(o->host)) == 0;
	return 0;
}

/* ---- what curl calls ---- */

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct http_job *j = ctx;
	n *= size;
	http_job_heard(j);
	if (n > HTTP_BODY_MAX - j->in_len) {
		j->too_large = true;
		return 0;
	}
	if (j->in_len + n >= j->in_cap) {
		j->in_cap = j->in_len + n < 1024 ? 2048 : HTTP_BODY_MAX + 1;
		j->in = mem_regrow(j->in, j->in_cap, 1);
	}
	memcpy(j->in + j->in_len, p, n);
	j->in_len += n;
	return n;
}

static size_t on_header(char *p, size_t size, size_t n, void *ctx)
{
	struct http_job *j = ctx;
	http_job_heard(j);
	j->header_bytes += size * n;
	if (j->cache)
		http_cache_header(&j->terms, p, size * n);
	j->headers_too_large = j->header_bytes > HTTP_HEADERS_MAX;
	return j->headers_too_large ? 0 : size * n;
}

static void address_of(struct ip_addr *a, const struct sockaddr *sa)
{
	*a = (struct ip_addr){0};
	if (sa->sa_family == AF_INET) {
		a->fam = 4;
		memcpy(a->b, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 4);
	} else if (sa->sa_family == AF_INET6) {
		a->fam = 6;
		memcpy(a->b, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, 16);
	}
}

static void note_refusal(struct http_job *j, const struct ip_addr *a, const char *range)
{
	char t[64];
	struct buf b = buf_on(t, sizeof t - 1);
	ip_addr_put(&b, a);
	t[b.len] = 0;
	snprintf(j->refused, sizeof j->refused, "%s is refused (%s) and not in targets.allow", t, range);
}

/* The last gate: the address curl is really about to connect to, whatever a name said before. */
static curl_socket_t on_open(void *ctx, curlsocktype purpose, struct curl_sockaddr *sa)
{
	struct http_job *j = ctx;
	struct ip_addr a;
	address_of(&a, &sa->addr);
	const char *range = target_refusal(j->policy, &a);
	if (range) {
		note_refusal(j, &a, range);
		return CURL_SOCKET_BAD;
	}
	j->opened = true;
	return socket(sa->family, sa->socktype | SOCK_CLOEXEC, sa->protocol);
}

/* Connected; the request is about to go out. */
static int on_ready(void *ctx, char *local, char *remote, int local_port, int remote_port)
{
	http_job_heard(ctx);
	return CURL_PREREQFUNC_OK;
}

/* ---- one hop ---- */

static void put_addr(struct buf *b, const struct ip_addr *a)
{
	bool v6 = a->fam == 6;
	buf_span(b, span_str(v6 ? "[" : ""));
	ip_addr_put(b, a);
	buf_span(b, span_str(v6 ? "]" : ""));
}

/* "+host:port:addr,addr": curl takes these addresses and asks nobody; "+" lets the entry grow old. */
static int pin_addresses(struct http_job *j, const struct ip_addr *addrs, uint32_t n)
{
	const struct http_origin *o = &j->origin;
	char line[1024];
	struct buf b = buf_on(line, sizeof line - 1);
	uint32_t taken = 0;
	buf_chr(&b, '+');
	buf_span(&b, span_str(o->host));
	buf_chr(&b, ':');
	buf_span(&b, span_str(o->port));
	for (uint32_t i = 0; i < n; i++) {
		const char *range = target_refusal(j->policy, &addrs[i]);
		if (range) {
			note_refusal(j, &addrs[i], range);
			continue;
		}
		buf_chr(&b, taken++ ? ',' : ':');
		put_addr(&b, &addrs[i]);
	}
	if (!taken || b.full)
		return -EACCES;
	line[b.len] = 0;
	j->resolve = curl_slist_append(NULL, line);
	return j->resolve ? 0 : -ENOMEM;
}

/* libcurl keeps the list of cookie files until a transfer reads it: a handle that made none would leak it. */
static void forget_cookies(CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_COOKIEFILE, NULL);
}

static void reset_hop(struct http_job *j)
{
	curl_slist_free_all(j->resolve);
	j->resolve = NULL;
	j->in_len = 0;
	j->too_large = j->headers_too_large = j->opened = false;
	j->refused[0] = j->error[0] = 0;
}

#define SET(opt, v) (ok = ok && curl_easy_setopt(easy, CURLOPT_##opt, v) == CURLE_OK)

/* What holds for every request. */
static bool set_limits(CURL *easy)
{
	bool ok = true;
	SET(NOSIGNAL, 1L);
	SET(PROTOCOLS_STR, "http,https");
	SET(FOLLOWLOCATION, 0L); /* hop by hop in http_client.c, each through the resolver and the policy */
	SET(PROXY, "");          /* a proxy from the environment would go round the policy */
	SET(OPENSOCKETFUNCTION, on_open);
	SET(WRITEFUNCTION, on_body);
	SET(HEADERFUNCTION, on_header);
	SET(PREREQFUNCTION, on_ready);
	SET(PATH_AS_IS, 1L);          /* what is sent is what was signed */
	SET(ACCEPT_ENCODING, "gzip"); /* on_body counts what it unpacks to */
	SET(COOKIEFILE, "");          /* cookies: http_jar.c */
	return ok;
}

static bool set_owner(CURL *easy, struct http_job *j)
{
	bool ok = true;
	SET(PRIVATE, j);
	SET(OPENSOCKETDATA, j);
	SET(WRITEDATA, j);
	SET(HEADERDATA, j);
	SET(PREREQDATA, j);
	SET(ERRORBUFFER, j ? j->error : NULL);
	return ok;
}

static bool set_request(CURL *easy, const struct http_job *j)
{
	bool ok = true;
	SET(URL, j->url);
	SET(CONNECTTIMEOUT_MS, (long)j->connect_ms);
	SET(HTTPHEADER, j->conditional ? j->conditional : j->headers);
	/* Once a server has said that it speaks HTTP/2 one connection does for many. Without TLS nobody says so. */
	SET(PIPEWAIT, strncasecmp(j->url, "https", 5) == 0 ? 1L : 0L);
	SET(RESOLVE, j->resolve);
	SET(COOKIELIST, "ALL");
	if (j->jar)
		http_jar_load(j->jar, easy);
	if (j->post) {
		SET(POST, 1L);
		SET(POSTFIELDSIZE, (long)strlen(j->body));
		SET(POSTFIELDS, j->body);
	} else {
		SET(HTTPGET, 1L);
	}
	return ok;
}

/* ---- handles ---- */

static CURL *take_easy(struct http_easies *e)
{
	if (e->n)
		return e->idle[--e->n];
	CURL *easy = curl_easy_init();
	if (easy && (!set_limits(easy) ||
	                (e->ca_file && curl_easy_setopt(easy, CURLOPT_CAINFO, e->ca_file) != CURLE_OK))) {
		curl_easy_cleanup(easy);
		return NULL;
	}
	return easy;
}

/* Nothing of this request may be seen by the next one. */
static bool cleared(CURL *easy)
{
	bool ok = set_owner(easy, NULL);
	SET(COOKIELIST, "ALL");
	SET(POSTFIELDS, NULL);
	SET(HTTPGET, 1L);
	SET(HTTPHEADER, NULL);
	SET(RESOLVE, NULL);
	return ok;
}

static void end_easy(CURL *easy)
{
	forget_cookies(easy);
	curl_easy_cleanup(easy);
}

static void give_easy(struct http_easies *e, CURL *easy)
{
	if (e->n >= IDLE_MAX || !cleared(easy)) {
		end_easy(easy);
		return;
	}
	if (e->n == e->cap) {
		e->cap = e->cap ? e->cap * 2 : 16;
		e->idle = mem_regrow(e->idle, e->cap, sizeof(CURL *));
	}
	e->idle[e->n++] = easy;
}

void http_easies_fini(struct http_easies *e)
{
	while (e->n)
		end_easy(e->idle[--e->n]);
	free(e->idle);
	*e = (struct http_easies){0};
}

int http_easy_prepare(struct http_job *j, const struct ip_addr *addrs, uint32_t n)
{
	reset_hop(j);
	http_cached_ask(j);
	int rc = j->origin.literal ? 0 : pin_addresses(j, addrs, n);
	if (rc < 0)
		return rc;
	if (!j->easy && !(j->easy = take_easy(j->easies)))
		return -ENOMEM;
	return set_owner(j->easy, j) && set_request(j->easy, j) ? 0 : -EINVAL;
}

void http_easy_fini(struct http_job *j)
{
	if (j->easy)
		give_easy(j->easies, j->easy);
	j->easy = NULL;
	curl_slist_free_all(j->resolve);
	j->resolve = NULL;
}

/* ---- errors ---- */

static const struct {
	CURLcode rc;
	int code;
} codes[] = {
    {CURLE_URL_MALFORMAT, 11100},
    {CURLE_COULDNT_RESOLVE_HOST, 11210},
    {CURLE_COULDNT_CONNECT, 11205},
    {CURLE_TOO_MANY_REDIRECTS, 11215},
    {CURLE_FILESIZE_EXCEEDED, 11750},
    {CURLE_SSL_CONNECT_ERROR, 11220},
    {CURLE_PEER_FAILED_VERIFICATION, 11220},
    {CURLE_SSL_ENGINE_NOTFOUND, 11220},
    {CURLE_SSL_ENGINE_SETFAILED, 11220},
    {CURLE_SSL_CERTPROBLEM, 11220},
    {CURLE_SSL_CIPHER, 11220},
    {CURLE_SSL_ENGINE_INITFAILED, 11220},
    {CURLE_SSL_CACERT_BADFILE, 11220},
    {CURLE_SSL_SHUTDOWN_FAILED, 11220},
    {CURLE_SSL_CRL_BADFILE, 11220},
    {CURLE_SSL_ISSUER_ERROR, 11220},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, 11220},
    {CURLE_SSL_INVALIDCERTSTATUS, 11220},
    {CURLE_SSL_CLIENTCERT, 11220},
};

static int code_of(CURLcode rc)
{
	for (unsigned i = 0; i < sizeof codes / sizeof *codes; i++)
		if (codes[i].rc == rc)
			return codes[i].code;
	return 11200;
}

int http_easy_error(struct http_job *j, CURLcode rc, char message[300])
{
	if (j->too_large) {
		snprintf(message, 300, "the response is larger than %d bytes", HTTP_BODY_MAX);
		return 11750;
	}
	if (j->headers_too_large) {
		snprintf(message, 300, "the response has more than %d bytes of headers", HTTP_HEADERS_MAX);
		return 11200;
	}
	if (*j->refused && !j->opened) {
		snprintf(message, 300, "%s", j->refused);
		return 11210;
	}
	snprintf(message, 300, "%s", *j->error ? j->error : curl_easy_strerror(rc));
	return rc == CURLE_OPERATION_TIMEDOUT ? 11205 : code_of(rc);
}
