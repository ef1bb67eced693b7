/* SPDX-License-Identifier: Apache-2.0 */
#include "control/rest/auth.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>
#include <strings.h>

/* Digests of equal size hide both the first difference and the secret's length. */
bool auth_equal(const char *given, size_t given_len, const char *secret)
{
	unsigned char a[SHA256_DIGEST_LENGTH], b[SHA256_DIGEST_LENGTH];
	SHA256((const unsigned char *)given, given_len, a);
	SHA256((const unsigned char *)secret, strlen(secret), b);
	bool same = CRYPTO_memcmp(a, b, sizeof a) == 0;
	OPENSSL_cleanse(a, sizeof a);
	OPENSSL_cleanse(b, sizeof b);
	return same;
}

/* Standard alphabet, padded; length of what it stands for, or -1. */
static int decode(char *out, const char *b64)
{
	size_t len = strlen(b64), pad = 0;
	if (len == 0 || len % 4 || len / 4 * 3 > AUTH_TEXT_MAX)
		return -1;
	while (pad < 2 && b64[len - 1 - pad] == '=')
		pad++;
	if (strcspn(b64, "= \t\r\n-") < len - pad)
		return -1;
	int n = EVP_DecodeBlock((unsigned char *)out, (const unsigned char *)b64, (int)len);
	return n < 0 ? -1 : n - (int)pad;
}

static const struct rest_account *find(
    const struct rest_account *accounts, size_t n, const char *sid, size_t sid_len)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(accounts[i].sid) == sid_len && !memcmp(accounts[i].sid, sid, sid_len))
			return &accounts[i];
	return NULL;
}

static const struct rest_account *check_pair(
    const struct rest_account *accounts, size_t n, const char *text, size_t len)
{
	const char *colon = memchr(text, ':', len);
	if (!colon)
		return NULL;
	const struct rest_account *a = find(accounts, n, text, (size_t)(colon - text));
	size_t given = len - (size_t)(colon - text) - 1;
	/* An account nobody has takes as long as a wrong token. */
	bool same = auth_equal(colon + 1, given, a ? a->auth_token : "");
	return a && same && *a->auth_token ? a : NULL;
}

/* The text of a Basic header: its length, or -1. */
static int basic(char text[AUTH_TEXT_MAX + 4], const char *authorization)
{
	if (!authorization || strncasecmp(authorization, "Basic ", 6))
		return -1;
	const char *b64 = authorization + 6;
	b64 += strspn(b64, " ");
	return decode(text, b64);
}

const struct rest_account *auth_check(
    const struct rest_account *accounts, size_t n, const char *authorization)
{
	char text[AUTH_TEXT_MAX + 4];
	int len = basic(text, authorization);
	const struct rest_account *a = len < 0 ? NULL : check_pair(accounts, n, text, (size_t)len);
	OPENSSL_cleanse(text, sizeof text);
	return a;
}

static const struct rest_account *check_key(const struct rest_env *e, const char *text, size_t len)
{
	const char *colon = memchr(text, ':', len);
	const struct rest_key *key = NULL;
	for (size_t i = 0; colon && i < e->n_keys; i++)
		if (strlen(e->keys[i].sid) == (size_t)(colon - text) &&
		    !memcmp(e->keys[i].sid, text, (size_t)(colon - text)))
			key = &e->keys[i];
	size_t given = colon ? len - (size_t)(colon - text) - 1 : 0;
	bool same = auth_equal(colon ? colon + 1 : text, given, key ? key->secret : "");
	if (!key || !same || !*key->secret)
		return NULL;
	return find(e->accounts, e->n_accounts, key->account_sid, strlen(key->account_sid));
}

const struct rest_account *auth_check_key(const struct rest_env *e, const char *authorization)
{
	char text[AUTH_TEXT_MAX + 4];
	int len = basic(text, authorization);
	const struct rest_account *a = len < 0 ? NULL : check_key(e, text, (size_t)len);
	OPENSSL_cleanse(text, sizeof text);
	return a;
}
