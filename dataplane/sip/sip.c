/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sip/sip.h"

#include "dataplane/sip/conns.h"
#include "dataplane/sip/core.h"
#include "dataplane/sip/fork.h"
#include "dataplane/sip/sip_msgs.h"
#include "dataplane/sip/transport.h"
#include "dataplane/sip/uac.h"
#include "dataplane/sip/uas_call.h"
#include "dataplane/sip/uas_core.h"
#include "sip-parser/sip_addr.h"
#include "sip-parser/sip_uri.h"
#include "sip-parser/sip_write.h"

#include <errno.h>
#include <stdlib.h>

#define NS_PER_MS 1000000ull

/* ---- start and end */

static struct span keep(struct buf *b, uint32_t *from)
{
	struct span s = span_of(b->p + *from, b->len - *from);
	*from = b->len;
	return s;
}

static void put_port(struct buf *b, uint16_t port)
{
	buf_chr(b, ':');
	buf_u32(b, port);
}

/* Our Contact behind its user part. The port of TLS is always said: about its default for a sip: URI the RFCs and the
 * world differ. */
static void make_contact(struct buf *b, struct span host, uint16_t port, enum dp_transport t)
{
	static const char *const param[] = {[DP_UDP] = "", ";transport=tcp", ";transport=tls"};
	buf_chr(b, '@');
	buf_span(b, host);
	if (port != 5060 || t == DP_TLS)
		put_port(b, port);
	buf_span(b, span_str(param[t]));
	buf_lit(b, ">\r\n");
}

/* The text of one way to be reached (RFC 3261 §18.1.1, §8.1.1.8). */
static void make_face(
    struct sip *s, struct buf *b, uint32_t *from, const struct ip_addr *own, enum dp_transport t)
{
	static const char *const via[] = {[DP_UDP] = "SIP/2.0/UDP ", "SIP/2.0/TCP ", "SIP/2.0/TLS "};
	const struct dp_conf *c = s->env.conf;
	struct sip_face *f = &s->faces[sip_face_to(&(struct ip_sock){.a = *own, .transport = t})];
	uint16_t port = t == DP_TLS ? c->tls_port : c->sip_port;
	ip_addr_put_host(b, own);
	struct span host = span_of(b->p + *from, b->len - *from);
	if (c->sip_port != 5060)
		put_port(b, c->sip_port);
	f->host_port = keep(b, from);
	buf_lit(b, " SIP/2.0\r\nVia: ");
	uint32_t value = b->len;
	buf_span(b, span_str(via[t]));
	buf_span(b, host);
	put_port(b, port);
	buf_lit(b, ";branch=" IDENT_COOKIE);
	f->via_value = span_of(b->p + value, b->len - value);
	f->via_head = keep(b, from);
	buf_chr(b, '@');
	buf_span(b, f->host_port);
	buf_lit(b, ">;tag=");
	f->from_tail = keep(b, from);
	make_contact(b, host, port, t);
	f->contact_tail = keep(b, from);
}

/* -EINVAL: the User-Agent is no header value, or too long. */
static int make_texts(struct sip *s)
{
	const struct dp_conf *c = s->env.conf;
	struct buf b = buf_on(s->fixed, sizeof s->fixed);
	uint32_t from = 0;
	for (enum dp_transport t = DP_UDP; t < DP_TRANSPORTS; t++) {
		make_face(s, &b, &from, &c->ip, t);
		if (c->ip6.fam)
			make_face(s, &b, &from, &c->ip6, t);
	}
	buf_lit(&b, MSGS_ALLOW_LINE MSGS_SUPPORTED_LINE);
	s->about = keep(&b, &from);
	if (*c->user_agent)
		sip_write_hdr(&b, SPAN("User-Agent"), span_str(c->user_agent));
	s->agent = keep(&b, &from);
	return b.full ? -EINVAL : 0;
}

static int make_pools(struct sip *s)
{
	const struct dp_conf *c = s->env.conf;
	/* A leg's text outlives it in its INVITE transaction, for the ACK of a final that comes again. */
	const uint32_t texts[DIALOG_SIZES] = {c->legs_max + c->txns_max / 2 + 1,
	    c->legs_max / (c->n_sources ? 1 : 8) + 32, c->legs_max / 256 + 16};
	int rc = pool_init(&s->legs, "legs", c->legs_max, sizeof(struct leg));
	if (!rc)
		rc = pool_init(&s->txns, "transactions", c->txns_max, sizeof(struct txn));
	if (!rc)
		rc = dialog_pools_init(&s->texts, texts);
	if (!rc)
		rc = auths_init(&s->auths, c->legs_max);
	if (!rc)
		rc = events_init(&s->events, c->legs_max);
	if (!rc)
		rc = uas_guests_init(s, c->txns_max);
	if (!rc)
		rc = forks_init(s, c->legs_max);
	s->gens = rc ? NULL : calloc(c->legs_max, sizeof *s->gens);
	s->servers = rc ? NULL : table_new(c->txns_max);
	return rc ? rc : s->gens && s->servers ? 0 : -ENOMEM;
}

int sip_new(struct sip **out, const struct sip_env *env, uint64_t now)
{
	const struct dp_conf *c = env->conf;
	*out = NULL;
	if (!c->legs_max || !c->txns_max || c->legs_max > IDENT_INDEX_MAX || c->txns_max >= IDENT_INDEX_MAX)
		return -EINVAL;
	struct sip *s = calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	s->env = *env;
	s->key = hash_key_of(c->key);
	s->times = (struct txn_times){c->t1_ms * NS_PER_MS, c->t2_ms * NS_PER_MS, c->t4_ms * NS_PER_MS};
	s->user = &uac_txn_user;
	for (uint32_t i = 0; i < SIP_WAIT_BUCKETS; i++)
		s->waiting[i].prev = s->waiting[i].next = &s->waiting[i];
	int rc = make_texts(s);
	if (!rc)
		rc = make_pools(s);
	if (!rc)
		rc = conns_init(s, now);
	if (rc) {
		sip_free(s);
		return rc;
	}
	*out = s;
	return 0;
}

/* Whoever stops without waiting: packets go back to their pool, timers off the wheel. Nobody is told. */
static void drop_all(struct sip *s)
{
	for (uint32_t i = 0; s->txns.mem && i < s->txns.size; i++) {
		struct txn *t = pool_at(&s->txns, i);
		if (t)
			txn_abort(t, 0);
	}
	for (uint32_t i = 0; s->legs.mem && i < s->legs.size; i++) {
		struct leg *l = pool_at(&s->legs, i);
		if (!l)
			continue;
		l->told = true;
		leg_free(l, 0);
	}
}

void sip_free(struct sip *s)
{
	if (!s)
		return;
	drop_all(s);
	conns_fini(s);
	table_free(s->servers);
	free(s->gens);
	uas_guests_fini(s);
	forks_fini(s);
	events_fini(&s->events);
	dialog_pools_fini(&s->texts);
	auths_fini(&s->auths);
	pool_fini(&s->txns);
	pool_fini(&s->legs);
	free(s);
}

/* ---- commands */

bool sip_may_take(struct sip *s)
{
	return event_room(s);
}

static void on_hangup(struct sip *s, const struct dp_cmd *c, uint64_t now)
{
	struct leg *l = leg_of(s, c->leg);
	if (l)
		uac_hangup(l, DP_END_CANCELED, c->sip_status, now);
	else
		sip_count(s, STAT_cmd_stale_handle);
}

static void (*const COMMANDS[DP_CMD_TYPES])(struct sip *s, const struct dp_cmd *c, uint64_t now) = {
    [DP_CMD_ORIGINATE] = uac_originate,
    [DP_CMD_BRIDGE] = leg_bridge,
    [DP_CMD_UNBRIDGE] = leg_unbridge,
    [DP_CMD_HANGUP] = on_hangup,
    [DP_CMD_RING] = uas_call_ring,
    [DP_CMD_ANSWER] = uas_call_answer,
    [DP_CMD_REJECT] = uas_call_reject,
    [DP_CMD_PING] = ping_send,
};

void sip_command(struct sip *s, const struct dp_cmd *c, uint64_t now)
{
	if (c->type < DP_CMD_TYPES && COMMANDS[c->type])
		COMMANDS[c->type](s, c, now);
	else
		sip_count(s, STAT_cmd_bad);
}

/* Which legs a command is about; those of an ORIGINATE are not there yet. */
static void soon(const struct sip *s, dp_leg h, unsigned step)
{
	uint32_t i = dp_leg_index(h);
	if (!h || i >= s->legs.size)
		return;
	if (step == 0)
		leg_fetch(s, i);
	else
		leg_fetch_parts(s, i);
}

void sip_command_soon(const struct sip *s, const struct dp_cmd *c, unsigned step)
{
	soon(s, c->leg, step);
	soon(s, c->peer, step);
}

/* ---- packets, errors, turns */

void sip_udp_in(struct sip *s, struct udp_in *in, uint64_t now)
{
	transport_in(s, in, now);
}

void sip_stream_in(struct sip *s, struct span text, const struct ip_sock *src, uint64_t now)
{
	transport_stream(s, text, src, now);
}

void sip_stream_out(struct sip *s, struct pkt *p, const struct ip_sock *dst, uint64_t now)
{
	(void)!conns_send(s, p, dst, 0, now); /* gone: counted, and the sender's transaction times out */
}

/* Destination unreachable but for "fragmentation needed" (RFC 1122 §4.2.3.9 calls 0, 1, 5 soft for TCP; a
 * call that waits for its first response has nothing better to wait for). */
static bool is_fatal(const struct udp_err *e)
{
	if (e->remote.a.fam == 6) /* RFC 4443 §3.1: type 1 alone */
		return true;
	return e->arp || (e->icmp_type == 3 && e->icmp_code != 4);
}

/* RFC 4443 §3.1. */
static struct span words_of_six(const struct udp_err *e)
{
	static const char *const by_code[] = {"ICMPv6: no route to the target",
	    "ICMPv6: administratively prohibited", "ICMPv6: beyond the scope of our address",
	    "ICMPv6: address unreachable", "ICMPv6: nobody listens on the target's port"};
	if (e->arp)
		return SPAN("the next hop does not answer neighbour discovery");
	if (e->icmp_code < sizeof by_code / sizeof *by_code)
		return span_str(by_code[e->icmp_code]);
	return SPAN("ICMPv6: destination unreachable");
}

/* What a person reads in the call's record (RFC 792, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1). */
static struct span words_of(const struct udp_err *e)
{
	static const char *const by_code[] = {
	    [0] = "ICMP: network unreachable",
	    [1] = "ICMP: host unreachable",
	    [2] = "ICMP: the target does not speak UDP",
	    [3] = "ICMP: nobody listens on the target's port",
	    [9] = "ICMP: network administratively prohibited",
	    [10] = "ICMP: host administratively prohibited",
	    [13] = "ICMP: communication administratively prohibited",
	};
	if (e->arp)
		return SPAN("the next hop does not answer ARP");
	if (e->icmp_code < sizeof by_code / sizeof *by_code && by_code[e->icmp_code])
		return span_str(by_code[e->icmp_code]);
	return SPAN("ICMP: destination unreachable");
}

void sip_udp_error(struct sip *s, const struct udp_err *e, uint64_t now)
{
	if (!is_fatal(e) || e->local.port != s->env.conf->sip_port)
		return;
	s->unreachable = e->remote.a.fam == 6 ? words_of_six(e) : words_of(e);
	txn_unreachable(s, &e->remote, now);
	s->unreachable = (struct span){0};
}

uint32_t sip_turn(struct sip *s, uint64_t now)
{
	return event_retell(s);
}

void sip_shutdown(struct sip *s, uint64_t now)
{
	s->stopping = true;
	for (uint32_t i = 0; i < s->legs.size; i++) {
		struct leg *l = pool_at(&s->legs, i);
		if (l && !l->told)
			uac_hangup(l, DP_END_SHUTDOWN, 0, now);
	}
}

/* ---- ownership */

static bool owner_of_response(const struct sip *s, const struct sip_msg *m, uint16_t *worker)
{
	struct span rest = sip_msg_val(m, SIP_H_VIA), elem;
	struct sip_via v;
	struct ident id;
	uint32_t off;
	if (!rest.p || !sip_list_next(&rest, &elem) || sip_via_parse(&v, elem, &off) ||
	    !ident_read_branch(&id, &s->key, v.branch))
		return false;
	*worker = id.worker;
	return true;
}

static bool owner_of_request(const struct sip *s, const struct sip_msg *m, uint16_t *worker)
{
	struct sip_addr to;
	struct sip_uri u;
	struct ident id;
	uint32_t off;
	bool ours = sip_addr_parse(&to, sip_msg_val(m, SIP_H_TO), &off) == 0 &&
	            ident_read(&id, &s->key, IDENT_TAG, to.tag);
	if (!ours)
		ours = sip_uri_parse(&u, m->ruri, &off) == 0 && ident_read(&id, &s->key, IDENT_TAG, u.user);
	if (ours)
		*worker = id.worker;
	return ours;
}

uint16_t sip_owner(const struct sip *s, const uint8_t *data, uint32_t len)
{
	struct sip_msg m;
	struct sip_err err;
	uint16_t n = s->env.conf->workers, worker;
	if (n <= 1)
		return 0;
	if (sip_msg_parse(&m, (const char *)data, len, SIP_DATAGRAM, &err))
		return s->env.worker; /* whoever has it refuses it */
	bool ours = m.is_request ? owner_of_request(s, &m, &worker) : owner_of_response(s, &m, &worker);
	if (ours && worker < n)
		return worker;
	return (uint16_t)(hash_span(&s->key, sip_msg_val(&m, SIP_H_CALL_ID)) % n);
}

/* ---- gauges */

uint32_t sip_legs_live(const struct sip *s)
{
	return s->legs.used;
}

uint32_t sip_gauges(const struct sip *s, struct dp_pool_gauge *out, uint32_t n)
{
	const struct pool *const POOLS[] = {&s->legs, &s->txns, &s->texts.of[DIALOG_BRIEF],
	    &s->texts.of[DIALOG_MEDIUM], &s->texts.of[DIALOG_LARGE], &s->events.brief, &s->events.texts,
	    &s->auths.pool};
	uint32_t k = 0;
	for (; k < sizeof POOLS / sizeof *POOLS && k < n; k++)
		out[k] = (struct dp_pool_gauge){POOLS[k]->name, POOLS[k]->used, POOLS[k]->size};
	if (k < n)
		out[k++] = (struct dp_pool_gauge){"events_held", s->events.count, s->events.size};
	return k + conns_gauges(s, out + k, n - k);
}
