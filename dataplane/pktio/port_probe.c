/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dataplane/pktio/netdev.h"
#include "dataplane/pktio/port.h"
#include "dataplane/pktio/port_driver.h"
#include "dataplane/pktio/port_eal.h"
#include "dataplane/pktio/xdp_link.h"

struct probe {
	const struct dp_conf *conf;
	void (*say)(void *ctx, char level, const char *text);
	void *ctx;
	int errors;
};

static void tell(struct probe *p, char level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void tell(struct probe *p, char level, const char *fmt, ...)
{
	char text[320];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	p->errors += level == 'E';
	p->say(p->ctx, level, text);
}

static bool capable(int cap)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2] = {0};
	if (syscall(SYS_capget, &h, d))
		return false;
	return d[cap / 32].effective >> (cap % 32) & 1;
}

static void probe_privileges(struct probe *p, const struct port_driver *d)
{
	if (d->sock_domain && !capable(CAP_NET_RAW))
		tell(p, 'E', "%s needs the capability CAP_NET_RAW (run as root)", d->name);
	if (d->page_packets && !capable(CAP_SYS_ADMIN) && !(capable(CAP_BPF) && capable(CAP_NET_ADMIN)))
		tell(p, 'W', "af_xdp needs CAP_BPF and CAP_NET_ADMIN, or root");
}

static void probe_interface(struct probe *p, bool xdp, bool xdp_only)
{
	struct netdev nd;
	const char *dev = p->conf->device;
	netdev_get(dev, &nd);
	if (!nd.exists) {
		tell(p, 'E', "device %s: there is no interface of this name", dev);
		return;
	}
	tell(p, 'I', "device %s: %02x:%02x:%02x:%02x:%02x:%02x, mtu %u, %u of %u queues in use%s", dev,
	    nd.mac[0], nd.mac[1], nd.mac[2], nd.mac[3], nd.mac[4], nd.mac[5], nd.mtu, nd.channels,
	    nd.channels_max, nd.up ? "" : ", down (it will be brought up)");
	if (nd.mtu < p->conf->mtu)
		tell(p, 'W', "mtu %u of the config is above the interface's %u, which is used", p->conf->mtu,
		    nd.mtu);
	uint16_t mtu = nd.mtu < p->conf->mtu ? nd.mtu : p->conf->mtu;
	if (xdp && mtu > PORT_XDP_MTU_MAX)
		tell(p, xdp_only ? 'E' : 'W', "an mtu of %u does not fit AF_XDP's buffers, at most %u", mtu,
		    PORT_XDP_MTU_MAX);
	if (xdp && p->conf->workers > nd.channels_max)
		tell(p, 'W',
		    "%u workers, but %s has %u queue%s: the other workers get packets from its owner",
		    p->conf->workers, dev, nd.channels_max, nd.channels_max == 1 ? "" : "s");
}

static void probe_program(struct probe *p)
{
	struct xdp_link l;
	if (xdp_link_get(p->conf->device, &l) || !l.prog_id)
		return;
	if (xdp_link_is_xsk(&l))
		tell(p, 'W', "an AF_XDP program (%s, id %u) is on the interface; it will be replaced", l.name,
		    l.prog_id);
	else
		tell(p, 'W', "another XDP program (%s, id %u) is on the interface: af_xdp cannot be used",
		    l.name, l.prog_id);
}

static void probe_pci(struct probe *p)
{
	char path[128], link[256];
	struct stat st;
	snprintf(path, sizeof path, "/sys/bus/pci/devices/%.40s", p->conf->device);
	if (stat(path, &st)) {
		tell(p, 'E', "device %s: there is no PCI device at this address", p->conf->device);
		return;
	}
	strncat(path, "/driver", sizeof path - strlen(path) - 1);
	ssize_t n = readlink(path, link, sizeof link - 1);
	link[n > 0 ? n : 0] = 0;
	const char *name = strrchr(link, '/');
	if (n > 0 && strstr(link, "vfio-pci"))
		tell(p, 'I', "device %s: bound to vfio-pci", p->conf->device);
	else
		tell(p, 'W',
		    "device %s: bound to %s; most drivers need vfio-pci (dpdk-devbind.py -b vfio-pci %s)",
		    p->conf->device, n > 0 && name ? name + 1 : "no driver", p->conf->device);
}

static void probe_memory(struct probe *p)
{
	uint32_t need = port_memory_mb(p->conf);
	if (p->conf->memory_mb && p->conf->memory_mb < need)
		tell(p, 'W', "memory_mb %u is too little for its packets: %u MB are used", p->conf->memory_mb,
		    need);
	if (port_use_hugepages(p->conf))
		tell(p, 'I', "memory: %u MB in hugepages", need);
	else
		tell(p, p->conf->hugepages ? 'W' : 'I',
		    "memory: %u MB without hugepages (%lu MB of hugepages are free)", need,
		    (unsigned long)port_hugepages_free_mb());
}

static void probe_cores(struct probe *p)
{
	struct port_eal eal;
	char err[256];
	if (port_eal_args(&eal, p->conf, err) == -E2BIG)
		tell(p, 'E', "%s", err);
}

static void probe_drivers(struct probe *p)
{
	const struct port_driver *list[PORT_DRIVERS_MAX];
	uint32_t n = port_driver_candidates(p->conf, list);
	if (!n) {
		tell(
		    p, 'E', "driver %s does not exist: auto, af_xdp, af_packet, tap or pci", p->conf->driver);
		return;
	}
	tell(p, 'I', "driver: %s%s%s", list[0]->name, n > 1 ? ", else " : "", n > 1 ? list[1]->name : "");
	if (list[0]->kernel_iface)
		probe_interface(p, list[0]->page_packets, n == 1);
	if (list[0]->page_packets)
		probe_program(p);
	if (port_is_pci(p->conf->device))
		probe_pci(p);
	probe_privileges(p, list[0]);
}

int port_probe(const struct dp_conf *conf, void (*say)(void *ctx, char level, const char *text), void *ctx)
{
	struct probe p = {conf, say, ctx, 0};
	probe_drivers(&p);
	probe_memory(&p);
	probe_cores(&p);
	return p.errors;
}
