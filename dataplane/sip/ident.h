/* SPDX-License-Identifier: Apache-2.0 */
/* The names we put on the wire: Via branch, tag (also the Contact user) and Call-ID. Each one says which
 * worker and which pool slot it belongs to, so a message that comes back finds its owner and its object
 * without a table; 64 random bits make it impossible to guess, a 32-bit keyed MAC lets any worker discard
 * what we did not write before it looks anything up.
 *
 * Text: one kind letter, then 32 hex digits of worker (1 byte), index (3), random (8), MAC (4). */
#ifndef DP_SIP_IDENT_H
#define DP_SIP_IDENT_H

#include "sip-parser/base/hash.h"

#define IDENT_LEN       33
#define IDENT_MAC_LEN   8 /* of it, at its end */
#define IDENT_INDEX_MAX 0xffffffu

enum ident_kind { IDENT_BRANCH = 'b', IDENT_TAG = 't', IDENT_CALL_ID = 'c' };

struct ident {
	char kind; /* enum ident_kind */
	uint8_t worker;
	uint32_t index; /* ≤ IDENT_INDEX_MAX */
	uint64_t rand;
};

/* Write the token; exactly IDENT_LEN bytes. */
void ident_write(char out[IDENT_LEN], const struct hash_key *key, const struct ident *i);

/* Read a token of this kind. False: not one of ours (form or MAC). The caller still compares index and random
 * with what it stored: a token may be genuine and old. Any thread. */
bool ident_read(struct ident *out, const struct hash_key *key, enum ident_kind kind, struct span text);

/* The form alone, for whoever compares index and random with what it stored anyway: the stored 64 bits decide, and the
 * MAC adds nothing to them. */
bool ident_parse(struct ident *out, enum ident_kind kind, struct span text);

/* The same for a whole branch parameter, cookie included (RFC 3261 §8.1.1.7). */
#define IDENT_COOKIE     "z9hG4bK"
#define IDENT_BRANCH_LEN (sizeof(IDENT_COOKIE) - 1 + IDENT_LEN)
void ident_write_branch(char out[IDENT_BRANCH_LEN], const struct hash_key *key, const struct ident *i);
/* Its token; NULL: it has not our form. */
const char *ident_of_branch(struct span branch);
bool ident_read_branch(struct ident *out, const struct hash_key *key, struct span branch);

/* Worker and index alone, for whoever compares the whole text with what it stored (ident_same). False: no digits there. */
bool ident_place(struct ident *out, const char token[IDENT_LEN]);
/* The random part of a token that we wrote. */
uint64_t ident_rand(const char token[IDENT_LEN]);

static inline bool ident_same(const char a[IDENT_LEN], const char b[IDENT_LEN])
{
	uint64_t x[4], y[4];
	memcpy(x, a, 32);
	memcpy(y, b, 32);
	return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3])) == 0 && a[32] == b[32];
}

#endif
