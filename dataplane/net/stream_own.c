/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/stream_own.h"

#include <errno.h>
#include <stdlib.h>

#include "dataplane/net/cksum.h"
#include "dataplane/net/host.h"
#include "dataplane/net/ip4.h"
#include "dataplane/net/ip6.h"
#include "dataplane/net/tcp_sum.h"

#define ICMP_HDR        8u
#define ICMP_TOO_BIG    4 /* code of "unreachable" */
#define ICMP6_TOO_BIG   2
#define QUOTE           8u
#define OLD_ROUTER_MTU  576u /* of one that does not say (RFC 1191 §5) */
#define PORTS           (STREAM_OWN_PORT_HI - STREAM_OWN_PORT_LO + 1)
#define USER_TIMEOUT_MS 32000u /* a SIP transaction's life: what is not acknowledged by then is of no use */

struct stream_own {
	struct stream s; /* first */
	struct tcp *tcp; /* NULL: not open yet */
	struct tcp_conf conf;
	uint16_t sip_port, tls_port, workers;
	bool sums;
};

/* What a connection's user pointer holds: how it came to its end. */
#define BY_USER ((void *)1)
#define BY_FAR  ((void *)2)

static struct stream_own *own(struct stream *s)
{
	return (struct stream_own *)s;
}

/* ---- below ---- */

static struct pkt *on_alloc(void *ctx)
{
	struct stream_own *o = ctx;
	return net_alloc(o->s.net);
}

static void on_output(void *ctx, struct pkt *p, const struct tcp_key *key, bool df, uint64_t now)
{
	struct stream_own *o = ctx;
	if (key->fam == 4) {
		const struct ip4_way way = {
		    get32(key->local), get32(key->remote), IP_PROTO_TCP, ip4_next_id(o->s.net), df};
		(void)ip4_output(o->s.net, p, &way, now);
		return;
	}
	struct ip_addr src = tcp_key_local(key), dst = tcp_key_remote(key);
	(void)net_ip_send(o->s.net, p, IP_PROTO_TCP, net_own(o->s.net, &src), &dst, df, now);
}

/* ---- what TCP tells ---- */

static bool on_open(void *ctx, struct tcp_conn *c, uint64_t now)
{
	struct stream_own *o = ctx;
	const struct stream_user *u = &o->s.user;
	if (tcp_outgoing(c)) {
		u->opened(u->ctx, tcp_number(c), now);
		return true;
	}
	struct ip_sock remote = tcp_remote(c);
	return u->accepted(u->ctx, tcp_number(c), &remote, tcp_local(c).port, now);
}

static void on_bytes(void *ctx, struct tcp_conn *c, const uint8_t *p, uint32_t n, uint64_t now)
{
	struct stream_own *o = ctx;
	o->s.user.bytes(o->s.user.ctx, tcp_number(c), p, n, now);
}

static void on_eof(void *ctx, struct tcp_conn *c, uint64_t now)
{
	(void)ctx;
	if (!tcp_user(c))
		tcp_set_user(c, BY_FAR);
	tcp_close(c, now);
}

static enum stream_end end_of(const struct tcp_conn *c, enum tcp_why why)
{
	static const enum stream_end ends[] = {[TCP_WHY_CLOSED] = STREAM_END_FIN,
	    [TCP_WHY_ABORTED] = STREAM_END_LOCAL,
	    [TCP_WHY_RESET] = STREAM_END_RESET,
	    [TCP_WHY_REFUSED] = STREAM_END_REFUSED,
	    [TCP_WHY_UNREACHABLE] = STREAM_END_UNREACHABLE,
	    [TCP_WHY_TIMEOUT] = STREAM_END_TIMEOUT,
	    [TCP_WHY_SWEPT] = STREAM_END_LIMIT,
	    [TCP_WHY_NO_MEMORY] = STREAM_END_LIMIT};
	if (tcp_user(c) == BY_USER)
		return STREAM_END_LOCAL;
	return tcp_user(c) == BY_FAR ? STREAM_END_FIN : ends[why];
}

static void on_closed(void *ctx, struct tcp_conn *c, enum tcp_why why, uint64_t now)
{
	struct stream_own *o = ctx;
	o->s.user.closed(o->s.user.ctx, tcp_number(c), end_of(c, why), now);
}

/* ---- operations ---- */

static uint32_t own_connect(struct stream *s, const struct ip_sock *to, uint64_t now)
{
	struct stream_own *o = own(s);
	uint32_t from = net_own_for(o->s.net, to->a.fam);
	struct tcp_conn *c;
	if (from == OWN_NONE || net_forbidden(o->s.net, to))
		return STREAM_NONE;
	struct ip_addr local = net_own_addr(o->s.net, from);
	return tcp_connect(o->tcp, &c, &local, to, NULL, now) == 0 ? tcp_number(c) : STREAM_NONE;
}

static bool own_write(struct stream *s, uint32_t id, const void *p, uint32_t n, uint64_t now)
{
	struct tcp_conn *c = tcp_at(own(s)->tcp, id);
	return c && tcp_write(c, p, n, now) == 0;
}

static uint32_t own_unsent(const struct stream *s, uint32_t id)
{
	const struct tcp_conn *c = tcp_at(((const struct stream_own *)s)->tcp, id);
	return c ? tcp_unsent(c) : 0;
}

static void own_close(struct stream *s, uint32_t id, bool reset, uint64_t now)
{
	struct tcp_conn *c = tcp_at(own(s)->tcp, id);
	if (!c)
		return;
	if (!tcp_user(c))
		tcp_set_user(c, BY_USER);
	if (reset)
		tcp_abort(c, now);
	else
		tcp_close(c, now);
}

static uint32_t own_turn(struct stream *s, uint64_t now)
{
	return tcp_flush(own(s)->tcp, now);
}

/* ---- what arrives ---- */

static bool quote4(struct net *n, const struct pkt *p, struct tcp_unreachable *u)
{
	const uint8_t *d = p->data;
	struct ip4_hdr q;
	if (p->len < ICMP_HDR + IP4_HDR || cksum_fold(cksum_add(0, d, p->len)) != 0 ||
	    !ip4_read(d + ICMP_HDR, p->len - ICMP_HDR, true, &q) || q.off || q.proto != IP_PROTO_TCP ||
	    p->len < ICMP_HDR + q.hlen + QUOTE || own_find(&n->own, q.src) == OWN_NONE)
		return false;
	u->local = ip4_addr(q.src);
	u->remote = ip4_addr(q.dst);
	u->too_big = d[1] == ICMP_TOO_BIG;
	u->mtu = get16(d + 6) ? get16(d + 6) : OLD_ROUTER_MTU;
	memcpy(u->quote, d + ICMP_HDR + q.hlen, QUOTE);
	return true;
}

/* Its checksum was checked where its type was looked at. What is sent to IPv6 fits every path. */
static bool quote6(struct net *n, const struct pkt *p, struct tcp_unreachable *u)
{
	struct pkt quoted = *p;
	struct ip6_hdr q;
	if (p->len < ICMP_HDR || p->data[0] == ICMP6_TOO_BIG)
		return false;
	pkt_pull(&quoted, ICMP_HDR);
	const uint8_t *tcp = ip6_quoted(n, &quoted, &q);
	if (!tcp || q.proto != IP_PROTO_TCP)
		return false;
	u->local = host_ip_addr(q.src);
	u->remote = host_ip_addr(q.dst);
	memcpy(u->quote, tcp, QUOTE);
	return true;
}

static bool quoted(struct net *n, const struct ip_in *in, struct tcp_unreachable *u)
{
	memset(u, 0, sizeof *u);
	return in->src.fam == 4 ? quote4(n, in->pkt, u) : quote6(n, in->pkt, u);
}

static void icmp(struct stream_own *o, struct ip_in *in, uint64_t now)
{
	struct tcp_unreachable u;
	bool ours = quoted(o->s.net, in, &u) && tcp_icmp(o->tcp, &u, now);
	stat_inc(o->s.net->stats, ours ? STAT_icmp_unreachable : STAT_drop_icmp);
	pkt_put(in->pkt);
}

static void own_soon(struct stream *s, const uint8_t *ip)
{
	struct tcp_key key = {.fam = 4};
	if (!ip) {
		tcp_soon_fetch(own(s)->tcp);
		return;
	}
	memcpy(key.remote, ip + 12, 4);
	memcpy(key.local, ip + 16, 4);
	key.rport = get16(ip + IP4_HDR);
	key.lport = get16(ip + IP4_HDR + 2);
	tcp_soon_key(own(s)->tcp, &key, ip + IP4_HDR);
}

static void own_input(struct stream *s, struct ip_in *in, uint64_t now)
{
	struct stream_own *o = own(s);
	if (in->icmp)
		icmp(o, in, now);
	else
		tcp_input(o->tcp, in->pkt, &in->src, &in->dst, o->sums, now);
}

/* ---- whose it is ---- */

static uint16_t our_port(const struct ip_in *in)
{
	const struct pkt *p = in->pkt;
	uint32_t at = 2;
	if (in->icmp) { /* of what is quoted: the source port */
		at = ICMP_HDR + IP6_HDR;
		if (in->src.fam == 4)
			at = p->len > ICMP_HDR ? ICMP_HDR + (p->data[ICMP_HDR] & 15) * 4u : ICMP_HDR;
	}
	return p->len >= at + 2 ? get16(p->data + at) : 0;
}

static uint16_t own_owner(const struct stream *s, const struct ip_in *in, uint16_t here)
{
	const struct stream_own *o = (const struct stream_own *)s;
	uint32_t port = our_port(in);
	if (port < STREAM_OWN_PORT_LO || port == o->sip_port || port == o->tls_port)
		return here;
	uint32_t w = (port - STREAM_OWN_PORT_LO) / (PORTS / o->workers);
	return w < o->workers ? (uint16_t)w : here;
}

/* ---- start and stop ---- */

static void settings(struct tcp_conf *k, const struct dp_conf *conf, uint16_t worker)
{
	const uint32_t share = PORTS / conf->workers, lo = STREAM_OWN_PORT_LO + worker * share;
	/* The layer above keeps the limits: it knows which connections have never brought a message. Our own are a little
	 * further away, for what comes before it hears of it. */
	const uint32_t spare = 64 + conf->conns_max / 8, most = conf->conns_max + spare;
	tcp_conf_defaults(k, most, conf->mtu);
	k->peer_conns_max = conf->conns_peer_max + spare < most ? conf->conns_peer_max + spare : most;
	k->port_lo = (uint16_t)lo;
	k->port_hi = (uint16_t)(lo + share - 1);
	k->connect_ms = conf->conn_setup_ms;
	k->user_timeout_ms = USER_TIMEOUT_MS;
	memcpy(k->key, conf->key, sizeof k->key);
	k->key[0] ^= (uint8_t)(worker + 1); /* no worker's numbers are another's */
}

static int own_open(struct stream *s, struct wheel *wheel, uint64_t now)
{
	struct stream_own *o = own(s);
	const struct tcp_ops up = {.ctx = o,
	    .alloc = on_alloc,
	    .output = on_output,
	    .open = on_open,
	    .bytes = on_bytes,
	    .eof = on_eof,
	    .closed = on_closed};
	o->conf.mtu = s->net->mtu;
	int rc = tcp_new(&o->tcp, &o->conf, &up, wheel, s->stats, now);
	if (rc == 0)
		rc = tcp_listen(o->tcp, o->sip_port);
	return rc == 0 && o->tls_port ? tcp_listen(o->tcp, o->tls_port) : rc;
}

static const struct stream_ops ops = {.connect = own_connect,
    .write = own_write,
    .unsent = own_unsent,
    .close = own_close,
    .open = own_open,
    .owner = own_owner,
    .soon = own_soon,
    .input = own_input,
    .turn = own_turn};

int stream_own_new(struct stream **out, const struct dp_conf *conf, uint16_t worker)
{
	struct stream_own *o = calloc(1, sizeof *o);
	if (!o)
		return -ENOMEM;
	settings(&o->conf, conf, worker);
	o->sip_port = conf->sip_port;
	o->tls_port = conf->tls_port;
	o->workers = conf->workers;
	o->sums = conf->check_l4_sums;
	o->s = (struct stream){.ops = &ops, .size = tcp_conf_numbers(&o->conf)};
	*out = &o->s;
	return 0;
}

void stream_own_free(struct stream *s)
{
	if (!s)
		return;
	tcp_free(own(s)->tcp);
	free(s);
}

struct tcp_use stream_own_use(const struct stream *s)
{
	return tcp_use(((const struct stream_own *)s)->tcp);
}
