/* SPDX-License-Identifier: Apache-2.0 */
/* Every variant of the vector code gives exactly what the reference gives: index, verdict, error, decoded fields. */
#ifndef FAST_EQUAL_H
#define FAST_EQUAL_H

#include "tests/fuzz/fuzz.h"

#include "sip-parser/sip_fast.h"

#define SAME(field)   MUST(a->field == b->field)
#define SAME_S(field) MUST(a->field.p == b->field.p && a->field.len == b->field.len)
#define SAME_A(field) MUST(a->field.off == b->field.off && a->field.len == b->field.len)

static inline void same_index(const struct sip_msg *a, const struct sip_msg *b)
{
	SAME(base);
	SAME(len);
	SAME(is_request);
	SAME(method);
	SAME(status);
	SAME(n_hdrs);
	SAME_S(method_text);
	SAME_S(ruri);
	SAME_S(version);
	SAME_S(reason);
	SAME_S(body);
	MUST(memcmp(a->first, b->first, sizeof a->first) == 0);
	for (unsigned int i = 0; i < a->n_hdrs; i++) {
		SAME(hdrs[i].name_off);
		SAME(hdrs[i].name_len);
		SAME(hdrs[i].val_off);
		SAME(hdrs[i].val_len);
		SAME(ids[i]);
		SAME(next[i]);
	}
}

static inline void same_uri(const struct sip_core_uri *a, const struct sip_core_uri *b)
{
	SAME_A(text);
	SAME_A(scheme);
	SAME_A(user);
	SAME_A(password);
	SAME_A(host);
	SAME_A(params);
	SAME_A(headers);
	SAME(port);
	SAME(kind);
	SAME(host_is_v6);
	SAME(host_is_v4);
}

static inline void same_addr(const struct sip_core_addr *a, const struct sip_core_addr *b)
{
	same_uri(&a->uri, &b->uri);
	SAME_A(display);
	SAME_A(params);
	SAME_A(tag);
	SAME(star);
}

static inline void same_via(const struct sip_core_via *a, const struct sip_core_via *b)
{
	SAME_A(text);
	SAME_A(sent);
	SAME_A(protocol);
	SAME_A(version);
	SAME_A(transport);
	SAME_A(host);
	SAME_A(params);
	SAME_A(branch);
	SAME_A(received);
	SAME_A(maddr);
	SAME(port);
	SAME(ttl);
	SAME(rport);
	SAME(host_is_v6);
	SAME(has_rport);
}

static inline unsigned int same_core(
    const struct sip_msg *m, const struct sip_core *a, const struct sip_core *b)
{
	if (m->is_request)
		same_uri(&a->ruri, &b->ruri);
	same_via(&a->via, &b->via);
	same_addr(&a->from, &b->from);
	same_addr(&a->to, &b->to);
	SAME_A(call_id);
	SAME_A(cseq_method);
	SAME_A(content_type);
	SAME(cseq);
	SAME(content_length);
	SAME(cseq_kind);
	SAME(max_forwards);
	SAME(n_vias);
	SAME(contact.at);
	SAME(contact.n);
	SAME(route.at);
	SAME(route.n);
	SAME(record_route.at);
	SAME(record_route.n);
	unsigned int kept = a->contact.n + a->route.n + a->record_route.n;
	for (unsigned int i = 0; i < kept && i < SIP_CORE_ADDRS; i++)
		same_addr(&a->addrs[i], &b->addrs[i]);
	return kept;
}

static inline void same_err(const struct sip_err *a, const struct sip_err *b)
{
	SAME(status);
	SAME(offset);
	SAME(reason);
}

/* How often the fast paths took a message, over all calls: a test can see that it did test them. */
static unsigned long fast_indexed, fast_cored;

static inline void fast_equal_framed(
    const struct sip_fast *f, const char *p, uint32_t n, enum sip_framing framing)
{
	static struct sip_msg want, got;
	static struct sip_core want_core, got_core;
	struct sip_err want_err = {0}, got_err = {0};
	int want_rc = sip_msg_parse_plain(&want, p, n, framing, &want_err);
	memset(&got, 0xa5, sizeof got);
	memset(&got_core, 0xa5, sizeof got_core);
	MUST(sip_msg_parse(&got, p, n, framing, &got_err) == want_rc);
	same_err(&got_err, &want_err);
	same_index(&got, &want);
	if (want_rc < 0)
		return;
	want_rc = sip_msg_check_plain(&want, &want_err);
	if (want_rc == 0)
		sip_core_plain(&want, &want_core);
	struct sip_msg again = got;
	if (got.marked) {
		fast_indexed++;
		fast_cored += f->core(&again, &got_core);
		again = got;
	}
	MUST(sip_msg_core(&got, &got_core, &got_err) == want_rc);
	same_err(&got_err, &want_err);
	MUST(got.method == want.method);
	if (want_rc == 0)
		same_core(&got, &got_core, &want_core);
	MUST(sip_msg_check(&again, &got_err) == want_rc);
	same_err(&got_err, &want_err);
	MUST(again.method == want.method);
}

static inline void fast_equal(const char *p, uint32_t n)
{
	const struct sip_fast *f;
	for (unsigned int i = 0; (f = sip_fast_at(i)); i++) {
		sip_fast_force(f);
		fast_equal_framed(f, p, n, SIP_DATAGRAM);
		fast_equal_framed(f, p, n, SIP_STREAM);
	}
	sip_fast_force(NULL);
}

#endif
