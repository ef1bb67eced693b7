/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/parse/ours.h"

#include "sip-parser/sip_addr.h"
#include "sip-parser/sip_cseq.h"
#include "sip-parser/sip_msg.h"
#include "sip-parser/sip_scan.h"
#include "sip-parser/sip_via.h"

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

static unsigned long addr_line(struct span v)
{
	struct sip_addr a;
	struct span e;
	uint32_t off;
	unsigned long n = 0;
	while (sip_list_next(&v, &e)) {
		if (sip_addr_parse(&a, e, &off) == 0)
			n += a.uri.host.len + a.tag.len;
	}
	return n;
}

static unsigned long addr_all(const struct sip_msg *m, enum sip_hdr_id id)
{
	unsigned long n = 0;
	for (const struct sip_hdr *h = sip_msg_hdr(m, id); h; h = sip_msg_hdr_next(m, h))
		n += addr_line(sip_hdr_val(m, h));
	return n;
}

static unsigned long start_and_via(const struct sip_msg *m)
{
	struct sip_uri u = {0};
	struct sip_via v;
	struct span top, rest = sip_msg_val(m, SIP_H_VIA);
	uint32_t off;
	unsigned long n = m->status;
	if (m->is_request && sip_uri_parse(&u, m->ruri, &off) == 0)
		n += u.host.len;
	if (sip_list_next(&rest, &top) && sip_via_parse(&v, top, &off) == 0)
		n += v.branch.len;
	return n;
}

static unsigned long numbers(const struct sip_msg *m)
{
	struct sip_cseq c = {0};
	uint32_t off, forwards = 0, bytes = 0;
	if (sip_cseq_parse(&c, sip_msg_val(m, SIP_H_CSEQ), &off) < 0)
		return 0;
	struct span mf = sip_msg_val(m, SIP_H_MAX_FORWARDS), cl = sip_msg_val(m, SIP_H_CONTENT_LENGTH);
	int bad = (mf.p && sip_number(mf, 255, &forwards) < 0) | (cl.p && sip_number(cl, 65535, &bytes) < 0);
	return c.number + forwards + bytes + (unsigned long)bad + sip_msg_val(m, SIP_H_CALL_ID).len +
	       sip_msg_val(m, SIP_H_CONTENT_TYPE).len;
}

unsigned long ours_decode(const char *msg, size_t len)
{
	struct sip_msg m;
	unsigned long n = indexed(&m, msg, len);
	if (!n)
		return 0;
	return n + start_and_via(&m) + addr_all(&m, SIP_H_FROM) + addr_all(&m, SIP_H_TO) +
	       addr_all(&m, SIP_H_CONTACT) + addr_all(&m, SIP_H_ROUTE) + addr_all(&m, SIP_H_RECORD_ROUTE) +
	       numbers(&m);
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
