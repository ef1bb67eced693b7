/* SPDX-License-Identifier: Apache-2.0 */
#include "control/target_policy.h"

/* Most specific first where ranges overlap. `embeds`: byte where an IPv4 address stands that decides instead. */
static const struct range {
	uint8_t fam, net[16], prefix, embeds;
	const char *name;
} ranges[] = {
    {4, {0}, 8, 0, "unspecified 0.0.0.0/8"},
    {4, {10}, 8, 0, "private 10.0.0.0/8"},
    {4, {100, 64}, 10, 0, "shared 100.64.0.0/10"},
    {4, {127}, 8, 0, "loopback 127.0.0.0/8"},
    {4, {169, 254}, 16, 0, "link-local 169.254.0.0/16"},
    {4, {172, 16}, 12, 0, "private 172.16.0.0/12"},
    {4, {192, 0, 0}, 24, 0, "protocol assignments 192.0.0.0/24"},
    {4, {192, 168}, 16, 0, "private 192.168.0.0/16"},
    {4, {198, 18}, 15, 0, "benchmarking 198.18.0.0/15"},
    {4, {224}, 4, 0, "multicast 224.0.0.0/4"},
    {4, {240}, 4, 0, "reserved or broadcast 240.0.0.0/4"},
    {6, {0}, 128, 0, "unspecified ::"},
    {6, {[15] = 1}, 128, 0, "loopback ::1"},
    {6, {[10] = 0xff, 0xff}, 96, 12, NULL},   /* RFC 4291 IPv4-mapped */
    {6, {0}, 96, 12, NULL},                   /* RFC 4291 IPv4-compatible */
    {6, {[8] = 0xff, 0xff}, 96, 12, NULL},    /* RFC 2765 IPv4-translated */
    {6, {0, 0x64, 0xff, 0x9b}, 96, 12, NULL}, /* RFC 6052 NAT64 */
    {6, {0, 0x64, 0xff, 0x9b, 0, 1}, 48, 0, "local NAT64 64:ff9b:1::/48"},
    {6, {0x20, 0x02}, 16, 2, NULL}, /* RFC 3056 6to4 */
    {6, {0x20, 0x01}, 32, 0, "Teredo 2001::/32"},
    {6, {0x01}, 64, 0, "discard 100::/64"},
    {6, {0xfc}, 7, 0, "private fc00::/7"},
    {6, {0xfe, 0x80}, 10, 0, "link-local fe80::/10"},
    {6, {0xfe, 0xc0}, 10, 0, "site-local fec0::/10"},
    {6, {0xff}, 8, 0, "multicast ff00::/8"},
};

static bool inside(const uint8_t *a, const uint8_t *net, unsigned prefix)
{
	unsigned bytes = prefix / 8, bits = prefix % 8;
	if (memcmp(a, net, bytes) != 0)
		return false;
	return bits == 0 || ((a[bytes] ^ net[bytes]) >> (8 - bits)) == 0;
}

static bool allowed(const struct target_policy *p, const struct ip_addr *a)
{
	for (uint32_t i = 0; p && i < p->n_allow; i++)
		if (p->allow[i].net.fam == a->fam && inside(a->b, p->allow[i].net.b, p->allow[i].prefix))
			return true;
	return false;
}

const char *target_refusal(const struct target_policy *p, const struct ip_addr *a)
{
	if (a->fam != 4 && a->fam != 6)
		return "no address";
	if (allowed(p, a))
		return NULL;
	for (unsigned i = 0; i < sizeof ranges / sizeof *ranges; i++) {
		const struct range *r = &ranges[i];
		if (r->fam != a->fam || !inside(a->b, r->net, r->prefix))
			continue;
		if (!r->embeds)
			return r->name;
		struct ip_addr v4 = {.fam = 4};
		memcpy(v4.b, a->b + r->embeds, 4);
		return target_refusal(p, &v4);
	}
	return NULL;
}
