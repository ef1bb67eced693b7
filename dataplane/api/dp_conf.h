/* SPDX-License-Identifier: Apache-2.0 */
/* What control tells the dataplane at start: values only, checked by control's config reader. Every pool has
 * its size here; nothing grows later. */
#ifndef DP_CONF_H
#define DP_CONF_H

#include "dataplane/api/ip_addr.h"

#define DP_WORKERS_MAX 32
#define DP_ROUTES_MAX  16
#define DP_MEDIA_IPS_MAX 128

struct dp_route {
	struct ip_addr net;
	uint8_t prefix;
	struct ip_addr via; /* fam 0: on link */
};

struct dp_conf {
	/* device */
	char device[64];      /* an interface name (veth0), a PCI address (0000:01:00.0) or a DPDK vdev string */
	char driver[16];      /* auto, af_xdp, af_packet, tap, pci */
	bool hugepages;       /* use them when there are some */
	uint32_t memory_mb;   /* for DPDK */
	uint16_t workers;     /* 1 … DP_WORKERS_MAX */
	uint16_t cores[DP_WORKERS_MAX]; /* CPU of each worker; 0xffff = not pinned */
	char pcap[256];       /* capture file (pcapng); empty = none */
	/* network */
	uint8_t mac[6];       /* all zero: the device's own */
	struct ip_addr ip;    /* IPv4 in this version */
	uint8_t prefix;
	struct ip_addr gateway; /* fam 0: none */
	uint8_t n_routes;
	struct dp_route routes[DP_ROUTES_MAX];
	uint16_t vlan;        /* 0 = untagged */
	uint16_t mtu;         /* IP packet bytes, 576 … 9000 */
	bool check_l4_sums;   /* verify UDP checksums of received packets (off on veth, see README) */
	uint32_t idle_spin_us; /* busy polling after the last packet before sleeping */
	/* SIP */
	uint16_t sip_port;
	uint32_t t1_ms, t2_ms, t4_ms; /* RFC 3261 Table 4: 500, 4000, 5000 */
	char user_agent[64];  /* Dialplane/VERSION */
	/* media */
	uint16_t rtp_lo, rtp_hi; /* even port … odd port, split evenly among workers */
	uint32_t rtp_quarantine_ms;
	bool rtp_learn_source; /* a far side may send from another address than its SDP says (NAT) */
	uint8_t n_media_ips; /* further addresses for RTP: each has all of the ports above. We answer ARP for them */
	struct ip_addr media_ips[DP_MEDIA_IPS_MAX]; /* IPv4, unicast, not ip, none twice */
	/* pools, per worker */
	uint32_t legs_max;
	uint32_t txns_max;
	uint32_t pkts_max;
	uint32_t ring_slots;  /* commands and events, each; power of two */
	uint8_t key[16];      /* MAC and hash key of this run: from getrandom(), the same for all workers */
};

#endif
