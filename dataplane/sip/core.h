/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder share: the user agent of one worker. */
#ifndef DP_SIP_CORE_H
#define DP_SIP_CORE_H

#include "dataplane/core/pool.h"
#include "dataplane/core/table.h"
#include "dataplane/sip/auth.h"
#include "dataplane/sip/dialog.h"
#include "dataplane/sip/event.h"
#include "dataplane/sip/ident.h"
#include "dataplane/sip/msg_in.h"
#include "dataplane/sip/ping.h"
#include "dataplane/sip/sip.h"
#include "dataplane/sip/txn.h"
#include "sip-parser/sdp.h"
#include "sip-parser/sip_msg.h"

#define SIP_WAIT_BUCKETS 1024 /* client transactions that wait for a first response, by remote address */

struct guest;      /* uas_guest.c: INVITEs of strangers seen lately */
struct fork_marks; /* fork.c: answers of forks that had their BYE */

#define SIP_FACES (2 * DP_TRANSPORTS)
/* Who we are to those who are reached in one way: text that is the same in every message to them. */
struct sip_face {
	struct span host_port;    /* our address, with the SIP port unless it is 5060 */
	struct span via_head;     /* from behind the Request-URI to the branch */
	struct span via_value;    /* of that, the value alone */
	struct span from_tail;    /* From: from behind its user part to the tag */
	struct span contact_tail; /* Contact: all behind its user part */
};

struct sip {
	struct sip_env env;
	struct hash_key key;
	struct txn_times times;
	const struct txn_user *user;
	bool stopping;
	struct span unreachable; /* while sip_udp_error runs: how the network refused */

	struct pool legs, txns;
	struct dialog_pools texts;
	struct auths auths;
	uint32_t *gens; /* generation of each leg slot: 1 … 0xffffff */
	struct table *servers;
	struct txn_list waiting[SIP_WAIT_BUCKETS];
	struct guest *guests;
	uint32_t guest_sets; /* power of two */
	struct fork_marks *forks;
	uint32_t fork_sets; /* power of two */
	struct events events;
	struct conns *conns; /* NULL: datagrams only */
	struct ping pings[PINGS_MAX];

	struct sip_msg msg;               /* of the datagram being handled */
	struct sip_core core;             /* its headers */
	struct sdp sdp;                   /* its body */
	struct sip_face faces[SIP_FACES]; /* by sip_face_to; IPv6 empty without such an address */
	/* Text that is the same in every message: what an INVITE says about us, User-Agent. */
	struct span about, agent;
	char fixed[4096];
};

/* NULL: no index, or nobody has it. */
static inline struct txn *txn_at(const struct sip *s, uint32_t idx)
{
	return idx == TXN_NO_INDEX ? NULL : pool_at(&s->txns, idx);
}

/* The number of the face that far sees. */
static inline uint8_t sip_face_to(const struct ip_sock *far)
{
	return (uint8_t)((far->a.fam == 6) * DP_TRANSPORTS + far->transport);
}

static inline const struct sip_face *sip_face(const struct sip *s, const struct ip_sock *far)
{
	return &s->faces[sip_face_to(far)];
}

static inline uint64_t sip_random(struct sip *s)
{
	return s->env.random64(s->env.ctx);
}

/* a is earlier than b; the clock may wrap in between. */
static inline bool sip_before(uint64_t a, uint64_t b)
{
	return (int64_t)(a - b) < 0;
}

static inline void sip_count(struct sip *s, enum stat_id id)
{
	stat_inc(s->env.stats, id);
}

#endif
