/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/pktio/port_driver.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "dataplane/pktio/pkt.h"
#include "dataplane/pktio/pktio_dpdk.h"
#include "dataplane/pktio/port_eal.h"

#ifndef AF_XDP
#define AF_XDP 44
#endif

#define PACKET_BLOCK     65536u
#define PACKET_BLOCKS    64u
#define PACKET_FRAME_MIN 4096u
#define FRAME_EXTRA      18u /* ethernet and a tag */

/* busy_budget=0: the kernel delivers by itself; the driver's busy polling would make a system call per poll. */
static void args_af_xdp(char *out, size_t room, const struct port_vdev *v)
{
	snprintf(out, room, "iface=%s,start_queue=%u,queue_count=%u,busy_budget=0", v->device, v->first,
	    v->queues);
}

/* A ring frame holds the packet behind about 128 bytes of the kernel's own; a power of two, so that whole
 * frames fill a block. */
static uint32_t packet_frame(uint16_t mtu)
{
	uint32_t frame = PACKET_FRAME_MIN;
	while (frame < mtu + 128u)
		frame *= 2;
	return frame;
}

static void args_af_packet(char *out, size_t room, const struct port_vdev *v)
{
	uint32_t frame = packet_frame(v->mtu);
	snprintf(out, room, "iface=%s,qpairs=%u,blocksz=%u,framesz=%u,framecnt=%u", v->device, v->queues,
	    PACKET_BLOCK, frame, PACKET_BLOCKS * (PACKET_BLOCK / frame));
}

static void args_tap(char *out, size_t room, const struct port_vdev *v)
{
	snprintf(out, room, "iface=%s", v->device);
}

/* "net_xxx0,args": the user's own words after the first comma. */
static void args_own(char *out, size_t room, const struct port_vdev *v)
{
	const char *comma = strchr(v->device, ',');
	snprintf(out, room, "%s", comma ? comma + 1 : "");
}

static const struct port_driver drivers[] = {
    {.name = "af_xdp",
        .dpdk_name = "net_af_xdp",
        .make_args = args_af_xdp,
        .kernel_iface = true,
        .kernel_queues = true,
        .dev_per_queue = true,
        .page_packets = true,
        .sock_domain = AF_XDP},
    {.name = "af_packet",
        .dpdk_name = "net_af_packet",
        .make_args = args_af_packet,
        .kernel_iface = true,
        .kernel_defrag = true,
        .sock_domain = AF_PACKET},
    {.name = "tap",
        .dpdk_name = "net_tap",
        .make_args = args_tap,
        .peer_has_mac = true,
        .rx_interrupts = true},
    {.name = "pci"},
    {.name = "vdev", .make_args = args_own},
};

static const struct port_driver *by_name(const char *name)
{
	for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++)
		if (strcmp(drivers[i].name, name) == 0)
			return &drivers[i];
	return NULL;
}

uint32_t port_driver_candidates(const struct dp_conf *conf, const struct port_driver *out[PORT_DRIVERS_MAX])
{
	if (strcmp(conf->driver, "auto") != 0 && conf->driver[0]) {
		out[0] = by_name(conf->driver);
		return out[0] ? 1 : 0;
	}
	if (port_is_pci(conf->device)) {
		out[0] = by_name("pci");
		return 1;
	}
	if (strncmp(conf->device, "net_", 4) == 0) {
		out[0] = by_name("vdev");
		return 1;
	}
	out[0] = by_name("af_xdp");
	out[1] = by_name("af_packet");
	return 2;
}

uint32_t port_driver_room(const struct port_driver *d, uint16_t mtu)
{
	uint32_t need = PKT_HEADROOM + mtu + FRAME_EXTRA;
	if (d->kernel_defrag) /* the driver wants a whole ring frame to fit */
		return PKT_HEADROOM + packet_frame(mtu);
	return d->page_packets || need < PKTIO_ROOM_XDP ? PKTIO_ROOM_XDP : need;
}
