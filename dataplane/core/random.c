/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/core/random.h"

#include <string.h>

typedef uint32_t lanes __attribute__((vector_size(4 * RANDOM_BLOCKS)));

#define ROTL(x, n) ((x) << (n) | (x) >> (32 - (n)))

static inline void quarter(lanes *a, lanes *b, lanes *c, lanes *d)
{
	*a += *b;
	*d = ROTL(*d ^ *a, 16);
	*c += *d;
	*b = ROTL(*b ^ *c, 12);
	*a += *b;
	*d = ROTL(*d ^ *a, 8);
	*c += *d;
	*b = ROTL(*b ^ *c, 7);
}

static lanes all(uint32_t v)
{
	return (lanes){v, v, v, v};
}

void random_blocks(uint32_t out[16][RANDOM_BLOCKS], const uint32_t key[8])
{
	static const uint32_t EXPAND[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
	lanes s[16] = {0}, x[16];
	for (int i = 0; i < 4; i++)
		s[i] = all(EXPAND[i]);
	for (int i = 0; i < 8; i++)
		s[4 + i] = all(key[i]);
	s[12] = (lanes){0, 1, 2, 3};
	memcpy(x, s, sizeof x);
	for (int i = 0; i < 10; i++) {
		quarter(&x[0], &x[4], &x[8], &x[12]);
		quarter(&x[1], &x[5], &x[9], &x[13]);
		quarter(&x[2], &x[6], &x[10], &x[14]);
		quarter(&x[3], &x[7], &x[11], &x[15]);
		quarter(&x[0], &x[5], &x[10], &x[15]);
		quarter(&x[1], &x[6], &x[11], &x[12]);
		quarter(&x[2], &x[7], &x[8], &x[13]);
		quarter(&x[3], &x[4], &x[9], &x[14]);
	}
	for (int i = 0; i < 16; i++)
		x[i] += s[i];
	memcpy(out, x, sizeof x);
}

void random_init(struct random *r, const uint8_t key[RANDOM_KEY_BYTES])
{
	memcpy(r->key, key, sizeof r->key);
	r->left = 0;
}

void random_refill(struct random *r)
{
	uint32_t out[16][RANDOM_BLOCKS];
	_Static_assert(
	    sizeof out == sizeof r->key + sizeof r->store, "what is made is the key and the store");
	random_blocks(out, r->key);
	memcpy(r->key, out, sizeof r->key);
	memcpy(r->store, (const char *)out + sizeof r->key, sizeof r->store);
	r->left = RANDOM_STORE;
}
