/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/api/ip_addr.h"

#include <arpa/inet.h>

bool ip_addr_in(const struct ip_addr *a, const struct ip_addr *net, uint8_t prefix)
{
	unsigned bytes = prefix / 8, bits = prefix % 8;
	if (a->fam != net->fam || bytes > sizeof a->b || memcmp(a->b, net->b, bytes) != 0)
		return false;
	return bits == 0 || bytes == sizeof a->b || ((a->b[bytes] ^ net->b[bytes]) >> (8 - bits)) == 0;
}

/* The library wants a terminated string; anything longer than the longest literal, and any NUL inside, is not
 * an address (a NUL would hide what follows it). */
int ip_addr_parse(struct ip_addr *out, struct span s)
{
	char t[INET6_ADDRSTRLEN];
	struct ip_addr a = {0};
	if (s.len == 0 || s.len >= sizeof t || memchr(s.p, 0, s.len))
		return -1;
	memcpy(t, s.p, s.len);
	t[s.len] = 0;
	if (inet_pton(AF_INET, t, a.b) == 1)
		a.fam = 4;
	else if (inet_pton(AF_INET6, t, a.b) == 1)
		a.fam = 6;
	else
		return -1;
	*out = a;
	return 0;
}

static char *put_byte(char *p, unsigned v)
{
	if (v >= 100)
		*p++ = (char)('0' + v / 100);
	if (v >= 10)
		*p++ = (char)('0' + v / 10 % 10);
	*p++ = (char)('0' + v % 10);
	return p;
}

static void put_ip4(struct buf *b, const uint8_t a[4])
{
	char t[16], *p = t;
	for (int i = 0; i < 4; i++) {
		p = put_byte(p, a[i]);
		*p++ = '.';
	}
	buf_put(b, t, (uint32_t)(p - 1 - t));
}

void ip_addr_put(struct buf *b, const struct ip_addr *a)
{
	char t[INET6_ADDRSTRLEN];
	if (a->fam == 4)
		put_ip4(b, a->b);
	else if (a->fam == 6 && inet_ntop(AF_INET6, a->b, t, sizeof t))
		buf_span(b, span_str(t));
	else
		buf_chr(b, '-');
}

void ip_addr_put_host(struct buf *b, const struct ip_addr *a)
{
	if (a->fam == 6)
		buf_chr(b, '[');
	ip_addr_put(b, a);
	if (a->fam == 6)
		buf_chr(b, ']');
}
