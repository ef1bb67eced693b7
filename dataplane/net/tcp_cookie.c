/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/net/tcp_cookie.h"

#define EPOCH_NS (TCP_COOKIE_LIFE_NS / 2)

static const uint16_t mss_of[8] = {536, 1200, 1300, 1360, 1400, 1420, 1440, 1460};
static const uint8_t scale_of[8] = {TCP_NO_SCALE, 0, 2, 4, 6, 7, 8, 10};

static uint32_t mss_code(uint16_t mss)
{
	uint32_t i = 7;
	while (i > 0 && mss_of[i] > mss)
		i--;
	return i;
}

static uint32_t scale_code(uint8_t scale)
{
	uint32_t i = 7;
	if (scale == TCP_NO_SCALE)
		return 0;
	while (i > 1 && scale_of[i] > scale)
		i--;
	return i;
}

static uint32_t mac(
    const struct hash_key *secret, const struct tcp_key *key, uint32_t irs, uint64_t epoch, uint32_t bits)
{
	struct {
		struct tcp_key key;
		uint64_t epoch;
		uint32_t irs, bits;
	} in = {*key, epoch, irs, bits};
	static_assert(sizeof in == sizeof(struct tcp_key) + 16, "no holes are hashed");
	return (uint32_t)hash_bytes(secret, &in, sizeof in) << 8;
}

void tcp_cookie_make(
    const struct hash_key *secret, const struct tcp_key *key, struct tcp_offer *o, uint64_t now)
{
	uint64_t epoch = now / EPOCH_NS;
	uint32_t m = mss_code(o->mss), s = scale_code(o->scale);
	uint32_t bits = m << 5 | s << 2 | (o->sack ? 2u : 0) | (uint32_t)(epoch & 1);
	o->mss = mss_of[m];
	o->scale = scale_of[s];
	o->iss = mac(secret, key, o->irs, epoch, bits) | bits;
}

bool tcp_cookie_read(
    const struct hash_key *secret, const struct tcp_key *key, struct tcp_offer *o, uint64_t now)
{
	uint64_t epoch = now / EPOCH_NS;
	uint32_t bits = o->iss & 0xff;
	if ((epoch & 1) != (bits & 1))
		epoch--;
	if (mac(secret, key, o->irs, epoch, bits) != (o->iss & ~0xffu))
		return false;
	o->mss = mss_of[bits >> 5];
	o->scale = scale_of[bits >> 2 & 7];
	o->sack = bits & 2;
	return true;
}
