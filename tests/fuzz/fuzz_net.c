/* SPDX-License-Identifier: Apache-2.0 */
/* The IP host under any sequence of frames, sends and pauses. The input is a list of steps: a byte that says
 * which, two of length, then bytes. Packets are single allocations of exact size, so a read or write beyond a
 * frame is seen; at the end every packet must be back.
 *   0 a frame as it is   1 a frame made to reach the host: MAC, address and checksums set right, for IPv6 when its ethertype says so
 *   2 time passes: length in ms   3 the host sends `length` bytes to an address made of the next four */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "dataplane/net/host.h"
#include "dataplane/net/net.h"

#define ROOM    3712u
#define PKTS    64u
#define MS      1000000ull
#define HOST_IP 0x0a000002u

enum step { STEP_RAW, STEP_FIXED, STEP_TIME, STEP_SEND, STEPS };

static const uint8_t host_mac[6] = {2, 0, 0, 0, 0, 2};
static const uint8_t six[16] = {0xfd, 0, 0, 1, [15] = 2};
static uint32_t used;

static struct pkt *make(struct pktio *io, uint32_t room)
{
	if (used == PKTS)
		return NULL;
	uint8_t *buf = malloc(PKT_HEADROOM + room);
	struct pkt *p = malloc(sizeof *p);
	if (!p || !buf)
		abort();
	pkt_reset(p, io, buf, room);
	used++;
	return p;
}

static struct pkt *fuzz_alloc(struct pktio *io)
{
	return make(io, ROOM);
}

static void fuzz_release(struct pktio *io, struct pkt *p)
{
	free(p->buf0);
	free(p);
	used--;
}

/* What leaves must be a whole frame of ours with a right IP header. */
static uint32_t fuzz_tx(struct pktio *io, struct pkt **in, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct pkt *p = in[i];
		MUST(p->len >= 14 + 20 && memcmp(p->data + 6, host_mac, 6) == 0);
		MUST(p->data >= p->buf0 && p->len <= 14u + io->mtu + 32);
		if (p->data[12] == 0x86 && p->data[13] == 0xdd)
			MUST(
			    p->data[14] == 0x60 && (uint32_t)(p->data[18] << 8 | p->data[19]) == p->len - 54);
		if (p->data[12] == 8 && p->data[13] == 0)
			MUST(
			    p->data[14] == 0x45 && (uint32_t)(p->data[16] << 8 | p->data[17]) == p->len - 14);
		pkt_put(in[i]);
	}
	return n;
}

static uint32_t fuzz_used(struct pktio *io)
{
	return used;
}

static const struct pktio_ops ops = {
    .tx = fuzz_tx, .alloc = fuzz_alloc, .release = fuzz_release, .pkts_used = fuzz_used};

static struct net *net;

/* Every other datagram goes back from the same buffer, as a relay does. */
static void on_udp(void *ctx, struct udp_in *in, uint64_t now)
{
	if (in->src.port & 1)
		(void)net_udp_send(net, in->pkt, in->dst.port, &in->src, now);
	else
		pkt_put(in->pkt);
}

static void on_error(void *ctx, const struct udp_err *e, uint64_t now)
{
	MUST(e->local.a.fam == e->remote.a.fam && (e->local.a.fam == 4 || e->local.a.fam == 6));
}

/* Another worker is asked at once and has sent nothing: what this one did not send, it does not know either. */
static bool on_quoted(void *ctx, const struct udp_err *e, uint64_t now)
{
	MUST(e->local.a.fam == e->remote.a.fam && !e->arp);
	MUST(!net_udp_quoted(net, e, now));
	return e->ip_id & 1;
}

static uint16_t sum(uint32_t s, const uint8_t *p, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		s += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

static void set16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* An ICMPv6 or UDP checksum over the pseudo header, right behind the IPv6 header. */
static void fix_six(uint8_t *f, uint32_t n)
{
	static uint8_t b[40 + 65536];
	uint32_t len = n - 54, at = f[20] == 58 ? 2 : 6;
	f[14] = 0x60;
	set16(f + 18, (uint16_t)len);
	if (f[38] != 0xff)
		memcpy(f + 38, six, 16);
	if ((f[20] != 58 && f[20] != 17) || len < 8 || len > 65535)
		return;
	set16(f + 54 + at, 0);
	memcpy(b, f + 22, 32);
	memset(b + 32, 0, 8);
	set16(b + 34, (uint16_t)len);
	b[39] = f[20];
	memcpy(b + 40, f + 54, len);
	set16(f + 54 + at, sum(0, b, 40 + len));
}

/* Past the first checks, so that what lies behind is reached. */
static void fix(uint8_t *f, uint32_t n)
{
	bool group = n >= 54 && f[38] == 0xff;
	memcpy(
	    f, group ? (const uint8_t[]){0x33, 0x33, f[50], f[51], f[52], f[53]} : host_mac, n < 6 ? n : 6);
	if (n >= 54 && f[12] == 0x86 && f[13] == 0xdd)
		fix_six(f, n);
	if (n >= 42 && f[12] == 8 && f[13] == 6)
		memcpy(f + 38, "\x0a\0\0\x02", 4);
	uint32_t hlen = n > 14 ? (f[14] & 15) * 4u : 0;
	if (n < 34 || f[12] != 8 || f[13] != 0 || hlen < 20 || 14 + hlen > n)
		return;
	f[14] = (uint8_t)(0x40 | hlen / 4);
	set16(f + 16, (uint16_t)(n - 14));
	memcpy(f + 30, "\x0a\0\0\x02", 4);
	set16(f + 24, 0);
	set16(f + 24, sum(0, f + 14, hlen));
	uint8_t *l4 = f + 14 + hlen;
	uint32_t len = n - 14 - hlen;
	if (f[23] == 1 && len >= 8) {
		set16(l4 + 2, 0);
		set16(l4 + 2, sum(0, l4, len));
	} else if (f[23] == 17 && len >= 8) {
		set16(l4 + 6, 0);
	}
}

static void frame(struct pktio *io, const uint8_t *p, uint32_t n, bool fixed, uint64_t now)
{
	struct pkt *k = make(io, n);
	if (!k)
		return;
	memcpy(k->data, p, n);
	k->len = n;
	if (fixed)
		fix(k->data, n);
	if (n & 1)
		net_input(net, k, now);
	else
		net_burst(net, &k, 1, now);
}

static void send_some(const uint8_t *p, uint32_t have, uint32_t n, uint64_t now)
{
	struct ip_sock to = {.a = {.fam = 4, .b = {10, 0, 0, 9}}, .port = 5060};
	struct pkt *k = net_alloc(net);
	if (!k)
		return;
	memcpy(to.a.b, p, have < 4 ? have : 4);
	if (n & 1) { /* the same four are the end of an IPv6 address on our link */
		to.a.fam = 6;
		memcpy(to.a.b + 12, to.a.b, 4);
		memcpy(to.a.b, six, 12);
	}
	k->len = n < ROOM ? n : ROOM;
	memset(k->data, 'x', k->len);
	pkt_ref(k);
	(void)net_udp_send(net, k, 5060, &to, now);
	(void)net_udp_resend(net, k, 5060, &to, now);
}

static void run(struct pktio *io, struct wheel *w, const uint8_t *data, size_t size)
{
	uint64_t now = 0;
	while (size >= 3) {
		uint32_t want = (uint32_t)(data[1] << 8 | data[2]);
		enum step step = (enum step)(data[0] % STEPS);
		data += 3;
		size -= 3;
		uint32_t n = want < size ? want : (uint32_t)size;
		if (step == STEP_TIME)
			now += want * MS;
		else if (step == STEP_SEND)
			send_some(data, (uint32_t)size, want, now);
		else
			frame(io, data, n, step == STEP_FIXED, now);
		n = step == STEP_TIME ? 0 : step == STEP_SEND ? (size < 4 ? (uint32_t)size : 4) : n;
		data += n;
		size -= n;
		wheel_run(w, now);
		net_flush(net, now);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dp_stats stats;
	struct pktio io = {.ops = &ops, .mac = {2, 0, 0, 0, 0, 2}, .mtu = 1500, .buf_bytes = ROOM};
	struct dp_conf conf = {.prefix = 24, .mtu = 1500, .check_l4_sums = true, .pkts_max = PKTS};
	const struct net_ops up = {.udp = on_udp, .udp_error = on_error, .udp_quoted = on_quoted};
	struct wheel *w = wheel_new(0, NULL);
	conf.ip = ip4_addr(HOST_IP);
	conf.gateway = ip4_addr(HOST_IP - 1);
	conf.ip6 = (struct ip_addr){.fam = 6};
	memcpy(conf.ip6.b, six, 16);
	conf.prefix6 = 64;
	if (size)
		conf.vlan = data[0] & 0x80 ? 5 : 0;
	MUST(w && net_new(&net, &conf, &io, w, &stats, &up, 0) == 0);
	run(&io, w, data, size);
	net_free(net);
	MUST(used == 0);
	wheel_free(w);
	return 0;
}
