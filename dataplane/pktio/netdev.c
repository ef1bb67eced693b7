/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/pktio/netdev.h"

#include <dirent.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int ask(const char *name, unsigned long request, struct ifreq *r)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	snprintf(r->ifr_name, sizeof r->ifr_name, "%s", name);
	int rc = ioctl(fd, request, r) ? -errno : 0;
	close(fd);
	return rc;
}

static int ask_ethtool(const char *name, void *cmd)
{
	struct ifreq r = {.ifr_data = cmd};
	return ask(name, SIOCETHTOOL, &r);
}

static uint16_t at_least_1(uint32_t n)
{
	return (uint16_t)(n ? n : 1);
}

/* Queues are counted as the drivers count them: separate receive queues, else combined ones. */
static void get_channels(const char *name, struct netdev *out)
{
	struct ethtool_channels c = {.cmd = ETHTOOL_GCHANNELS};
	out->channels = out->channels_max = 1;
	if (ask_ethtool(name, &c))
		return;
	out->channels = at_least_1(c.rx_count > c.combined_count ? c.rx_count : c.combined_count);
	out->channels_max = at_least_1(c.max_rx > c.max_combined ? c.max_rx : c.max_combined);
}

void netdev_get(const char *name, struct netdev *out)
{
	struct ifreq r = {0};
	*out = (struct netdev){.channels = 1, .channels_max = 1};
	if (strlen(name) >= IFNAMSIZ || ask(name, SIOCGIFFLAGS, &r))
		return;
	out->exists = true;
	out->up = r.ifr_flags & IFF_UP;
	out->running = r.ifr_flags & IFF_RUNNING;
	if (!ask(name, SIOCGIFINDEX, &r))
		out->index = (uint32_t)r.ifr_ifindex;
	if (!ask(name, SIOCGIFMTU, &r))
		out->mtu = (uint16_t)(r.ifr_mtu > 65535 ? 65535 : r.ifr_mtu);
	if (!ask(name, SIOCGIFHWADDR, &r))
		memcpy(out->mac, r.ifr_hwaddr.sa_data, sizeof out->mac);
	get_channels(name, out);
}

int netdev_up(const char *name)
{
	struct ifreq r = {0};
	int rc = ask(name, SIOCGIFFLAGS, &r);
	if (rc)
		return rc;
	r.ifr_flags |= IFF_UP;
	return ask(name, SIOCSIFFLAGS, &r);
}

int netdev_set_channels(const char *name, uint16_t n)
{
	struct ethtool_channels c = {.cmd = ETHTOOL_GCHANNELS};
	int rc = ask_ethtool(name, &c);
	if (rc)
		return rc;
	c.cmd = ETHTOOL_SCHANNELS;
	if (c.max_combined)
		c.combined_count = n;
	if (c.max_rx && !c.max_combined)
		c.rx_count = n;
	if (c.max_tx && !c.max_combined)
		c.tx_count = n;
	return ask_ethtool(name, &c);
}

static bool is_of(int fd, int domain)
{
	int d = 0;
	socklen_t len = sizeof d;
	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &d, &len) == 0 && d == domain;
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

void netdev_socks(int domain, struct netdev_socks *out)
{
	out->n = 0;
	DIR *d = opendir("/proc/self/fd");
	if (!d)
		return;
	for (struct dirent *e; (e = readdir(d)) && out->n < NETDEV_SOCKS_MAX;) {
		char *end;
		long fd = strtol(e->d_name, &end, 10);
		if (end != e->d_name && !*end && is_of((int)fd, domain))
			out->fd[out->n++] = (int)fd;
	}
	closedir(d);
	qsort(out->fd, out->n, sizeof out->fd[0], by_number);
}

static bool contains(const struct netdev_socks *s, int fd)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->fd[i] == fd)
			return true;
	return false;
}

void netdev_socks_new(struct netdev_socks *after, const struct netdev_socks *before)
{
	uint32_t k = 0;
	for (uint32_t i = 0; i < after->n; i++)
		if (!contains(before, after->fd[i]))
			after->fd[k++] = after->fd[i];
	after->n = k;
}
