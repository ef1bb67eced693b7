/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/offload/tun.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/ipv6.h>
#include <linux/ipv6_route.h>
#include <linux/route.h>
#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define TUN_NAME "dialplane"
static_assert(TUN_HDR == sizeof(struct virtio_net_hdr), "the header of the device");

static int fail(char err[256], const char *what, const char *hint)
{
	snprintf(err, 256, "TCP: %s: %s%s", what, strerror(errno), hint);
	return -1;
}

static void sock_in(struct sockaddr *out, uint32_t addr)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = addr};
	memcpy(out, &a, sizeof a);
}

static int set_addr(int s, struct ifreq *r, unsigned long op, uint32_t addr)
{
	sock_in(&r->ifr_addr, addr);
	return ioctl(s, op, r);
}

static int set_up(int s, struct ifreq *r)
{
	if (ioctl(s, SIOCGIFFLAGS, r) < 0)
		return -1;
	r->ifr_flags |= IFF_UP | IFF_RUNNING;
	return ioctl(s, SIOCSIFFLAGS, r);
}

/* Everybody is reached through the device: the worker knows the routes and the neighbours. */
static int route_all(int s)
{
	char dev[] = TUN_NAME;
	struct rtentry r = {.rt_flags = RTF_UP, .rt_dev = dev};
	sock_in(&r.rt_dst, 0);
	sock_in(&r.rt_genmask, 0);
	return ioctl(s, SIOCADDRT, &r);
}

static int setup(int s, const struct dp_conf *conf)
{
	struct ifreq r = {.ifr_name = TUN_NAME};
	uint32_t ip;
	memcpy(&ip, conf->ip.b, sizeof ip);
	if (set_addr(s, &r, SIOCSIFADDR, ip) < 0 || set_addr(s, &r, SIOCSIFNETMASK, 0xffffffffu) < 0)
		return -1;
	r.ifr_mtu = conf->mtu;
	if (ioctl(s, SIOCSIFMTU, &r) < 0 || set_up(s, &r) < 0)
		return -1;
	return route_all(s);
}

/* IPv6 beside it. The worker has looked for the address being somebody else's already. */
static int setup_six(const struct dp_conf *conf)
{
	struct ifreq r = {.ifr_name = TUN_NAME};
	int s = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s < 0 || ioctl(s, SIOCGIFINDEX, &r) < 0) {
		if (s >= 0)
			close(s);
		return -1;
	}
	struct in6_ifreq a = {.ifr6_prefixlen = 128, .ifr6_ifindex = r.ifr_ifindex};
	struct in6_rtmsg all = {.rtmsg_flags = RTF_UP, .rtmsg_metric = 1, .rtmsg_ifindex = r.ifr_ifindex};
	memcpy(&a.ifr6_addr, conf->ip6.b, 16);
	int rc = ioctl(s, SIOCSIFADDR, &a) < 0 || ioctl(s, SIOCADDRT, &all) < 0 ? -1 : 0;
	close(s);
	return rc;
}

/* As wanted in a namespace that has one address and one way out; where the kernel does not let us it is as it is. */
static void tune(void)
{
	static const struct {
		const char *path, *value;
	} KNOBS[] = {{"/proc/sys/net/ipv4/conf/all/rp_filter", "0"},
	    {"/proc/sys/net/ipv4/conf/" TUN_NAME "/rp_filter", "0"},
	    {"/proc/sys/net/ipv6/conf/" TUN_NAME "/accept_dad", "0"},
	    {"/proc/sys/net/ipv6/conf/" TUN_NAME "/router_solicitations", "0"},
	    {"/proc/sys/net/ipv4/ip_local_port_range", "10000 65535"},
	    {"/proc/sys/net/ipv4/tcp_rfc1337", "1"}, {"/proc/sys/net/ipv4/tcp_syn_retries", "5"}};
	for (size_t i = 0; i < sizeof KNOBS / sizeof *KNOBS; i++) {
		int fd = open(KNOBS[i].path, O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		ssize_t n = write(fd, KNOBS[i].value, strlen(KNOBS[i].value));
		(void)n;
		close(fd);
	}
}

static int configure(const struct dp_conf *conf, char err[256])
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s < 0)
		return fail(err, "socket", "");
	int rc = setup(s, conf);
	tune();
	if (rc == 0 && conf->ip6.fam)
		rc = setup_six(conf);
	if (rc < 0)
		fail(err, "the TUN device cannot be set up", "");
	close(s);
	return rc;
}

/* The device belongs to the namespace that it is opened in. */
int tun_open(const struct dp_conf *conf, char err[256])
{
	struct ifreq r = {.ifr_name = TUN_NAME, .ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR};
	if (unshare(CLONE_NEWNET) < 0)
		return fail(
		    err, "no network namespace of its own", " (CAP_SYS_ADMIN is needed, or sip.tcp: off)");
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return fail(err, "/dev/net/tun", " (modprobe tun, or sip.tcp: off)");
	if (ioctl(fd, TUNSETIFF, &r) < 0)
		fail(err, "TUN device", " (CAP_NET_ADMIN is needed, or sip.tcp: off)");
	else if (configure(conf, err) == 0)
		return fd;
	close(fd);
	return -1;
}

void tun_hdr(uint8_t hdr[TUN_HDR], const struct dp_conf *conf)
{
	struct virtio_net_hdr h = {.flags = conf->check_l4_sums ? 0 : VIRTIO_NET_HDR_F_DATA_VALID};
	memcpy(hdr, &h, sizeof h);
}
