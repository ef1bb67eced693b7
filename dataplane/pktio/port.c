/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/pktio/port.h"

#include <errno.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "dataplane/pktio/complaint.h"
#include "dataplane/pktio/netdev.h"
#include "dataplane/pktio/pkt.h"
#include "dataplane/pktio/pktio_dpdk.h"
#include "dataplane/pktio/port_driver.h"
#include "dataplane/pktio/port_eal.h"
#include "dataplane/pktio/xdp_link.h"

#define DESCRIPTORS 1024

struct port {
	const struct dp_conf *conf;
	const struct port_driver *driver;
	int lock; /* names the device as ours for as long as we live */
	uint16_t queues, mtu;
	uint16_t n_devs, n_started; /* ethdevs: one with all queues, or one for each */
	uint16_t ids[DP_WORKERS_MAX];
	uint32_t ifindex;      /* of the kernel's interface; 0: the device is none */
	uint16_t old_channels; /* to be put back; 0: not changed */
	uint8_t mac[6];
	char desc[512];
	struct pktio *io[DP_WORKERS_MAX];
	struct rte_mempool *pool[DP_WORKERS_MAX];
};

/* Where queue q of the port is. */
static uint16_t dev_of(const struct port *p, uint16_t q)
{
	return p->ids[p->driver->dev_per_queue ? q : 0];
}

static uint16_t queue_of(const struct port *p, uint16_t q)
{
	return p->driver->dev_per_queue ? 0 : q;
}

/* ---- one owner of a device ---- */

/* An abstract socket: gone with the process, however it ends, and private to the network namespace. */
static int lock_device(const char *device)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int n = snprintf(a.sun_path + 1, sizeof a.sun_path - 1, "dialplane/%s", device);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
	if (bind(fd, (struct sockaddr *)&a, len) == 0)
		return fd;
	int rc = -errno;
	close(fd);
	return rc;
}

/* ---- queues ---- */

static int start_dev(struct port *p, uint16_t dev)
{
	struct rte_eth_conf ec = {.intr_conf = {.rxq = p->driver->rx_interrupts}};
	uint16_t nrx = DESCRIPTORS, ntx = DESCRIPTORS, id = p->ids[dev];
	uint16_t queues = p->driver->dev_per_queue ? 1 : p->queues;
	int rc = rte_eth_dev_configure(id, queues, queues, &ec);
	if (!rc)
		rc = rte_eth_dev_adjust_nb_rx_tx_desc(id, &nrx, &ntx);
	for (uint16_t q = 0; q < queues && !rc; q++) {
		rc = rte_eth_rx_queue_setup(id, q, nrx, SOCKET_ID_ANY, NULL, p->pool[dev + q]);
		if (!rc)
			rc = rte_eth_tx_queue_setup(id, q, ntx, SOCKET_ID_ANY, NULL);
	}
	return rc ? rc : rte_eth_dev_start(id);
}

static int start_devs(struct port *p)
{
	int rc = 0;
	while (p->n_started < p->n_devs && !(rc = start_dev(p, p->n_started)))
		p->n_started++;
	return rc;
}

static int make_pools(struct port *p)
{
	for (uint16_t q = 0; q < p->queues; q++) {
		char name[RTE_MEMPOOL_NAMESIZE];
		snprintf(name, sizeof name, "pkts_%u", q);
		p->pool[q] = pktio_dpdk_pool(name, p->conf->pkts_max + PORT_DEVICE_PKTS,
		    port_driver_room(p->driver, p->mtu), SOCKET_ID_ANY);
		if (!p->pool[q])
			return -rte_errno;
	}
	return 0;
}

/* The descriptors to sleep on: the sockets that start_devs opened, in the order of the queues, or what the
 * driver itself names. None found: the worker does not sleep on this queue. */
static void queue_fds(
    const struct port *p, uint16_t q, const struct netdev_socks *socks, struct pktio_dpdk_conf *c)
{
	int fd = -1;
	if (p->driver->sock_domain && socks->n == p->queues)
		fd = socks->fd[q];
	else if (p->driver->rx_interrupts)
		fd = rte_eth_dev_rx_intr_ctl_q_get_fd(c->port, c->queue);
	if (fd >= 0)
		c->fds[c->n_fds++] = fd;
}

static int make_queues(struct port *p, const struct netdev_socks *socks)
{
	for (uint16_t q = 0; q < p->queues; q++) {
		struct pktio_dpdk_conf c = {
		    .mtu = p->mtu, .pool = p->pool[q], .shared = p->conf->workers > 1};
		c.port = dev_of(p, q);
		c.queue = queue_of(p, q);
		c.pkts_max = p->conf->pkts_max;
		memcpy(c.mac, p->mac, sizeof c.mac);
		queue_fds(p, q, socks, &c);
		p->io[q] = pktio_dpdk_new(&c);
		if (!p->io[q])
			return -ENOMEM;
	}
	return 0;
}

/* ---- the device ---- */

/* The interface keeps its own address: take every frame and look at them ourselves. */
static int use_mac(struct port *p, uint16_t id)
{
	struct rte_ether_addr want;
	memcpy(want.addr_bytes, p->mac, 6);
	if (p->driver->peer_has_mac)
		return 0;
	if (p->driver->kernel_iface || rte_eth_dev_default_mac_addr_set(id, &want) != 0)
		return rte_eth_promiscuous_enable(id);
	return 0;
}

static int set_mac(struct port *p)
{
	static const uint8_t none[6];
	struct rte_ether_addr have;
	int rc = rte_eth_macaddr_get(p->ids[0], &have);
	memcpy(p->mac, have.addr_bytes, 6);
	if (p->driver->peer_has_mac) /* every frame comes anyway: no filter to set */
		p->mac[5] ^= 1;
	if (rc || memcmp(p->conf->mac, none, 6) == 0 || memcmp(p->conf->mac, p->mac, 6) == 0)
		return rc;
	memcpy(p->mac, p->conf->mac, 6);
	for (uint16_t d = 0; d < p->n_devs && !rc; d++)
		rc = use_mac(p, p->ids[d]);
	return rc;
}

static void set_mtu(struct port *p, const struct netdev *nd)
{
	uint16_t m = 1500;
	if (p->driver->kernel_iface && nd->mtu)
		m = nd->mtu;
	else if (p->driver->kernel_iface || rte_eth_dev_set_mtu(p->ids[0], p->conf->mtu) != 0)
		(void)rte_eth_dev_get_mtu(p->ids[0], &m);
	else
		m = p->conf->mtu;
	p->mtu = m < p->conf->mtu ? m : p->conf->mtu;
}

static uint16_t count_queues(const struct port *p, const struct netdev *nd)
{
	struct rte_eth_dev_info info;
	uint16_t n = p->conf->workers;
	if (p->driver->kernel_queues && n > nd->channels_max)
		n = nd->channels_max;
	if (p->n_devs && !p->driver->dev_per_queue && rte_eth_dev_info_get(p->ids[0], &info) == 0) {
		n = n < info.max_rx_queues ? n : info.max_rx_queues;
		n = n < info.max_tx_queues ? n : info.max_tx_queues;
	}
	return n ? n : 1;
}

/* A packet that the kernel puts on a queue nobody reads is lost. */
static int spread(struct port *p, const struct netdev *nd)
{
	if (!p->driver->kernel_queues || nd->channels == p->queues)
		return 0;
	int rc = netdev_set_channels(p->conf->device, p->queues);
	if (!rc)
		p->old_channels = nd->channels;
	return rc;
}

/* The name of a virtual device: a number of its driver, or what the user called it. */
static void name_vdev(const struct port *p, uint16_t dev, char name[32])
{
	const char *own = p->conf->device;
	if (p->driver->dpdk_name)
		snprintf(name, 32, "%s%u", p->driver->dpdk_name, dev);
	else
		snprintf(name, 32, "%.*s", (int)strcspn(own, ","), own);
}

static int attach_vdev(struct port *p, uint16_t dev)
{
	char args[192], name[32];
	struct port_vdev v = {p->conf->device, dev, p->driver->dev_per_queue ? 1 : p->queues, p->mtu};
	name_vdev(p, dev, name);
	p->driver->make_args(args, sizeof args, &v);
	int rc = rte_eal_hotplug_add("vdev", name, args);
	if (rc)
		return rc;
	rc = rte_eth_dev_get_port_by_name(name, &p->ids[dev]);
	if (rc)
		(void)rte_eal_hotplug_remove("vdev", name);
	return rc;
}

static int attach(struct port *p)
{
	uint16_t want = p->driver->dev_per_queue ? p->queues : 1;
	int rc = 0;
	while (p->n_devs < want && !rc) {
		rc = p->driver->make_args ? attach_vdev(p, p->n_devs)
		                          : rte_eth_dev_get_port_by_name(p->conf->device, &p->ids[0]);
		p->n_devs += rc == 0;
	}
	return rc;
}

static int clear_old_program(const struct port *p, char *why, size_t room)
{
	struct xdp_link l;
	if (xdp_link_get(p->conf->device, &l) || !l.prog_id)
		return 0;
	if (!xdp_link_is_xsk(&l)) {
		snprintf(why, room, "another XDP program (%s, id %u) is on the interface", l.name, l.prog_id);
		return -EBUSY;
	}
	return xdp_link_off(p->conf->device);
}

static int bring_up(struct port *p, struct netdev *nd, char *why, size_t room)
{
	int rc = 0;
	if (p->driver->kernel_iface && !nd->exists) {
		snprintf(why, room, "there is no interface of this name");
		return -ENODEV;
	}
	if (p->driver->kernel_iface && !nd->up && (rc = netdev_up(p->conf->device)))
		return rc;
	if (p->driver->page_packets && p->mtu > PORT_XDP_MTU_MAX) {
		snprintf(why, room, "an mtu of %u does not fit AF_XDP's buffers, at most %u", p->mtu,
		    PORT_XDP_MTU_MAX);
		return -EMSGSIZE;
	}
	return p->driver->page_packets ? clear_old_program(p, why, room) : 0;
}

static int open_steps(struct port *p, char *why, size_t room)
{
	struct netdev nd;
	struct netdev_socks before = {0}, socks = {0};
	netdev_get(p->conf->device, &nd);
	p->mtu = nd.mtu && nd.mtu < p->conf->mtu ? nd.mtu : p->conf->mtu;
	p->ifindex = p->driver->kernel_iface ? nd.index : 0;
	int rc = bring_up(p, &nd, why, room);
	if (rc)
		return rc;
	p->queues = count_queues(p, &nd);
	netdev_socks(p->driver->sock_domain, &before);
	if ((rc = spread(p, &nd)) || (rc = attach(p)))
		return rc;
	p->queues = count_queues(p, &nd);
	set_mtu(p, &nd);
	if ((rc = set_mac(p)))
		return rc;
	if ((rc = make_pools(p))) {
		snprintf(why, room, "no memory for %u packets of 4 kB; raise memory_mb or lower pkts_max",
		    p->queues * (p->conf->pkts_max + PORT_DEVICE_PKTS));
		return rc;
	}
	if ((rc = start_devs(p)))
		return rc;
	netdev_socks(p->driver->sock_domain, &socks);
	netdev_socks_new(&socks, &before);
	return make_queues(p, &socks);
}

static void detach(struct port *p, uint16_t dev)
{
	char name[32];
	(void)rte_eth_dev_close(p->ids[dev]);
	if (!p->driver->make_args)
		return;
	name_vdev(p, dev, name);
	(void)rte_eal_hotplug_remove("vdev", name);
}

static void undo(struct port *p)
{
	bool had_devs = p->n_devs;
	while (p->n_started)
		(void)rte_eth_dev_stop(p->ids[--p->n_started]);
	while (p->n_devs)
		detach(p, --p->n_devs);
	if (p->driver->page_packets && had_devs)
		(void)xdp_link_off(p->conf->device);
	if (p->old_channels)
		(void)netdev_set_channels(p->conf->device, p->old_channels);
	p->old_channels = 0;
	for (uint16_t q = 0; q < DP_WORKERS_MAX; q++) {
		pktio_dpdk_free(p->io[q]);
		rte_mempool_free(p->pool[q]);
		p->io[q] = NULL;
		p->pool[q] = NULL;
	}
}

/* Why a driver did not work, in one line. */
static int try_driver(struct port *p, const struct port_driver *d, char *why, size_t room)
{
	char said[120];
	struct complaint c;
	p->driver = d;
	why[0] = 0;
	complaint_begin(&c);
	int rc = open_steps(p, why, room);
	if (rc)
		undo(p);
	complaint_end(&c, said, sizeof said);
	if (rc && !why[0])
		snprintf(why, room, "%s%s%s", said, said[0] ? ": " : "", strerror(-rc));
	return rc;
}

static void describe(struct port *p, const char *failed)
{
	const char *where = p->driver->dpdk_name ? p->driver->dpdk_name : p->driver->name;
	snprintf(p->desc, sizeof p->desc, "%s on %s, %u queue%s, mtu %u, %s%s%s", where, p->conf->device,
	    p->queues, p->queues == 1 ? "" : "s", p->mtu,
	    rte_eal_has_hugepages() ? "hugepages" : "no hugepages", failed[0] ? "; " : "", failed);
}

static int open_first(struct port *p, char err[256])
{
	const struct port_driver *list[PORT_DRIVERS_MAX];
	char failed[360] = "", why[160];
	uint32_t n = port_driver_candidates(p->conf, list);
	int rc = -EINVAL;
	if (!n)
		snprintf(err, 256, "driver %s does not exist: auto, af_xdp, af_packet, tap or pci",
		    p->conf->driver);
	for (uint32_t i = 0; i < n; i++) {
		rc = try_driver(p, list[i], why, sizeof why);
		if (rc == 0) {
			describe(p, failed);
			return 0;
		}
		size_t used = strlen(failed);
		snprintf(failed + used, sizeof failed - used, "%s%s failed: %.120s", used ? "; " : "",
		    list[i]->name, why);
		snprintf(err, 256, "cannot open %.40s: %.180s", p->conf->device, failed);
	}
	return rc;
}

int port_open(struct port **out, const struct dp_conf *conf, char err[256])
{
	struct port *p = calloc(1, sizeof *p);
	if (!p)
		return -ENOMEM;
	p->conf = conf;
	p->lock = lock_device(conf->device);
	int rc = p->lock < 0 ? p->lock : open_first(p, err);
	if (p->lock < 0)
		snprintf(err, 256, "%.60s is used by another Dialplane (%s)", conf->device, strerror(-rc));
	if (rc) {
		if (p->lock >= 0)
			close(p->lock);
		free(p);
		return rc;
	}
	*out = p;
	return 0;
}

void port_close(struct port *p)
{
	if (!p)
		return;
	undo(p);
	close(p->lock);
	free(p);
}

uint16_t port_queues(const struct port *p)
{
	return p->queues;
}

struct pktio *port_queue(struct port *p, uint16_t q)
{
	return q < p->queues ? p->io[q] : NULL;
}

const char *port_describe(const struct port *p)
{
	return p->desc;
}

/* The drivers on kernel interfaces report the state that they were started in. */
enum dp_link port_link(const struct port *p, uint16_t q)
{
	struct rte_eth_link link;
	uint16_t id = dev_of(p, q < p->queues ? q : 0);
	struct netdev nd;
	if (p->ifindex) {
		netdev_get(p->conf->device, &nd);
		if (nd.index != p->ifindex)
			return DP_LINK_GONE;
		return nd.up && nd.running ? DP_LINK_UP : DP_LINK_DOWN;
	}
	if (rte_eth_dev_is_removed(id))
		return DP_LINK_GONE;
	return rte_eth_link_get_nowait(id, &link) == 0 && link.link_status ? DP_LINK_UP : DP_LINK_DOWN;
}
