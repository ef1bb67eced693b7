/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of TCP share: the host's tables and one connection (RFC 9293's TCB). */
#ifndef DP_TCP_CONN_H
#define DP_TCP_CONN_H

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "dataplane/core/pool.h"
#include "dataplane/core/table.h"
#include "dataplane/net/rate.h"
#include "dataplane/net/tcp.h"
#include "dataplane/net/tcp_chunk.h"
#include "dataplane/net/tcp_key.h"
#include "dataplane/net/tcp_seg.h"
#include "sip-parser/base/hash.h"

#define TCP_MS 1000000ull
#define TCP_MSS_MIN                                                                                          \
	536u /* RFC 9293 §3.7.1; also what a path MTU may press it to (RFC 1191: 68 is an attack) */
#define TCP_RTO_G      (10 * TCP_MS)  /* granularity of RFC 6298 */
#define TCP_RTO_MIN    (200 * TCP_MS) /* far below RFC 6298's second, as everybody */
#define TCP_RTO_INIT   (1000 * TCP_MS)
#define TCP_RTO_MAX    (60000 * TCP_MS)
#define TCP_DELACK     (40 * TCP_MS) /* RFC 9293 §3.8.6.3: below 500 */
#define TCP_FAR_ACK    (60 * TCP_MS) /* how late others acknowledge a lone segment (RFC 8985's WCDelAckT) */
#define TCP_NEVER      UINT64_MAX
#define TCP_BARE_RATE  1000u /* segments a second without a connection: RST and the like */
#define TCP_BARE_BURST 200u
#define TCP_SPARE      64u /* connections that have ended and are not yet given back */

enum tcp_state {
	TCP_CLOSED,
	TCP_SYN_SENT,
	TCP_SYN_RCVD, /* simultaneous open only: a half-open connection of others is a struct tcp_syn */
	TCP_ESTABLISHED,
	TCP_FIN_WAIT_1,
	TCP_FIN_WAIT_2,
	TCP_CLOSING,
	TCP_CLOSE_WAIT,
	TCP_LAST_ACK,
	TCP_TIME_WAIT, /* left at once: struct tcp_wait */
	TCP_STATES
};

enum tcp_event {
	TCP_EV_CONNECT,
	TCP_EV_ACCEPT,    /* a half-open connection is acknowledged */
	TCP_EV_SYN,       /* theirs, without ACK of ours */
	TCP_EV_OPEN,      /* the handshake is complete */
	TCP_EV_CLOSE,     /* we will write no more */
	TCP_EV_FIN,       /* theirs, everything before it received */
	TCP_EV_FIN_ACKED, /* ours */
	TCP_EV_GONE,      /* reset, aborted, timed out, swept */
	TCP_EVENTS
};

enum tcp_rtx { /* what `rtx_at` is for */
	TCP_RTX_NONE,
	TCP_RTX_RTO,
	TCP_RTX_PROBE,   /* tail loss probe */
	TCP_RTX_REORDER, /* RACK waits for what may only be late */
	TCP_RTX_PERSIST, /* zero window */
};

/* flags */
#define CF_ACK_NOW   1u /* an ACK must leave with this turn */
#define CF_ACK_SOON  2u /* within TCP_DELACK */
#define CF_WORK      4u /* is in tcp.work */
#define CF_PAUSED    8u
#define CF_FIN_KNOWN 16u   /* rcv_fin is where their data ends */
#define CF_CLOSE     32u   /* the application has closed */
#define CF_SACK      64u   /* both sides speak it */
#define CF_RECOVERY  128u  /* until snd_una reaches recover */
#define CF_RTO       256u  /* recovery by timeout: slow start, no second cut */
#define CF_REORDERED 512u  /* this path reorders */
#define CF_PROBED    1024u /* a tail loss probe is out */
#define CF_PROBE_OLD 2048u /* … and repeated old data */
#define CF_ROOM      4096u /* a write was refused */
#define CF_TOLD      8192u /* the application knows of it */
#define CF_DSACK     16384u
#define CF_OURS      131072u /* we opened it */
#define CF_FIN_DUE   65536u  /* our FIN has no chunk yet */
#define CF_EOF       32768u  /* their end is reached and not told yet */

struct tcp_peer { /* one far address with its share */
	struct ip_addr a;
	uint32_t conns, chunks;
	uint64_t hash;
};

struct tcp_conn {
	struct tcp_key key;
	uint64_t hash;
	struct tcp *t;
	uint32_t flags;
	uint8_t state, why;
	uint8_t scale_out, scale_in; /* shifts of what we say and of what they say */
	/* input */
	uint32_t rcv_nxt, rcv_adv; /* right edge that was offered: never moves back */
	uint32_t rcv_read;         /* told to the application */
	uint32_t rcv_acked;        /* last ACK sent */
	/* output */
	uint32_t snd_una, snd_nxt, snd_end; /* end: of what was written */
	uint32_t snd_wnd, snd_wl1, snd_wl2, snd_wnd_max;
	uint32_t cwnd, pipe;
	uint16_t mss;
	uint8_t rtx, backoff;
	struct tcp_chunk *out_head, *out_tail, *out_new; /* new: the first that was never sent */
	struct tcp_chunk *in_head, *in_tail;
	uint64_t rtx_at, ack_at, idle_at, again_at; /* TCP_NEVER: not set */
	struct wtimer timer;                        /* fires no later than the earliest of these */
	struct tcp_conn *work_next, *old_prev, *old_next;
	struct tcp_peer *peer;
	void *user;
	uint32_t srtt_us, rttvar_us, rtt_min_us, lost; /* lost: chunks to be sent again */
	uint64_t heard_ns;                             /* last segment that was acceptable */
	uint64_t old_ns;                               /* when it was put behind the others in tcp.old */
	uint64_t progress_ns;                          /* since when the head of the output waits */
	uint64_t challenge_ns;
	uint64_t sent_ns; /* last data */
	/* seldom */
	uint32_t in_chunks, out_chunks;
	uint32_t rcv_fin, ooo_last; /* ooo_last: sequence number that came out of order last */
	struct tcp_range dsack;
	uint32_t ssthresh, recover, probe_end, dup_acks, sacked; /* sacked: chunks */
	uint64_t rack_ns;
	uint32_t rack_end, rack_rtt_us, reo_steps, fack;
	uint32_t iss, irs;
	uint8_t keep_probes, persists;
	struct { /* CUBIC, RFC 9438 */
		uint64_t epoch_ns;
		uint32_t w_max, w_est, k_ms, acked;
	} cubic;
};

#define TCP_SOON 32u

struct tcp_soon { /* a segment that will arrive in this burst */
	const uint8_t *seg;
	uint64_t hash;
	uint32_t idx;
};

struct tcp {
	struct tcp_conf conf;
	struct tcp_ops ops;
	struct wheel *wheel;
	struct dp_stats *stats;
	struct tcp_hash hash;
	struct hash_key peer_key, isn_key, cookie_key;
	struct tcp_soon soon[TCP_SOON]; /* of this burst */
	uint32_t n_soon, at_soon;
	struct table *conn_tab, *peer_tab, *syn_tab, *wait_tab;
	struct pool conns, peers, syns, waits;
	struct tcp_chunks chunks;
	struct tcp_conn *work;                /* has something to send, or to be buried */
	struct tcp_conn *old_head, *old_tail; /* longest without activity first, to the second */
	uint16_t ports[TCP_PORTS_MAX], n_ports, next_port;
	uint16_t mss4, mss6; /* that we offer */
	uint8_t scale;
	struct rate rst_rate;
	bool cookies; /* some were sent, the last at */
	uint64_t cookie_ns;
	uint32_t wait_head, wait_tail; /* pool indices, oldest first */
	struct wtimer wait_timer;
	uint32_t live; /* connections that have not ended */
};

/* ---- tcp_fsm.c: the one place that changes a state. False: illegal in this state, counted ---- */
bool tcp_event(struct tcp_conn *c, enum tcp_event ev);

/* ---- tcp_api.c: our FIN behind all that was written; without a chunk for it CF_FIN_DUE stays ---- */
void tcp_queue_fin(struct tcp_conn *c, uint64_t now);

/* ---- tcp.c: life of a connection ---- */
/* A connection in CLOSED with its peer charged, in the table; NULL: none to be had even by sweeping, counted. */
struct tcp_conn *tcp_conn_get(struct tcp *t, const struct tcp_key *key, uint64_t hash, uint64_t now);
struct tcp_conn *tcp_conn_find(const struct tcp *t, const struct tcp_key *key, uint64_t hash);
/* It ends here; told and given back by tcp_flush. reset: say RST. */
void tcp_conn_end(struct tcp_conn *c, enum tcp_why why, bool reset, uint64_t now);
void tcp_conn_touch(struct tcp_conn *c, uint64_t now); /* it was heard */
/* End the connection that was silent the longest: `idle` one that holds nothing, else one that holds chunks. */
bool tcp_sweep(struct tcp *t, const struct tcp_peer *peer, bool idle, uint64_t now);

static inline void tcp_work(struct tcp_conn *c)
{
	if (c->flags & CF_WORK)
		return;
	c->flags |= CF_WORK;
	c->work_next = c->t->work;
	c->t->work = c;
}

static inline bool tcp_synced(const struct tcp_conn *c)
{
	return c->state >= TCP_ESTABLISHED;
}

static inline uint16_t tcp_mss(const struct tcp *t, const struct tcp_key *key)
{
	return key->fam == 4 ? t->mss4 : t->mss6;
}

/* Bytes of sequence space written and not acknowledged, or sent and not acknowledged. */
static inline uint32_t tcp_queued(const struct tcp_conn *c)
{
	return c->snd_end - c->snd_una;
}

static inline uint32_t tcp_flight(const struct tcp_conn *c)
{
	return c->snd_nxt - c->snd_una;
}

#endif
