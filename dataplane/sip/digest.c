/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sip/digest.h"

#include "sip-parser/base/ascii.h"
#include "sip-parser/sip_auth.h"

/* EVP would allocate a context for each hash (OpenSSL 3.0); these live on the stack. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/md5.h>
#include <openssl/sha.h>

#define HASH_MAX 32 /* bytes: SHA-256 and SHA-512-256 */
#define HEX_MAX  (2 * HASH_MAX)

/* ---- hashes */

union hash_ctx {
	MD5_CTX md5;
	SHA256_CTX sha256;
	SHA512_CTX sha512;
};

static void md5_start(union hash_ctx *c)
{
	MD5_Init(&c->md5);
}

static void md5_more(union hash_ctx *c, struct span s)
{
	MD5_Update(&c->md5, s.p, s.len);
}

static void md5_end(union hash_ctx *c, unsigned char *out)
{
	MD5_Final(out, &c->md5);
}

static void sha256_start(union hash_ctx *c)
{
	SHA256_Init(&c->sha256);
}

static void sha256_more(union hash_ctx *c, struct span s)
{
	SHA256_Update(&c->sha256, s.p, s.len);
}

static void sha256_end(union hash_ctx *c, unsigned char *out)
{
	SHA256_Final(out, &c->sha256);
}

/* SHA-512 with other initial values, cut short (FIPS 180-4 §5.3.6.2). */
static void sha512_256_start(union hash_ctx *c)
{
	static const uint64_t initial[8] = {0x22312194fc2bf72c, 0x9f555fa3c84c64c2, 0x2393b86b6f53b151,
	    0x963877195940eabd, 0x96283ee2a88effe3, 0xbe5e1e2553863992, 0x2b0199fc2c85b8aa,
	    0x0eb72ddc81c52ca2};
	SHA512_Init(&c->sha512);
	for (int i = 0; i < 8; i++)
		c->sha512.h[i] = initial[i];
	c->sha512.md_len = SHA256_DIGEST_LENGTH;
}

static void sha512_more(union hash_ctx *c, struct span s)
{
	SHA512_Update(&c->sha512, s.p, s.len);
}

static void sha512_end(union hash_ctx *c, unsigned char *out)
{
	SHA512_Final(out, &c->sha512);
}

static const struct {
	const char *token, *sess;
	void (*start)(union hash_ctx *c);
	void (*more)(union hash_ctx *c, struct span s);
	void (*end)(union hash_ctx *c, unsigned char *out);
	uint32_t len;
} ALGS[DIGEST_ALGS] = {
    [DIGEST_MD5] = {"MD5", "MD5-sess", md5_start, md5_more, md5_end, 16},
    [DIGEST_SHA256] = {"SHA-256", "SHA-256-sess", sha256_start, sha256_more, sha256_end, 32},
    [DIGEST_SHA512_256] = {"SHA-512-256", "SHA-512-256-sess", sha512_256_start, sha512_more, sha512_end, 32},
};

/* ---- the challenge */

static bool is_alg(struct digest_challenge *c, struct span name)
{
	for (int i = DIGEST_MD5; i < DIGEST_ALGS; i++) {
		c->sess = span_ieq(name, span_str(ALGS[i].sess));
		c->alg = (uint8_t)i;
		if (c->sess || span_ieq(name, span_str(ALGS[i].token)))
			return true;
	}
	return false;
}

/* Is `auth` one of the comma list? An empty list is as good as none. */
static bool offers_auth(struct span list, bool *any)
{
	bool found = false;
	*any = false;
	for (uint32_t i = 0; i < list.len;) {
		uint32_t n = i;
		while (n < list.len && ascii_is(list.p[n], ASCII_TOKEN))
			n++;
		*any |= n > i;
		found |= span_ieq(span_of(list.p + i, n - i), SPAN("auth"));
		i = n + (n == i);
		while (i < list.len && !ascii_is(list.p[i], ASCII_TOKEN))
			i++;
	}
	return found;
}

/* What is echoed in a header of ours: a fold or a control byte in it would end that header. */
static bool is_plain(struct span s, uint32_t max)
{
	for (uint32_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
	return s.len <= max;
}

static const char *check_sizes(const struct digest_challenge *c)
{
	if (!is_plain(c->realm, DIGEST_REALM_MAX))
		return "its realm is longer than 255 bytes or holds control bytes";
	if (!c->nonce.len || !is_plain(c->nonce, DIGEST_NONCE_MAX))
		return "its nonce is missing, longer than 512 bytes or holds control bytes";
	if (!is_plain(c->opaque, DIGEST_OPAQUE_MAX))
		return "its opaque is longer than 255 bytes or holds control bytes";
	return NULL;
}

const char *digest_read(struct digest_challenge *c, struct span value)
{
	struct sip_auth a;
	struct span v;
	uint32_t off;
	bool any;
	*c = (struct digest_challenge){.alg = DIGEST_MD5};
	if (sip_auth_parse(&a, value, &off))
		return "it is malformed";
	if (!span_ieq(a.scheme, SPAN("Digest")))
		return "its scheme is not Digest";
	if (!sip_auth_get(&a, SPAN("realm"), &c->realm))
		return "it has no realm";
	sip_auth_get(&a, SPAN("nonce"), &c->nonce);
	c->has_opaque = sip_auth_get(&a, SPAN("opaque"), &c->opaque);
	c->stale = sip_auth_get(&a, SPAN("stale"), &v) && span_ieq(v, SPAN("true"));
	c->alg_named = sip_auth_get(&a, SPAN("algorithm"), &v);
	if (c->alg_named && !is_alg(c, v))
		return "its algorithm is none of MD5, SHA-256, SHA-512-256";
	if (sip_auth_get(&a, SPAN("qop"), &v)) {
		c->qop_auth = offers_auth(v, &any);
		if (any && !c->qop_auth)
			return "its qop does not offer auth";
	}
	return check_sizes(c);
}

/* ---- the answer */

struct hex {
	char s[HEX_MAX];
	uint32_t len;
};

static struct span hex_span(const struct hex *h)
{
	return span_of(h->s, h->len);
}

static const char DIGITS[] = "0123456789abcdef";

static void put_nc(struct buf *b, uint32_t v)
{
	for (int i = 7; i >= 0; i--)
		buf_chr(b, DIGITS[v >> (4 * i) & 15]);
}

/* H of the parts with ':' between them. */
static void hash(enum digest_alg alg, struct hex *out, const struct span *part, uint32_t n)
{
	unsigned char h[HASH_MAX];
	union hash_ctx ctx;
	ALGS[alg].start(&ctx);
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			ALGS[alg].more(&ctx, SPAN(":"));
		if (part[i].len)
			ALGS[alg].more(&ctx, part[i]);
	}
	ALGS[alg].end(&ctx, h);
	out->len = 2 * ALGS[alg].len;
	for (uint32_t i = 0; i < ALGS[alg].len; i++) {
		out->s[2 * i] = DIGITS[h[i] >> 4];
		out->s[2 * i + 1] = DIGITS[h[i] & 15];
	}
	explicit_bzero(h, sizeof h);
	explicit_bzero(&ctx, sizeof ctx);
}

#define HASH(alg, out, ...)                                                                                  \
	hash(alg, out, (const struct span[]){__VA_ARGS__},                                                   \
	    sizeof((const struct span[]){__VA_ARGS__}) / sizeof(struct span))

/* RFC 7616 §3.4.1 to §3.4.3. */
static void respond(
    const struct digest_challenge *c, const struct digest_say *s, struct span nc, struct hex *out)
{
	enum digest_alg alg = (enum digest_alg)c->alg;
	struct hex a1, a2;
	HASH(alg, &a1, s->user, c->realm, s->password);
	if (c->sess)
		HASH(alg, &a1, hex_span(&a1), c->nonce, s->cnonce);
	HASH(alg, &a2, s->method, s->uri);
	if (c->qop_auth)
		HASH(alg, out, hex_span(&a1), c->nonce, nc, s->cnonce, SPAN("auth"), hex_span(&a2));
	else
		HASH(alg, out, hex_span(&a1), c->nonce, hex_span(&a2));
	explicit_bzero(&a1, sizeof a1);
}

/* name, which ends with an opening quote, value as it stands, closing quote. */
static void put_param(struct buf *b, struct span name, struct span value)
{
	buf_span(b, name);
	buf_span(b, value);
	buf_chr(b, '"');
}

static void put_escaped(struct buf *b, struct span s)
{
	for (uint32_t i = 0; i < s.len; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_chr(b, '\\');
		buf_chr(b, s.p[i]);
	}
	buf_chr(b, '"');
}

void digest_write(const struct digest_challenge *c, const struct digest_say *s, struct buf *out)
{
	char nc_text[8];
	struct buf nc = buf_on(nc_text, sizeof nc_text);
	struct hex response;
	put_nc(&nc, s->nc);
	respond(c, s, buf_view(&nc), &response);
	buf_lit(out, "Digest username=\"");
	put_escaped(out, s->user);
	put_param(out, SPAN(", realm=\""), c->realm);
	put_param(out, SPAN(", nonce=\""), c->nonce);
	put_param(out, SPAN(", uri=\""), s->uri);
	put_param(out, SPAN(", response=\""), hex_span(&response));
	if (c->alg_named) {
		buf_lit(out, ", algorithm=");
		buf_span(out, span_str(c->sess ? ALGS[c->alg].sess : ALGS[c->alg].token));
	}
	if (c->has_opaque)
		put_param(out, SPAN(", opaque=\""), c->opaque);
	if (c->qop_auth || c->sess)
		put_param(out, SPAN(", cnonce=\""), s->cnonce);
	if (c->qop_auth) {
		buf_lit(out, ", qop=auth, nc=");
		buf_span(out, buf_view(&nc));
	}
}
