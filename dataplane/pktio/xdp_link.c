/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/pktio/xdp_link.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ANSWER_BYTES 16384

struct request {
	struct nlmsghdr nl;
	struct ifinfomsg link;
	char attrs[64];
};

union answer {
	struct nlmsghdr nl;
	char bytes[ANSWER_BYTES];
};

/* One request, one answer. */
static int talk(struct request *r, union answer *a)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return -errno;
	ssize_t n = send(fd, r, r->nl.nlmsg_len, 0);
	if (n >= 0)
		n = recv(fd, a, sizeof *a, 0);
	int rc = n < 0 ? -errno : 0;
	close(fd);
	if (rc || !NLMSG_OK(&a->nl, (uint32_t)n))
		return rc ? rc : -EPROTO;
	if (a->nl.nlmsg_type == NLMSG_ERROR)
		return ((struct nlmsgerr *)NLMSG_DATA(&a->nl))->error;
	return 0;
}

static int request_init(struct request *r, const char *ifname, uint16_t type)
{
	unsigned index = if_nametoindex(ifname);
	if (!index)
		return -ENODEV;
	*r = (struct request){.link = {.ifi_index = (int)index}};
	r->nl.nlmsg_len = NLMSG_LENGTH(sizeof r->link);
	r->nl.nlmsg_type = type;
	r->nl.nlmsg_flags = NLM_F_REQUEST | (type == RTM_SETLINK ? NLM_F_ACK : 0);
	return 0;
}

/* The attribute of one type among those in len bytes at `at` (the kernel aligns them). */
static struct rtattr *attr_find(void *at, uint32_t len, uint16_t type)
{
	struct rtattr *a = at;
	while (RTA_OK(a, len)) {
		if ((a->rta_type & NLA_TYPE_MASK) == type)
			return a;
		uint32_t step = RTA_ALIGN(a->rta_len);
		if (step > len)
			return NULL;
		len -= step;
		a = (void *)((char *)a + step);
	}
	return NULL;
}

/* Without the privilege to ask, the name stays empty. */
static void prog_name(uint32_t id, char name[16])
{
	union bpf_attr by_id = {.prog_id = id};
	int fd = (int)syscall(__NR_bpf, BPF_PROG_GET_FD_BY_ID, &by_id, sizeof by_id);
	if (fd < 0)
		return;
	struct bpf_prog_info info = {0};
	union bpf_attr ask = {.info = {.bpf_fd = (uint32_t)fd, .info_len = sizeof info}};
	ask.info.info = (uintptr_t)&info;
	if (syscall(__NR_bpf, BPF_OBJ_GET_INFO_BY_FD, &ask, sizeof ask) == 0)
		memcpy(name, info.name, 15);
	close(fd);
}

int xdp_link_get(const char *ifname, struct xdp_link *out)
{
	struct request r;
	union answer a;
	*out = (struct xdp_link){0};
	int rc = request_init(&r, ifname, RTM_GETLINK);
	if (!rc)
		rc = talk(&r, &a);
	if (rc)
		return rc;
	struct ifinfomsg *link = NLMSG_DATA(&a.nl);
	uint32_t len = a.nl.nlmsg_len - (uint32_t)NLMSG_LENGTH(sizeof *link);
	struct rtattr *xdp = attr_find((char *)link + NLMSG_ALIGN(sizeof *link), len, IFLA_XDP);
	if (!xdp)
		return 0;
	struct rtattr *at = attr_find(RTA_DATA(xdp), (uint32_t)RTA_PAYLOAD(xdp), IFLA_XDP_ATTACHED);
	struct rtattr *id = attr_find(RTA_DATA(xdp), (uint32_t)RTA_PAYLOAD(xdp), IFLA_XDP_PROG_ID);
	if (!at || !id || *(uint8_t *)RTA_DATA(at) == XDP_ATTACHED_NONE)
		return 0;
	out->mode = *(uint8_t *)RTA_DATA(at);
	memcpy(&out->prog_id, RTA_DATA(id), sizeof out->prog_id);
	prog_name(out->prog_id, out->name);
	return 0;
}

static void attr_put(struct rtattr *nest, uint16_t type, const void *v, uint16_t len)
{
	struct rtattr *a = (struct rtattr *)(void *)((char *)nest + RTA_ALIGN(nest->rta_len));
	a->rta_type = type;
	a->rta_len = (uint16_t)RTA_LENGTH(len);
	memcpy(RTA_DATA(a), v, len);
	nest->rta_len = (uint16_t)(RTA_ALIGN(nest->rta_len) + RTA_ALIGN(a->rta_len));
}

static int off_in_mode(const char *ifname, uint32_t flags)
{
	const int none = -1;
	struct request r;
	union answer a;
	int rc = request_init(&r, ifname, RTM_SETLINK);
	if (rc)
		return rc;
	struct rtattr *nest = (struct rtattr *)(void *)((char *)&r + NLMSG_ALIGN(r.nl.nlmsg_len));
	nest->rta_type = IFLA_XDP | NLA_F_NESTED;
	nest->rta_len = (uint16_t)RTA_LENGTH(0);
	attr_put(nest, IFLA_XDP_FD, &none, sizeof none);
	attr_put(nest, IFLA_XDP_FLAGS, &flags, sizeof flags);
	r.nl.nlmsg_len = NLMSG_ALIGN(r.nl.nlmsg_len) + nest->rta_len;
	return talk(&r, &a);
}

int xdp_link_off(const char *ifname)
{
	struct xdp_link l;
	int rc = xdp_link_get(ifname, &l);
	if (rc || !l.prog_id)
		return rc;
	if (l.mode == XDP_ATTACHED_SKB || l.mode == XDP_ATTACHED_MULTI)
		rc = off_in_mode(ifname, XDP_FLAGS_SKB_MODE);
	if (!rc && (l.mode == XDP_ATTACHED_DRV || l.mode == XDP_ATTACHED_MULTI))
		rc = off_in_mode(ifname, XDP_FLAGS_DRV_MODE);
	return rc;
}

bool xdp_link_is_xsk(const struct xdp_link *l)
{
	return strncmp(l->name, "xsk_", 4) == 0 || strcmp(l->name, "xdp_sock_prog") == 0 ||
	       strcmp(l->name, "xdp_dispatcher") == 0;
}
