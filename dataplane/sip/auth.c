/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sip/auth.h"

#include <assert.h>
#include <stddef.h>

#define CNONCE_LEN 16
#define OWN_BYTES  1792 /* user, password, account SID and headers: uac_check.c bounds each */
#define SAID_BYTES (DIGEST_REALM_MAX + DIGEST_NONCE_MAX + DIGEST_OPAQUE_MAX)

struct piece {
	uint16_t off, len;
};

struct auth {
	struct piece user, password, account, headers; /* in own */
	struct digest_challenge said;                  /* its views are into said_text */
	struct ip_sock challenger;
	uint32_t nc, invite_nc;
	uint8_t tries;   /* challenges of the request under way that were answered */
	bool challenged; /* said is filled */
	bool proxy;      /* 407 */
	char cnonce[CNONCE_LEN];
	char said_text[SAID_BYTES];
	char own[OWN_BYTES];
};

int auths_init(struct auths *a, uint32_t legs_max)
{
	return pool_init(&a->pool, "credentials", legs_max < AUTH_LEGS_MAX ? legs_max : AUTH_LEGS_MAX,
	    sizeof(struct auth));
}

void auths_fini(struct auths *a)
{
	pool_fini(&a->pool);
}

/* ---- a leg's */

static bool keep(struct auth *a, struct buf *b, struct piece *p, struct span s)
{
	*p = (struct piece){(uint16_t)b->len, (uint16_t)s.len};
	buf_span(b, s);
	return !b->full;
}

static struct span own(const struct auth *a, struct piece p)
{
	return span_of(a->own + p.off, p.len);
}

struct auth *auth_open(struct auths *as, const struct dp_cmd *c)
{
	struct auth *a = pool_get(&as->pool);
	if (!a)
		return NULL;
	memset(a, 0, offsetof(struct auth, own));
	struct buf b = buf_on(a->own, sizeof a->own);
	if (keep(a, &b, &a->user, dp_cmd_span(c, c->orig.auth_user)) &&
	    keep(a, &b, &a->password, dp_cmd_span(c, c->orig.auth_password)) &&
	    keep(a, &b, &a->account, dp_cmd_span(c, c->orig.account_sid)) &&
	    keep(a, &b, &a->headers, dp_cmd_span(c, c->orig.headers)))
		return a;
	auth_close(as, a);
	return NULL;
}

void auth_close(struct auths *as, struct auth *a)
{
	if (!a)
		return;
	explicit_bzero(a, sizeof *a);
	pool_put(&as->pool, a);
}

struct span auth_account(const struct auth *a)
{
	return own(a, a->account);
}

struct span auth_headers(const struct auth *a)
{
	return own(a, a->headers);
}

bool auth_used(const struct auth *a)
{
	return a->challenged;
}

void auth_begin(struct auth *a)
{
	a->tries = 0;
}

/* ---- challenges */

/* May this challenge be answered at all, whatever the others are? */
static const char *check_bound(const struct auth *a, const struct digest_challenge *c)
{
	if (a->challenged && !span_eq(c->realm, a->said.realm))
		return "its realm is another one than the INVITE was challenged for";
	if (a->challenged && c->alg < a->said.alg)
		return "its algorithm is weaker than the one begun with";
	return NULL;
}

/* The strongest of all; of equals the first (RFC 8760 §2.4 has the far side put its favourite on top). */
static const char *pick(const struct auth *a, const struct sip_msg *m, struct digest_challenge *best)
{
	enum sip_hdr_id id = m->status == 407 ? SIP_H_PROXY_AUTHENTICATE : SIP_H_WWW_AUTHENTICATE;
	const char *why = "it names no challenge";
	bool found = false;
	for (const struct sip_hdr *h = sip_msg_hdr(m, id); h; h = sip_msg_hdr_next(m, h)) {
		struct digest_challenge c;
		const char *bad = digest_read(&c, sip_hdr_val(m, h));
		if (!bad)
			bad = check_bound(a, &c);
		if (bad && !found)
			why = bad;
		if (bad || (found && c.alg <= best->alg))
			continue;
		*best = c;
		found = true;
	}
	return found ? NULL : why;
}

/* Is another try worth it, and owed to whoever asks? */
static const char *check_try(
    const struct auth *a, const struct digest_challenge *c, const struct ip_sock *src, bool in_dialog)
{
	if (in_dialog && !a->challenged)
		return "the INVITE was not challenged";
	if (in_dialog && !ip_sock_eq(src, &a->challenger))
		return "it comes from another address than the INVITE's";
	if (a->tries >= AUTH_TRIES_MAX)
		return "two answers were not enough";
	if (!a->challenged)
		return NULL;
	if (!in_dialog && !c->stale)
		return "the user name or password is wrong";
	if (span_eq(c->nonce, a->said.nonce))
		return in_dialog ? "it repeats a nonce that was answered" : "it calls its own nonce stale";
	return NULL;
}

static void keep_challenge(struct auth *a, const struct digest_challenge *c)
{
	struct buf b = buf_on(a->said_text, sizeof a->said_text);
	buf_span(&b, c->realm);
	buf_span(&b, c->nonce);
	buf_span(&b, c->opaque);
	assert(!b.full); /* digest_read bounds them */
	a->said = *c;
	a->said.realm.p = a->said_text;
	a->said.nonce.p = a->said_text + c->realm.len;
	a->said.opaque.p = a->said.nonce.p + c->nonce.len;
}

static void make_cnonce(struct auth *a, uint64_t random)
{
	for (uint32_t i = 0; i < CNONCE_LEN; i++)
		a->cnonce[i] = "0123456789abcdef"[random >> (4 * i) & 15];
}

const char *auth_challenged(
    struct auth *a, const struct sip_msg *m, const struct ip_sock *src, bool in_dialog, uint64_t cnonce)
{
	struct digest_challenge c;
	const char *why = pick(a, m, &c);
	if (!why)
		why = check_try(a, &c, src, in_dialog);
	if (why)
		return why;
	keep_challenge(a, &c);
	make_cnonce(a, cnonce);
	a->challenger = *src;
	a->proxy = m->status == 407;
	a->challenged = true;
	a->tries++;
	a->nc = 0;
	return NULL;
}

void auth_put(struct auth *a, struct buf *b, struct span method, struct span ruri)
{
	bool ack = span_eq(method, SPAN("ACK"));
	if (!a->challenged)
		return;
	uint32_t nc = ack ? a->invite_nc : ++a->nc;
	if (span_eq(method, SPAN("INVITE")))
		a->invite_nc = nc;
	struct digest_say say = {.user = own(a, a->user),
	    .password = own(a, a->password),
	    .method = ack ? SPAN("INVITE") : method,
	    .uri = ruri,
	    .nc = nc,
	    .cnonce = span_of(a->cnonce, CNONCE_LEN)};
	if (a->proxy)
		buf_lit(b, "Proxy-Authorization: ");
	else
		buf_lit(b, "Authorization: ");
	digest_write(&a->said, &say, b);
	buf_lit(b, "\r\n");
}
