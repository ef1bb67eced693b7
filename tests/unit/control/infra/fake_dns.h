/* SPDX-License-Identifier: Apache-2.0 */
/* A name server on loopback for tests: a thread that answers by name.
 *   one.test 192.0.2.1 · two.test 192.0.2.1 and .2 · local.test 127.0.0.1 · inside.test 10.1.2.3
 *   mixed.test 10.1.2.3 and 127.0.0.1 · six.test AAAA 2001:db8::1 only · none.test no data
 *   silent.test no answer at all · liar.test an answer that is cut short · anything else NXDOMAIN */
#ifndef TEST_FAKE_DNS_H
#define TEST_FAKE_DNS_H

#include "tests/unit/control/infra/infra.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

struct fake_dns {
	int fd;
	pthread_t thread;
	char address[32]; /* "127.0.0.1:port" */
	unsigned queries;
};

static const struct fake_name {
	const char *name;
	const char *a[2];
	const char *aaaa;
} fake_names[] = {
    {"one.test", {"192.0.2.1"}, NULL},
    {"two.test", {"192.0.2.1", "192.0.2.2"}, NULL},
    {"local.test", {"127.0.0.1"}, NULL},
    {"inside.test", {"10.1.2.3"}, NULL},
    {"mixed.test", {"10.1.2.3", "127.0.0.1"}, NULL},
    {"six.test", {NULL}, "2001:db8::1"},
    {"none.test", {NULL}, NULL},
};

static inline size_t fake_question(const uint8_t *q, size_t n, char name[256], uint16_t *type)
{
	size_t at = 12, len = 0;
	while (at < n && q[at] && len + q[at] + 2 < 256 && at + q[at] < n) {
		memcpy(name + len, q + at + 1, q[at]);
		len += q[at];
		name[len++] = '.';
		at += q[at] + 1u;
	}
	name[len ? len - 1 : 0] = 0;
	*type = (uint16_t)(q[at + 1] << 8 | q[at + 2]);
	return at + 5;
}

static inline size_t fake_record(uint8_t *p, int family, const char *addr, uint8_t ttl_s)
{
	size_t len = family == AF_INET ? 4 : 16;
	const uint8_t head[12] = {
	    0xc0, 12, 0, family == AF_INET ? 1 : 28, 0, 1, 0, 0, 0, ttl_s, 0, (uint8_t)len};
	memcpy(p, head, 12);
	inet_pton(family, addr, p + 12);
	return 12 + len;
}

static inline size_t fake_answer(uint8_t *m, size_t end, const char *name, uint16_t type)
{
	const struct fake_name *f = NULL;
	for (size_t i = 0; i < sizeof fake_names / sizeof *fake_names; i++)
		if (strcasecmp(fake_names[i].name, name) == 0)
			f = &fake_names[i];
	static unsigned rebinds; /* rebind.test is at home when it is asked for first, then inside */
	const struct fake_name turned = {"rebind.test", {rebinds % 2 ? "10.1.2.3" : "127.0.0.1"}, NULL};
	if (strcasecmp(name, turned.name) == 0) {
		f = &turned;
		rebinds += type == 1;
	}
	m[2] = 0x84;
	m[3] = f ? 0x80 : 0x83;
	memset(m + 6, 0, 6);
	for (int i = 0; f && type == 1 && i < 2 && f->a[i]; i++, m[7]++) {
		end += fake_record(m + end, AF_INET, f->a[i], f == &turned ? 0 : 60);
	}
	if (f && type == 28 && f->aaaa && ++m[7])
		end += fake_record(m + end, AF_INET6, f->aaaa, 60);
	return end;
}

static inline void *fake_dns_serve(void *ctx)
{
	struct fake_dns *d = ctx;
	uint8_t m[1024];
	struct sockaddr_in from;
	for (;;) {
		socklen_t sl = sizeof from;
		ssize_t n = recvfrom(d->fd, m, 512, 0, (struct sockaddr *)&from, &sl);
		if (n < 17)
			return NULL; /* an empty datagram ends the thread */
		char name[256];
		uint16_t type;
		size_t end = fake_question(m, (size_t)n, name, &type);
		__atomic_add_fetch(&d->queries, 1, __ATOMIC_RELAXED);
		if (strcasecmp(name, "silent.test") == 0)
			continue;
		size_t len = strcasecmp(name, "liar.test") == 0 ? 14 : fake_answer(m, end, name, type);
		m[2] |= 0x80;
		sendto(d->fd, m, len, 0, (struct sockaddr *)&from, sl);
	}
}

static inline void fake_dns_start(struct fake_dns *d)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t sl = sizeof sa;
	d->queries = 0;
	d->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(d->fd, (struct sockaddr *)&sa, sl), 0);
	getsockname(d->fd, (struct sockaddr *)&sa, &sl);
	snprintf(d->address, sizeof d->address, "127.0.0.1:%u", ntohs(sa.sin_port));
	assert_int_equal(pthread_create(&d->thread, NULL, fake_dns_serve, d), 0);
}

static inline void fake_dns_stop(struct fake_dns *d)
{
	struct sockaddr_in sa;
	socklen_t sl = sizeof sa;
	getsockname(d->fd, (struct sockaddr *)&sa, &sl);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	sendto(fd, "", 0, 0, (struct sockaddr *)&sa, sl);
	pthread_join(d->thread, NULL);
	close(fd);
	close(d->fd);
}

#endif
