/* SPDX-License-Identifier: Apache-2.0 */
#include "control/dns.h"

#include "control/mem.h"

#include <ares.h>
#include <ares_nameser.h>
#include <ctype.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/time.h>

#define ADDRS_MAX   8
#define LOOKUPS_MAX 4096
#define LOOKUP_NS   6000000000u
#define TRY_MS      1500
#define TRIES       2
#define CACHE_SLOTS 1024
#define TTL_MIN_S   1
#define TTL_MAX_S   300
#define NOTHING_S   30
#define NAME_MAX_   DNS_NAME_MAX

struct answer {
	struct ip_addr addrs[ADDRS_MAX];
	uint32_t n;
	struct dns_rrset *set; /* of a lookup for records; owned */
	enum dns_found found;
};

/* What is looked up; DNS_TYPE_SRV and DNS_TYPE_NAPTR are kinds as well. */
enum { KIND_V4 = 1, KIND_ANY = 2 };

/* One question on its way: to c-ares, to the list of what is to be told, or both (deadline passed). */
struct lookup {
	struct dns *dns;
	struct lookup *next; /* in dns->ready */
	char host[NAME_MAX_];
	uint16_t kind;
	bool told, asked; /* fn was called or is about to be; c-ares still holds us */
	dns_fn fn;
	dns_rr_fn rr_fn; /* one of the two */
	void *ctx;
	struct loop_timer deadline;
	struct answer answer;
	char why[64];
};

struct cached {
	char host[NAME_MAX_];
	uint16_t kind;
	uint64_t until_ns;
	struct answer answer;
};

struct dns {
	struct loop *loop;
	ares_channel ares;
	struct loop_timer tick; /* c-ares' own timeouts */
	struct loop_timer tell; /* armed while ready is not empty */
	struct lookup *ready, **ready_last;
	uint32_t n_lookups;
	struct cached *cache;
	uint32_t ttl_min_s, ttl_max_s;
	struct dns_counts counts;
	bool stopping; /* answers may ask again: they are told that it is over */
};

/* ---- telling ---- */

static void free_lookup(struct lookup *k)
{
	k->dns->n_lookups--;
	free(k->answer.set);
	free(k);
}

/* The answer is complete: tell it on the loop's next turn. */
static void ready(struct lookup *k, const char *why)
{
	struct dns *d = k->dns;
	loop_timer_cancel(d->loop, &k->deadline);
	snprintf(k->why, sizeof k->why, "%s", why);
	k->told = true;
	*d->ready_last = k;
	d->ready_last = &k->next;
	loop_timer_arm(d->loop, &d->tell, 0);
}

static void count(struct dns *d, enum dns_found found)
{
	d->counts.nothing += found == DNS_NOTHING;
	d->counts.refused += found == DNS_REFUSED;
	d->counts.silent += found == DNS_SILENT;
}

static void tell(struct lookup *k)
{
	static const struct dns_rrset none;
	const struct answer *a = &k->answer;
	bool found = a->found == DNS_FOUND;
	count(k->dns, a->found);
	if (k->rr_fn)
		k->rr_fn(k->ctx, found ? a->set : &none, a->found, found ? NULL : k->why);
	else
		k->fn(k->ctx, a->addrs, a->n, a->n ? NULL : k->why);
}

static void tell_ready(struct dns *d)
{
	struct lookup *k = d->ready;
	d->ready = NULL;
	d->ready_last = &d->ready;
	for (struct lookup *next; k; k = next) {
		next = k->next;
		k->next = NULL;
		tell(k);
		k->fn = NULL;
		k->rr_fn = NULL;
		if (!k->asked)
			free_lookup(k);
	}
}

static void on_tell(void *ctx, struct loop_timer *t)
{
	tell_ready(ctx);
}

static void on_deadline(void *ctx, struct loop_timer *t)
{
	struct lookup *k = ctx;
	k->answer.found = DNS_SILENT;
	ready(k, "timeout");
}

/* ---- cache ---- */

static struct cached *cache_slot(struct dns *d, const char *host, uint16_t kind)
{
	uint32_t h = 2166136261u ^ kind * 40503u;
	for (const char *s = host; *s; s++)
		h = (h ^ (uint32_t)tolower((unsigned char)*s)) * 16777619u;
	return &d->cache[(h ^ h >> 15) % CACHE_SLOTS];
}

static const struct cached *cache_get(struct dns *d, const char *host, uint16_t kind)
{
	const struct cached *c = cache_slot(d, host, kind);
	bool fits = c->until_ns > loop_now_ns() && c->kind == kind && strcasecmp(c->host, host) == 0;
	return fits ? c : NULL;
}

static struct dns_rrset *set_copy(const struct dns_rrset *set)
{
	struct dns_rrset *to = set ? mem_zalloc(sizeof *to) : NULL;
	if (to)
		*to = *set;
	return to;
}

static void cache_put(struct lookup *k, uint32_t ttl_s)
{
	struct dns *d = k->dns;
	struct cached *c = cache_slot(d, k->host, k->kind);
	ttl_s = ttl_s < d->ttl_min_s ? d->ttl_min_s : ttl_s > d->ttl_max_s ? d->ttl_max_s : ttl_s;
	memcpy(c->host, k->host, sizeof c->host);
	c->kind = k->kind;
	c->until_ns = loop_now_ns() + (uint64_t)ttl_s * 1000000000u;
	free(c->answer.set);
	c->answer = k->answer;
	c->answer.set = set_copy(k->answer.set);
}

/* ---- c-ares ---- */

static const char *why_of(int status)
{
	switch (status) {
	case ARES_ENOTFOUND:
		return "NXDOMAIN";
	case ARES_ENODATA:
		return "no address record";
	case ARES_ETIMEOUT:
		return "timeout";
	case ARES_ECONNREFUSED:
		return "no name server answers, or each says SERVFAIL";
	case ARES_EDESTRUCTION:
	case ARES_ECANCELLED:
		return "stopped";
	default:
		return ares_strerror(status);
	}
}

static enum dns_found found_of(int status)
{
	switch (status) {
	case ARES_SUCCESS:
		return DNS_FOUND;
	case ARES_ENOTFOUND:
	case ARES_ENODATA:
		return DNS_NOTHING;
	case ARES_ETIMEOUT:
	case ARES_EDESTRUCTION:
	case ARES_ECANCELLED:
		return DNS_SILENT;
	default: /* SERVFAIL comes as ARES_ECONNREFUSED when it was the last server */
		return DNS_REFUSED;
	}
}

static bool take_node(struct answer *a, const struct ares_addrinfo_node *n)
{
	struct ip_addr *out = &a->addrs[a->n];
	*out = (struct ip_addr){0};
	if (n->ai_family == AF_INET) {
		out->fam = 4;
		memcpy(out->b, &((const struct sockaddr_in *)(const void *)n->ai_addr)->sin_addr, 4);
	} else if (n->ai_family == AF_INET6) {
		out->fam = 6;
		memcpy(out->b, &((const struct sockaddr_in6 *)(const void *)n->ai_addr)->sin6_addr, 16);
	}
	return out->fam != 0;
}

/* Smallest TTL of what was taken. */
static uint32_t take_answer(struct answer *a, const struct ares_addrinfo *info)
{
	int ttl = INT_MAX;
	for (const struct ares_addrinfo_node *n = info->nodes; n && a->n < ADDRS_MAX; n = n->ai_next)
		if (take_node(a, n)) {
			a->n++;
			ttl = n->ai_ttl < ttl ? n->ai_ttl : ttl;
		}
	return ttl < 0 ? 0 : (uint32_t)ttl;
}

static void on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
	struct lookup *k = arg;
	k->asked = false;
	if (!k->told) {
		uint32_t ttl = status == ARES_SUCCESS ? take_answer(&k->answer, info) : 0;
		k->answer.found = k->answer.n || status != ARES_SUCCESS ? found_of(status) : DNS_NOTHING;
		if (k->answer.n)
			cache_put(k, ttl);
		ready(k, status == ARES_SUCCESS ? "no address record" : why_of(status));
	} else if (!k->fn) {
		free_lookup(k); /* its deadline has told it long ago */
	}
	if (info)
		ares_freeaddrinfo(info);
}

/* SRV and NAPTR: found and of use, or what that comes to. */
static void take_records(struct lookup *k, int status, const uint8_t *msg, size_t len)
{
	struct answer *a = &k->answer;
	a->found = found_of(status);
	a->set = mem_zalloc(sizeof *a->set);
	if (a->found == DNS_FOUND && dns_rr_parse(a->set, msg, len, k->kind) < 0)
		a->found = DNS_REFUSED;
	else if (a->found == DNS_FOUND && !a->set->n)
		a->found = DNS_NOTHING;
	k->dns->counts.left_out += a->set->left_out;
	if (a->found == DNS_FOUND || a->found == DNS_NOTHING)
		cache_put(k, a->found == DNS_FOUND ? a->set->ttl_s : NOTHING_S);
}

static void on_records(void *arg, int status, int timeouts, unsigned char *msg, int len)
{
	struct lookup *k = arg;
	k->asked = false;
	if (!k->told) {
		take_records(k, status, msg, len > 0 ? (size_t)len : 0);
		ready(k, status == ARES_SUCCESS ? "no record of use" : why_of(status));
	} else if (!k->rr_fn) {
		free_lookup(k);
	}
}

static void arm_tick(struct dns *d)
{
	struct timeval tv, *t = ares_timeout(d->ares, NULL, &tv);
	if (t)
		loop_timer_arm(d->loop, &d->tick,
		    loop_now_ns() + (uint64_t)t->tv_sec * 1000000000u + (uint64_t)t->tv_usec * 1000u +
		        1000000u);
	else
		loop_timer_cancel(d->loop, &d->tick);
}

static void on_tick(void *ctx, struct loop_timer *t)
{
	struct dns *d = ctx;
	ares_process_fd(d->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	arm_tick(d);
}

static void on_socket(void *ctx, int fd, uint32_t revents)
{
	struct dns *d = ctx;
	bool in = revents & (POLLIN | POLLERR | POLLHUP | POLLNVAL), out = revents & (POLLOUT | POLLERR);
	ares_process_fd(d->ares, in ? fd : ARES_SOCKET_BAD, out ? fd : ARES_SOCKET_BAD);
	arm_tick(d);
}

static void socket_state(void *ctx, ares_socket_t fd, int readable, int writable)
{
	struct dns *d = ctx;
	loop_fd(d->loop, fd, (readable ? POLLIN : 0u) | (writable ? POLLOUT : 0u), on_socket, d);
}

/* ---- asking ---- */

static bool name_ok(const char *host)
{
	size_t n = strlen(host);
	if (n == 0 || n >= NAME_MAX_)
		return false;
	for (const char *s = host; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("-._", *s))
			return false;
	return true;
}

static void ask(struct lookup *k)
{
	struct dns *d = k->dns;
	struct ares_addrinfo_hints hints = {
	    .ai_family = k->kind == KIND_ANY ? AF_UNSPEC : AF_INET, .ai_flags = ARES_AI_NOSORT};
	k->asked = true;
	d->counts.asked++;
	loop_timer_arm(d->loop, &k->deadline, loop_now_ns() + LOOKUP_NS);
	if (k->rr_fn)
		ares_query(d->ares, k->host, ns_c_in, k->kind, on_records, k);
	else
		ares_getaddrinfo(d->ares, k->host, NULL, &hints, on_answer, k);
	arm_tick(d);
}

static struct lookup *lookup_new(struct dns *d, uint16_t kind, void *ctx)
{
	struct lookup *k = mem_zalloc(sizeof *k);
	k->dns = d;
	k->kind = kind;
	k->ctx = ctx;
	k->deadline = (struct loop_timer){.fn = on_deadline, .ctx = k};
	d->n_lookups++;
	return k;
}

static void not_asked(struct lookup *k, const char *why)
{
	k->answer.found = DNS_SILENT;
	ready(k, why);
}

static void find(struct lookup *k, const char *host)
{
	struct dns *d = k->dns;
	const struct cached *c;
	if (!name_ok(host)) {
		k->answer.found = DNS_NOTHING;
		ready(k, "not a host name");
	} else if ((c = cache_get(d, host, k->kind))) {
		d->counts.kept++;
		k->answer = c->answer;
		k->answer.set = set_copy(c->answer.set);
		ready(k, "no such record");
	} else if (d->stopping) {
		not_asked(k, "stopped");
	} else if (d->n_lookups > LOOKUPS_MAX) {
		not_asked(k, "too many lookups at one time");
	} else {
		memcpy(k->host, host, strlen(host) + 1); /* name_ok has seen its length */
		ask(k);
	}
}

static void resolve(struct dns *d, const char *host, uint16_t kind, dns_fn fn, void *ctx)
{
	struct lookup *k = lookup_new(d, kind, ctx);
	k->fn = fn;
	if (ip_addr_parse(&k->answer.addrs[0], span_str(host)) != 0) {
		find(k, host);
		return;
	}
	k->answer.n = kind == KIND_ANY || k->answer.addrs[0].fam == 4;
	ready(k, "it is an IPv6 address");
}

void dns_resolve(struct dns *d, const char *host, dns_fn fn, void *ctx)
{
	resolve(d, host, KIND_V4, fn, ctx);
}

void dns_resolve_any(struct dns *d, const char *host, dns_fn fn, void *ctx)
{
	resolve(d, host, KIND_ANY, fn, ctx);
}

void dns_records(struct dns *d, const char *host, uint16_t type, dns_rr_fn fn, void *ctx)
{
	struct lookup *k = lookup_new(d, type, ctx);
	k->rr_fn = fn;
	find(k, host);
}

void dns_keep(struct dns *d, uint32_t ttl_min_s, uint32_t ttl_max_s)
{
	d->ttl_min_s = ttl_min_s;
	d->ttl_max_s = ttl_max_s;
}

struct dns_counts dns_counts(const struct dns *d)
{
	return d->counts;
}

/* ---- life ---- */

static int open_channel(struct dns *d, const char *servers)
{
	struct ares_options o = {
	    .flags =
	        ARES_FLAG_NOSEARCH, /* a target is a whole name: the machine's search domains are not its own */
	    .timeout = TRY_MS,
	    .tries = TRIES,
	    .sock_state_cb = socket_state,
	    .sock_state_cb_data = d,
	};
	int rc = ares_init_options(
	    &d->ares, &o, ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
	if (rc != ARES_SUCCESS)
		return rc;
	if (servers)
		rc = ares_set_servers_ports_csv(d->ares, servers);
	if (rc != ARES_SUCCESS)
		ares_destroy(d->ares);
	return rc;
}

struct dns *dns_new(struct loop *l, const char *servers, char err[256])
{
	struct dns *d = mem_zalloc(sizeof *d);
	d->loop = l;
	dns_keep(d, TTL_MIN_S, TTL_MAX_S);
	d->ready_last = &d->ready;
	d->tick = (struct loop_timer){.fn = on_tick, .ctx = d};
	d->tell = (struct loop_timer){.fn = on_tell, .ctx = d};
	int rc = ares_library_init(ARES_LIB_INIT_ALL);
	if (rc == ARES_SUCCESS && (rc = open_channel(d, servers)) != ARES_SUCCESS)
		ares_library_cleanup();
	if (rc == ARES_SUCCESS) {
		d->cache = mem_zalloc(CACHE_SLOTS * sizeof *d->cache);
		return d;
	}
	snprintf(err, 256, "name resolution cannot start: %s", ares_strerror(rc));
	free(d);
	return NULL;
}

void dns_free(struct dns *d)
{
	if (!d)
		return;
	d->stopping = true;
	ares_destroy(d->ares); /* calls on_answer for everything under way */
	while (d->ready)
		tell_ready(d);
	loop_timer_cancel(d->loop, &d->tick);
	loop_timer_cancel(d->loop, &d->tell);
	ares_library_cleanup();
	for (uint32_t i = 0; i < CACHE_SLOTS; i++)
		free(d->cache[i].answer.set);
	free(d->cache);
	free(d);
}
