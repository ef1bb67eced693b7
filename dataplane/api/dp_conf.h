/* SPDX-License-Identifier: Apache-2.0 */
/* What control tells the dataplane at start: values only, checked by control's config reader. Every pool has
 * its size here; nothing grows later. */
#ifndef DP_CONF_H
#define DP_CONF_H

#include "dataplane/api/ip_addr.h"

#define DP_WORKERS_MAX 32
#define DP_ROUTES_MAX  16
#define DP_MEDIA_IPS_MAX 128
#define DP_SOURCES_MAX 64

struct dp_route {
	struct ip_addr net;
	uint8_t prefix;
	struct ip_addr via; /* fam 0: on link */
};

/* Who speaks TCP for us. */
enum dp_tcp {
	DP_TCP_OFF = 0, /* nobody: no TCP, no TLS */
	DP_TCP_KERNEL,  /* the kernel, in a network namespace of its own that has our address (TUN) */
	DP_TCP_HOST,    /* the kernel in the namespace we were started in, which must have our address */
	DP_TCP_OWN,     /* the worker itself (dataplane/net/tcp.h) */
	DP_TCP_MODES
};

#define DP_TLS_PEERS_MAX 64
#define DP_TLS_NAME_MAX  253

/* What is believed of the certificate of one name, or of all names below a domain (".example.com"). */
struct dp_tls_peer {
	char name[DP_TLS_NAME_MAX + 2];
	char ca[256]; /* PEM file; empty: tls_ca */
	bool verify;  /* false: any certificate will do */
};

/* A network: all addresses that begin with `prefix` bits of `net`. */
struct dp_net {
	struct ip_addr net;
	uint8_t prefix;
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
	struct ip_addr ip;    /* IPv4 */
	uint8_t prefix;
	struct ip_addr gateway; /* fam 0: none */
	struct ip_addr ip6;     /* IPv6 beside it; fam 0: none */
	uint8_t prefix6;
	struct ip_addr gateway6; /* fam 0: the router that advertises itself */
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
	/* TCP and TLS; the port of TCP is sip_port */
	uint8_t tcp;              /* enum dp_tcp */
	uint32_t conns_max;       /* connections of one worker */
	uint32_t conns_peer_max;  /* of those, from one address */
	uint32_t conn_out_bytes;  /* that may wait for a far side that does not read */
	uint32_t conn_idle_ms;    /* a connection without traffic is closed; 0: never */
	uint32_t conn_setup_ms;   /* connect, and TLS handshake, each */
	uint32_t conn_header_ms;  /* from the first byte of a message to the end of its headers; its body has 32 s */
	uint16_t tls_port;        /* where we listen for TLS, and what our Contact says; 0: no TLS at all */
	char tls_cert[256], tls_key[256]; /* PEM; cert empty: none is shown, nobody can connect to us by TLS */
	char tls_ca[256];         /* PEM file of trusted CAs; empty: the system's */
	uint8_t n_tls_peers;
	struct dp_tls_peer tls_peers[DP_TLS_PEERS_MAX];
	uint8_t n_sources;    /* who may call us, by address; none: nobody (403) */
	struct dp_net sources[DP_SOURCES_MAX];
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
