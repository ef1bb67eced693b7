/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sip/ident.h"

#define COOKIE_LEN (sizeof(IDENT_COOKIE) - 1)
#define BODY_BYTES 12
#define ALL_BYTES  16
#define EACH(byte) ((byte)*0x0101010101010101ull)

static void pack(uint8_t b[BODY_BYTES + 1], const struct ident *i)
{
	b[0] = i->worker;
	b[1] = (uint8_t)(i->index >> 16);
	b[2] = (uint8_t)(i->index >> 8);
	b[3] = (uint8_t)i->index;
	memcpy(b + 4, &i->rand, 8);
}

static uint32_t mac_of(const struct hash_key *key, const struct ident *i)
{
	uint8_t b[BODY_BYTES + 1];
	pack(b, i);
	b[BODY_BYTES] = (uint8_t)i->kind; /* keeps the kinds apart */
	return (uint32_t)hash_bytes(key, b, sizeof b);
}

/* Four bytes, the first one lowest, as eight digits: a nibble per byte, then '0' or, above 9, 'a' - 10 added. */
static uint64_t hex_of(uint32_t v)
{
	uint64_t x = v;
	x = (x | x << 16) & 0x0000ffff0000ffffull;
	x = (x | x << 8) & 0x00ff00ff00ff00ffull;
	x = (x >> 4 | x << 8) & EACH(0x0full);
	uint64_t above9 = (x + EACH(6ull)) >> 4 & EACH(1ull);
	return x + EACH((uint64_t)'0') + above9 * ('a' - 10 - '0');
}

/* And back. What comes of anything but [0-9a-f] is not what hex_of makes of the result. */
static uint32_t of_hex(uint64_t d)
{
	uint64_t x = (d & EACH(0x0full)) + (d >> 6 & EACH(1ull)) * 9;
	x &= EACH(0x0full);
	x = (x << 4 | x >> 8) & 0x00ff00ff00ff00ffull;
	x = (x | x >> 8) & 0x0000ffff0000ffffull;
	return (uint32_t)(x | x >> 16);
}

void ident_write(char out[IDENT_LEN], const struct hash_key *key, const struct ident *i)
{
	uint8_t b[ALL_BYTES];
	uint32_t mac = mac_of(key, i), v;
	pack(b, i);
	memcpy(b + BODY_BYTES, &mac, 4);
	*out++ = i->kind;
	for (int k = 0; k < ALL_BYTES; k += 4) {
		memcpy(&v, b + k, 4);
		uint64_t d = hex_of(v);
		memcpy(out + 2 * k, &d, 8);
	}
}

static bool unhex(uint8_t b[ALL_BYTES], const char *p)
{
	uint64_t d, wrong = 0;
	for (int k = 0; k < ALL_BYTES; k += 4) {
		memcpy(&d, p + 2 * k, 8);
		uint32_t v = of_hex(d);
		wrong |= d ^ hex_of(v);
		memcpy(b + k, &v, 4);
	}
	return wrong == 0;
}

static bool parse(struct ident *out, uint32_t *mac, enum ident_kind kind, struct span text)
{
	uint8_t b[ALL_BYTES];
	if (text.len != IDENT_LEN || text.p[0] != (char)kind || !unhex(b, text.p + 1))
		return false;
	out->kind = (char)kind;
	out->worker = b[0];
	out->index = (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
	memcpy(&out->rand, b + 4, 8);
	memcpy(mac, b + BODY_BYTES, 4);
	return true;
}

bool ident_parse(struct ident *out, enum ident_kind kind, struct span text)
{
	uint32_t mac;
	return parse(out, &mac, kind, text);
}

bool ident_read(struct ident *out, const struct hash_key *key, enum ident_kind kind, struct span text)
{
	uint32_t mac;
	return parse(out, &mac, kind, text) && mac == mac_of(key, out);
}

void ident_write_branch(char out[IDENT_BRANCH_LEN], const struct hash_key *key, const struct ident *i)
{
	memcpy(out, IDENT_COOKIE, COOKIE_LEN);
	ident_write(out + COOKIE_LEN, key, i);
}

static bool token_of(struct span branch, struct span *token)
{
	*token = span_of(branch.p + COOKIE_LEN, IDENT_LEN);
	return branch.len == IDENT_BRANCH_LEN && memcmp(branch.p, IDENT_COOKIE, COOKIE_LEN) == 0;
}

bool ident_parse_branch(struct ident *out, struct span branch)
{
	struct span token;
	return token_of(branch, &token) && ident_parse(out, IDENT_BRANCH, token);
}

bool ident_read_branch(struct ident *out, const struct hash_key *key, struct span branch)
{
	struct span token;
	return token_of(branch, &token) && ident_read(out, key, IDENT_BRANCH, token);
}
