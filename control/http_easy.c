/* SPDX-License-Identifier: Apache-2.0 */
#include "control/http_job.h"

#include "control/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

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

int http_origin(struct http_origin *o, const char *url)
{
	if (!well_formed(url))
		return -EINVAL;
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
	if (!j->in)
		j->in = mem_zalloc(HTTP_BODY_MAX + 1);
	memcpy(j->in + j->in_len, p, n);
	j->in_len += n;
	return n;
}

static size_t on_header(char *p, size_t size, size_t n, void *ctx)
{
	struct http_job *j = ctx;
	http_job_heard(j);
	j->header_bytes += size * n;
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
static int pin_addresses(
    struct http_job *j, const struct http_origin *o, const struct ip_addr *addrs, uint32_t n)
{
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

#define SET(opt, v) (ok = ok && curl_easy_setopt(j->easy, CURLOPT_##opt, v) == CURLE_OK)

static bool set_limits(struct http_job *j)
{
	bool ok = true;
	SET(NOSIGNAL, 1L);
	SET(PROTOCOLS_STR, "http,https");
	SET(FOLLOWLOCATION, 0L); /* hop by hop in http_client.c, each through the resolver and the policy */
	SET(PROXY, "");          /* a proxy from the environment would go round the policy */
	SET(CONNECTTIMEOUT_MS, (long)j->connect_ms);
	SET(PRIVATE, j);
	SET(OPENSOCKETFUNCTION, on_open);
	SET(OPENSOCKETDATA, j);
	SET(WRITEFUNCTION, on_body);
	SET(WRITEDATA, j);
	SET(HEADERFUNCTION, on_header);
	SET(HEADERDATA, j);
	SET(ERRORBUFFER, j->error);
	SET(PREREQFUNCTION, on_ready);
	SET(PREREQDATA, j);
	return ok;
}

static bool set_request(struct http_job *j)
{
	bool ok = true;
	SET(URL, j->url);
	SET(PATH_AS_IS, 1L); /* what is sent is what was signed */
	SET(HTTPHEADER, j->headers);
	SET(ACCEPT_ENCODING, "gzip"); /* on_body counts what it unpacks to */
	if (j->jar)
		http_jar_load(j->jar, j->easy);
	SET(RESOLVE, j->resolve);
	if (j->post) {
		SET(POST, 1L);
		SET(POSTFIELDSIZE, (long)strlen(j->body));
		SET(POSTFIELDS, j->body);
	} else {
		SET(HTTPGET, 1L);
	}
	return ok;
}

int http_easy_prepare(
    struct http_job *j, const struct http_origin *o, const struct ip_addr *addrs, uint32_t n)
{
	reset_hop(j);
	int rc = o->literal ? 0 : pin_addresses(j, o, addrs, n);
	if (rc < 0)
		return rc;
	if (!j->easy && !(j->easy = curl_easy_init()))
		return -ENOMEM;
	forget_cookies(j->easy);
	curl_easy_reset(j->easy);
	return set_limits(j) && set_request(j) ? 0 : -EINVAL;
}

void http_easy_fini(struct http_job *j)
{
	if (j->easy)
		forget_cookies(j->easy);
	curl_easy_cleanup(j->easy);
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
