/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/frame.h"

#define ETH 14u
#define IP  20u
#define UDP 8u

static void w16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint32_t r16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t sum16(const uint8_t *p, uint32_t n, uint32_t sum)
{
	for (uint32_t i = 0; i + 1 < n; i += 2)
		sum += r16(p + i);
	if (n & 1)
		sum += (uint32_t)p[n - 1] << 8;
	return sum;
}

static uint32_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum ^ 0xffff;
}

static uint32_t udp_sum(const uint8_t *ip, const uint8_t *udp, uint32_t n)
{
	return fold(sum16(udp, n, sum16(ip + 12, 8, 17 + n)));
}

static void write_eth_ip(uint8_t *f, const uint8_t smac[6], const uint8_t dmac[6], const uint8_t src[4],
    const uint8_t dst[4], uint8_t proto, uint32_t payload)
{
	static const uint8_t head[] = {0x45, 0, 0, 0, 0, 1, 0, 0, 64};
	memcpy(f, dmac, 6);
	memcpy(f + 6, smac, 6);
	w16(f + 12, 0x0800);
	uint8_t *ip = f + ETH;
	memset(ip, 0, IP);
	memcpy(ip, head, sizeof head);
	w16(ip + 2, IP + payload);
	ip[9] = proto;
	memcpy(ip + 12, src, 4);
	memcpy(ip + 16, dst, 4);
	w16(ip + 10, fold(sum16(ip, IP, 0)));
}

uint32_t frame_udp(uint8_t out[FRAME_MAX], const uint8_t smac[6], const uint8_t dmac[6],
    const struct ip_sock *src, const struct ip_sock *dst, const void *payload, uint32_t len)
{
	write_eth_ip(out, smac, dmac, src->a.b, dst->a.b, 17, UDP + len);
	uint8_t *u = out + ETH + IP;
	w16(u, src->port);
	w16(u + 2, dst->port);
	w16(u + 4, UDP + len);
	w16(u + 6, 0);
	memcpy(u + UDP, payload, len);
	uint32_t c = udp_sum(out + ETH, u, UDP + len);
	w16(u + 6, c ? c : 0xffff);
	return ETH + IP + UDP + len;
}

int frame_read_udp(struct frame_udp *out, const uint8_t *f, uint32_t len)
{
	const uint8_t *ip = f + ETH, *u = ip + IP;
	if (len < ETH + IP + UDP || r16(f + 12) != 0x0800 || ip[9] != 17)
		return 0;
	uint32_t total = r16(ip + 2);
	if (ip[0] != 0x45 || total > len - ETH || fold(sum16(ip, IP, 0)) != 0)
		return -1;
	if (r16(ip + 6) & 0x3fff)
		return 0;
	if (r16(u + 4) != total - IP || r16(u + 6) == 0 || udp_sum(ip, u, total - IP) != 0)
		return -1;
	*out = (struct frame_udp){.payload = u + UDP, .len = total - IP - UDP};
	out->src = (struct ip_sock){.a = {.fam = 4}, .port = (uint16_t)r16(u)};
	out->dst = (struct ip_sock){.a = {.fam = 4}, .port = (uint16_t)r16(u + 2)};
	memcpy(out->src.a.b, ip + 12, 4);
	memcpy(out->dst.a.b, ip + 16, 4);
	return 1;
}

uint32_t frame_arp_reply(uint8_t out[FRAME_MAX], const uint8_t *req, uint32_t len, const uint8_t mac[6])
{
	const uint8_t *a = req + ETH;
	if (len < ETH + 28 || r16(req + 12) != 0x0806 || r16(a + 6) != 1 || memcmp(a + 14, a + 24, 4) == 0)
		return 0;
	memcpy(out, req + 6, 6);
	memcpy(out + 6, mac, 6);
	w16(out + 12, 0x0806);
	uint8_t *r = out + ETH;
	memcpy(r, a, 6);
	w16(r + 6, 2);
	memcpy(r + 8, mac, 6);
	memcpy(r + 14, a + 24, 4);
	memcpy(r + 18, a + 8, 10);
	return ETH + 28;
}

uint32_t frame_unreachable(uint8_t out[FRAME_MAX], const uint8_t *sent, uint32_t len)
{
	uint32_t quote = len - ETH < IP + UDP ? len - ETH : IP + UDP;
	write_eth_ip(out, sent, sent + 6, sent + ETH + 16, sent + ETH + 12, 1, 8 + quote);
	uint8_t *icmp = out + ETH + IP;
	memset(icmp, 0, 8);
	icmp[0] = 3;
	icmp[1] = 3;
	memcpy(icmp + 8, sent + ETH, quote);
	w16(icmp + 2, fold(sum16(icmp, 8 + quote, 0)));
	return ETH + IP + 8 + quote;
}
