/* SPDX-License-Identifier: Apache-2.0 */
/* The headers a UA needs, over the marks; included once by each variant. A value of an unusual
 * shape is given to the reference decoder, alone; an error anywhere ends the fast path, and the reference checks the
 * message again from its beginning to name it. */
#include "sip-parser/sip_fast_index.h"
#include "sip-parser/sip_fast_uri.h"

FAST uint32_t display_at(struct walk *w, uint32_t at, struct sip_at *to)
{
	uint32_t z = walk_next(w);
	if (w->b[z] == '<')
		return z == at ? z : 0;
	if (w->b[at] == '"') {
		z = z == at ? quoted_at(w, z) : 0;
		*to = at_from(at, z);
		if (z && w->b[z] == ' ') {
			uint32_t sp = z;
			z = walk_next(w);
			z = z == sp + 1 ? z : 0;
		}
		return z && w->b[z] == '<' ? z : 0;
	}
	while (w->b[z] == ' ')
		z = walk_next(w);
	if (w->b[z] != '<')
		return 0;
	uint32_t e = z;
	while (w->b[e - 1] == ' ')
		e--;
	*to = at_from(at, e);
	return e > at ? z : 0;
}

/* The header parameters of an address; z is the mark behind '>'. */
FAST uint32_t addr_params(struct walk *w, uint32_t z, struct sip_core_addr *a)
{
	uint32_t from = z + 1;
	struct param p;
	if (w->b[z] != ';')
		return z;
	while (z && w->b[z] == ';') {
		z = param_at(w, z, &p);
		if (p.name_len != 3 ||
		    ((load_4(w->b + p.name) & 0xffffffu) | 0x202020u) != (uint32_t)WORD("tag"))
			continue;
		if (a->tag.len || p.val == 0 || w->b[p.val] == '"')
			return 0;
		a->tag = at_from(p.val, p.val + p.val_len);
	}
	a->params = at_from(from, z);
	return z;
}

/* A name-addr from byte `at`, which the value's end does not precede. */
static __attribute__((noinline)) uint32_t addr_at(
    const struct walk *from, uint32_t at, struct sip_core_addr *a)
{
	struct walk here = *from, *w = &here;
	walk_to(w, at);
	a->display = a->params = a->tag = (struct sip_at){0};
	a->star = false;
	uint32_t lt = display_at(w, at, &a->display);
	uint32_t gt = lt ? uri_at(w, lt + 1, &a->uri) : 0;
	if (gt == 0 || w->b[gt] != '>' || walk_next(w) != gt + 1)
		return 0;
	return addr_params(w, gt + 1, a);
}

FAST bool is_name(const struct walk *w, const struct param *p, uint64_t word, uint32_t len)
{
	return p->name_len == len && ((load_8(w->b + p->name + len - 8) | FOLD_8) >> (64 - 8 * len)) == word;
}

/* received, maddr: a plain host; anything else is unusual. */
FAST bool host_param(struct walk *w, struct sip_at *to, const struct param *p)
{
	bool v4;
	struct walk look = *w;
	walk_to(&look, p->val);
	if (to->off || p->val == 0 || walk_next(&look) != p->val + p->val_len ||
	    !host_ok(w, p->val, p->val_len, &v4))
		return false;
	*to = at_from(p->val, p->val + p->val_len);
	return true;
}

FAST bool via_param_at(struct walk *w, struct sip_core_via *v, const struct param *p)
{
	if (is_name(w, p, WORD("branch"), 6)) {
		if (v->branch.off || p->val == 0 || w->b[p->val] == '"')
			return false;
		v->branch = at_from(p->val, p->val + p->val_len);
		return true;
	}
	if (is_name(w, p, WORD("rport"), 5)) {
		bool ok =
		    !v->has_rport && (p->val == 0 || port_at(w, p->val, p->val + p->val_len, &v->rport));
		v->has_rport = true;
		return ok;
	}
	if (is_name(w, p, WORD("received"), 8))
		return host_param(w, &v->received, p);
	if (is_name(w, p, WORD("maddr"), 5))
		return host_param(w, &v->maddr, p);
	return !is_name(w, p, WORD("ttl"), 3);
}

/* One Via element from byte `at`. */
static __attribute__((noinline)) uint32_t via_at(
    const struct walk *first, uint32_t at, struct sip_core_via *v)
{
	struct walk here = *first, *w = &here;
	bool v4;
	struct param p;
	if (w->limit - w->b < at + 16 || load_8(w->b + at) != WORD("SIP/2.0/"))
		return 0;
	walk_to(w, at + 8);
	memset(v, 0, sizeof *v);
	v->ttl = 0xffff;
	uint32_t sp = walk_next(w), y = walk_next(w), host = sp + 1;
	if (sp == at + 8 || w->b[sp] != ' ' || !host_ok(w, host, y - host, &v4))
		return 0;
	v->protocol = at_from(at, at + 3);
	v->version = at_from(at + 4, at + 7);
	v->transport = at_from(at + 8, sp);
	v->host = at_from(host, y);
	if (w->b[y] == ':') {
		uint32_t from = y + 1;
		y = walk_next(w);
		if (!port_at(w, from, y, &v->port))
			return 0;
	}
	v->sent = at_from(at, y);
	uint32_t from = y + 1, z = y;
	while (w->b[z] == ';') {
		z = param_at(w, z, &p);
		if (z == 0 || !via_param_at(w, v, &p))
			return 0;
	}
	if (z > y)
		v->params = at_from(from, z);
	v->text = at_from(at, z);
	return z;
}

/* The comma behind an element: where the next one begins; 0: unusual. `z` is not the value's end. */
FAST uint32_t next_elem(const struct walk *w, uint32_t z, uint32_t e)
{
	if (z == 0 || z >= e || w->b[z] != ',')
		return 0;
	z += 1 + (w->b[z + 1] == ' ');
	return z < e && !is_ws(w->b[z]) && w->b[z] != ',' ? z : 0;
}

/* All elements of one line, through the reference where one is unusual. */
static bool addr_line_plain(
    const struct sip_msg *m, struct span v, struct sip_core_addr *to, uint16_t room, uint16_t *n, bool star)
{
	struct sip_core_addr drop;
	struct span rest = v, e = v;
	if (v.len == 0 || v.p[v.len - 1] == ',')
		return false;
	for (uint16_t i = 0; sip_list_next(&rest, &e); i++, (*n)++) {
		struct sip_core_addr *a = i < room ? &to[i] : &drop;
		if (*n == SIP_ELEMS_MAX || !sip_core_addr_plain(m, e, a) || (a->star && !star))
			return false;
	}
	return true;
}

/* One line; n counts its elements. */
FAST bool addr_line(
    struct walk *w, const struct sip_hdr *h, struct sip_core_addr *to, uint16_t room, uint16_t *n)
{
	struct sip_core_addr drop;
	uint32_t at = h->val_off, e = at + h->val_len;
	while (at && at < e) {
		uint32_t z = addr_at(w, at, *n < room ? &to[*n] : &drop);
		if (*n == SIP_ELEMS_MAX)
			return false;
		(*n)++;
		if (z == e)
			return true;
		at = next_elem(w, z, e);
	}
	*n = 0;
	return addr_line_plain(w->m, sip_hdr_val(w->m, h), to, room, n, sip_hdr_id(w->m, h) == SIP_H_CONTACT);
}

/* All lines of a header into the free part of c->addrs. */
FAST bool addr_list(struct walk *w, struct sip_core *c, uint8_t id, uint16_t *used, uint16_t *n)
{
	*n = 0;
	for (const struct sip_hdr *h = sip_msg_hdr(w->m, id); h; h = sip_msg_hdr_next(w->m, h)) {
		uint16_t room = SIP_CORE_ADDRS - *used, more = 0;
		if (!addr_line(w, h, c->addrs + *used, room, &more))
			return false;
		*n += more;
		*used += more < room ? more : room;
	}
	return *n <= SIP_ELEMS_MAX;
}

FAST bool addr_one(struct walk *w, uint8_t id, struct sip_core_addr *a)
{
	const struct sip_hdr *h = sip_msg_hdr(w->m, id);
	uint32_t e = h->val_off + h->val_len;
	if (h->val_len && addr_at(w, h->val_off, a) == e)
		return true;
	return sip_core_addr_plain(w->m, sip_hdr_val(w->m, h), a) && !a->star;
}

static bool via_line_plain(const struct sip_msg *m, struct span v, struct sip_core_via *top, uint16_t *n)
{
	struct sip_core_via drop;
	struct span rest = v, e = v;
	if (v.len == 0 || v.p[v.len - 1] == ',')
		return false;
	for (; sip_list_next(&rest, &e); (*n)++) {
		struct sip_core_via *to = *n ? &drop : top;
		if (*n == SIP_VIAS_MAX || !sip_core_via_plain(m, e, to) ||
		    !span_ieq(sip_at(m, to->protocol), SPAN("SIP")) ||
		    !span_eq(sip_at(m, to->version), SPAN("2.0")))
			return false;
	}
	return true;
}

FAST bool via_line(struct walk *w, const struct sip_hdr *h, struct sip_core_via *top, uint16_t *n)
{
	struct sip_core_via drop;
	uint16_t before = *n;
	uint32_t at = h->val_off, e = at + h->val_len;
	while (at && at < e) {
		uint32_t z = via_at(w, at, *n ? &drop : top);
		if (*n == SIP_VIAS_MAX)
			return false;
		(*n)++;
		if (z == e)
			return true;
		at = next_elem(w, z, e);
	}
	*n = before;
	return via_line_plain(w->m, sip_hdr_val(w->m, h), top, n);
}

FAST bool vias(struct walk *w, struct sip_core *c)
{
	c->n_vias = 0;
	for (const struct sip_hdr *h = sip_msg_hdr(w->m, SIP_H_VIA); h; h = sip_msg_hdr_next(w->m, h)) {
		if (!via_line(w, h, &c->via, &c->n_vias))
			return false;
	}
	return !w->m->is_request || !span_ieq(sip_at(w->m, c->via.branch), SPAN("z9hG4bK"));
}

FAST bool core_uri(struct walk *w, struct sip_core_uri *u)
{
	const struct sip_msg *m = w->m;
	if (!m->is_request)
		return true;
	uint32_t at = (uint32_t)(m->ruri.p - m->base);
	walk_to(w, at);
	if (uri_at(w, at, u) == at + m->ruri.len)
		return true;
	return sip_core_uri_plain(m, m->ruri, u) && !u->headers.off;
}

/* word [ "@" word ] */
FAST bool core_call_id(struct walk *w, struct sip_at *to)
{
	const struct sip_hdr *h = sip_msg_hdr(w->m, SIP_H_CALL_ID);
	uint32_t at = h->val_off, e = at + h->val_len, word = at;
	bool host = false;
	walk_to(w, at);
	*to = at_from(at, e);
	for (uint32_t z; (z = walk_next(w)) < e;) {
		if (w->b[z] == '@' && !host && z > word) {
			host = true;
			word = z + 1;
		} else if (!ascii_is(w->b[z], ASCII_WORD)) {
			return false;
		}
	}
	return e > word;
}

FAST bool core_cseq(struct walk *w, struct sip_msg *m, struct sip_core *c)
{
	const struct sip_hdr *h = sip_msg_hdr(m, SIP_H_CSEQ);
	uint32_t at = h->val_off, e = at + h->val_len;
	walk_to(w, at);
	uint32_t sp = walk_next(w), method = sp + 1;
	if (sp >= e || w->b[sp] != ' ' || walk_next(w) != e || e == method || e - method > SIP_METHOD_MAX ||
	    w->b + method + 8 > w->limit || !number_at(w->b + at, w->b + sp, &c->cseq))
		return false;
	c->cseq_kind = method_at(w->b + method, e - method);
	c->cseq_method = at_from(method, e);
	if (!m->is_request)
		m->method = c->cseq_kind;
	else if (c->cseq_kind == SIP_UNKNOWN)
		return span_eq(sip_at(m, c->cseq_method), m->method_text);
	return c->cseq_kind == m->method;
}

FAST bool core_numbers(struct walk *w, struct sip_core *c)
{
	const struct sip_hdr *mf = sip_msg_hdr(w->m, SIP_H_MAX_FORWARDS);
	const struct sip_hdr *cl = sip_msg_hdr(w->m, SIP_H_CONTENT_LENGTH);
	uint32_t n = 0xffff;
	c->content_length = UINT32_MAX;
	if (mf) {
		const char *p = w->b + mf->val_off;
		if (!number_at(p, p + mf->val_len, &n) || n > 255)
			return false;
	}
	c->max_forwards = (uint16_t)n;
	if (cl)
		c->content_length = w->m->body.len;
	return true;
}

/* token "/" token; parameters by the reference. Not judged without a body. */
FAST bool core_type(struct walk *w, struct sip_at *to)
{
	const struct sip_hdr *h = sip_msg_hdr(w->m, SIP_H_CONTENT_TYPE);
	*to = (struct sip_at){0};
	if (!h)
		return true;
	uint32_t at = h->val_off, e = at + h->val_len;
	*to = at_from(at, e);
	if (w->m->body.len == 0)
		return true;
	walk_to(w, at);
	uint32_t slash = walk_next(w);
	if (slash > at && slash < e && w->b[slash] == '/' && slash + 1 < e && walk_next(w) == e)
		return true;
	return sip_media_type_ok(sip_hdr_val(w->m, h));
}

/* The marks of an index that did not make them. */
static __attribute__((noinline)) void marks_make(struct sip_msg *m)
{
	uint32_t n = (uint32_t)(m->body.p - m->base), off = 0;
	for (; n - off >= 64; off += 64)
		m->marks[off >> 6] = block_of(m->base + off).mark;
	if (off < n)
		m->marks[off >> 6] = block_tail(m->base + off, n - off).mark;
	m->marks[(n + 63) >> 6] = ~UINT64_C(0);
	m->due = false;
}

static bool core_msg(struct sip_msg *m, struct sip_core *c)
{
	if (m->due)
		marks_make(m);
	struct walk w = {.m = m, .b = m->base, .limit = m->base + m->len};
	uint16_t used = 0;
	if (m->twice || !m->first[SIP_H_VIA] || !m->first[SIP_H_FROM] || !m->first[SIP_H_TO] ||
	    !m->first[SIP_H_CALL_ID] || !m->first[SIP_H_CSEQ])
		return false;
	if (!core_cseq(&w, m, c) || !core_uri(&w, &c->ruri) || !vias(&w, c) ||
	    !addr_one(&w, SIP_H_FROM, &c->from) || !addr_one(&w, SIP_H_TO, &c->to) ||
	    !core_call_id(&w, &c->call_id) || !core_numbers(&w, c))
		return false;
	c->contact.at = 0;
	if (!addr_list(&w, c, SIP_H_CONTACT, &used, &c->contact.n))
		return false;
	c->route.at = used;
	if (!addr_list(&w, c, SIP_H_ROUTE, &used, &c->route.n))
		return false;
	c->record_route.at = used;
	return addr_list(&w, c, SIP_H_RECORD_ROUTE, &used, &c->record_route.n) &&
	       core_type(&w, &c->content_type);
}
