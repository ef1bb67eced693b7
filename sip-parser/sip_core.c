/* SPDX-License-Identifier: Apache-2.0 */
#include "sip-parser/sip_core.h"

#include "sip-parser/sip_cseq.h"
#include "sip-parser/sip_fast.h"

static struct sip_at at_of(const struct sip_msg *m, struct span s)
{
	return s.p ? (struct sip_at){(uint16_t)(s.p - m->base), (uint16_t)s.len} : (struct sip_at){0};
}

static struct sip_core_uri uri_at(const struct sip_msg *m, const struct sip_uri *u)
{
	return (struct sip_core_uri){.text = at_of(m, u->text),
	    .scheme = at_of(m, u->scheme_text),
	    .user = at_of(m, u->user),
	    .password = at_of(m, u->password),
	    .host = at_of(m, u->host),
	    .params = at_of(m, u->params),
	    .headers = at_of(m, u->headers),
	    .port = u->port,
	    .kind = u->scheme,
	    .host_is_v6 = u->host_is_v6,
	    .host_is_v4 = u->host_is_v4};
}

bool sip_core_uri_plain(const struct sip_msg *m, struct span text, struct sip_core_uri *to)
{
	struct sip_uri u;
	uint32_t off;
	if (sip_uri_parse(&u, text, &off) < 0)
		return false;
	*to = uri_at(m, &u);
	return true;
}

bool sip_core_addr_plain(const struct sip_msg *m, struct span elem, struct sip_core_addr *to)
{
	struct sip_addr a;
	uint32_t off;
	if (sip_addr_parse(&a, elem, &off) < 0)
		return false;
	*to = (struct sip_core_addr){
	    uri_at(m, &a.uri), at_of(m, a.display), at_of(m, a.params), at_of(m, a.tag), a.star};
	return true;
}

bool sip_core_via_plain(const struct sip_msg *m, struct span elem, struct sip_core_via *to)
{
	struct sip_via v;
	uint32_t off;
	if (sip_via_parse(&v, elem, &off) < 0)
		return false;
	*to = (struct sip_core_via){.text = at_of(m, v.text),
	    .sent = at_of(m, v.sent),
	    .protocol = at_of(m, v.protocol),
	    .version = at_of(m, v.version),
	    .transport = at_of(m, v.transport),
	    .host = at_of(m, v.host),
	    .params = at_of(m, v.params),
	    .branch = at_of(m, v.branch),
	    .received = at_of(m, v.received),
	    .maddr = at_of(m, v.maddr),
	    .port = v.port,
	    .ttl = v.ttl,
	    .rport = v.rport,
	    .host_is_v6 = v.host_is_v6,
	    .has_rport = v.has_rport};
	return true;
}

/* All elements of one header; *used counts the kept ones of all three lists. */
static void addrs_plain(
    const struct sip_msg *m, struct sip_core *c, enum sip_hdr_id id, uint16_t *n, uint16_t *used)
{
	struct sip_core_addr a;
	for (const struct sip_hdr *h = sip_msg_hdr(m, id); h; h = sip_msg_hdr_next(m, h)) {
		struct span rest = sip_hdr_val(m, h), e = rest;
		for (; sip_list_next(&rest, &e); (*n)++) {
			if (*used < SIP_CORE_ADDRS && sip_core_addr_plain(m, e, &a))
				c->addrs[(*used)++] = a;
		}
	}
}

static void vias_plain(const struct sip_msg *m, struct sip_core *c)
{
	struct sip_core_via v;
	for (const struct sip_hdr *h = sip_msg_hdr(m, SIP_H_VIA); h; h = sip_msg_hdr_next(m, h)) {
		struct span rest = sip_hdr_val(m, h), e = rest;
		for (; sip_list_next(&rest, &e); c->n_vias++) {
			if (c->n_vias == 0 && sip_core_via_plain(m, e, &v))
				c->via = v;
		}
	}
}

static void numbers_plain(const struct sip_msg *m, struct sip_core *c)
{
	struct sip_cseq q;
	struct span mf = sip_msg_val(m, SIP_H_MAX_FORWARDS), cl = sip_msg_val(m, SIP_H_CONTENT_LENGTH);
	uint32_t off, n;
	c->max_forwards = mf.p && sip_number(mf, 255, &n) == 0 ? (uint16_t)n : 0xffff;
	c->content_length = cl.p && sip_number(cl, UINT32_MAX, &n) == 0 ? n : UINT32_MAX;
	if (sip_cseq_parse(&q, sip_msg_val(m, SIP_H_CSEQ), &off) < 0)
		return;
	c->cseq = q.number;
	c->cseq_kind = q.method;
	c->cseq_method = at_of(m, q.method_text);
}

void sip_core_plain(const struct sip_msg *m, struct sip_core *c)
{
	uint16_t used = 0;
	memset(c, 0, sizeof *c);
	if (m->is_request)
		(void)sip_core_uri_plain(m, m->ruri, &c->ruri);
	vias_plain(m, c);
	(void)sip_core_addr_plain(m, sip_msg_val(m, SIP_H_FROM), &c->from);
	(void)sip_core_addr_plain(m, sip_msg_val(m, SIP_H_TO), &c->to);
	addrs_plain(m, c, SIP_H_CONTACT, &c->contact.n, &used);
	c->route.at = used;
	addrs_plain(m, c, SIP_H_ROUTE, &c->route.n, &used);
	c->record_route.at = used;
	addrs_plain(m, c, SIP_H_RECORD_ROUTE, &c->record_route.n, &used);
	c->call_id = at_of(m, sip_msg_val(m, SIP_H_CALL_ID));
	c->content_type = at_of(m, sip_msg_val(m, SIP_H_CONTENT_TYPE));
	numbers_plain(m, c);
}

int sip_msg_core(struct sip_msg *m, struct sip_core *c, struct sip_err *err)
{
	if (m->marked && sip_fast()->core(m, c)) {
		*err = (struct sip_err){0};
		return 0;
	}
	if (sip_msg_check_plain(m, err) < 0)
		return -1;
	sip_core_plain(m, c);
	return 0;
}

int sip_msg_check(struct sip_msg *m, struct sip_err *err)
{
	struct sip_core c;
	if (!m->marked || !sip_fast()->core(m, &c))
		return sip_msg_check_plain(m, err);
	*err = (struct sip_err){0};
	return 0;
}

struct sip_uri sip_core_uri_of(const struct sip_msg *m, const struct sip_core_uri *u)
{
	return (struct sip_uri){.text = sip_at(m, u->text),
	    .scheme = u->kind,
	    .host_is_v6 = u->host_is_v6,
	    .host_is_v4 = u->host_is_v4,
	    .scheme_text = sip_at(m, u->scheme),
	    .user = sip_at(m, u->user),
	    .password = sip_at(m, u->password),
	    .host = sip_at(m, u->host),
	    .port = u->port,
	    .params = sip_at(m, u->params),
	    .headers = sip_at(m, u->headers)};
}

struct sip_addr sip_core_addr_of(const struct sip_msg *m, const struct sip_core_addr *a)
{
	return (struct sip_addr){.display = sip_at(m, a->display),
	    .uri_text = sip_at(m, a->uri.text),
	    .uri = sip_core_uri_of(m, &a->uri),
	    .params = sip_at(m, a->params),
	    .tag = sip_at(m, a->tag),
	    .star = a->star};
}

struct sip_via sip_core_via_of(const struct sip_msg *m, const struct sip_core_via *v)
{
	return (struct sip_via){.text = sip_at(m, v->text),
	    .sent = sip_at(m, v->sent),
	    .protocol = sip_at(m, v->protocol),
	    .version = sip_at(m, v->version),
	    .transport = sip_at(m, v->transport),
	    .host = sip_at(m, v->host),
	    .host_is_v6 = v->host_is_v6,
	    .port = v->port,
	    .params = sip_at(m, v->params),
	    .branch = sip_at(m, v->branch),
	    .received = sip_at(m, v->received),
	    .maddr = sip_at(m, v->maddr),
	    .ttl = v->ttl,
	    .has_rport = v->has_rport,
	    .rport = v->rport};
}
