/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sip/dialog.h"

#include "sip-parser/sip_addr.h"

#include <assert.h>
#include <errno.h>

#define ROUTES_MAX 32

static const struct {
	const char *name;
	uint16_t bytes;
} SIZES[DIALOG_SIZES] = {
    [DIALOG_BRIEF] = {"dialog_text", DIALOG_BRIEF_BYTES},
    [DIALOG_MEDIUM] = {"dialog_text_medium", DIALOG_MEDIUM_BYTES},
    [DIALOG_LARGE] = {"dialog_text_long", DIALOG_LONG_BYTES},
};

int dialog_pools_init(struct dialog_pools *p, const uint32_t count[DIALOG_SIZES])
{
	for (int i = 0; i < DIALOG_SIZES; i++) {
		uint32_t bytes = (uint32_t)sizeof(struct dialog_block) + SIZES[i].bytes;
		int rc = pool_init(&p->of[i], SIZES[i].name, count[i], bytes);
		if (rc) {
			dialog_pools_fini(p);
			return rc;
		}
	}
	return 0;
}

void dialog_pools_fini(struct dialog_pools *p)
{
	for (int i = 0; i < DIALOG_SIZES; i++)
		pool_fini(&p->of[i]);
}

/* The smallest block there is with room for so many bytes. */
static struct dialog_block *block_new(struct dialog_pools *p, uint32_t bytes)
{
	struct dialog_block *b = NULL;
	uint8_t i = 0;
	while (i < DIALOG_SIZES && (bytes > SIZES[i].bytes || !(b = pool_get(&p->of[i]))))
		i++;
	if (!b)
		return NULL;
	memset(b, 0, sizeof *b);
	b->refs = 1;
	b->size = i;
	b->cap = SIZES[i].bytes;
	return b;
}

struct dialog_block *dialog_block_get(struct dialog_block *b)
{
	b->refs++;
	return b;
}

void dialog_block_put(struct dialog_pools *p, struct dialog_block *b)
{
	if (b && --b->refs == 0)
		pool_put(&p->of[b->size], b);
}

bool dialog_open(struct dialog *d, struct dialog_pools *p)
{
	*d = (struct dialog){.text = block_new(p, 0)};
	return d->text != NULL;
}

void dialog_close(struct dialog *d, struct dialog_pools *p)
{
	dialog_block_put(p, d->text);
	d->text = NULL;
}

static uint32_t bytes_with(const struct dialog_block *b, enum dialog_text which, uint32_t len)
{
	uint32_t n = len;
	for (int i = 0; i < DIALOG_TEXTS; i++)
		n += i == (int)which ? 0 : b->t[i].len;
	return n;
}

static void block_append(struct dialog_block *b, enum dialog_text which, struct span s)
{
	assert(s.len <= (uint32_t)(b->cap - b->len));
	if (s.len)
		memcpy(b->b + b->len, s.p, s.len);
	b->t[which].off = b->len;
	b->t[which].len = (uint16_t)s.len;
	b->len = (uint16_t)(b->len + s.len);
}

static void append_all(
    struct dialog_block *to, const struct dialog_block *from, enum dialog_text which, struct span s)
{
	for (int i = 0; i < DIALOG_TEXTS; i++)
		block_append(to, (enum dialog_text)i,
		    i == (int)which ? s : dialog_block_span(from, (enum dialog_text)i));
}

/* Nobody else reads this block: squeeze out what has been replaced. */
static void block_squeeze(struct dialog_block *b, enum dialog_text which, struct span s)
{
	_Alignas(struct dialog_block) char room[sizeof(struct dialog_block) + DIALOG_LONG_BYTES];
	struct dialog_block *copy = (struct dialog_block *)(void *)room;
	memcpy(room, b, sizeof *b + b->len);
	b->len = 0;
	append_all(b, copy, which, s);
}

/* A block with everything of the old one but `which`, which becomes s. */
static bool block_rebuild(struct dialog *d, struct dialog_pools *p, enum dialog_text which, struct span s)
{
	struct dialog_block *old = d->text;
	uint32_t need = bytes_with(old, which, s.len);
	if (need > DIALOG_LONG_BYTES)
		return false;
	if (old->refs == 1 && need <= old->cap) {
		block_squeeze(old, which, s);
		return true;
	}
	struct dialog_block *b = block_new(p, need);
	if (!b)
		return false;
	append_all(b, old, which, s);
	dialog_block_put(p, old);
	d->text = b;
	return true;
}

bool dialog_set(struct dialog *d, struct dialog_pools *p, enum dialog_text which, struct span s)
{
	if (span_eq(dialog_span(d, which), s))
		return true;
	if (s.len <= (uint32_t)(d->text->cap - d->text->len)) {
		block_append(d->text, which, s);
		return true;
	}
	return block_rebuild(d, p, which, s);
}

bool dialog_contact(const struct msg_in *h, struct span *uri)
{
	const struct sip_core_addr *a = &h->c->addrs[h->c->contact.at];
	if (!h->c->contact.n || a->star)
		return false;
	*uri = sip_at(h->m, a->uri.text);
	return a->uri.kind == SIP_URI_SIP && a->uri.host.len && uri->len;
}

/* The elements of every Record-Route line, in order. */
static uint32_t routes_of(const struct sip_msg *m, struct span out[ROUTES_MAX], bool *too_many)
{
	uint32_t n = 0;
	for (const struct sip_hdr *h = sip_msg_hdr(m, SIP_H_RECORD_ROUTE); h; h = sip_msg_hdr_next(m, h)) {
		struct span rest = sip_hdr_val(m, h), elem;
		while (sip_list_next(&rest, &elem)) {
			if (n == ROUTES_MAX) {
				*too_many = true;
				return n;
			}
			out[n++] = elem;
		}
	}
	return n;
}

/* Folded header text on one line: white space that contains CR or LF becomes one space. */
void dialog_put_unfolded(struct buf *b, struct span s)
{
	for (uint32_t i = 0; i < s.len; i++) {
		char c = s.p[i];
		if (c != '\r' && c != '\n')
			buf_chr(b, c);
		else if (c == '\n')
			buf_chr(b, ' ');
	}
}

void dialog_route_reverse(struct buf *out, const struct sip_msg *m)
{
	struct span e[ROUTES_MAX];
	uint32_t n = routes_of(m, e, &out->full);
	while (n--) {
		dialog_put_unfolded(out, e[n]);
		if (n)
			buf_lit(out, ", ");
	}
}

int dialog_confirm(struct dialog *d, struct dialog_pools *p, const struct msg_in *h, const char **reason)
{
	struct span target, to = msg_to_tag(h);
	char tmp[DIALOG_LONG_BYTES];
	struct buf route = buf_on(tmp, sizeof tmp);
	if (to.len == 0) {
		*reason = "2xx without a To tag";
		return -1;
	}
	if (!dialog_contact(h, &target)) {
		*reason = "2xx without a usable Contact";
		return -1;
	}
	dialog_route_reverse(&route, h->m);
	*reason = "tag, Contact and route set of the 2xx are too long";
	if (route.full || !dialog_set(d, p, DIALOG_TAG, to) || !dialog_set(d, p, DIALOG_TARGET, target) ||
	    !dialog_set(d, p, DIALOG_ROUTE, buf_view(&route)))
		return -1;
	d->confirmed = true;
	return 0;
}

static bool put_routes(struct buf *out, const struct sip_msg *m)
{
	struct span e[ROUTES_MAX];
	uint32_t n = routes_of(m, e, &out->full);
	for (uint32_t i = 0; i < n; i++) {
		buf_span(out, i ? SPAN(", ") : SPAN(""));
		dialog_put_unfolded(out, e[i]);
	}
	return !out->full;
}

static bool take_names(struct dialog *d, struct dialog_pools *p, const struct msg_in *h)
{
	return dialog_set(d, p, DIALOG_CALL, sip_at(h->m, h->c->call_id)) &&
	       dialog_set(d, p, DIALOG_RURI, sip_at(h->m, h->c->from.uri.text)) &&
	       dialog_set(d, p, DIALOG_USER, sip_at(h->m, h->c->to.uri.text)) &&
	       dialog_set(d, p, DIALOG_TAG, msg_from_tag(h));
}

int dialog_accept(
    struct dialog *d, struct dialog_pools *p, const struct msg_in *h, const char **reason, bool *full)
{
	struct span target;
	char tmp[DIALOG_LONG_BYTES];
	struct buf route = buf_on(tmp, sizeof tmp);
	*full = false;
	*reason = "INVITE without a usable Contact";
	if (!dialog_contact(h, &target))
		return -1;
	*reason = "route set too long";
	if (!put_routes(&route, h->m))
		return -1;
	d->uas = d->confirmed = true;
	*full = true;
	*reason = "no room for the text of the call";
	if (!take_names(d, p, h) || !dialog_set(d, p, DIALOG_TARGET, target) ||
	    !dialog_set(d, p, DIALOG_ROUTE, buf_view(&route)))
		return -1;
	return dialog_cseq_in(d, h->c->cseq) ? 0 : -1;
}

bool dialog_refresh(struct dialog *d, struct dialog_pools *p, const struct msg_in *h)
{
	struct span target;
	if (!dialog_contact(h, &target))
		return true;
	return dialog_set(d, p, DIALOG_TARGET, target);
}

bool dialog_cseq_in(struct dialog *d, uint32_t cseq)
{
	if (d->remote_cseq_set && cseq <= d->remote_cseq)
		return false;
	d->remote_cseq = cseq;
	d->remote_cseq_set = true;
	return true;
}

void dialog_route(struct dialog_route *out, struct span target, struct span route_set, struct buf *tmp)
{
	struct span rest = route_set, first;
	struct sip_addr a;
	uint32_t off;
	*out = (struct dialog_route){target, route_set, target};
	if (!route_set.len || !sip_list_next(&rest, &first) || sip_addr_parse(&a, first, &off))
		return;
	struct span lr;
	out->hop = a.uri_text;
	if (sip_param_get(a.uri.params, SPAN("lr"), &lr))
		return;
	/* Strict router (§12.2.1.1): its URI is the Request-URI, the target goes to the end of the route. */
	out->ruri = a.uri_text;
	uint32_t begin = tmp->len;
	while (rest.len && *rest.p == ' ')
		rest = span_of(rest.p + 1, rest.len - 1);
	if (rest.len) {
		buf_span(tmp, rest);
		buf_lit(tmp, ", ");
	}
	buf_chr(tmp, '<');
	buf_span(tmp, target);
	buf_chr(tmp, '>');
	out->route = span_of(tmp->p + begin, tmp->len - begin);
}

static enum dp_transport transport_of(const struct sip_uri *u)
{
	struct span v;
	if (u->scheme == SIP_URI_SIPS)
		return DP_TLS;
	if (!sip_param_get(u->params, SPAN("transport"), &v))
		return DP_TRANSPORTS;
	if (span_ieq(v, SPAN("tcp")))
		return DP_TCP;
	return span_ieq(v, SPAN("tls")) ? DP_TLS : span_ieq(v, SPAN("udp")) ? DP_UDP : DP_TRANSPORTS;
}

bool dialog_hop_sock(struct span hop, struct ip_sock *out)
{
	struct sip_uri u;
	struct span maddr;
	uint32_t off;
	if (sip_uri_parse(&u, hop, &off) || (u.scheme != SIP_URI_SIP && u.scheme != SIP_URI_SIPS))
		return false;
	struct span host = sip_param_get(u.params, SPAN("maddr"), &maddr) ? maddr : u.host;
	*out = (struct ip_sock){0};
	if (ip_addr_parse(&out->a, host))
		return false;
	out->transport = (uint8_t)(transport_of(&u) & 3u);
	out->via = 0;
	out->port = u.port ? u.port : out->transport == DP_TLS ? 5061 : 5060;
	return true;
}
