/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sip/ident.h"

#define COOKIE_LEN (sizeof(IDENT_COOKIE) - 1)
#define BODY_BYTES 12
#define ALL_BYTES  16

static void pack(uint8_t b[ALL_BYTES], const struct hash_key *key, const struct ident *i)
{
	b[0] = i->worker;
	b[1] = (uint8_t)(i->index >> 16);
	b[2] = (uint8_t)(i->index >> 8);
	b[3] = (uint8_t)i->index;
	memcpy(b + 4, &i->rand, 8);
	b[BODY_BYTES] = (uint8_t)i->kind; /* keeps the kinds apart; replaced by the MAC below */
	uint32_t mac = (uint32_t)hash_bytes(key, b, BODY_BYTES + 1);
	memcpy(b + BODY_BYTES, &mac, 4);
}

void ident_write(char out[IDENT_LEN], const struct hash_key *key, const struct ident *i)
{
	static const char HEX[] = "0123456789abcdef";
	uint8_t b[ALL_BYTES];
	pack(b, key, i);
	*out++ = i->kind;
	for (int k = 0; k < ALL_BYTES; k++) {
		*out++ = HEX[b[k] >> 4];
		*out++ = HEX[b[k] & 15];
	}
}

static int digit(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool unhex(uint8_t b[ALL_BYTES], const char *p)
{
	for (int k = 0; k < ALL_BYTES; k++) {
		int hi = digit((unsigned char)p[2 * k]), lo = digit((unsigned char)p[2 * k + 1]);
		if (hi < 0 || lo < 0)
			return false;
		b[k] = (uint8_t)(hi << 4 | lo);
	}
	return true;
}

bool ident_read(struct ident *out, const struct hash_key *key, enum ident_kind kind, struct span text)
{
	uint8_t b[ALL_BYTES], again[ALL_BYTES];
	if (text.len != IDENT_LEN || text.p[0] != (char)kind || !unhex(b, text.p + 1))
		return false;
	out->kind = (char)kind;
	out->worker = b[0];
	out->index = (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
	memcpy(&out->rand, b + 4, 8);
	pack(again, key, out);
	return memcmp(b, again, ALL_BYTES) == 0;
}

void ident_write_branch(char out[IDENT_BRANCH_LEN], const struct hash_key *key, const struct ident *i)
{
	memcpy(out, IDENT_COOKIE, COOKIE_LEN);
	ident_write(out + COOKIE_LEN, key, i);
}

bool ident_read_branch(struct ident *out, const struct hash_key *key, struct span branch)
{
	if (branch.len != IDENT_BRANCH_LEN || memcmp(branch.p, IDENT_COOKIE, COOKIE_LEN) != 0)
		return false;
	return ident_read(out, key, IDENT_BRANCH, span_of(branch.p + COOKIE_LEN, IDENT_LEN));
}
