/* SPDX-License-Identifier: Apache-2.0 */
/* A message that came, as it is handed on: indexed, checked and decoded once (transport.c), and read from there by
 * everybody else. Lives as long as the call it is an argument of. */
#ifndef DP_SIP_MSG_IN_H
#define DP_SIP_MSG_IN_H

#include "dataplane/api/ip_addr.h"
#include "sip-parser/sip_core.h"

struct msg_in {
	const struct sip_msg *m;
	const struct sip_core
	    *c; /* NULL: a response whose status says everything (txn_response_brief); nothing else of m
	                             may be read then */
	const struct ip_sock *src;
	uint64_t now;
};

static inline struct span msg_branch(const struct msg_in *h)
{
	return sip_at(h->m, h->c->via.branch);
}

/* Empty: no tag. */
static inline struct span msg_from_tag(const struct msg_in *h)
{
	return sip_at(h->m, h->c->from.tag);
}

static inline struct span msg_to_tag(const struct msg_in *h)
{
	return sip_at(h->m, h->c->to.tag);
}

#endif
