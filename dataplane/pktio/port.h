/* SPDX-License-Identifier: Apache-2.0 */
/* The network device over DPDK: which driver, EAL's arguments, the ethdev, and one struct pktio per queue.
 *
 * Order: port_eal_args → rte_eal_init → port_open → port_queue for each worker … port_close →
 * rte_eal_cleanup. All functions here are for the main thread; the pktio of a queue belongs to the worker it
 * is given to. */
#ifndef DP_PORT_H
#define DP_PORT_H

#include "dataplane/api/dp.h"
#include "dataplane/pktio/pktio.h"

struct port;

#define PORT_EAL_ARGS_MAX 24
struct port_eal {
	int argc;
	char *argv[PORT_EAL_ARGS_MAX + 1]; /* into text; EAL may permute them */
	char text[1536];
	bool hugepages; /* what was decided: pages are reserved and allowed by the config */
};

/* EAL's command line from our config. lcore 0 is the caller's (main) thread, free to run on every CPU it may
 * run on now; lcore i + 1 is worker i, on conf->cores[i], or on every CPU when that is 0xffff.
 * -EINVAL: a core that this process may not use; -E2BIG: no room for all of them; err says so. */
[[nodiscard]] int port_eal_args(struct port_eal *out, const struct dp_conf *conf, char err[256]);

/* Open and start the device (EAL runs already). Driver `auto` tries af_xdp, then af_packet for an interface
 * name; a PCI address takes the device bound to it. An XDP program left by a killed engine is removed first.
 * -errno: nothing is left behind, err says what failed and what to try. */
[[nodiscard]] int port_open(struct port **out, const struct dp_conf *conf, char err[256]);
/* Stop, close, take our XDP program off. Every worker must be off its pktio; packets still held by layers
 * above become invalid. */
void port_close(struct port *p);

/* min(conf->workers, what the device has), at least 1. */
uint16_t port_queues(const struct port *p);
/* Queue q < port_queues(p). Lives until port_close. */
struct pktio *port_queue(struct port *p, uint16_t q);
/* Any thread, while the port is open: the link of queue q, of the first where there are fewer. */
enum dp_link port_link(const struct port *p, uint16_t q);
/* "net_af_xdp on veth0, 1 queue, mtu 1500, no hugepages", with why a driver that was tried first failed. */
const char *port_describe(const struct port *p);

/* What port_open would find, without touching the device or starting EAL: for `dialplane check`. Each fact
 * goes to `say` with level 'E' (it will not start), 'W' or 'I'. Returns the number of 'E' lines. Whether this
 * process may use the workers' cores is not told here: dp_check has a line for each that it may not. */
int port_probe(const struct dp_conf *conf, void (*say)(void *ctx, char level, const char *text), void *ctx);

#endif
