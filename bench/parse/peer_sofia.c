/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/parse/peer.h"

#include <sofia-sip/msg.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_protos.h>
#include <sofia-sip/su_alloc.h>

int bench_peer_init(void)
{
	return 0;
}

const char *bench_peer_name(void)
{
	return "sofia-sip";
}

/* msg_make copies the bytes and parses every header into its struct. */
unsigned long bench_peer_parse(const char *msg, size_t len)
{
	msg_t *m = msg_make(sip_default_mclass(), 0, msg, (ssize_t)len);
	unsigned long n = 0;
	if (!m)
		return 0;
	sip_t *s = sip_object(m);
	if (s && !s->sip_error && s->sip_via && s->sip_from && s->sip_to && s->sip_cseq)
		n = 1 + s->sip_cseq->cs_seq;
	msg_destroy(m);
	return n;
}
