/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/call/sip_sink.h"

#include "bench/call/http.h"
#include "sip-parser/sdp.h"
#include "sip-parser/sip_addr.h"
#include "sip-parser/sip_msg.h"
#include "sip-parser/sip_write.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define SIP_PORT   5070
#define RTP_PORT   6000
#define BURST      64
#define PROBE_GAP  100000ull
#define PROBE_ENDS 5000000000ull
#define RTP_BYTES  172
#define RTP_HEAD   12
#define PROBE_MARK 0x44504c4eu

static int bound(int epoll, const char *ip, uint16_t port)
{
	int bytes = 8 << 20, fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
	inet_pton(AF_INET, ip, &at.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) < 0)
		return -1;
	return fd;
}

static int party_open(struct sip_party *p, int epoll, const char *ip)
{
	snprintf(p->address, sizeof p->address, "%s:%d", ip, SIP_PORT);
	snprintf(p->media, sizeof p->media, "%s", ip);
	p->callee =
	    (struct callee){.address = p->address, .media = p->media, .trying = true, .ringing = true};
	p->sip = bound(epoll, ip, SIP_PORT);
	p->rtp = bound(epoll, ip, RTP_PORT);
	return p->sip < 0 || p->rtp < 0 ? -1 : 0;
}

int sip_sink_open(struct sip_sink *s, int epoll, const char *netns, const char *ip_a, const char *ip_b)
{
	char path[128];
	snprintf(path, sizeof path, "/run/netns/%s", netns);
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), there = open(path, O_RDONLY | O_CLOEXEC);
	if (byes_init(&s->byes, s->b.address, http_now_ns()) < 0 || seen_init(&s->seen) < 0)
		return -1;
	if (home < 0 || there < 0 || setns(there, CLONE_NEWNET) < 0)
		return -1;
	int rc = party_open(&s->a, epoll, ip_a) | party_open(&s->b, epoll, ip_b);
	if (setns(home, CLONE_NEWNET) < 0)
		return -1;
	close(home);
	close(there);
	return rc;
}

/* The tag that callee_on gave: the From tag turned. */
static struct span turned_tag(const struct sip_msg *m, char *room, uint32_t bytes)
{
	struct sip_addr from;
	uint32_t off;
	if (sip_addr_parse(&from, sip_msg_val(m, SIP_H_FROM), &off) < 0 || from.tag.len > bytes)
		return (struct span){0};
	for (uint32_t i = 0; i < from.tag.len; i++)
		room[i] = from.tag.p[from.tag.len - 1 - i];
	return span_of(room, from.tag.len);
}

static void plan_bye(struct sip_sink *s, const struct sip_msg *m, const struct sockaddr_in *to, uint64_t now)
{
	char tag[256];
	(void)byes_plan(&s->byes, m, turned_tag(m, tag, sizeof tag), to, now + s->talk_ns);
}

static void plan_probe(struct sip_sink *s, const struct sip_msg *m, uint64_t now)
{
	struct sdp sdp;
	uint32_t off;
	const char *why;
	struct sip_probe *p = &s->probes[s->invites / PROBE_EVERY % PROBES];
	char ip[64];
	if (p->since_ns || sdp_parse(&sdp, m->body, &off, &why) < 0 || sdp.n_media == 0)
		return;
	snprintf(ip, sizeof ip, "%.*s", (int)sdp.media[0].addr.len, sdp.media[0].addr.p);
	p->to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(sdp.media[0].port)};
	p->id = (uint32_t)(s->invites / PROBE_EVERY);
	if (inet_pton(AF_INET, ip, &p->to.sin_addr) == 1) {
		p->since_ns = p->due_ns = now;
		s->probed++;
	}
}

static void reached_a(struct sip_sink *s, const struct sip_msg *m, uint64_t now)
{
	const char *k = memmem(m->ruri.p, m->ruri.len, "sip:k", 5);
	uint64_t since = k ? strtoull(k + 5, NULL, 10) : 0;
	if (since && since < now)
		hist_add(&s->to_invite, now - since);
}

static void on_invite(
    struct sip_sink *s, const struct sip_party *p, const struct sip_msg *m, const struct sockaddr_in *from)
{
	uint64_t now = http_now_ns();
	if (seen_again(&s->seen, sip_msg_val(m, SIP_H_CALL_ID))) {
		s->repeats++;
		return;
	}
	if (p == &s->a) {
		reached_a(s, m, now);
		return;
	}
	plan_bye(s, m, from, now);
	if (s->invites++ % PROBE_EVERY == 0)
		plan_probe(s, m, now);
}

static unsigned refuse(const struct sip_msg *m, struct buf *out, uint32_t *lens)
{
	char room[256];
	if (m->method == SIP_ACK)
		return 0;
	sip_write_response_head(out, m, m->method == SIP_INVITE ? 486 : 200, (struct span){0},
	    turned_tag(m, room, sizeof room), (struct span){0}, 0, false);
	sip_write_body(out, (struct span){0}, (struct span){0});
	lens[0] = out->len;
	return 1;
}

static void on_datagram(
    struct sip_sink *s, struct sip_party *p, const char *text, uint32_t len, const struct sockaddr_in *from)
{
	static char room[16384];
	struct buf out = buf_on(room, sizeof room);
	uint32_t lens[CALLEE_REPLIES], at = 0;
	struct sip_msg m;
	struct sip_err err;
	unsigned n = 0;
	bool parsed = sip_msg_parse(&m, text, len, SIP_DATAGRAM, &err) == 0;
	if (parsed && !m.is_request) {
		byes_answered(&s->byes, &m);
		return;
	}
	if (parsed && m.method == SIP_INVITE)
		on_invite(s, p, &m, from);
	if (parsed && s->busy)
		n = refuse(&m, &out, lens);
	else
		n = callee_on(&p->callee, text, len, &out, lens);
	for (unsigned i = 0; i < n; at += lens[i], i++)
		(void)!sendto(p->sip, room + at, lens[i], 0, (const struct sockaddr *)from, sizeof *from);
}

static void on_sip(struct sip_sink *s, struct sip_party *p)
{
	static char room[BURST][4096];
	struct mmsghdr h[BURST];
	struct iovec v[BURST];
	struct sockaddr_in from[BURST];
	for (unsigned i = 0; i < BURST; i++) {
		v[i] = (struct iovec){room[i], sizeof room[i]};
		h[i].msg_hdr = (struct msghdr){
		    .msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = &v[i], .msg_iovlen = 1};
	}
	int n = recvmmsg(p->sip, h, BURST, 0, NULL);
	for (int i = 0; i < n; i++)
		on_datagram(s, p, room[i], h[i].msg_len, &from[i]);
}

/* The engine gives the stream another SSRC, so the mark is in the payload. */
static void on_rtp(struct sip_sink *s, int fd, bool at_a)
{
	uint8_t pkt[1500];
	uint32_t mark[2];
	ssize_t n;
	while ((n = recv(fd, pkt, sizeof pkt, 0)) > 0) {
		memcpy(mark, pkt + RTP_HEAD, sizeof mark);
		struct sip_probe *p = &s->probes[mark[1] % PROBES];
		if (!at_a || n != RTP_BYTES || mark[0] != PROBE_MARK || p->since_ns == 0 || mark[1] != p->id)
			continue;
		hist_add(&s->to_bridge, http_now_ns() - p->since_ns);
		p->since_ns = 0;
	}
}

bool sip_sink_ready(struct sip_sink *s, int fd)
{
	if (fd == s->a.sip)
		on_sip(s, &s->a);
	else if (fd == s->b.sip)
		on_sip(s, &s->b);
	else if (fd == s->a.rtp || fd == s->b.rtp)
		on_rtp(s, fd, fd == s->a.rtp);
	else
		return false;
	return true;
}

static void send_bye(void *ctx, const struct bye *y)
{
	const struct sip_sink *s = ctx;
	(void)!sendto(s->b.sip, y->text, y->len, 0, (const struct sockaddr *)&y->to, sizeof y->to);
}

static void send_probe(const struct sip_sink *s, struct sip_probe *p)
{
	const uint32_t mark[2] = {PROBE_MARK, p->id};
	uint8_t pkt[RTP_BYTES] = {0x80, 0, (uint8_t)(p->seq >> 8), (uint8_t)p->seq};
	p->seq++;
	memset(pkt + RTP_HEAD, 0xff, RTP_BYTES - RTP_HEAD);
	memcpy(pkt + 8, &p->id, sizeof p->id);
	memcpy(pkt + RTP_HEAD, mark, sizeof mark);
	(void)!sendto(s->b.rtp, pkt, sizeof pkt, 0, (const struct sockaddr *)&p->to, sizeof p->to);
}

static void probe(struct sip_sink *s, struct sip_probe *p, uint64_t now)
{
	if (p->since_ns == 0 || p->due_ns > now)
		return;
	uint64_t waited = now - p->since_ns;
	if (waited > PROBE_ENDS) {
		p->since_ns = 0;
		return;
	}
	send_probe(s, p);
	p->due_ns = now + (waited / 20 > PROBE_GAP ? waited / 20 : PROBE_GAP);
}

void sip_sink_tick(struct sip_sink *s, uint64_t now)
{
	byes_send(&s->byes, now, send_bye, s);
	for (uint32_t i = 0; i < PROBES; i++)
		probe(s, &s->probes[i], now);
}
