/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/parse/ours.h"

#include "sip-parser/sip_core.h"
#include "sip-parser/sip_fast_all.h"
#include "sip-parser/sip_msg.h"
#include "sip-parser/sip_scan.h"

static unsigned long indexed(struct sip_msg *m, const char *msg, size_t len)
{
	struct sip_err err;
	return sip_msg_parse(m, msg, (uint32_t)len, SIP_DATAGRAM, &err) == 0 ? 1ul + m->n_hdrs : 0;
}

unsigned long ours_index(const char *msg, size_t len)
{
	struct sip_msg m;
	return indexed(&m, msg, len);
}

unsigned long ours_index_scalar(const char *msg, size_t len)
{
	struct sip_msg m;
	return sip_fast_scalar.index(&m, msg, (uint32_t)len, SIP_DATAGRAM) ? 1ul + m.n_hdrs : 0;
}

static unsigned long addr(const struct sip_core_addr *a)
{
	return (unsigned long)a->uri.host.len + a->uri.user.len + a->tag.len;
}

static unsigned long addrs(const struct sip_core *c)
{
	unsigned int all = c->contact.n + c->route.n + c->record_route.n;
	unsigned long n = addr(&c->from) + addr(&c->to);
	for (unsigned int i = 0; i < all && i < SIP_CORE_ADDRS; i++)
		n += addr(&c->addrs[i]);
	return n;
}

unsigned long ours_decode(const char *msg, size_t len)
{
	struct sip_msg m;
	struct sip_core c;
	struct sip_err err;
	unsigned long n = indexed(&m, msg, len);
	if (!n || sip_msg_core(&m, &c, &err) != 0)
		return 0;
	if (m.is_request)
		n += c.ruri.host.len;
	return n + m.status + c.via.branch.len + c.via.port + addrs(&c) + c.call_id.len + c.cseq +
	       c.cseq_kind + c.max_forwards + c.content_length + c.content_type.len;
}

unsigned long ours_check(const char *msg, size_t len)
{
	struct sip_msg m;
	struct sip_err err;
	unsigned long n = indexed(&m, msg, len);
	return n && sip_msg_check(&m, &err) == 0 ? n : 0;
}

unsigned long ours_scan(const char *msg, size_t len)
{
	const char *p = msg, *end = msg + len;
	unsigned long n = 0;
	while ((p = sip_scan2(p, end, '\r', '\n')) < end) {
		p++;
		n++;
	}
	return n;
}

unsigned long ours_memcpy(const char *msg, size_t len)
{
	static char to[65536];
	memcpy(to, msg, len);
	__asm__ volatile("" : : "r"(to) : "memory");
	return len;
}
