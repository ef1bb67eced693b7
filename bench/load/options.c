/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/load/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "dialplane-load: SIP callers, callees and RTP on a packet device, to measure what stands between them\n"
    "\n"
    "  --device NAME     interface, PCI address or DPDK vdev string (net_memif0,role=client,…); or --self\n"
    "  --self            no device: caller and callee meet over memory, nothing between; the tool's own "
    "ceiling\n"
    "  --driver NAME     auto, af_xdp, af_packet, tap, pci (auto)\n"
    "  --core N          CPU to run on\n"
    "  --ip A/P          our address (10.0.0.2/24)\n"
    "  --to A:PORT       the subject (10.0.0.1:5060); must be on the link\n"
    "who we are, any of:\n"
    "  --caller          places calls to the subject\n"
    "  --callee          answers calls: 100, 180, 200 at once, whoever sends them\n"
    "  --rtp W           RTP with a window of W packets, to the ports offered in the INVITEs that --callee "
    "gets,\n"
    "                    or listed in --rtp-ports FILE (lines: address port)\n"
    "  --echo W          datagrams with a window of W packets that somebody sends back as they are "
    "(testpmd)\n"
    "calls:\n"
    "  --port N          caller's UDP port (5070)         --callee-port N  callee's (5080)\n"
    "  --ruri URI        Request-URI (sip:kate@OUR-IP:CALLEE-PORT)\n"
    "  --window N        closed loop: N calls at a time (64)\n"
    "  --rate R          open loop instead: R calls a second\n"
    "  --calls-max N     places for calls at a time (window, or 65536)\n"
    "  --length S        from the answer to the BYE, seconds (0)\n"
    "  --ring S          from the INVITE to the 200 (0)\n"
    "  --patience S      from the INVITE to the CANCEL (60)\n"
    "  --busy N          of 1,000 calls N get 486         --no-answer N    of 1,000 calls N get none\n"
    "  --headers N       extra header lines of 64 bytes in the INVITE (0)\n"
    "  --sdp N           pad the INVITE's SDP to N bytes\n"
    "streams:\n"
    "  --streams N       how many at most (100000)        --bytes N        payload of a packet (172)\n"
    "measuring:\n"
    "  --warm S          before counting begins (1)       --seconds S      counted (5); callee alone: 0 = "
    "until SIGTERM\n"
    "  --watch PID,…     processes whose CPU is counted\n"
    "\n"
    "One line of JSON on stdout, latencies on stderr. Exit: 0, 1 some call failed, 2 usage or device.\n"
    "Not there: TCP and TLS, IPv6, digest, re-INVITE, RTCP; the callee does not retransmit its 2xx.\n";

enum opt {
	O_DEVICE = 256,
	O_SELF,
	O_DRIVER,
	O_CORE,
	O_IP,
	O_TO,
	O_CALLER,
	O_CALLEE,
	O_RTP,
	O_RTP_PORTS,
	O_ECHO,
	O_PORT,
	O_CALLEE_PORT,
	O_RURI,
	O_WINDOW,
	O_RATE,
	O_CALLS_MAX,
	O_LENGTH,
	O_RING,
	O_PATIENCE,
	O_BUSY,
	O_SILENT,
	O_HEADERS,
	O_SDP,
	O_STREAMS,
	O_BYTES,
	O_WARM,
	O_SECONDS,
	O_WATCH,
	O_HELP
};

static const struct option table[] = {{"device", 1, 0, O_DEVICE}, {"self", 0, 0, O_SELF},
    {"driver", 1, 0, O_DRIVER}, {"core", 1, 0, O_CORE}, {"ip", 1, 0, O_IP}, {"to", 1, 0, O_TO},
    {"caller", 0, 0, O_CALLER}, {"callee", 0, 0, O_CALLEE}, {"rtp", 1, 0, O_RTP},
    {"rtp-ports", 1, 0, O_RTP_PORTS}, {"echo", 1, 0, O_ECHO}, {"port", 1, 0, O_PORT},
    {"callee-port", 1, 0, O_CALLEE_PORT}, {"ruri", 1, 0, O_RURI}, {"window", 1, 0, O_WINDOW},
    {"rate", 1, 0, O_RATE}, {"calls-max", 1, 0, O_CALLS_MAX}, {"length", 1, 0, O_LENGTH},
    {"ring", 1, 0, O_RING}, {"patience", 1, 0, O_PATIENCE}, {"busy", 1, 0, O_BUSY},
    {"no-answer", 1, 0, O_SILENT}, {"headers", 1, 0, O_HEADERS}, {"sdp", 1, 0, O_SDP},
    {"streams", 1, 0, O_STREAMS}, {"bytes", 1, 0, O_BYTES}, {"warm", 1, 0, O_WARM},
    {"seconds", 1, 0, O_SECONDS}, {"watch", 1, 0, O_WATCH}, {"help", 0, 0, O_HELP}, {0}};

static bool text(char *out, size_t room, const char *arg)
{
	int n = snprintf(out, room, "%s", arg);
	return n > 0 && (size_t)n < room;
}

static bool count(uint32_t *out, const char *arg, uint32_t max)
{
	char *end;
	unsigned long v = strtoul(arg, &end, 10);
	*out = (uint32_t)v;
	return *arg >= '0' && *arg <= '9' && !*end && v <= max;
}

static bool port(uint16_t *out, const char *arg)
{
	uint32_t v;
	bool ok = count(&v, arg, 65535) && v > 0;
	*out = (uint16_t)v;
	return ok;
}

static bool real(double *out, const char *arg)
{
	char *end;
	*out = strtod(arg, &end);
	return end > arg && !*end && *out >= 0 && *out < 1e9;
}

/* address, a separator, a number */
static bool pair(struct ip_addr *a, char between, uint32_t max, uint32_t *n, const char *arg)
{
	const char *sep = strchr(arg, between);
	return sep && ip_addr_parse(a, (struct span){arg, (uint32_t)(sep - arg)}) == 0 && a->fam == 4 &&
	       count(n, sep + 1, max);
}

static bool take_wire(struct options *o, int opt, const char *arg)
{
	uint32_t n = 0;
	bool ok = true;
	switch (opt) {
	case O_DEVICE:
		return text(o->device, sizeof o->device, arg);
	case O_DRIVER:
		return text(o->driver, sizeof o->driver, arg);
	case O_SELF:
		return o->loop = true;
	case O_CORE:
		ok = count(&n, arg, 1023);
		o->core = (uint16_t)n;
		return ok;
	case O_IP:
		ok = pair(&o->ip, '/', 32, &n, arg);
		o->prefix = (uint8_t)n;
		return ok;
	case O_TO:
		ok = pair(&o->to.a, ':', 65535, &n, arg);
		o->to.port = (uint16_t)n;
		return ok;
	case O_CALLER:
		return o->caller = true;
	case O_CALLEE:
		return o->callee = true;
	case O_RTP:
		return count(&o->rtp, arg, 1u << 16);
	case O_RTP_PORTS:
		o->rtp_ports = arg;
		return true;
	case O_ECHO:
		o->echo = true;
		return count(&o->rtp, arg, 1u << 16);
	default:
		return false;
	}
}

static bool take_calls(struct options *o, int opt, const char *arg)
{
	switch (opt) {
	case O_PORT:
		return port(&o->port, arg);
	case O_CALLEE_PORT:
		return port(&o->callee_port, arg);
	case O_RURI:
		return text(o->ruri, sizeof o->ruri, arg);
	case O_WINDOW:
		return count(&o->window, arg, 1u << 24);
	case O_RATE:
		return real(&o->rate, arg) && o->rate > 0;
	case O_CALLS_MAX:
		return count(&o->calls_max, arg, 1u << 24);
	case O_LENGTH:
		return real(&o->length_s, arg);
	case O_RING:
		return real(&o->ring_s, arg);
	case O_PATIENCE:
		return real(&o->patience_s, arg);
	case O_BUSY:
		return count(&o->busy, arg, 1000);
	case O_SILENT:
		return count(&o->silent, arg, 1000);
	case O_HEADERS:
		return count(&o->headers, arg, 64);
	case O_SDP:
		return count(&o->sdp_bytes, arg, 1400);
	case O_STREAMS:
		return count(&o->streams, arg, 1u << 24);
	case O_BYTES:
		return count(&o->bytes, arg, 1400) && o->bytes >= 12;
	case O_WARM:
		return real(&o->warm_s, arg);
	case O_SECONDS:
		return real(&o->seconds, arg);
	case O_WATCH:
		return cpu_watch_parse(&o->watch, arg) == 0;
	default:
		return false;
	}
}

static int refuse(const char *why)
{
	fprintf(stderr, "dialplane-load: %s (--help)\n", why);
	return 2;
}

static int finish(struct options *o)
{
	char host[48];
	struct buf b = buf_on(host, sizeof host - 1);
	if (!o->loop && !o->device[0])
		return refuse("--device or --self is needed");
	if (!o->caller && !o->callee && !o->rtp)
		return refuse("--caller, --callee, --rtp or --echo is needed");
	if (o->loop && !(o->caller && o->callee))
		return refuse("--self needs --caller and --callee");
	if (o->loop)
		o->to = (struct ip_sock){.a = o->ip, .port = o->callee_port};
	ip_addr_put(&b, &o->ip);
	host[b.len] = 0;
	if (!o->ruri[0])
		snprintf(o->ruri, sizeof o->ruri, "sip:kate@%s:%u", host, o->callee_port);
	if (o->rate > 0)
		o->window = 0;
	if (!o->calls_max)
		o->calls_max = o->window ? o->window : 65536;
	return -1;
}

int options_read(struct options *o, int argc, char **argv)
{
	*o = (struct options){.driver = "auto",
	    .core = 0xffff,
	    .prefix = 24,
	    .port = 5070,
	    .callee_port = 5080,
	    .window = 64,
	    .patience_s = 60,
	    .warm_s = 1,
	    .seconds = 5,
	    .streams = 100000,
	    .bytes = 172};
	if (ip_addr_parse(&o->ip, SPAN("10.0.0.2")) < 0 || ip_addr_parse(&o->to.a, SPAN("10.0.0.1")) < 0)
		return 2;
	o->to.port = 5060;
	for (int opt; (opt = getopt_long(argc, argv, "", table, NULL)) != -1;) {
		if (opt == O_HELP) {
			fputs(help, stdout);
			return 0;
		}
		if (opt == '?' || !(opt < O_PORT ? take_wire(o, opt, optarg) : take_calls(o, opt, optarg)))
			return refuse(opt == '?' ? "unknown option" : argv[optind - 1]);
	}
	return optind < argc ? refuse(argv[optind]) : finish(o);
}
