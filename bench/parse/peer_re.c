/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/parse/peer.h"

#include <stdint.h>
#include <sys/socket.h>

#include <re.h>

int bench_peer_init(void)
{
	return 0;
}

const char *bench_peer_name(void)
{
	return "libre";
}

/* sip_msg_decode decodes Via, To, From, CSeq, Call-ID, Max-Forwards, Content-Type and -Length; the address
 * headers its user decodes when needed. */
static unsigned long addresses(const struct sip_msg *m)
{
	static const enum sip_hdrid ids[] = {SIP_HDR_CONTACT, SIP_HDR_ROUTE, SIP_HDR_RECORD_ROUTE};
	unsigned long n = 0;
	for (unsigned i = 0; i < sizeof ids / sizeof *ids; i++) {
		struct sip_addr a;
		const struct sip_hdr *h = sip_msg_hdr(m, ids[i]);
		if (h && sip_addr_decode(&a, &h->val) == 0)
			n++;
	}
	return n;
}

unsigned long bench_peer_parse(const char *msg, size_t len)
{
	struct sip_msg *m = NULL;
	struct mbuf *mb = mbuf_alloc(len);
	unsigned long n = 0;
	if (!mb)
		return 0;
	(void)mbuf_write_mem(mb, (const uint8_t *)msg, len);
	mb->pos = 0;
	if (sip_msg_decode(&m, mb) == 0)
		n = 1 + m->cseq.num + addresses(m);
	mem_deref(m);
	mem_deref(mb);
	return n;
}
