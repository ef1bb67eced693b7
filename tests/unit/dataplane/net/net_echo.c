/* SPDX-License-Identifier: Apache-2.0 */
/* A host on a real device: answers ping, echoes every UDP datagram, says what it is. For test_net_wire.
 * net_echo DRIVER DEVICE IP/PREFIX [workers=N] [gateway=IP] [vlan=N] [pcap=FILE] [mtu=N] [six=IP/PREFIX]
 * Prints "ready: <device>" and, on SIGTERM, its counters that are not 0 and "leaked N". */
#include <poll.h>
#include <pthread.h>
#include <rte_eal.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/core/tick.h"
#include "dataplane/net/net.h"
#include "dataplane/pktio/pcapng.h"
#include "dataplane/pktio/port.h"

static atomic_bool stop;

struct host {
	struct net *net;
	struct wheel *wheel;
	struct pktio *io;
	struct dp_stats stats;
	pthread_t thread;
};

static struct dp_conf conf = {
    .driver = "auto",
    .hugepages = true,
    .workers = 1,
    .mtu = 1500,
    .check_l4_sums = true,
    .pkts_max = 1024,
};

/* LeakSanitizer, when it is there: DPDK 22.11's driver keeps libxdp's 80 bytes of each UMEM after close. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:xsk_umem__create\n";
}

static void on_signal(int sig)
{
	(void)sig;
	stop = true;
}

static void echo(void *ctx, struct udp_in *in, uint64_t now)
{
	struct host *h = ctx;
	(void)net_udp_send(h->net, in->pkt, in->dst.port, &in->src, now);
}

static void lost(void *ctx, const struct udp_err *e, uint64_t now)
{
	(void)ctx, (void)now;
	printf("lost: port %u type %u code %u arp %d\n", e->remote.port, e->icmp_type, e->icmp_code, e->arp);
	fflush(stdout);
}

static void wait_for_packets(struct host *h, uint64_t now)
{
	int fds[4];
	struct pollfd pf[4];
	uint32_t n = h->io->ops->fds(h->io, fds, 4);
	for (uint32_t i = 0; i < n; i++)
		pf[i] = (struct pollfd){fds[i], POLLIN, 0};
	uint64_t at = wheel_next(h->wheel);
	int ms = at != UINT64_MAX && at - now < 100000000ull ? (int)((at - now) / 1000000) + 1 : 100;
	poll(pf, n, n ? ms : 1);
}

static void *run(void *arg)
{
	struct host *h = arg;
	uint32_t idle = 0;
	while (!stop) {
		struct pkt *in[32];
		uint64_t now = tick_ns();
		uint32_t n = h->io->ops->rx(h->io, in, 32);
		for (uint32_t i = 0; i < n; i++)
			net_input(h->net, in[i], now);
		wheel_run(h->wheel, now);
		net_flush(h->net, now);
		idle = n ? 0 : idle + 1;
		if (idle > 200)
			wait_for_packets(h, now);
	}
	return NULL;
}

static uint16_t number(const char *v)
{
	return (uint16_t)strtoul(v, NULL, 10);
}

static void address(const char *v, struct ip_addr *ip, uint8_t *prefix)
{
	const char *slash = strchr(v, '/');
	if (!slash || ip_addr_parse(ip, span_of(v, (uint32_t)(slash - v))))
		exit(2);
	*prefix = (uint8_t)number(slash + 1);
}

static void option(const char *o)
{
	const char *v = strchr(o, '=');
	if (!v)
		return;
	v++;
	if (!strncmp(o, "workers", 7))
		conf.workers = number(v);
	else if (!strncmp(o, "vlan", 4))
		conf.vlan = number(v);
	else if (!strncmp(o, "six", 3))
		address(v, &conf.ip6, &conf.prefix6);
	else if (!strncmp(o, "mtu", 3))
		conf.mtu = number(v);
	else if (!strncmp(o, "pcap", 4))
		snprintf(conf.pcap, sizeof conf.pcap, "%s", v);
	else if (!strncmp(o, "gateway", 7) && ip_addr_parse(&conf.gateway, span_str(v)))
		exit(2);
}

static void configure(int argc, char **argv)
{
	snprintf(conf.driver, sizeof conf.driver, "%s", argv[1]);
	snprintf(conf.device, sizeof conf.device, "%s", argv[2]);
	address(argv[3], &conf.ip, &conf.prefix);
	for (int i = 4; i < argc; i++)
		option(argv[i]);
	for (int i = 0; i < DP_WORKERS_MAX; i++)
		conf.cores[i] = 0xffff;
}

static void say(void *ctx, char level, const char *text)
{
	(void)ctx;
	printf("%c %s\n", level, text);
}

static void host_start(struct host *h, struct pktio *io)
{
	int fds[4];
	uint64_t now = tick_ns();
	const struct net_ops ops = {.ctx = h, .udp = echo, .udp_error = lost};
	h->io = io;
	h->wheel = wheel_new(now, h);
	if (net_new(&h->net, &conf, io, h->wheel, &h->stats, &ops, now))
		exit(3);
	printf("fds %u\n", io->ops->fds(io, fds, 4));
	pthread_create(&h->thread, NULL, run, h);
}

static void host_stop(struct host *h)
{
	pthread_join(h->thread, NULL);
	net_free(h->net);
	wheel_free(h->wheel);
	for (int i = 1; i < STAT_COUNT; i++)
		if (stat_get(&h->stats, (enum stat_id)i))
			printf("%s %lu\n", stat_name((enum stat_id)i), (unsigned long)h->stats.v[i]);
	printf("leaked %u\n", h->io->ops->pkts_used(h->io));
}

int main(int argc, char **argv)
{
	char err[256];
	struct port_eal eal;
	struct port *port;
	struct pcapng *cap = NULL;
	static struct host host[DP_WORKERS_MAX];
	if (argc < 4)
		return 2;
	configure(argc, argv);
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	port_probe(&conf, say, NULL);
	tick_init();
	if (port_eal_args(&eal, &conf, err) || rte_eal_init(eal.argc, eal.argv) < 0 ||
	    port_open(&port, &conf, err)) {
		printf("failed: %s\n", err);
		return 1;
	}
	if (conf.pcap[0] && pcapng_open(&cap, conf.pcap, err)) {
		printf("failed: %s\n", err);
		return 1;
	}
	for (uint16_t q = 0; q < port_queues(port); q++)
		host_start(&host[q], cap ? pcapng_tap(cap, port_queue(port, q)) : port_queue(port, q));
	printf("ready: %s\n", port_describe(port));
	fflush(stdout);
	for (uint16_t q = 0; q < port_queues(port); q++)
		host_stop(&host[q]);
	pcapng_close(cap);
	port_close(port);
	rte_eal_cleanup();
	return 0;
}
