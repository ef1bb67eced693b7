/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/load/frame.h"

#include "dataplane/net/cksum.h"

#define ARP_BYTES 42

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static struct ip_sock sock_of(const uint8_t *ip, const uint8_t *port)
{
	struct ip_sock s = {.a.fam = 4, .port = get16(port)};
	memcpy(s.a.b, ip, 4);
	return s;
}

bool frame_read_udp(struct frame_udp *out, const uint8_t *f, uint32_t len)
{
	if (len < FRAME_UDP_HEAD || get16(f + 12) != 0x0800 || f[14] != 0x45 || f[23] != 17)
		return false;
	if (get16(f + 20) & 0x3fff)
		return false;
	uint32_t bytes = get16(f + 38);
	if (bytes < 8 || bytes + 34 > len)
		return false;
	memcpy(out->dst_mac, f, 6);
	memcpy(out->src_mac, f + 6, 6);
	out->src = sock_of(f + 26, f + 34);
	out->dst = sock_of(f + 30, f + 36);
	out->payload = f + FRAME_UDP_HEAD;
	out->len = bytes - 8;
	return true;
}

static void ip_sum(uint8_t *ip)
{
	uint32_t sum = 0;
	put16(ip + 10, 0);
	for (unsigned i = 0; i < 20; i += 2)
		sum += get16(ip + i);
	sum = (sum & 0xffff) + (sum >> 16);
	put16(ip + 10, ~(sum + (sum >> 16)) & 0xffff);
}

void frame_head_reply(uint8_t *h, const struct frame_udp *to, uint32_t len)
{
	static const uint8_t ip[20] = {0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17};
	memcpy(h, to->src_mac, 6);
	memcpy(h + 6, to->dst_mac, 6);
	put16(h + 12, 0x0800);
	memcpy(h + 14, ip, 20);
	put16(h + 16, len + 28);
	memcpy(h + 26, to->dst.a.b, 4);
	memcpy(h + 30, to->src.a.b, 4);
	ip_sum(h + 14);
	put16(h + 34, to->dst.port);
	put16(h + 36, to->src.port);
	put16(h + 38, len + 8);
	put16(h + 40, 0);
}

void frame_sum(uint8_t *f, uint32_t len)
{
	uint64_t pseudo = cksum_add(cksum_word(17u << 16 | (len - 34)), f + 26, 8);
	memset(f + 40, 0, 2);
	uint16_t c = cksum_fold(cksum_add(pseudo, f + 34, len - 34));
	cksum_store(f + 40, c ? c : 0xffff);
}

uint32_t frame_arp_reply(
    uint8_t *out, const uint8_t *f, uint32_t len, const struct ip_addr *ip, const uint8_t mac[6])
{
	if (len < ARP_BYTES || get16(f + 12) != 0x0806 || get16(f + 20) != 1 || memcmp(f + 38, ip->b, 4) != 0)
		return 0;
	memcpy(out, f + 6, 6);
	memcpy(out + 6, mac, 6);
	memcpy(out + 12, f + 12, 8);
	put16(out + 20, 2);
	memcpy(out + 22, mac, 6);
	memcpy(out + 28, ip->b, 4);
	memcpy(out + 32, f + 22, 10);
	return ARP_BYTES;
}

void frame_arp_request(
    uint8_t *out, const struct ip_addr *ip, const uint8_t mac[6], const struct ip_addr *who)
{
	static const uint8_t head[10] = {0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1};
	memset(out, 0xff, 6);
	memcpy(out + 6, mac, 6);
	memcpy(out + 12, head, sizeof head);
	memcpy(out + 22, mac, 6);
	memcpy(out + 28, ip->b, 4);
	memset(out + 32, 0, 6);
	memcpy(out + 38, who->b, 4);
}

bool frame_arp_is(const uint8_t *f, uint32_t len)
{
	return len >= ARP_BYTES && get16(f + 12) == 0x0806;
}

bool frame_arp_from(const uint8_t *f, const struct ip_addr *who, uint8_t mac[6])
{
	if (memcmp(f + 28, who->b, 4) != 0)
		return false;
	memcpy(mac, f + 22, 6);
	return true;
}
