/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/load/stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GIVE_UP_NS 10000000ull
#define RTP_HDR    12u

int streams_init(struct streams *s, uint32_t max)
{
	s->max = max;
	s->list = calloc(max, sizeof *s->list);
	return s->list ? 0 : -ENOMEM;
}

void streams_fini(struct streams *s)
{
	free(s->list);
}

static const char *after(struct span text, const char *what)
{
	const char *p = memmem(text.p, text.len, what, strlen(what));
	return p ? p + strlen(what) : NULL;
}

static struct span word(const char *p, const char *end)
{
	const char *q = p;
	while (q < end && *q != ' ' && *q != '\r' && *q != '\n')
		q++;
	return (struct span){p, (uint32_t)(q - p)};
}

static bool add(struct streams *s, struct span address, const char *port)
{
	struct stream *x = &s->list[s->n];
	if (s->n == s->max || ip_addr_parse(&x->to.a, address) < 0)
		return false;
	x->to.port = (uint16_t)strtoul(port, NULL, 10); /* ends at the blank behind it */
	s->n += x->to.port != 0;
	return x->to.port != 0;
}

bool streams_add_sdp(struct streams *s, struct span sdp)
{
	const char *c = after(sdp, "c=IN IP4 "), *m = after(sdp, "m=audio ");
	return c && m && add(s, word(c, sdp.p + sdp.len), m);
}

int streams_read(struct streams *s, const char *path)
{
	char line[128];
	FILE *f = fopen(path, "r");
	if (!f)
		return -errno;
	while (fgets(line, sizeof line, f)) {
		char *blank = strchr(line, ' ');
		if (!blank || !add(s, (struct span){line, (uint32_t)(blank - line)}, blank + 1)) {
			fclose(f);
			return -EINVAL;
		}
	}
	fclose(f);
	return 0;
}

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void write_rtp(uint8_t *d, struct stream *x, uint32_t number, uint32_t bytes)
{
	memset(d, 0, RTP_HDR);
	d[0] = 0x80;
	d[2] = (uint8_t)(x->seq >> 8);
	d[3] = (uint8_t)x->seq;
	put32(d + 4, x->ts);
	put32(d + 8, 0x5a000000u + number);
	memset(d + RTP_HDR, 0xd5, bytes - RTP_HDR);
	x->seq++;
	x->ts += 160;
}

void streams_back(struct streams *s, uint32_t payload, uint64_t now)
{
	s->progress_at = now;
	s->back++;
	s->odd += payload != s->bytes;
}

static uint64_t under_way(const struct streams *s)
{
	uint64_t out = s->sent - s->given_up;
	return out > s->back ? out - s->back : 0;
}

struct stream *streams_next(struct streams *s, uint8_t *at)
{
	uint32_t i = s->at;
	s->at = i + 1 < s->n ? i + 1 : 0;
	write_rtp(at, &s->list[i], i, s->bytes);
	return &s->list[i];
}

static bool send_one(struct streams *s, struct link *l)
{
	char *at;
	uint32_t room;
	struct pkt *p = link_alloc(l, &at, &room);
	if (!p)
		return false;
	struct stream *x = streams_next(s, (uint8_t *)at);
	link_send_to(l, p, s->sport, &x->to, s->bytes);
	s->sent++;
	return true;
}

uint32_t streams_turn(struct streams *s, struct link *l, uint64_t now)
{
	uint32_t done = 0;
	if (s->window == 0 || s->n == 0)
		return 0;
	if (under_way(s) && (int64_t)(now - s->progress_at) > (int64_t)GIVE_UP_NS) {
		s->given_up += under_way(s);
		s->progress_at = now;
	}
	for (; done < LINK_BURST && under_way(s) < s->window && send_one(s, l); done++)
		;
	return done;
}
