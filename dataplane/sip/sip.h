/* SPDX-License-Identifier: Apache-2.0 */
/* The SIP user agent of one worker: transport, transactions, dialogs and legs behind five entry points.
 * Commands in, datagrams in, ICMP errors in, timers on the worker's wheel; events and datagrams out.
 * One thread; `now` is an argument; no allocation after sip_new. */
#ifndef DP_SIP_H
#define DP_SIP_H

#include "dataplane/api/dp_conf.h"
#include "dataplane/api/dp_msg.h"
#include "dataplane/api/stats.h"
#include "dataplane/media/leg.h"
#include "dataplane/net/net.h"

struct sip;

struct sip_env {
	const struct dp_conf *conf;
	uint16_t worker;
	struct net *net;
	struct media *media;
	struct stream *stream; /* NULL: no TCP */
	struct tls *tls;       /* NULL: no TLS */
	struct wheel *wheel;
	struct dp_stats *stats;
	/* Events out. claim gives the next free slot of the event ring or NULL when it is full (sip keeps the
	 * event back and offers it again from sip_turn); publish makes the claimed one visible. */
	void *ctx;
	struct dp_event *(*event_claim)(void *ctx);
	void (*event_publish)(void *ctx);
	/* A message of a connection of ours belongs to another worker; a message is to leave by a connection of
	 * another worker (takes the reference). False: no room. May be NULL where there is one worker. */
	bool (*stream_in)(void *ctx, uint16_t worker, struct span text, const struct ip_sock *src);
	bool (*stream_out)(void *ctx, uint16_t worker, struct pkt *p, const struct ip_sock *dst);
	/* 64 bits from a CSPRNG seeded per worker with getrandom (a seeded generator in simulations). */
	uint64_t (*random64)(void *ctx);
};

[[nodiscard]] int sip_new(struct sip **out, const struct sip_env *env, uint64_t now);
/* Gives back every packet, port and timer: while net, media and wheel still live. */
void sip_free(struct sip *s);

/* May the next command be taken from its ring? False while events are kept back or the event ring is full:
 * the command stays where it is (back-pressure), and what it would have said is not lost. Ask before each
 * command, after sip_turn. */
bool sip_may_take(struct sip *s);
void sip_command(struct sip *s, const struct dp_cmd *c, uint64_t now);
/* The same command will be taken soon: fetch what it needs, in steps 0 to SIP_SOON_STEPS - 1 with some time in between.
 * Changes nothing. */
#define SIP_SOON_STEPS 2
void sip_command_soon(const struct sip *s, const struct dp_cmd *c, unsigned step);
void sip_udp_in(struct sip *s, struct udp_in *in, uint64_t now); /* takes the packet */
/* What another worker's stream_in handed over, and its stream_out (takes the packet). */
void sip_stream_in(struct sip *s, struct span text, const struct ip_sock *src, uint64_t now);
void sip_stream_out(struct sip *s, struct pkt *p, const struct ip_sock *dst, uint64_t now);
void sip_udp_error(struct sip *s, const struct udp_err *e, uint64_t now);
/* Once per turn: offers kept-back events again. Returns how many were told. */
uint32_t sip_turn(struct sip *s, uint64_t now);
/* End every leg (BYE or CANCEL), refuse new ones; used by an orderly stop. */
void sip_shutdown(struct sip *s, uint64_t now);

/* Which worker owns a message, read from the bytes we emitted (Via branch of a response, To tag or Request-URI
 * user of a request) and checked by their MAC; hash(Call-ID) % workers for anything else. */
uint16_t sip_owner(const struct sip *s, const uint8_t *data, uint32_t len);

uint32_t sip_legs_live(const struct sip *s);
uint32_t sip_gauges(const struct sip *s, struct dp_pool_gauge *out, uint32_t n);

#endif
