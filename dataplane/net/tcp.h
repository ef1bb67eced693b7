/* SPDX-License-Identifier: Apache-2.0 */
/* TCP of one worker (RFC 9293 without urgent data). Sans I/O: segments and `now` (ns) in, segments out through
 * `output`, the next deadline in the wheel that is shared with the rest of the worker. Nothing is allocated after
 * tcp_new, nothing is locked, no clock is read. One thread.
 *
 * What it speaks: SACK both ways and D-SACK (RFC 2018, 2883), loss found by time with a tail loss probe (RFC 8985),
 * CUBIC without its slow-start heuristics (RFC 9438), timeouts of RFC 6298 with 10 ms granularity, window scaling
 * (RFC 7323; no timestamps), delayed ACKs carried by data, zero-window probes, keep-alives, user timeout, path MTU by
 * ICMP that quotes what is in flight (RFC 1191, 5927), sequence numbers by RFC 6528, SYN cookies when the half-open table
 * is full, challenge ACKs (RFC 5961), TIME-WAIT in 64 bytes.
 *
 * Callbacks may call any function here on any connection. A connection is gone when on_closed has returned. */
#ifndef DP_TCP_H
#define DP_TCP_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/api/ip_addr.h"
#include "dataplane/api/stats.h"
#include "dataplane/core/wheel.h"

struct pkt;
struct tcp;
struct tcp_conn;
struct tcp_key;

#define TCP_PORTS_MAX 16u /* that are listened on */

enum tcp_why {
	TCP_WHY_CLOSED,      /* both directions are finished and acknowledged */
	TCP_WHY_ABORTED,     /* tcp_abort */
	TCP_WHY_RESET,       /* by the far side */
	TCP_WHY_REFUSED,     /* a connect was answered by RST */
	TCP_WHY_UNREACHABLE, /* a connect was answered by ICMP */
	TCP_WHY_TIMEOUT, /* nothing acknowledged for the user timeout, no keep-alive answered, no answer to SYN */
	TCP_WHY_SWEPT,     /* it was idle the longest when room was needed */
	TCP_WHY_NO_MEMORY, /* a pool was empty where nothing could wait */
};

struct tcp_conf {
	uint32_t conns_max;      /* 1 … 2^20 */
	uint32_t peer_conns_max; /* of one remote address */
	uint32_t syns_max;       /* half-open; above that SYN cookies */
	uint32_t waits_max;      /* in TIME-WAIT; the oldest makes room */
	uint32_t chunks_max;     /* pieces of TCP_CHUNK_BYTES for what is stored in either direction */
	uint32_t in_chunks_max, out_chunks_max;           /* of these, for input and for output */
	uint32_t conn_in_chunks_max, conn_out_chunks_max; /* of one connection */
	uint32_t peer_chunks_max;                         /* of all connections with one address */
	/* Bytes offered to a sender, 4096 … 2^20; never more than half of what conn_in_chunks_max may hold. */
	uint32_t window;
	uint16_t mtu;              /* of the device, IP bytes */
	uint16_t port_lo, port_hi; /* for connections we open */
	uint32_t connect_ms, user_timeout_ms, keepalive_ms,
	    wait_ms;     /* wait: TIME-WAIT and the wait for a far FIN */
	uint8_t key[16]; /* secret: hashes, sequence numbers, cookies */
};

#define TCP_CHUNK_BYTES 1536u

/* A configuration that suits `conns` connections of SIP behind `mtu`; port range, key left to the caller. */
void tcp_conf_defaults(struct tcp_conf *conf, uint32_t conns, uint16_t mtu);

struct tcp_ops {
	void *ctx;
	/* below: an empty packet (NULL: none, the segment is tried again later), and a segment that leaves: pkt->data
	 * is its TCP header with the checksum done, key (tcp_key.h) has the addresses. Takes the reference. df: do not fragment. */
	struct pkt *(*alloc)(void *ctx);
	void (*output)(void *ctx, struct pkt *p, const struct tcp_key *key, bool df, uint64_t now);
	/* above. open: a handshake is done, ours or theirs (tcp_user is NULL for theirs); false: refused, it is
	 * aborted and not told again. bytes: in order, valid during the call only. eof: the far side will send no
	 * more; NULL: tcp_close is called. room: after a tcp_write that had none. closed: the last word. */
	bool (*open)(void *ctx, struct tcp_conn *c, uint64_t now);
	void (*bytes)(void *ctx, struct tcp_conn *c, const uint8_t *data, uint32_t len, uint64_t now);
	void (*eof)(void *ctx, struct tcp_conn *c, uint64_t now);
	void (*room)(void *ctx, struct tcp_conn *c, uint64_t now);
	void (*closed)(void *ctx, struct tcp_conn *c, enum tcp_why why, uint64_t now);
};

/* wheel and stats are borrowed for life. -EINVAL: a setting out of range; -ENOMEM. */
[[nodiscard]] int tcp_new(struct tcp **out, const struct tcp_conf *conf, const struct tcp_ops *ops,
    struct wheel *wheel, struct dp_stats *stats, uint64_t now);
void tcp_free(struct tcp *t); /* tells nobody; the wheel has timers of it still and must not run again */

/* Accept connections to this port of any address of ours. -ENOSPC: TCP_PORTS_MAX are open. */
[[nodiscard]] int tcp_listen(struct tcp *t, uint16_t port);

/* A received segment: p->data is the TCP header, p->len all of it, the addresses are those of the IP header and were
 * checked by it: src is a unicast address and not ours. sums: verify the checksum. Takes the reference. */
void tcp_input(struct tcp *t, struct pkt *p, const struct ip_addr *src, const struct ip_addr *dst, bool sums,
    uint64_t now);
/* What tcp_input will need of segments that arrive in this burst is fetched: first each is named, in order, with its key as
 * tcp_key_make makes it; then all are fetched. The segments must arrive in this order and untouched, or not at all. */
void tcp_soon_key(struct tcp *t, const struct tcp_key *key, const uint8_t *seg);
void tcp_soon_fetch(struct tcp *t);
/* Send what the turn has brought together: data, ACKs; give ended connections back. Once a turn. */
uint32_t tcp_flush(struct tcp *t, uint64_t now); /* how many connections had something to do */

/* ICMP said that a segment of ours, which begins with quote[0, 8), did not arrive. mtu: of "fragmentation needed", 0
 * where it names none. False: no connection has such a segment in flight; nothing was changed. */
struct tcp_unreachable {
	struct ip_addr local, remote;
	uint8_t quote[8];
	bool too_big;
	uint16_t mtu;
};
bool tcp_icmp(struct tcp *t, const struct tcp_unreachable *u, uint64_t now);

/* Open a connection from our address `local`. The SYN leaves with tcp_flush; `open` or `closed` follows.
 * -ENOBUFS: no connection or chunk; -EDQUOT: peer_conns_max; -EADDRNOTAVAIL: no free port found. */
[[nodiscard]] int tcp_connect(struct tcp *t, struct tcp_conn **out, const struct ip_addr *local,
    const struct ip_sock *remote, void *user, uint64_t now);
/* Take all n bytes or none. -ENOBUFS: no room (room is told later); -EPIPE: closed or not yet open is no reason:
 * bytes written before `open` wait. */
[[nodiscard]] int tcp_write(struct tcp_conn *c, const void *data, uint32_t n, uint64_t now);
/* Nothing more will be written: FIN behind what was. What still arrives is dropped unseen; `closed` follows. */
void tcp_close(struct tcp_conn *c, uint64_t now);
void tcp_abort(struct tcp_conn *c, uint64_t now); /* RST; `closed` is told from tcp_flush */
/* While paused no bytes are told and the window closes. */
void tcp_pause(struct tcp_conn *c, bool paused, uint64_t now);

bool tcp_outgoing(const struct tcp_conn *c); /* we opened it */
/* A connection's number, below tcp_conf_numbers, until `closed` has been told. tcp_at: NULL when it names none. */
uint32_t tcp_number(const struct tcp_conn *c);
uint32_t tcp_conf_numbers(const struct tcp_conf *conf);
struct tcp_conn *tcp_at(const struct tcp *t, uint32_t number);
void *tcp_user(const struct tcp_conn *c);
void tcp_set_user(struct tcp_conn *c, void *user);
struct ip_sock tcp_local(const struct tcp_conn *c);
struct ip_sock tcp_remote(const struct tcp_conn *c);
uint32_t tcp_unsent(const struct tcp_conn *c); /* bytes written and not yet acknowledged */

struct tcp_use {
	uint32_t conns, syns, waits, in_chunks, out_chunks;
};
struct tcp_use tcp_use(const struct tcp *t);

#endif
