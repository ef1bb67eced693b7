/* SPDX-License-Identifier: Apache-2.0 */
/* The real thing: EAL, a tap device, poll threads. Needs root for a network namespace of its own, else it is
 * skipped. EAL starts once per process, so each engine lives in a child. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/api/dp.h"

#define DEVICE "dptest0"
#define MUST(x)                                                                                              \
	do {                                                                                                 \
		if (!(x)) {                                                                                  \
			fprintf(stderr, "# line %d: %s (%m)\n", __LINE__, #x);                               \
			_exit(1);                                                                            \
		}                                                                                            \
	} while (0)

static struct dp_conf conf_of(uint16_t workers)
{
	struct dp_conf c = {.device = DEVICE,
	    .driver = "tap",
	    .memory_mb = 64,
	    .workers = workers,
	    .prefix = 24,
	    .ip = {4, {192, 0, 2, 1}},
	    .mtu = 1500,
	    .idle_spin_us = 50,
	    .sip_port = 5060,
	    .t1_ms = 500,
	    .t2_ms = 4000,
	    .t4_ms = 5000,
	    .user_agent = "Dialplane/test",
	    .rtp_lo = 10000,
	    .rtp_hi = 10063,
	    .rtp_quarantine_ms = 1000,
	    .legs_max = 16,
	    .txns_max = 64,
	    .pkts_max = 512,
	    .ring_slots = 64,
	    .key = "0123456789abcde"};
	for (int i = 0; i < DP_WORKERS_MAX; i++)
		c.cores[i] = 0xffff;
	return c;
}

static int64_t ms_now(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void rest(int64_t ms)
{
	int64_t until = ms_now(CLOCK_MONOTONIC) + ms;
	while (ms_now(CLOCK_MONOTONIC) < until)
		usleep((useconds_t)(until - ms_now(CLOCK_MONOTONIC)) * 1000 + 1);
}

/* The kernel's side of the tap gets 192.0.2.2/24, and another MAC than the engine's, which it begins with. */
static void address(void)
{
	struct ifreq r = {.ifr_hwaddr = {.sa_family = ARPHRD_ETHER, .sa_data = {2, 0, 0, 0, 0, 0x77}}};
	struct sockaddr_in *a = (struct sockaddr_in *)&r.ifr_addr;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	strcpy(r.ifr_name, DEVICE);
	MUST(ioctl(fd, SIOCSIFHWADDR, &r) == 0);
	memset(&r.ifr_ifru, 0, sizeof r.ifr_ifru);
	a->sin_family = AF_INET;
	inet_pton(AF_INET, "192.0.2.2", &a->sin_addr);
	MUST(ioctl(fd, SIOCSIFADDR, &r) == 0);
	inet_pton(AF_INET, "255.255.255.0", &a->sin_addr);
	MUST(ioctl(fd, SIOCSIFNETMASK, &r) == 0);
	MUST(ioctl(fd, SIOCGIFFLAGS, &r) == 0);
	r.ifr_flags |= IFF_UP;
	MUST(ioctl(fd, SIOCSIFFLAGS, &r) == 0);
	close(fd);
}

static int phone(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(5060)};
	struct timeval wait = {.tv_sec = 3};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	inet_pton(AF_INET, "192.0.2.2", &a.sin_addr);
	MUST(bind(fd, (struct sockaddr *)&a, sizeof a) == 0);
	inet_pton(AF_INET, "192.0.2.1", &a.sin_addr);
	MUST(connect(fd, (struct sockaddr *)&a, sizeof a) == 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	return fd;
}

/* The tap driver tells of packets by signals to the process. */
static ssize_t hear(int fd, void *got, size_t room)
{
	ssize_t n;
	while ((n = recv(fd, got, room, 0)) < 0 && errno == EINTR)
		;
	return n;
}

static void ask(int fd, unsigned n)
{
	char t[700], got[2000];
	int len = snprintf(t, sizeof t,
	    "OPTIONS sip:192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK%u;rport\r\n"
	    "Max-Forwards: 70\r\nFrom: <sip:a@192.0.2.2>;tag=%u\r\nTo: <sip:192.0.2.1>\r\nCall-ID: c%u\r\n"
	    "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
	    n, n, n);
	MUST(send(fd, t, (size_t)len, 0) == len);
	MUST(hear(fd, got, sizeof got) > 12);
	MUST(memcmp(got, "SIP/2.0 200 ", 12) == 0);
}

static struct dp *start(const struct dp_conf *c)
{
	char err[256];
	struct dp *d = dp_start(c, eventfd(0, EFD_NONBLOCK), err);
	if (!d)
		fprintf(stderr, "# dp_start: %s\n", err);
	MUST(d);
	address();
	return d;
}

static void stop(struct dp *d)
{
	int64_t t = ms_now(CLOCK_MONOTONIC);
	dp_stop(d);
	MUST(ms_now(CLOCK_MONOTONIC) - t < 3000);
}

static void originate(struct dp *d, uint16_t w)
{
	bool bad = false;
	struct dp_cmd *c = dp_ring_claim(dp_commands(d, w));
	MUST(c);
	memset(c, 0, offsetof(struct dp_cmd, text));
	c->type = DP_CMD_ORIGINATE;
	c->cookie = 42;
	c->orig.target = (struct ip_sock){.a = {4, {192, 0, 2, 2}}, .port = 5060};
	c->orig.ruri = dp_cmd_text(c, SPAN("sip:bob@192.0.2.2"), &bad);
	c->orig.from_user = dp_cmd_text(c, SPAN("alice"), &bad);
	c->orig.call_sid = dp_cmd_text(c, SPAN("CA1"), &bad);
	c->orig.account_sid = dp_cmd_text(c, SPAN("AC1"), &bad);
	dp_ring_publish(dp_commands(d, w));
	dp_ring_wake(dp_commands(d, w));
}

static void child_answers_and_idles(void)
{
	struct dp_conf c = conf_of(1);
	struct dp *d = start(&c);
	int fd = phone();
	for (unsigned i = 0; i < 20; i++)
		ask(fd, i);
	rest(1000);
	int64_t cpu = ms_now(CLOCK_PROCESS_CPUTIME_ID);
	uint64_t sleeps = stat_get(dp_stats(d, 0), STAT_loop_sleeps);
	rest(3000);
	cpu = ms_now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	fprintf(stderr, "# %lld ms of CPU in 3 s idle; %s\n", (long long)cpu, dp_describe(d));
	MUST(cpu < 30); /* less than one per cent */
	MUST(stat_get(dp_stats(d, 0), STAT_loop_sleeps) > sleeps);
	uint64_t now = (uint64_t)ms_now(CLOCK_MONOTONIC) * 1000000;
	MUST(now - dp_beat_ns(d, 0) < 1000000000 || dp_beat_ns(d, 0) > now);
	ask(fd, 1000); /* and wakes up again */
	stop(d);
}

/* The tap has queues for both or the second works through the first; every request is answered. */
static void child_two_workers(void)
{
	char got[2000];
	struct dp_conf c = conf_of(2);
	struct dp *d = start(&c);
	int fd = phone();
	MUST(dp_workers(d) == 2);
	for (unsigned i = 0; i < 200; i++)
		ask(fd, i);
	MUST(
	    stat_get(dp_stats(d, 0), STAT_sip_options) > 0 && stat_get(dp_stats(d, 1), STAT_sip_options) > 0);
	for (uint16_t w = 0; w < 2; w++) {
		originate(d, w);
		MUST(hear(fd, got, sizeof got) > 7 && memcmp(got, "INVITE ", 7) == 0);
	}
	stop(d); /* with legs that nobody answers */
}

static void child_signals_stay_with_the_main_thread(void)
{
	struct dp_conf c = conf_of(1);
	struct dp *d = start(&c);
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	kill(getpid(), SIGTERM); /* would end us if any thread took it */
	rest(100);
	sigset_t pending;
	sigpending(&pending);
	MUST(sigismember(&pending, SIGTERM));
	stop(d);
}

static void switch_link(bool on)
{
	struct ifreq r = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	strcpy(r.ifr_name, DEVICE);
	MUST(ioctl(fd, SIOCGIFFLAGS, &r) == 0);
	r.ifr_flags = (short)(on ? r.ifr_flags | IFF_UP : r.ifr_flags & ~IFF_UP);
	MUST(ioctl(fd, SIOCSIFFLAGS, &r) == 0);
	close(fd);
}

/* Told by the driver: a tap is no interface that was there before. */
static void child_link_is_told(void)
{
	struct dp_conf c = conf_of(2);
	struct dp *d = start(&c);
	for (int on = 1; on >= 0; on--) {
		switch_link(on);
		for (uint16_t w = 0; w < 2; w++)
			MUST(dp_link(d, w) == (on ? DP_LINK_UP : DP_LINK_DOWN));
	}
	stop(d);
}

static void child_fails_with_a_sentence(void)
{
	struct dp_conf c = conf_of(1);
	char err[256];
	strcpy(c.driver, "af_packet");
	strcpy(c.device, "nosuchdev0");
	MUST(dp_start(&c, -1, err) == NULL);
	fprintf(stderr, "# %s\n", err);
	MUST(strlen(err) > 10);
}

static void in_child(void (*fn)(void))
{
	int status;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		alarm(60);
		fn();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void dp_answers_over_a_real_device_and_costs_nothing_idle(void **state)
{
	in_child(child_answers_and_idles);
}

static void dp_two_workers_share_one_device(void **state)
{
	in_child(child_two_workers);
}

static void dp_signals_stay_with_the_control_thread(void **state)
{
	in_child(child_signals_stay_with_the_main_thread);
}

static void dp_link_that_goes_down_is_told(void **state)
{
	in_child(child_link_is_told);
}

static void dp_start_that_fails_says_why(void **state)
{
	in_child(child_fails_with_a_sentence);
}

static void say(void *ctx, char level, const char *text)
{
	unsigned *n = ctx;
	n[level == 'E']++;
	assert_true(level == 'E' || level == 'W' || level == 'I');
	assert_true(strlen(text) > 5);
}

static int problems(const struct dp_conf *c)
{
	unsigned n[2] = {0, 0};
	int rc = dp_check(c, say, n);
	assert_int_equal((unsigned)rc, n[1]);
	return rc;
}

static void dp_check_finds_what_cannot_work(void **state)
{
	struct dp_conf c = conf_of(1);
	int before = problems(&c);
	c.rtp_lo = 10001;
	assert_int_equal(problems(&c), before + 1);
	c = conf_of(1);
	c.sip_port = 10010;
	assert_int_equal(problems(&c), before + 1);
	c = conf_of(1);
	c.cores[0] = 4000;
	assert_int_equal(problems(&c), before + 1);
	c = conf_of(1);
	c.ring_slots = 48;
	assert_int_equal(problems(&c), before + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(dp_check_finds_what_cannot_work),
	    cmocka_unit_test(dp_answers_over_a_real_device_and_costs_nothing_idle),
	    cmocka_unit_test(dp_two_workers_share_one_device),
	    cmocka_unit_test(dp_signals_stay_with_the_control_thread),
	    cmocka_unit_test(dp_link_that_goes_down_is_told),
	    cmocka_unit_test(dp_start_that_fails_says_why),
	};
	if (unshare(CLONE_NEWNET) != 0 || access("/dev/net/tun", R_OK | W_OK) != 0) {
		puts("1..0 # SKIP needs root and /dev/net/tun");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
